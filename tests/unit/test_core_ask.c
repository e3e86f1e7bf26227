/* What the core asks a gateway about its offers, when, and what it makes of each answer. */
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
	core_house_desktop_flow(house, "hurry", "bot7-pool", "queue_timeout = 5m\n");
	house_fresh(house, "a", 1, 1, NULL, 0);
}

static void end(struct core_house *house, int64_t step)
{
	house_finished(house, step, STATE_SUCCEEDED, NULL, NULL, true);
}

/* The device speaks every ten seconds meanwhile; fails the test if anything else is asked than this, each "" nothing. */
static void asked_after(struct core_house *house, int64_t seconds, const char *expected)
{
	struct text said;

	text_init(&said, 1000);
	for (int64_t passed = 0; passed < seconds; passed += 5) {
		int64_t until_us = house->now_us + 5 * SECOND_US, wake_us;

		while ((wake_us = core_wake_us(house->core)) && wake_us <= until_us) {
			house->now_us = wake_us - 1000 > house->now_us ? wake_us - 1000 : house->now_us;
			core_house_event(house, &(struct core_event){.kind = CORE_TIME});
			text_add(&said, house->said.s);
		}
		house->now_us = until_us;
		house_device(house, "a", 1, 1);
		text_add(&said, house->said.s);
	}
	assert_string_equal(said.s, expected);
	text_clear(&said);
}

/* The offer or its answer was lost on the way: no other device gets it before this one has given it back. */
static void an_offer_that_nobody_answers_is_asked_back(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "pool");
	house_said(&house, "offer 1/1 a bot5\n");
	house_fresh(&house, "b", 1, 1, NULL, 0);
	asked_after(&house, 55, "");
	asked_after(&house, 5, "ask 1/1 a\n");
	house_device(&house, "b", 1, 1);
	house_standing(&house, 1, OFFER_NEVER);
	assert_int_equal(strncmp(house.said.s, "offer 1/2 ", 10), 0);
	house_step_is(&house, 1, STATE_OFFERED, NULL);
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* 5, 10, 20, 40 … seconds, never more than 300, for as long as the gateway is there; and afresh when it comes back. */
static void a_question_is_put_again_ever_more_seldom(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "one");
	house_taken(&house, 1, STATE_RUNNING);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "ask 1/1 a\n");
	asked_after(&house, 80, "ask 1/1 a\nask 1/1 a\nask 1/1 a\nask 1/1 a\n");
	asked_after(&house, 1200, "ask 1/1 a\nask 1/1 a\nask 1/1 a\nask 1/1 a\nask 1/1 a\n");
	house_time(&house, 400 * SECOND_US);
	house_said(&house, "");
	house_device(&house, "a", 1, 1);
	house_said(&house, "ask 1/1 a\n");
	house_standing(&house, 1, OFFER_RUNNING);
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	asked_after(&house, 1200, "");
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Every answer, to what was only offered, was made ready, and ran. */
static void every_answer_to_every_state(void **state)
{
	static const struct {
		enum state told; /* NONE: the offer only was sent */
		enum offer_standing answer;
		enum state then;
	} rows[] = {
		{STATE_NONE, OFFER_PREPARING, STATE_PREPARING},	 {STATE_NONE, OFFER_RUNNING, STATE_RUNNING},
		{STATE_NONE, OFFER_FINISHED, STATE_OFFERED},	 {STATE_NONE, OFFER_LOST, STATE_LOST},
		{STATE_NONE, OFFER_NEVER, STATE_OFFERED},	 {STATE_NONE, OFFER_UNKNOWN, STATE_OFFERED},
		{STATE_PREPARING, OFFER_PREPARING, STATE_PREPARING}, {STATE_PREPARING, OFFER_RUNNING, STATE_RUNNING},
		{STATE_PREPARING, OFFER_FINISHED, STATE_PREPARING},  {STATE_PREPARING, OFFER_LOST, STATE_LOST},
		{STATE_PREPARING, OFFER_NEVER, STATE_OFFERED},	 {STATE_RUNNING, OFFER_PREPARING, STATE_RUNNING},
		{STATE_RUNNING, OFFER_RUNNING, STATE_RUNNING},	 {STATE_RUNNING, OFFER_FINISHED, STATE_RUNNING},
		{STATE_RUNNING, OFFER_LOST, STATE_LOST},	 {STATE_RUNNING, OFFER_NEVER, STATE_OFFERED},
		{STATE_PAUSED, OFFER_RUNNING, STATE_PAUSED},	 {STATE_PAUSED, OFFER_NEVER, STATE_LOST},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool anew = rows[i].answer == OFFER_NEVER && rows[i].told < STATE_PAUSED;
		struct core_house house;

		init(&house);
		house_fire(&house, "one");
		if (rows[i].told)
			house_taken(&house, 1, rows[i].told == STATE_PREPARING ? STATE_PREPARING : STATE_RUNNING);
		if (rows[i].told == STATE_PAUSED)
			house_stage(&house, 1, STATE_PAUSED);
		house_fresh(&house, "a", 1, 1, NULL, 0);
		house_said(&house, "ask 1/1 a\n");
		house_standing(&house, 1, rows[i].answer);
		house_said(&house, anew ? "offer 1/2 a bot1\n" : "");
		house_step_is(&house, 1, rows[i].then, rows[i].then == STATE_LOST ? "OutcomeUnknown" : NULL);
		assert_int_equal(placement_device(core_placement(house.core), "a")->running,
				 rows[i].then == STATE_LOST ? 0 : 1);
		end(&house, 1);
		house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
		house_is_empty(&house);
		core_house_clear(&house);
	}
}

