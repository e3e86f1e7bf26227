#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int values[1000];

static void assert_keys(const struct table *table, const char *expected)
{
	char keys[256] = "";

	TABLE_EACH (table, entry)
		strcat(strcat(keys, entry->key), " ");
	assert_string_equal(keys, expected);
}

static void keys_are_walked_as_inserted(void **state)
{
	struct table table;

	(void)state;
	table_init(&table);
	table_set(&table, "zebra", &values[0]);
	table_set(&table, "ape", &values[1]);
	table_set(&table, "mole", &values[2]);
	assert_keys(&table, "zebra ape mole ");
	table_set(&table, "ape", &values[3]);
	assert_ptr_equal(table_get(&table, "ape"), &values[3]);
	assert_keys(&table, "zebra ape mole ");
	assert_int_equal(table.n, 3);
	table_clear(&table);
}

static void what_is_not_there_is_null(void **state)
{
	struct table table;

	(void)state;
	table_init(&table);
	assert_null(table_get(&table, "a"));
	assert_null(table_remove(&table, "a"));
	table_set(&table, "a", &values[0]);
	assert_null(table_get(&table, ""));
	assert_ptr_equal(table_remove(&table, "a"), &values[0]);
	assert_null(table_get(&table, "a"));
	assert_null(table_remove(&table, "a"));
	assert_int_equal(table.n, 0);
	table_clear(&table);
}

static void removed_key_comes_back_at_the_end(void **state)
{
	struct table table;

	(void)state;
	table_init(&table);
	table_set(&table, "a", &values[0]);
	table_set(&table, "b", &values[1]);
	table_remove(&table, "a");
	table_set(&table, "a", &values[2]);
	assert_keys(&table, "b a ");
	table_clear(&table);
}

static void key_is_copied(void **state)
{
	struct table table;
	char key[] = "key";

	(void)state;
	table_init(&table);
	table_set(&table, key, &values[0]);
	key[0] = 'x';
	assert_ptr_equal(table_get(&table, "key"), &values[0]);
	table_clear(&table);
}

static void everything_can_be_removed_while_walking(void **state)
{
	struct table table;
	char key[16];
	size_t seen = 0;

	(void)state;
	table_init(&table);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof key, "key-%d", i);
		table_set(&table, key, &values[i]);
	}
	TABLE_EACH (&table, entry) {
		assert_ptr_equal(entry->value, &values[seen++]);
		table_remove(&table, entry->key);
	}
	assert_int_equal(seen, 100);
	assert_int_equal(table.n, 0);
	table_clear(&table);
}

static void break_leaves_the_walk(void **state)
{
	struct table table;
	int seen = 0;

	(void)state;
	table_init(&table);
	table_set(&table, "a", &values[0]);
	table_set(&table, "b", &values[1]);
	TABLE_EACH (&table, entry) {
		seen++;
		break;
	}
	assert_int_equal(seen, 1);
	table_clear(&table);
}

static void churn_does_not_make_it_grow(void **state)
{
	struct table table;
	char key[32];

	(void)state;
	table_init(&table);
	for (int i = 0; i < 100000; i++) {
		snprintf(key, sizeof key, "%d", i);
		table_set(&table, key, &values[0]);
		snprintf(key, sizeof key, "%d", i - 10);
		table_remove(&table, key);
	}
	assert_int_equal(table.n, 10);
	assert_true(table.size <= 64);
	table_clear(&table);
}

static void word_is_one_copy_of_a_text(void **state)
{
	struct table table;
	char text[] = "word", key[16];
	const char *word;

	(void)state;
	table_init(&table);
	word = table_word(&table, text);
	assert_string_equal(word, "word");
	assert_ptr_not_equal(word, text);
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof key, "key-%d", i);
		table_word(&table, key);
	}
	assert_ptr_equal(table_word(&table, text), word);
	assert_int_equal(table.n, 1001);
	table_clear(&table);
}

/* Those with a window of what is there are found, those before and behind it are not. */
static void numbers_are_keys_too(void **state)
{
	enum { WINDOW = 500, LAST = 100000 };
	const uint64_t edges[] = {0, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN};
	struct table table;

	(void)state;
	table_init(&table);
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		assert_null(table_get_number(&table, edges[i]));
		table_set_number(&table, edges[i], &values[i]);
	}
	for (uint64_t number = 1; number < LAST; number++) {
		table_set_number(&table, number, &values[number % 1000]);
		if (number > WINDOW)
			assert_ptr_equal(table_remove_number(&table, number - WINDOW), &values[(number - WINDOW) % 1000]);
		assert_null(table_get_number(&table, number + 1));
	}
	for (uint64_t number = 1; number < LAST; number++)
		assert_ptr_equal(table_get_number(&table, number), number < LAST - WINDOW ? NULL : &values[number % 1000]);
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
		assert_ptr_equal(table_get_number(&table, edges[i]), &values[i]);
	assert_int_equal(table.n, WINDOW + sizeof edges / sizeof *edges);
	assert_true(table.size <= 4096);
	TABLE_EACH (&table, entry) {
		assert_ptr_equal(entry->value, &values[0]);
		break;
	}
	table_clear(&table);
}

/* A plain array that does the same slowly tells what is right. */
static void any_sequence_is_as_an_array_would_have_it(void **state)
{
	enum { KEYS = 300, STEPS = 20000 };
	const unsigned first_seed = 48113;
	unsigned seed = first_seed;
	int order[KEYS];
	int n = 0;
	struct table table;

	(void)state;
	print_message("seed %u\n", first_seed);
	table_init(&table);
	for (int step = 0; step < STEPS; step++) {
		int number = rand_r(&seed) % KEYS;
		int at = 0;
		char key[16];

		snprintf(key, sizeof key, "%x", number);
		while (at < n && order[at] != number)
			at++;
		assert_ptr_equal(table_get(&table, key), at < n ? &values[number] : NULL);
		if (rand_r(&seed) % 2) {
			table_set(&table, key, &values[number]);
			if (at == n)
				order[n++] = number;
		} else {
			assert_ptr_equal(table_remove(&table, key), at < n ? &values[number] : NULL);
			if (at < n)
				memmove(&order[at], &order[at + 1], sizeof order[0] * (size_t)(--n - at));
		}
		assert_int_equal(table.n, n);
		at = 0;
		if (step % 50 == 0)
			TABLE_EACH (&table, entry)
				assert_ptr_equal(entry->value, &values[order[at++]]);
		assert_true(step % 50 || at == n);
	}
	table_clear(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_walked_as_inserted),
		cmocka_unit_test(what_is_not_there_is_null),
		cmocka_unit_test(removed_key_comes_back_at_the_end),
		cmocka_unit_test(key_is_copied),
		cmocka_unit_test(everything_can_be_removed_while_walking),
		cmocka_unit_test(break_leaves_the_walk),
		cmocka_unit_test(churn_does_not_make_it_grow),
		cmocka_unit_test(word_is_one_copy_of_a_text),
		cmocka_unit_test(numbers_are_keys_too),
		cmocka_unit_test(any_sequence_is_as_an_array_would_have_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
