/*
 * Sealed values as the core has them. An envelope is bytes here, and so is what is put together of several: host/seal
 * writes and reads them, in the shell. Whether a value is sealed follows from the envelopes that came with an event or
 * that the run has, never from its JSON.
 */
#ifndef HOST_PURE_CORE_SEALED_H
#define HOST_PURE_CORE_SEALED_H

#include "pure/flow/compose.h"

#include <stdint.h>

struct core;
struct run;

/*
 * To whom an output is to be sealed by who makes it, and where it may then be opened. Every secure output of a step has
 * one, whether anybody takes it or not; the operators are added by who seals. Both lists are sorted, no two alike; there is
 * a sink at least.
 */
struct core_direction {
	const char *output; /* "*": every output that no other direction names */
	const char *const *members; /* "connector/post", "gateway/ts-01" */
	size_t member_count;
	const char *const *sinks; /* "connector/post.send.text", "desktop/enter-invoice.password"; "operator": nobody takes it */
	size_t sink_count;
};

/* An envelope that is to be put into the store. All of it is the run's, until core_settle. */
struct core_sealed {
	int64_t run, step; /* number of the run, id of the step; step 0: a field of the run's event */
	const struct flow_envelope *envelope;
};

/*
 * After core_restore_run and core_restore_step of its run, before core_restored. `step` 0: of its event. Copies it; what
 * belongs to no step of the run is passed over.
 */
void core_restore_sealed(struct core *core, struct run *run, int64_t step, const struct flow_envelope *envelope);

/*
 * To whom the secret fields of an event are to be sealed: of this trigger's, as the flows are now that it starts; or of one
 * that starts this flow alone. In the arena.
 */
size_t core_event_directions(struct core *core, const char *trigger, hst_arena *arena, const struct core_direction **ret);
size_t core_flow_directions(struct core *core, const struct flow *flow, hst_arena *arena, const struct core_direction **ret);

#endif
