/* A gateway died, and the next one goes on by its journal: with the processes that are handed over, and without. */
#include "admission_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void init(struct admission_house *house)
{
	admission_house_init(house);
	house->policy.acknowledged = true;
	admission_house_ready(house);
}

static void gathered(struct admission_house *house)
{
	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_GATHERED});
}

static void status(struct admission_house *house, int64_t step, int64_t token)
{
	admission_house_event(house, &(struct admission_event){
					     .kind = ADMISSION_STATUS, .step = step, .token = token, .id = 1});
}

static void left(struct admission_house *house, int64_t step, int64_t token, const char *end)
{
	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_LEFT,
							       .step = step,
							       .token = token,
							       .end = end,
							       .reason = "",
							       .payload = "{}",
							       .payload_length = 2,
							       .started_us = 3,
							       .ended_us = 4});
}

/* A run in a session of process 1, whose gateway then dies. */
static void launch_and_die(struct admission_house *house)
{
	init(house);
	house_offer(house, 1, 1, "bot1");
	house_opened(house, 1, "s 1");
	house_said_line(house, "launch 1 1/1");
	admission_house_resume(house);
	house_said(house, "");
	assert_int_equal(house_runs(house), 1);
}

static void a_run_goes_on_with_its_process(void **state)
{
	struct admission_house house;

	(void)state;
	launch_and_die(&house);
	status(&house, 1, 1);
	house_said(&house, "standing 1/1 running\n");
	house_adopted(&house, 9, ADMISSION_ADOPTED_RUNNING, "s 1", "bot1", 1, 1);
	house_said(&house, "");
	gathered(&house);
	house_said(&house, "");
	admission_house_event(&house, &(struct admission_event){.kind = ADMISSION_FINISHED,
								.number = 9,
								.id = 2,
								.end = "succeeded",
								.reason = "",
								.payload = "{\"a\": \"b % c\"}",
								.payload_length = 14});
	house_said(&house, "journal ended 1 1\nhave 9 2\nupload 1/1\nclose 9\n");
	/* And that gateway dies too: the outcome is in the journal, to the letter. */
	admission_house_resume(&house);
	house_said(&house, "upload 1/1\n");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_said(&house, "finished 1/1 succeeded released\n");
	assert_string_equal(admission_run_of(house.admission, 1, 1)->result, "{\"a\": \"b % c\"}");
	house_run(&house, ADMISSION_HEARD, 1, 1);
	house_said(&house, "journal heard 1 1\ndiscard 1/1\n");
	admission_house_resume(&house);
	house_said(&house, "");
	assert_int_equal(house_runs(&house), 0);
	house_offer(&house, 1, 1, "bot1");
	house_said_line(&house, "refused 1/1 OutcomeUnknown fatal@0: the run has ended on the device already, and its "
				"outcome did not reach the host");
	admission_house_clear(&house);
}

static void a_run_whose_process_is_gone_is_lost(void **state)
{
	struct admission_house house;

	(void)state;
	launch_and_die(&house);
	house_adopted(&house, 9, ADMISSION_ADOPTED_IDLE, "s 2", "bot2", 0, 0); /* somebody else's */
	house_said(&house, "close 9\n");
	gathered(&house);
	house_said(&house, "look 1/1\n");
	left(&house, 1, 1, NULL);
	house_said(&house, "journal lost 1 1\ndiscard 1/1\nstanding 1/1 lost\n");
	/* Until the host has heard. */
	admission_house_resume(&house);
	admission_house_event(&house, &(struct admission_event){.kind = ADMISSION_HOST_UP});
	house_said(&house, "standing 1/1 lost\n");
	house_run(&house, ADMISSION_HEARD, 1, 1);
	house_said(&house, "journal heard 1 1\n");
	admission_house_resume(&house);
	admission_house_event(&house, &(struct admission_event){.kind = ADMISSION_HOST_UP});
	house_said(&house, "");
	status(&house, 1, 1);
	house_said(&house, "standing 1/1 lost\n");
	house_offer(&house, 1, 1, "bot1");
	house_said_line(&house, "refused 1/1 OutcomeUnknown fatal@0: the run was launched on the device already, and "
				"nobody knows how it ended");
	admission_house_clear(&house);
}

