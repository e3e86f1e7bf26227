/* Session processes and sessions: the warm spare, deaths in every state, kept sessions, room, and the
 * device's numbers. */
#include "admission_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void init(struct admission_house *house)
{
	admission_house_init(house);
	admission_house_ready(house);
}

static void exactly_one_spare_is_kept_warm(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	assert_int_equal(house_spares(&house), 1);
	house_offer(&house, 1, 1, "bot1");
	house_said_line(&house, "want");
	house_offer(&house, 2, 2, "bot2");
	house_offer(&house, 3, 3, "bot3");
	assert_int_equal(admission_run_of(house.admission, 3, 3)->state, ADMISSION_WAITING_HOLD);
	house_hold_ready(&house);
	house_said(&house, "open 2 bot2\n");
	house_hold_ready(&house);
	house_said(&house, "open 3 bot3\n");
	house_hold_ready(&house);
	house_said(&house, "");
	assert_int_equal(house_spares(&house), 1);
	/* One that dies unused is replaced, but not without end. */
	house_hold(&house, ADMISSION_HOLD_ENDED, 4);
	house_said(&house, "want\n");
	house_hold_ready(&house);
	house_hold(&house, ADMISSION_HOLD_ENDED, 5);
	house_said(&house, "want\n");
	house_hold_ready(&house);
	house_hold(&house, ADMISSION_HOLD_ENDED, 6);
	house_said(&house, "");
	/* A run that needs one gets one all the same, and with it things are in order again. */
	house_offer(&house, 4, 4, "bot4");
	house_said_line(&house, "want");
	house_hold_ready(&house);
	house_said(&house, "open 7 bot4\n");
	house_opened(&house, 7, "s");
	house_offer(&house, 5, 5, "bot5");
	house_said_line(
		&house,
		"refused 5/5 TooManyActiveSessions wait@1: The device has as many sessions as it may have. "
		"In the way: the session of bot4 (active), called s, in which a flow runs.");
	admission_house_clear(&house);
}

/* What was asked for it comes all the same. */
static void of_a_run_that_is_stopped_while_it_waits_no_second_spare_is_left(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_offer(&house, 2, 2, "bot2");
	house_run(&house, ADMISSION_STOP, 2, 2);
	house_hold_ready(&house);
	house_said(&house, "");
	assert_int_equal(house_spares(&house), 1);
	house_hold_ready(&house);
	house_said(&house, "close 3\n");
	assert_int_equal(house_spares(&house), 1);
	house_hold(&house, ADMISSION_CLOSED, 3);
	house_hold(&house, ADMISSION_HOLD_ENDED, 3);
	assert_int_equal(house_spares(&house), 1);
	admission_house_clear(&house);
}

static void a_process_that_cannot_be_started_refuses_one_run(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_offer(&house, 2, 2, "bot2");
	house_hold(&house, ADMISSION_HOLD_FAILED, 2);
	house_said(&house,
		   "journal refused 2 2\nrefused 2/2 UIFlowAgentNotAvailable retry@1: exit status 1\n");
	house_hold(&house, ADMISSION_HOLD_FAILED, 3);
	house_said(&house, "");
	/* The next run asks for one again. */
	house_offer(&house, 3, 3, "bot3");
	house_said_line(&house, "want");
	admission_house_clear(&house);
}

static void a_process_may_die_in_every_state(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1"); /* opening */
	house_hold(&house, ADMISSION_HOLD_ENDED, 1);
	house_said(&house, "journal refused 1 1\nrefused 1/1 SessionCreationError retry@1: the session "
			   "process ended before the run began: "
			   "exit status 1\ndevice 4@2\n");
	house_hold_ready(&house);
	house_offer(&house, 2, 2, "bot1"); /* running */
	house_opened(&house, 2, "s");
	house_hold(&house, ADMISSION_HOLD_ENDED, 2);
	house_said(&house, "look 2/2\ndevice 4@3\n"); /* it may have left its outcome behind */
	house_run(&house, ADMISSION_LEFT, 2, 2);
	house_said(&house, "journal lost 2 2\ndiscard 2/2\nstanding 2/2 lost\n");
	house_hold_ready(&house);
	house_offer(&house, 3, 3, "bot1"); /* closing */
	house_opened(&house, 3, "s");
	house_ended(&house, 3, "succeeded");
	house_run(&house, ADMISSION_UPLOADED, 3, 3);
	house_hold(&house, ADMISSION_HOLD_ENDED, 3);
	house_said(&house, "released 3/3\ndiscard 3/3\ndevice 4@4\n");
	house.retirement = HST_KEEP;
	house_hold_ready(&house);
	house_offer(&house, 4, 4, "bot1"); /* idle */
	house_opened(&house, 4, "s");
	house_ended(&house, 4, "succeeded");
	house_run(&house, ADMISSION_UPLOADED, 4, 4);
	house_hold(&house, ADMISSION_HOLD_ENDED, 4);
	house_said(&house, "device 4@5\n");
	house_hold_ready(&house);
	house_offer(&house, 5, 5, "bot1");
	house_said_line(&house, "open 5 bot1");
	house_hold(&house, ADMISSION_HOLD_ENDED, 99); /* nobody's */
	house_said(&house, "");
	assert_int_equal(house_runs(&house), 1);
	admission_house_clear(&house);
}

