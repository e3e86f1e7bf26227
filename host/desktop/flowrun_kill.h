/*
 * Ending what a flow started: its process group, and what left the group but was inherited by this process as
 * an orphan and still carries the run's HOSTLER_WORK. What cleans its environment and leaves the group is out
 * of reach here; the driver's `close` gets it with the session.
 */
#ifndef HOST_DESKTOP_FLOWRUN_KILL_H
#define HOST_DESKTOP_FLOWRUN_KILL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { FLOW_ORPHANS_MAX = 256 };

struct flow_orphans {
	pid_t killed[FLOW_ORPHANS_MAX];
	size_t n;
};

void flow_kill_group(pid_t leader, int signal);

/*
 * Once the leader was waited for: kills and reaps what is left of it, without waiting. True: nothing is left.
 * Else call again a little later; `orphans` starts zeroed.
 */
bool flow_kill_rest(pid_t leader, const char *work, struct flow_orphans *orphans);

/*
 * Kills every process of the machine that carries the run's HOSTLER_WORK, whoever's child it is: for a run
 * whose own process has died. Looks through all of /proc, until a look finds none.
 */
void flow_kill_strays(const char *work);

#endif
