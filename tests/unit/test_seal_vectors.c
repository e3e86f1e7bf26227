/*
 * The forms of docs/security.md, held against files that were written once: tests/fixtures/seal/. An envelope that was sealed
 * by an earlier version must be opened by every later one. `test_seal_vectors --write FOLDER` writes them, with all that is
 * drawn at random following from a known number.
 */
#include "seal_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "seal/armour.h"
#include "seal/composition.h"
#include "seal/items.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct seal_house house;

static const struct vector {
	const char *name;
	enum envelope_kind kind;
	enum secret_form form;
	enum seal_member signer;
	const char *run, *secret;
	int64_t serial, not_after_us;
	size_t recipients;
} vectors[] = {
	{"secret", ENVELOPE_SECRET, SECRET_TEXT, MEMBER_ADA, "", "hunter2", 4, 2000, MEMBER_COUNT},
	{"empty", ENVELOPE_SECRET, SECRET_TEXT, MEMBER_ADA, "", "", 1, 0, 1},
	{"value", ENVELOPE_VALUE, SECRET_JSON, MEMBER_ORDERS, "r-06et2m5v7k3g9c1q8w4x0zyabc", "{\"user\":\"ada\",\"password\":\"hunter3\"}", 0, 0, 4},
	{"input", ENVELOPE_INPUT, SECRET_TEXT, MEMBER_ADA, "", "1234", 0, 2000, 3},
	{"state", ENVELOPE_STATE, SECRET_TEXT, MEMBER_INBOX, "", "a refresh token", 9, 0, 3},
	{"long", ENVELOPE_SECRET, SECRET_TEXT, MEMBER_ADA, "",
         "Several lines, of which the first is long enough that all of them together do not fit into the least\n"
         "there is to be padded to.\n",
         1, 0, 3},
};

enum { VECTORS = sizeof vectors / sizeof *vectors };

static void prepare(const struct vector *vector)
{
	house.header.kind = vector->kind;
	house.header.name = vector->name;
	house.header.run = vector->run;
	house.header.serial = vector->serial;
	house.header.not_after_us = vector->not_after_us;
	house.header.signer = house.recipients[vector->signer].name;
	house.check.run = vector->run;
}

/* All members up to so many are recipients, so that each vector is for the inbox, but for the one that is for Ada alone. */
static uint8_t *sealed(const struct vector *vector, uint64_t seed, size_t *ret_length)
{
	hst_secret *secret = NULL;
	uint8_t *bytes = NULL;
	hst_error err = {0};

	prepare(vector);
	assert_int_equal(secret_new(vector->secret, strlen(vector->secret), &secret, &err), HST_OK);
	secret_set_form(secret, vector->form);
	seal_house_known(seed);
	if (envelope_seal(&house.header, secret, house.recipients, vector->recipients, &house.pairs[vector->signer], &bytes, ret_length, &err) !=
	    HST_OK)
		fail_msg("%s", err.text);
	seal_house_known(0);
	secret_free(secret);
	return bytes;
}

/* Two vectors in one composition, and that in the items of a message. */
static void put_together(struct text *composition, struct text *items)
{
	size_t secret_length = 0, value_length = 0;
	AUTO_FREE uint8_t *secret = sealed(&vectors[0], 1, &secret_length), *value = NULL;
	hst_error err = {0};

	value = sealed(&vectors[2], 3, &value_length);
	const struct composition_piece pieces[] = {{PIECE_LITERAL, "", "token ", 6},
	                                           {PIECE_ENVELOPE, "password", value, value_length},
	                                           {PIECE_LITERAL, "", "/", 1},
	                                           {PIECE_ENVELOPE, "", secret, secret_length}};

	assert_int_equal(composition_write(composition, pieces, 4, &err), HST_OK);
	struct item all[] = {{.name = "text", .bytes = (const uint8_t *)composition->s, .length = composition->length},
	                     {.name = "login.password", .bytes = secret, .length = secret_length},
	                     {.name = "*", .bytes = (const uint8_t *)"HSD1\noutput *\nsink operator\n", .length = 28}};

	assert_int_equal(items_write(items, all, 3, &err), HST_OK);
}

