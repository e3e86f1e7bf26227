/*
 * Driver sim by its ops, with a clock of the test's own: every cell of the truth table of sessions with each strategy, people who
 * act in the middle of a run, and what the script says of the ops themselves.
 */
#include "staged.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "plugin/driver.h"
#include "plugin/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOTES_MAX = 16 };

static int64_t now_us;
static char folder[] = "/tmp/test_driver_sim.XXXXXX";
static char *script;
static char notes[NOTES_MAX][1025];
static size_t note_count;

/* 2026-01-01, when each play begins. */
#define BEGINS "2026-01-01T00:00:00Z"
static const int64_t begins_us = INT64_C(1767225600) * 1000000;

static int64_t our_now_us(hst_host *host)
{
	(void)host;
	return now_us;
}

static bool our_wait(hst_call *call, int64_t ms)
{
	now_us += ms * 1000;
	return now_us <= call->deadline_us;
}

static bool our_cancelled(hst_call *call)
{
	return now_us > call->deadline_us;
}

static int our_note(hst_call *call, const char *note, hst_error *err)
{
	(void)call;
	(void)err;
	snprintf(notes[note_count++ % NOTES_MAX], sizeof notes[0], "%s", note);
	return HST_OK;
}

static void write_script(const char *text)
{
	hst_error err = {0};

	if (files_replace(script, text, strlen(text), 0600, false, &err) != HST_OK)
		fail_msg("%s", err.text);
}

static void driver_init(struct staged *driver, const char *text, const char *system)
{
	const char *const options[] = {"people_file", script, "system", system, "begins", BEGINS, "processors", "1", NULL};

	write_script(text);
	note_count = 0;
	now_us = begins_us;
	staged_load(driver, HST_DRIVER, "sim");
	driver->host.now_us = our_now_us;
	driver->host.wait = our_wait;
	driver->host.cancelled = our_cancelled;
	driver->host.note = our_note;
	staged_open(driver, options);
}

static int open_session(struct staged *driver, const char *user, const char **ret, hst_error *err)
{
	const hst_open what = {.user = user, .run_dir = "/nonexistent"};

	return driver_open(driver->instance, &driver->call, &what, ret, err);
}

static size_t listed(struct staged *driver, hst_device *device, hst_session **sessions)
{
	hst_error err = {0};
	size_t n = 0;

	if (driver_list(driver->instance, &driver->call, device, sessions, &n, &err) != HST_OK)
		fail_msg("%s", err.text);
	return n;
}

/* The table of docs/sessions.md as the articles have it: what is said of bot1, unattended and attended. */
enum column { WIN10_U, WIN10_A, SERVER_U, SERVER_A, OPEN_U, OPEN_A, COLUMNS };

#define IN_PERSON "AttendedUserNotLoggedIn"
#define NOT_ACTIVE "AttendedUserSessionNotActive"
#define WIN10_HAS "Win10AlreadyHasActiveSession"
#define LOCKED "UnattendedUserSessionLocked"
#define CUT "UnattendedUserSessionDisconnected"
#define UNKNOWN "SessionFactUnknown"
#define RUNS "UIFlowAlreadyRunning"

enum own { NO_OWN, KEPT, RUNNING };

