/*
 * The truth table of the rules, cell by cell, on every strategy of ours, and what else each of them promises.
 */
#include "staged.h"

#include "plugin/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { WIN10, SERVER, OPEN, STRATEGIES };

static const char *const strategy_names[] = {"win10", "server-rds", "open"};

static const hst_device linux_device = {
	.name = "pc-1", .system = HST_LINUX, .processors = 1, .load_milli = -1};
static const hst_device server_device = {
	.name = "ts-1", .system = HST_SERVER, .processors = 8, .load_milli = -1};
static const hst_device client_device = {
	.name = "pc-2", .system = HST_CLIENT, .processors = 8, .load_milli = -1};

/* clang-format off */
/* Sessions by what they are, of the user who wants to run (ME) and of others. */
#define ME .key = "1001", .user = "bot1"
#define ANNA .key = "1002", .user = "anna"
#define BEN .key = "1003", .user = "ben"
#define ACTIVE .connected = HST_YES, .locked = HST_NO
#define LOCKED .connected = HST_YES, .locked = HST_YES
#define DISCONNECTED .connected = HST_NO, .locked = HST_NO
#define RUNNING .ours = true, .running = true
#define KEPT .ours = true, .kept = true, .connected = HST_YES, .locked = HST_YES
#define S(...) {.id = "s", __VA_ARGS__}

/* clang-format on */

static struct staged opened[STRATEGIES];

static int open_all(void **unused)
{
	static const char *const three[] = {"max_sessions", "3", NULL};

	(void)unused;
	for (size_t i = 0; i < STRATEGIES; i++) {
		staged_load(&opened[i], HST_STRATEGY, strategy_names[i]);
		staged_open(&opened[i], i == WIN10 ? NULL : three);
	}
	return 0;
}

static int close_all(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < STRATEGIES; i++)
		staged_close(&opened[i]);
	return 0;
}

static hst_plan plan_of(size_t strategy, const hst_session *sessions, size_t n, bool attended)
{
	const hst_demand demand = {.user = "bot1", .key = "1001", .attended = attended};
	hst_error err = {0};
	hst_plan plan;

	if (strategy_plan(opened[strategy].instance, &linux_device, sessions, n, &demand, &plan, &err) !=
	    HST_OK)
		fail_msg("%s: %s", strategy_names[strategy], err.text);
	return plan;
}

/* What is expected, in one word: a verdict, or the code of a refusal. */
static const char *word_of(const hst_plan *plan)
{
	switch (plan->verdict) {
	case HST_PLAN_OPEN:
		return "open";
	case HST_PLAN_USE:
		return "use";
	case HST_PLAN_REUSE:
		return "reuse";
	case HST_PLAN_CLOSE_FIRST:
		return "close first";
	case HST_PLAN_REFUSE:
		return plan->reason;
	}
	return "nothing";
}

enum { SESSIONS_MAX = 5, COLUMNS = 6 };

/*
 * Columns: win10, server-rds and open, each unattended and attended. `about`: the session a plan must name,
 * from 1; 0: none.
 */
struct expectation {
	const char *what;
	size_t n;
	hst_session sessions[SESSIONS_MAX];
	const char *words[COLUMNS];
	size_t about[COLUMNS];
};

static void check_expectation(const struct expectation *want)
{
	for (size_t column = 0; column < COLUMNS; column++) {
		hst_plan plan = plan_of(column / 2, want->sessions, want->n, column % 2);
		const char *got = word_of(&plan);
		size_t named = plan.verdict == HST_PLAN_REFUSE ? plan.blocker : plan.session;
		size_t wanted = want->about[column] ? want->about[column] - 1 : HST_NO_SESSION;

		if (strcmp(got, want->words[column]) != 0)
			fail_msg("%s, %s %s: expected %s, got %s", want->what, strategy_names[column / 2],
				 column % 2 ? "attended" : "unattended", want->words[column], got);
		if (named != wanted)
			fail_msg("%s, %s %s: expected session %zd, got %zd", want->what,
				 strategy_names[column / 2], column % 2 ? "attended" : "unattended",
				 (ssize_t)wanted, (ssize_t)named);
	}
}

static void check_all(const struct expectation *wants, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_expectation(&wants[i]);
}

