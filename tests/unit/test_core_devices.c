/* Devices that are silent, come back, or were restarted; runs that no device takes in time. */
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
	core_house_desktop_flow(house, "empty", "bot6-empty", NULL);
	core_house_desktop_flow(house, "hurry", "bot7-pool", "queue_timeout = 1m\n");
}

static void end(struct core_house *house, int64_t step)
{
	house_finished(house, step, STATE_SUCCEEDED, NULL, NULL, true);
}

/* Rule R15. */
static void a_run_that_no_device_takes_expires_with_the_reason_of_each(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "pool");
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", 1);
	house_step_is(&house, 1, STATE_QUEUED, "UnattendedUserSessionLocked");
	for (int i = 0; i < 3 * 360; i++) {
		house_step_is(&house, 1, STATE_QUEUED, "UnattendedUserSessionLocked");
		house_time(&house, 10 * SECOND_US);
		house_device(&house, "a", 1, 1);
	}
	house_step_is(&house, 1, STATE_EXPIRED, "NoCandidateMachine");
	house_run_is(&house, 1, STATE_EXPIRED, "NoCandidateMachine");
	assert_string_equal(house_run(&house, 1)->text,
			    "the queue time-out passed; a: UnattendedUserSessionLocked (so it says); "
			    "b: DeviceNeverConnected (no gateway has connected for it since the host started)");
	house_is_empty(&house);
	house_device(&house, "a", 1, 2);
	house_said(&house, "");
	core_house_clear(&house);
}

/* The time-out counts from the request, through refusals, and only while no device has it. */
static void the_queue_time_out_ends_what_waits_only(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "hurry");
	house_taken(&house, 1, STATE_PREPARING);
	for (int i = 0; i < 360; i++) {
		house_time(&house, 10 * SECOND_US);
		house_device(&house, "a", 1, 1);
	}
	house_step_is(&house, 1, STATE_PREPARING, NULL);
	house_refused(&house, 1, REASON_RETRY, "SessionCreationError", 1);
	house_step_is(&house, 1, STATE_EXPIRED, "NoCandidateMachine");
	house_step_says(&house, 1, "a: SessionCreationError (so it says)");
	house_time(&house, 600 * SECOND_US); /* nothing is left of the delay but its timer */
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Rule R24. */
static void an_empty_cluster_is_named_as_the_reason(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "empty");
	house_step_is(&house, 1, STATE_QUEUED, "GroupIsEmpty");
	house_step_says(&house, 1, "no members");
	house_time(&house, 3 * 3600 * SECOND_US);
	house_run_is(&house, 1, STATE_EXPIRED, "NoCandidateMachine");
	assert_string_equal(house_run(&house, 1)->text,
			    "the queue time-out passed; the cluster has no members");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Rule R16. */
static void a_silent_device_is_offline_until_it_speaks(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_time(&house, 14 * SECOND_US);
	house_device(&house, "a", 1, 1);
	house_time(&house, 14 * SECOND_US);
	house_fire(&house, "one");
	house_said(&house, "offer 1/1 a bot1\n");
	house_taken(&house, 1, STATE_RUNNING);
	house_time(&house, 16 * SECOND_US);
	house_fire(&house, "two");
	house_step_is(&house, 2, STATE_QUEUED, "DeviceOffline");
	house_step_is(&house, 1, STATE_RUNNING, NULL); /* time alone ends nothing that runs */
	end(&house, 1);
	house_said(&house, "");
	house_device(&house, "a", 1, 1);
	house_said(&house, "offer 2/2 a bot2\n");
	end(&house, 2);
	core_house_event(
		&house,
		&(struct core_event){
			.kind = CORE_DEVICE, .device = "a", .online = false, .slots = 1, .revision = 1});
	house_fire(&house, "one");
	house_step_is(&house, 3, STATE_QUEUED, "DeviceOffline");
	house_device(&house, "a", 1, 1);
	end(&house, 3);
	house_device(&house, "nobody", 9, 1); /* not configured: not heard */
	house_is_empty(&house);
	core_house_clear(&house);
}

static void words_that_come_twice_change_nothing(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 2, 1, NULL, 0);
	house_fire(&house, "one");
	for (int i = 0; i < 2; i++)
		house_taken(&house, 1, STATE_PREPARING);
	for (int i = 0; i < 2; i++)
		house_stage(&house, 1, STATE_RUNNING);
	house_taken(&house, 1, STATE_PREPARING); /* never backwards */
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	house_stage(&house, 1, STATE_PAUSED);
	house_stage(&house, 1, STATE_RUNNING);
	house_stage(&house, 1, STATE_STOPPING);
	house_step_is(&house, 1, STATE_STOPPING, NULL);
	house_finished(&house, 1, STATE_CANCELLED, "Cancelled", NULL, false);
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, "{}", false);
	house_stage(&house, 1, STATE_RUNNING);
	house_run_is(&house, 1, STATE_CANCELLED, "Cancelled");
	house_fire(&house, "one");
	house_released(&house, 1);
	house_said(&house, "offer 2/2 a bot1\n");
	house_released(&house, 1);
	assert_int_equal(placement_device(core_placement(house.core), "a")->running, 1);
	house_finished(&house, 2, STATE_SUCCEEDED, NULL, NULL, false);
	house_finished(&house, 2, STATE_SUCCEEDED, NULL, NULL, true);
	house_finished(&house, 2, STATE_SUCCEEDED, NULL, NULL, true);
	assert_int_equal(placement_device(core_placement(house.core), "a")->running, 0);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* A device's word may lead a run from stage to stage, but to no end and to no state that is the host's. */
