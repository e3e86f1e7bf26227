/* The admission itself: the one door through which events come, offers, and what can be looked at. */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct admission *admission_new(const char *device, char *const *accounts, size_t account_count,
				const struct admission_policy *policy)
{
	struct admission *admission = mem_alloc(sizeof *admission);

	admission->device = mem_text(device);
	admission->accounts = accounts;
	admission->account_count = account_count;
	admission->policy = *policy;
	admission->gathered = !policy->handed_over;
	table_init(&admission->runs);
	table_init(&admission->past);
	table_init(&admission->holds);
	table_init(&admission->users);
	table_init(&admission->asked);
	table_init(&admission->packages);
	table_init(&admission->fetching);
	return admission;
}

void admission_effects_init(struct admission_effects *effects)
{
	*effects = (struct admission_effects){.arena = arena_new()};
	text_init(&effects->record, RECORD_MAX);
}

void admission_effects_clear(struct admission_effects *effects)
{
	free(effects->at);
	text_clear(&effects->record);
	arena_free(effects->arena);
	*effects = (struct admission_effects){0};
}

struct admission_effect *admission_effect(struct admission_effects *effects, enum admission_effect_kind kind)
{
	effects->at = mem_grow(effects->at, &effects->size, effects->n + 1, sizeof *effects->at);
	effects->at[effects->n] = (struct admission_effect){.kind = kind};
	return &effects->at[effects->n++];
}

const char *admission_stage(const struct admission_run *run)
{
	if (run->state < ADMISSION_RUNNING)
		return "preparing";
	return run->state == ADMISSION_RUNNING && run->paused ? "paused" : "running";
}

void admission_say(struct admission_run *run, enum admission_effect_kind kind, const char *state,
		   struct admission_effects *effects)
{
	struct admission_effect *effect = admission_effect(effects, kind);

	effect->run = run;
	effect->text = state;
}

static void free_gone(struct admission *admission)
{
	for (size_t i = 0; i < admission->gone_run_count; i++)
		admission_run_free(admission->gone_runs[i]);
	for (size_t i = 0; i < admission->gone_hold_count; i++)
		holds_free(admission->gone_holds[i]);
	admission->gone_run_count = admission->gone_hold_count = 0;
}

void admission_settle(struct admission *admission, struct admission_effects *effects)
{
	free_gone(admission);
	effects->n = 0;
	arena_reset(effects->arena);
}

void admission_free(struct admission *admission)
{
	if (!admission)
		return;
	TABLE_EACH(&admission->runs, entry)
		admission_run_free(entry->value);
	TABLE_EACH(&admission->holds, entry)
		holds_free(entry->value);
	TABLE_EACH(&admission->users, entry)
		free(entry->value);
	free_gone(admission);
	sessions_clear(admission);
	past_clear(admission);
	table_clear(&admission->runs);
	table_clear(&admission->holds);
	table_clear(&admission->users);
	table_clear(&admission->asked);
	table_clear(&admission->packages);
	table_clear(&admission->fetching);
	free(admission->gone_runs);
	free(admission->gone_holds);
	free(admission->blind);
	free(admission->device);
	free(admission);
}

struct admission_run *admission_run_of(const struct admission *admission, int64_t step, int64_t token)
{
	struct admission_run *run = table_get_number(&admission->runs, (uint64_t)token);

	return run && run->step == step ? run : NULL;
}

/* The same offer again, because the answer was lost on the way: it is given again. */
static void answer_again(struct admission *admission, struct admission_run *known,
			 struct admission_effects *effects)
{
	if (known->state == ADMISSION_REPORTED)
		admission_report(admission, known, effects);
	else if (known->taken)
		admission_say(known, ADMISSION_SAY_TAKEN, admission_stage(known), effects);
}

static void refuse_again(struct admission *admission, struct admission_run *run,
			 const struct past_offer *past, struct admission_effects *effects)
{
	struct admission_effect *effect = admission_effect(effects, ADMISSION_SAY_REFUSED);

	effect->run = run;
	effect->reason = arena_text(effects->arena, past->reason);
	effect->text = arena_text(effects->arena, past->text);
	effect->class = past->class;
	effect->revision = past->revision;
	run_leave(admission, run);
}

static void run_offered(struct admission *admission, struct admission_run *run,
			struct admission_effects *effects)
{
	struct admission_run *known = admission_run_of(admission, run->step, run->token);
	const struct past_offer *past = run->trial ? NULL : past_of(admission, run->step, run->token);
	const char *key = table_get(&admission->users, run->user);

