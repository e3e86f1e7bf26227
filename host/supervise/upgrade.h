/*
 * Replacing the programs of a house while its runs go on (SIGUSR2). The configuration is read again first, as by any
 * reload; once it is in force the new programs are tried: their `hostler check` must have nothing against it, and their
 * hostlerd must be able to go on with what it would be handed. Until then nothing has changed.
 *
 * Then the engine makes no more calls and waits for those under way, and hostlerd becomes its new self by exec: the same
 * process, with its children and descriptors (carried.h). That one has the workers end, and starts engine, workers and
 * gateway anew, in this order, since a host serves gateways of the release before. Session processes go on with the program
 * they have, until their session ends.
 */
#ifndef HOST_SUPERVISE_UPGRADE_H
#define HOST_SUPERVISE_UPGRADE_H

#include "supervise/trial.h"

struct carried;
struct supervisor;

enum upgrade_stage {
	UPGRADE_NONE,
	UPGRADE_CHECKING, /* the new `hostler check` */
	UPGRADE_TRYING,	  /* the new hostlerd */
	UPGRADE_RESTING,  /* the engine lets calls come to their end */
	UPGRADE_DRAINING, /* from here on in the new program: workers end */
	UPGRADE_ENGINE,
	UPGRADE_WORKERS,
	UPGRADE_GATEWAY,
};

struct upgrade {
	enum upgrade_stage stage;
	struct trial trial;
	struct loop_timer *late;
	char *program, *folder; /* the new hostlerd, and where its companions are */
	bool patient;
};

void upgrade_begin(struct supervisor *supervisor);
void upgrade_resume(struct supervisor *supervisor); /* the new program: everything that was carried is there */
void upgrade_turn(struct supervisor *supervisor);
void upgrade_clear(struct supervisor *supervisor);

/*
 * `hostlerd --check-upgrade`: whether this program could go on in the place of a hostlerd that hands on what stdin has.
 * Exit status; what is wrong is printed.
 */
int upgrade_check(const char *file);

/* What the program before this one handed on, by the number of its descriptor, which is closed. */
int upgrade_read(int fd, struct carried *ret, hst_error *err);

#endif
