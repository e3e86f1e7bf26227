/*
 * Sealed values in a play: each is a text that says who has made it, which nobody on the way can read or change. A run is given one when
 * it begins; the flow of its step "enter" has to get that one, and makes another, which the flow of its step "again" has to get: of this
 * run, made by that step, and kept by the engine. Whatever arrives elsewhere, late, twice or not at all fails the play.
 */
#ifndef TESTS_SIM_SIM_SEALED_H
#define TESTS_SIM_SIM_SEALED_H

#include "core_house.h"
#include "sim_wire.h"

enum { SIM_SEALED_STEPS = 8192, SIM_SEALED_RUNS = 8192 };

struct sim_sealed {
	struct core_house *house;
	char offered[SIM_SEALED_STEPS][SIM_SEALED_MAX]; /* by step: what its last offer had, as it left the core */
	uint16_t made[SIM_SEALED_STEPS];		 /* by step: how many its flows have made */
	int64_t typed[SIM_SEALED_RUNS];			 /* by run: the number of what it was given */
	int64_t first[SIM_SEALED_RUNS];			 /* by run: the first of its chain of resubmits */
	bool taken_over[SIM_SEALED_STEPS];		 /* by step: it ran in an earlier run of the chain */
	int64_t typed_count;
	struct table texts;
	size_t arrived; /* at flows that take what another one has made, and of these, what one of another run of the chain has */
	size_t arrived_later;
};

void sim_sealed_init(struct sim_sealed *sealed, struct core_house *house);
void sim_sealed_clear(struct sim_sealed *sealed);

/* A run of this flow begins with a value of its own; one that has not ended well, if it has ended, once more with what it was given, and
 * with what its step "enter" had made. */
void sim_sealed_fire(struct sim_sealed *sealed, const char *flow);
bool sim_sealed_resubmit(struct sim_sealed *sealed, int64_t run); /* false: it has ended well, or not yet */

/* A flow of this step is started with these items. */
void sim_sealed_arrives(struct sim_sealed *sealed, int64_t step, const char *items, size_t length);

/* What a flow that ends well has made; constant. */
const char *sim_sealed_make(struct sim_sealed *sealed, int64_t step);

/* At the end: what the engine has kept is what was made, each where it belongs, and nothing is missing. */
void sim_sealed_check(struct sim_sealed *sealed);

#endif
