/*
 * What a process leaves behind when it ends: as their next living ancestor that asked for it, hostlerd inherits it. What a
 * worker's plugin started and left is ended with the worker. What a session process leaves is not touched: whoever watches
 * the device undoes it by the notes, in order.
 */
#ifndef HOST_SUPERVISE_ORPHANS_H
#define HOST_SUPERVISE_ORPHANS_H

#include "os/children.h"

#include <stdbool.h>

struct orphans {
	pid_t left[CHILDREN_MAX], ended[CHILDREN_MAX]; /* those not to be touched; those killed and not yet reaped */
	size_t left_count, ended_count;
};

/* From here on this process inherits. */
void orphans_begin(void);

struct carried;
void orphans_carry(const struct orphans *orphans, struct carried *to);
void orphans_resume(struct orphans *orphans, const struct carried *carried);

struct orphans_role {
	bool (*ours)(void *arg, pid_t pid); /* whether a child is none that was inherited */
	bool (*spare)(void *arg); /* asked after the look: one whose orphans are to be left has just died, too */
	void *arg;
};

/* After a child was waited for: what has been inherited since the last look is ended, or left. */
void orphans_look(struct orphans *orphans, const struct orphans_role *role, bool end_them);

/* Whether it was killed by orphans_look: what it leaves in its turn is to go the same way. */
bool orphans_was_ended(const struct orphans *orphans, pid_t pid);

#endif
