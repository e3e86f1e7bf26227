/*
 * Attended runs: each is in a session of a person (rule R5), which hostler neither made nor closes, and which its person
 * may lock or leave at any time. A flow that went on typing there would do it blindly, so it is stopped.
 */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static const struct admission_breach breaches[] = {
	{"locked", "SessionLockedInRun", "the session was locked or disconnected while the flow ran in it, so the flow was stopped"},
	{"ended", "SessionEnded", "the session of the user ended while the flow ran in it, so the flow was stopped"},
};

const struct admission_breach *admission_breach_of(const char *how)
{
	for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++)
		if (strcmp(breaches[i].word, how) == 0)
			return &breaches[i];
	return NULL;
}

static const hst_session *session_of(const struct admission *admission, const struct admission_run *run)
{
	for (size_t i = 0; i < admission->seen_count; i++)
		if (strcmp(admission->seen[i].id, run->session) == 0)
			return &admission->seen[i];
	return NULL;
}

const char *attended_trouble(const struct admission *admission, const struct admission_run *run)
{
	const hst_session *session;

	if (!run->attended || !run->session || !admission->known)
		return NULL;
	session = session_of(admission, run);
	if (!session)
		return "ended";
	return session->locked == HST_YES || session->connected == HST_NO ? "locked" : NULL;
}

void attended_watch(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	const char *trouble = run->state == ADMISSION_RUNNING && !run->broken ? attended_trouble(admission, run) : NULL;
	struct admission_effect *effect;

	/* One that no process has said to have is dealt with when one has. */
	if (!trouble || !run->hold)
		return;
	run->broken = true;
	effect = admission_effect(effects, ADMISSION_HALT);
	effect->run = run;
	effect->hold = run->hold;
	effect->text = trouble;
}

bool attended_uses(const struct admission *admission, const hst_session *session)
{
	TABLE_EACH(&admission->runs, entry) {
		const struct admission_run *run = entry->value;

		if (run->attended && !run->released && run->session && strcmp(run->session, session->id) == 0)
			return true;
	}
	return false;
}

int64_t attended_places(const struct admission *admission, const hst_session *sessions, size_t n)
{
	int64_t places = 0;

	for (size_t i = 0; i < n; i++) {
		const hst_demand demand = {.user = sessions[i].user, .key = sessions[i].key, .attended = true};
		hst_plan plan;

		if (sessions[i].ours || sessions[i].running || !admission_allows(admission, sessions[i].user, sessions[i].key))
			continue;
		places += admission->policy.plan(admission->policy.arg, &admission->facts, sessions, n, &demand, &plan, NULL) == HST_OK &&
			  plan.verdict == HST_PLAN_USE && plan.session == i;
	}
	return places;
}
