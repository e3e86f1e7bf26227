/*
 * What became of an offer, when the host asks. To ask is also to ask it back: what has touched no session yet is dropped,
 * and what was never heard of gets a tombstone, so that an offer still on its way finds it.
 */
#include "pure/admission/internal.h"

static void say_standing(const struct admission_event *event, const char *state, struct admission_effects *effects)
{
	struct admission_effect *effect;

	if (event->quiet)
		return;
	effect = admission_effect(effects, ADMISSION_SAY_STANDING);
	effect->step = event->step;
	effect->token = event->token;
	effect->id = event->id;
	effect->text = state;
}

static void never(struct admission *admission, const struct admission_event *event, struct admission_effects *effects)
{
	records_offer(effects, "never", event->step, event->token);
	past_put(admission, event->step, event->token, PAST_NEVER, false);
	say_standing(event, "never", effects);
}

static void run_asked(struct admission *admission, struct admission_run *run, const struct admission_event *event,
		      struct admission_effects *effects)
{
	switch (run->state) {
	case ADMISSION_OFFERED:
	case ADMISSION_WAITING_HOLD:
		/* It may have been in the way of another run of its user. */
		admission->stirred |= run->state != ADMISSION_OFFERED;
		never(admission, event, effects);
		run_leave(admission, run);
		break;
	case ADMISSION_CLOSING_FIRST:
	case ADMISSION_OPENING:
	case ADMISSION_FETCHING:
	case ADMISSION_RUNNING:
		say_standing(event, admission_stage(run), effects);
		break;
	case ADMISSION_UPLOADING:
		say_standing(event, "finished", effects);
		break;
	case ADMISSION_REPORTED:
		say_standing(event, "finished", effects);
		admission_report(admission, run, effects);
		break;
	}
}

/* Unasked: the host has reason to think that it is under way. */
static void tell(const struct past_offer *past, struct admission_effects *effects)
{
	const struct admission_event unasked = {.step = past->step, .token = past->token};

	say_standing(&unasked, past_never_ran(past) ? "never" : "lost", effects);
}

void standing_gone(struct admission *admission, struct admission_run *run, enum past_kind kind,
		   struct admission_effects *effects)
{
	struct admission_effect *discard = admission_effect(effects, ADMISSION_DISCARD);

	discard->step = run->step;
	discard->token = run->token;
	records_offer(effects, kind == PAST_LOST ? "lost" : "never", run->step, run->token);
	past_put(admission, run->step, run->token, kind, admission->policy.acknowledged);
	tell(past_of(admission, run->step, run->token), effects);
	admission->stirred = true;
	run_leave(admission, run);
}

void standing_again(struct admission *admission, struct admission_effects *effects)
{
	for (const struct past_offer *past = admission->past_first; past; past = past->after)
		if (past->untold)
			tell(past, effects);
}

void standing_heard(struct past_offer *past, struct admission_effects *effects)
{
	if (!past->untold)
		return;
	past->untold = false;
	records_heard(effects, past->step, past->token);
}

void standing_asked(struct admission *admission, const struct admission_event *event,
		    struct admission_effects *effects)
{
	struct admission_run *run = admission_run_of(admission, event->step, event->token);
	const struct past_offer *past = past_of(admission, event->step, event->token);

	if (run)
		run_asked(admission, run, event, effects);
	else if (!past)
		never(admission, event, effects);
	else
		say_standing(event, past_never_ran(past) ? "never" : "lost", effects);
}

enum admission_trace admission_trace(const struct admission *admission, int64_t step, int64_t token)
{
	const struct past_offer *past = past_of(admission, step, token);

	if (admission_run_of(admission, step, token) || (past && !past_is_too_old(past)))
		return ADMISSION_TRACE_KNOWN;
	return past ? ADMISSION_TRACE_TOO_OLD : ADMISSION_TRACE_NONE;
}