#define CHECK_ALL(wants) check_all(wants, sizeof(wants) / sizeof(wants)[0])

/* clang-format off */
#define NOT_IN "AttendedUserNotLoggedIn"
#define NOT_ACTIVE "AttendedUserSessionNotActive"
#define BUSY "UIFlowAlreadyRunning"
#define UNKNOWN "SessionFactUnknown"
#define WIN10_BUSY "Win10AlreadyHasActiveSession"
#define EXISTS "SessionExistsForTheUserWhenUnattended"
#define U_LOCKED "UnattendedUserSessionLocked"
#define U_AWAY "UnattendedUserSessionDisconnected"
#define FULL_UP "TooManyActiveSessions"

static void no_session(void **unused)
{
	static const struct expectation wants[] = {
		{"none", 0, {S(ME)}, {"open", NOT_IN, "open", NOT_IN, "open", NOT_IN}, {0}},
	};

	(void)unused;
	CHECK_ALL(wants);
}

static void own_session_of_a_person(void **unused)
{
	static const struct expectation wants[] = {
		{"active, unlocked", 1, {S(ME, ACTIVE)},
		 {WIN10_BUSY, "use", EXISTS, "use", "open", "use"}, {1, 1, 1, 1, 0, 1}},
		{"locked", 1, {S(ME, LOCKED)},
		 {U_LOCKED, NOT_ACTIVE, U_LOCKED, NOT_ACTIVE, "open", NOT_ACTIVE}, {1, 1, 1, 1, 0, 1}},
		{"disconnected", 1, {S(ME, DISCONNECTED)},
		 {U_AWAY, NOT_ACTIVE, U_AWAY, NOT_ACTIVE, "open", NOT_ACTIVE}, {1, 1, 1, 1, 0, 1}},
		{"disconnected and locked", 1, {S(ME, .connected = HST_NO, .locked = HST_YES)},
		 {U_AWAY, NOT_ACTIVE, U_AWAY, NOT_ACTIVE, "open", NOT_ACTIVE}, {1, 1, 1, 1, 0, 1}},
	};

	(void)unused;
	CHECK_ALL(wants);
}

/* R11: unknown means do not start. */
static void facts_that_are_unknown(void **unused)
{
	static const struct expectation wants[] = {
		{"lock state", 1, {S(ME, .connected = HST_YES, .locked = HST_UNKNOWN)},
		 {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "open", UNKNOWN}, {1, 1, 1, 1, 0, 1}},
		{"connection", 1, {S(ME, .connected = HST_UNKNOWN, .locked = HST_NO)},
		 {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "open", UNKNOWN}, {1, 1, 1, 1, 0, 1}},
		{"both", 1, {S(ME, .connected = HST_UNKNOWN, .locked = HST_UNKNOWN)},
		 {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "open", UNKNOWN}, {1, 1, 1, 1, 0, 1}},
		{"connection of a locked one", 1, {S(ME, .connected = HST_UNKNOWN, .locked = HST_YES)},
		 {U_LOCKED, NOT_ACTIVE, U_LOCKED, NOT_ACTIVE, "open", NOT_ACTIVE}, {1, 1, 1, 1, 0, 1}},
		{"lock state of a kept one", 1,
		 {S(ME, .ours = true, .kept = true, .connected = HST_YES, .locked = HST_UNKNOWN)},
		 {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "open", UNKNOWN}, {1, 1, 1, 1, 0, 1}},
		{"whose it is", 1, {S(.key = "", .user = "", ACTIVE)},
		 {UNKNOWN, NOT_IN, UNKNOWN, NOT_IN, "open", NOT_IN}, {1, 0, 1, 0, 0, 0}},
		{"everything about another user", 1,
		 {S(ANNA, .connected = HST_UNKNOWN, .locked = HST_UNKNOWN)},
		 {WIN10_BUSY, NOT_IN, "open", NOT_IN, "open", NOT_IN}, {1, 0, 0, 0, 0, 0}},
	};

	(void)unused;
	CHECK_ALL(wants);
}

