/* Runs that their session does not end when their run time-out has passed (rule R17). */
#include "core_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_desktop_flow(house, "short", "bot1-a", "timeout = 5m\n");
	house_fresh(house, "a", 2, 1, NULL, 0);
	house_fire(house, "short");
	house_taken(house, 1, STATE_RUNNING);
}

/* The gateway is there all the time. True: the device was told to end the run meanwhile. */
static bool pass(struct core_house *house, int64_t seconds)
{
	bool told = false;

	for (; seconds > 0; seconds -= 5) {
		house_time(house, 5 * SECOND_US);
		told |= strstr(house->said.s, "halt 1/1 cancel\n") != NULL;
		house_device(house, "a", 2, 1);
	}
	return told;
}

static void the_device_is_told_and_the_run_timed_out(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	assert_false(pass(&house, 445));
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	assert_true(pass(&house, 10));
	house_step_is(&house, 1, STATE_STOPPING, "DesktopFlowsActionTimeout");
	house_step_says(&house, 1, "the run time-out of 5m passed, and a did not end the run");
	house_finished(&house, 1, STATE_CANCELLED, "Cancelled", "{}", true);
	house_step_is(&house, 1, STATE_TIMED_OUT, "DesktopFlowsActionTimeout");
	house_run_is(&house, 1, STATE_TIMED_OUT, "DesktopFlowsActionTimeout");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* What the session says of the end is the truth, even when it comes late. */
static void an_end_that_was_on_its_way_counts(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	assert_true(pass(&house, 455));
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, "{}", true);
	house_step_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_pause_has_no_length(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	assert_false(pass(&house, 290));
	house_stage(&house, 1, STATE_PAUSED);
	assert_false(pass(&house, 3600));
	house_stage(&house, 1, STATE_RUNNING);
	assert_false(pass(&house, 445));
	assert_true(pass(&house, 10));
	house_finished(&house, 1, STATE_TIMED_OUT, "DesktopFlowsActionTimeout", "{}", true);
	house_step_is(&house, 1, STATE_TIMED_OUT, "DesktopFlowsActionTimeout");
	core_house_clear(&house);
}

/* An engine that was down, or whose clock was set, knows nothing of the time between. */
static void it_is_never_early(void **state)
{
	const struct core_holding holding = {1, 1};
	struct core_house house;

	(void)state;
	init(&house);
	house.now_us += 24 * 3600 * SECOND_US;
	house_device(&house, "a", 2, 1);
	assert_false(pass(&house, 300));
	core_house_restart(&house);
	house_fresh(&house, "a", 2, 1, &holding, 1);
	house_standing(&house, 1, OFFER_RUNNING);
	assert_false(pass(&house, 440));
	assert_true(pass(&house, 15));
	house_finished(&house, 1, STATE_CANCELLED, "Cancelled", "{}", true);
	house_step_is(&house, 1, STATE_TIMED_OUT, "DesktopFlowsActionTimeout");
	core_house_clear(&house);
}

/* Nobody knows what it did while nothing was heard of it. Back, the device is told, and says how it ended. */
static void while_its_device_is_silent_it_is_lost_and_no_word_is_made_up(void **state)
{
	const struct core_holding holding = {1, 1};
	struct core_house house;

	(void)state;
	init(&house);
	house_time(&house, 14 * 60 * SECOND_US);
	assert_false(house_step(&house, 1)->state == STATE_TIMED_OUT);
	house_time(&house, 2 * 60 * SECOND_US);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_fresh(&house, "a", 2, 1, &holding, 1);
	house_standing(&house, 1, OFFER_RUNNING);
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	assert_true(pass(&house, 455));
	house_finished(&house, 1, STATE_CANCELLED, "Cancelled", "{}", true);
	house_step_is(&house, 1, STATE_TIMED_OUT, "DesktopFlowsActionTimeout");
	core_house_clear(&house);
}

/* Whoever asks for a safe stop does not make a run that is stuck last for ever. */
static void a_run_that_was_to_stop_by_itself_is_ended_too(void **state)
{
	const struct core_holding holding = {1, 1};
	struct core_house house;

	(void)state;
	init(&house);
	house_steer(&house, CORE_STOP, 1);
	house_step_is(&house, 1, STATE_STOPPING, NULL);
	assert_true(pass(&house, 455));
	house_step_is(&house, 1, STATE_STOPPING, "DesktopFlowsActionTimeout");
	/* What was told is told again to a gateway that connects anew. */
	core_house_restart(&house);
	house_fresh(&house, "a", 2, 1, &holding, 1);
	assert_non_null(strstr(house.said.s, "halt 1/1 cancel\n"));
	house_finished(&house, 1, STATE_CANCELLED, "Cancelled", "{}", true);
	house_step_is(&house, 1, STATE_TIMED_OUT, "DesktopFlowsActionTimeout");
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_device_is_told_and_the_run_timed_out),
		cmocka_unit_test(an_end_that_was_on_its_way_counts),
		cmocka_unit_test(a_pause_has_no_length),
		cmocka_unit_test(it_is_never_early),
		cmocka_unit_test(while_its_device_is_silent_it_is_lost_and_no_word_is_made_up),
		cmocka_unit_test(a_run_that_was_to_stop_by_itself_is_ended_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
