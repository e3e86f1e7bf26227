/* Trees of values: built, asked, and asked what they are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
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

static void an_absent_value_answers_emptily(void **state)
{
	int64_t integer = 7;

	(void)state;
	assert_int_equal(value_kind(NULL), HST_VALUE_ABSENT);
	assert_string_equal(value_text(NULL), "");
	assert_int_equal(value_length(NULL), 0);
	assert_false(value_boolean(NULL));
	assert_false(value_integer(NULL, &integer));
	assert_int_equal(integer, 7);
	assert_int_equal(value_count(NULL), 0);
	assert_null(value_at(NULL, 0));
	assert_null(value_name_at(NULL, 0));
	assert_null(value_get(NULL, "x"));
}

static void text_is_copied_and_may_hold_nul(void **state)
{
	char from[] = "a\0b";
	hst_value *text = value_make_text(*state, from, 3);

	from[0] = 'x';
	assert_int_equal(value_length(text), 3);
	assert_memory_equal(value_text(text), "a\0b", 4);
}

static void numbers_keep_their_text(void **state)
{
	const char *kept[] = {"0", "-0", "1.50", "1e3", "123456789012345678901234567890"};

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		assert_string_equal(value_text(value_make_number(*state, kept[i])), kept[i]);
}

static void what_is_no_number_becomes_zero(void **state)
{
	const char *wrong[] = {"", "-", "01", "1.", ".5", "+1", "1e", "0x1", " 1", "1 ", "nan", "inf", "1,5"};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_string_equal(value_text(value_make_number(*state, wrong[i])), "0");
	assert_string_equal(value_text(value_make_number(*state, NULL)), "0");
}

static void integers_are_those_of_64_bits(void **state)
{
	int64_t integer = 7;

	assert_true(value_integer(value_make_integer(*state, INT64_MIN), &integer));
	assert_true(integer == INT64_MIN);
	assert_true(value_integer(value_make_number(*state, "9223372036854775807"), &integer));
	assert_true(integer == INT64_MAX);
	assert_false(value_integer(value_make_number(*state, "9223372036854775808"), &integer));
	assert_false(value_integer(value_make_number(*state, "1.0"), &integer));
	assert_false(value_integer(value_make_text(*state, "1", 1), &integer));
	assert_true(integer == INT64_MAX);
}

static void lists_keep_their_order_while_they_grow(void **state)
{
	hst_value *list = value_make_list(*state);

	for (int64_t i = 0; i < 1000; i++)
		value_append(list, value_make_integer(*state, i));
	assert_int_equal(value_count(list), 1000);
	for (int64_t i = 0; i < 1000; i++) {
		int64_t item = -1;

		assert_true(value_integer(value_at(list, (size_t)i), &item));
		assert_int_equal(item, i);
	}
	assert_null(value_at(list, 1000));
}

static void setting_a_member_again_replaces_it_in_its_place(void **state)
{
	hst_value *record = value_make_record(*state);

	value_set_text(record, "a", "1");
	value_set_integer(record, "b", 2);
	value_set_boolean(record, "a", true);
	assert_int_equal(value_count(record), 2);
	assert_string_equal(value_name_at(record, 0), "a");
	assert_true(value_boolean(value_get(record, "a")));
	assert_null(value_get(record, "c"));
}

static void absent_items_become_null(void **state)
{
	hst_value *record = value_make_record(*state), *list = value_make_list(*state);

	value_set(record, "a", NULL);
	value_set_text(record, "b", NULL);
	value_append(list, NULL);
	assert_int_equal(value_kind(value_get(record, "a")), HST_VALUE_NULL);
	assert_int_equal(value_kind(value_get(record, "b")), HST_VALUE_NULL);
	assert_int_equal(value_kind(value_at(list, 0)), HST_VALUE_NULL);
}

static void building_what_is_neither_list_nor_record_does_nothing(void **state)
{
	hst_value *text = value_make_text(*state, "x", 1), *list = value_make_list(*state);

	value_append(text, list);
	value_set(text, "a", list);
	value_set_text(list, "a", "b");
	value_set_integer(NULL, "a", 1);
	assert_string_equal(value_text(text), "x");
	assert_int_equal(value_count(list), 0);
}

static void the_plugins_table_is_complete(void **state)
{
	void (*const *functions)(void) = (void (*const *)(void))(&value_table.size + 1);

	(void)state;
	assert_int_equal(value_table.size, sizeof value_table);
	for (size_t i = 0; i < sizeof value_table / sizeof(void *) - 1; i++)
		assert_non_null(functions[i]);
}

static void plain_is_what_people_read(void **state)
{
	hst_value *list = value_make_list(*state);
	struct text text;

	value_append(list, value_make_text(*state, "a", 1));
	text_init(&text, 100);
	value_write_plain(&text, value_make_text(*state, "a \"b\"", 5));
	value_write_plain(&text, value_make_boolean(*state, true));
	value_write_plain(&text, value_make_number(*state, "1.50"));
	value_write_plain(&text, value_make_null(*state));
	value_write_plain(&text, NULL);
	value_write_plain(&text, list);
	assert_string_equal(text.s, "a \"b\"yes1.50[\"a\"]");
	text_clear(&text);
}

static void plugins_read_and_write_json(void **state)
{
	const hst_value *tree = NULL;
	const char *json;
	char *large = calloc(1, VALUE_BYTES_MAX);
	hst_error err = {0};
	size_t length = 0;

	assert_non_null(large);
	assert_int_equal(value_table.read_json(*state, "{\"a\":[1.50,null]}x", 17, &tree, &err), HST_OK);
	json = value_table.write_json(*state, tree, &length);
	assert_string_equal(json, "{\"a\":[1.50,null]}");
	assert_int_equal(length, 17);
	assert_int_equal(value_table.read_json(*state, "{\"a\":1,\"a\":2}", 13, &tree, &err), HST_INVALID);
	assert_null(value_table.write_json(*state, value_make_text(*state, large, VALUE_BYTES_MAX), &length));
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_absent_value_answers_emptily, set_up, tear_down),
		cmocka_unit_test_setup_teardown(text_is_copied_and_may_hold_nul, set_up, tear_down),
		cmocka_unit_test_setup_teardown(numbers_keep_their_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_number_becomes_zero, set_up, tear_down),
		cmocka_unit_test_setup_teardown(integers_are_those_of_64_bits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_keep_their_order_while_they_grow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(setting_a_member_again_replaces_it_in_its_place, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(absent_items_become_null, set_up, tear_down),
		cmocka_unit_test_setup_teardown(building_what_is_neither_list_nor_record_does_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_plugins_table_is_complete, set_up, tear_down),
		cmocka_unit_test_setup_teardown(plain_is_what_people_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(plugins_read_and_write_json, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
