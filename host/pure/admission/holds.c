/* The session processes of the device: warm, opening, running, kept, closing, closed. */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <hostler/error.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A spare that ends before it was of use is replaced so many times in a row; else they would be started
 * without end. */
enum { SPARE_DEATHS_MAX = 3 };

static void hold_key(uint32_t number, char to[16])
{
	snprintf(to, 16, "%u", number);
}

struct admission_hold *admission_hold_of(const struct admission *admission, uint32_t number)
{
	char key[16];

	hold_key(number, key);
	return table_get(&admission->holds, key);
}

void holds_free(struct admission_hold *hold)
{
	free(hold->session);
	free(hold->user);
	free(hold->key);
	free(hold->login);
	free(hold);
}

static struct admission_hold *warm_hold(const struct admission *admission)
{
	TABLE_EACH(&admission->holds, entry) {
		struct admission_hold *hold = entry->value;

		if (hold->state == ADMISSION_HOLD_WARM)
			return hold;
	}
	return NULL;
}

static struct admission_run *run_waiting_for_hold(const struct admission *admission)
{
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *run = entry->value;

		if (run->state == ADMISSION_WAITING_HOLD)
			return run;
	}
	return NULL;
}

static size_t runs_waiting_for_hold(const struct admission *admission)
{
	size_t n = 0;

	TABLE_EACH(&admission->runs, entry)
		n += ((struct admission_run *)entry->value)->state == ADMISSION_WAITING_HOLD;
	return n;
}

/* One spare beyond those that runs are waiting for: a program's start would otherwise be part of every run's
 * time. */
void holds_keep_one_warm(struct admission *admission, struct admission_effects *effects)
{
	/* One that is handed over may be it. */
	bool spare = admission->gathered && !admission->leaving && !admission->facts.rehearses && !warm_hold(admission) && admission->deaths < SPARE_DEATHS_MAX;
	size_t needed = runs_waiting_for_hold(admission) + (spare ? 1 : 0);

	while (admission->wanted < needed) {
		admission->wanted++;
		admission_effect(effects, ADMISSION_WANT_HOLD);
	}
}

static void hold_open(struct admission_hold *hold, struct admission_run *run,
		      struct admission_effects *effects)
{
	struct admission_effect *effect = admission_effect(effects, ADMISSION_OPEN);

	hold->state = ADMISSION_HOLD_OPENING;
	hold->user = mem_text(run->user);
	hold->key = mem_text(run->key);
	hold->login = mem_text(run->login);
	hold->attended = run->attended;
	hold->run = run;
	run->hold = hold;
	run->state = ADMISSION_OPENING;
	effect->hold = hold;
	effect->run = run;
}

void holds_give(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	struct admission_hold *hold = warm_hold(admission);

	if (hold)
		hold_open(hold, run, effects);
	else
		run->state = ADMISSION_WAITING_HOLD;
	holds_keep_one_warm(admission, effects);
}

void holds_close(struct admission_hold *hold, struct admission_effects *effects)
{
	if (hold->state == ADMISSION_HOLD_CLOSING || hold->state == ADMISSION_HOLD_CLOSED)
		return;
	hold->state = ADMISSION_HOLD_CLOSING;
	hold->late = false;
	admission_effect(effects, ADMISSION_CLOSE)->hold = hold;
}

/* By the next gateway it may not be asked yet who the accounts are. */
static bool may_have_runs(const struct admission *admission, const struct admission_hold *hold)
{
	if (admission_allows(admission, hold->user, hold->key))
		return true;
	for (size_t i = 0; i < admission->account_count; i++)
		if (!table_get(&admission->users, admission->accounts[i]))
			return true;
	return false;
}

bool holds_keep(struct admission *admission, struct admission_hold *hold, struct admission_effects *effects)
{
	hst_retirement retirement = HST_SIGN_OUT;
	hst_session session = {.id = hold->session,
			       .user = hold->user,
			       .key = hold->key,
			       .connected = HST_YES,
			       .locked = HST_NO,
			       .ours = true};

	if (hold->attended || hold->unlocked || !hold->session || admission->leaving ||
	    !may_have_runs(admission, hold) ||
	    admission->policy.retire(admission->policy.arg, &session, &retirement, NULL) < 0 || retirement == HST_SIGN_OUT)
		return false;
	hold->state = ADMISSION_HOLD_IDLE;
	if (retirement == HST_LOCK)
		admission_effect(effects, ADMISSION_LOCK)->hold = hold;
	return true;
}

