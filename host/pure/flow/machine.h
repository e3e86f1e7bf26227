/*
 * The run machine: given the flow and how each step stands, what comes next. Linear in this version: steps
 * one after the other, `when` decides whether one is skipped, a failed step ends the run. Loops, parallel
 * branches and error paths have their place here.
 */
#ifndef HOST_PURE_FLOW_MACHINE_H
#define HOST_PURE_FLOW_MACHINE_H

#include "pure/flow/tokens.h"

/* How a step of a run stands, as far as the order of steps needs to know. */
enum flow_standing {
	FLOW_STEP_WAITING = 0,
	FLOW_STEP_ACTIVE,
	FLOW_STEP_SUCCEEDED,
	FLOW_STEP_SKIPPED,
	FLOW_STEP_FAILED
};

enum flow_next { FLOW_NEXT_NOTHING = 0, FLOW_NEXT_START, FLOW_NEXT_SKIP, FLOW_NEXT_SUCCEED, FLOW_NEXT_FAIL };

/*
 * Asked until it says NOTHING (a step is active), SUCCEED or FAIL. *ret_step is the position that START, SKIP
 * (`when` is false) and FAIL (the failed step) speak of; otherwise it is untouched. `standing` has one entry
 * for each step.
 */
enum flow_next flow_machine_next(const struct flow *flow, const enum flow_standing *standing,
                                 const struct flow_scope *scope, size_t *ret_step);

#endif
