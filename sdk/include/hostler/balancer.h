/*
 * Balancers: which of the devices that can take a run gets it. In the engine's process, on its only thread, so an op that
 * blocks holds up the whole house; after 5 s it ends the process. Pure, no state: the same arguments give the same answer.
 *
 * Mandatory: choose.
 */
#ifndef HOSTLER_BALANCER_H
#define HOSTLER_BALANCER_H

#include <hostler/plugin.h>

/*
 * A device that can take the run now; candidates come in the order of the cluster's member list.
 *
 * `placed_by_this_target` is kept across restarts. It is never lower than the lowest among those that could take the
 * target's last run: turns that a device missed because it was away, busy or not yet a member count as taken. When
 * the cluster gets another balancer, all members start from the same number.
 */
typedef struct hst_candidate {
	const char *device;           /* its name; valid during the call */
	int64_t running;              /* hostler's runs there */
	int64_t slots;                /* how many hostler may have there at once */
	int64_t placed_by_this_target; /* runs this target has placed there; see below */
	int64_t last_placed_seq;      /* grows with every placement of this target: when it last placed there; 0: never */
	int64_t load_milli;           /* load average per processor in thousandths; -1: unknown */
	int64_t memory_milli;         /* memory that is taken, in thousandths of all; -1: unknown */
} hst_candidate;

/* What is to be placed. Texts are valid during the call. */
typedef struct hst_placement_demand {
	const char *target; /* "cluster:finance" */
	const char *user;   /* as the connection writes it */
	bool attended;      /* in a session of that person's; else in one that hostler opens */
} hst_placement_demand;

typedef struct hst_balancer_ops {
	size_t size; /* sizeof(hst_balancer_ops); a member beyond it is absent */

	/*
	 * `n` is at least 1; *ret_index must be below it. `draw` is 64 random bits of this placement, for whoever wants chance.
	 * `state` is what open gave. The candidates are the host's and valid during the call. After a failure the
	 * first candidate is taken, and the log says why.
	 */
	int (*choose)(void *state, hst_call *call, const hst_candidate *candidates, size_t n,
	              const hst_placement_demand *demand, uint64_t draw, size_t *ret_index, hst_error *err);
} hst_balancer_ops;

#endif