	if (known) {
		answer_again(admission, known, effects);
		admission_run_free(run);
		return;
	}
	if (past) {
		refuse_again(admission, run, past, effects);
		return;
	}
	if (table_get_number(&admission->runs, (uint64_t)run->token)) {
		admission_refuse(admission, run, "OutcomeUnknown", REASON_FATAL,
				 "the host has given its token to another run of the device", effects);
		return;
	}
	table_set_number(&admission->runs, (uint64_t)run->token, run);
	run->state = ADMISSION_OFFERED;
	if (!admission->known || admission->blind) {
		/* Not "wait": before the first list there is no revision that could move. */
		admission_refuse(admission, run, "SessionFactUnknown", REASON_RETRY,
				 admission->blind ? admission->blind : "the device's sessions are not known yet", effects);
		return;
	}
	if (!run->trial)
		admission_fetch(admission, run->package, effects);
	if (key) {
		run->key = mem_text(key);
		admission_decide(admission, run, effects);
	} else {
		identity_ask(admission, run->user, effects);
	}
}

static void package_known(struct admission *admission, const struct admission_event *event,
			  struct admission_effects *effects)
{
	table_remove(&admission->fetching, event->package);
	if (!event->text)
		table_set(&admission->packages, event->package, admission);
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *run = entry->value;

		if (run->state != ADMISSION_FETCHING || strcmp(run->package, event->package) != 0)
			continue;
		if (!event->text)
			admission_launch(admission, run, effects);
		else
			admission_fail(admission, run, "failed", "FlowNotInstalled", event->text, effects);
	}
}

static void files_known(struct admission *admission, const struct admission_event *event, struct admission_effects *effects)
{
	struct admission_run *run = admission_run_of(admission, event->step, event->token);

	if (!run)
		return;
	run->files_there = !event->text;
	if (run->state != ADMISSION_FETCHING)
		return;
	if (run->files_there)
		admission_launch(admission, run, effects);
	else
		admission_fail(admission, run, "failed", "InputInvalid", event->text, effects);
}

/* Only what runs can be paused, and what can be paused can go on. */
static bool is_end(const char *how)
{
	return strcmp(how, "cancel") == 0 || strcmp(how, "stop") == 0;
}

/* What runs is told to stop; what does not run yet never will. */
static void run_stop(struct admission *admission, struct admission_run *run, const char *how,
		     struct admission_effects *effects)
{
	struct admission_effect *effect;

	if (run->state < ADMISSION_RUNNING && is_end(how)) {
		admission_fail(admission, run, "cancelled", "Cancelled", "it was stopped before it ran",
			       effects);
	} else if (run->state == ADMISSION_RUNNING && !run->hold) {
		free(run->halt);
		run->halt = mem_text(how);
	} else if (run->state == ADMISSION_RUNNING) {
		effect = admission_effect(effects, ADMISSION_HALT);
		effect->run = run;
		effect->hold = run->hold;
		effect->text = arena_text(effects->arena, how);
	}
}

static void run_paused(struct admission *admission, const struct admission_event *event,
		       struct admission_effects *effects)
{
	struct admission_hold *hold = admission_hold_of(admission, event->number);
	struct admission_run *run = hold ? hold->run : NULL;

	if (!run || run->state != ADMISSION_RUNNING || run->paused == event->paused)
		return;
	run->paused = event->paused;
	admission_say(run, ADMISSION_SAY_STAGE, admission_stage(run), effects);
}

static void run_finished(struct admission *admission, const struct admission_event *event,
			 struct admission_effects *effects)
{
	struct admission_hold *hold = admission_hold_of(admission, event->number);
	struct admission_run *run = hold ? hold->run : NULL;
	struct admission_effect *effect;

	/* Whatever it is: it is on disk now, or known to be of no use, and need not be kept any longer. */
	if (hold && event->id) {
		effect = admission_effect(effects, ADMISSION_SAY_HAVE);
		effect->hold = hold;
		effect->id = event->id;
	}
	if (!run || run->state != ADMISSION_RUNNING)
		return;
	run->started_us = event->started_us;
	run->ended_us = event->ended_us;
	run_keep_sealed(run, event->sealed, event->sealed_length);
	admission_end(admission, run, event->end, event->reason, event->payload, event->payload_length,
		      effects);
}

static void heard(struct admission *admission, const struct admission_event *event,
		  struct admission_effects *effects)
{
	struct admission_run *run = admission_run_of(admission, event->step, event->token);
	struct past_offer *past = run ? NULL : past_of(admission, event->step, event->token);

