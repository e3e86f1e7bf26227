/* The configuration is read again while runs wait and run: what stays keeps its place, what has gone is said. */
#include "core_house.h"
#include "flow_house.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void the_same(struct core *core)
{
	char *members[] = {"a", "b"};

	core_add_device(core, "a", false);
	core_add_device(core, "b", false);
	core_add_device(core, "c", false);
	core_add_device(core, "s", true);
	core_add_cluster(core, "pool", "random", members, 2, false);
	core_add_cluster(core, "line", "random", members, 2, true);
	core_add_cluster(core, "empty", "random", members, 0, false);
}

/* b and the clusters that had it are gone, the pool is c alone. */
static void without_b(struct core *core)
{
	char *members[] = {"c"};

	core_add_device(core, "a", false);
	core_add_device(core, "c", false);
	core_add_cluster(core, "pool", "random", members, 1, false);
}

static void only_c(struct core *core)
{
	core_add_device(core, "c", false);
}

static void a_in_strict_order(struct core *core)
{
	core_add_device(core, "a", true);
}

/* Where the connection "moving" leads now. */
static const char *moving_target, *moving_user;

static bool (*usual_connection)(void *arg, const char *name, const char **ret_target, const char **ret_user);

static bool connection(void *arg, const char *name, const char **ret_target, const char **ret_user)
{
	if (strcmp(name, "moving") != 0)
		return usual_connection(arg, name, ret_target, ret_user);
	*ret_target = moving_target;
	*ret_user = moving_user;
	return moving_target != NULL;
}

static void init(struct core_house *house)
{
	core_house_init(house, the_same);
	usual_connection = house->policy.connection;
	house->policy.connection = connection;
	core_house_restart(house);
	moving_target = "device:a";
	moving_user = "bot9";
	core_house_desktop_flow(house, "one", "bot1-a", NULL);
	core_house_desktop_flow(house, "two", "bot2-a", NULL);
	core_house_desktop_flow(house, "on-b", "bot3-b", NULL);
	core_house_desktop_flow(house, "pool", "bot5-pool", NULL);
	core_house_desktop_flow(house, "moving", "moving", NULL);
	core_house_flow(house, "[flow]\nname = narrow\nconcurrency = 1\n[step do]\nuse = connector:x.y\n");
}

static void gone(struct core_house *house, const char *name)
{
	table_set(&house->gone, name, house);
}

static void end(struct core_house *house, int64_t step)
{
	house_finished(house, step, STATE_SUCCEEDED, NULL, NULL, true);
}

static void nothing_changes_when_nothing_has_changed(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_fire(&house, "one");
	house_fire(&house, "two");
	house_fire(&house, "moving");
	house_taken(&house, 1, STATE_RUNNING);
	core_house_reload(&house, the_same);
	house_said(&house, "");
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	house_step_is(&house, 2, STATE_QUEUED, "AllSlotsTaken");
	assert_true(placement_device(core_placement(house.core), "a")->online);
	end(&house, 1);
	house_said(&house, "offer 2/2 a bot2\n");
	end(&house, 2);
	house_said(&house, "offer 3/3 a bot9\n");
	end(&house, 3);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void who_waits_where_a_connection_leads_now_keeps_the_place(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 0, 1, NULL, 0);
	house_fire(&house, "moving");
	house_fire(&house, "on-b");
	moving_target = "device:b";
	moving_user = "bot8";
	core_house_reload(&house, the_same);
	house_step_is(&house, 1, STATE_QUEUED, "DeviceNeverConnected");
	assert_string_equal(house_step(&house, 1)->target, "device:b");
	assert_string_equal(house_step(&house, 1)->user, "bot8");
	assert_int_equal(house_step(&house, 1)->seq, 1);
	house_fresh(&house, "b", 1, 1, NULL, 0);
	house_said(&house, "offer 1/1 b bot8\n");
	end(&house, 1);
	house_said(&house, "offer 2/2 b bot3\n");
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void what_waits_for_something_that_is_gone_ends_and_says_so(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "on-b");
	house_fire(&house, "moving");
	house_fire(&house, "one");
	moving_target = NULL;
	core_house_reload(&house, without_b);
	house_run_is(&house, 1, STATE_FAILED, "DefinitionGone");
	house_run_is(&house, 2, STATE_FAILED, "DefinitionGone");
	house_step_is(&house, 3, STATE_QUEUED, "DeviceNeverConnected");
	house_fresh(&house, "a", 1, 1, NULL, 0);
	house_said(&house, "offer 3/1 a bot1\n");
	gone(&house, "bot1-a");
	core_house_reload(&house, without_b);
	house_refused(&house, 3, REASON_WAIT, "TooManyActiveSessions", 1);
	house_run_is(&house, 3, STATE_FAILED, "DefinitionGone");
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_cluster_takes_its_new_members_at_once(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "c", 1, 1, NULL, 0);
	house_fire(&house, "pool");
	house_step_is(&house, 1, STATE_QUEUED, "DeviceNeverConnected");
	core_house_reload(&house, without_b);
	house_said(&house, "offer 1/1 c bot5\n");
	end(&house, 1);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void members_that_stay_keep_the_count_of_what_was_placed_there(void **state)
{
	const struct placement_target *pool;
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "b", 1, 1, NULL, 0);
	house_fire(&house, "pool");
	end(&house, 1);
	core_house_reload(&house, the_same);
	pool = placement_target(core_placement(house.core), "cluster:pool");
	assert_int_equal(pool->device_count, 2);
	assert_int_equal(pool->shares[0].placed, 0);
	assert_int_equal(pool->shares[1].placed, 1);
	core_house_clear(&house);
}