/* Nothing was launched: the run may start elsewhere. */
static void a_process_that_dies_before_the_launch_loses_nothing(void **state)
{
	struct admission_house house;
	struct admission_run *run;

	(void)state;
	init(&house);
	run = admission_run_new(&(struct admission_run){.step = 1, .token = 1, .run_id = "r", .name = "n", .user = "bot1",
							.package = "d2", .inputs = "{}", .inputs_length = 2});
	admission_house_event(&house, &(struct admission_event){.kind = ADMISSION_OFFER, .offer = run});
	house_opened(&house, 1, "s");
	assert_int_equal(admission_run_of(house.admission, 1, 1)->state, ADMISSION_FETCHING);
	house_hold(&house, ADMISSION_HOLD_ENDED, 1);
	house_said_line(&house, "refused 1/1 SessionCreationError retry@1: the session process ended before "
				"the run began: exit status 1");
	house_package(&house, "d2", NULL);
	house_said(&house, "");
	admission_house_clear(&house);
}

/* A word about a process that has closed its session is no word about the next one. */
static void the_end_of_a_closed_process_is_no_news(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_offer(&house, 2, 2, "bot2"); /* waits for a process */
	house_opened(&house, 1, "s");
	house_ended(&house, 1, "succeeded");
	house_hold(&house, ADMISSION_CLOSED, 1);
	assert_non_null(admission_hold_of(house.admission, 1));
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said(&house, "");
	house_hold(&house, ADMISSION_HOLD_ENDED, 1);
	house_said(&house, "");
	assert_null(admission_hold_of(house.admission, 1));
	assert_int_equal(admission_run_of(house.admission, 2, 2)->state, ADMISSION_WAITING_HOLD);
	admission_house_clear(&house);
}

/* It was not asked to: the session was ended under the flow. */
static void a_session_that_closes_by_itself_ends_its_run(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_opened(&house, 1, "s");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said(&house, "look 1/1\ndevice 4@2\n");
	house_run(&house, ADMISSION_LEFT, 1, 1);
	house_said(&house, "journal lost 1 1\ndiscard 1/1\nstanding 1/1 lost\n");
	house_hold(&house, ADMISSION_HOLD_ENDED, 1);
	assert_int_equal(house_runs(&house), 0);
	admission_house_clear(&house);
}