static const struct {
	const char *script; /* what people have done before */
	enum own own;	    /* a session of bot1 that hostler has opened */
	int64_t more;	    /* sessions of others that hostler has opened: the limit is 2 */
	const char *cells[COLUMNS];
} table[] = {
	{"", NO_OWN, 0, {"open", IN_PERSON, "open", IN_PERSON, "open", IN_PERSON}},
	{"bot1 signs in\n", NO_OWN, 0, {WIN10_HAS, "use", "SessionExistsForTheUserWhenUnattended", "use", "open", "use"}},
	{"bot1 signs in\nbot1 locks\n", NO_OWN, 0, {LOCKED, NOT_ACTIVE, LOCKED, NOT_ACTIVE, "open", NOT_ACTIVE}},
	{"Bot1 signs in\nbot1 disconnects\n", NO_OWN, 0, {CUT, NOT_ACTIVE, CUT, NOT_ACTIVE, "open", NOT_ACTIVE}},
	{"ann signs in\n", NO_OWN, 0, {WIN10_HAS, IN_PERSON, "open", IN_PERSON, "open", IN_PERSON}},
	{"ann signs in\nann locks\n", NO_OWN, 0, {WIN10_HAS, IN_PERSON, "open", IN_PERSON, "open", IN_PERSON}},
	{"ann signs in\nann disconnects\n", NO_OWN, 0, {WIN10_HAS, IN_PERSON, "open", IN_PERSON, "open", IN_PERSON}},
	{"ann signs in\nlock state of ann unknown\n", NO_OWN, 0, {WIN10_HAS, IN_PERSON, "open", IN_PERSON, "open", IN_PERSON}},
	{"ann signs in\neve signs in\n", NO_OWN, 0,
	 {WIN10_HAS, IN_PERSON, "TooManyActiveSessions", IN_PERSON, "TooManyActiveSessions", IN_PERSON}},
	{"", KEPT, 0, {"reuse", IN_PERSON, "reuse", IN_PERSON, "reuse", IN_PERSON}},
	{"", RUNNING, 0, {RUNS, RUNS, RUNS, RUNS, RUNS, RUNS}},
	{"bot1 signs in\nlock state of bot1 unknown\n", NO_OWN, 0, {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "open", UNKNOWN}},
	/* Those who have come and gone, or come back, are as if they had not. */
	{"bot1 signs in\nat 1s bot1 locks\nat 2s bot1 unlocks\nat 3s bot1 disconnects\nat 4s bot1 comes back\nat 5s bot1 signs out\n", NO_OWN, 0,
	 {"open", IN_PERSON, "open", IN_PERSON, "open", IN_PERSON}},
	{"bot1 signs in\nlock state of bot1 unknown\nat 1s lock state of bot1 known\n", NO_OWN, 0,
	 {WIN10_HAS, "use", "SessionExistsForTheUserWhenUnattended", "use", "open", "use"}},
};

static const char *said(const hst_plan *plan)
{
	static const char *const verdicts[] = {
		[HST_PLAN_OPEN] = "open", [HST_PLAN_USE] = "use", [HST_PLAN_REUSE] = "reuse", [HST_PLAN_CLOSE_FIRST] = "close first"};

	return plan->verdict == HST_PLAN_REFUSE ? plan->reason : verdicts[plan->verdict];
}

static void check_cell(size_t row, enum column column)
{
	static const char *const strategies[] = {"win10", "server-rds", "open"};
	static const char *const systems[] = {"client", "server", "linux"};
	const char *const rule = strategies[column / 2];
	const char *const limit[] = {"max_sessions", "2", NULL};
	struct staged driver, strategy;
	const char *own;
	hst_session *sessions;
	hst_device device;
	hst_identity bot1;
	hst_demand demand = {.user = "BOT1", .attended = column % 2};
	hst_plan plan;
	hst_error err = {0};
	size_t n;

	driver_init(&driver, table[row].script, systems[column / 2]);
	staged_load(&strategy, HST_STRATEGY, rule);
	staged_open(&strategy, column / 2 ? limit : NULL);
	if (table[row].own)
		assert_int_equal(open_session(&driver, "bot1", &own, &err), HST_OK);
	now_us += INT64_C(60) * 1000000;
	assert_int_equal(driver_identify(driver.instance, &driver.call, demand.user, &bot1, &err), HST_OK);
	demand.key = bot1.key;
	n = listed(&driver, &device, &sessions);
	/* What the gateway knows of its own. */
	for (size_t i = 0; i < n; i++) {
		sessions[i].kept = sessions[i].ours && table[row].own == KEPT;
		sessions[i].running = sessions[i].ours && table[row].own == RUNNING;
	}
	if (strategy_plan(strategy.instance, &device, sessions, n, &demand, &plan, &err) != HST_OK)
		fail_msg("%s", err.text);
	if (strcmp(said(&plan), table[row].cells[column]) != 0)
		fail_msg("row %zu, %s %s: %s instead of %s", row, rule, demand.attended ? "attended" : "unattended", said(&plan),
			 table[row].cells[column]);
	/* Whoever is in the way is named. */
	if (plan.verdict == HST_PLAN_REFUSE && plan.blocker != HST_NO_SESSION)
		assert_true(plan.blocker < n && sessions[plan.blocker].user[0]);
	staged_close(&strategy);
	staged_close(&driver);
}

