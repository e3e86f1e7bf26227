/*
 * The engine's own clock of runs (rule R17). The session ends its flow when the run time-out has passed, and says so; that
 * is the rule, and what is here is for the case that it does not: a process that is stuck, a gateway that has lost sight
 * of it. Then the device is told to end the run, now or as soon as it is back, and it ends as `timed_out` when the device
 * says that it has ended. Without the device's word nothing is known, and silence makes it lost as ever.
 *
 * It must never be early. So it begins anew with every word that the run is running (a pause has no length here, and
 * neither has what was before a restart of the engine), and it counts at most a minute between two events, however far
 * the wall clock was set.
 */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "schema/types.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* 30 s until the flow is killed, 60 s until its session is closed, and what the word about it takes. */
static const int64_t grace_us = INT64_C(150) * 1000 * 1000;
static const int64_t package_default_ms = INT64_C(24) * 3600 * 1000;

#define OVERDUE "DesktopFlowsActionTimeout"

static int64_t limit_ms(const struct core *core, const struct step *step)
{
	int64_t package_ms = package_default_ms;
	const char *digest;

	if (step->flow_step->timeout.ms > 0)
		return step->flow_step->timeout.ms;
	core->policy.package(core->policy.arg, step->flow_step->target, &digest, &package_ms);
	return package_ms;
}

static void overdue_due(struct core *core, struct core_timer *timer, struct core_effects *effects)
{
	struct step *step = (struct step *)(void *)((char *)timer - offsetof(struct step, overdue_timer));
	int64_t left_us = step->overdue_us - core->counted_us;
	char span[32], *why;
	bool running = step->facts.state == STATE_RUNNING || (step->facts.state == STATE_STOPPING && !step->facts.reason);

	if (!running)
		return;
	if (left_us > 0) {
		core_arm(core, timer, core->now_us + left_us, overdue_due);
		return;
	}
	type_write_duration((hst_duration){step->limit_ms}, span, sizeof span);
	why = mem_printf("the run time-out of %s passed, and %s did not end the run; it was told to", span, step->facts.device);
	steer_overdue(core, step, OVERDUE, why, effects);
	free(why);
}

void overdue_watch(struct core *core, struct step *step)
{
	core_disarm(core, &step->overdue_timer);
	if (step->facts.state != STATE_RUNNING || step->flow_step->use != FLOW_USE_DESKTOP)
		return;
	if (!step->limit_ms)
		step->limit_ms = limit_ms(core, step);
	step->overdue_us = core->counted_us + step->limit_ms * 1000 + grace_us;
	core_arm(core, &step->overdue_timer, core->now_us + step->limit_ms * 1000 + grace_us, overdue_due);
}

bool overdue_is(const struct step *step)
{
	return step->facts.state == STATE_STOPPING && step->facts.reason && strcmp(step->facts.reason, OVERDUE) == 0;
}
