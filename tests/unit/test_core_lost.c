/* Steps whose outcome nobody knows: what makes them so, and what follows. */
#include "core_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE = 60, DAY = 24 * 3600 };

static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_desktop_flow(house, "ask", "bot1-a", NULL);
	core_house_desktop_flow(house, "fail", "bot2-a", "on_lost = fail\n");
	core_house_desktop_flow(house, "again", "bot3-pool", "on_lost = again\n");
	core_house_flow(house, "[flow]\nname = chain\nconcurrency = 1\n[step do]\nuse = desktop:type\n"
			       "connection = bot1-a\nmode = unattended\n[step tell]\nuse = connector:orders.list\n"
			       "input.text = ${do.done}\n");
	house_fresh(house, "a", 4, 1, NULL, 0);
}

static int64_t running_on(const struct core_house *house, const char *device)
{
	return placement_device(core_placement(house->core), device)->running;
}

/* Brings the next step to running on its device. */
static int64_t begin(struct core_house *house, const char *flow)
{
	house_fire(house, flow);
	house_taken(house, house->counters.step, STATE_RUNNING);
	return house->counters.step;
}

/* Rule R16: 15 s of silence are nothing yet, 15 min are. */
static void what_a_silent_device_has_is_lost(void **state)
{
	static const enum state states[] = {STATE_OFFERED, STATE_PREPARING, STATE_RUNNING, STATE_PAUSED,
					    STATE_STOPPING};

	(void)state;
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		const struct core_holding holding = {1, 1};
		struct core_house house;

		init(&house);
		house_fire(&house, "ask");
		if (states[i] != STATE_OFFERED)
			house_taken(&house, 1, states[i] == STATE_PREPARING ? STATE_PREPARING : STATE_RUNNING);
		house_stage(&house, 1, states[i]);
		house_time(&house, 14 * MINUTE * SECOND_US);
		house_step_is(&house, 1, states[i], NULL);
		house_device(&house, "a", 4, 1);
		house_time(&house, 14 * MINUTE * SECOND_US);
		house_step_is(&house, 1, states[i], NULL);
		house_time(&house, 2 * MINUTE * SECOND_US);
		house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
		house_run_is(&house, 1, STATE_LOST, "OutcomeUnknown");
		house_step_says(&house, 1, "nothing was heard of a for 15m");
		assert_true(house_step(&house, 1)->lost_us > 0);
		/* Its slot is taken until the device says otherwise. */
		assert_int_equal(running_on(&house, "a"), 1);
		house_fresh(&house, "a", 4, 1, &holding, 1);
		assert_non_null(strstr(house.said.s, "ask 1/1 a\n"));
		house_standing(&house, 1, OFFER_RUNNING);
		house_step_is(&house, 1, STATE_RUNNING, NULL);
		house_run_is(&house, 1, STATE_RUNNING, NULL);
		assert_int_equal(house_step(&house, 1)->lost_us, 0);
		house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
		house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
		assert_int_equal(running_on(&house, "a"), 0);
		house_is_empty(&house);
		core_house_clear(&house);
	}
}

/* After a restart silence counts from then: the device may have spoken while nobody listened. */
static void silence_counts_from_the_engines_start(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house, "ask");
	house_time(&house, 14 * MINUTE * SECOND_US);
	core_house_restart(&house);
	house_time(&house, 14 * MINUTE * SECOND_US);
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	house_time(&house, 2 * MINUTE * SECOND_US);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	core_house_restart(&house);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* The words `finished` were lost on the way, and the session is closed: its slot is free, its outcome unknown. */
static void a_session_that_is_closed_without_an_end(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house, "ask");
	house_released(&house, 1);
	house_run_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	assert_int_equal(running_on(&house, "a"), 0);
	house_released(&house, 1);
	begin(&house, "ask");
	house_step_is(&house, 2, STATE_RUNNING, NULL);
	house_finished(&house, 1, STATE_FAILED, "FlowFailed", NULL, true);
	house_run_is(&house, 1, STATE_FAILED, "FlowFailed");
	assert_int_equal(running_on(&house, "a"), 1);
	house_finished(&house, 2, STATE_SUCCEEDED, NULL, NULL, true);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* It holds no place of its flow's concurrency; when it goes on it does so beside the others. */