static void every_cell_of_the_truth_table_with_every_strategy(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof table / sizeof table[0]; row++)
		for (enum column column = 0; column < COLUMNS; column++)
			check_cell(row, column);
}

static void after_s(struct staged *driver, int64_t seconds)
{
	(void)driver;
	now_us = begins_us + seconds * 1000000;
}

static void what_is_done_to_a_session_in_hostlers_hands_is_told_with_its_reason(void **state)
{
	static const struct {
		const char *system, *script, *reason; /* NULL: nothing has happened */
	} cases[] = {
		{"linux", "at 10s eve throws out bot1\n", "SessionTaken"},
		{"linux", "at 10s root signs out bot1\n", "SessionEnded"},
		{"linux", "at 10s bot1 signs in\n", NULL},
		{"server", "at 10s bot1 signs in\n", "SessionTaken"},
		{"client", "at 10s BOT1 signs in\n", "SessionTaken"},
		{"server", "at 10s ann signs in\nat 11s ann locks\n", NULL},
		{"server", "at 1s eve throws out bot1\n", NULL}, /* before */
		{"server", "at 60s eve throws out bot1\n", NULL}, /* later */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct staged driver;
		const char *session;
		hst_error err = {0};
		int code;

		driver_init(&driver, cases[i].script, cases[i].system);
		after_s(&driver, 5);
		assert_int_equal(open_session(&driver, "bot1", &session, &err), HST_OK);
		assert_int_equal(driver_standing(driver.instance, &driver.call, session, &err), HST_OK);
		after_s(&driver, 20);
		code = driver_standing(driver.instance, &driver.call, session, &err);
		if ((code == HST_OK) != !cases[i].reason || (cases[i].reason && strcmp(err.reason, cases[i].reason) != 0))
			fail_msg("case %zu: %d, %s: %s", i, code, err.reason, err.text);
		staged_close(&driver);
	}
}

/* From then on it is the session of somebody else, which a strategy has to see. */
static void whoever_threw_a_user_out_is_in_the_session(void **state)
{
	struct staged driver;
	hst_session *sessions;
	hst_device device;

	(void)state;
	driver_init(&driver, "at 10s eve throws out bot1\nat 30s bot1 signs out\n", "server");
	assert_int_equal(listed(&driver, &device, &sessions), 0);
	after_s(&driver, 10);
	assert_int_equal(listed(&driver, &device, &sessions), 1);
	assert_string_equal(sessions[0].user, "bot1");
	assert_int_equal(sessions[0].connected, HST_YES);
	assert_int_equal(sessions[0].locked, HST_NO);
	assert_false(sessions[0].ours);
	after_s(&driver, 30);
	assert_int_equal(listed(&driver, &device, &sessions), 0);
	assert_int_equal(device.processors, 1);
	staged_close(&driver);
}

