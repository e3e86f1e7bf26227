/* Refusals (rule R23): of each class, the next candidate, the place that is kept, and what makes a device be
 * asked again. */
#include "core_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_desktop_flow(house, "one", "bot1-a", NULL);
	core_house_desktop_flow(house, "two", "bot2-a", NULL);
	core_house_desktop_flow(house, "pool", "bot5-pool", NULL);
	core_house_desktop_flow(house, "strict", "bot9-s", NULL);
	core_house_desktop_flow(house, "behind", "bot10-s", NULL);
}

static void end(struct core_house *house, int64_t step)
{
	house_finished(house, step, STATE_SUCCEEDED, NULL, NULL, true);
}

static void wait_asks_again_when_the_revision_has_moved(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 5, NULL, 0);
	house_fire(&house, "one");
	house_fire(&house, "two");
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", 5);
	/* The slot goes to the next, who is not held up. */
	house_said(&house, "offer 2/2 a bot2\n");
	house_step_is(&house, 1, STATE_QUEUED, "UnattendedUserSessionLocked");
	house_step_says(&house, 1, "a: so it says");
	assert_null(house_step(&house, 1)->device);
	end(&house, 2);
	house_said(&house, "");
	house_time(&house, 10 * SECOND_US);
	house_device(&house, "a", 1, 5); /* a heartbeat */
	house_said(&house, "");
	house_device(&house, "a", 1, 6);
	house_said(&house, "offer 1/3 a bot1\n");
	house_step_is(&house, 1, STATE_OFFERED, NULL);
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* The device had changed already when the refusal arrived. */
static void a_refusal_of_an_older_revision_does_not_stand(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 5, NULL, 0);
	house_fire(&house, "one");
	house_device(&house, "a", 1, 6);
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", 5);
	house_said(&house, "offer 1/2 a bot1\n");
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* A gateway counts revisions from the start of its process; what an earlier process refused must not stand
 * for ever. */
static void a_new_gateway_is_asked_although_it_counts_from_one(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 500, NULL, 0);
	house_fire(&house, "one");
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", 500);
	house_said(&house, "");
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "offer 1/2 a bot1\n");
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", 1);
	house_said(&house, "");
	house_device(&house, "a", 1, 1);
	house_said(&house, "");
	house_device(&house, "a", 1, 2);
	house_said(&house, "offer 1/3 a bot1\n");
	/* Numbers that no gateway counts to do no harm. */
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", INT64_MAX);
	house_device(&house, "a", 1, INT64_MAX);
	house_device(&house, "a", 1, INT64_MIN);
	house_said(&house, "offer 1/4 a bot1\n");
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void the_next_candidate_is_tried_and_the_place_is_kept(void **state)
{
	static const enum reason_class classes[] = {REASON_WAIT, REASON_RETRY};
	struct core_house house;

	(void)state;
	init(&house);
	for (size_t i = 0; i < 2; i++) {
		int64_t step = house.counters.step + 1, seq;
		char *first, *expected;

		house_fresh(&house, "a", 1, 1, NULL, 0);
		house_fresh(&house, "b", 1, 1, NULL, 0);
		house_fire(&house, "pool");
		seq = house_step(&house, step)->seq;
		first = mem_text(house_step(&house, step)->device);
		house_refused(&house, step, classes[i], "SessionCreationError", 1);
		expected = mem_printf("offer %lld/%lld %s bot5\n", (long long)step,
				      (long long)house.counters.token, *first == 'a' ? "b" : "a");
		house_said(&house, expected);
		house_refused(&house, step, classes[i], "SessionCreationError", 1);
		house_said(&house, "");
		house_step_says(&house, step,
				"a: SessionCreationError (so it says); b: SessionCreationError (so it says)");
		house_fire(&house, "one"); /* to a, which is free, and later than the one that waits */
		assert_true(house_step(&house, step + 1)->seq > seq);
		house_device(&house, "b", 1, 2);
		if (classes[i] == REASON_RETRY)
			house_time(&house, 5 * SECOND_US);
		house_step_is(&house, step, STATE_OFFERED, NULL);
		assert_int_equal(house_step(&house, step)->seq, seq);
		assert_string_equal(house_step(&house, step)->device, "b");
		free(first);
		free(expected);
		house_taken(&house, step, STATE_RUNNING);
		end(&house, step);
		end(&house, step + 1);
	}
	house_is_empty(&house);
	core_house_clear(&house);
}

