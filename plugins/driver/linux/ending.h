/*
 * Taking a session out of the world: its processes get SIGTERM, a time of grace, then SIGKILL, the X server
 * last, so that programs can put their work away while they still have a display.
 *
 * A process belongs to the session when it is in the session's cgroup (containment.h), was noted, carries the session's
 * mark in its environment, descends from one that does, or has come to this process from a dead parent of the session
 * (this process then is its subreaper). All but those in the cgroup must run as the session's user: nothing else is ever
 * touched.
 */
#ifndef LINUX_ENDING_H
#define LINUX_ENDING_H

#include "remains.h"

/*
 * Ends the processes. `waited_for` are children whose status the caller of the driver takes itself.
 * HST_TIMEOUT with reason SessionCloseFailed when some outlive it all.
 */
int ending_processes(const struct remains *remains, const struct process *waited_for, size_t count,
		     int64_t grace_ms, hst_error *err);

/* Takes the status of processes of the session that became children of this process and have ended. */
void ending_collect(const struct remains *remains, const struct process *waited_for, size_t count);

#endif
