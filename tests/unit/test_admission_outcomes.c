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
	house_said(&house, "journal heard 1 1\n");
	host_up(&house);
	house_said(&house, "");
	assert_int_equal(house_runs(&house), 1);
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_said(&house, "released 1/1\ndiscard 1/1\ndevice 4@2\n");
	assert_int_equal(house_runs(&house), 0);
	house_run(&house, ADMISSION_HEARD, 1, 1);
	host_up(&house);
	house_said(&house, "");
	admission_house_clear(&house);
}

/* Nothing is touched for a run on a device that only rehearses: it is over as soon as it may start. */
static void a_rehearsal_has_succeeded_at_once(void **state)
{
	struct admission_house house;

	(void)state;
	admission_house_init(&house);
	house.policy.acknowledged = true;
	house.rehearses = true;
	admission_house_begin(&house);
	house_watch(&house);
	house_said(&house, "device 4@1\n"); /* and no spare is wanted */
	house_identity(&house, "bot1", "bot1");
	house_package(&house, "d1", NULL);
	house_offer(&house, 1, 1, "bot1");
	house_said(&house, "journal ended 1 1\nfinished 1/1 succeeded released\n");
	house_offer(&house, 1, 1, "bot1"); /* its answer was lost */
	house_said(&house, "finished 1/1 succeeded released\n");
	house_offer(&house, 2, 2, "bot1"); /* the first is in nobody's way */
	house_said_line(&house, "finished 2/2 succeeded released");
	house_run(&house, ADMISSION_HEARD, 2, 2);
	house_said(&house, "journal heard 2 2\n");
	assert_int_equal(house_runs(&house), 1);
	/* From the journal the first is said again. */
	admission_house_resume(&house);
	house_said_line(&house, "upload 1/1");
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
	house_said(&house, "stage 1/1 running\n");
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
	house_said(&house, "journal heard 1 1\ndiscard 1/1\n");
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

static void status(struct admission_house *house, int64_t step, int64_t token)
{
	admission_house_event(house, &(struct admission_event){
					     .kind = ADMISSION_STATUS, .step = step, .token = token, .id = 1});
}

static void asked_what_became_of_it_the_state_is_told(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	status(&house, 1, 1);
	house_said(&house, "standing 1/1 preparing\n");
	house_opened(&house, 1, "s");
	status(&house, 1, 1);
	house_said(&house, "standing 1/1 running\n");
	house_ended(&house, 1, "succeeded");
	status(&house, 1, 1);
	house_said(&house, "standing 1/1 finished\n"); /* which follows when its files are there */
	house_run(&house, ADMISSION_UPLOADED, 1, 1);
	status(&house, 1, 1);
	house_said(&house, "standing 1/1 finished\nfinished 1/1 succeeded\n");
	house_hold(&house, ADMISSION_CLOSED, 1);
	house_run(&house, ADMISSION_HEARD, 1, 1);
	/* The host had it and has it no more: it did run. */
	status(&house, 1, 1);
	house_said(&house, "standing 1/1 lost\n");
	admission_house_clear(&house);
}

static void what_touched_no_session_yet_is_given_back(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1"); /* takes the spare */
	house_offer(&house, 2, 2, "BOT2"); /* nobody knows yet who that is */
	status(&house, 2, 2);
	house_said(&house, "journal never 2 2\nstanding 2/2 never\n");
	house_identity(&house, "BOT2", "bot2");
	house_said(&house, "");
	house_offer(&house, 3, 3, "bot3"); /* waits for a session process */
	status(&house, 3, 3);
	house_said_line(&house, "standing 3/3 never");
	house_hold_ready(&house);
	assert_null(strstr(house.said.s, "open"));
	for (int i = 0; i < 2; i++) {
		status(&house, 3, 3);
		house_said(&house, "standing 3/3 never\n");
		house_offer(&house, 3, 3, "bot3");
		house_said_line(&house, "refused 3/3 Cancelled retry@1: nothing was done for the offer, and the "
					"host has it back");
	}
	assert_int_equal(house_runs(&house), 1);
	admission_house_clear(&house);
}

/* The question overtook the offer, or the offer was lost. */
static void what_was_never_heard_of_never_will_run(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	assert_int_equal(admission_trace(house.admission, 5, 5), ADMISSION_TRACE_NONE);
	status(&house, 5, 5);
	house_said(&house, "journal never 5 5\nstanding 5/5 never\n");
	assert_int_equal(admission_trace(house.admission, 5, 5), ADMISSION_TRACE_KNOWN);
	house_offer(&house, 5, 5, "bot1");
	house_said_line(&house, "refused 5/5 Cancelled retry@1: nothing was done for the offer, and the host "
				"has it back");
	/* Another device of the gateway answers. */
	admission_house_event(&house, &(struct admission_event){
					      .kind = ADMISSION_STATUS, .step = 6, .token = 6, .id = 1, .quiet = true});
	house_said(&house, "journal never 6 6\n");
	house_offer(&house, 6, 6, "bot1");
	house_said_line(&house, "refused 6/6 Cancelled retry@1: nothing was done for the offer, and the host "
				"has it back");
	admission_house_clear(&house);
}

static void what_was_refused_never_ran(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_offer(&house, 2, 2, "bot1");
	house_said_line(&house, "refused 2/2 UIFlowAlreadyRunning wait@1: a run of bot1 is under way on d");
	status(&house, 2, 2);
	house_said(&house, "standing 2/2 never\n");
	admission_house_clear(&house);
}

/* Of what is older than all that is remembered nobody can say that it never ran. */
static void what_is_forgotten_is_lost(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	for (int64_t token = 2; token <= 1103; token++)
		status(&house, token, token);
	assert_int_equal(admission_trace(house.admission, 1, 1), ADMISSION_TRACE_TOO_OLD);
	status(&house, 1, 1);
	house_said(&house, "standing 1/1 lost\n");
	admission_house_clear(&house);
}

/* What is sealed of it may be any bytes, and is as much a part of it as the rest. */
static void an_outcome_keeps_what_is_sealed_of_it(void **state)
{
	static const char sealed[] = "x\0 %\n\x7f\xff-HSE1";
	const struct admission_run *run;
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	house_opened(&house, 1, "s");
	admission_house_event(&house, &(struct admission_event){.kind = ADMISSION_FINISHED, .number = 1, .end = "succeeded", .reason = "",
								.payload = "{}", .payload_length = 2, .sealed = sealed,
								.sealed_length = sizeof sealed - 1});
	for (int times = 0; times < 3; times++) {
		run = admission_run_of(house.admission, 1, 1);
		assert_int_equal(run->sealed_result_length, sizeof sealed - 1);
		assert_memory_equal(run->sealed_result, sealed, sizeof sealed - 1);
		assert_int_equal(run->result_length, 2);
		admission_house_resume(&house);
	}
	admission_house_clear(&house);
}

/* What comes with an offer goes with it to whoever uses it. */
static void an_offer_keeps_what_is_sealed_of_it(void **state)
{
	struct admission_run *run = admission_run_new(&(struct admission_run){
		.run_id = "r", .name = "n", .user = "bot1", .package = "d1", .chain = "r-0", .inputs = "{}", .inputs_length = 2,
		.sealed = "\0HSE1", .sealed_length = 5});

	(void)state;
	assert_string_equal(run->chain, "r-0");
	assert_string_equal(run->inputs, "{}");
	assert_int_equal(run->sealed_length, 5);
	assert_memory_equal(run->sealed, "\0HSE1", 5);
	admission_run_free(run);
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
		struct admission_run *run = admission_run_new(&(struct admission_run){
			.step = 1, .token = 1, .run_id = "r", .name = "n", .user = "bot1", .package = "d1", .inputs = "{}"});

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

static void paused(struct admission_house *house, uint32_t hold, bool is)
{
	admission_house_event(house, &(struct admission_event){
					     .kind = ADMISSION_PAUSED, .number = hold, .paused = is});
}

static void steer(struct admission_house *house, int64_t step, const char *how)
{
	admission_house_event(house, &(struct admission_event){
					     .kind = ADMISSION_STOP, .step = step, .token = step, .how = how});
}

/* What the host may have missed of it is said again. */
static void a_run_is_paused_when_its_flow_says_so(void **state)
{
	struct admission_house house;

	(void)state;
	init(&house);
	house_offer(&house, 1, 1, "bot1");
	steer(&house, 1, "pause");
	steer(&house, 1, "resume");
	house_said(&house, ""); /* it does not run yet */
	house_opened(&house, 1, "s");
	steer(&house, 1, "pause");
	house_said(&house, "halt 1 1/1 pause\n");
	host_up(&house);
	house_said(&house, "stage 1/1 running\n");
	paused(&house, 1, true);
	house_said(&house, "stage 1/1 paused\n");
	host_up(&house);
	house_said(&house, "stage 1/1 paused\n");
	house_offer(&house, 1, 1, "bot1");
	house_said(&house, "taken 1/1 paused\n");
	paused(&house, 1, false);
	house_said(&house, "stage 1/1 running\n");
	paused(&house, 1, false);
	house_said(&house, "");
	paused(&house, 1, true);
	house_ended(&house, 1, "cancelled");
	house_offer(&house, 1, 1, "bot1");
	house_said(&house, "taken 1/1 running\n");
	paused(&house, 1, false);
	house_said(&house, "");
	admission_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_outcome_that_was_heard_is_forgotten),
		cmocka_unit_test(a_rehearsal_has_succeeded_at_once),
		cmocka_unit_test(an_outcome_is_said_after_every_break_until_it_is_heard),
		cmocka_unit_test(what_nobody_hears_has_a_ceiling),
		cmocka_unit_test(without_acknowledgements_nothing_is_kept),
		cmocka_unit_test(asked_what_became_of_it_the_state_is_told),
		cmocka_unit_test(what_touched_no_session_yet_is_given_back),
		cmocka_unit_test(what_was_never_heard_of_never_will_run),
		cmocka_unit_test(what_was_refused_never_ran),
		cmocka_unit_test(what_is_forgotten_is_lost),
		cmocka_unit_test(offers_of_one_batch_may_be_the_same),
		cmocka_unit_test(an_outcome_keeps_what_is_sealed_of_it),
		cmocka_unit_test(an_offer_keeps_what_is_sealed_of_it),
		cmocka_unit_test(a_run_is_paused_when_its_flow_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
