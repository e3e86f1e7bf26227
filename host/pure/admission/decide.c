/* May this run start now, and in which session: the strategy's plan, and what has to be right before it is
 * asked. */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static const char *what_hostler_does(const hst_session *session)
{
	if (session->running)
		return ", in which a flow runs";
	if (session->kept)
		return ", kept by hostler for its next run";
	return session->ours ? ", opened by hostler" : "";
}

/* The refusal's sentence names who is in the way, because that is the person to go to. */
static const char *blocker_clause(const hst_session *blocker, hst_arena *arena)
{
	return arena_printf(arena, " In the way: the session of %s (%s%s%s)%s%s%s.", blocker->user,
			    sessions_fact_text(blocker->connected, blocker->locked), blocker->doubt ? ": " : "",
			    blocker->doubt ? blocker->doubt : "", *blocker->id ? ", called " : "", blocker->id, what_hostler_does(blocker));
}

enum { USERS_NAMED_MAX = 5 };

/* Where no one session is in the way, but their number, and who has them. */
static const char *limit_clause(const struct admission *admission, const hst_session *sessions, size_t n, hst_arena *arena)
{
	const struct admission_device device = admission_device(admission);
	const char *users = "";

	for (size_t i = 0; i < n && i < USERS_NAMED_MAX; i++)
		users = arena_printf(arena, "%s%s%s", users, i ? ", " : "", sessions[i].user);
	if (n)
		users = arena_printf(arena, "has %zu, of %s%s, and ", n, users, n > USERS_NAMED_MAX ? " and others" : "");
	return arena_printf(arena, " It %smay have %lld%s%s%s.", users, (long long)device.limit, device.limit_from ? " (" : "", device.limit_from ? device.limit_from : "",
			    device.limit_from ? ")" : "");
}

static void refuse_by_plan(struct admission *admission, struct admission_run *run, const hst_plan *plan,
			   const hst_session *sessions, size_t n, struct admission_effects *effects)
{
	const struct reason *row = reason_named(plan->reason);
	const char *cause = row ? row->cause : "The session strategy refused the run.", *more = "";
	enum reason_class class = row ? row->class : REASON_WAIT;

	if (plan->blocker != HST_NO_SESSION)
		more = blocker_clause(&sessions[plan->blocker], effects->arena);
	else if (strcmp(plan->reason, "TooManyActiveSessions") == 0)
		more = limit_clause(admission, sessions, n, effects->arena);
	admission_refuse(admission, run, plan->reason, class, arena_printf(effects->arena, "%s%s", cause, more), effects);
}

bool admission_allows(const struct admission *admission, const char *user, const char *key)
{
	for (size_t i = 0; i < admission->account_count; i++)
		if (strcmp(admission->accounts[i], user) == 0)
			return true;
	for (size_t i = 0; i < admission->account_count; i++) {
		const char *known = table_get(&admission->users, admission->accounts[i]);

		if (known && strcmp(known, key) == 0)
			return true;
	}
	return false;
}

/* An account may be written in another way than the run's user: who they are decides, so it is asked, once
 * per run. */
static bool accounts_awaited(struct admission *admission, struct admission_run *run,
			     struct admission_effects *effects)
{
	bool awaited = false;

	for (size_t i = 0; i < admission->account_count; i++) {
		const char *account = admission->accounts[i];

		if (table_get(&admission->users, account))
			continue;
		if (!run->accounts_asked)
			identity_ask(admission, account, effects);
		awaited |= table_get(&admission->asked, account) != NULL;
	}
	run->accounts_asked = true;
	return awaited;
}

static bool user_runs_already(const struct admission *admission, const struct admission_run *run)
{
	TABLE_EACH(&admission->runs, entry) {
		const struct admission_run *other = entry->value;

		if (other != run && !other->released && other->key && strcmp(other->key, run->key) == 0)
			return true;
	}
	return false;
}

