#include "base/auto.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void new_text_is_an_empty_string(void **state)
{
	AUTO(text) struct text text;

	(void)state;
	text_init(&text, 10);
	assert_string_equal(text.s, "");
	assert_false(text.over);
}

static void pieces_are_put_together(void **state)
{
	AUTO(text) struct text text;

	(void)state;
	text_init(&text, 1000);
	text_add(&text, "one ");
	text_addf(&text, "%d ", 2);
	text_bytes(&text, "three!", 5);
	assert_string_equal(text.s, "one 2 three");
	assert_int_equal(text.length, 11);
}

static void every_integer_has_its_digits(void **state)
{
	AUTO(text) struct text text;

	(void)state;
	text_init(&text, 1000);
	text_integer(&text, 0);
	text_add(&text, " ");
	text_integer(&text, -10);
	text_add(&text, " ");
	text_integer(&text, INT64_MAX);
	text_add(&text, " ");
	text_integer(&text, INT64_MIN);
	assert_string_equal(text.s, "0 -10 9223372036854775807 -9223372036854775808");
}

static void long_formats_are_whole(void **state)
{
	AUTO(text) struct text text;

	(void)state;
	text_init(&text, 5000);
	text_addf(&text, "%4000s", "x");
	assert_int_equal(text.length, 4000);
	assert_int_equal(text.s[3999], 'x');
	assert_false(text.over);
}

static void exactly_the_ceiling_fits(void **state)
{
	AUTO(text) struct text text;

	(void)state;
	text_init(&text, 4);
	text_add(&text, "abcd");
	assert_false(text.over);
	assert_string_equal(text.s, "abcd");
}

static void beyond_the_ceiling_is_cut_and_said(void **state)
{
	AUTO(text) struct text text;

	(void)state;
	text_init(&text, 4);
	text_add(&text, "abc");
	text_add(&text, "def");
	text_add(&text, "g");
	assert_string_equal(text.s, "abcd");
	assert_true(text.over);
	text_reset(&text);
	assert_false(text.over);
	text_add(&text, "g");
	assert_string_equal(text.s, "g");
}

static void no_room_at_all_is_a_ceiling_too(void **state)
{
	AUTO(text) struct text text;

	(void)state;
	text_init(&text, 0);
	text_add(&text, "");
	assert_false(text.over);
	text_add(&text, "a");
	assert_true(text.over);
	assert_string_equal(text.s, "");
}

static void bytes_may_hold_nul(void **state)
{
	AUTO(text) struct text text;

	(void)state;
	text_init(&text, 10);
	text_bytes(&text, "a\0b", 3);
	assert_int_equal(text.length, 3);
	assert_memory_equal(text.s, "a\0b", 4);
}

static void taking_leaves_an_empty_text(void **state)
{
	AUTO(text) struct text text;
	char *taken;

	(void)state;
	text_init(&text, 10);
	text_add(&text, "abc");
	taken = text_take(&text);
	assert_string_equal(taken, "abc");
	assert_string_equal(text.s, "");
	free(taken);
	taken = text_take(&text);
	assert_string_equal(taken, "");
	free(taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_text_is_an_empty_string),
		cmocka_unit_test(pieces_are_put_together),
		cmocka_unit_test(every_integer_has_its_digits),
		cmocka_unit_test(long_formats_are_whole),
		cmocka_unit_test(exactly_the_ceiling_fits),
		cmocka_unit_test(beyond_the_ceiling_is_cut_and_said),
		cmocka_unit_test(no_room_at_all_is_a_ceiling_too),
		cmocka_unit_test(bytes_may_hold_nul),
		cmocka_unit_test(taking_leaves_an_empty_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
