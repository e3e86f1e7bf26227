/* A host that was restored from a backup: nothing that was unfinished starts before somebody says so. */
#include "core_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const int64_t hour_us = 3600 * SECOND_US;

static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_desktop_flow(house, "one", "bot1-a", NULL);
	core_house_desktop_flow(house, "two", "bot2-a", NULL);
	core_house_desktop_flow(house, "again", "bot1-a", "on_lost = again\n");
	core_house_flow(house, "[flow]\nname = call\nconcurrency = 1\n[step do]\nuse = connector:orders.list\n");
	core_house_flow(house, "[flow]\nname = post\n[step do]\nuse = connector:post.send\n");
	core_house_flow(house, "[flow]\nname = chain\n[step enter]\nuse = desktop:type\nconnection = bot1-a\nmode = unattended\n"
			       "[step tell]\nuse = connector:post.send\ninput.text = ${enter.done}\n");
}

static void end(struct core_house *house, int64_t step)
{
	house_finished(house, step, STATE_SUCCEEDED, NULL, NULL, true);
}

/* Fails the test unless the last event offered exactly this step, to device a. */
static void offered(struct core_house *house, int64_t step, const char *user)
{
	char *expected = mem_printf("offer %lld/%lld a %s\n", (long long)step, (long long)house_token(house, step), user);

	house_said(house, expected);
	free(expected);
}

static void what_waited_is_not_placed_and_does_not_expire(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "one");
	house_fire(&house, "one");
	core_house_put_back(&house);
	house_fresh(&house, "a", 4, 1, NULL, 0);
	house_said(&house, "");
	house_step_is(&house, 1, STATE_QUEUED, "RestoreHeld");
	house_step_says(&house, 1, "hostler restore --release");
	house_fire(&house, "two");
	offered(&house, 3, "bot2");
	end(&house, 3);
	house_time(&house, 20 * hour_us);
	house_step_is(&house, 1, STATE_QUEUED, "RestoreHeld");
	house_fresh(&house, "a", 4, 1, NULL, 0);
	assert_int_equal(core_house_release(&house), 2);
	offered(&house, 1, "bot1");
	end(&house, 1);
	offered(&house, 2, "bot1");
	house_refused(&house, 2, REASON_WAIT, "UnattendedUserSessionLocked", 1);
	/* The queue time-out counts from the release, also when the engine is restarted after it. */
	house_time(&house, 2 * hour_us);
	core_house_restart(&house);
	house_step_is(&house, 2, STATE_QUEUED, "DeviceNeverConnected");
	house_time(&house, 2 * hour_us);
	house_run_is(&house, 2, STATE_EXPIRED, "NoCandidateMachine");
	assert_int_equal(core_house_release(&house), 0);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void it_stays_held_when_the_engine_is_restarted(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "one");
	core_house_put_back(&house);
	assert_int_equal(core_hold(house.core)->generation, 2);
	core_house_restart(&house);
	assert_true(core_holds(house.core));
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "");
	core_house_release(&house);
	offered(&house, 1, "bot1");
	core_house_restart(&house);
	assert_false(core_holds(house.core));
	assert_int_equal(core_hold(house.core)->generation, 2);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* What may be done twice waits to be called, what may not is lost, and what waited for the flow's concurrency goes on so. */
static void calls_are_not_made(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "call");
	house_fire(&house, "call");
	house_fire(&house, "post");
	core_house_put_back(&house);
	house_said(&house, "");
	house_step_is(&house, 1, STATE_QUEUED, "RestoreHeld");
	house_run_is(&house, 2, STATE_QUEUED, "RestoreHeld");
	house_run_is(&house, 3, STATE_LOST, "OutcomeUnknown");
	house_step_says(&house, 2, "restored from a backup");
	core_house_restart(&house);
	house_said(&house, "");
	house_step_is(&house, 1, STATE_QUEUED, "RestoreHeld");
	assert_int_equal(core_house_release(&house), 3);
	house_said(&house, "call 1 orders.list {}\n");
	house_run_is(&house, 2, STATE_QUEUED, "FlowConcurrency");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_said(&house, "call 3 orders.list {}\n");
	house_returned(&house, 3, STATE_SUCCEEDED, NULL, "{}");
	assert_int_equal(house_resolve(&house, 3, CORE_RESOLVE_SUCCEEDED, "{}"), HST_OK);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* A held run that had not begun takes no place from those that come now. */
