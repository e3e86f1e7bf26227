#include "table.h"

#include <string.h>

/* clang-format off */
#define GO_ON {0, NULL}
#define OPEN_ONE {HST_PLAN_OPEN, NULL}
#define USE_IT {HST_PLAN_USE, NULL}
#define REUSE_IT {HST_PLAN_REUSE, NULL}
#define CLOSE_IT {HST_PLAN_CLOSE_FIRST, NULL}
#define REFUSE(code) {HST_PLAN_REFUSE, code}

/*
 * Refusals come before the rows that let a run start, so a refusal beats a use; those about the user's own
 * sessions come first, so they are the ones that are named.
 *
 * Columns: win10 unattended, attended; server unattended, attended; open unattended, attended.
 */
const struct row table_rows[] = {
	{
		.rules = "R9",
		.words = "the user already runs a flow here",
		.there = OWN_RUNNING,
		.cells = {REFUSE("UIFlowAlreadyRunning"), REFUSE("UIFlowAlreadyRunning"),
			  REFUSE("UIFlowAlreadyRunning"), REFUSE("UIFlowAlreadyRunning"),
			  REFUSE("UIFlowAlreadyRunning"), REFUSE("UIFlowAlreadyRunning")},
	},
	{
		/*
		 * Before "locked": most systems lock what they disconnect, and the remedy is to sign out or
		 * come back.
		 */
		.rules = "R5 R6 R7",
		.words = "user, disconnected",
		.there = OWN_DISCONNECTED,
		.cells = {REFUSE("UnattendedUserSessionDisconnected"), REFUSE("AttendedUserSessionNotActive"),
			  REFUSE("UnattendedUserSessionDisconnected"), REFUSE("AttendedUserSessionNotActive"),
			  GO_ON, REFUSE("AttendedUserSessionNotActive")},
	},
	{
		.rules = "R5 R6 R7",
		.words = "user, locked",
		.there = OWN_LOCKED,
		.cells = {REFUSE("UnattendedUserSessionLocked"), REFUSE("AttendedUserSessionNotActive"),
			  REFUSE("UnattendedUserSessionLocked"), REFUSE("AttendedUserSessionNotActive"),
			  GO_ON, REFUSE("AttendedUserSessionNotActive")},
	},
	{
		.rules = "R11",
		.words = "lock state or connection of the user's own session unknown",
		.there = OWN_UNKNOWN,
		.cells = {REFUSE("SessionFactUnknown"), REFUSE("SessionFactUnknown"),
			  REFUSE("SessionFactUnknown"), REFUSE("SessionFactUnknown"), GO_ON,
			  REFUSE("SessionFactUnknown")},
	},
	{
		/*
		 * Holds with no session at all, with other users' sessions, and with hostler's own sessions
		 * of the user.
		 */
		.rules = "R5",
		.words = "no session in which the user sits",
		.not_there = OWN_OF_PERSON,
		.cells = {GO_ON, REFUSE("AttendedUserNotLoggedIn"), GO_ON, REFUSE("AttendedUserNotLoggedIn"),
			  GO_ON, REFUSE("AttendedUserNotLoggedIn")},
	},
	{
		.rules = "R6",
		.words = "another user runs a flow here",
		.there = OTHER_RUNNING,
		.cells = {GO_ON, REFUSE("AllSlotsTaken"), GO_ON, GO_ON, GO_ON, GO_ON},
	},
	{
		.rules = "R5 R6 R7",
		.words = "user, active, unlocked",
		.there = OWN_ACTIVE,
		.cells = {REFUSE("Win10AlreadyHasActiveSession"), USE_IT,
			  REFUSE("SessionExistsForTheUserWhenUnattended"), USE_IT, GO_ON, USE_IT},
	},
	{
		.rules = "R6 R7",
		.words = "user, opened by hostler, not yet running or not yet closed",
		.there = OWN_OPENED,
		.cells = {REFUSE("Win10AlreadyHasActiveSession"), GO_ON,
			  REFUSE("SessionExistsForTheUserWhenUnattended"), GO_ON, GO_ON, GO_ON},
	},
	{
		.rules = "R11",
		.words = "a session whose user is unknown",
		.there = NAMELESS,
		.cells = {REFUSE("SessionFactUnknown"), GO_ON, REFUSE("SessionFactUnknown"), GO_ON, GO_ON,
			  GO_ON},
	},
	{
		.rules = "R6",
		.words = "another user, any state",
		.there = OTHER_PRESENT | OTHER_RUNNING,
		.cells = {REFUSE("Win10AlreadyHasActiveSession"), GO_ON, GO_ON, GO_ON, GO_ON, GO_ON},
	},
	{
		.rules = "R6 R10",
		.words = "another user's kept session, nothing else in the way",
		.there = OTHER_KEPT,
		.cells = {CLOSE_IT, GO_ON, GO_ON, GO_ON, GO_ON, GO_ON},
	},
	{
		/*
		 * Takes no further place, so the limit does not matter. Not where the user has other sessions
		 * besides (R10).
		 */
		.rules = "R10",
		.words = "user's own kept session and no other of the user",
		.there = OWN_KEPT,
		.not_there = OWN_OF_PERSON | OWN_OPENED,
		.cells = {REUSE_IT, GO_ON, REUSE_IT, GO_ON, REUSE_IT, GO_ON},
	},
	{
		.rules = "R8 R10",
		.words = "limit reached, but for a kept session of another user",
		.there = OTHER_KEPT,
		.full = FULL_BUT_FOR_KEPT,
		.cells = {GO_ON, GO_ON, CLOSE_IT, GO_ON, CLOSE_IT, GO_ON},
	},
	{
		.rules = "R8",
		.words = "limit reached",
		.full = FULL,
		.cells = {GO_ON, GO_ON, REFUSE("TooManyActiveSessions"), GO_ON,
			  REFUSE("TooManyActiveSessions"), GO_ON},
	},
	{
		.rules = "R4",
		.words = "nothing of the above",
		.cells = {OPEN_ONE, REFUSE("AttendedUserNotLoggedIn"), OPEN_ONE,
			  REFUSE("AttendedUserNotLoggedIn"), OPEN_ONE, REFUSE("AttendedUserNotLoggedIn")},
	},
};
/* clang-format on */

