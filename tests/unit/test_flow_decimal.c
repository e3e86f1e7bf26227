/* Decimals held against exact arithmetic with whole numbers. */
#include "flow_house.h"

#include "schema/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DECIMALS = 50000 };

/* A whole number of up to three digits times a power of ten, in one of many ways to write it. */
static __int128 random_decimal(struct house_chance *chance, char *to, size_t size)
{
	static const char zeros[] = "000000000000";
	int digits = (int)house_chance_below(chance, 2000) - 1000;
	int power = (int)house_chance_below(chance, 9), shift = (int)house_chance_below(chance, 12);
	__int128 value = digits;

	/* The value times 10^20, so that what stands behind the point is whole. */
	for (int i = 0; i < 20 + power - 4; i++)
		value *= 10;
	if (house_chance_below(chance, 2))
		snprintf(to, size, "%s%d.0%.*se%d", digits < 0 ? "-" : "", abs(digits), shift, zeros,
		         power - 4);
	else
		snprintf(to, size, "%s0.%.*s%04d%sE%+d", digits < 0 ? "-" : "", shift, zeros, abs(digits),
		         house_chance_below(chance, 2) ? "00" : "", power + shift);
	return value;
}

static void decimals_compare_as_exact_numbers_do(void **state)
{
	struct house_chance chance;

	(void)state;
	house_chance_init(&chance, "decimals");
	for (int i = 0; i < DECIMALS; i++) {
		struct decimal a, b;
		char a_text[64], b_text[64];
		__int128 a_value = random_decimal(&chance, a_text, sizeof a_text);
		__int128 b_value = random_decimal(&chance, b_text, sizeof b_text);
		int order;

		if (!decimal_read(a_text, strlen(a_text), &a) || !decimal_read(b_text, strlen(b_text), &b))
			fail_msg("%s and %s", a_text, b_text);
		order = decimal_compare(&a, &b);
		if ((order > 0) != (a_value > b_value) || (order < 0) != (a_value < b_value))
			fail_msg("%s and %s", a_text, b_text);
		assert_int_equal(decimal_compare(&b, &a), -order);
	}
}

static int order_of(const char *left, const char *right)
{
	struct decimal a, b;

	assert_true(decimal_read(left, strlen(left), &a));
	assert_true(decimal_read(right, strlen(right), &b));
	return decimal_compare(&a, &b);
}

static void decimals_at_their_limits(void **state)
{
	struct decimal decimal = {.sign = 7};

	(void)state;
	assert_int_equal(order_of("1e99999999999999999999", "1e5"), 1);
	assert_int_equal(order_of("-1e99999999999999999999", "0"), -1);
	assert_int_equal(order_of("1e-99999999999999999999", "0"), 1);
	assert_int_equal(order_of("1e-99999999999999999999", "1e-5"), -1);
	assert_int_equal(order_of("0e99999999999999999999", "-0.000"), 0);
	assert_int_equal(order_of("0.000000000000000000000000000000000001", "1e-36"), 0);
	assert_int_equal(order_of("100000000000000000000000000000000000000000", "1e41"), 0);
	assert_int_equal(order_of("12.50", "1.25e1"), 0);
	assert_int_equal(order_of("12.501", "12.5"), 1);
	assert_int_equal(order_of("10.05", "10.5"), -1);
	assert_false(decimal_read("", 0, &decimal));
	assert_false(decimal_read("1,5", 3, &decimal));
	assert_false(decimal_read("1 ", 2, &decimal));
	assert_false(decimal_read(".5", 2, &decimal));
	assert_int_equal(decimal.sign, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimals_compare_as_exact_numbers_do),
		cmocka_unit_test(decimals_at_their_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
