/* What the person at a device does with an attended run is written down as theirs, and the device is told nothing. */
#include "core_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void asked(struct core_house *house, enum core_verb verb, int64_t token)
{
	core_house_event(house, &(struct core_event){.kind = CORE_ASKED, .step = 1, .token = token, .verb = verb});
}

static void begin(struct core_house *house, const char *mode)
{
	char text[400];

	core_house_init(house, NULL);
	snprintf(text, sizeof text, "[flow]\nname = desk\n\n[step do]\nuse = desktop:type\nconnection = bot1-a\nmode = %s\n", mode);
	core_house_flow(house, text);
	house_device(house, "a", 1, 1);
	house_fire(house, "desk");
	house_taken(house, 1, STATE_RUNNING);
}

static bool is_at(struct core_house *house, enum state state)
{
	return core_step_of(house->core, 1)->facts.state == state;
}

static void pausing_and_going_on_is_told_and_left_to_the_device(void **state)
{
	struct core_house house;

	(void)state;
	begin(&house, "attended");
	asked(&house, CORE_PAUSE, house_token(&house, 1));
	assert_string_equal(house.said.s, "");
	assert_true(is_at(&house, STATE_RUNNING));
	house_stage(&house, 1, STATE_PAUSED);
	asked(&house, CORE_RESUME, house_token(&house, 1));
	assert_string_equal(house.said.s, "");
	house_stage(&house, 1, STATE_RUNNING);
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, NULL, true);
	core_house_clear(&house);
}

static void what_was_stopped_says_by_whom(void **state)
{
	struct core_house house;

	(void)state;
	begin(&house, "attended");
	asked(&house, CORE_STOP, house_token(&house, 1));
	assert_string_equal(house.said.s, "");
	assert_true(is_at(&house, STATE_STOPPING));
	assert_string_equal(core_step_of(house.core, 1)->facts.text, "stopped by bot1 at a");
	asked(&house, CORE_STOP, house_token(&house, 1));
	asked(&house, CORE_RESUME, house_token(&house, 1));
	assert_true(is_at(&house, STATE_STOPPING));
	house_finished(&house, 1, STATE_CANCELLED, "Cancelled", "The person at the device has stopped it.", true);
	core_house_clear(&house);
}

static void a_device_that_comes_back_is_told_to_stop_what_was_stopped(void **state)
{
	struct core_house house;

	(void)state;
	begin(&house, "attended");
	asked(&house, CORE_STOP, house_token(&house, 1));
	core_house_restart(&house);
	assert_true(is_at(&house, STATE_STOPPING));
	assert_string_equal(core_step_of(house.core, 1)->facts.text, "stopped by bot1 at a");
	core_house_clear(&house);
}

static void what_makes_no_sense_changes_nothing(void **state)
{
	static const enum core_verb verbs[] = {CORE_TOP, CORE_UNTOP, CORE_PRIORITY, CORE_CANCEL, 0};
	struct core_house house;

	(void)state;
	begin(&house, "attended");
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		asked(&house, verbs[i], house_token(&house, 1));
	asked(&house, CORE_STOP, house_token(&house, 1) + 1);
	assert_true(is_at(&house, STATE_RUNNING));
	core_house_clear(&house);
	begin(&house, "unattended");
	asked(&house, CORE_STOP, house_token(&house, 1));
	assert_true(is_at(&house, STATE_RUNNING));
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pausing_and_going_on_is_told_and_left_to_the_device),
		cmocka_unit_test(what_was_stopped_says_by_whom),
		cmocka_unit_test(a_device_that_comes_back_is_told_to_stop_what_was_stopped),
		cmocka_unit_test(what_makes_no_sense_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
