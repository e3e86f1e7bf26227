/* Out of service until somebody puts it back (rule R20): flows, triggers, devices, clusters, the host. */
#include "core_house.h"

#include "pure/core/standing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_flow(house, "[flow]\nname = one\non = bell, knock\n[step do]\nuse = connector:x.y\n");
	core_house_flow(house, "[flow]\nname = two\non = bell\n[step do]\nuse = connector:x.y\n");
	core_house_desktop_flow(house, "here", "bot1-a", NULL);
	core_house_desktop_flow(house, "there", "bot2-b", NULL);
	core_house_desktop_flow(house, "pool", "bot3-pool", NULL);
	house_device(house, "a", 4, 1);
	house_device(house, "b", 4, 1);
	house_device(house, "c", 4, 1);
}

static int64_t ring(struct core_house *house, const char *trigger)
{
	int64_t before = house->counters.run;

	core_house_event(house, &(struct core_event){
					.kind = CORE_FIRED, .trigger = trigger, .payload = "{}", .payload_length = 2});
	return house->counters.run - before;
}

static void a_disabled_flow_takes_no_events_and_its_runs_go_on(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "one");
	assert_true(house_stand(&house, CORE_DISABLE, "flow:one"));
	assert_false(house_stand(&house, CORE_DISABLE, "flow:one"));
	assert_string_equal(core_disabled(house.core, "flow:one")->who, "anna");
	assert_int_equal(ring(&house, "bell"), 1);
	assert_int_equal(ring(&house, "knock"), 0);
	assert_int_equal(house_fire(&house, "one"), 2); /* still the run of the bell */
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, 1, STATE_SUCCEEDED, NULL);
	core_house_restart(&house);
	assert_int_equal(ring(&house, "knock"), 0);
	assert_true(house_stand(&house, CORE_ENABLE, "flow:one"));
	assert_false(house_stand(&house, CORE_ENABLE, "flow:one"));
	assert_int_equal(ring(&house, "bell"), 2);
	core_house_restart(&house);
	assert_int_equal(ring(&house, "bell"), 2);
	core_house_clear(&house);
}

static void a_disabled_trigger_starts_nothing(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_stand(&house, CORE_DISABLE, "trigger:bell");
	assert_int_equal(ring(&house, "bell"), 0);
	assert_int_equal(ring(&house, "knock"), 1);
	core_house_restart(&house);
	assert_int_equal(ring(&house, "bell"), 0);
	house_stand(&house, CORE_ENABLE, "trigger:bell");
	assert_int_equal(ring(&house, "bell"), 2);
	core_house_clear(&house);
}

static void a_drained_device_ends_its_runs_and_takes_no_more(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_fire(&house, "here");
	house_taken(&house, 1, STATE_RUNNING);
	house_stand(&house, CORE_DRAIN, "device:a");
	house_step_is(&house, 1, STATE_RUNNING, NULL);
	house_fire(&house, "here");
	house_fire(&house, "there");
	house_said(&house, "offer 3/2 b bot2\n");
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	house_said(&house, "");
	house_step_is(&house, 2, STATE_QUEUED, "DeviceDraining");
	house_step_says(&house, 2, "a: it is in maintenance");
	/* In a cluster another takes over. */
	for (int64_t step = 4; step < 10; step++) {
		house_fire(&house, "pool");
		assert_string_equal(house_step(&house, step)->device, "b");
		house_finished(&house, step, STATE_SUCCEEDED, NULL, NULL, true);
	}
	core_house_restart(&house);
	house_fresh(&house, "a", 4, 1, NULL, 0);
	house_said(&house, "");
	house_stand(&house, CORE_UNDRAIN, "device:a");
	house_said(&house, "offer 2/9 a bot1\n");
	core_house_clear(&house);
}

static void a_device_is_in_service_when_neither_it_nor_what_it_is_in_is_drained(void **state)
{
	struct core_house house;
	const char *by = NULL;

	(void)state;
	init(&house);
	house_stand(&house, CORE_DRAIN, "cluster:pool");
	house_stand(&house, CORE_DRAIN, "device:a");
	assert_non_null(core_device_drained(house.core, "a", &by));
	assert_string_equal(by, "device:a");
	assert_non_null(core_device_drained(house.core, "b", &by));
	assert_string_equal(by, "cluster:pool");
	assert_null(core_device_drained(house.core, "c", &by));
	house_fire(&house, "here");
	house_fire(&house, "there");
	house_fire(&house, "pool");
	house_said(&house, "");
	house_stand(&house, CORE_UNDRAIN, "device:a");
	house_said(&house, "");
	house_stand(&house, CORE_DRAIN, "host");
	assert_non_null(core_device_drained(house.core, "c", &by));
	assert_string_equal(by, "host");
	house_stand(&house, CORE_UNDRAIN, "cluster:pool");
	house_said(&house, "");
	house_stand(&house, CORE_UNDRAIN, "host");
	assert_true(strlen(house.said.s) > 0);
	house_step_is(&house, 1, STATE_OFFERED, NULL);
	house_step_is(&house, 2, STATE_OFFERED, NULL);
	house_step_is(&house, 3, STATE_OFFERED, NULL);
	core_house_clear(&house);
}

static void pool_of_c(struct core *core)
{
	char *members[] = {"c"};

	core_add_device(core, "a", false);
	core_add_device(core, "b", false);
	core_add_device(core, "c", false);
	core_add_cluster(core, "pool", "random", members, 1, false);
}

/* Who is in a cluster that is drained is looked up anew. */
static void a_new_configuration_changes_who_is_drained(void **state)
{
	struct core_house house;
	const char *by;

	(void)state;
	init(&house);
	house_stand(&house, CORE_DRAIN, "cluster:pool");
	house_fire(&house, "here");
	house_said(&house, "");
	core_house_reload(&house, pool_of_c);
	house_said(&house, "offer 1/1 a bot1\n");
	assert_true(placement_device(core_placement(house.core), "c")->drained);
	assert_null(core_device_drained(house.core, "a", &by));
	house_fire(&house, "pool");
	house_said(&house, "");
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disabled_flow_takes_no_events_and_its_runs_go_on),
		cmocka_unit_test(a_disabled_trigger_starts_nothing),
		cmocka_unit_test(a_drained_device_ends_its_runs_and_takes_no_more),
		cmocka_unit_test(a_device_is_in_service_when_neither_it_nor_what_it_is_in_is_drained),
		cmocka_unit_test(a_new_configuration_changes_who_is_drained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
