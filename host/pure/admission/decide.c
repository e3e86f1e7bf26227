/* May this run start now, and in which session: the strategy's plan, and what has to be right before it is
 * asked. */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The refusal's sentence names who is in the way, because that is the person to go to. */
static void refuse_by_plan(struct admission *admission, struct admission_run *run, const hst_plan *plan,
			   const hst_session *sessions, struct admission_effects *effects)
{
	const struct reason *row = reason_named(plan->reason);
	const char *cause = row ? row->cause : "The session strategy refused the run.";
	enum reason_class class = row ? row->class : REASON_WAIT;
	const char *text = cause;

	if (plan->blocker != HST_NO_SESSION) {
		const hst_session *blocker = &sessions[plan->blocker];

		text = arena_printf(effects->arena, "%s In the way: the session of %s (%s%s%s)%s.", cause,
				    blocker->user, sessions_fact_text(blocker->connected, blocker->locked),
				    blocker->doubt ? ": " : "", blocker->doubt ? blocker->doubt : "",
				    blocker->ours ? ", opened by hostler" : "");
	}
	admission_refuse(admission, run, plan->reason, class, text, effects);
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

static void carry_out(struct admission *admission, struct admission_run *run, const hst_plan *plan,
		      const hst_session *sessions, struct admission_effects *effects)
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
		admission_prepare(run, effects);
		run->state = ADMISSION_CLOSING_FIRST;
		run->awaited = hold;
		holds_close(hold, effects);
		break;
	case HST_PLAN_USE:
		run->session = mem_text(sessions[plan->session].id);
		admission_prepare(run, effects);
		holds_give(admission, run, effects);
		break;
	case HST_PLAN_REFUSE:
		refuse_by_plan(admission, run, plan, sessions, effects);
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

	if (!(admission->policy.systems & (unsigned)admission->facts.system)) {
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
	carry_out(admission, run, &plan, sessions, effects);
}