struct admission_hold *holds_add(struct admission *admission, uint32_t number)
{
	struct admission_hold *hold = mem_alloc(sizeof *hold);
	char key[16];

	hold_key(number, key);
	hold->number = number;
	hold->state = ADMISSION_HOLD_WARM;
	table_set(&admission->holds, key, hold);
	return hold;
}

static void hold_ready(struct admission *admission, uint32_t number, struct admission_effects *effects)
{
	bool spare = warm_hold(admission) != NULL;
	struct admission_hold *hold = holds_add(admission, number);
	struct admission_run *run = run_waiting_for_hold(admission);

	if (admission->wanted > 0)
		admission->wanted--;
	/* The run that it was asked for may have been stopped meanwhile. */
	if (run)
		hold_open(hold, run, effects);
	else if (spare || admission->leaving || admission->facts.rehearses)
		holds_close(hold, effects);
	holds_keep_one_warm(admission, effects);
}

static void hold_failed(struct admission *admission, const char *text, struct admission_effects *effects)
{
	struct admission_run *run = run_waiting_for_hold(admission);

	if (admission->wanted > 0)
		admission->wanted--;
	if (run)
		admission_refuse(admission, run, "UIFlowAgentNotAvailable", REASON_RETRY, text, effects);
}

/* Those that wait for the place of this one decide anew. */
static void decide_again(struct admission *admission, const struct admission_hold *hold,
			 struct admission_effects *effects)
{
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *run = entry->value;

		if (run->awaited != hold)
			continue;
		run->awaited = NULL;
		admission_decide(admission, run, effects);
	}
}

/* Its session is no more, and no flow runs in it. */
static void hold_over(struct admission *admission, struct admission_hold *hold,
		      struct admission_effects *effects)
{
	struct admission_run *run = hold->run;

	hold->state = ADMISSION_HOLD_CLOSED;
	hold->run = NULL;
	if (run) {
		run->hold = NULL;
		admission_release(admission, run, effects);
	}
	sessions_changed(admission);
	decide_again(admission, hold, effects);
}

/* The session went, and with it what a run was doing there. Before its launch it never ran, and may start
 * elsewhere. */
static void run_bereft(struct admission *admission, struct admission_hold *hold, const char *how,
		       struct admission_effects *effects)
{
	struct admission_run *run = hold->run;

	hold->state = ADMISSION_HOLD_CLOSED;
	if (!run)
		return;
	if (run->state == ADMISSION_OPENING || run->state == ADMISSION_FETCHING) {
		hold->run = NULL;
		run->hold = NULL;
		admission_refuse(admission, run, "SessionCreationError", REASON_RETRY,
				 arena_printf(effects->arena,
					      "the session process ended before the run began: %s", how),
				 effects);
	} else if (run->state == ADMISSION_RUNNING) {
		hold->run = NULL;
		run->hold = NULL;
		resume_look(run, effects);
	}
}

/* What becomes of its session in the list, until the watch has looked again. */
static void session_left(struct admission *admission, const struct admission_hold *hold)
{
	if (hold->taken)
		sessions_theirs(admission, hold->session);
	else if (!hold->attended)
		sessions_forget(admission, hold->session);
}

static void hold_closed(struct admission *admission, struct admission_hold *hold,
			struct admission_effects *effects)
{
	run_bereft(admission, hold, "it closed the session by itself", effects);
	session_left(admission, hold);
	hold_over(admission, hold, effects);
}

static void hold_ended(struct admission *admission, struct admission_hold *hold,
		       const struct admission_event *event, struct admission_effects *effects)
{
	const char *how = event->text ? event->text : "nobody knows how";
	bool was_warm = hold->state == ADMISSION_HOLD_WARM, was_closed = hold->state == ADMISSION_HOLD_CLOSED;
	char key[16];

	hold_key(hold->number, key);
	table_remove(&admission->holds, key);
	admission->gone_holds = mem_grow(admission->gone_holds, &admission->gone_hold_size,
					 admission->gone_hold_count + 1, sizeof *admission->gone_holds);
	admission->gone_holds[admission->gone_hold_count++] = hold;
	if (was_warm) {
		admission->deaths++;
		holds_keep_one_warm(admission, effects);
	} else if (!was_closed) {
		/* Of one that dies unasked, or could not do it, the watch must say whether its session is left. */
		if (hold->state == ADMISSION_HOLD_CLOSING && event->code == HST_OK)
			session_left(admission, hold);
		run_bereft(admission, hold, how, effects);
		hold_over(admission, hold, effects);
	}
}