static void a_session_that_cannot_be_opened_says_why(void **state)
{
	static const struct {
		int code;
		const char *reason, *said;
	} rows[] = {
		{HST_DENIED, "SessionCreationInvalidCredentials",
		 "refused 1/1 SessionCreationInvalidCredentials wait@1: no display"},
		{HST_RETRY, "SessionCreationError", "refused 1/1 SessionCreationError retry@1: no display"},
		{HST_RETRY, "", "refused 1/1 SessionCreationError retry@1: no display"},
		{HST_INVALID, "Unheard", "refused 1/1 SessionCreationError fatal@1: no display"},
		{HST_RETRY, "TooManyActiveSessions", "refused 1/1 TooManyActiveSessions retry@1: no display"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct admission_house house;

		init(&house);
		house_offer(&house, 1, 1, "bot1");
		house_open_failed(&house, 1, rows[i].code, rows[i].reason);
		house_said_line(&house, rows[i].said);
		house_said_line(&house, "close 1");
		/* The place is not free before the process says so. */
		house_said_line(&house, "device 3@1");
		house_hold(&house, ADMISSION_CLOSED, 1);
		house_said(&house, "device 4@2\n");
		assert_int_equal(house_runs(&house), 0);
		admission_house_clear(&house);
	}
}

static void a_launch_that_fails_ends_the_run(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_opened(&house, 1, "s");
	house_open_failed(&house, 1, HST_INVALID, "FlowNotInstalled");
	house_said(&house, "journal ended 1 1\nupload 1/1\nclose 1\n");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_said(&house, "finished 1/1 failed FlowNotInstalled\n");
	house_open_failed(&house, 1, HST_RETRY, "SessionCloseFailed"); /* while it closes: it stays there */
	house_said(&house, "");
	admission_house_clear(&house);
}

/* Rule R10. To lock is to keep. */
static void a_kept_session_is_used_again(void **state)
{
	static const hst_retirement kept[] = {HST_KEEP, HST_LOCK};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct admission_house house;

		init(&house);
		house.retirement = kept[i];
		house_offer(&house, 1, 1, "bot1");
		house_opened(&house, 1, "s");
		house_offer(&house, 2, 2, "bot1");
		house_said_line(&house,
				"refused 2/2 UIFlowAlreadyRunning wait@1: a run of bot1 is under way on d");
		house_ended(&house, 1, "succeeded");
		/* Whoever was refused for it may be asked again. */
		house_said(&house, i == 0 ? "journal ended 1 1\nupload 1/1\ndevice 4@2\n"
					  : "journal ended 1 1\nupload 1/1\nlock 1\ndevice 4@2\n");
		house_offer(&house, 2, 3, "bot1");
		house_said(&house,
			   "journal launched 2 3\nlaunch 1 2/3\ntaken 2/3 running\n");
		house_run(&house, ADMISSION_UPLOADED, 1, 1);
		house_said(&house, "finished 1/1 succeeded released\ndiscard 1/1\n");
		house_ended(&house, 1, "failed");
		house_said(&house, i == 0 ? "journal ended 2 3\nupload 2/3\n" : "journal ended 2 3\nupload 2/3\nlock 1\n"); /* nobody was refused meanwhile */
		admission_house_clear(&house);
	}
}

static void a_kept_session_gives_way_when_room_is_needed(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house.limit = 1;
	house_watch(&house);
	house.retirement = HST_KEEP;
	house_offer(&house, 1, 1, "bot1");
	house_opened(&house, 1, "s");
	house_ended(&house, 1, "succeeded");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_hold_ready(&house);
	house_offer(&house, 2, 2, "bot2");
	house_said(&house, "journal started 2 2\ntaken 2/2 preparing\nclose 1\n");
	house_offer(&house, 3, 3, "bot3"); /* too late for that place */
	house_said_line(
		&house,
		"refused 3/3 TooManyActiveSessions wait@1: The device has as many sessions as it may have. "
		"In the way: the session of bot1 (active), called s, in which a flow runs.");
	house_sees(&house, "console", "anna", HST_YES, HST_NO, false);
	house.limit = 2;
	house_watch(&house); /* something else changes: the place is still waited for */
	house_said(&house, "device 1@2\n");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said(&house, "open 2 bot2\nwant\ndevice 1@3\n");
	admission_house_clear(&house);
}

/* Rule R8, although no session is there yet: those that are promised count. */
static void the_limit_holds_for_runs_that_come_together(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house.limit = 2;
	house_sees(&house, "console", "anna", HST_YES, HST_NO, false);
	house_watch(&house);
	house_said(&house, "device 1@2\n");
	house_offer(&house, 1, 1, "bot1");
	house_offer(&house, 2, 2, "bot2");
	house_said_line(
		&house,
		"refused 2/2 TooManyActiveSessions wait@2: The device has as many sessions as it may have. "
		"In the way: the session of bot1 (active), in which a flow runs.");
	house.limit = 3;
	house.seen_count = 0;
	house_watch(&house);
	house_said(&house, "device 3@3\n");
	house_offer(&house, 3, 3, "bot2"); /* waits for a process */
	house_offer(&house, 4, 4, "bot3"); /* the same */
	house_offer(&house, 5, 5, "bot4");
	house_said_line(
		&house,
		"refused 5/5 TooManyActiveSessions wait@3: The device has as many sessions as it may have. "
		"In the way: the session of bot3 (active), in which a flow runs.");
	/* Three it is, however far each of them is. */
	house_hold_ready(&house);
	assert_int_equal(admission_device(house.admission).slots, 3);
	house_opened(&house, 1, "s");
	assert_int_equal(admission_device(house.admission).slots, 3);
	admission_house_clear(&house);
}

/* The watch may see a session before its hold has said that it is open, and after it has said that it is
 * closed. */
