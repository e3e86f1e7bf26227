/* A run that is told to stop, from every state, and what becomes of it and of its steps. */
#include "core_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_flow(house, "[flow]\nname = desk\n[step do]\nuse = desktop:type\nconnection = bot1-a\n"
			       "mode = unattended\n[step after]\nuse = connector:x.y\n");
	core_house_flow(house, "[flow]\nname = call\n[step do]\nuse = connector:x.y\n[step after]\n"
			       "use = connector:x.y\n");
	core_house_flow(house, "[flow]\nname = one\nconcurrency = 1\n[step do]\nuse = connector:x.y\n");
	core_house_desktop_flow(house, "only", "bot1-a", NULL);
	house_device(house, "a", 1, 1);
}

static void a_run_over_its_flows_concurrency_ends_and_holds_nobody_up(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	for (int i = 0; i < 4; i++)
		house_fire(&house, "one");
	house_steer_refused(&house, CORE_TOP, 2, HST_DENIED, "#2 is queued");
	house_steer(&house, CORE_CANCEL, 3);
	house_run_is(&house, 3, STATE_CANCELLED, "Cancelled");
	assert_string_equal(house_run(&house, 3)->text, "cancelled by anna");
	house_steer(&house, CORE_STOP, 4);
	house_run_is(&house, 4, STATE_CANCELLED, "Cancelled");
	house_fire(&house, "one");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_said(&house, "call 2 x.y {}\n");
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{}");
	house_said(&house, "call 3 x.y {}\n");
	house_returned(&house, 3, STATE_SUCCEEDED, NULL, "{}");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_run_whose_step_waits_ends_at_once_and_frees_its_place(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "only");
	house_fire(&house, "desk");
	house_step_is(&house, 2, STATE_QUEUED, "UIFlowAlreadyRunning");
	house_steer(&house, CORE_CANCEL, 2);
	house_step_is(&house, 2, STATE_CANCELLED, "Cancelled");
	house_run_is(&house, 2, STATE_CANCELLED, "Cancelled");
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	house_said(&house, "");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Until its gateway has spoken its device is taken. */
static void a_run_on_a_device_is_stopping_until_its_gateway_has_spoken(void **state)
{
	static const enum state stages[] = {STATE_OFFERED, STATE_PREPARING, STATE_RUNNING, STATE_PAUSED};

	(void)state;
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
		struct core_house house;

		init(&house);
		house_fire(&house, "desk");
		if (stages[i] >= STATE_PREPARING)
			house_taken(&house, 1, stages[i] == STATE_PREPARING ? STATE_PREPARING : STATE_RUNNING);
		if (stages[i] == STATE_PAUSED)
			house_stage(&house, 1, STATE_PAUSED);
		house_run_is(&house, 1, stages[i] == STATE_PAUSED ? STATE_PAUSED : STATE_RUNNING, NULL);
		house_steer(&house, CORE_CANCEL, 1);
		house_said(&house, stages[i] == STATE_OFFERED ? "halt 1/1 cancel\nask 1/1 a\n" : "halt 1/1 cancel\n");
		house_run_is(&house, 1, STATE_STOPPING, "Cancelled");
		house_step_is(&house, 1, STATE_STOPPING, "Cancelled");
		house_fire(&house, "only");
		house_said(&house, "");
		/* Words that were under way change nothing. */
		house_stage(&house, 1, STATE_RUNNING);
		house_stage(&house, 1, STATE_PAUSED);
		house_step_is(&house, 1, STATE_STOPPING, "Cancelled");
		house_finished(&house, 1, STATE_CANCELLED, "Cancelled", NULL, false);
		house_said(&house, "");
		house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");
		house_released(&house, 1);
		house_said(&house, "offer 2/2 a bot1\n");
		house_finished(&house, 2, STATE_SUCCEEDED, NULL, NULL, true);
		house_is_empty(&house);
		core_house_clear(&house);
	}
}