	if (run && run->state == ADMISSION_REPORTED && !run->heard)
		run_heard(admission, run, effects);
	else if (past && !past_is_too_old(past))
		standing_heard(past, effects);
}

static void host_up(struct admission *admission, struct admission_effects *effects)
{
	standing_again(admission, effects);
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *run = entry->value;

		if (run->state == ADMISSION_REPORTED && !run->heard)
			admission_report(admission, run, effects);
		else if (run->state == ADMISSION_RUNNING)
			admission_say(run, ADMISSION_SAY_STAGE, admission_stage(run), effects);
	}
}

static void run_event(struct admission *admission, const struct admission_event *event,
		      struct admission_effects *effects)
{
	struct admission_run *run = admission_run_of(admission, event->step, event->token);

	if (!run)
		return;
	if (event->kind == ADMISSION_STOP)
		run_stop(admission, run, event->how, effects);
	else if (run->state == ADMISSION_UPLOADING)
		admission_report(admission, run, effects);
}

void admission_event(struct admission *admission, const struct admission_event *event, struct admission_effects *effects)
{
	admission->unsettled = true;
	switch (event->kind) {
	case ADMISSION_SESSIONS:
		sessions_seen(admission, event, effects);
		break;
	case ADMISSION_BLIND:
		sessions_blind(admission, event, effects);
		break;
	case ADMISSION_OFFER:
		run_offered(admission, event->offer, effects);
		break;
	case ADMISSION_IDENTITY:
		identity_known(admission, event, effects);
		break;
	case ADMISSION_FILES:
		files_known(admission, event, effects);
		break;
	case ADMISSION_PACKAGE:
		package_known(admission, event, effects);
		break;
	case ADMISSION_PAUSED:
		run_paused(admission, event, effects);
		break;
	case ADMISSION_FINISHED:
		run_finished(admission, event, effects);
		break;
	case ADMISSION_UPLOADED:
	case ADMISSION_STOP:
		run_event(admission, event, effects);
		break;
	case ADMISSION_HEARD:
		heard(admission, event, effects);
		break;
	case ADMISSION_REPLAYED:
	case ADMISSION_ADOPTED:
	case ADMISSION_GATHERED:
	case ADMISSION_LEFT:
		resume_event(admission, event, effects);
		break;
	case ADMISSION_HOST_UP:
		host_up(admission, effects);
		break;
	case ADMISSION_CONFIGURED:
		configure_event(admission, event, effects);
		break;
	case ADMISSION_STATUS:
		standing_asked(admission, event, effects);
		break;
	case ADMISSION_HOLD_READY:
	case ADMISSION_HOLD_FAILED:
	case ADMISSION_HOLD_ENDED:
	case ADMISSION_OPENED:
	case ADMISSION_OPEN_FAILED:
	case ADMISSION_LOCK_FAILED:
	case ADMISSION_CLOSED:
	case ADMISSION_LATE:
		holds_event(admission, event, effects);
		break;
	}
}

void admission_batch(struct admission *admission, struct admission_effects *effects)
{
	if (admission->unsettled)
		sessions_settle(admission, effects);
	admission->unsettled = false;
}

void admission_step(struct admission *admission, const struct admission_event *event, struct admission_effects *effects)
{
	admission_event(admission, event, effects);
	admission_batch(admission, effects);
}

struct admission_device admission_device(const struct admission *admission)
{
	return (struct admission_device){.name = admission->device,
					 .known = admission->known,
					 .blind = admission->blind,
					 .facts = admission->facts,
					 .slots = admission->slots,
					 .revision = admission->revision,
					 .limit = admission->limit,
					 .limit_from = admission->known && admission->policy.limit_from
							       ? admission->policy.limit_from(admission->policy.arg, &admission->facts)
							       : NULL,
					 .unfit = sessions_unfit(admission)};
}

void admission_runs(const struct admission *admission, bool (*visit)(void *, const struct admission_run *),
		    void *arg)
{
	TABLE_EACH(&admission->runs, entry) {
		const struct admission_run *run = entry->value;

		if (!run->trial && !visit(arg, run))
			return;
	}
}

void admission_sessions(const struct admission *admission, bool (*visit)(void *, const hst_session *, bool),
			void *arg)
{
	hst_arena *arena = arena_new();
	size_t n;
	hst_session *all = sessions_all(admission, arena, &n);

	for (size_t i = 0; i < n; i++)
		if (!visit(arg, &all[i], sessions_stuck(admission, &all[i])))
			break;
	arena_free(arena);
}
