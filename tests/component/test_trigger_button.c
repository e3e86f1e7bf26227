/* The trigger "button": how inputs are declared, what a press gives, and what counts as the same press. */
#include "../contract/staged.h"

#include "base/clock.h"
#include "plugin/trigger.h"
#include "schema/fields.h"
#include "schema/types.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int64_t now_us;

static int64_t set_clock(void)
{
	return now_us;
}

static int stop_clock(void **unused)
{
	static const struct clock_source source = {set_clock, set_clock};

	(void)unused;
	now_us = 1795303912123456; /* 2026-11-21T23:31:52.123456Z */
	clock_replace(&source);
	return 0;
}

static int start_clock(void **unused)
{
	(void)unused;
	clock_replace(NULL);
	return 0;
}

static hst_fields shape_of(struct staged *staged)
{
	hst_shape shape;
	hst_error err = {0};

	if (plugin_shape(staged->plugin, staged->options, &staged->host, staged->arena, &shape, &err) !=
	    HST_OK)
		fail_msg("%s", err.text);
	return shape.event;
}

static void declarations_become_fields(void **unused)
{
	struct staged staged;
	hst_fields fields;

	(void)unused;
	staged_load(&staged, HST_TRIGGER, "button");
	staged_open(&staged,
		    PAIRS("label", "Enter an order", "input.order", "integer required", "input.note", "text",
			  "input.size", "choice small,medium, very large default very large", "input.wait",
			  "  duration   default  90s ", "input.who", "text default the one  who asks",
			  "input.pin", "secret required", "input.kind", "choice a , b required"));
	fields = shape_of(&staged);
	assert_int_equal(fields.n, 9);
	assert_string_equal(field_name(&fields.at[0]), "order");
	assert_int_equal(field_type(&fields.at[0]), HST_TYPE_INTEGER);
	assert_true(fields.at[0].required);
	assert_int_equal(field_type(&fields.at[1]), HST_TYPE_TEXT);
	assert_false(fields.at[1].required);
	assert_null(fields.at[1].def);
	assert_string_equal(fields.at[2].choices[0], "small");
	assert_string_equal(fields.at[2].choices[1], "medium");
	assert_string_equal(fields.at[2].choices[2], "very large");
	assert_null(fields.at[2].choices[3]);
	assert_string_equal(fields.at[2].def, "very large");
	assert_string_equal(fields.at[3].def, "90s");
	assert_string_equal(fields.at[4].def, "the one  who asks");
	assert_int_equal(field_type(&fields.at[5]), HST_TYPE_SECRET);
	assert_string_equal(fields.at[6].choices[1], "b");
	assert_true(fields.at[6].required);
	assert_string_equal(field_name(&fields.at[7]), "pressed_at");
	assert_int_equal(field_type(&fields.at[7]), HST_TYPE_DATE);
	assert_string_equal(field_name(&fields.at[8]), "pressed_by");
	staged_close(&staged);
}

static void fields_have_bounds_and_labels(void **unused)
{
	struct staged staged;
	hst_fields fields;

	(void)unused;
	staged_load(&staged, HST_TRIGGER, "button");
	staged_open(&staged, PAIRS("input.pieces", "integer from 1 to 99 required", "input.rate", "number from -1 default 0.5", "input.note",
				   "text to 40", "input.wait", "duration from 1m to 2h default 90s", "input.pin", "secret from 4 to 8 required",
				   "label.pieces", "How many", "label.wait", "Wait for"));
	fields = shape_of(&staged);
	assert_int_equal(fields.at[0].min, 1);
	assert_int_equal(fields.at[0].max, 99);
	assert_true(fields.at[0].required);
	assert_string_equal(fields.at[0].label, "How many");
	assert_int_equal(fields.at[1].min, -1);
	assert_int_equal(fields.at[1].max, INT64_MAX);
	assert_int_equal(fields.at[2].min, 0);
	assert_int_equal(fields.at[2].max, 40);
	assert_null(fields.at[2].label);
	assert_int_equal(fields.at[3].min, 60000);
	assert_int_equal(fields.at[3].max, 7200000);
	assert_int_equal(fields.at[4].max, 8);
	staged_close(&staged);
}

static void every_type_can_be_declared(void **unused)
{
	(void)unused;
	for (hst_type type = HST_TYPE_NONE + 1; type < HST_TYPE_COUNT; type++) {
		struct staged staged;
		char declared[64];

		snprintf(declared, sizeof declared, "%s%s", type_name(type),
			 type == HST_TYPE_CHOICE ? " a,b" : "");
		staged_load(&staged, HST_TRIGGER, "button");
		staged_open(&staged, PAIRS("input.it", declared));
		assert_int_equal(field_type(&shape_of(&staged).at[0]), type);
		staged_close(&staged);
	}
}

