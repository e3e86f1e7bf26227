/*
 * Going on after a gateway died. What was under way is known from the journal; which of it still is, only the holds can
 * say, which are handed over one by one.
 */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Known from the journal, and no hold has said yet that it has it. */
static bool is_open(const struct admission_run *run)
{
	return !run->hold && (run->state == ADMISSION_OPENING || run->state == ADMISSION_RUNNING);
}

static void replayed(struct admission *admission, struct admission_effects *effects)
{
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *run = entry->value;

		if (run->state == ADMISSION_UPLOADING)
			admission_effect(effects, ADMISSION_UPLOAD)->run = run;
	}
}

/* Its launch was journalled and did not reach the hold. */
static void never_began(struct admission *admission, const struct admission_hold *hold,
			struct admission_effects *effects)
{
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *run = entry->value;

		if (is_open(run) && run->state == ADMISSION_RUNNING && strcmp(run->session, hold->session) == 0)
			standing_gone(admission, run, PAST_NEVER, effects);
	}
}

static void adopted_idle(struct admission *admission, struct admission_hold *hold, struct admission_effects *effects)
{
	never_began(admission, hold, effects);
	hold->state = ADMISSION_HOLD_IDLE;
	if (!holds_keep(admission, hold, effects))
		holds_close(hold, effects);
	sessions_changed(admission);
}

static void adopted_running(struct admission *admission, struct admission_hold *hold,
			    const struct admission_event *event, struct admission_effects *effects)
{
	struct admission_run *run = admission_run_of(admission, event->step, event->token);
	struct admission_effect *effect;

	hold->state = ADMISSION_HOLD_RUNNING;
	if (!run || !is_open(run)) {
		/* It has ended already, or nobody here knows what it is. */
		holds_close(hold, effects);
		sessions_changed(admission);
		return;
	}
	run->state = ADMISSION_RUNNING;
	run->attended = hold->attended;
	run->hold = hold;
	hold->run = run;
	attended_watch(admission, run, effects);
	if (!run->halt)
		return;
	effect = admission_effect(effects, ADMISSION_HALT);
	effect->run = run;
	effect->hold = hold;
	effect->text = run->halt;
}

static void adopted(struct admission *admission, const struct admission_event *event,
		    struct admission_effects *effects)
{
	struct admission_hold *hold;

	if (admission_hold_of(admission, event->number))
		return;
	hold = holds_add(admission, event->number);
	if (event->adopted == ADMISSION_ADOPTED_WARM)
		return;
	hold->session = mem_text(event->session);
	hold->user = mem_text(event->user);
	hold->key = mem_text(event->key);
	hold->login = mem_text(event->login ? event->login : "");
	hold->attended = event->attended;
	if (event->adopted == ADMISSION_ADOPTED_IDLE)
		adopted_idle(admission, hold, effects);
	else
		adopted_running(admission, hold, event, effects);
}

/* One that the gateway before this had asked for may have come besides the one it had. */
static void one_spare_is_enough(struct admission *admission, struct admission_effects *effects)
{
	size_t spares = 0;

	TABLE_EACH(&admission->holds, entry) {
		struct admission_hold *hold = entry->value;

		if (hold->state == ADMISSION_HOLD_WARM && spares++ > 0)
			holds_close(hold, effects);
	}
}

static void gathered(struct admission *admission, struct admission_effects *effects)
{
	if (admission->gathered)
		return;
	admission->gathered = true;
	one_spare_is_enough(admission, effects);
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *run = entry->value;

		if (!is_open(run))
			continue;
		if (run->state == ADMISSION_RUNNING)
			resume_look(run, effects);
		else
			admission_refuse(admission, run, "SessionCreationError", REASON_RETRY,
					 "the gateway was restarted before the run began", effects);
	}
	if (admission->known)
		holds_keep_one_warm(admission, effects);
}

void resume_look(struct admission_run *run, struct admission_effects *effects)
{
	struct admission_effect *effect = admission_effect(effects, ADMISSION_LOOK);

	effect->step = run->step;
	effect->token = run->token;
}

static void left(struct admission *admission, const struct admission_event *event, struct admission_effects *effects)
{
	struct admission_run *run = admission_run_of(admission, event->step, event->token);

	if (!run || !is_open(run) || run->state != ADMISSION_RUNNING)
		return;
	if (!event->end) {
		standing_gone(admission, run, PAST_LOST, effects);
		return;
	}
	if (strcmp(event->end, "never") == 0) {
		standing_gone(admission, run, PAST_NEVER, effects);
		return;
	}
	run->started_us = event->started_us;
	run->ended_us = event->ended_us;
	run_keep_sealed(run, event->sealed, event->sealed_length);
	admission_end(admission, run, event->end, event->reason, event->payload, event->payload_length, effects);
}

void resume_event(struct admission *admission, const struct admission_event *event,
		  struct admission_effects *effects)
{
	if (event->kind == ADMISSION_REPLAYED)
		replayed(admission, effects);
	else if (event->kind == ADMISSION_ADOPTED)
		adopted(admission, event, effects);
	else if (event->kind == ADMISSION_GATHERED)
		gathered(admission, effects);
	else if (event->kind == ADMISSION_LEFT)
		left(admission, event, effects);
}
