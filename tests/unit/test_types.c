/* Each type: what it takes, in which form it keeps it, and the sentence for what it does not take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static void every_type_has_a_name(void **state)
{
	(void)state;
	for (hst_type type = HST_TYPE_NONE + 1; type < HST_TYPE_COUNT; type++)
		assert_int_equal(type_named(type_name(type)), type);
	assert_int_equal(type_named("none"), HST_TYPE_NONE);
	assert_int_equal(type_named("string"), HST_TYPE_NONE);
}

static void durations_are_read_and_written(void **state)
{
	static const struct {
		const char *read;
		int64_t ms;
		const char *written;
	} durations[] = {{"90s", 90000, "90s"},	   {"30m", 1800000, "30m"},	    {"3h", 10800000, "3h"},
			 {"26h", 93600000, "26h"}, {"2d", 172800000, "2d"},	    {"48h", 172800000, "2d"},
			 {"250ms", 250, "250ms"},  {"1500ms", 1500, "1500ms"},	    {"0s", 0, "0s"},
			 {"0d", 0, "0s"},	   {"3650d", 315360000000, "3650d"}};

	(void)state;
	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		hst_duration duration = {-1};
		char again[32];

		assert_int_equal(type_read_duration(durations[i].read, &duration, NULL), HST_OK);
		assert_int_equal(duration.ms, durations[i].ms);
		type_write_duration(duration, again, sizeof again);
		assert_string_equal(again, durations[i].written);
	}
}

static void lengths_of_time_are_told_in_two_units(void **state)
{
	hst_arena *arena = arena_new();

	(void)state;
	assert_string_equal(type_span(arena, 120), "0.12 s");
	assert_string_equal(type_span(arena, 12340), "12.3 s");
	assert_string_equal(type_span(arena, 200000), "3 min 20 s");
	assert_string_equal(type_span(arena, 7500000), "2 h 5 min");
	assert_string_equal(type_span(arena, 273600000), "3 d 4 h");
	assert_string_equal(type_span(arena, -1), "-");
	arena_free(arena);
}

static void what_is_no_duration_is_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "90",
					    "s",
					    "1.5h",
					    "-1s",
					    "+1s",
					    " 1s",
					    "1 s",
					    "1S",
					    "1h30m",
					    "3651d",
					    "99999999999999999999999999s",
					    "999999999999999999d",
					    "0x1s"};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		hst_duration duration = {7};

		if (type_read_duration(wrong[i], &duration, NULL) != HST_INVALID)
			fail_msg("%s was taken", wrong[i]);
		assert_int_equal(duration.ms, 7);
	}
}

static void dates_are_read_and_written(void **state)
{
	static const struct {
		const char *read;
		int64_t us;
		const char *written;
	} dates[] = {
		{"1970-01-01", 0, "1970-01-01T00:00:00Z"},
		{"2026-11-21T23:31:52Z", 1795303912000000, "2026-11-21T23:31:52Z"},
		{"2026-11-21T23:31:52.25+01:00", 1795300312250000, "2026-11-21T22:31:52.25Z"},
		{"2026-11-21T23:31-0530", 1795323660000000, "2026-11-22T05:01:00Z"},
		{"2026-11-21T23:31", 1795303860000000, "2026-11-21T23:31:00Z"},
		{"1969-12-31T23:59:59.5Z", -500000, "1969-12-31T23:59:59.5Z"},
		{"2024-02-29", 1709164800000000, "2024-02-29T00:00:00Z"},
		{"2026-11-21T00:00:00.1234567Z", 1795219200123456, "2026-11-21T00:00:00.123456Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		hst_time time = {1};
		char again[40];

		assert_int_equal(type_read_date(dates[i].read, &time, NULL), HST_OK);
		assert_int_equal(time.us, dates[i].us);
		type_write_date(time, again, sizeof again);
		assert_string_equal(again, dates[i].written);
	}
}

static void what_is_no_date_is_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "2026",
					    "2026-11",
					    "26-11-21",
					    "2026-13-01",
					    "2026-02-30",
					    "2023-02-29",
					    "2026-11-31",
					    "2026-11-21 10:00",
					    "2026-11-21T",
					    "2026-11-21T24:00",
					    "2026-11-21T10",
					    "2026-11-21T10:00:60Z",
					    "2026-11-21T10:00:00.Z",
					    "2026-11-21T10:00Zx",
					    "2026-11-21T10:00+1",
					    "0000-01-01",
					    "21.11.2026"};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		hst_time time = {7};

		if (type_read_date(wrong[i], &time, NULL) != HST_INVALID)
			fail_msg("%s was taken", wrong[i]);
		assert_int_equal(time.us, 7);
	}
}

static void yes_and_no_have_three_spellings(void **state)
{
	bool truth = false;

	(void)state;
	assert_true(type_read_boolean("yes", &truth) && truth);
	assert_true(type_read_boolean("off", &truth) && !truth);
	assert_true(type_read_boolean("true", &truth) && truth);
	assert_true(type_read_boolean("no", &truth) && !truth);
	assert_true(type_read_boolean("on", &truth) && truth);
	assert_true(type_read_boolean("false", &truth) && !truth);
	assert_false(type_read_boolean("Yes", &truth));
	assert_false(type_read_boolean("1", &truth));
	assert_false(type_read_boolean("", &truth));
}

static const char *const sizes[] = {"small", "large", NULL};

/* A field of this type, a value as JSON, and what becomes of it as JSON, or a part of the sentence that
 * refuses it. */
