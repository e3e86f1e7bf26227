/*
 * Reading the configuration again (SIGHUP). A check by `hostler check`, in a process of its own; then engine and gateway
 * read it for themselves and say whether they could work with it; only when all say so it is in force. Nothing changes
 * before that, and everything goes on with what was in force.
 *
 * state_dir/reload says how the last one went. Its first line is "SERIAL busy" while one is under way, then "SERIAL STATUS"
 * with the exit status of `hostler reload`; behind it, line by line, what is wrong, or "added|changed|removed|replaced KIND
 * NAME" for what is in force now, and "missing worker KIND/NAME" for what does not run. The status is "1+" where the upgrade
 * began and did not come to a good end. A reload that begins after the signal reads what was on disk when the signal was sent; so who
 * looks before sending it waits for a serial greater than the one seen.
 */
#ifndef HOST_SUPERVISE_RELOAD_H
#define HOST_SUPERVISE_RELOAD_H

#include "base/text.h"
#include "loop/loop.h"
#include "supervise/trial.h"

#include <stdbool.h>
#include <stdint.h>

struct carried;
struct conf;
struct role_child;
struct supervisor;

enum reload_stage {
	RELOAD_NONE,
	RELOAD_WAITING, /* for a child that is just starting, and may have read either configuration */
	RELOAD_CHECKING,
	RELOAD_LOADING, /* engine and gateway read it */
	RELOAD_TAKING,
	RELOAD_STARTING, /* workers that are new are on their way up */
	RELOAD_UPGRADING, /* it is in force, and upgrade.h goes on from there */
};

/* What a child has said to the stage that is under way. */
enum reload_answer { ANSWER_NONE, ANSWER_AWAITED, ANSWER_LOADED, ANSWER_REFUSED, ANSWER_TAKEN, ANSWER_RESTED };

struct reload {
	enum reload_stage stage;
	bool upgrade; /* the programs are to be replaced, too */
	bool again, again_upgrade; /* asked for while one is under way */
	uint64_t serial;
	char *path;        /* state_dir/reload */
	char *accepted;    /* state_dir/in-force.ini: the text that is in force */
	struct conf *conf; /* read again, not yet in force */
	struct conf *taken; /* in force, when it is not the one hostlerd was started with */
	struct text said;    /* the lines of the answer */
	struct text changes; /* those that hold if it comes into force */
	struct trial check;
	struct loop_timer *late;
	bool patient; /* those that are new may still come up */
};

void reload_open(struct supervisor *supervisor);
void reload_clear(struct supervisor *supervisor);
void reload_ask(struct supervisor *supervisor, bool upgrade);

/* For upgrade.c: lines of the answer, and its end with the exit status of `hostler reload`. */
void reload_say(struct supervisor *supervisor, const char *line);
void reload_finish(struct supervisor *supervisor, int status);

/* Before reload_open, by a program that goes on with the upgrade of the one before it. */
void reload_carry(const struct supervisor *supervisor, struct carried *to);
void reload_resume(struct supervisor *supervisor, const struct carried *carried);

/* A line of an engine or gateway; false: it is none of a reload's. */
bool reload_heard(struct role_child *child, const char *line);
void reload_child_ended(struct role_child *child);
void reload_turn(struct supervisor *supervisor); /* the end of a turn of the loop */

#endif