static void ops_take_their_time_and_fail_as_the_script_says(void **state)
{
	struct staged driver;
	const char *session = NULL;
	hst_error err = {0};

	(void)state;
	driver_init(&driver,
		    "opening takes 2s\nsign-in of bot2 fails: wrong password\nsign-in of bot3 fails: the disk is full\n"
		    "at 1m opening fails: no display\nat 2m opening works\nat 2m closing takes 1s\nat 3m sign-in of bot2 works\n"
		    "at 4m closing fails: it hangs\nat 5m closing works\nat 6m attaching fails: no bus\n",
		    "linux");
	assert_int_equal(open_session(&driver, "bot1", &session, &err), HST_OK);
	assert_int_equal(now_us, begins_us + 2 * 1000000);
	assert_string_equal(session, "sim:bot1");
	assert_string_equal(notes[0], "session sim:bot1");
	assert_int_equal(open_session(&driver, "Bot1", &session, &err), HST_RETRY);
	assert_int_equal(open_session(&driver, "bot2", &session, &err), HST_DENIED);
	assert_string_equal(err.reason, "SessionCreationInvalidCredentials");
	assert_non_null(strstr(err.text, "wrong password"));
	assert_int_equal(open_session(&driver, "bot3", &session, &err), HST_RETRY);
	assert_string_equal(err.reason, "SessionCreationError");
	after_s(&driver, 60);
	assert_int_equal(open_session(&driver, "bot4", &session, &err), HST_RETRY);
	assert_non_null(strstr(err.text, "no display"));
	after_s(&driver, 180);
	assert_int_equal(open_session(&driver, "bot2", &session, &err), HST_OK);
	after_s(&driver, 240);
	assert_true(driver_close(driver.instance, &driver.call, "sim:bot1", &err) < 0);
	after_s(&driver, 300);
	assert_int_equal(driver_close(driver.instance, &driver.call, "sim:bot1", &err), HST_OK);
	assert_int_equal(now_us, begins_us + 301 * 1000000);
	assert_int_equal(driver_close(driver.instance, &driver.call, "sim:bot1", &err), HST_OK);
	after_s(&driver, 360);
	assert_int_equal(driver_attach(driver.instance, &driver.call, "person:ann", &err), HST_RETRY);
	/* A deadline that comes first ends the waiting. */
	after_s(&driver, 0);
	driver.call.deadline_us = now_us + 1000000;
	assert_int_equal(open_session(&driver, "bot5", &session, &err), HST_CANCELLED);
	staged_close(&driver);
}

static void a_session_of_a_person_is_attached_to_and_left(void **state)
{
	struct staged driver;
	hst_session *sessions;
	hst_device device;
	hst_error err = {0};

	(void)state;
	driver_init(&driver, "Ann signs in\nat 10s eve throws out ann\n", "linux");
	assert_int_equal(driver_attach(driver.instance, &driver.call, "person:eve", &err), HST_NOT_FOUND);
	assert_string_equal(err.reason, "SessionNotFound");
	assert_int_equal(driver_attach(driver.instance, &driver.call, "person:ann", &err), HST_OK);
	assert_int_equal(listed(&driver, &device, &sessions), 1);
	assert_string_equal(sessions[0].user, "Ann");
	assert_false(sessions[0].ours);
	after_s(&driver, 11);
	assert_true(driver_standing(driver.instance, &driver.call, "person:ann", &err) < 0);
	assert_string_equal(err.reason, "SessionTaken");
	assert_int_equal(driver_close(driver.instance, &driver.call, "person:ann", &err), HST_OK);
	assert_int_equal(listed(&driver, &device, &sessions), 1);
	staged_close(&driver);
}

static void a_session_is_locked_pictured_and_reaped(void **state)
{
	static const char *const ours[] = {"session sim:bot1", "session sim:bot1"}, *const others[] = {"xvfb 12"};
	AUTO_FREE char *path = files_join(folder, "picture.png");
	AUTO_FREE char *picture = NULL;
	struct staged driver;
	const char *session;
	hst_session *sessions;
	hst_device device;
	hst_error err = {0};
	size_t length;

	(void)state;
	driver_init(&driver, "", "linux");
	assert_true(driver_can_screenshot(driver.instance));
	assert_int_equal(driver_screenshot(driver.instance, &driver.call, "sim:bot1", path, &err), HST_NOT_FOUND);
	assert_int_equal(open_session(&driver, "bot1", &session, &err), HST_OK);
	assert_int_equal(driver_screenshot(driver.instance, &driver.call, session, path, &err), HST_OK);
	assert_int_equal(files_read(path, 4096, &picture, &length, &err), HST_OK);
	assert_memory_equal(picture, "\x89PNG\r\n\x1a\n", 8);
	assert_memory_equal(picture + length - 8, "IEND\xae\x42\x60\x82", 8);
	/* A picture that is there is not written over. */
	assert_int_equal(driver_screenshot(driver.instance, &driver.call, session, path, &err), HST_RETRY);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(driver_lock(driver.instance, &driver.call, session, &err), HST_OK);
	assert_int_equal(listed(&driver, &device, &sessions), 1);
	assert_int_equal(sessions[0].locked, HST_YES);
	assert_true(sessions[0].ours);
	assert_int_equal(driver_reap(driver.instance, &driver.call, ours, 2, &err), HST_OK);
	assert_int_equal(driver_reap(driver.instance, &driver.call, others, 1, &err), HST_INVALID);
	staged_close(&driver);
}