/* R9, in every mode on every system, and before everything else. */
static void own_flow_already_running(void **unused)
{
	static const struct expectation wants[] = {
		{"in a session hostler opened", 1, {S(ME, ACTIVE, RUNNING)},
		 {BUSY, BUSY, BUSY, BUSY, BUSY, BUSY}, {1, 1, 1, 1, 1, 1}},
		{"in the person's session", 1, {S(ME, ACTIVE, .running = true)},
		 {BUSY, BUSY, BUSY, BUSY, BUSY, BUSY}, {1, 1, 1, 1, 1, 1}},
		{"with unknown facts", 1, {S(ME, RUNNING, .connected = HST_UNKNOWN, .locked = HST_UNKNOWN)},
		 {BUSY, BUSY, BUSY, BUSY, BUSY, BUSY}, {1, 1, 1, 1, 1, 1}},
		{"behind a locked session of the user", 3,
		 {S(ANNA, ACTIVE), S(ME, LOCKED), S(ME, ACTIVE, RUNNING)},
		 {BUSY, BUSY, BUSY, BUSY, BUSY, BUSY}, {3, 3, 3, 3, 3, 3}},
	};

	(void)unused;
	CHECK_ALL(wants);
}

static void another_users_session(void **unused)
{
	static const struct expectation wants[] = {
		{"active", 1, {S(ANNA, ACTIVE)},
		 {WIN10_BUSY, NOT_IN, "open", NOT_IN, "open", NOT_IN}, {1, 0, 0, 0, 0, 0}},
		{"locked", 1, {S(ANNA, LOCKED)},
		 {WIN10_BUSY, NOT_IN, "open", NOT_IN, "open", NOT_IN}, {1, 0, 0, 0, 0, 0}},
		{"disconnected", 1, {S(ANNA, DISCONNECTED)},
		 {WIN10_BUSY, NOT_IN, "open", NOT_IN, "open", NOT_IN}, {1, 0, 0, 0, 0, 0}},
		{"running a flow", 1, {S(ANNA, ACTIVE, RUNNING)},
		 {WIN10_BUSY, NOT_IN, "open", NOT_IN, "open", NOT_IN}, {1, 0, 0, 0, 0, 0}},
		{"below the limit", 2, {S(ANNA, ACTIVE), S(BEN, LOCKED)},
		 {WIN10_BUSY, NOT_IN, "open", NOT_IN, "open", NOT_IN}, {1, 0, 0, 0, 0, 0}},
		{"at the limit", 3, {S(ANNA, ACTIVE), S(BEN, LOCKED), S(BEN, ACTIVE, RUNNING)},
		 {WIN10_BUSY, NOT_IN, FULL_UP, NOT_IN, FULL_UP, NOT_IN}, {1, 0, 0, 0, 0, 0}},
		{"beside the user's own active one", 2, {S(ANNA, LOCKED), S(ME, ACTIVE)},
		 {WIN10_BUSY, "use", EXISTS, "use", "open", "use"}, {2, 2, 2, 2, 0, 2}},
		{"running a flow beside the user's own active one", 2,
		 {S(ME, ACTIVE), S(ANNA, ACTIVE, RUNNING)},
		 {WIN10_BUSY, "AllSlotsTaken", EXISTS, "use", "open", "use"}, {1, 2, 1, 1, 0, 1}},
	};

	(void)unused;
	CHECK_ALL(wants);
}