static char *path_of(const char *name)
{
	const char *top = getenv("SRCDIR");

	return mem_printf("%s/tests/fixtures/seal/%s.hsl1", top ? top : ".", name);
}

static char *text_of(const char *name)
{
	AUTO_FREE char *path = path_of(name);
	char *bytes = NULL;
	size_t length = 0;
	hst_error err = {0};

	if (files_read(path, 1 << 20, &bytes, &length, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_true(length && bytes[length - 1] == '\n');
	bytes[length - 1] = '\0';
	return bytes;
}

static void same(const char *name, const void *bytes, size_t length)
{
	AUTO_FREE char *written = text_of(name);
	AUTO_FREE char *now = armour_write(bytes, length);

	assert_string_equal(now, written);
}

static void the_same_is_sealed_the_same_way(void **state)
{
	AUTO(text) struct text composition;
	AUTO(text) struct text items;

	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		size_t length = 0;
		AUTO_FREE uint8_t *bytes = sealed(&vectors[i], i + 1, &length);

		same(vectors[i].name, bytes, length);
	}
	text_init(&composition, COMPOSITION_BYTES_MAX);
	text_init(&items, ITEMS_BYTES_MAX);
	put_together(&composition, &items);
	same("composition", composition.s, composition.length);
	same("items", items.s, items.length);
}

static void what_was_sealed_once_is_opened(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		AUTO_FREE char *text = text_of(vectors[i].name);
		AUTO_FREE uint8_t *bytes = NULL;
		AUTO(secret) hst_secret *secret = NULL;
		hst_error err = {0};
		size_t length = 0;

		prepare(&vectors[i]);
		assert_int_equal(armour_read(text, &bytes, &length, &err), HST_OK);
		if (seal_house_open(&house, vectors[i].recipients > 2 ? MEMBER_INBOX : MEMBER_ADA, bytes, length, &secret, &err) != HST_OK)
			fail_msg("%s: %s", vectors[i].name, err.text);
		assert_string_equal(secret_bytes(secret, &length), vectors[i].secret);
		assert_int_equal(secret_form(secret), vectors[i].form);
	}
}

static void what_was_put_together_once_is_joined(void **state)
{
	AUTO_FREE char *text = text_of("items");
	AUTO_FREE uint8_t *bytes = NULL;
	AUTO(secret) hst_secret *secret = NULL;
	struct item item = {0};
	hst_error err = {0};
	size_t length = 0;

	(void)state;
	prepare(&vectors[2]);
	assert_int_equal(armour_read(text, &bytes, &length, &err), HST_OK);
	assert_int_equal(items_find(bytes, length, "text", &item, &err), HST_OK);
	if (composition_open(item.bytes, item.length, &house.check, &house.pairs[MEMBER_INBOX], &secret, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_string_equal(secret_bytes(secret, &length), "token hunter3/hunter2");
}

static void write_one(const char *folder, const char *name, const void *bytes, size_t length)
{
	AUTO_FREE char *path = mem_printf("%s/%s.hsl1", folder, name), *text = armour_write(bytes, length);
	FILE *file = fopen(path, "w");

	if (!file || fprintf(file, "%s\n", text) < 0 || fclose(file) != 0)
		abort();
}

static int write_all(const char *folder)
{
	AUTO(text) struct text composition;
	AUTO(text) struct text items;

	for (size_t i = 0; i < VECTORS; i++) {
		size_t length = 0;
		AUTO_FREE uint8_t *bytes = sealed(&vectors[i], i + 1, &length);

		write_one(folder, vectors[i].name, bytes, length);
	}
	text_init(&composition, COMPOSITION_BYTES_MAX);
	text_init(&items, ITEMS_BYTES_MAX);
	put_together(&composition, &items);
	write_one(folder, "composition", composition.s, composition.length);
	write_one(folder, "items", items.s, items.length);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_sealed_the_same_way),
		cmocka_unit_test(what_was_sealed_once_is_opened),
		cmocka_unit_test(what_was_put_together_once_is_joined),
	};

	if (sodium_init() < 0)
		return 1;
	seal_house_init(&house);
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_all(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