static void retry_asks_again_after_a_delay_that_doubles(void **state)
{
	struct core_house house;
	int64_t token = 1;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "one");
	for (int64_t delay = 5; token < 10; delay = delay < 150 ? 2 * delay : 300, token++) {
		int64_t refused_us;

		house_refused(&house, 1, REASON_RETRY, "SessionCreationError", 1);
		house_said(&house, "");
		refused_us = house.now_us;
		house_step_is(&house, 1, STATE_QUEUED, "SessionCreationError");
		/* Neither a change of sessions nor less time than that. */
		while (house.now_us + 9 * SECOND_US < refused_us + delay * SECOND_US) {
			house_time(&house, 8 * SECOND_US);
			house_device(&house, "a", 1, token);
			house_step_is(&house, 1, STATE_QUEUED, "SessionCreationError");
		}
		house_time(&house, refused_us + delay * SECOND_US - 2000 - house.now_us);
		house_step_is(&house, 1, STATE_QUEUED, "SessionCreationError");
		house_time(&house, 3000);
		house_step_is(&house, 1, STATE_OFFERED, NULL);
	}
	/* What went well is forgotten: the next delay is the first again. */
	house_taken(&house, 1, STATE_PREPARING);
	house_stage(&house, 1, STATE_RUNNING);
	end(&house, 1);
	house_fire(&house, "one");
	house_refused(&house, 2, REASON_RETRY, "SessionCreationError", 1);
	house_time(&house, 6 * SECOND_US);
	house_step_is(&house, 2, STATE_OFFERED, NULL);
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_new_connection_ends_the_delay(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "one");
	house_refused(&house, 1, REASON_RETRY, "UIFlowAgentNotAvailable", 1);
	house_said(&house, "");
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "offer 1/2 a bot1\n");
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* A delay holds the first of a strict target in its place, and with it those behind. */
static void strict_order_holds_while_the_first_is_delayed(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "s", 2, 1, NULL, 0);
	house_fire(&house, "strict");
	house_refused(&house, 1, REASON_RETRY, "SessionCreationError", 1);
	house_fire(&house, "behind");
	house_said(&house, "");
	house_step_is(&house, 2, STATE_QUEUED, "StrictOrder");
	house_time(&house, 6 * SECOND_US);
	house_step_is(&house, 1, STATE_OFFERED, NULL);
	house_step_is(&house, 2, STATE_OFFERED, NULL);
	end(&house, 1);
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void fatal_fails_the_step(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "one");
	house_fire(&house, "two");
	house_refused(&house, 1, REASON_FATAL, "WindowsIdentityIncorrect", 1);
	house_said(&house, "offer 2/2 a bot2\n");
	house_step_is(&house, 1, STATE_FAILED, "WindowsIdentityIncorrect");
	house_run_is(&house, 1, STATE_FAILED, "WindowsIdentityIncorrect");
	assert_string_equal(house_run(&house, 1)->text, "so it says");
	assert_null(core_run(house.core, 1));
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* A run that was taken and could not be prepared after all is refused; one that runs cannot be. */
static void a_run_can_be_refused_until_it_runs(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "one");
	house_taken(&house, 1, STATE_PREPARING);
	house_refused(&house, 1, REASON_RETRY, "SessionCreationError", 1);
	house_step_is(&house, 1, STATE_QUEUED, "SessionCreationError");
	house_time(&house, 6 * SECOND_US);
	house_taken(&house, 1, STATE_RUNNING);
	house_refused(&house, 1, REASON_WAIT, "UIFlowAlreadyRunning", 1);
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Between a refusal and the next offer the step is placed nowhere, and no device has a word about it. */
static void a_refused_offer_is_dead(void **state)
{
	struct core_house house;
	int64_t old;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "one");
	old = house_token(&house, 1);
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", 1);
	house_refused(&house, 1, REASON_FATAL, "WindowsIdentityIncorrect", 1);
	house_taken(&house, 1, STATE_RUNNING);
	house_stage(&house, 1, STATE_RUNNING);
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, "{}", true);
	house_released(&house, 1);
	house_step_is(&house, 1, STATE_QUEUED, "UnattendedUserSessionLocked");
	assert_int_equal(placement_device(core_placement(house.core), "a")->running, 0);
	house_device(&house, "a", 1, 2);
	house_step_is(&house, 1, STATE_OFFERED, NULL);
	/* The same words about the old offer. */
	core_house_event(
		&house,
		&(struct core_event){.kind = CORE_TAKEN, .step = 1, .token = old, .state = STATE_RUNNING});
	core_house_event(
		&house,
		&(struct core_event){
			.kind = CORE_REFUSED, .step = 1, .token = old, .class = REASON_FATAL, .reason = "X"});
	core_house_event(&house,
			 &(struct core_event){
				 .kind = CORE_FINISHED, .step = 1, .token = old, .state = STATE_SUCCEEDED});
	core_house_event(&house, &(struct core_event){.kind = CORE_RELEASED, .step = 1, .token = old});
	house_step_is(&house, 1, STATE_OFFERED, NULL);
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wait_asks_again_when_the_revision_has_moved),
		cmocka_unit_test(a_refusal_of_an_older_revision_does_not_stand),
		cmocka_unit_test(a_new_gateway_is_asked_although_it_counts_from_one),
		cmocka_unit_test(the_next_candidate_is_tried_and_the_place_is_kept),
		cmocka_unit_test(retry_asks_again_after_a_delay_that_doubles),
		cmocka_unit_test(a_new_connection_ends_the_delay),
		cmocka_unit_test(strict_order_holds_while_the_first_is_delayed),
		cmocka_unit_test(fatal_fails_the_step),
		cmocka_unit_test(a_run_can_be_refused_until_it_runs),
		cmocka_unit_test(a_refused_offer_is_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
