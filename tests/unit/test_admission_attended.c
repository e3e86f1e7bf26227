/* Runs in a session of a person, who may lock it or leave at any time. */
#include "admission_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* bot1 sits at the device, and a spare process is warm. */
static void init(struct admission_house *house)
{
	admission_house_init(house);
	admission_house_ready(house);
	house_watch_one(house, "bot1", HST_NO);
}

static void begin(struct admission_house *house)
{
	init(house);
	house_offer_attended(house, 1, 1, "bot1");
	house_opened(house, 1, "person");
	house_said(house, "journal launched 1 1\nlaunch 1 1/1\nstage 1/1 running\n");
	house_hold_ready(house);
}

static void a_run_uses_the_session_and_lets_it_go(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house.retirement = HST_LOCK; /* nobody asks: the session is not hostler's */
	house_offer_attended(&house, 1, 1, "bot1");
	house_said(&house, "journal started 1 1\ntaken 1/1 preparing\nattach 1 bot1 to person\nwant\n");
	house_opened(&house, 1, "person");
	house_ended(&house, 1, "succeeded");
	house_said(&house, "journal ended 1 1\nupload 1/1\nclose 1\n");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said_line(&house, "released 1/1");
	/* The person sits there as before, although the watch, for which nothing has changed, says nothing. */
	house_hold_ready(&house);
	house_offer_attended(&house, 2, 2, "bot1");
	house_said_line(&house, "attach 2 bot1 to person");
	admission_house_clear(&house);
}

static void a_run_starts_when_its_person_comes(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	house_offer_attended(&house, 1, 1, "bot1");
	house_said_line(&house, "refused 1/1 AttendedUserNotLoggedIn wait@1: An attended run needs its user to be signed in, "
				"and nobody of that name is.");
	house_watch_one(&house, "bot1", HST_YES);
	house_said(&house, "device 3@2\n"); /* the revision has moved: it is asked again */
	house_offer_attended(&house, 2, 2, "bot1");
	house_said_line(&house, "refused 2/2 AttendedUserSessionNotActive wait@2: The user's session is locked or "
				"disconnected, so an attended run cannot use it. In the way: the session of bot1 (locked), called person.");
	house_watch_one(&house, "bot1", HST_NO);
	house_said(&house, "device 4@3\n");
	house_offer_attended(&house, 3, 3, "bot1");
	house_said_line(&house, "attach 1 bot1 to person");
	admission_house_clear(&house);
}

static void what_is_not_known_is_named(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	house_sees(&house, "person", "bot1", HST_YES, HST_UNKNOWN, false);
	house.seen[0].doubt = "no cookie for it can be read";
	house_watch(&house);
	house_offer_attended(&house, 1, 1, "bot1");
	house_said_line(&house, "refused 1/1 SessionFactUnknown wait@2: A fact about a session could not be determined, and "
				"unknown means do not start. In the way: the session of bot1 (lock state unknown: no cookie "
				"for it can be read), called person.");
	house.seen[0].doubt = "its X server does not answer";
	house_watch(&house);
	house_said_line(&house, "device 3@3");
	admission_house_clear(&house);
}

static void sessions_of_others_and_of_hostler_are_not_used(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	house.retirement = HST_LOCK;
	admission_house_ready(&house);
	house_whole_run(&house, 1, 1, "bot1"); /* leaves a kept session of bot1 */
	house_watch_one(&house, "anna", HST_NO);
	house_offer_attended(&house, 2, 2, "bot1");
	house_said_line(&house, "refused 2/2 AttendedUserNotLoggedIn wait@3: An attended run needs its user to be signed in, "
				"and nobody of that name is.");
	admission_house_clear(&house);
}

static void two_runs_of_one_user_are_never_at_once(void **state)
{
	struct admission_house house;

	(void)state;
	begin(&house);
	house_offer_attended(&house, 2, 2, "bot1");
	house_said_line(&house, "refused 2/2 UIFlowAlreadyRunning wait@2: a run of bot1 is under way on d");
	house_offer(&house, 3, 3, "bot1");
	house_said_line(&house, "refused 3/3 UIFlowAlreadyRunning wait@2: a run of bot1 is under way on d");
	admission_house_clear(&house);
}

/* A session in which an attended run can start takes no place from the others. */
static void every_person_is_a_place(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	house.limit = 2;
	admission_house_ready(&house);
	assert_int_equal(admission_device(house.admission).slots, 2);
	house_sees(&house, "p1", "bot1", HST_YES, HST_NO, false);
	house_sees(&house, "p2", "bot2", HST_YES, HST_NO, false);
	house_sees(&house, "p3", "bot3", HST_YES, HST_YES, false);
	house_watch(&house);
	assert_int_equal(admission_device(house.admission).slots, 2);
	house_offer_attended(&house, 1, 1, "bot1");
	house_said_line(&house, "attach 1 bot1 to p1");
	assert_int_equal(admission_device(house.admission).slots, 2);
	admission_house_clear(&house);
}

