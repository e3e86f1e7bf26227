/*
 * Trials: whether a connection's user can sign in on this device. One goes the way of every run up to the open session, by the
 * same rules, so that it throws nobody out and meets no run of its user; then the session is closed. Nothing of it is
 * written down, since nothing has to go on from there.
 */
#include "pure/admission/internal.h"

bool trial_may(const hst_plan *plan)
{
	return plan->verdict == HST_PLAN_OPEN || plan->verdict == HST_PLAN_REFUSE;
}

static void leave(struct admission *admission, struct admission_run *run)
{
	admission->stirred = true;
	run_leave(admission, run);
}

void trial_refused(struct admission *admission, struct admission_run *run, const char *reason, enum reason_class class, const char *text,
		   struct admission_effects *effects)
{
	struct admission_effect *effect = admission_effect(effects, ADMISSION_SAY_TRIED);

	effect->run = run;
	effect->reason = arena_text(effects->arena, reason);
	effect->class = class;
	effect->text = arena_text(effects->arena, text ? text : "");
	leave(admission, run);
}

/* What comes of it is said once the session is closed. */
void trial_opened(struct admission_run *run, struct admission_effects *effects)
{
	run->state = ADMISSION_REPORTED;
	run->heard = true;
	holds_close(run->hold, effects);
}

void trial_over(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	admission_effect(effects, ADMISSION_SAY_TRIED)->run = run;
	leave(admission, run);
}
