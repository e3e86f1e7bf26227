/* After a restart: the runs and steps that the store still has as unfinished, made as they were. */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "schema/value.h"

#include <string.h>

static char *copied(const char *bytes, size_t length)
{
	return bytes ? mem_copy(bytes, length) : NULL;
}

struct run *core_restore_run(struct core *core, const struct run_facts *facts, const struct flow *flow)
{
	struct run *run = runs_new(core, flow);

	run->facts = *facts;
	run->facts.label = mem_text(facts->label);
	run->facts.trigger = core_word(core, facts->trigger);
	run->facts.who = core_word(core, facts->who);
	run->facts.reason = mem_text(facts->reason);
	run->facts.text = mem_text(facts->text);
	run->facts.event = copied(facts->event, facts->event_length);
	run->facts.sealed = NULL;
	run->facts.sealed_count = 0;
	if (!facts->chain[0] && !facts->origin)
		memcpy(run->facts.chain, facts->id, sizeof run->facts.chain);
	table_set_number(&core->runs, (uint64_t)facts->number, run);
	overlap_restore(run);
	if (facts->state == STATE_QUEUED)
		runs_wait(run);
	else
		runs_count(run, facts->state != STATE_LOST);
	return run;
}

static enum flow_standing restored_standing(enum state state)
{
	if (state == STATE_SUCCEEDED)
		return FLOW_STEP_SUCCEEDED;
	if (state == STATE_SKIPPED)
		return FLOW_STEP_SKIPPED;
	return state_row(state)->ended ? FLOW_STEP_FAILED : FLOW_STEP_ACTIVE;
}

void core_restore_step(struct core *core, struct run *run, const struct step_facts *facts)
{
	struct step *step;

	if (facts->position < 0 || (size_t)facts->position >= run->flow->step_count ||
	    run->steps[facts->position])
		return;
	step = steps_new(run, (size_t)facts->position);
	step->facts = *facts;
	step->facts.reason = mem_text(facts->reason);
	step->facts.text = mem_text(facts->text);
	step->facts.connection = core_word(core, facts->connection);
	step->facts.target = core_word(core, facts->target);
	step->facts.device = core_word(core, facts->device);
	step->facts.user = core_word(core, facts->user);
	step->facts.subflow = mem_text(facts->subflow);
	step->facts.action = mem_text(facts->action);
	step->facts.inputs = copied(facts->inputs, facts->inputs_length);
	step->facts.outputs = copied(facts->outputs, facts->outputs_length);
	step->facts.sealed = NULL;
	step->facts.sealed_count = 0;
	if (facts->user)
		step->folded_user = core_fold_user(core, facts->user);
	table_set_number(&core->steps, (uint64_t)facts->id, step);
	run->standing[facts->position] = restored_standing(facts->state);
}

static const struct {
	const char *kind;
	void (*restore)(struct core *core, const char *name, const hst_value *value);
} standings[] = {
	{"blocked", connections_restore},
	{"disabled", standing_restore_disabled},
	{"drained", standing_restore_drained},
	{"restored", held_restore},
	{"placed", placed_restore},
};

int core_restore_standing(struct core *core, const char *kind, const char *name, const char *value, size_t length,
			  hst_error *err)
{
	const hst_value *parsed;
	int rc;

	core_forget_values(core);
	rc = value_parse_json(core->scratch, value, length, &parsed, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < sizeof standings / sizeof standings[0]; i++) {
		if (strcmp(standings[i].kind, kind) != 0)
			continue;
		standings[i].restore(core, name, parsed);
		return HST_OK;
	}
	return hst_fail(err, HST_INVALID, "\"%.40s\" is nothing that stands in this version", kind);
}

/* How far a connector's action came is not known, but of one that was put back before it began. */
static void call_resume(struct core *core, struct step *step, struct core_effects *effects)
{
	const struct flow_step *flow_step = step->flow_step;
	int64_t timeout_ms;
	bool idempotent = false;

	if (step->facts.state == STATE_QUEUED) {
		steps_call(core, step, effects);
		return;
	}
	core->policy.action(core->policy.arg, flow_step->target, flow_step->action, &timeout_ms, &idempotent);
	if (idempotent && step->facts.state == STATE_RUNNING)
		lost_again(core, step, effects);
	else
		lost_begin(core, step,
			   core_holds_run(core, step->run) ? "the host was restored from a backup that was made while the action ran"
							   : "the engine was restarted while the action ran",
			   effects);
}

/* Its slot is taken again; what became of it meanwhile its device is asked as soon as it is there. */
static void desktop_resume(struct core *core, struct step *step, struct core_effects *effects)
{
	char *why;

	desktop_occupy(core, step);
	if (!step->device) {
		why = mem_printf("the configuration no longer has the device %s, which had the run",
				 step->facts.device ? step->facts.device : "");
		lost_begin(core, step, why, effects);
		free(why);
		return;
	}
	step->unsure = true;
	overdue_watch(core, step);
	connections_begin(core, step);
	if (step->facts.state == STATE_OFFERED)
		desktop_await(core, step);
	else if (step->facts.state != STATE_PREPARING)
		connections_proven(core, step);
}

/* What is lost has no slot until its device comes back and holds it. */
static void step_resume(struct core *core, struct step *step, struct core_effects *effects)
{
	if (step->facts.state == STATE_LOST)
		lost_await(core, step);
	else if (step->flow_step->use != FLOW_USE_DESKTOP)
		call_resume(core, step, effects);
	else if (step->facts.state == STATE_QUEUED)
		desktop_again(core, step, effects);
	else
		desktop_resume(core, step, effects);
}

void core_restored(struct core *core, int64_t now_us, struct core_effects *effects)
{
	core->now_us = now_us;
	devices_restored(core);
	standing_settle(core);
	held_restored(core, effects);
	TABLE_EACH(&core->runs, entry)
		sealed_restored(core, entry->value);
	TABLE_EACH(&core->steps, entry) {
		struct step *step = entry->value;

		if (!state_row(step->facts.state)->ended)
			step_resume(core, step, effects);
	}
	TABLE_EACH(&core->runs, entry) {
		struct run *run = entry->value;

		runs_mirror(core, run, effects);
		if (run->facts.state != STATE_QUEUED)
			turn_run(core, run);
	}
	TABLE_EACH(&core->lineages, entry)
		runs_go_on(core, entry->value, effects);
	turn_take(core, effects);
}