/* R10. */
static void kept_sessions(void **unused)
{
	static const struct expectation wants[] = {
		{"own", 1, {S(ME, KEPT)},
		 {"reuse", NOT_IN, "reuse", NOT_IN, "reuse", NOT_IN}, {1, 0, 1, 0, 1, 0}},
		{"own, at the limit", 3, {S(ANNA, ACTIVE), S(BEN, ACTIVE), S(ME, KEPT)},
		 {WIN10_BUSY, NOT_IN, "reuse", NOT_IN, "reuse", NOT_IN}, {1, 0, 3, 0, 3, 0}},
		{"own, and a person's", 2, {S(ME, KEPT), S(ME, ACTIVE)},
		 {WIN10_BUSY, "use", EXISTS, "use", "open", "use"}, {2, 2, 2, 2, 0, 2}},
		{"own, and a locked one of the person", 2, {S(ME, KEPT), S(ME, LOCKED)},
		 {U_LOCKED, NOT_ACTIVE, U_LOCKED, NOT_ACTIVE, "open", NOT_ACTIVE}, {2, 2, 2, 2, 0, 2}},
		{"not hostler's", 1, {S(ME, ACTIVE, .kept = true)},
		 {WIN10_BUSY, "use", EXISTS, "use", "open", "use"}, {1, 1, 1, 1, 0, 1}},
		{"another user's alone", 1, {S(ANNA, KEPT)},
		 {"close first", NOT_IN, "open", NOT_IN, "open", NOT_IN}, {1, 0, 0, 0, 0, 0}},
		{"another user's and a person", 2, {S(ANNA, KEPT), S(BEN, LOCKED)},
		 {WIN10_BUSY, NOT_IN, "open", NOT_IN, "open", NOT_IN}, {2, 0, 0, 0, 0, 0}},
		{"two other users'", 2, {S(ANNA, KEPT), S(BEN, KEPT)},
		 {"close first", NOT_IN, "open", NOT_IN, "open", NOT_IN}, {1, 0, 0, 0, 0, 0}},
		{"another user's, at the limit", 3, {S(ANNA, ACTIVE), S(ANNA, KEPT), S(BEN, ACTIVE)},
		 {WIN10_BUSY, NOT_IN, "close first", NOT_IN, "close first", NOT_IN}, {1, 0, 2, 0, 2, 0}},
		{"another user's, over the limit", 4,
		 {S(ANNA, ACTIVE), S(ANNA, KEPT), S(BEN, ACTIVE), S(BEN, LOCKED)},
		 {WIN10_BUSY, NOT_IN, FULL_UP, NOT_IN, FULL_UP, NOT_IN}, {1, 0, 0, 0, 0, 0}},
		{"two other users', over the limit", 4,
		 {S(ANNA, ACTIVE), S(ANNA, KEPT), S(BEN, ACTIVE), S(BEN, KEPT)},
		 {WIN10_BUSY, NOT_IN, "close first", NOT_IN, "close first", NOT_IN}, {1, 0, 2, 0, 2, 0}},
		{"another user's and the own one of a person", 2, {S(ANNA, KEPT), S(ME, ACTIVE)},
		 {WIN10_BUSY, "use", EXISTS, "use", "open", "use"}, {2, 2, 2, 2, 0, 2}},
	};

	(void)unused;
	CHECK_ALL(wants);
}

static void sessions_hostler_is_opening_or_closing(void **unused)
{
	static const struct expectation wants[] = {
		{"own", 1, {S(ME, ACTIVE, .ours = true)},
		 {WIN10_BUSY, NOT_IN, EXISTS, NOT_IN, "open", NOT_IN}, {1, 0, 1, 0, 0, 0}},
		{"another user's", 1, {S(ANNA, ACTIVE, .ours = true)},
		 {WIN10_BUSY, NOT_IN, "open", NOT_IN, "open", NOT_IN}, {1, 0, 0, 0, 0, 0}},
	};

	(void)unused;
	CHECK_ALL(wants);
}

static void a_refusal_beats_a_use_and_the_own_session_is_named(void **unused)
{
	static const struct expectation wants[] = {
		{"locked beside active", 2, {S(ME, ACTIVE), S(ME, LOCKED)},
		 {U_LOCKED, NOT_ACTIVE, U_LOCKED, NOT_ACTIVE, "open", NOT_ACTIVE}, {2, 2, 2, 2, 0, 2}},
		{"unknown beside active", 2,
		 {S(ME, ACTIVE), S(ME, .connected = HST_YES, .locked = HST_UNKNOWN)},
		 {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "open", UNKNOWN}, {2, 2, 2, 2, 0, 2}},
		{"locked behind others at the limit", 4,
		 {S(ANNA, ACTIVE), S(BEN, ACTIVE), S(BEN, LOCKED), S(ME, LOCKED)},
		 {U_LOCKED, NOT_ACTIVE, U_LOCKED, NOT_ACTIVE, FULL_UP, NOT_ACTIVE}, {4, 4, 4, 4, 0, 4}},
		{"active behind one of nobody", 2, {S(.key = "", .user = "?", ACTIVE), S(ME, ACTIVE)},
		 {WIN10_BUSY, "use", EXISTS, "use", "open", "use"}, {2, 2, 2, 2, 0, 2}},
	};

	(void)unused;
	CHECK_ALL(wants);
}

