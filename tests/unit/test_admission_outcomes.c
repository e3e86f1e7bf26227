/* The host may be away when a run ends: its outcome is kept and said again until the host has it. */
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

static void host_up(struct admission_house *house)
{
	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_HOST_UP});
}

static void an_outcome_that_was_heard_is_forgotten(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_run(&house, ADMISSION_HEARD, 1, 1); /* nothing was said yet */
	house_opened(&house, 1, "s");
	house_ended(&house, 1, "succeeded");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	house_said(&house, "finished 1/1 succeeded\n");
	house_run(&house, ADMISSION_HEARD, 1, 1);
	host_up(&house);
	house_said(&house, "");
	assert_int_equal(house_runs(&house), 1);
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said(&house, "released 1/1\ndevice 4@2\n");
	assert_int_equal(house_runs(&house), 0);
	house_run(&house, ADMISSION_HEARD, 1, 1);
	host_up(&house);
	house_said(&house, "");
	admission_house_clear(&house);
}

static void an_outcome_is_said_after_every_break_until_it_is_heard(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_opened(&house, 1, "s");
	host_up(&house);
	house_said(&house, ""); /* what runs is among what the gateway holds */
	house_ended(&house, 1, "succeeded");
	host_up(&house);
	house_said(&house, "");
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	host_up(&house);
	house_said(&house, "finished 1/1 succeeded\n");
	/* Not "released": the host would take that for the loss of the outcome. */
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said(&house, "finished 1/1 succeeded released\ndevice 4@2\n");
	house_hold(&house, ADMISSION_HOLD_ENDED, 1);
	assert_int_equal(house_runs(&house), 1);
	assert_int_equal(admission_device(house.admission).slots, 4);
	host_up(&house);
	house_said(&house, "finished 1/1 succeeded released\n");
	house_offer(&house, 1, 1, "bot1"); /* the engine was restarted, and does not know that it was taken */
	house_said(&house, "finished 1/1 succeeded released\n");
	/* It is in nobody's way. */
	house_hold_ready(&house);
	house_offer(&house, 2, 2, "bot1");
	house_said_line(&house, "open 2 bot1");
	house_run(&house, ADMISSION_HEARD, 1, 1);
	house_said(&house, "");
	assert_int_equal(house_runs(&house), 1);
	house_offer(&house, 1, 1, "bot1");
	house_said_line(&house, "refused 1/1 OutcomeUnknown fatal@2: the run has ended on the device "
				"already, and its outcome did not "
				"reach the host");
	admission_house_clear(&house);
}

static void what_nobody_hears_has_a_ceiling(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	for (int64_t token = 1; token <= 1100; token++)
		house_whole_run(&house, token, token, "bot1");
	assert_int_equal(house_runs(&house), 1000);
	assert_null(admission_run_of(house.admission, 100, 100));
	assert_non_null(admission_run_of(house.admission, 101, 101));
	admission_house_clear(&house);
}

/* Without a gateway that passes acknowledgements on, nothing is kept for them. */
static void without_acknowledgements_nothing_is_kept(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	admission_house_ready(&house);
	for (int64_t token = 1; token <= 50; token++)
		house_whole_run(&house, token, token, "bot1");
	assert_int_equal(house_runs(&house), 0);
	admission_house_clear(&house);
}

/* A batch may bring the same offer several times before anything of it is done. */
static void offers_of_one_batch_may_be_the_same(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house.limit = 0;
	house_watch(&house);
	for (int i = 0; i < 3; i++) {
		struct admission_run *run = mem_alloc(sizeof *run);

		*run = (struct admission_run){.step = 1,
					      .token = 1,
					      .run_id = mem_text("r"),
					      .name = mem_text("n"),
					      .user = mem_text("bot1"),
					      .package = mem_text("d1"),
					      .inputs = mem_text("{}")};
		admission_step(house.admission,
			       &(struct admission_event){.kind = ADMISSION_OFFER, .offer = run},
			       &house.effects);
	}
	host_up(&house);
	assert_non_null(strstr(house.said.s, "refused 1/1 TooManyActiveSessions wait"));
	assert_null(strstr(house.said.s, "open"));
	assert_int_equal(house_runs(&house), 0);
	admission_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_outcome_that_was_heard_is_forgotten),
		cmocka_unit_test(an_outcome_is_said_after_every_break_until_it_is_heard),
		cmocka_unit_test(what_nobody_hears_has_a_ceiling),
		cmocka_unit_test(without_acknowledgements_nothing_is_kept),
		cmocka_unit_test(offers_of_one_batch_may_be_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