static struct admission_hold *hold_of(const struct admission *admission, const char *session)
{
	TABLE_EACH(&admission->holds, entry) {
		struct admission_hold *hold = entry->value;

		if (hold->session && strcmp(hold->session, session) == 0)
			return hold;
	}
	return NULL;
}

static void close_first(struct admission_run *run, struct admission_hold *hold, struct admission_effects *effects)
{
	admission_prepare(run, effects);
	run->state = ADMISSION_CLOSING_FIRST;
	run->awaited = hold;
	holds_close(hold, effects);
}

static void carry_out(struct admission *admission, struct admission_run *run, const hst_plan *plan,
		      const hst_session *sessions, size_t n, struct admission_effects *effects)
{
	struct admission_hold *hold = NULL;

	if (run->trial && !trial_may(plan)) {
		admission_refuse(admission, run, "SessionExistsForTheUserWhenUnattended", REASON_WAIT,
				 "a session that is kept here would have to go first: try again when it is gone", effects);
		return;
	}
	if (admission->facts.rehearses && plan->verdict != HST_PLAN_REFUSE) {
		admission_rehearse(admission, run, effects);
		return;
	}
	if (plan->verdict == HST_PLAN_REUSE || plan->verdict == HST_PLAN_CLOSE_FIRST) {
		hold = hold_of(admission, sessions[plan->session].id);
		if (!hold || hold->state != ADMISSION_HOLD_IDLE) {
			admission_refuse(admission, run, "SessionNotFound", REASON_RETRY,
					 "the kept session is no longer there", effects);
			return;
		}
	}
	/* What it was opened with is not what its user signs in with by now: this run is to show that it may. */
	if (plan->verdict == HST_PLAN_REUSE && strcmp(hold->login, run->login) != 0) {
		close_first(run, hold, effects);
		return;
	}
	switch (plan->verdict) {
	case HST_PLAN_OPEN:
		admission_prepare(run, effects);
		holds_give(admission, run, effects);
		break;
	case HST_PLAN_REUSE:
		hold->run = run;
		hold->state = ADMISSION_HOLD_RUNNING;
		run->hold = hold;
		admission_launch(admission, run, effects);
		break;
	case HST_PLAN_CLOSE_FIRST:
		close_first(run, hold, effects);
		break;
	case HST_PLAN_USE:
		run->session = mem_text(sessions[plan->session].id);
		admission_prepare(run, effects);
		holds_give(admission, run, effects);
		break;
	case HST_PLAN_REFUSE:
		refuse_by_plan(admission, run, plan, sessions, n, effects);
		break;
	}
}

void admission_decide(struct admission *admission, struct admission_run *run,
		      struct admission_effects *effects)
{
	hst_demand demand = {.user = run->user, .key = run->key, .attended = run->attended};
	hst_session *sessions;
	hst_error err = {{0}, {0}};
	hst_plan plan;
	size_t n;

	if (sessions_unfit(admission)) {
		admission_refuse(admission, run, "StrategyUnfit", REASON_FATAL,
				 reason_named("StrategyUnfit")->cause, effects);
		return;
	}
	if (!admission_allows(admission, run->user, run->key)) {
		if (accounts_awaited(admission, run, effects))
			return;
		admission_refuse(admission, run, "WindowsIdentityIncorrect", REASON_FATAL,
				 arena_printf(effects->arena, "user %s is not among the accounts of %s",
					      run->user, admission->device),
				 effects);
		return;
	}
	if (user_runs_already(admission, run)) {
		admission_refuse(admission, run, "UIFlowAlreadyRunning", REASON_WAIT,
				 arena_printf(effects->arena, "a run of %s is under way on %s", run->user,
					      admission->device),
				 effects);
		return;
	}
	sessions = sessions_all(admission, effects->arena, &n);
	if (admission->policy.plan(admission->policy.arg, &admission->facts, sessions, n, &demand, &plan,
				   &err) < 0) {
		admission_refuse(admission, run, "SessionCreationError", REASON_RETRY, err.text, effects);
		return;
	}
	carry_out(admission, run, &plan, sessions, n, effects);
}