static void others_begin_in_the_stead_of_a_lost_run(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house, "chain");
	house_fire(&house, "chain");
	house_run_is(&house, 2, STATE_QUEUED, "FlowConcurrency");
	house_standing(&house, 1, OFFER_LOST);
	house_run_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_run_is(&house, 2, STATE_RUNNING, NULL);
	core_house_restart(&house);
	house_run_is(&house, 2, STATE_RUNNING, NULL);
	house_fire(&house, "chain");
	house_run_is(&house, 3, STATE_QUEUED, "FlowConcurrency");
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, "{\"done\":\"A-17\"}", true);
	house_said(&house, "call 3 orders.list {\"text\":\"A-17\"}\n");
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	house_returned(&house, 3, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_run_is(&house, 3, STATE_QUEUED, "FlowConcurrency");
	house_fresh(&house, "a", 4, 1, NULL, 0);
	house_standing(&house, 2, OFFER_LOST);
	house_run_is(&house, 3, STATE_RUNNING, NULL);
	house_finished(&house, 2, STATE_FAILED, "FlowFailed", NULL, true);
	house_finished(&house, 4, STATE_FAILED, "FlowFailed", NULL, true);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void nobody_says_in_time_how_it_ended(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house, "ask");
	house_standing(&house, 1, OFFER_LOST);
	house_time(&house, (3 * DAY - 60) * SECOND_US);
	core_house_restart(&house);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_time(&house, 120 * SECOND_US);
	house_run_is(&house, 1, STATE_FAILED, "OutcomeUnknown");
	house_step_says(&house, 1, "nobody said in time");
	house_step_says(&house, 1, "lost sight of it");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void the_author_says_that_it_fails(void **state)
{
	const struct core_holding holding = {1, 1};
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house, "fail");
	house_time(&house, 16 * MINUTE * SECOND_US);
	house_run_is(&house, 1, STATE_FAILED, "OutcomeUnknown");
	house_step_says(&house, 1, "nothing was heard of a");
	/* Its device comes back and has it still: nobody wants it any more, and its slot is free when it is gone. */
	assert_int_equal(running_on(&house, "a"), 1);
	house_fresh(&house, "a", 4, 1, &holding, 1);
	house_said(&house, "disown 1/1 a\n");
	house_finished(&house, 1, STATE_CANCELLED, "Cancelled", NULL, false);
	house_released(&house, 1);
	house_run_is(&house, 1, STATE_FAILED, "OutcomeUnknown");
	assert_int_equal(running_on(&house, "a"), 0);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* With a new token, elsewhere; and what the first device may still do of it ends there. */
static void the_author_says_that_it_may_be_done_again(void **state)
{
	const struct core_holding holding = {1, 1};
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house, "again");
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	house_fresh(&house, "b", 1, 1, NULL, 0);
	for (int i = 0; i < 16 * 6; i++) {
		house_time(&house, 10 * SECOND_US);
		house_device(&house, "b", 1, 1);
	}
	house_step_is(&house, 1, STATE_OFFERED, NULL);
	assert_string_equal(house_step(&house, 1)->device, "b");
	assert_int_equal(house_step(&house, 1)->attempt, 2);
	assert_int_equal(house_step(&house, 1)->token, 2);
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	house_taken(&house, 1, STATE_RUNNING);
	/* What the first attempt says now is of yesterday. */
	core_house_event(&house, &(struct core_event){.kind = CORE_FINISHED,
						      .step = 1,
						      .token = 1,
						      .state = STATE_FAILED,
						      .released = true});
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	house_fresh(&house, "a", 4, 1, &holding, 1);
	house_said(&house, "disown 1/1 a\n");
	/* The third time is no accident. */
	house_standing(&house, 1, OFFER_LOST);
	assert_int_equal(house_step(&house, 1)->attempt, 3);
	house_taken(&house, 1, STATE_RUNNING);
	house_standing(&house, 1, OFFER_LOST);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Whoever cancelled it no longer wants to know. */
static void what_was_cancelled_does_not_wait_for_anybody(void **state)
{
	struct core_steering cancel = {.verb = CORE_CANCEL, .run = 1, .who = "anna"};
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house, "ask");
	core_house_steer(&house, &cancel, NULL);
	house_time(&house, 16 * MINUTE * SECOND_US);
	house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_step_says(&house, 1, "cancelled by anna");
	house_step_says(&house, 1, "nothing was heard of a");
	house_fresh(&house, "a", 4, 1, NULL, 0);
	house_is_empty(&house);
	begin(&house, "ask");
	house_standing(&house, 2, OFFER_LOST);
	cancel.run = 2;
	assert_int_equal(core_house_steer(&house, &cancel, NULL), HST_OK);
	house_run_is(&house, 2, STATE_CANCELLED, "Cancelled");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* A run that was told to stop begins nothing anew, whoever might say so; and what runs after all is told again. */
static void what_was_told_to_stop_is_not_begun_anew(void **state)
{
	struct core_steering stop = {.verb = CORE_STOP, .run = 1, .who = "anna"};
	const struct core_holding holding = {1, 1};
	struct core_house house;

	(void)state;
	init(&house);
	begin(&house, "again");
	core_house_steer(&house, &stop, NULL);
	house_said(&house, "halt 1/1 stop\n");
	house_time(&house, 16 * MINUTE * SECOND_US);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_run_is(&house, 1, STATE_STOPPING, NULL);
	assert_int_equal(house_resolve(&house, 1, CORE_RESOLVE_REQUEUE, NULL), HST_DENIED);
	house_fresh(&house, "a", 4, 1, &holding, 1);
	house_said(&house, "halt 1/1 stop\nask 1/1 a\n");
	house_standing(&house, 1, OFFER_RUNNING);
	house_said(&house, "halt 1/1 stop\n");
	house_step_is(&house, 1, STATE_STOPPING, NULL);
	house_standing(&house, 1, OFFER_LOST);
	assert_int_equal(house_resolve(&house, 1, CORE_RESOLVE_FAILED, NULL), HST_OK);
	house_run_is(&house, 1, STATE_FAILED, "OutcomeUnknown");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* It was never started after all: it waits in its old place, or its time in the queue is over. */
static void a_lost_run_that_was_never_started_waits_again(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	for (int i = 0; i < 2; i++) {
		house_fire(&house, "ask");
		house_time(&house, (i ? 4 * 3600 : 16 * MINUTE) * SECOND_US);
		house_step_is(&house, i + 1, STATE_LOST, "OutcomeUnknown");
		house_fresh(&house, "a", 4, 1, NULL, 0);
		house_standing(&house, i + 1, OFFER_NEVER);
		if (i) {
			house_run_is(&house, 2, STATE_EXPIRED, "NoCandidateMachine");
			break;
		}
		house_said(&house, "offer 1/2 a bot1\n");
		house_run_is(&house, 1, STATE_RUNNING, NULL);
		assert_int_equal(house_step(&house, 1)->attempt, 1);
		house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	}
	house_is_empty(&house);
	core_house_clear(&house);
}

/* A refusal that comes late says the same as `never`; any other late word is only worth a question. */
static void late_words_about_a_lost_run(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "ask");
	house_time(&house, 16 * MINUTE * SECOND_US);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_device(&house, "a", 4, 1);
	house_said(&house, "ask 1/1 a\n");
	house_taken(&house, 1, STATE_PREPARING);
	house_stage(&house, 1, STATE_RUNNING);
	house_said(&house, "");
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", 1);
	house_step_is(&house, 1, STATE_QUEUED, "UnattendedUserSessionLocked");
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	house_device(&house, "a", 4, 2);
	house_taken(&house, 1, STATE_RUNNING);
	house_standing(&house, 1, OFFER_LOST);
	house_stage(&house, 1, STATE_PAUSED);
	house_said(&house, "ask 1/2 a\n");
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", 2);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_standing(&house, 1, OFFER_RUNNING);
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Its connection's first sign-in was under way: that is nobody's business any more, and others may try theirs. */
static void a_lost_run_holds_up_nobody_elses_sign_in(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	core_house_desktop_flow(&house, "shared", "bot8-pool", NULL);
	house_fire(&house, "shared");
	house_taken(&house, 1, STATE_PREPARING);
	house_fresh(&house, "b", 1, 1, NULL, 0);
	house_fire(&house, "shared");
	house_said(&house, "");
	house_step_says(&house, 2, "b: ConnectionBlocked");
	house_standing(&house, 1, OFFER_LOST);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_step_is(&house, 2, STATE_OFFERED, NULL);
	for (int64_t step = 1; step <= 2; step++)
		house_finished(&house, step, STATE_SUCCEEDED, NULL, NULL, true);
	house_is_empty(&house);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_silent_device_has_is_lost),
		cmocka_unit_test(silence_counts_from_the_engines_start),
		cmocka_unit_test(a_session_that_is_closed_without_an_end),
		cmocka_unit_test(others_begin_in_the_stead_of_a_lost_run),
		cmocka_unit_test(nobody_says_in_time_how_it_ended),
		cmocka_unit_test(the_author_says_that_it_fails),
		cmocka_unit_test(the_author_says_that_it_may_be_done_again),
		cmocka_unit_test(what_was_cancelled_does_not_wait_for_anybody),
		cmocka_unit_test(what_was_told_to_stop_is_not_begun_anew),
		cmocka_unit_test(a_lost_run_that_was_never_started_waits_again),
		cmocka_unit_test(late_words_about_a_lost_run),
		cmocka_unit_test(a_lost_run_holds_up_nobody_elses_sign_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