static void what_is_held_holds_up_nobody(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "call");
	house_fire(&house, "call");
	house_returned(&house, 1, STATE_FAILED, "ActionFailed", NULL);
	house_fire(&house, "call");
	core_house_put_back(&house);
	house_run_is(&house, 3, STATE_QUEUED, "RestoreHeld");
	house_steer(&house, CORE_CANCEL, 2);
	house_run_is(&house, 2, STATE_CANCELLED, "Cancelled");
	house_said(&house, "");
	house_run_is(&house, 3, STATE_QUEUED, "RestoreHeld");
	house_fire(&house, "call");
	house_said(&house, "call 3 orders.list {}\n");
	core_house_release(&house);
	house_run_is(&house, 3, STATE_QUEUED, "FlowConcurrency");
	house_returned(&house, 3, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, 3, STATE_RUNNING, NULL);
	house_returned(&house, 4, STATE_SUCCEEDED, NULL, "{}");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* A device that still has the run is heard as ever; what comes after it waits. */
static void what_runs_on_a_device_is_heard_and_goes_no_further(void **state)
{
	struct core_house house;
	struct core_holding holding;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "chain");
	house_taken(&house, 1, STATE_RUNNING);
	holding = (struct core_holding){.step = 1, .token = house_token(&house, 1)};
	core_house_put_back(&house);
	house_fresh(&house, "a", 1, 1, &holding, 1);
	house_said(&house, "ask 1/1 a\n");
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, "{\"done\":\"A-17\"}", true);
	house_said(&house, "");
	house_run_is(&house, 1, STATE_RUNNING, "RestoreHeld");
	core_house_release(&house);
	house_said(&house, "call 2 post.send {\"text\":\"A-17\"}\n");
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{}");
	house_is_empty(&house);
	core_house_clear(&house);
}

/* The device has ended the run since, and told the host in its former life: it is lost, and begins anew only when released,
 * if its author wants that. */
static void what_has_ended_since_is_lost(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 2, 1, NULL, 0);
	house_fire(&house, "two");
	house_taken(&house, 1, STATE_RUNNING);
	house_fire(&house, "again");
	house_taken(&house, 2, STATE_RUNNING);
	core_house_put_back(&house);
	house_fresh(&house, "a", 2, 1, NULL, 0);
	house_standing(&house, 1, OFFER_LOST);
	house_run_is(&house, 1, STATE_LOST, "OutcomeUnknown");
	house_standing(&house, 2, OFFER_LOST);
	house_step_is(&house, 2, STATE_QUEUED, "RestoreHeld");
	house_time(&house, 80 * hour_us);
	house_step_is(&house, 2, STATE_QUEUED, "RestoreHeld");
	house_run_is(&house, 1, STATE_FAILED, "OutcomeUnknown");
	house_fresh(&house, "a", 2, 1, NULL, 0);
	house_said(&house, "");
	core_house_release(&house);
	offered(&house, 2, "bot1");
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* What the device runs since the backup nobody knows: it is told so, with the token it names. */
static void runs_of_the_former_life_are_disowned(void **state)
{
	struct core_house house;
	struct core_holding holding;

	(void)state;
	init(&house);
	house_fire(&house, "one");
	holding = (struct core_holding){.step = 1, .token = 1};
	core_house_put_back(&house);
	house_fresh(&house, "a", 1, 1, &holding, 1);
	house_said(&house, "disown 1/1 a\n");
	core_house_release(&house);
	offered(&house, 1, "bot1");
	/* The former life counted from 1, this one from the time of the restore. */
	assert_true(house_token(&house, 1) > 1600000000 * SECOND_US);
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waited_is_not_placed_and_does_not_expire),
		cmocka_unit_test(it_stays_held_when_the_engine_is_restarted),
		cmocka_unit_test(calls_are_not_made),
		cmocka_unit_test(what_is_held_holds_up_nobody),
		cmocka_unit_test(what_runs_on_a_device_is_heard_and_goes_no_further),
		cmocka_unit_test(what_has_ended_since_is_lost),
		cmocka_unit_test(runs_of_the_former_life_are_disowned),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