const size_t table_row_count = sizeof table_rows / sizeof table_rows[0];

/* A session that a person of the user has. */
static enum situation own_of_person(const hst_session *session)
{
	if (session->connected == HST_NO)
		return OWN_DISCONNECTED;
	if (session->locked == HST_YES)
		return OWN_LOCKED;
	if (session->connected != HST_YES || session->locked != HST_NO)
		return OWN_UNKNOWN;
	return OWN_ACTIVE;
}

enum situation table_situation(const hst_session *session, const hst_demand *demand)
{
	bool kept = session->ours && session->kept && !session->running;

	if (!session->key || session->key[0] == '\0')
		return NAMELESS;
	if (strcmp(session->key, demand->key) != 0)
		return session->running ? OTHER_RUNNING : kept ? OTHER_KEPT : OTHER_PRESENT;
	if (session->running)
		return OWN_RUNNING;
	if (!session->ours)
		return own_of_person(session);
	if (!kept)
		return OWN_OPENED;
	/* Kept sessions are locked, so one whose lock cannot be seen may have a person in it by now. */
	return session->locked == HST_UNKNOWN ? OWN_UNKNOWN : OWN_KEPT;
}

/*
 * The first session in each situation, HST_NO_SESSION where there is none, and how many there are of kept
 * ones.
 */
struct survey {
	size_t first[SITUATION_COUNT];
	unsigned there;
	int64_t kept_of_others;
};

static void survey_sessions(struct survey *survey, const hst_session *sessions, size_t n,
			    const hst_demand *demand)
{
	*survey = (struct survey){0};
	for (size_t i = 0; i < SITUATION_COUNT; i++)
		survey->first[i] = HST_NO_SESSION;
	for (size_t i = 0; i < n; i++) {
		enum situation situation = table_situation(&sessions[i], demand);
		size_t bit = (size_t)__builtin_ctz((unsigned)situation);

		survey->there |= (unsigned)situation;
		survey->kept_of_others += situation == OTHER_KEPT;
		if (survey->first[bit] == HST_NO_SESSION)
			survey->first[bit] = i;
	}
}

/* The session a row speaks of: the first on the device that is in one of its situations. */
static size_t session_of(const struct survey *survey, unsigned situations)
{
	size_t first = HST_NO_SESSION; /* the greatest number, so any index is below it */

	for (size_t bit = 0; bit < SITUATION_COUNT; bit++)
		if ((situations & 1u << bit) && survey->first[bit] < first)
			first = survey->first[bit];
	return first;
}

static bool holds(const struct row *row, const struct survey *survey, int64_t limit, int64_t n)
{
	if (row->there && !(row->there & survey->there))
		return false;
	if (row->not_there & survey->there)
		return false;
	switch (row->full) {
	case FULL_ANY:
		return true;
	case FULL_BUT_FOR_KEPT:
		return n >= limit && n - survey->kept_of_others < limit;
	case FULL:
		return n >= limit;
	}
	return false;
}

int table_plan(enum column unattended, int64_t limit, const hst_session *sessions, size_t n,
	       const hst_demand *demand, hst_plan *ret, hst_error *err)
{
	size_t column = (size_t)unattended + (demand->attended ? 1 : 0);
	struct survey survey;

	if (!demand->key || demand->key[0] == '\0')
		return hst_fail(err, HST_INVALID, "it is not known who user \"%s\" is on this device",
				demand->user ? demand->user : "");
	survey_sessions(&survey, sessions, n, demand);
	for (size_t i = 0; i < table_row_count; i++) {
		const struct cell *cell = &table_rows[i].cells[column];
		size_t session;

		if (!cell->verdict || !holds(&table_rows[i], &survey, limit, (int64_t)n))
			continue;
		session = session_of(&survey, table_rows[i].there);
		*ret = (hst_plan){
			.verdict = cell->verdict,
			.reason = cell->reason,
			.session = cell->verdict == HST_PLAN_REFUSE ? HST_NO_SESSION : session,
			.blocker = cell->verdict == HST_PLAN_REFUSE ? session : HST_NO_SESSION,
		};
		return HST_OK;
	}
	return hst_fail(err, HST_BROKEN, "the truth table has no row for what is on this device");
}

int64_t table_free(int64_t limit, const hst_session *sessions, size_t n)
{
	int64_t used = 0;

	for (size_t i = 0; i < n; i++)
		used += !(sessions[i].ours && sessions[i].kept && !sessions[i].running);
	return used < limit ? limit - used : 0;
}

struct table_limit table_limit(int64_t max_sessions, const hst_device *device)
{
	if (max_sessions > 0)
		return (struct table_limit){max_sessions, "max_sessions"};
	return (struct table_limit){4 * (device->processors > 0 ? device->processors : 1), "four per processor"};
}

hst_retirement table_retire(const hst_session *session, bool reuse)
{
	if (!session->ours)
		return HST_KEEP;
	return reuse ? HST_LOCK : HST_SIGN_OUT;
}