static void an_outcome_that_a_process_left_behind_is_found(void **state)
{
	struct admission_house house;

	(void)state;
	launch_and_die(&house);
	gathered(&house);
	house_said(&house, "look 1/1\n");
	left(&house, 1, 1, "failed");
	house_said(&house, "journal ended 1 1\nupload 1/1\n");
	left(&house, 1, 1, NULL); /* twice */
	house_said(&house, "");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_said(&house, "finished 1/1 failed released\n");
	admission_house_clear(&house);
}

/* The launch was journalled, and the gateway died before it said so: the flow never began. */
static void a_launch_that_never_was_is_given_back(void **state)
{
	struct admission_house house;

	(void)state;
	launch_and_die(&house);
	house_adopted(&house, 9, ADMISSION_ADOPTED_IDLE, "s 1", "bot1", 0, 0);
	house_said(&house, "journal never 1 1\ndiscard 1/1\nstanding 1/1 never\nclose 9\n");
	gathered(&house);
	house_said(&house, "");
	admission_house_event(&house, &(struct admission_event){.kind = ADMISSION_HOST_UP});
	house_said(&house, "standing 1/1 never\n");
	house_offer(&house, 1, 1, "bot1");
	house_said_line(&house, "refused 1/1 Cancelled retry@0: nothing was done for the offer, and the host has it back");
	admission_house_clear(&house);
}

/* Likewise, and its process went before anybody adopted it: it left word of that. */
static void a_launch_that_is_left_as_never_is_given_back(void **state)
{
	struct admission_house house;

	(void)state;
	launch_and_die(&house);
	gathered(&house);
	house_said(&house, "look 1/1\n");
	left(&house, 1, 1, "never");
	house_said(&house, "journal never 1 1\ndiscard 1/1\nstanding 1/1 never\n");
	house_offer(&house, 1, 1, "bot1");
	house_said_line(&house, "refused 1/1 Cancelled retry@0: nothing was done for the offer, and the host has it back");
	admission_house_clear(&house);
}

static void what_was_not_launched_never_ran(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1"); /* opens */
	house_offer(&house, 2, 2, "bot2"); /* waits for a process */
	house_identity(&house, "BOT3", NULL);
	admission_house_resume(&house);
	assert_int_equal(house_runs(&house), 2);
	status(&house, 1, 1);
	house_said(&house, "standing 1/1 preparing\n");
	/* Its process had the session open by then. */
	house_adopted(&house, 9, ADMISSION_ADOPTED_IDLE, "s", "bot1", 0, 0);
	house_said(&house, "close 9\n");
	gathered(&house);
	house_said(&house, "journal refused 1 1\njournal refused 2 2\n"
			   "refused 1/1 SessionCreationError retry@1: the gateway was restarted before the run began\n"
			   "refused 2/2 SessionCreationError retry@1: the gateway was restarted before the run began\n");
	status(&house, 1, 1);
	house_said(&house, "standing 1/1 never\n");
	admission_house_clear(&house);
}

/* Rule R9, and the limit, hold before anybody has said what still runs. */
static void nobody_takes_the_place_of_what_may_still_run(void **state)
{
	struct admission_house house;

	(void)state;
	launch_and_die(&house);
	house.limit = 1;
	house_sees(&house, "s 1", "bot1", HST_YES, HST_NO, true);
	house_watch(&house);
	house_said(&house, "device 1@1\n");
	house_identity(&house, "bot1", "bot1");
	house_identity(&house, "bot2", "bot2");
	house_offer(&house, 2, 2, "bot1");
	house_said_line(&house, "refused 2/2 UIFlowAlreadyRunning wait@1: a run of bot1 is under way on d");
	house_offer(&house, 3, 3, "bot2");
	house_said_line(&house, "refused 3/3 TooManyActiveSessions wait@1: The device has as many sessions as it may "
				"have. In the way: the session of bot1 (active), in which a flow runs.");
	admission_house_clear(&house);
}

