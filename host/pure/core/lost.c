/*
 * Steps whose outcome nobody knows. What follows is the author's to say (`on_lost`): to wait for a late answer or a
 * person, to fail, or to do it again. Time alone never does it again.
 */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "base/text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What is lost again and again is no accident: then a person is asked whatever the author said. */
enum { ATTEMPTS_MAX = 3 };

#define STEP_OF_TIMER(timer, member) ((struct step *)(void *)((char *)(timer)-offsetof(struct step, member)))

static void lost_ended(struct core *core, struct step *step, enum state state, const char *reason, const char *text,
		       struct core_effects *effects)
{
	step->disowned = step->device != NULL;
	steps_end(core, step, state, reason, text, effects);
}

static void nobody_said(struct core *core, struct core_timer *timer, struct core_effects *effects)
{
	struct step *step = STEP_OF_TIMER(timer, lost_timer);
	char *text = mem_printf("%s; nobody said in time what became of it",
				step->facts.text ? step->facts.text : "its outcome is not known");

	lost_ended(core, step, STATE_FAILED, "OutcomeUnknown", text, effects);
	free(text);
}

void lost_await(struct core *core, struct step *step)
{
	core_arm(core, &step->lost_timer,
		 held_since(core, step->run, step->facts.lost_us) + core->policy.resolve_within_ms(core->policy.arg) * 1000, nobody_said);
}

void lost_over(struct core *core, struct step *step)
{
	core_disarm(core, &step->lost_timer);
	step->facts.lost_us = 0;
}

static void lost_wait(struct core *core, struct step *step, const char *why, struct core_effects *effects)
{
	step->facts.state = STATE_LOST;
	if (!step->facts.lost_us)
		step->facts.lost_us = core->now_us;
	text_replace(&step->facts.reason, "OutcomeUnknown");
	text_replace(&step->facts.text, why);
	effects_step(effects, step);
	lost_await(core, step);
	runs_mirror(core, step->run, effects);
}

/* Whoever cancelled it no longer wants to know. */
static bool is_cancelled(const struct step *step)
{
	return step->facts.state == STATE_STOPPING && step->facts.reason &&
	       strcmp(step->facts.reason, "Cancelled") == 0;
}

/* What was told to stop is not begun anew. */
static bool is_stopping(const struct step *step)
{
	return step->facts.state == STATE_STOPPING || step->run->facts.state == STATE_STOPPING;
}

static void lost_cancelled(struct core *core, struct step *step, const char *why, struct core_effects *effects)
{
	char *text = mem_printf("%s%s%s", step->facts.text ? step->facts.text : "", step->facts.text ? "; " : "", why);

	lost_ended(core, step, STATE_CANCELLED, "Cancelled", text, effects);
	free(text);
}

void lost_begin(struct core *core, struct step *step, const char *why, struct core_effects *effects)
{
	enum flow_on_lost then = step->flow_step->on_lost;

	if (step->facts.state == STATE_LOST && step->facts.text && strcmp(step->facts.text, why) == 0)
		return;
	effects_happened(core, effects, step->run, step, "lost", "text", why, NULL);
	core_disarm(core, &step->queue_timer);
	ask_done(core, step);
	if (step->device)
		connections_left(core, step);
	if (is_cancelled(step))
		lost_cancelled(core, step, why, effects);
	else if (then == FLOW_LOST_FAIL)
		lost_ended(core, step, STATE_FAILED, "OutcomeUnknown", why, effects);
	else if (then == FLOW_LOST_AGAIN && step->facts.attempt < ATTEMPTS_MAX && !is_stopping(step))
		lost_again(core, step, effects);
	else
		lost_wait(core, step, why, effects);
}

void lost_with(struct core *core, const struct placement_device *device, const char *why,
	       struct core_effects *effects)
{
	TABLE_EACH(&core->steps, entry) {
		struct step *step = entry->value;

		if (step->device == device && !state_row(step->facts.state)->ended &&
		    step->facts.state != STATE_LOST)
			lost_begin(core, step, why, effects);
	}
}

/* If its run was told to stop meanwhile, it is told so too. */
void lost_found(struct core *core, struct step *step, enum state state, struct core_effects *effects)
{
	const struct run_facts *run = &step->run->facts;
	bool stopping = run->state == STATE_STOPPING;

	lost_over(core, step);
	desktop_occupy(core, step);
	step->facts.state = stopping ? STATE_STOPPING : state;
	overdue_watch(core, step);
	if (state != STATE_PREPARING && step->facts.started_us == 0)
		step->facts.started_us = core->now_us;
	text_replace(&step->facts.reason, stopping ? run->reason : NULL);
	text_replace(&step->facts.text, stopping ? run->text : NULL);
	effects_step(effects, step);
	effects_happened(core, effects, step->run, step, state_name(step->facts.state), "device", step->facts.device,
			 NULL);
	if (stopping)
		steer_again(step, effects);
	runs_mirror(core, step->run, effects);
}

/* Its times are those of the new attempt; what was before is told by what happened. */
static void anew(struct core *core, struct step *step)
{
	struct step_facts *facts = &step->facts;

	lost_over(core, step);
	ask_done(core, step);
	facts->attempt++;
	facts->requested_us = core->now_us;
	facts->placed_us = facts->started_us = facts->journal = 0;
	text_replace(&facts->reason, NULL);
	text_replace(&facts->text, NULL);
	text_replace(&facts->subflow, NULL);
	text_replace(&facts->action, NULL);
}

void lost_again(struct core *core, struct step *step, struct core_effects *effects)
{
	char attempt[INTEGER_SIZE];

	anew(core, step);
	effects_happened(core, effects, step->run, step, "again", "attempt", integer_text(step->facts.attempt, attempt),
			 NULL);
	if (step->flow_step->use == FLOW_USE_CONNECTOR) {
		steps_call(core, step, effects);
	} else {
		if (step->device)
			ask_disown(step->device, step->facts.id, step->facts.token, effects);
		desktop_release(core, step);
		step->facts.device = NULL;
		desktop_again(core, step, effects);
	}
	runs_mirror(core, step->run, effects);
}