static void a_program_runs_in_it_and_ends_with_it(void **state)
{
	char *const argv[] = {(char *)"sleep", (char *)"1000", NULL};
	const hst_start what = {.argv = argv, .directory = "/", .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
	struct staged driver;
	const char *session;
	hst_error err = {0};
	int status;
	pid_t pid;

	(void)state;
	driver_init(&driver, "starting takes 3s\nat 1m starting fails: no memory\n", "linux");
	assert_int_equal(open_session(&driver, "bot1", &session, &err), HST_OK);
	assert_int_equal(driver_start(driver.instance, &driver.call, session, &what, &pid, &err), HST_OK);
	assert_int_equal(now_us, begins_us + 3 * 1000000);
	after_s(&driver, 60);
	assert_true(driver_start(driver.instance, &driver.call, session, &what, &pid, &err) < 0);
	assert_int_equal(driver_close(driver.instance, &driver.call, session, &err), HST_OK);
	assert_int_equal(waitpid(-1, &status, 0) > 0, true);
	assert_true(WIFSIGNALED(status));
	staged_close(&driver);
}

static void a_script_that_changes_is_read_anew_and_a_wrong_one_leaves_nobody_known(void **state)
{
	struct staged driver;
	hst_session *sessions;
	hst_device device;
	hst_error err = {0};
	size_t n;

	(void)state;
	driver_init(&driver, "ann signs in\n", "linux");
	assert_int_equal(listed(&driver, &device, &sessions), 1);
	write_script("ann signs in\neve signs in\n");
	assert_int_equal(listed(&driver, &device, &sessions), 2);
	write_script("ann signs in\nann dances\n");
	assert_int_equal(driver_list(driver.instance, &driver.call, &device, &sessions, &n, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "script:2: what ann does is one of"));
	assert_int_equal(unlink(script), 0);
	assert_int_equal(driver_list(driver.instance, &driver.call, &device, &sessions, &n, &err), HST_INVALID);
	write_script("");
	assert_int_equal(listed(&driver, &device, &sessions), 0);
	staged_close(&driver);
}

static void only_the_lines_of_its_device_count(void **state)
{
	static const char text[] = "eve signs in\non ts-01 ann signs in\non ts-02 at 5s ann signs in\non ts-02 at 5s bob signs in\n";
	const char *const options[] = {"people_file", script, "begins", BEGINS, "device", "ts-02", NULL};
	struct staged driver;
	hst_session *sessions;
	hst_device device;

	(void)state;
	write_script(text);
	staged_load(&driver, HST_DRIVER, "sim");
	driver.host.now_us = our_now_us;
	staged_open(&driver, options);
	now_us = begins_us + 4 * 1000000;
	assert_int_equal(listed(&driver, &device, &sessions), 1);
	now_us = begins_us + 5 * 1000000;
	assert_int_equal(listed(&driver, &device, &sessions), 3);
	staged_close(&driver);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	script = files_join(folder, "script");
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(script);
	free(script);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_of_the_truth_table_with_every_strategy),
		cmocka_unit_test(what_is_done_to_a_session_in_hostlers_hands_is_told_with_its_reason),
		cmocka_unit_test(whoever_threw_a_user_out_is_in_the_session),
		cmocka_unit_test(ops_take_their_time_and_fail_as_the_script_says),
		cmocka_unit_test(a_session_of_a_person_is_attached_to_and_left),
		cmocka_unit_test(a_session_is_locked_pictured_and_reaped),
		cmocka_unit_test(a_program_runs_in_it_and_ends_with_it),
		cmocka_unit_test(a_script_that_changes_is_read_anew_and_a_wrong_one_leaves_nobody_known),
		cmocka_unit_test(only_the_lines_of_its_device_count),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