static void the_watch_may_be_ahead_or_behind(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_sees(&house, "s", "bot1", HST_YES, HST_NO, true);
	house_watch(&house);
	house_said(&house, "device 4@2\n");
	house_opened(&house, 1, "s");
	house_said_line(&house, "launch 1 1/1");
	assert_int_equal(admission_device(house.admission).slots, 4);
	house_ended(&house, 1, "succeeded");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said(&house, "released 1/1\ndiscard 1/1\ndevice 4@3\n");
	house_hold(&house, ADMISSION_HOLD_ENDED, 1);
	house_hold_ready(&house);
	house_offer(&house, 2, 2, "bot1"); /* the watch has not said yet that the old one is gone */
	house_said_line(&house, "open 2 bot1");
	/* Of a process that died the session may be left, until the watch says it is not. */
	house_opened(&house, 2, "t");
	house.seen_count = 0;
	house_sees(&house, "t", "bot1", HST_YES, HST_NO, true);
	house_watch(&house);
	house_hold(&house, ADMISSION_HOLD_ENDED, 2);
	house_run(&house, ADMISSION_LEFT, 2, 2);
	house_offer(&house, 3, 3, "bot1");
	house_said_line(&house, "refused 3/3 SessionExistsForTheUserWhenUnattended wait@5: The user has a "
				"session on the device, and an "
				"unattended run needs one of its own. In the way: the session of bot1 "
				"(active), called t, opened by hostler.");
	house.seen_count = 0;
	house_watch(&house);
	house_said(&house, "device 4@6\n");
	admission_house_clear(&house);
}

static void the_revision_moves_with_what_is_seen_and_only_then(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_sees(&house, "console", "anna", HST_YES, HST_NO, false);
	house_watch(&house);
	house_said(&house, "device 3@2\n");
	house_watch(&house);
	house_said(&house, "");
	house.seen[0].locked = HST_YES;
	house_watch(&house);
	house_said(&house, "device 3@3\n");
	house.seen[0].connected = HST_NO;
	house_watch(&house);
	house_said(&house, "device 3@4\n");
	house.seen[0].key = "berta";
	house_watch(&house);
	house_said(&house, "device 3@5\n");
	house.limit = 1;
	house.seen[0].id = "other";
	house_watch(&house);
	house_said(&house, "device 1@6\n"); /* no room, but one may ask who is in the way */
	house_offer(&house, 1, 1, "bot1");
	house_said_line(
		&house,
		"refused 1/1 TooManyActiveSessions wait@6: The device has as many sessions as it may have. "
		"In the way: the session of anna (disconnected), called other.");
	admission_house_clear(&house);
}

/* What a run was refused for may leave without any session changing: then too it must be asked again. */
static void whoever_was_refused_for_a_run_is_asked_again_when_it_leaves(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_identity(&house, "Bot2", "bot2");
	house_offer(&house, 1, 1, "bot1");
	house_offer(&house, 2, 2, "bot2"); /* waits for a process */
	house_offer(&house, 3, 3, "Bot2");
	house_said_line(&house, "refused 3/3 UIFlowAlreadyRunning wait@1: a run of Bot2 is under way on d");
	house_hold(&house, ADMISSION_HOLD_FAILED, 2);
	house_said(&house, "journal refused 2 2\nrefused 2/2 UIFlowAgentNotAvailable retry@1: exit status "
			   "1\ndevice 4@2\n");
	admission_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_one_spare_is_kept_warm),
		cmocka_unit_test(of_a_run_that_is_stopped_while_it_waits_no_second_spare_is_left),
		cmocka_unit_test(a_process_that_cannot_be_started_refuses_one_run),
		cmocka_unit_test(a_process_may_die_in_every_state),
		cmocka_unit_test(a_process_that_dies_before_the_launch_loses_nothing),
		cmocka_unit_test(the_end_of_a_closed_process_is_no_news),
		cmocka_unit_test(a_session_that_closes_by_itself_ends_its_run),
		cmocka_unit_test(a_session_that_cannot_be_opened_says_why),
		cmocka_unit_test(a_launch_that_fails_ends_the_run),
		cmocka_unit_test(a_kept_session_is_used_again),
		cmocka_unit_test(a_kept_session_gives_way_when_room_is_needed),
		cmocka_unit_test(the_limit_holds_for_runs_that_come_together),
		cmocka_unit_test(the_watch_may_be_ahead_or_behind),
		cmocka_unit_test(the_revision_moves_with_what_is_seen_and_only_then),
		cmocka_unit_test(whoever_was_refused_for_a_run_is_asked_again_when_it_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