static void an_offer_that_is_refused_while_it_is_cancelled_is_not_placed_again(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "desk");
	house_steer(&house, CORE_CANCEL, 1);
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", 1);
	house_step_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_call_under_way_is_called_back(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "call");
	house_steer(&house, CORE_CANCEL, 1);
	house_said(&house, "halt 1/1 cancel\n");
	house_run_is(&house, 1, STATE_STOPPING, "Cancelled");
	house_returned(&house, 1, STATE_FAILED, "PluginCrashed", NULL);
	house_step_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");

	/* It was quicker: what it did is kept, and nothing comes after it. */
	house_fire(&house, "call");
	house_steer(&house, CORE_CANCEL, 2);
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{\"row\":1}");
	house_said(&house, "");
	house_step_is(&house, 2, STATE_SUCCEEDED, NULL);
	house_run_is(&house, 2, STATE_CANCELLED, "Cancelled");
	assert_string_equal(house_run(&house, 2)->text, "cancelled by anna");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_word_that_comes_after_the_last_step_stops_nothing(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "only");
	house_taken(&house, 1, STATE_RUNNING);
	house_steer(&house, CORE_CANCEL, 1);
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	house_step_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_safe_stop_ends_the_run_behind_what_has_no_checkpoint(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "call");
	house_steer(&house, CORE_STOP, 1);
	house_said(&house, "");
	house_run_is(&house, 1, STATE_STOPPING, NULL);
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_said(&house, "");
	house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");
	assert_string_equal(house_run(&house, 1)->text, "stopped by anna");

	/* A flow that ends well without having come to a checkpoint. */
	house_fire(&house, "desk");
	house_taken(&house, 2, STATE_RUNNING);
	house_steer(&house, CORE_STOP, 2);
	house_said(&house, "halt 2/2 stop\n");
	house_finished(&house, 2, STATE_SUCCEEDED, NULL, NULL, true);
	house_step_is(&house, 2, STATE_SUCCEEDED, NULL);
	house_run_is(&house, 2, STATE_CANCELLED, "Cancelled");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_stop_becomes_a_cancel_and_not_the_other_way_round(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "desk");
	house_taken(&house, 1, STATE_RUNNING);
	house_steer(&house, CORE_STOP, 1);
	house_step_is(&house, 1, STATE_STOPPING, NULL);
	house_steer(&house, CORE_CANCEL, 1);
	house_said(&house, "halt 1/1 cancel\n");
	house_step_is(&house, 1, STATE_STOPPING, "Cancelled");
	house_run_is(&house, 1, STATE_STOPPING, "Cancelled");
	house_steer(&house, CORE_STOP, 1);
	house_said(&house, "");
	house_step_is(&house, 1, STATE_STOPPING, "Cancelled");
	house_steer(&house, CORE_CANCEL, 1);
	house_said(&house, "");
	house_finished(&house, 1, STATE_CANCELLED, "Cancelled", NULL, true);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_paused_run_goes_on(void **state)
{
	const struct core_holding holding = {1, 1};
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "desk");
	house_taken(&house, 1, STATE_RUNNING);
	house_steer(&house, CORE_PAUSE, 1);
	house_said(&house, "halt 1/1 pause\n");
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	/* The word was lost on the way. */
	house_fresh(&house, "a", 1, 1, &holding, 1);
	house_said(&house, "halt 1/1 pause\n");
	house_stage(&house, 1, STATE_PAUSED);
	house_run_is(&house, 1, STATE_PAUSED, NULL);
	house_fresh(&house, "a", 1, 1, &holding, 1);
	house_said(&house, "");
	core_house_restart(&house);
	house_fresh(&house, "a", 1, 1, &holding, 1);
	house_run_is(&house, 1, STATE_PAUSED, NULL);
	house_steer(&house, CORE_RESUME, 1);
	house_said(&house, "halt 1/1 resume\n");
	house_stage(&house, 1, STATE_RUNNING);
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	house_said(&house, "call 2 x.y {}\n");
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* With a step named, the flow decides what becomes of the run. */
static void a_step_alone_is_cancelled(void **state)
{
	const struct core_steering cancel = {.verb = CORE_CANCEL, .run = 1, .step = "do", .who = "anna"};
	struct core_house house;
	hst_error err;

	(void)state;
	init(&house);
	house_fire(&house, "call");
	assert_int_equal(core_house_steer(&house, &cancel, &err), HST_OK);
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	house_returned(&house, 1, STATE_FAILED, "Cancelled", NULL);
	house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_run_that_was_told_to_stop_stops_after_a_restart(void **state)
{
	const struct core_holding holding = {1, 1};
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "desk");
	house_taken(&house, 1, STATE_RUNNING);
	house_steer(&house, CORE_STOP, 1);
	core_house_restart(&house);
	house_fresh(&house, "a", 1, 1, &holding, 1);
	house_said(&house, "halt 1/1 stop\nask 1/1 a\n");
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	house_said(&house, "");
	house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_is_empty(&house);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_over_its_flows_concurrency_ends_and_holds_nobody_up),
		cmocka_unit_test(a_run_whose_step_waits_ends_at_once_and_frees_its_place),
		cmocka_unit_test(a_run_on_a_device_is_stopping_until_its_gateway_has_spoken),
		cmocka_unit_test(an_offer_that_is_refused_while_it_is_cancelled_is_not_placed_again),
		cmocka_unit_test(a_call_under_way_is_called_back),
		cmocka_unit_test(a_word_that_comes_after_the_last_step_stops_nothing),
		cmocka_unit_test(a_safe_stop_ends_the_run_behind_what_has_no_checkpoint),
		cmocka_unit_test(a_stop_becomes_a_cancel_and_not_the_other_way_round),
		cmocka_unit_test(a_paused_run_goes_on),
		cmocka_unit_test(a_step_alone_is_cancelled),
		cmocka_unit_test(a_run_that_was_told_to_stop_stops_after_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
