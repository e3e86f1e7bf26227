/* Which run starts when: order, slots, one run of a user per device, clusters, strict order. */
#include "core_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void init(struct core_house *house, void (*configure)(struct core *))
{
	core_house_init(house, configure);
	core_house_desktop_flow(house, "bot1", "bot1-a", NULL);
	core_house_desktop_flow(house, "bot2", "bot2-a", NULL);
	core_house_desktop_flow(house, "bot3", "bot3-a", NULL);
	core_house_desktop_flow(house, "urgent", "bot4-a", "priority = high\n");
	core_house_desktop_flow(house, "pool5", "bot5-pool", NULL);
	core_house_desktop_flow(house, "pool6", "bot6-pool", NULL);
	core_house_desktop_flow(house, "line7", "bot7-line", NULL);
	core_house_desktop_flow(house, "line8", "bot8-line", NULL);
	core_house_desktop_flow(house, "strict9", "bot9-s", NULL);
	core_house_desktop_flow(house, "strict10", "bot10-s", NULL);
}

static void end(struct core_house *house, int64_t step)
{
	house_finished(house, step, STATE_SUCCEEDED, NULL, NULL, true);
}

/* Rule R12. */
static void a_free_slot_goes_to_the_first_by_priority_then_time(void **state)
{
	struct core_house house;

	(void)state;
	init(&house, NULL);
	house_device(&house, "a", 1, 1);
	house_fire(&house, "bot1");
	house_said(&house, "offer 1/1 a bot1\n");
	house_fire(&house, "bot2");
	house_fire(&house, "pool5"); /* the cluster has device a too; b was never heard of */
	house_fire(&house, "bot3");
	house_fire(&house, "urgent");
	house_step_is(&house, 2, STATE_QUEUED, "AllSlotsTaken");
	house_step_is(&house, 3, STATE_QUEUED, "AllSlotsTaken");
	house_step_says(&house, 3, "b: DeviceNeverConnected");
	end(&house, 1);
	house_said(&house, "offer 5/2 a bot4\n");
	end(&house, 5);
	house_said(&house, "offer 2/3 a bot2\n");
	end(&house, 2);
	house_said(&house, "offer 3/4 a bot5\n");
	end(&house, 3);
	house_said(&house, "offer 4/5 a bot3\n");
	end(&house, 4);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Rules R9 and R13. */
static void a_user_runs_once_per_device_and_the_next_starts_at_once(void **state)
{
	struct core_house house;

	(void)state;
	init(&house, NULL);
	core_house_desktop_flow(&house, "domain", "HOUSE\\Bot1-a", NULL);
	house_device(&house, "a", 4, 1);
	house_fire(&house, "bot1");
	house_fire(&house, "bot1");
	house_said(&house, "");
	house_step_is(&house, 2, STATE_QUEUED, "UIFlowAlreadyRunning");
	house_fire(&house, "domain");
	house_step_is(&house, 3, STATE_QUEUED, "UIFlowAlreadyRunning");
	house_fire(&house, "bot2"); /* is not held up by those */
	house_said(&house, "offer 4/2 a bot2\n");
	house_taken(&house, 1, STATE_RUNNING);
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, false);
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_said(&house, ""); /* its session is still being closed */
	house_released(&house, 1);
	house_said(&house, "offer 2/3 a bot1\n");
	house_finished(&house, 2, STATE_SUCCEEDED, NULL, NULL, true);
	house_said(&house, "offer 3/4 a HOUSE\\Bot1\n");
	end(&house, 3);
	end(&house, 4);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* The slot that a step leaves is given away only when it is known what its run wants next. */
static void the_next_step_of_a_run_takes_part_in_the_order(void **state)
{
	struct core_house house;

	(void)state;
	init(&house, NULL);
	core_house_flow(&house, "[flow]\nname = both\n[step first]\nuse = desktop:type\nconnection = "
				"bot1-a\nmode = unattended\n"
				"[step second]\nuse = desktop:type\nconnection = bot1-a\nmode = "
				"unattended\npriority = high\n");
	house_device(&house, "a", 1, 1);
	house_fire(&house, "both");
	house_fire(&house, "bot2");
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	house_said(&house, "offer 3/2 a bot1\n");
	end(&house, 3);
	house_said(&house, "offer 2/3 a bot2\n");
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void slots_may_grow_and_shrink(void **state)
{
	struct core_house house;

	(void)state;
	init(&house, NULL);
	house_device(&house, "a", 0, 1);
	house_fire(&house, "bot1");
	house_fire(&house, "bot2");
	house_fire(&house, "bot3");
	house_said(&house, "");
	house_device(&house, "a", 2, 2);
	house_said(&house, "offer 1/1 a bot1\noffer 2/2 a bot2\n");
	house_device(&house, "a", 1, 3);
	end(&house, 1);
	house_said(&house, ""); /* one runs, and one is all there may be now */
	end(&house, 2);
	house_said(&house, "offer 3/3 a bot3\n");
	end(&house, 3);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Rule R22: only members that can take the run are asked. */
static void a_cluster_gives_to_whoever_can_take_it(void **state)
{
	struct core_house house;

	(void)state;
	init(&house, NULL);
	house_device(&house, "a", 1, 1);
	house_device(&house, "b", 1, 1);
	house_fire(&house, "bot1");
	house_fire(&house, "pool5");
	house_said(&house, "offer 2/2 b bot5\n");
	house_taken(&house, 2, STATE_RUNNING);
	house_fire(&house, "pool5");
	house_step_says(&house, 3, "a: AllSlotsTaken");
	house_step_says(&house, 3, "b: UIFlowAlreadyRunning");
	end(&house, 1);
	house_said(&house, "offer 3/3 a bot5\n"); /* once on each device is allowed */
	end(&house, 2);
	end(&house, 3);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void strict_order_holds_up_those_behind(void **state)
{
	struct core_house house;

	(void)state;
	init(&house, NULL);
	house_device(&house, "s", 2, 1);
	house_fire(&house, "strict9");
	house_fire(&house, "strict9");
	house_fire(&house, "strict10");
	house_said(&house, "");
	house_step_is(&house, 3, STATE_QUEUED, "StrictOrder");
	end(&house, 1);
	house_said(&house, "offer 2/2 s bot9\noffer 3/3 s bot10\n");
	end(&house, 2);
	end(&house, 3);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Whoever was held up goes on as soon as the first has left, however it left. */
static void strict_order_goes_on_when_the_first_leaves(void **state)
{
	struct core_house house;

	(void)state;
	init(&house, NULL);
	core_house_desktop_flow(&house, "short", "bot9-s", "queue_timeout = 1m\n");
	core_house_desktop_flow(&house, "shortline", "bot7-line", "queue_timeout = 1m\n");
	house_device(&house, "s", 2, 1);
	house_fire(&house, "strict9");
	house_fire(&house, "short");
	house_fire(&house, "strict10");
	for (int i = 0; i < 6; i++) {
		house_time(&house, 10 * SECOND_US);
		house_device(&house, "s", 2, 1);
	}
	house_step_is(&house, 2, STATE_EXPIRED, "NoCandidateMachine");
	house_step_is(&house, 3, STATE_OFFERED, NULL);
	end(&house, 1);
	end(&house, 3);
	/* A device that takes the first makes room on the others for the second. */
	house_device(&house, "a", 1, 1);
	house_fire(&house, "bot1");
	house_device(&house, "b", 0, 1);
	house_fire(&house, "line7");
	house_fire(&house, "line8");
	house_device(&house, "b", 1, 2);
	house_step_is(&house, 5, STATE_OFFERED, NULL);
	house_step_is(&house, 6, STATE_QUEUED, "AllSlotsTaken");
	end(&house, 4);
	house_step_is(&house, 6, STATE_OFFERED, NULL);
	end(&house, 5);
	end(&house, 6);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Twenty users on a device with twenty slots, each pressed ten times: all slots busy, each user once, each
 * user in order. */
static void twenty_users_on_twenty_slots(void **state)
{
	enum { USERS = 20, ROUNDS = 10 };
	struct core_house house;
	const struct placement_device *device;

	(void)state;
	core_house_init(&house, NULL);
	house_device(&house, "c", USERS, 1);
	device = placement_device(core_placement(house.core), "c");
	for (int user = 0; user < USERS; user++) {
		char *name = mem_printf("u%d", user), *connection = mem_printf("u%d-c", user);

		core_house_desktop_flow(&house, name, connection, NULL);
		for (int round = 0; round < ROUNDS; round++)
			house_fire(&house, name);
		free(name);
		free(connection);
	}
	for (int round = 0; round < ROUNDS; round++) {
		assert_int_equal(device->running, USERS);
		assert_int_equal(device->busy.n, USERS);
		for (int user = 0; user < USERS; user++) {
			int64_t step = user * ROUNDS + round + 1;
			char *expected = round + 1 < ROUNDS
						 ? mem_printf("offer %lld/%lld c u%d\n", (long long)step + 1,
							      (long long)house.counters.token + 1, user)
						 : mem_text("");

			house_step_is(&house, step, STATE_OFFERED, NULL);
			house_taken(&house, step, STATE_RUNNING);
			end(&house, step);
			house_said(&house, expected);
			free(expected);
		}
	}
	assert_int_equal(device->running, 0);
	assert_int_equal(house.counters.token, USERS * ROUNDS);
	house_is_empty(&house);
	core_house_clear(&house);
}

/* Several runs of one user in a cluster go to as many devices as there are. */
static void a_user_runs_on_every_member_at_once(void **state)
{
	struct core_house house;

	(void)state;
	init(&house, NULL);
	for (int i = 0; i < 3; i++)
		house_fire(&house, "pool6");
	house_device(&house, "a", 2, 1);
	house_said(&house, "offer 1/1 a bot6\n");
	house_taken(&house, 1, STATE_RUNNING);
	house_device(&house, "b", 2, 1);
	house_said(&house, "offer 2/2 b bot6\n");
	house_step_is(&house, 3, STATE_QUEUED, "DeviceNeverConnected"); /* as it was when it began to wait */
	house_step_says(&house, 3, "a: UIFlowAlreadyRunning");
	end(&house, 2);
	house_said(&house, "offer 3/3 b bot6\n");
	end(&house, 1);
	end(&house, 3);
	house_is_empty(&house);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_free_slot_goes_to_the_first_by_priority_then_time),
		cmocka_unit_test(a_user_runs_once_per_device_and_the_next_starts_at_once),
		cmocka_unit_test(the_next_step_of_a_run_takes_part_in_the_order),
		cmocka_unit_test(slots_may_grow_and_shrink),
		cmocka_unit_test(a_cluster_gives_to_whoever_can_take_it),
		cmocka_unit_test(strict_order_holds_up_those_behind),
		cmocka_unit_test(strict_order_goes_on_when_the_first_leaves),
		cmocka_unit_test(twenty_users_on_twenty_slots),
		cmocka_unit_test(a_user_runs_on_every_member_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
