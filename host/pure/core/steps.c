/* Steps: begun, skipped, ended. What waits for a device is in desktop.c. */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "base/text.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

/* A call that ends its process so often is not made again. */
enum { CRASHES_MAX = 3 };

struct step *steps_new(struct run *run, size_t position)
{
	struct step *step = mem_alloc(sizeof *step);

	step->run = run;
	step->flow_step = &run->flow->steps[position];
	step->facts.position = (int64_t)position;
	step->item.position = HEAP_NOWHERE;
	run->steps[position] = step;
	return step;
}

void steps_free(struct core *core, struct step *step)
{
	core_disarm(core, &step->queue_timer);
	core_disarm(core, &step->ask_timer);
	core_disarm(core, &step->lost_timer);
	core_disarm(core, &step->overdue_timer);
	order_remove(&step->item);
	free(step->facts.reason);
	free(step->facts.text);
	free(step->facts.subflow);
	free(step->facts.action);
	free(step->facts.inputs);
	free(step->facts.outputs);
	sealed_clear(step->facts.sealed, step->facts.sealed_count);
	free(step);
}

static struct step *step_begin(struct core *core, struct run *run, size_t position)
{
	struct step *step = steps_new(run, position);

	step->facts.id = ++core->counters.step;
	step->facts.attempt = 1;
	step->facts.requested_us = core->now_us;
	step->facts.attended = step->flow_step->attended;
	step->facts.high = step->flow_step->high;
	table_set_number(&core->steps, (uint64_t)step->facts.id, step);
	return step;
}

void steps_skip(struct core *core, struct run *run, size_t position, struct core_effects *effects)
{
	struct step *step = step_begin(core, run, position);

	steps_end(core, step, STATE_SKIPPED, "ConditionFalse", NULL, effects);
}

void steps_call(struct core *core, struct step *step, struct core_effects *effects)
{
	const struct flow_step *flow_step = step->flow_step;
	struct core_action *action;
	int64_t timeout_ms = 0;
	bool idempotent;

	if (held_call(core, step, effects))
		return;
	if (!core->policy.action(core->policy.arg, flow_step->target, flow_step->action, &timeout_ms, &idempotent)) {
		steps_end(core, step, STATE_FAILED, "DefinitionGone",
			  "the configuration no longer has this connector action", effects);
		return;
	}
	step->facts.state = STATE_RUNNING;
	step->facts.token = ++core->counters.token;
	step->facts.placed_us = step->facts.started_us = core->now_us;
	effects_step(effects, step);
	action = effects_action(effects, CORE_CALL);
	action->step = step;
	action->inputs = step->facts.inputs;
	action->inputs_length = step->facts.inputs_length;
	runs_carry(core, step, action, effects);
	action->timeout_ms = flow_step->timeout.ms > 0 ? flow_step->timeout.ms : timeout_ms;
}

/* Why somebody thought that a secure value may be read is part of what happened. */
static void say_declassified(struct core *core, struct step *step, struct core_effects *effects)
{
	const struct flow_step *flow_step = step->flow_step;

	for (size_t i = 0; i < flow_step->input_count; i++)
		if (flow_step->inputs[i].declassify)
			effects_happened(core, effects, step->run, step, "declassified", "input",
					 flow_step->inputs[i].name, "because", flow_step->inputs[i].declassify,
					 NULL);
}

void steps_start(struct core *core, struct run *run, size_t position, struct core_effects *effects)
{
	struct step *step = step_begin(core, run, position);
	const hst_value *inputs;
	struct text *json = &core->json;
	hst_error err = {{0}, {0}};

	run->standing[position] = FLOW_STEP_ACTIVE;
	if (runs_inputs(core, run, step->flow_step, &inputs, &err) < 0) {
		steps_end(core, step, STATE_FAILED, err.reason[0] ? err.reason : "InputInvalid", err.text,
			  effects);
		return;
	}
	text_reset(json);
	value_write_json(json, inputs);
	if (json->over) {
		steps_end(core, step, STATE_FAILED, "InputInvalid", "the inputs are larger than 1 MiB",
			  effects);
		return;
	}
	step->facts.inputs = mem_copy(json->s, json->length);
	step->facts.inputs_length = json->length;
	say_declassified(core, step, effects);
	switch (step->flow_step->use) {
	case FLOW_USE_CONNECTOR:
		steps_call(core, step, effects);
		return;
	case FLOW_USE_DESKTOP:
		desktop_queue(core, step, effects);
		return;
	case FLOW_USE_FLOW: /* refused when the flow is parsed */
		break;
	}
	steps_end(core, step, STATE_FAILED, "DefinitionGone",
		  "a step of this kind cannot run in this version", effects);
}

