#include "pure/flow/machine.h"

#include "pure/flow/conditions.h"

enum flow_next flow_machine_next(const struct flow *flow, const enum flow_standing *standing,
                                 const struct flow_scope *scope, size_t *ret_step)
{
	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_condition *when = flow->steps[i].when;

		switch (standing[i]) {
		case FLOW_STEP_SUCCEEDED:
		case FLOW_STEP_SKIPPED:
			continue;
		case FLOW_STEP_ACTIVE:
			return FLOW_NEXT_NOTHING;
		case FLOW_STEP_FAILED:
			*ret_step = i;
			return FLOW_NEXT_FAIL;
		case FLOW_STEP_WAITING:
			*ret_step = i;
			return !when || flow_condition_holds(when, scope) ? FLOW_NEXT_START : FLOW_NEXT_SKIP;
		}
	}
	return FLOW_NEXT_SUCCEED;
}