static void a_run_on_a_device_that_is_gone_runs_to_its_end(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "b", 1, 1, NULL, 0);
	house_fire(&house, "on-b");
	house_taken(&house, 1, STATE_RUNNING);
	core_house_reload(&house, only_c);
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	core_house_reload(&house, only_c);
	assert_non_null(placement_device(core_placement(house.core), "b"));
	house_device(&house, "b", 1, 2); /* its gateway lets it run on, too */
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, false);
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	house_released(&house, 1);
	core_house_reload(&house, only_c);
	assert_null(placement_device(core_placement(house.core), "b"));
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_device_that_comes_back_takes_up_where_it_was(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "b", 1, 1, NULL, 0);
	house_fire(&house, "on-b");
	house_taken(&house, 1, STATE_RUNNING);
	core_house_reload(&house, only_c);
	core_house_reload(&house, the_same);
	house_fire(&house, "on-b");
	house_step_is(&house, 2, STATE_QUEUED, "UIFlowAlreadyRunning");
	end(&house, 1);
	house_said(&house, "offer 2/2 b bot3\n");
	end(&house, 2);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void order_can_become_strict(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fresh(&house, "a", 2, 1, NULL, 0);
	house_fire(&house, "one");
	house_fire(&house, "one");
	core_house_reload(&house, a_in_strict_order);
	house_fire(&house, "two");
	house_said(&house, "");
	house_step_is(&house, 3, STATE_QUEUED, "StrictOrder");
	end(&house, 1);
	house_said(&house, "offer 2/2 a bot1\noffer 3/3 a bot2\n");
	core_house_clear(&house);
}

/* The flow "narrow" with another text; the core takes it over. */
static const struct flow *other_text(struct core_house *house, const char *digest, int concurrency)
{
	char *text = mem_printf("[flow]\nname = narrow\nconcurrency = %d\n[step do]\nuse = connector:x.z\n", concurrency);
	struct problems problems;
	struct flow *flow;

	problems_init(&problems);
	flow = house_flow(text, &problems);
	house_no_problems(&problems);
	free(text);
	snprintf(flow->digest, sizeof flow->digest, "%s", digest);
	return core_add_flow(house->core, flow, true);
}

static void runs_keep_their_text_and_new_ones_get_the_new(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "narrow");
	house_fire(&house, "narrow");
	house_run_is(&house, 2, STATE_QUEUED, "FlowConcurrency");
	gone(&house, "narrow");
	core_retire(house.core);
	the_same(house.core);
	other_text(&house, "narrow-2", 3);
	core_house_event(&house, &(struct core_event){.kind = CORE_CONFIGURED});
	/* The newest text says how many; the run that waited goes on with its own. */
	house_said(&house, "call 2 x.y {}\n");
	house_fire(&house, "narrow");
	house_said(&house, "call 3 x.z {}\n");
	assert_non_null(core_flow_of_digest(house.core, "narrow"));
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, NULL);
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, NULL);
	core_retire(house.core);
	the_same(house.core);
	other_text(&house, "narrow-2", 3);
	core_house_event(&house, &(struct core_event){.kind = CORE_CONFIGURED});
	assert_null(core_flow_of_digest(house.core, "narrow"));
	assert_non_null(core_flow_of_digest(house.core, "narrow-2"));
	house_returned(&house, 3, STATE_SUCCEEDED, NULL, NULL);
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_flow_that_is_gone_lets_its_runs_end(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "narrow");
	house_fire(&house, "narrow");
	gone(&house, "narrow");
	core_house_reload(&house, the_same);
	house_fire(&house, "narrow");
	assert_int_equal(house.counters.run, 2);
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, NULL);
	house_said(&house, "call 2 x.y {}\n");
	core_house_reload(&house, the_same);
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, NULL);
	house_run_is(&house, 2, STATE_SUCCEEDED, NULL);
	core_house_reload(&house, the_same);
	assert_null(core_flow_of_digest(house.core, "narrow"));
	house_is_empty(&house);
	core_house_clear(&house);
}

static void a_new_queue_time_out_counts_for_who_waits_already(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "one");
	house_time(&house, 600 * SECOND_US);
	house.queue_timeout_ms = 60 * 1000;
	core_house_reload(&house, the_same);
	house_time(&house, 1000);
	house_run_is(&house, 1, STATE_EXPIRED, "NoCandidateMachine");
	house_is_empty(&house);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changes_when_nothing_has_changed),
		cmocka_unit_test(who_waits_where_a_connection_leads_now_keeps_the_place),
		cmocka_unit_test(what_waits_for_something_that_is_gone_ends_and_says_so),
		cmocka_unit_test(a_cluster_takes_its_new_members_at_once),
		cmocka_unit_test(members_that_stay_keep_the_count_of_what_was_placed_there),
		cmocka_unit_test(a_run_on_a_device_that_is_gone_runs_to_its_end),
		cmocka_unit_test(a_device_that_comes_back_takes_up_where_it_was),
		cmocka_unit_test(order_can_become_strict),
		cmocka_unit_test(runs_keep_their_text_and_new_ones_get_the_new),
		cmocka_unit_test(a_flow_that_is_gone_lets_its_runs_end),
		cmocka_unit_test(a_new_queue_time_out_counts_for_who_waits_already),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