static void wrong_declarations_name_the_option(void **unused)
{
	static const struct {
		const char *name, *declared, *says;
	} wants[] = {
		{"input.order", "intger", "\"intger\" is no type"},
		{"input.order", "", "is no type"},
		{"input.order", "integer needed", "\"needed\""},
		{"input.order", "integer required default 3", "never required"},
		{"input.order", "integer default three", "input.order: the default \"three\""},
		{"input.order", "choice", "needs its words"},
		{"input.order", "choice required", "needs its words"},
		{"input.order", "choice small large", "with commas between them"},
		{"input.order", "choice a,,b", "a word is missing"},
		{"input.order", "choice a,b,", "a word is missing"},
		{"input.order", "choice a,b,a", "stands twice"},
		{"input.order", "choice a,b default c", "none of the choice's words"},
		{"input.order", "secret default x", "cannot have a default"},
		{"input.Order", "text", "lower-case letter"},
		{"input.pressed_at", "date", "taken"},
		{"input.pressed_by", "text", "taken"},
		{"input.order", "integer from", "is no bound"},
		{"input.order", "integer from one", "is no bound"},
		{"input.order", "integer to 99999999999999999999", "is no bound"},
		{"input.order", "integer from 9 to 1", "nothing is within"},
		{"input.order", "integer from 0 to 0", "nothing is within"},
		{"input.order", "integer from 1 to 9 default 10", "input.order: the default \"10\""},
		{"input.order", "boolean default maybe", "input.order: the default \"maybe\""},
		{"input.order", "duration default soon", "input.order: the default \"soon\""},
		{"input.order", "text from -1", "a number of bytes"},
		{"input.order", "duration to 9", "a duration such as"},
		{"input.order", "duration to 9223372036854775807d", "is no bound"},
		{"input.order", "boolean from 1", "have bounds"},
		{"label.other", "Other", "no input.other"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
		struct staged staged;
		hst_error err = {0};

		staged_load(&staged, HST_TRIGGER, "button");
		assert_int_equal(staged_try(&staged, PAIRS(wants[i].name, wants[i].declared), &err),
				 HST_INVALID);
		if (!strstr(err.text, wants[i].says) || !strstr(err.text, strchr(wants[i].name, '.') + 1))
			fail_msg("%s = %s: \"%s\" does not say \"%s\"", wants[i].name, wants[i].declared,
				 err.text, wants[i].says);
		staged_close(&staged);
	}
}

/* Checks the inputs as the host does, then presses. */
static const hst_value *press(struct staged *staged, const char *const *inputs, const char **ret_key)
{
	const hst_value *checked, *values = NULL;
	hst_error err = {0};

	if (fields_check(staged->arena, shape_of(staged), "input", staged_record(staged->arena, inputs),
			 false, &checked, &err) != HST_OK ||
	    trigger_press(staged->instance, &staged->call, checked, ret_key, &values, &err) != HST_OK)
		fail_msg("%s", err.text);
	return values;
}

static void a_press_gives_the_inputs_and_its_time(void **unused)
{
	const hst_value *values, *again;
	struct staged staged;
	const char *key;
	hst_error err = {0};

	(void)unused;
	staged_load(&staged, HST_TRIGGER, "button");
	staged_open(&staged, PAIRS("input.order", "integer required", "input.size",
				   "choice small,large default large"));
	staged.call.who = "anna";
	values = press(&staged, PAIRS("order", "4711"), &key);
	assert_null(key);
	assert_string_equal(value_text(value_get(values, "order")), "4711");
	assert_string_equal(value_text(value_get(values, "size")), "large");
	assert_string_equal(value_text(value_get(values, "pressed_at")), "2026-11-21T23:31:52.123456Z");
	assert_string_equal(value_text(value_get(values, "pressed_by")), "anna");
	/* The event fits the fields it was declared with. */
	if (fields_check(staged.arena, shape_of(&staged), "event field", values, false, &again, &err) !=
	    HST_OK)
		fail_msg("%s", err.text);
	staged_close(&staged);
}

static void nobody_says_when_but_the_button(void **unused)
{
	const hst_value *values = NULL;
	struct staged staged;
	const char *key;
	hst_error err = {0};

	(void)unused;
	staged_load(&staged, HST_TRIGGER, "button");
	staged_open(&staged, NULL);
	assert_int_equal(trigger_press(staged.instance, &staged.call,
				       staged_record(staged.arena, PAIRS("pressed_at", "2026-01-01")), &key,
				       &values, &err),
			 HST_INVALID);
	assert_non_null(strstr(err.text, "pressed_at"));
	assert_int_equal(trigger_press(staged.instance, &staged.call, staged_record(staged.arena, PAIRS("pressed_by", "somebody else")), &key,
				       &values, &err),
			 HST_INVALID);
	assert_non_null(strstr(err.text, "pressed_by"));
	staged_close(&staged);
}

static void a_double_press_within_guard_is_one_press(void **unused)
{
	const char *first, *second, *other, *late, *much_later;
	struct staged staged;

	(void)unused;
	staged_load(&staged, HST_TRIGGER, "button");
	staged_open(&staged, PAIRS("guard", "2s", "input.order", "integer required"));
	press(&staged, PAIRS("order", "1"), &first);
	now_us += 1500000;
	press(&staged, PAIRS("order", "1"), &second);
	assert_non_null(first);
	assert_string_equal(first, second);
	now_us += 600000; /* counted from the first of them */
	press(&staged, PAIRS("order", "1"), &late);
	assert_string_not_equal(first, late);
	now_us += 1;
	press(&staged, PAIRS("order", "2"), &other);
	assert_string_not_equal(late, other);
	now_us += 60000000;
	press(&staged, PAIRS("order", "2"), &much_later);
	assert_string_not_equal(other, much_later);
	now_us -= 30000000; /* the clock was set back */
	press(&staged, PAIRS("order", "2"), &second);
	assert_string_not_equal(much_later, second);
	staged_close(&staged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(declarations_become_fields),
		cmocka_unit_test(fields_have_bounds_and_labels),
		cmocka_unit_test(every_type_can_be_declared),
		cmocka_unit_test(wrong_declarations_name_the_option),
		cmocka_unit_test(a_press_gives_the_inputs_and_its_time),
		cmocka_unit_test(nobody_says_when_but_the_button),
		cmocka_unit_test(a_double_press_within_guard_is_one_press),
	};

	return cmocka_run_group_tests(tests, stop_clock, start_clock);
}