void steps_take_outputs(struct core *core, struct step *step, struct core_event *end, struct core_effects *effects)
{
	const char *readable = sealed_take_outputs(core, step, end, effects);

	if (!readable || end->state != STATE_SUCCEEDED)
		return;
	end->state = STATE_FAILED;
	end->reason = "OutputInvalid";
	end->text = arena_printf(core->scratch,
				 "the output \"%.100s\" is secure and did not come sealed; no output was kept",
				 readable);
}

/* A connector's answer; one that comes late or again finds a step that has ended. */
void steps_returned(struct core *core, struct step *step, const struct core_event *event,
		    struct core_effects *effects)
{
	struct core_event end = *event;

	end.state = state_row(event->state)->ended ? event->state : STATE_FAILED;
	if (step->flow_step->use != FLOW_USE_CONNECTOR || state_row(step->facts.state)->ended ||
	    step->facts.token != event->token)
		return;
	if (end.state == STATE_SUCCEEDED)
		steps_take_outputs(core, step, &end, effects);
	steps_end_as(core, step, &end, effects);
}

void steps_end_as(struct core *core, struct step *step, struct core_event *end, struct core_effects *effects)
{
	char *text;

	steer_judge(step, end);
	/* It may be the step's own, which is replaced. */
	text = mem_text(end->text);
	steps_end(core, step, end->state, end->reason, text, effects);
	free(text);
}

void steps_uncalled(struct step *step, const struct core_event *event, struct core_effects *effects)
{
	if (step->flow_step->use != FLOW_USE_CONNECTOR || step->facts.state != STATE_RUNNING || step->facts.token != event->token)
		return;
	step->facts.state = STATE_QUEUED;
	step->facts.placed_us = step->facts.started_us = 0;
	effects_step(effects, step);
}

/* It would go on to kill whatever takes it up. */
static void set_aside(struct core *core, struct step *step, const char *why, struct core_effects *effects)
{
	char *text = mem_printf("the call was made %d times, and each time its process ended; it is not made again: %s",
				CRASHES_MAX, why);

	steps_end(core, step, STATE_FAILED, "PluginCrashed", text, effects);
	free(text);
}

/* How far the call came is not known. Doing it again must do no harm, and it must not go on for ever. */
void steps_crashed(struct core *core, struct step *step, const struct core_event *event,
		   struct core_effects *effects)
{
	const struct flow_step *flow_step = step->flow_step;
	int64_t timeout_ms;
	bool idempotent = false;

	if (flow_step->use != FLOW_USE_CONNECTOR || state_row(step->facts.state)->ended ||
	    step->facts.state == STATE_LOST || step->facts.token != event->token)
		return;
	core->policy.action(core->policy.arg, flow_step->target, flow_step->action, &timeout_ms, &idempotent);
	if (step->facts.state != STATE_RUNNING || !(idempotent || flow_step->on_lost == FLOW_LOST_AGAIN))
		lost_begin(core, step, event->text, effects);
	else if (++step->crashes < CRASHES_MAX)
		lost_again(core, step, effects);
	else
		set_aside(core, step, event->text, effects);
}

static enum flow_standing standing_of(enum state state)
{
	if (state == STATE_SUCCEEDED)
		return FLOW_STEP_SUCCEEDED;
	return state == STATE_SKIPPED ? FLOW_STEP_SKIPPED : FLOW_STEP_FAILED;
}

void steps_end(struct core *core, struct step *step, enum state state, const char *reason, const char *text,
	       struct core_effects *effects)
{
	core_disarm(core, &step->queue_timer);
	core_disarm(core, &step->overdue_timer);
	ask_done(core, step);
	lost_over(core, step);
	desktop_leave(core, step);
	step->facts.state = state;
	text_replace(&step->facts.reason, reason && *reason ? reason : NULL);
	text_replace(&step->facts.text, text && *text ? text : NULL);
	step->facts.ended_us = core->now_us;
	step->asked = NULL;
	step->run->standing[step->facts.position] = standing_of(state);
	effects_step(effects, step);
	effects_happened(core, effects, step->run, step, "ended", "state", state_name(state), "reason",
			 step->facts.reason, "text", step->facts.text, NULL);
	runs_mirror(core, step->run, effects);
	turn_run(core, step->run);
}
