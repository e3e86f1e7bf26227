/* Armour, the items of a message, and directions: what is written is read again, and nothing else is. */
#include "seal/armour.h"
#include "seal/directions.h"
#include "seal/items.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <cmocka.h>

static void armour_is_read_again(void **state)
{
	uint8_t bytes[300], *again = NULL;
	hst_error err = {0};
	size_t length = 0;

	(void)state;
	randombytes_buf(bytes, sizeof bytes);
	for (size_t n = 1; n <= sizeof bytes; n++) {
		char *text = armour_write(bytes, n);

		assert_int_equal(strncmp(text, "hsl1.", 5), 0);
		assert_null(strpbrk(text, "=+/\n "));
		assert_int_equal(armour_read(text, &again, &length, &err), HST_OK);
		assert_int_equal(length, n);
		assert_memory_equal(again, bytes, n);
		free(again);
		free(text);
	}
}

static void other_armour_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "hsl1.", "hsl1", "hsl2.SGVsbG8", "HSL1.SGVsbG8", "hsl1.SGVsbG8=", "hsl1.SGVsbG8 ", " hsl1.SGVsbG8", "hsl1.SGVsbG8\n",
		"hsl1.SGVs bG8", "hsl1.SGVsbG9", "hsl1.SGVsbG", "hsl1.S", "hsl1.SGV+bG8", "hsl1.SGV/bG8", "hsl1.SGV\xc3\xbc", "hsl1.hsl1.SGVsbG8",
	};
	uint8_t *ret = NULL;
	size_t length = 0;
	hst_error err = {0};
	char *large = malloc(6 + ARMOUR_BYTES_MAX / 3 * 4 + 4);

	(void)state;
	assert_non_null(large);
	assert_int_equal(armour_read("hsl1.SGVsbG8", &ret, &length, &err), HST_OK);
	assert_int_equal(length, 5);
	free(ret);
	ret = NULL;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (armour_read(wrong[i], &ret, &length, &err) != HST_INVALID)
			fail_msg("%s was taken", wrong[i]);
		assert_string_equal(err.reason, "EnvelopeForm");
	}
	memcpy(large, "hsl1.", 6);
	memset(large + 5, 'A', ARMOUR_BYTES_MAX / 3 * 4);
	large[5 + ARMOUR_BYTES_MAX / 3 * 4] = '\0';
	assert_int_equal(armour_read(large, &ret, &length, &err), HST_OK);
	assert_int_equal(length, ARMOUR_BYTES_MAX);
	free(ret);
	ret = NULL;
	memcpy(large + strlen(large), "AAAA", 5);
	assert_int_equal(armour_read(large, &ret, &length, &err), HST_INVALID);
	assert_null(ret);
	free(large);
}

static struct item item_of(const char *name, const char *bytes)
{
	return (struct item){.name = name, .bytes = (const uint8_t *)bytes, .length = strlen(bytes)};
}

static void items_are_found_by_name(void **state)
{
	struct item written[] = {item_of("password", "HSE1x"), item_of("*", "HSD1"), item_of("find.row[3]", "HSC1yy")}, item;
	hst_error err = {0};
	struct items items;
	struct text text;

	(void)state;
	text_init(&text, ITEMS_BYTES_MAX);
	assert_int_equal(items_write(&text, written, 3, &err), HST_OK);
	assert_int_equal(items_find(text.s, text.length, "password", &item, &err), HST_OK);
	assert_int_equal(item.kind, ITEM_ENVELOPE);
	assert_int_equal(item.length, 5);
	assert_memory_equal(item.bytes, "HSE1x", 5);
	assert_int_equal(items_find(text.s, text.length, "passwor", &item, &err), HST_NOT_FOUND);
	items_begin(&items, text.s, text.length);
	assert_int_equal(items_next(&items, &item, &err), HST_OK);
	assert_string_equal(item.name, "*");
	assert_int_equal(item.kind, ITEM_DIRECTIONS);
	assert_int_equal(items_next(&items, &item, &err), HST_OK);
	assert_string_equal(item.name, "find.row[3]");
	assert_int_equal(item.kind, ITEM_COMPOSITION);
	assert_int_equal(items_next(&items, &item, &err), HST_OK);
	assert_int_equal(items_next(&items, &item, &err), HST_OK);
	assert_null(item.name);
	/* Cut anywhere but between two of them, they are refused. */
	for (size_t n = 1, one = 1 + 2 + 4 + 4, two = one + 1 + 12 + 4 + 6; n < text.length; n++)
		assert_int_equal(items_check(text.s, n, &err), n == one || n == two ? HST_OK : HST_INVALID);
	assert_int_equal(items_check("", 0, &err), HST_OK);
	text_clear(&text);
}