static void a_lock_fails_the_run_once(void **state)
{
	struct admission_house house;

	(void)state;
	begin(&house);
	house_watch_one(&house, "bot1", HST_UNKNOWN);
	house_said(&house, "device 4@3\n"); /* nobody knows: it goes on */
	house_watch_one(&house, "bot1", HST_YES);
	house_said(&house, "halt 1 1/1 locked\ndevice 4@4\n");
	house_watch_one(&house, "bot1", HST_NO);
	house_watch_one(&house, "bot1", HST_YES);
	house_said(&house, "device 4@6\n");
	admission_house_event(&house, &(struct admission_event){.kind = ADMISSION_FINISHED,
								.number = 1,
								.end = "failed",
								.reason = "SessionLockedInRun",
								.payload = "{}",
								.payload_length = 2});
	house_said(&house, "journal ended 1 1\nupload 1/1\nclose 1\n");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_said(&house, "finished 1/1 failed SessionLockedInRun\n");
	admission_house_clear(&house);
}

static void a_person_who_signs_out_ends_the_run(void **state)
{
	struct admission_house house;

	(void)state;
	begin(&house);
	house_watch_one(&house, NULL, HST_NO);
	house_said(&house, "halt 1 1/1 ended\ndevice 5@3\n");
	admission_house_clear(&house);
}

/* Nothing was typed yet, so nothing is lost: it waits for the person like any other. */
static void a_lock_before_the_launch_gives_the_run_back(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer_attended(&house, 1, 1, "bot1");
	house_watch_one(&house, "bot1", HST_YES);
	house_opened(&house, 1, "person");
	house_said_line(&house, "close 1");
	house_said_line(&house, "refused 1/1 AttendedUserSessionNotActive wait@3: The user's session is locked or "
				"disconnected, so an attended run cannot use it.");
	assert_int_equal(house_runs(&house), 0);
	admission_house_clear(&house);
}

/* The process has seen what the watch has not: there may be no change any more that it could wait for. */
static void what_the_process_sees_is_tried_again(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer_attended(&house, 1, 1, "bot1");
	house_open_failed(&house, 1, HST_RETRY, "AttendedUserSessionNotActive");
	house_said_line(&house, "refused 1/1 AttendedUserSessionNotActive retry@2: no display");
	admission_house_clear(&house);
}

static void another_gateway_goes_on_with_it(void **state)
{
	struct admission_event adopted = {.kind = ADMISSION_ADOPTED,
					  .adopted = ADMISSION_ADOPTED_RUNNING,
					  .number = 1,
					  .session = "person",
					  .user = "bot1",
					  .key = "bot1",
					  .attended = true,
					  .step = 1,
					  .token = 1};
	struct admission_house house;

	(void)state;
	begin(&house);
	admission_house_resume(&house);
	house_watch_one(&house, "bot1", HST_YES);
	admission_house_event(&house, &adopted);
	house_said_line(&house, "halt 1 1/1 locked");
	house_ended(&house, 1, "failed");
	house_said_line(&house, "close 1");
	/* One that had ended before is let go, and never kept. */
	house.retirement = HST_LOCK;
	adopted.adopted = ADMISSION_ADOPTED_IDLE;
	adopted.number = 2;
	admission_house_event(&house, &adopted);
	house_said_line(&house, "close 2");
	admission_house_clear(&house);
}

static void one_that_was_not_launched_is_offered_again(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer_attended(&house, 1, 1, "bot1");
	admission_house_resume(&house);
	house_watch_one(&house, "bot1", HST_NO);
	admission_house_event(&house, &(struct admission_event){.kind = ADMISSION_GATHERED});
	house_said_line(&house, "refused 1/1 SessionCreationError retry@1: the gateway was restarted before the run began");
	admission_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_uses_the_session_and_lets_it_go),
		cmocka_unit_test(a_run_starts_when_its_person_comes),
		cmocka_unit_test(what_is_not_known_is_named),
		cmocka_unit_test(sessions_of_others_and_of_hostler_are_not_used),
		cmocka_unit_test(two_runs_of_one_user_are_never_at_once),
		cmocka_unit_test(every_person_is_a_place),
		cmocka_unit_test(a_lock_fails_the_run_once),
		cmocka_unit_test(a_person_who_signs_out_ends_the_run),
		cmocka_unit_test(a_lock_before_the_launch_gives_the_run_back),
		cmocka_unit_test(what_the_process_sees_is_tried_again),
		cmocka_unit_test(another_gateway_goes_on_with_it),
		cmocka_unit_test(one_that_was_not_launched_is_offered_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