static void a_stage_is_no_other_state(void **state)
{
	static const enum state odd[] = {STATE_NONE,	  STATE_QUEUED, STATE_OFFERED, STATE_LOST,
					 STATE_SUCCEEDED, STATE_FAILED, STATE_SKIPPED};
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "one");
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		house_taken(&house, 1, odd[i]);
		house_stage(&house, 1, odd[i]);
		house_step_is(&house, 1, STATE_OFFERED, NULL);
	}
	house_taken(&house, 1, STATE_RUNNING);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		house_stage(&house, 1, odd[i]);
		house_step_is(&house, 1, STATE_RUNNING, NULL);
	}
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* What is said to a gateway that connects anew, for each state of a step that it does or does not know of. */
static void a_fresh_gateway_is_reconciled_with(void **state)
{
	static const struct {
		enum state told; /* by the gateway before; NONE: the offer only was sent */
		bool held, ask;
		enum state then;
	} rows[] = {
		{STATE_NONE, false, true, STATE_OFFERED},     {STATE_NONE, true, false, STATE_OFFERED},
		{STATE_PREPARING, true, false, STATE_PREPARING}, {STATE_RUNNING, true, false, STATE_RUNNING},
		{STATE_PREPARING, false, true, STATE_PREPARING}, {STATE_RUNNING, false, true, STATE_RUNNING},
	};
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		long long step, token;
		struct core_holding holding;
		char *said;

		house_fire(&house, "one");
		step = house.counters.step;
		token = house_token(&house, step);
		holding = (struct core_holding){.step = step, .token = token};
		said = mem_printf(rows[i].ask ? "ask %lld/%lld a\n" : "%.0lld%.0lld", rows[i].ask ? step : 0,
				  rows[i].ask ? token : 0);
		if (rows[i].told)
			house_taken(&house, step, rows[i].told);
		house_fresh(&house, "a", 1, 1, &holding, rows[i].held);
		house_said(&house, said);
		house_step_is(&house, step, rows[i].then, NULL);
		assert_int_equal(house_token(&house, step), token);
		assert_int_equal(placement_device(core_placement(house.core), "a")->running, 1);
		end(&house, step);
		assert_int_equal(placement_device(core_placement(house.core), "a")->running, 0);
		house_is_empty(&house);
		free(said);
	}
	core_house_clear(&house);
}

/* A session that was still being closed is gone with the gateway's memory of it; the run's end stays as it
 * was. */
static void a_fresh_gateway_frees_slots_of_ended_runs(void **state)
{
	struct core_house house;
	struct core_holding holding = {.step = 1, .token = 1};

	(void)state;
	init(&house);
	house.tracing = true;
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "one");
	house_fire(&house, "two");
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, false);
	house_fresh(&house, "a", 1, 1, &holding, 1);
	house_said(&house, "");
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "offer 2/2 a bot2\n");
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	assert_null(strstr(house.trace.s, "lost"));
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Many lost at once, each with a next in line: everything is placed anew in order, and the table is whole. */
static void a_gateway_that_lost_everything_starts_afresh(void **state)
{
	enum { USERS = 40 };
	struct core_house house;

	(void)state;
	core_house_init(&house, NULL);
	house_fresh(&house, "a", USERS, 1, NULL, 0);
	for (int i = 0; i < USERS; i++) {
		char *text = mem_printf("[flow]\nname = u%d\nconcurrency = 1\n[step do]\nuse = "
					"desktop:type\nconnection = u%d-a\n"
					"mode = unattended\n[step then]\nuse = connector:orders.list\n",
					i, i);
		char *name = mem_printf("u%d", i);

		core_house_flow(&house, text);
		house_fire(&house, name);
		house_fire(&house, name);
		house_taken(&house, house.counters.step, STATE_RUNNING);
		free(text);
		free(name);
	}
	house_fresh(&house, "a", USERS, 1, NULL, 0);
	for (int64_t i = 1; i <= USERS; i++)
		house_standing(&house, i, OFFER_LOST);
	for (int64_t i = 0; i < USERS; i++) {
		house_run_is(&house, 2 * i + 1, STATE_LOST, "OutcomeUnknown");
		house_step_is(&house, USERS + 1 + i, STATE_OFFERED, NULL);
	}
	house_fresh(&house, "a", USERS, 1, NULL, 0);
	for (int64_t i = 0; i < USERS; i++) {
		house_finished(&house, 1 + i, STATE_FAILED, "FlowFailed", NULL, true);
		end(&house, USERS + 1 + i);
		house_returned(&house, house.counters.step, STATE_SUCCEEDED, NULL, "{}");
	}
	house_is_empty(&house);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_that_no_device_takes_expires_with_the_reason_of_each),
		cmocka_unit_test(the_queue_time_out_ends_what_waits_only),
		cmocka_unit_test(an_empty_cluster_is_named_as_the_reason),
		cmocka_unit_test(a_silent_device_is_offline_until_it_speaks),
		cmocka_unit_test(words_that_come_twice_change_nothing),
		cmocka_unit_test(a_stage_is_no_other_state),
		cmocka_unit_test(a_fresh_gateway_is_reconciled_with),
		cmocka_unit_test(a_fresh_gateway_frees_slots_of_ended_runs),
		cmocka_unit_test(a_gateway_that_lost_everything_starts_afresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
