/*
 * Ending what a flow started: its process group, what left the group but still carries the run's HOSTLER_WORK, and what
 * let go of both but was inherited by this process as an orphan: every child that was not there before the flow was.
 */
#ifndef HOST_DESKTOP_FLOWRUN_KILL_H
#define HOST_DESKTOP_FLOWRUN_KILL_H

#include "os/children.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct flow_orphans {
	pid_t before[CHILDREN_MAX]; /* children of this process that are none of the flow's */
	size_t before_count;
};

void flow_kill_group(pid_t leader, int signal);

/* Before the flow is started: whose children are the caller's own. */
void flow_orphans_begin(struct flow_orphans *orphans);

/*
 * Once the leader was waited for: kills and reaps what is left of it, without waiting. True: nothing is left.
 * Else call again a little later.
 */
bool flow_kill_rest(pid_t leader, const char *work, const struct flow_orphans *orphans);

/*
 * Kills every process of the machine that carries the run's HOSTLER_WORK, whoever's child it is: for a run
 * whose own process has died. Looks through all of /proc, until a look finds none.
 */
void flow_kill_strays(const char *work);

#endif
