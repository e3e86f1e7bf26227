/* Why a step that waits for a device does not start: one clause for each device, and it is true. */
#include "core_house.h"

#include "base/arena.h"
#include "pure/core/candidates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct core_house house;

static int open_house(void **state)
{
	(void)state;
	core_house_init(&house, NULL);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	core_house_clear(&house);
	return 0;
}

/* Fails the test unless the device is this much in the way of the step. */
static void says(int64_t id, const char *name, const char *code, const char *clause)
{
	const struct step *step = core_step_of(house.core, id);
	const struct placement_device *device = placement_device(core_placement(house.core), name);
	struct text said;

	text_init(&said, 4096);
	if (code)
		assert_string_equal(core_candidate(step, device, &said), code);
	else
		assert_null(core_candidate(step, device, &said));
	if (!strstr(said.s, clause))
		fail_msg("\"%s\" has no part \"%s\"", said.s, clause);
	text_clear(&said);
}

static void end(int64_t step)
{
	house_finished(&house, step, STATE_SUCCEEDED, NULL, "{}", true);
}

static void a_device_that_never_came_and_one_that_went_away(void **state)
{
	(void)state;
	core_house_desktop_flow(&house, "f", "bot-pool", NULL);
	house_device(&house, "a", 1, 1);
	house_time(&house, 60 * SECOND_US);
	house_fire(&house, "f");
	says(1, "b", "DeviceNeverConnected", "no gateway has connected for it since the host started");
	says(1, "a", "DeviceOffline", "nothing has been heard of it since 2023-11-14T22:13:20Z");
	house_step_says(&house, 1, "a: DeviceOffline (nothing has been heard of it since 2023");
	house_device(&house, "a", 1, 1);
	end(1);
}

static void what_waits_keeps_no_sentence_in_memory_and_has_one_in_the_store(void **state)
{
	(void)state;
	core_house_desktop_flow(&house, "f", "bot-pool", NULL);
	house_fire(&house, "f");
	assert_non_null(strstr(house_step(&house, 1)->text, "a: DeviceNeverConnected"));
	assert_null(core_step_of(house.core, 1)->facts.text);
	house_step_says(&house, 1, "a: DeviceNeverConnected");
	assert_non_null(core_step_of(house.core, 1)->facts.text);
}

static void who_has_the_slots_and_who_the_user(void **state)
{
	(void)state;
	core_house_desktop_flow(&house, "f", "bot-a", NULL);
	core_house_desktop_flow(&house, "g", "tim-a", NULL);
	core_house_desktop_flow(&house, "h", "eve-a", NULL);
	house_device(&house, "a", 2, 1);
	house_fire(&house, "f");
	house_taken(&house, 1, STATE_RUNNING);
	house_fire(&house, "g");
	house_fire(&house, "h");
	house_fire(&house, "f");
	says(3, "a", "AllSlotsTaken", "its 2 slots are taken by #1/do of bot and #2/do of tim");
	says(4, "a", "UIFlowAlreadyRunning", "#1/do of bot is running there since 2023-11-14T22:13:2");
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, "{}", false);
	says(4, "a", "UIFlowAlreadyRunning", "the session of #1/do of bot is still being closed there");
	house_released(&house, 1);
	end(2);
	end(3);
	end(4);
}

static void a_device_without_slots_says_so(void **state)
{
	(void)state;
	core_house_desktop_flow(&house, "f", "bot-a", NULL);
	house_device(&house, "a", 0, 1);
	house_fire(&house, "f");
	says(1, "a", "AllSlotsTaken", "it has no slot for runs now");
	house_device(&house, "a", 1, 1);
	end(1);
}

static void a_refusal_is_told_in_its_own_words_and_when_it_ends(void **state)
{
	const struct placement_device *a = placement_device(core_placement(house.core), "a");

	(void)state;
	core_house_desktop_flow(&house, "f", "bot-a", NULL);
	house_device(&house, "a", 1, 1);
	house_fire(&house, "f");
	assert_int_equal(house_step(&house, 1)->placed_us, house.now_us);
	house_refused(&house, 1, REASON_WAIT, "UnattendedUserSessionLocked", 1);
	/* It waits again, and nothing is prepared for it. */
	assert_int_equal(house_step(&house, 1)->placed_us, 0);
	says(1, "a", "UnattendedUserSessionLocked", "so it says");
	assert_int_equal(core_asked_again_us(house.core, core_step_of(house.core, 1), a), 0);
	house_device(&house, "a", 1, 2);
	house_refused(&house, 1, REASON_RETRY, "SessionCreationError", 2);
	says(1, "a", "SessionCreationError", "so it says");
	assert_int_equal(core_asked_again_us(house.core, core_step_of(house.core, 1), a), house.now_us + 5 * SECOND_US);
	house_time(&house, 6 * SECOND_US);
	end(1);
}

static void in_strict_order_the_first_is_named(void **state)
{
	(void)state;
	core_house_desktop_flow(&house, "f", "bot-line", NULL);
	core_house_desktop_flow(&house, "g", "tim-line", NULL);
	house_device(&house, "a", 2, 1);
	house_device(&house, "b", 2, 1);
	house_fire(&house, "f");
	house_taken(&house, 1, STATE_RUNNING);
	house_fire(&house, "f");
	house_fire(&house, "f");
	house_fire(&house, "g");
	says(3, "a", "UIFlowAlreadyRunning", "of bot is ");
	says(4, "a", "StrictOrder", "cluster:line keeps strict order, and #3/do of bot is first");
	assert_int_equal(core_first(placement_target(core_placement(house.core), "cluster:line"))->facts.id, 3);
	for (int64_t step = 1; step <= 4; step++)
		end(step);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_device_that_never_came_and_one_that_went_away, open_house, close_house),
		cmocka_unit_test_setup_teardown(what_waits_keeps_no_sentence_in_memory_and_has_one_in_the_store, open_house,
						close_house),
		cmocka_unit_test_setup_teardown(who_has_the_slots_and_who_the_user, open_house, close_house),
		cmocka_unit_test_setup_teardown(a_device_without_slots_says_so, open_house, close_house),
		cmocka_unit_test_setup_teardown(a_refusal_is_told_in_its_own_words_and_when_it_ends, open_house, close_house),
		cmocka_unit_test_setup_teardown(in_strict_order_the_first_is_named, open_house, close_house),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