static void hold_opened(struct admission *admission, struct admission_hold *hold, const char *session,
			struct admission_effects *effects)
{
	hold->session = mem_text(session);
	admission->deaths = 0;
	admission_launch(admission, hold->run, effects);
}

static void open_failed(struct admission *admission, struct admission_hold *hold,
			const struct admission_event *event, struct admission_effects *effects)
{
	struct admission_run *run = hold->run;
	const struct reason *row = reason_named(event->reason);
	const char *reason = row ? event->reason : "SessionCreationError";
	enum reason_class class = row ? row->class : event->code == HST_RETRY ? REASON_RETRY : REASON_FATAL;

	/*
	 * The watch, by whose word it was decided, has not seen what the process saw: the revision may never move for it, and it moves
	 * with this process's end, so that the run would come again at once, without end. What is wrong with a sign-in is no such thing:
	 * it waits for whoever mends the connection.
	 */
	if (class == REASON_WAIT && (hold->attended || event->code == HST_RETRY))
		class = REASON_RETRY;
	hold->run = NULL;
	run->hold = NULL;
	holds_close(hold, effects);
	admission_refuse(admission, run, reason, class, event->text, effects);
}

/* A kept session had ended, which nobody here knew yet: the host offers the run again, and it gets another one. */
static void never_launched(struct admission *admission, struct admission_hold *hold, struct admission_effects *effects)
{
	struct admission_run *run = hold->run;

	hold->run = NULL;
	run->hold = NULL;
	holds_close(hold, effects);
	standing_gone(admission, run, PAST_NEVER, effects);
}

/* An error of a hold is about what it was asked to do last. */
static void hold_failed_at(struct admission *admission, struct admission_hold *hold,
			   const struct admission_event *event, struct admission_effects *effects)
{
	const char *text =
		event->text && *event->text ? event->text : "the session process could not start it";

	if (hold->state == ADMISSION_HOLD_OPENING)
		open_failed(admission, hold, event, effects);
	else if (hold->run && hold->run->state == ADMISSION_RUNNING && event->code == HST_RETRY)
		never_launched(admission, hold, effects);
	else if (hold->run && hold->run->state == ADMISSION_RUNNING)
		admission_fail(admission, hold->run, "failed",
			       reason_named(event->reason) ? event->reason : "FlowFailed", text, effects);
}

void holds_event(struct admission *admission, const struct admission_event *event,
		 struct admission_effects *effects)
{
	struct admission_hold *hold = admission_hold_of(admission, event->number);

	if (event->kind == ADMISSION_HOLD_READY && !hold)
		hold_ready(admission, event->number, effects);
	else if (event->kind == ADMISSION_HOLD_FAILED)
		hold_failed(admission, event->text, effects);
	else if (event->kind == ADMISSION_HOLD_ENDED && hold)
		hold_ended(admission, hold, event, effects);
	else if (event->kind == ADMISSION_OPENED && hold && hold->state == ADMISSION_HOLD_OPENING)
		hold_opened(admission, hold, event->session, effects);
	else if (event->kind == ADMISSION_OPEN_FAILED && hold)
		hold_failed_at(admission, hold, event, effects);
	else if (event->kind == ADMISSION_LOCK_FAILED && hold) {
		hold->unlocked = true;
		hold->taken |= event->reason && strcmp(event->reason, "SessionTaken") == 0;
		if (hold->state == ADMISSION_HOLD_IDLE)
			holds_close(hold, effects);
	} else if (event->kind == ADMISSION_CLOSED && hold && hold->state != ADMISSION_HOLD_CLOSED)
		hold_closed(admission, hold, effects);
	else if (event->kind == ADMISSION_LATE && hold && hold->state == ADMISSION_HOLD_CLOSING) {
		hold->late = true;
		admission->changed = true;
	}
}