static void a_kept_session_stays_kept(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house.retirement = HST_KEEP;
	admission_house_resume(&house);
	house_watch(&house);
	house_said(&house, "device 4@1\n"); /* no spare yet: one may be handed over */
	house_package(&house, "d1", NULL);
	house_identity(&house, "bot1", "bot1");
	house_adopted(&house, 9, ADMISSION_ADOPTED_IDLE, "s", "bot1", 0, 0);
	house_said(&house, "device 4@2\n");
	house_adopted(&house, 9, ADMISSION_ADOPTED_IDLE, "s", "bot1", 0, 0);
	house_said(&house, "");
	gathered(&house);
	house_said(&house, "want\n");
	house_offer(&house, 1, 1, "bot1");
	house_said(&house, "journal launched 1 1\nlaunch 9 1/1\ntaken 1/1 running\n");
	admission_house_clear(&house);
}

static void what_nobody_knows_is_ended(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	admission_house_resume(&house);
	house_adopted(&house, 9, ADMISSION_ADOPTED_RUNNING, "s", "bot1", 7, 7);
	house_said(&house, "close 9\n");
	house_adopted(&house, 10, ADMISSION_ADOPTED_WARM, "", "", 0, 0);
	house_watch(&house);
	gathered(&house);
	house_said(&house, ""); /* it is the spare */
	assert_int_equal(house_runs(&house), 0);
	admission_house_clear(&house);
}

/* Somebody cancels a run while it is not known yet which process has it. */
static void a_stop_waits_for_the_process(void **state)
{
	struct admission_house house;

	(void)state;
	launch_and_die(&house);
	house_run(&house, ADMISSION_STOP, 1, 1);
	house_said(&house, "");
	house_adopted(&house, 9, ADMISSION_ADOPTED_RUNNING, "s 1", "bot1", 1, 1);
	house_said(&house, "halt 9 1/1 stop\n");
	admission_house_clear(&house);
}

static void a_session_that_does_not_close_is_shown_as_stuck(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_opened(&house, 1, "s");
	house_ended(&house, 1, "succeeded");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_hold(&house, ADMISSION_LATE, 1);
	house_said(&house, "device 4@1\n");
	assert_int_equal(house_stuck(&house), 1);
	house_sees(&house, "s", "bot1", HST_YES, HST_NO, true);
	house_watch(&house);
	/* Its process is ended; the session is there still, until the watch sees it no more. */
	admission_house_event(&house, &(struct admission_event){
					      .kind = ADMISSION_HOLD_ENDED, .number = 1, .code = HST_BROKEN, .text = "killed"});
	assert_int_equal(house_stuck(&house), 1);
	assert_int_equal(admission_device(house.admission).slots, 3);
	house.seen_count = 0;
	house_watch(&house);
	assert_int_equal(house_stuck(&house), 0);
	assert_int_equal(admission_device(house.admission).slots, 4);
	house_hold(&house, ADMISSION_LATE, 1);
	house_said(&house, "");
	admission_house_clear(&house);
}

