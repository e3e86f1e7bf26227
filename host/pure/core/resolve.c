#include "pure/core/resolve.h"

#include "base/mem.h"
#include "pure/core/internal.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[CORE_RESOLUTIONS] = {
	[CORE_RESOLVE_SUCCEEDED] = "succeeded",
	[CORE_RESOLVE_FAILED] = "failed",
	[CORE_RESOLVE_REQUEUE] = "requeue",
};

const char *core_resolution_name(enum core_resolution how)
{
	return how > 0 && how < CORE_RESOLUTIONS ? names[how] : "";
}

enum core_resolution core_resolution_named(const char *name)
{
	for (int i = 1; name && i < CORE_RESOLUTIONS; i++)
		if (strcmp(names[i], name) == 0)
			return (enum core_resolution)i;
	return 0;
}

static int wrong_state(const struct run *run, const char *step, enum state state, hst_error *err)
{
	return hst_fail_as(err, HST_DENIED, "WrongState",
			   "#%lld%s%s is %s; only what is lost waits for somebody to say how it ended",
			   (long long)run->facts.number, step ? "/" : "", step ? step : "", state_name(state));
}

static int find_named(const struct run *run, const char *name, struct step **ret, hst_error *err)
{
	int position = flow_step_named(run->flow, name);
	struct step *step = position >= 0 ? run->steps[position] : NULL;

	if (position < 0)
		return hst_fail(err, HST_NOT_FOUND, "the flow %s has no step \"%.64s\"", run->flow->name, name);
	if (!step)
		return hst_fail_as(err, HST_DENIED, "WrongState", "#%lld/%s has not begun",
				   (long long)run->facts.number, name);
	*ret = step;
	return step->facts.state == STATE_LOST ? HST_OK : wrong_state(run, name, step->facts.state, err);
}

int core_resolve_find(const struct core *core, int64_t number, const char *name, struct step **ret, hst_error *err)
{
	const struct run *run = core_run(core, number);
	struct step *lost = NULL;

	if (!run)
		return hst_fail(err, HST_NOT_FOUND, "no run #%lld is unfinished", (long long)number);
	if (name)
		return find_named(run, name, ret, err);
	for (size_t i = 0; i < run->flow->step_count; i++) {
		struct step *step = run->steps[i];

		if (!step || step->facts.state != STATE_LOST)
			continue;
		if (lost)
			return hst_fail(err, HST_INVALID, "which step? #%lld/%s and #%lld/%s are lost", (long long)number,
					lost->flow_step->name, (long long)number, step->flow_step->name);
		lost = step;
	}
	if (!lost)
		return wrong_state(run, NULL, run->facts.state, err);
	*ret = lost;
	return HST_OK;
}

/* "resolved as failed by anna: nothing was heard of desk-1 for 15m while it had the run" */
static char *said_of(const struct core_resolving *resolving, const struct step *step)
{
	return mem_printf("resolved as failed%s%s%s%s", resolving->who ? " by " : "",
			  resolving->who ? resolving->who : "", step->facts.text ? ": " : "",
			  step->facts.text ? step->facts.text : "");
}

static void succeed(struct core *core, const struct core_resolving *resolving, struct step *step,
		    struct core_effects *effects)
{
	struct core_event outputs = {.state = STATE_SUCCEEDED,
				     .payload = resolving->outputs,
				     .payload_length = resolving->outputs_length};

	steps_take_outputs(core, step, &outputs, effects);
	if (step->facts.started_us == 0)
		step->facts.started_us = step->facts.placed_us;
	steps_end(core, step, STATE_SUCCEEDED, NULL, NULL, effects);
}

/* A person has no way to give one sealed. */
static int refuse_readable(struct core *core, const struct core_resolving *resolving, const struct step *step,
			   hst_error *err)
{
	const char *name = sealed_readable(core, step, resolving->outputs, resolving->outputs_length);

	if (!name)
		return HST_OK;
	return hst_fail_as(err, HST_INVALID, "InputInvalid",
			   "the output \"%.100s\" is secure and cannot be given here, where it could be read; leave it out, "
			   "or say requeue",
			   name);
}

int core_resolve(struct core *core, const struct core_resolving *resolving, struct core_effects *effects,
		 struct core_steered *ret, hst_error *err)
{
	struct step *step;
	char *said;
	int rc = core_resolve_find(core, resolving->run, resolving->step, &step, err);

	if (rc >= 0 && resolving->how == CORE_RESOLVE_REQUEUE && step->run->facts.state == STATE_STOPPING)
		rc = hst_fail_as(err, HST_DENIED, "WrongState",
				 "#%lld was told to stop, so nothing of it is begun anew; say succeeded or failed",
				 (long long)resolving->run);
	if (rc >= 0 && resolving->how == CORE_RESOLVE_SUCCEEDED)
		rc = refuse_readable(core, resolving, step, err);
	if (rc < 0)
		return rc;
	core_begin(core, resolving->now_us, resolving->draw);
	effects_happened(core, effects, step->run, step, "resolved", "as", core_resolution_name(resolving->how), "who",
			 resolving->who, NULL);
	/* What the device may still run of it is no longer wanted. */
	step->disowned = step->device && resolving->how != CORE_RESOLVE_REQUEUE;
	if (resolving->how == CORE_RESOLVE_SUCCEEDED) {
		succeed(core, resolving, step, effects);
	} else if (resolving->how == CORE_RESOLVE_FAILED) {
		said = said_of(resolving, step);
		steps_end(core, step, STATE_FAILED, "OutcomeUnknown", said, effects);
		free(said);
	} else {
		lost_again(core, step, effects);
	}
	turn_take(core, effects);
	*ret = (struct core_steered){step->run, step};
	return HST_OK;
}
