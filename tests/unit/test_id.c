#include "base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void known_numbers_have_known_names(void **state)
{
	const struct draw none = {0, 0};
	const struct draw all = {UINT64_MAX, UINT64_MAX};
	char id[ID_SIZE];

	(void)state;
	id_make(id, 0, none);
	assert_string_equal(id, "r-00000000000000000000000000");
	id_make(id, 0, all);
	assert_string_equal(id, "r-0000000000zzzzzzzzzzzzzzzz");
	id_make(id, 1000, none);
	assert_string_equal(id, "r-00000000010000000000000000");
	/* 2^48 - 1 ms is the last time there is a name for. */
	id_make(id, ((INT64_C(1) << 48) - 1) * 1000, all);
	assert_string_equal(id, "r-7zzzzzzzzzzzzzzzzzzzzzzzzz");
}

static void names_sort_by_time(void **state)
{
	char earlier[ID_SIZE], later[ID_SIZE];

	(void)state;
	for (int64_t ms = 1; ms < INT64_C(4000000000000); ms = ms * 3 + 1) {
		id_make(earlier, ms * 1000, (struct draw){UINT64_MAX, UINT64_MAX});
		id_make(later, (ms + 1) * 1000, (struct draw){0, 0});
		assert_true(strcmp(earlier, later) < 0);
	}
}

static void every_bit_of_the_draw_counts(void **state)
{
	char plain[ID_SIZE], other[ID_SIZE];

	(void)state;
	id_make(plain, 1700000000000000, (struct draw){0, 0});
	for (int bit = 0; bit < 80; bit++) {
		struct draw draw = {bit < 64 ? 0 : UINT64_C(1) << (bit - 64),
				    bit < 64 ? UINT64_C(1) << bit : 0};

		id_make(other, 1700000000000000, draw);
		assert_string_not_equal(plain, other);
	}
}

static void what_is_made_is_valid(void **state)
{
	char id[ID_SIZE];

	(void)state;
	id_make(id, 1795303912123456, (struct draw){123456789, 987654321});
	assert_true(id_valid(id));
}

static void anything_else_is_not(void **state)
{
	static const char *const wrong[] = {
		"",
		"r-",
		"r-0000000000000000000000000",	 /* one short */
		"r-000000000000000000000000000", /* one long */
		"x-00000000000000000000000000",
		"r_00000000000000000000000000",
		"r-80000000000000000000000000", /* beyond 128 bits */
		"r-0000000000000000000000000i",
		"r-0000000000000000000000000u",
		"r-0000000000000000000000000A",
		"r-000000000000000000000000/0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(id_valid(wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_numbers_have_known_names), cmocka_unit_test(names_sort_by_time),
		cmocka_unit_test(every_bit_of_the_draw_counts),	  cmocka_unit_test(what_is_made_is_valid),
		cmocka_unit_test(anything_else_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
