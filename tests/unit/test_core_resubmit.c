/* Rule R18: a run is begun again, with a flow that is named, and with steps that are taken over as they ended. */
#include "core_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void init(struct core_house *house)
{
	core_house_init(house, NULL);
	core_house_flow(house, "[flow]\nname = two\nconcurrency = 1\n[step find]\nuse = connector:x.y\n"
			       "[step tell]\nuse = connector:x.y\ninput.row = ${find.row}\n");
}

static int64_t again(struct core_house *house, const struct step_facts *kept, size_t n)
{
	core_house_event(house, &(struct core_event){.kind = CORE_FIRED,
						     .as = core_flow_of_digest(house->core, "two"),
						     .origin = 1,
						     .kept = kept,
						     .kept_count = n,
						     .who = "anna",
						     .payload = "{}",
						     .payload_length = 2});
	return house->counters.run;
}

static void fail_at_tell(struct core_house *house)
{
	house_fire(house, "two");
	house_returned(house, 1, STATE_SUCCEEDED, NULL, "{\"row\":\"r7\"}");
	house_returned(house, 2, STATE_FAILED, "ActionFailed", NULL);
	house_run_is(house, 1, STATE_FAILED, "ActionFailed");
}

static void a_run_is_begun_again_from_its_start(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	fail_at_tell(&house);
	assert_int_equal(again(&house, NULL, 0), 2);
	house_said(&house, "call 3 x.y {}\n");
	assert_int_equal(house_run(&house, 2)->origin, 1);
	core_house_clear(&house);
}

static void what_is_kept_feeds_the_steps_behind_it(void **state)
{
	struct core_house house;
	struct step_facts kept;

	(void)state;
	init(&house);
	fail_at_tell(&house);
	kept = *house_step(&house, 1);
	again(&house, &kept, 1);
	house_said(&house, "call 4 x.y {\"row\":\"r7\"}\n");
	house_step_is(&house, 3, STATE_SUCCEEDED, NULL);
	assert_int_equal(house_step(&house, 3)->started_us, kept.started_us);
	core_house_restart(&house);
	house_step_is(&house, 3, STATE_SUCCEEDED, NULL);
	core_house_clear(&house);
}

/* It waits for the flow's concurrency like any other, and what failed is never kept. */
static void it_waits_and_keeps_only_what_ended_well(void **state)
{
	struct core_house house;
	struct step_facts kept[2];

	(void)state;
	init(&house);
	fail_at_tell(&house);
	kept[0] = *house_step(&house, 1);
	kept[1] = *house_step(&house, 2);
	house_fire(&house, "two");
	assert_int_equal(again(&house, kept, 2), 3);
	house_run_is(&house, 3, STATE_QUEUED, "FlowConcurrency");
	house_steer(&house, CORE_CANCEL, 2);
	house_returned(&house, 3, STATE_FAILED, "Cancelled", NULL);
	house_said(&house, "call 5 x.y {\"row\":\"r7\"}\n");
	house_returned(&house, 5, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, 3, STATE_SUCCEEDED, NULL);
	house_is_empty(&house);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_is_begun_again_from_its_start),
		cmocka_unit_test(what_is_kept_feeds_the_steps_behind_it),
		cmocka_unit_test(it_waits_and_keeps_only_what_ended_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