static void damaged_records_are_refused(void **state)
{
	static const char *const records[] = {
		"",
		"lost",
		"lost 1",
		"lost  1 1",
		"lost 1 1 ",
		" lost 1 1",
		"lost 1 1 1",
		"lost -1 1",
		"lost 1 99999999999999999999",
		"lost 1 x",
		"stolen 1 1",
		"started 1 1 7 bot1 bot1",
		"started 1 1 7 bo%t1 bot1 -",
		"started 1 1 x bot1 bot1 -",
		"ended 1 1 succeeded - 1 2 {%}",
		"ended 1 1 succeeded - 1 2 {} -", "ended 1 1 succeeded - 1 2 {} %4", "ended 1 1 succeeded - 1 2 {} x y",
		"refused 1 1 Reason%2 wait",
	};
	struct admission_house house;
	hst_error err = {0};

	(void)state;
	admission_house_init(&house);
	for (size_t i = 0; i < sizeof records / sizeof *records; i++)
		if (admission_replay(house.admission, records[i], strlen(records[i]), &err) != HST_INVALID)
			fail_msg("\"%s\" was taken", records[i]);
	assert_int_equal(admission_replay(house.admission, "lost 1\0 1", 9, &err), HST_INVALID);
	assert_int_equal(house_runs(&house), 0);
	admission_house_clear(&house);
}

static void contradictions_are_refused(void **state)
{
	static const char *const pairs[][2] = {
		{"lost 1 1", "launched 1 1 7 bot1 bot1 s"},
		{"never 1 1", "started 1 1 7 bot1 bot1 -"},
		{"ended 1 1 succeeded - 1 2 {}", "launched 1 1 7 bot1 bot1 s"},
		{"ended 1 1 succeeded - 1 2 {}", "ended 1 1 failed - 1 2 {}"},
		{"ended 1 1 succeeded - 1 2 {}", "lost 1 1"},
		{"launched 1 1 7 bot1 bot1 s", "refused 1 1 Cancelled retry"},
		{"launched 1 1 7 bot1 bot1 s", "launched 1 1 7 bot1 bot1 s"},
		{"launched 1 1 7 bot1 bot1 s", "heard 1 1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct admission_house house;
		hst_error err = {0};

		admission_house_init(&house);
		assert_int_equal(admission_replay(house.admission, pairs[i][0], strlen(pairs[i][0]), &err), HST_OK);
		if (admission_replay(house.admission, pairs[i][1], strlen(pairs[i][1]), &err) != HST_INVALID)
			fail_msg("\"%s\" was taken after \"%s\"", pairs[i][1], pairs[i][0]);
		admission_house_clear(&house);
	}
}

/* A run of a day sees a thousand others begin and end. */
static void what_is_under_way_stays_known_however_old_it_is(void **state)
{
	struct admission_house house;

	(void)state;
	launch_and_die(&house);
	for (int64_t token = 2; token <= 1200; token++)
		status(&house, token, token);
	admission_house_rewrite(&house);
	admission_house_resume(&house);
	status(&house, 1, 1);
	house_said(&house, "standing 1/1 running\n");
	status(&house, 5, 5);
	house_said(&house, "standing 5/5 lost\n");
	house_adopted(&house, 9, ADMISSION_ADOPTED_RUNNING, "s 1", "bot1", 1, 1);
	house_ended(&house, 9, "succeeded");
	admission_house_resume(&house);
	house_said(&house, "upload 1/1\n");
	admission_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_goes_on_with_its_process),
		cmocka_unit_test(a_run_whose_process_is_gone_is_lost),
		cmocka_unit_test(an_outcome_that_a_process_left_behind_is_found),
		cmocka_unit_test(a_launch_that_never_was_is_given_back),
		cmocka_unit_test(a_launch_that_is_left_as_never_is_given_back),
		cmocka_unit_test(what_was_not_launched_never_ran),
		cmocka_unit_test(nobody_takes_the_place_of_what_may_still_run),
		cmocka_unit_test(a_kept_session_stays_kept),
		cmocka_unit_test(what_nobody_knows_is_ended),
		cmocka_unit_test(a_stop_waits_for_the_process),
		cmocka_unit_test(a_session_that_does_not_close_is_shown_as_stuck),
		cmocka_unit_test(damaged_records_are_refused),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(what_is_under_way_stays_known_however_old_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
