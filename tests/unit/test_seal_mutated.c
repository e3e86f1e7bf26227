/*
 * Everything sealed, with thousands of inputs that were right and have been changed: it is refused in words, or is written
 * again byte by byte as it was read, so that there is one way to write each. That nothing reads beyond its bytes is seen by
 * the instrumented build.
 */
#include "mutate.h"
#include "seal_house.h"

#include "base/arena.h"
#include "base/auto.h"
#include "seal/armour.h"
#include "seal/composition.h"
#include "seal/directions.h"
#include "seal/items.h"
#include "seal/select.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 4000 };

static struct mutate it;
static struct seal_house house;
static int taken;

static void begin(const char *what)
{
	taken = 0;
	mutate_begin(&it, what);
}

static void end(void)
{
	print_message("%d of %d were taken\n", taken, CASES);
	assert_true(taken > 0);
}

static void refused(int code, const hst_error *err)
{
	assert_true(code == HST_INVALID || code == HST_DENIED);
	assert_true(err->text[0]);
}

/* In a block of its own size, so that the sanitizer sees a byte too far. */
static char *exactly(void)
{
	char *bytes = malloc(it.length + !it.length);

	assert_non_null(bytes);
	memcpy(bytes, it.bytes, it.length);
	return bytes;
}

/* Some have a right form and are well signed by nobody. */
static void envelopes(void **state)
{
	size_t length = 0;
	AUTO_FREE uint8_t *right = seal_house_seal(&house, "hunter2", &length);

	(void)state;
	begin("envelopes");
	for (int i = 0; i < CASES; i++) {
		struct envelope envelope;
		hst_error err = {0};
		AUTO_FREE char *bytes = NULL;
		AUTO(secret) hst_secret *secret = NULL;
		int code;

		mutate_make(&it, right, length);
		bytes = exactly();
		code = envelope_read(bytes, it.length, &envelope, &err);
		taken += code == HST_OK;
		if (code == HST_OK)
			code = envelope_open(&envelope, &house.check, &house.pairs[MEMBER_TS], &secret, &err);
		if (code == HST_OK)
			assert_true(it.length == length && memcmp(bytes, right, length) == 0);
		else
			refused(code, &err);
	}
	end();
}

static void texts_in_armour(void **state)
{
	AUTO_FREE char *right = armour_write("HSE1 and more of it", 19);

	(void)state;
	begin("armour");
	for (int i = 0; i < CASES; i++) {
		AUTO_FREE uint8_t *bytes = NULL;
		hst_error err = {0};
		size_t length = 0;
		int code;

		mutate_make(&it, right, strlen(right));
		code = armour_read(it.bytes, &bytes, &length, &err);
		if (code == HST_OK) {
			AUTO_FREE char *again = armour_write(bytes, length);

			assert_string_equal(again, it.bytes);
			taken++;
		} else {
			refused(code, &err);
		}
	}
	end();
}

static void write_again(const char *bytes, size_t length)
{
	struct item all[ITEMS_MAX], item;
	AUTO(text) struct text again;
	struct items items;
	hst_error err = {0};
	size_t n = 0;

	items_begin(&items, bytes, length);
	while (items_next(&items, &item, &err) == HST_OK && item.name)
		all[n++] = item;
	text_init(&again, ITEMS_BYTES_MAX);
	assert_int_equal(items_write(&again, all, n, &err), HST_OK);
	assert_int_equal(again.length, length);
	assert_memory_equal(again.s, bytes, length);
}

static void sealed_parts(void **state)
{
	struct item items[] = {{.name = "*", .bytes = (const uint8_t *)"HSD1\n", .length = 5},
	                       {.name = "password", .bytes = (const uint8_t *)"HSE1 something", .length = 14},
	                       {.name = "row", .bytes = (const uint8_t *)"HSC1", .length = 4}};
	AUTO(text) struct text right;
	hst_error err = {0};

	(void)state;
	begin("items");
	text_init(&right, ITEMS_BYTES_MAX);
	assert_int_equal(items_write(&right, items, 3, &err), HST_OK);
	for (int i = 0; i < CASES; i++) {
		AUTO_FREE char *bytes = NULL;
		int code;

		mutate_make(&it, right.s, right.length);
		bytes = exactly();
		code = items_check(bytes, it.length, &err);
		if (code == HST_OK) {
			write_again(bytes, it.length);
			taken++;
		} else {
			refused(code, &err);
		}
	}
	end();
}