/* clang-format on */

static void a_demand_without_identity_is_an_error(void **unused)
{
	const hst_demand demand = {.user = "bot1", .key = ""};

	(void)unused;
	for (size_t i = 0; i < STRATEGIES; i++) {
		hst_error err = {0};
		hst_plan plan = {0};

		assert_int_equal(
			strategy_plan(opened[i].instance, &linux_device, NULL, 0, &demand, &plan, &err),
			HST_INVALID);
		assert_non_null(strstr(err.text, "bot1"));
		assert_int_equal(plan.verdict, 0);
	}
}

/* R8 and the places that are left. `max` 0: max_sessions is left out. */
static void check_slots(const char *name, const char *max, const hst_device *device,
			const hst_session *sessions, size_t n, int64_t want_max, int64_t want_free)
{
	const char *const options[] = {"max_sessions", max, strcmp(name, "server-rds") == 0 && max ? "rds" : NULL, "yes", NULL};
	int64_t got_max = -1, got_free = -1;
	struct staged staged;
	hst_error err = {0};

	staged_load(&staged, HST_STRATEGY, name);
	staged_open(&staged, max ? options : NULL);
	if (strategy_slots(staged.instance, device, sessions, n, &got_max, &got_free, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_int_equal(got_max, want_max);
	assert_int_equal(got_free, want_free);
	staged_close(&staged);
}

static void limits_by_system_and_by_option(void **unused)
{
	static const hst_device eight = {.name = "big", .system = HST_LINUX, .processors = 8};
	static const hst_device odd = {.name = "odd", .system = HST_LINUX, .processors = 0};

	(void)unused;
	check_slots("win10", NULL, &client_device, NULL, 0, 1, 1);
	check_slots("server-rds", NULL, &server_device, NULL, 0, 2, 2);
	check_slots("server-rds", NULL, &linux_device, NULL, 0, 4, 4);
	check_slots("server-rds", NULL, &eight, NULL, 0, 32, 32);
	check_slots("server-rds", NULL, &odd, NULL, 0, 4, 4);
	check_slots("server-rds", "0", &server_device, NULL, 0, 32, 32);
	check_slots("server-rds", "25", &server_device, NULL, 0, 25, 25);
	check_slots("open", NULL, &server_device, NULL, 0, 32, 32);
	check_slots("open", NULL, &client_device, NULL, 0, 32, 32);
	check_slots("open", "512", &linux_device, NULL, 0, 512, 512);
}

/* R8 with Remote Desktop Services and without: `from` is what people are told of the limit. */
static void check_limit(const char *rds, const char *max, const hst_device *device, int64_t want, const char *from)
{
	const char *const options[] = {"rds", rds, "max_sessions", max, NULL};
	const hst_session person = S(ANNA, ACTIVE);
	int64_t most = -1, room = -1;
	struct staged staged;
	hst_error err = {0};

	staged_load(&staged, HST_STRATEGY, "server-rds");
	staged_open(&staged, options);
	assert_int_equal(strategy_slots(staged.instance, device, &person, 1, &most, &room, &err), HST_OK);
	assert_int_equal(most, want);
	assert_int_equal(room, want - 1);
	assert_non_null(strstr(strategy_limit_from(staged.instance, device), from));
	staged_close(&staged);
}

static void more_than_two_sessions_need_remote_desktop_services(void **unused)
{
	hst_device with = server_device, without = server_device;

	(void)unused;
	with.rds = HST_RDS_YES;
	without.rds = HST_RDS_NO;
	check_limit("auto", "0", &with, 32, "four per processor");
	check_limit("auto", "5", &with, 5, "max_sessions");
	check_limit("auto", "5", &without, 2, "without Remote Desktop Services");
	check_limit("auto", "5", &server_device, 2, "nobody can say");
	check_limit("auto", "0", &server_device, 2, "nobody can say");
	check_limit("auto", "1", &server_device, 1, "max_sessions");
	check_limit("auto", "5", &linux_device, 5, "max_sessions");
	check_limit("auto", "0", &linux_device, 4, "four per processor");
	check_limit("yes", "5", &without, 5, "max_sessions");
	check_limit("yes", "0", &server_device, 32, "four per processor");
	check_limit("no", "5", &with, 2, "rds = no");
	check_limit("no", "0", &linux_device, 2, "rds = no");
}

static void places_count_people_and_not_idle_kept_sessions(void **unused)
{
	static const hst_session sessions[] = {S(ANNA, ACTIVE), S(BEN, KEPT), S(ME, ACTIVE, RUNNING),
					       S(BEN, DISCONNECTED)};

	(void)unused;
	check_slots("win10", NULL, &client_device, sessions, 1, 1, 0);
	check_slots("win10", NULL, &client_device, sessions + 1, 1, 1, 1);
	check_slots("server-rds", "3", &server_device, sessions, 2, 3, 2);
	check_slots("server-rds", "3", &server_device, sessions, 4, 3, 0);
	check_slots("server-rds", "2", &server_device, sessions, 4, 2, 0);
	check_slots("open", "5", &server_device, sessions, 4, 5, 2);
}

static void options_have_bounds(void **unused)
{
	static const char *const wrong[][3] = {{"max_sessions", "-1", NULL},
					       {"max_sessions", "10001", NULL},
					       {"max_sessions", "many", NULL},
					       {"reuse_session", "perhaps", NULL},
					       {"max_session", "3", NULL}};

	(void)unused;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct staged staged;
		hst_error err = {0};

		staged_load(&staged, HST_STRATEGY, "server-rds");
		assert_int_equal(staged_try(&staged, wrong[i], &err), HST_INVALID);
		assert_non_null(strstr(err.text, wrong[i][0]));
		staged_close(&staged);
	}
}

/* R10: people's sessions are let be, whatever the option says. */
static void retirement(void **unused)
{
	static const char *const reuse[] = {"reuse_session", "yes", NULL};
	static const hst_session ours = S(ME, ACTIVE, .ours = true), persons = S(ME, ACTIVE);

	(void)unused;
	for (size_t i = 0; i < STRATEGIES; i++) {
		struct staged staged;
		hst_retirement got;

		staged_load(&staged, HST_STRATEGY, strategy_names[i]);
		staged_open(&staged, reuse);
		assert_int_equal(strategy_retire(staged.instance, &ours, &got, NULL), HST_OK);
		assert_int_equal(got, HST_LOCK);
		assert_int_equal(strategy_retire(staged.instance, &persons, &got, NULL), HST_OK);
		assert_int_equal(got, HST_KEEP);
		assert_int_equal(strategy_retire(opened[i].instance, &ours, &got, NULL), HST_OK);
		assert_int_equal(got, HST_SIGN_OUT);
		assert_int_equal(strategy_retire(opened[i].instance, &persons, &got, NULL), HST_OK);
		assert_int_equal(got, HST_KEEP);
		staged_close(&staged);
	}
}

/* R10a. */
static void systems_they_are_for(void **unused)
{
	(void)unused;
	assert_int_equal(strategy_systems(opened[WIN10].instance), HST_CLIENT | HST_LINUX);
	assert_int_equal(strategy_systems(opened[SERVER].instance), HST_SERVER | HST_LINUX);
	assert_int_equal(strategy_systems(opened[OPEN].instance), HST_CLIENT | HST_SERVER | HST_LINUX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_session),
		cmocka_unit_test(own_session_of_a_person),
		cmocka_unit_test(facts_that_are_unknown),
		cmocka_unit_test(own_flow_already_running),
		cmocka_unit_test(another_users_session),
		cmocka_unit_test(kept_sessions),
		cmocka_unit_test(sessions_hostler_is_opening_or_closing),
		cmocka_unit_test(a_refusal_beats_a_use_and_the_own_session_is_named),
		cmocka_unit_test(a_demand_without_identity_is_an_error),
		cmocka_unit_test(limits_by_system_and_by_option),
		cmocka_unit_test(more_than_two_sessions_need_remote_desktop_services),
		cmocka_unit_test(places_count_people_and_not_idle_kept_sessions),
		cmocka_unit_test(options_have_bounds),
		cmocka_unit_test(retirement),
		cmocka_unit_test(systems_they_are_for),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