static void other_items_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} wrong[] = {
#define WRONG(text) {text, sizeof(text) - 1}
		WRONG("\0"),
		WRONG("\1\0\0\0\0\4HSE1"),
		WRONG("\2a\0\0\0\0\0"),
		WRONG("\2a\0\0\0\0\4HSE2"),
		WRONG("\2a\0\0\0\0\5HSE1"),
		WRONG("\2a\0\xff\xff\xff\xffHSE1"),
		WRONG("\1a\0\0\0\4HSE1"),
		WRONG("\3a\0\0\0\0\0\4HSE1"),
		WRONG("\2 \0\0\0\0\4HSE1"),
		WRONG("\2a\0\0\0\0\4HSE1\2a\0\0\0\0\4HSE1"),
		WRONG("\2b\0\0\0\0\4HSE1\2a\0\0\0\0\4HSE1"),
#undef WRONG
	};
	struct item twice[] = {item_of("a", "HSE1"), item_of("a", "HSE1")}, many[ITEMS_MAX + 1];
	char names[ITEMS_MAX + 1][8];
	hst_error err = {0};
	struct text text;

	(void)state;
	assert_int_equal(items_check("\2a\0\0\0\0\4HSE1", 11, &err), HST_OK);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (items_check(wrong[i].bytes, wrong[i].length, &err) != HST_INVALID)
			fail_msg("number %zu was taken", i);
	text_init(&text, ITEMS_BYTES_MAX);
	assert_int_equal(items_write(&text, twice, 2, &err), HST_INVALID);
	text_clear(&text);
	for (size_t i = 0; i <= ITEMS_MAX; i++) {
		snprintf(names[i], sizeof names[i], "n%zu", i);
		many[i] = item_of(names[i], "HSE1");
	}
	text_init(&text, ITEMS_BYTES_MAX);
	assert_int_equal(items_write(&text, many, ITEMS_MAX + 1, &err), HST_INVALID);
	text_clear(&text);
	text_init(&text, ITEMS_BYTES_MAX);
	assert_int_equal(items_write(&text, many, ITEMS_MAX, &err), HST_OK);
	text_clear(&text);
	text_init(&text, 20);
	assert_int_equal(items_write(&text, many, 3, &err), HST_INVALID);
	text_clear(&text);
}

static void directions_are_read_again(void **state)
{
	static const char *const to[] = {"gateway/ts-02", "connector/orders", "gateway/ts-02"}, *const sinks[] = {"desktop/enter.pin", "a.b"};
	const struct direction all[] = {{"password", to, 3, sinks, 2}, {"*", NULL, 0, sinks, 1}};
	hst_arena *arena = arena_new();
	struct directions read = {0};
	hst_error err = {0};
	struct text text;

	(void)state;
	text_init(&text, DIRECTIONS_BYTES_MAX);
	assert_int_equal(directions_write(&text, &(struct directions){all, 2}, &err), HST_OK);
	assert_string_equal(text.s, "HSD1\noutput *\nsink desktop/enter.pin\noutput password\nto connector/orders\nto gateway/ts-02\n"
	                            "sink a.b\nsink desktop/enter.pin\n");
	assert_int_equal(directions_read(arena, text.s, text.length, &read, &err), HST_OK);
	assert_int_equal(read.count, 2);
	assert_string_equal(directions_find(&read, "password")->to[1], "gateway/ts-02");
	assert_int_equal(directions_find(&read, "password")->to_count, 2);
	assert_string_equal(directions_find(&read, "password")->sinks[0], "a.b");
	assert_ptr_equal(directions_find(&read, "other"), &read.all[0]);
	assert_int_equal(read.all[0].to_count, 0);
	read.all++;
	read.count--;
	assert_null(directions_find(&read, "other"));
	text_clear(&text);
	arena_free(arena);
}

static void other_directions_are_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"HSD1",
		"HSD1\n",
		"HSD2\noutput a\nsink b\n",
		"HSD1\noutput a\n",
		"HSD1\noutput a\nsink b",
		"HSD1\noutput a\nto c\n",
		"HSD1\nsink b\n",
		"HSD1\nto b\n",
		"HSD1\noutput a\nsink b\nto c\n",
		"HSD1\noutput a\nsink c\nsink b\n",
		"HSD1\noutput a\nsink b\nsink b\n",
		"HSD1\noutput a\nto c\nto b\nsink d\n",
		"HSD1\noutput b\nsink b\noutput a\nsink b\n",
		"HSD1\noutput a\nsink b\noutput a\nsink c\n",
		"HSD1\noutput a\noutput b\nsink b\n",
		"HSD1\noutput a \nsink b\n",
		"HSD1\noutput a\nsink b\n\n",
		"HSD1\r\noutput a\r\nsink b\r\n",
		"HSD1\noutput a\nsink \n",
		"HSD1\noutput a\nsink b\nother c\n",
	};
	static const char *const line_end[] = {"b\nto c"};
	const struct direction hidden = {"a", NULL, 0, line_end, 1}, twice[] = {{"a", NULL, 0, line_end, 1}, {"a", NULL, 0, line_end, 1}};
	hst_arena *arena = arena_new();
	struct directions read = {0};
	hst_error err = {0};
	struct text text;

	(void)state;
	assert_int_equal(directions_read(arena, "HSD1\noutput a\nsink b\n", 21, &read, &err), HST_OK);
	assert_int_equal(directions_read(arena, "HSD1\noutput a\nsink b\n\0", 22, &read, &err), HST_INVALID);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (directions_read(arena, wrong[i], strlen(wrong[i]), &read, &err) != HST_INVALID)
			fail_msg("%s was taken", wrong[i]);
		assert_string_equal(err.reason, "EnvelopeForm");
	}
	text_init(&text, DIRECTIONS_BYTES_MAX);
	assert_int_equal(directions_write(&text, &(struct directions){&hidden, 1}, &err), HST_INVALID);
	text_reset(&text);
	assert_int_equal(directions_write(&text, &(struct directions){twice, 2}, &err), HST_INVALID);
	text_reset(&text);
	assert_int_equal(directions_write(&text, &(struct directions){NULL, 0}, &err), HST_INVALID);
	text_clear(&text);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(armour_is_read_again),	   cmocka_unit_test(other_armour_is_refused),
		cmocka_unit_test(items_are_found_by_name),   cmocka_unit_test(other_items_are_refused),
		cmocka_unit_test(directions_are_read_again), cmocka_unit_test(other_directions_are_refused),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