/* That it goes on was true when it was said. Late it means nothing, and the words that are for ever count. */
static void an_answer_that_nobody_asked_for_brings_nothing_back(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "one");
	house_taken(&house, 1, STATE_RUNNING);
	house_standing(&house, 1, OFFER_LOST);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_standing(&house, 1, OFFER_RUNNING);
	house_standing(&house, 1, OFFER_PREPARING);
	house_standing(&house, 1, OFFER_LOST);
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	end(&house, 1);
	house_standing(&house, 1, OFFER_LOST);
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* What did something has begun, whatever its gateway says. */
static void what_did_something_is_not_started_again(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "one");
	house_taken(&house, 1, STATE_RUNNING);
	core_house_event(&house, &(struct core_event){
					 .kind = CORE_PROGRESS, .step = 1, .token = 1, .subflow = "Main", .action = "Save"});
	house_standing(&house, 1, OFFER_NEVER);
	house_said(&house, "");
	house_step_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_step_says(&house, 1, "had said before what it did");
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* A gateway that was set up anew knows nothing, and its `never` is worth nothing. */
static void never_counts_only_from_the_journal_it_was_offered_to(void **state)
{
	static const struct {
		int64_t offered_to, said_by;
		enum state then;
	} rows[] = {{7, 7, STATE_OFFERED}, {7, 8, STATE_LOST}, {0, 8, STATE_LOST}, {0, 0, STATE_LOST}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct core_house house;

		init(&house);
		house.journal = rows[i].offered_to;
		house_fresh(&house, "a", 1, 1, NULL, 0);
		house_fire(&house, "one");
		assert_int_equal(house_step(&house, 1)->journal, rows[i].offered_to);
		core_house_restart(&house);
		house.journal = rows[i].said_by;
		house_fresh(&house, "a", 1, 1, NULL, 0);
		house_said(&house, "ask 1/1 a\n");
		house_standing(&house, 1, OFFER_NEVER);
		house_said(&house, rows[i].then == STATE_LOST ? "" : "offer 1/2 a bot1\n");
		house_step_is(&house, 1, rows[i].then, rows[i].then == STATE_LOST ? "OutcomeUnknown" : NULL);
		if (rows[i].then == STATE_LOST)
			house_step_says(&house, 1, "set up anew");
		end(&house, 1);
		house_is_empty(&house);
		core_house_clear(&house);
	}
}

