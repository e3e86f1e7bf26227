/*
 * The real hostler-session over a socketpair, for its tests, which are its gateway. Programs are found in
 * $HOSTLER_PROGRAMS, plugins in $HOSTLER_PLUGINS and tests/plugins/.libs (or $HOSTLER_TEST_PLUGINS); without
 * them the tests are skipped.
 */
#ifndef TESTS_COMPONENT_SESSION_HOUSE_H
#define TESTS_COMPONENT_SESSION_HOUSE_H

#include "base/text.h"
#include "wire/stream.h"

#include <sys/types.h>

#define SESSION_RESULTS "state/gateway/results/1-7"
#define SESSION_DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

enum { SESSION_LIMIT_MS = 60000, SESSION_HEARD_MAX = 256, SESSION_REGION_MAX = 256 << 20 };

/* One message that came, with a payload of its own. */
struct session_heard {
	struct message message;
	char *payload, *sealed;
	bool taken;
};

struct session_house {
	char root[64];
	char *conf, *state_dir, *run_dir, *marks, *results,
		*package;		   /* the last two where a gateway has them */
	const char *results_name, *digest; /* as `launch` says them */
	struct loop *loop;
	struct stream *stream;
	pid_t pid;
	int life, ready, handover; /* our ends; -1: closed */
	struct session_heard heard[SESSION_HEARD_MAX];
	size_t heard_count;
	bool ended;   /* the stream */
	bool anybody; /* the device names no accounts */
	const char *keys;    /* what it reads on fd 4; NULL: it is given none */
	const struct text *sealed; /* of every `open` and `launch`; NULL: none */
	const char *chain; /* as `launch` says it; NULL: it does not */
	const char *outlive; /* of the gateway's section; NULL: the hold cannot be handed over */
};

int session_house_set_up(void **state);
int session_house_tear_down(void **state);

/* `driver` is "null" or "noting", `options` lines of its section. Before session_house_start. */
void session_house_configure(struct session_house *house, const char *driver, const char *options);

/* A package with a shell script, for the next launch. */
void session_house_package(struct session_house *house, const char *manifest, const char *script);

/* Starts `watch` or `hold` and waits for its word on fd 3, which the caller frees. */
char *session_house_start_and_listen(struct session_house *house, const char *what);
void session_house_start(struct session_house *house, const char *what); /* it must be ready */

/* Waits for the next message of this word that was not taken yet. */
const struct session_heard *session_house_hear(struct session_house *house, enum word word);

void session_house_send(struct session_house *house, const struct message *message);
void session_house_ask_open(struct session_house *house, const char *user);
void session_house_open(struct session_house *house, const char *user); /* and waits for `opened` */
void session_house_launch(struct session_house *house, int64_t step, int64_t timeout_ms, const char *inputs);

/* The same as it is before it is sent, for what is to be added. `inputs` stays. */
void session_house_launch_of(const struct session_house *house, int64_t step, int64_t timeout_ms, const char *inputs, struct message *ret);
void session_house_say(struct session_house *house, enum word word, uint64_t id);
void session_house_stop(struct session_house *house, int64_t step, const char *how);

/* How often the text stands in memory that a hold can write to, once it has done what it is at, and how often in such that is not
 * locked (NULL: that is not asked); 0 also where nobody may look. */
int session_house_remembers(struct session_house *house, const char *text, int *ret_unlocked);

/* Waits for the process; its status as from waitpid. */
int session_house_wait(struct session_house *house);
void session_house_leave(
	struct session_house *house); /* our end of the stream is closed, as by a gateway that died */

/* Another gateway is there, as the supervisor says; what the one before heard is forgotten. */
void session_house_adopt(struct session_house *house);

/* Below the house's root: whether it is there, what it says ("" when not there; caller frees), how many names
 * a folder has. */
bool session_house_has(const struct session_house *house, const char *name);
char *session_house_only(const struct session_house *house, const char *name); /* name of the one thing in a folder; caller frees */
char *session_house_read(const struct session_house *house, const char *name);
int session_house_count(const struct session_house *house, const char *folder);

#define CASE(name) cmocka_unit_test_setup_teardown(name, session_house_set_up, session_house_tear_down)

#endif