static const struct {
	hst_type type;
	const char *given, *normal, *refusal;
	int64_t min, max;
} checks[] = {
	{HST_TYPE_TEXT, "\"a\"", "\"a\"", NULL, 0, 0},
	{HST_TYPE_TEXT, "1", NULL, "\"x\" must be a text, got the number 1", 0, 0},
	{HST_TYPE_TEXT, "true", NULL, "must be a text, got a boolean", 0, 0},
	{HST_TYPE_TEXT, "\"a\\u0000\"", NULL, "without NUL bytes", 0, 0},
	{HST_TYPE_TEXT, "\"abc\"", NULL, "must be 1 to 2 bytes long, got 3", 1, 2},
	{HST_TYPE_INTEGER, "\"-12\"", "-12", NULL, 0, 0},
	{HST_TYPE_INTEGER, "12", "12", NULL, 0, 0},
	{HST_TYPE_INTEGER, "1.0", NULL, "must be an integer, got the number 1.0", 0, 0},
	{HST_TYPE_INTEGER, "\"x\"", NULL, "\"x\" must be an integer, got \"x\"", 0, 0},
	{HST_TYPE_INTEGER, "9223372036854775808", NULL, "must be an integer", 0, 0},
	{HST_TYPE_INTEGER, "70000", NULL, "must be 1 to 65535, got 70000", 1, 65535},
	{HST_TYPE_INTEGER, "0", NULL, "must be at least 1, got 0", 1, INT64_MAX},
	{HST_TYPE_INTEGER, "6", NULL, "must be at most 5, got 6", INT64_MIN, 5},
	{HST_TYPE_NUMBER, "1.000000000000000000000001", NULL, "must be 0 to 1, got 1.000000000000000000000001", 0, 1},
	{HST_TYPE_NUMBER, "\"-1e-9\"", NULL, "must be at least 0, got -1e-9", 0, INT64_MAX},
	{HST_TYPE_NUMBER, "1e400", NULL, "must be at most 9, got 1e400", INT64_MIN, 9},
	{HST_TYPE_NUMBER, "\"0.5\"", "0.5", NULL, 0, 1},
	{HST_TYPE_NUMBER, "1.50", "1.50", NULL, 0, 0},
	{HST_TYPE_NUMBER, "\"0.10\"", "0.10", NULL, 0, 0},
	{HST_TYPE_NUMBER, "\"1,5\"", NULL, "must be a number such as 12, -0.5 or 1e3, got \"1,5\"", 0, 0},
	{HST_TYPE_BOOLEAN, "\"yes\"", "true", NULL, 0, 0},
	{HST_TYPE_BOOLEAN, "false", "false", NULL, 0, 0},
	{HST_TYPE_BOOLEAN, "1", NULL, "must be yes or no, got the number 1", 0, 0},
	{HST_TYPE_CHOICE, "\"large\"", "\"large\"", NULL, 0, 0},
	{HST_TYPE_CHOICE, "\"Large\"", NULL, "must be one of small, large, got \"Large\"", 0, 0},
	{HST_TYPE_DATE, "\"2026-11-21\"", "\"2026-11-21\"", NULL, 0, 0},
	{HST_TYPE_DATE, "\"tomorrow\"", NULL, "\"x\" must be a date such as", 0, 0},
	{HST_TYPE_DATE, "20261121", NULL, "must be a date, got the number", 0, 0},
	{HST_TYPE_DURATION, "\"90s\"", "90000", NULL, 0, 0},
	{HST_TYPE_DURATION, "90000", "90000", NULL, 0, 0},
	{HST_TYPE_DURATION, "-1", NULL, "must be a duration", 0, 0},
	{HST_TYPE_DURATION, "\"2h\"", NULL, "must be 1s to 1h, got \"2h\"", 1000, 3600000},
	{HST_TYPE_LIST, "\" a b , c\\n,d\"", "[\"a b\",\"c\",\"d\"]", NULL, 0, 0},
	{HST_TYPE_LIST, "[\"a,b\"]", "[\"a,b\"]", NULL, 0, 0},
	{HST_TYPE_LIST, "[\"a\",1]", NULL, "must be a list of texts, item 2 is none", 0, 0},
	{HST_TYPE_LIST, "{}", NULL, "must be a list of texts, got a record", 0, 0},
	{HST_TYPE_TABLE, "[{\"a\":1},{}]", "[{\"a\":1},{}]", NULL, 0, 0},
	{HST_TYPE_TABLE, "\"[{\\\"a\\\":1}]\"", "[{\"a\":1}]", NULL, 0, 0},
	{HST_TYPE_TABLE, "[[]]", NULL, "row 1 is no record", 0, 0},
	{HST_TYPE_TABLE, "\"a,b\"", NULL, "must be a table, written as JSON: not JSON", 0, 0},
	{HST_TYPE_FILE, "\"report.pdf\"", "\"report.pdf\"", NULL, 0, 0},
	{HST_TYPE_FILE, "\"../report.pdf\"", NULL, "must be the name of a file of the run", 0, 0},
	{HST_TYPE_FILE, "\"trigger/report.pdf\"", "\"trigger/report.pdf\"", NULL, 0, 0},
	{HST_TYPE_FILE, "\"enter/out/report.pdf\"", "\"enter/out/report.pdf\"", NULL, 0, 0},
	{HST_TYPE_FILE, "\"enter/out/../report.pdf\"", NULL, "must be the name of a file of the run", 0, 0},
	{HST_TYPE_FILES, "[\"trigger/a,b.pdf\",\"c\"]", "[\"trigger/a,b.pdf\",\"c\"]", NULL, 0, 0},
	{HST_TYPE_FILES, "\"trigger/a,b.pdf\\ntrigger/c\\n\"", "[\"trigger/a,b.pdf\",\"trigger/c\"]", NULL, 0, 0},
	{HST_TYPE_FILES, "\"\"", "[]", NULL, 0, 0},
	{HST_TYPE_FILES, "[\"trigger/a\",7]", NULL, "must be the name of a file of the run", 0, 0},
	{HST_TYPE_FILES, "{}", NULL, "must be a list of files of the run", 0, 0},
	{HST_TYPE_FILE, "\"..\"", NULL, "must be the name of a file of the run", 0, 0},
	{HST_TYPE_FILE, "\"\"", NULL, "must be the name of a file of the run", 0, 0},
	{HST_TYPE_SECRET, "\"hunter2\"", "\"hunter2\"", NULL, 0, 0},
	{HST_TYPE_SECRET, "4711", NULL, "\"x\" must be a secret", 0, 0},
	{HST_TYPE_JSON, "{\"a\":[1]}", "{\"a\":[1]}", NULL, 0, 0},
	{HST_TYPE_JSON, "null", "null", NULL, 0, 0},
	{HST_TYPE_JSON, "\"{\\\"a\\\":1}\"", "{\"a\":1}", NULL, 0, 0},
	{HST_TYPE_JSON, "\"[1] of the list\"", "\"[1] of the list\"", NULL, 0, 0},
	{HST_TYPE_JSON, "\"5\"", "\"5\"", NULL, 0, 0},
};