/* Rule R15, for what was offered already. */
static void the_queue_time_out_of_an_offer_waits_for_the_gateways_word(void **state)
{
	static const struct {
		enum offer_standing answer;
		enum state then;
	} rows[] = {{OFFER_NEVER, STATE_EXPIRED}, {OFFER_RUNNING, STATE_RUNNING}, {OFFER_PREPARING, STATE_PREPARING}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct core_house house;

		init(&house);
		house_fire(&house, "hurry");
		asked_after(&house, 60, "ask 1/1 a\n");
		house_standing(&house, 1, OFFER_NEVER);
		house_said(&house, "offer 1/2 a bot7\n");
		asked_after(&house, 55, "");
		/* It is asked already when the time-out passes: once is enough. */
		asked_after(&house, 185, "ask 1/2 a\nask 1/2 a\nask 1/2 a\nask 1/2 a\nask 1/2 a\nask 1/2 a\n");
		house_step_is(&house, 1, STATE_OFFERED, NULL);
		house_standing(&house, 1, rows[i].answer);
		house_said(&house, "");
		house_step_is(&house, 1, rows[i].then, rows[i].then == STATE_EXPIRED ? "NoCandidateMachine" : NULL);
		end(&house, 1);
		house_is_empty(&house);
		core_house_clear(&house);
	}
}

/* An offer that went out moments before its time-out: it is asked back at once. */
static void an_offer_is_asked_back_when_its_time_in_the_queue_is_over(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "two");
	house_taken(&house, 1, STATE_RUNNING);
	house_fire(&house, "hurry");
	asked_after(&house, 290, "");
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	house_said(&house, "offer 2/2 a bot7\n");
	asked_after(&house, 10, "ask 2/2 a\n");
	house_standing(&house, 2, OFFER_NEVER);
	house_said(&house, "");
	house_run_is(&house, 2, STATE_EXPIRED, "NoCandidateMachine");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* It may be that the offer never reached the device, and then nobody else would say that it did not begin. */
static void a_cancelled_offer_is_asked_back_too(void **state)
{
	struct core_house house;
	struct core_steering cancel = {.verb = CORE_CANCEL, .run = 1, .who = "anna"};

	(void)state;
	init(&house);
	house_fire(&house, "one");
	assert_int_equal(core_house_steer(&house, &cancel, NULL), HST_OK);
	house_said(&house, "halt 1/1 cancel\nask 1/1 a\n");
	asked_after(&house, 5, "ask 1/1 a\n");
	house_standing(&house, 1, OFFER_NEVER);
	house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* One that runs after all hears again what it was told. */
static void what_runs_although_it_was_told_to_stop_is_told_again(void **state)
{
	struct core_house house;
	struct core_steering cancel = {.verb = CORE_CANCEL, .run = 1, .who = "anna"};

	(void)state;
	init(&house);
	house_fire(&house, "one");
	core_house_steer(&house, &cancel, NULL);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "ask 1/1 a\n");
	house_standing(&house, 1, OFFER_RUNNING);
	house_said(&house, "halt 1/1 cancel\n");
	house_step_is(&house, 1, STATE_STOPPING, "Cancelled");
	house_finished(&house, 1, STATE_CANCELLED, "Cancelled", NULL, true);
	house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_is_empty(&house);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_offer_that_nobody_answers_is_asked_back),
		cmocka_unit_test(a_question_is_put_again_ever_more_seldom),
		cmocka_unit_test(every_answer_to_every_state),
		cmocka_unit_test(an_answer_that_nobody_asked_for_brings_nothing_back),
		cmocka_unit_test(what_did_something_is_not_started_again),
		cmocka_unit_test(never_counts_only_from_the_journal_it_was_offered_to),
		cmocka_unit_test(the_queue_time_out_of_an_offer_waits_for_the_gateways_word),
		cmocka_unit_test(an_offer_is_asked_back_when_its_time_in_the_queue_is_over),
		cmocka_unit_test(a_cancelled_offer_is_asked_back_too),
		cmocka_unit_test(what_runs_although_it_was_told_to_stop_is_told_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