static void compositions(void **state)
{
	size_t length = 0;
	AUTO_FREE uint8_t *sealed = seal_house_seal(&house, "hunter2", &length);
	const struct composition_piece pieces[] = {{PIECE_LITERAL, "", "user=", 5},
	                                           {PIECE_ENVELOPE, "", sealed, length},
	                                           {PIECE_LITERAL, "", "; and so on", 11},
	                                           {PIECE_ENVELOPE, "row.0.password", sealed, length}};
	AUTO(text) struct text right;
	hst_error err = {0};

	(void)state;
	begin("compositions");
	text_init(&right, COMPOSITION_BYTES_MAX);
	assert_int_equal(composition_write(&right, pieces, 4, &err), HST_OK);
	for (int i = 0; i < CASES; i++) {
		struct composition composition;
		AUTO_FREE char *bytes = NULL;
		int code;

		mutate_make(&it, right.s, right.length);
		bytes = exactly();
		code = composition_read(bytes, it.length, &composition, &err);
		if (code == HST_OK) {
			AUTO(text) struct text again;

			text_init(&again, COMPOSITION_BYTES_MAX);
			assert_int_equal(composition_write(&again, composition.pieces, composition.count, &err), HST_OK);
			assert_int_equal(again.length, it.length);
			assert_memory_equal(again.s, bytes, again.length);
			taken++;
		} else {
			refused(code, &err);
		}
	}
	end();
}

static void lines_of_directions(void **state)
{
	static const char right[] = "HSD1\noutput *\nsink desktop/enter.pin\noutput password\nto connector/orders\nto gateway/ts-02\nsink a.b\n"
				    "sink desktop/enter.pin\noutput row\nto gateway/ts-01\nsink connector/post.send.body\n";

	(void)state;
	begin("directions");
	for (int i = 0; i < CASES; i++) {
		hst_arena *arena = arena_new();
		struct directions directions;
		AUTO_FREE char *bytes = NULL;
		hst_error err = {0};
		int code;

		mutate_make(&it, right, sizeof right - 1);
		bytes = exactly();
		code = directions_read(arena, bytes, it.length, &directions, &err);
		if (code == HST_OK) {
			AUTO(text) struct text again;

			text_init(&again, DIRECTIONS_BYTES_MAX);
			assert_int_equal(directions_write(&again, &directions, &err), HST_OK);
			assert_int_equal(again.length, it.length);
			assert_memory_equal(again.s, bytes, again.length);
			taken++;
		} else {
			refused(code, &err);
		}
		arena_free(arena);
	}
	end();
}

/* What an authentic sealer could have sealed may be wrong JSON all the same. */
static void parts_of_json(void **state)
{
	static const char right[] = "{\"user\":\"ada\",\"rows\":[[],{\"password\":\"hun\\\"ter\\u00fc\\ud83d\\ude00\"}],\"n\":-12.50,\"none\":null}";
	static const char *const paths[] = {"user", "rows.1.password", "n", "", "rows"};

	(void)state;
	begin("parts of JSON");
	for (int i = 0; i < CASES; i++) {
		AUTO(secret) hst_secret *from = NULL;
		AUTO(secret) hst_secret *part = NULL;
		hst_error err = {0};
		int code;

		mutate_make(&it, right, sizeof right - 1);
		assert_int_equal(secret_new(it.bytes, it.length, &from, &err), HST_OK);
		secret_set_form(from, SECRET_JSON);
		code = select_part(from, paths[mutate_below(&it, 5)], &part, &err);
		taken += code == HST_OK;
		if (code != HST_OK && code != HST_NOT_FOUND)
			refused(code, &err);
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(envelopes),	cmocka_unit_test(texts_in_armour),     cmocka_unit_test(sealed_parts),
		cmocka_unit_test(compositions), cmocka_unit_test(lines_of_directions), cmocka_unit_test(parts_of_json),
	};

	if (sodium_init() < 0)
		return 1;
	seal_house_init(&house);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