static char *written(const hst_value *value)
{
	struct text text;

	text_init(&text, 1000);
	value_write_json(&text, value);
	return text_take(&text);
}

static void each_type_takes_its_values_and_refuses_others(void **state)
{
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		const hst_field field = {.member = "x",
					 .type = checks[i].type,
					 .choices = sizes,
					 .min = checks[i].min,
					 .max = checks[i].max};
		const hst_value *given, *normal = NULL, *again = NULL;
		hst_error why = {0};
		char *json;
		int code;

		assert_int_equal(
			value_parse_json(*state, checks[i].given, strlen(checks[i].given), &given, NULL),
			HST_OK);
		code = type_check(*state, &field, given, &normal, &why);
		if (checks[i].refusal) {
			assert_int_equal(code, HST_INVALID);
			assert_null(normal);
			if (!strstr(why.text, checks[i].refusal))
				fail_msg("%s: %s", checks[i].given, why.text);
			continue;
		}
		if (code)
			fail_msg("%s: %s", checks[i].given, why.text);
		json = written(normal);
		assert_string_equal(json, checks[i].normal);
		free(json);
		/* What is normal stays as it is. */
		assert_int_equal(type_check(*state, &field, normal, &again, NULL), HST_OK);
		assert_ptr_equal(again, normal);
	}
}

static void a_secret_is_never_in_the_message(void **state)
{
	const hst_field field = {.member = "x", .type = HST_TYPE_SECRET, .min = 1, .max = 3};
	const hst_value *normal;
	hst_error why;

	assert_int_equal(type_check(*state, &field, value_make_text(*state, "hunter2", 7), &normal, &why),
			 HST_INVALID);
	assert_null(strstr(why.text, "hunter2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_has_a_name),
		cmocka_unit_test(durations_are_read_and_written),
		cmocka_unit_test(lengths_of_time_are_told_in_two_units),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(dates_are_read_and_written),
		cmocka_unit_test(what_is_no_date_is_refused),
		cmocka_unit_test(yes_and_no_have_three_spellings),
		cmocka_unit_test_setup_teardown(each_type_takes_its_values_and_refuses_others, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_secret_is_never_in_the_message, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
