/* Values made of literals and envelopes, joined where they are used. */
#include "seal_house.h"

#include "seal/composition.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct seal_house house;
static struct text text;
static uint8_t *password, *row;
static size_t password_length, row_length;

static int set_up(void **state)
{
	static const char json[] = "{\"password\":\"hunter3\",\"n\":17,\"none\":null,\"list\":[1,\"two\"]}";
	hst_secret *secret = NULL;
	hst_error err = {0};

	(void)state;
	seal_house_init(&house);
	text_init(&text, COMPOSITION_BYTES_MAX);
	house.header.kind = ENVELOPE_VALUE;
	house.header.serial = 0;
	house.header.run = house.check.run = "r-1";
	house.header.signer = "connector/orders";
	house.header.name = "find.password";
	password = seal_house_seal(&house, "hunter2", &password_length);
	house.header.name = "find.row";
	if (secret_new(json, sizeof json - 1, &secret, &err) != HST_OK)
		return -1;
	secret_set_form(secret, SECRET_JSON);
	if (envelope_seal(&house.header, secret, house.recipients, MEMBER_COUNT, &house.pairs[MEMBER_ORDERS], &row, &row_length, &err) != HST_OK)
		return -1;
	secret_free(secret);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(password);
	free(row);
	text_clear(&text);
	seal_house_clear(&house);
	return 0;
}

static struct composition_piece literal(const char *bytes)
{
	return (struct composition_piece){.kind = PIECE_LITERAL, .path = "", .bytes = bytes, .length = strlen(bytes)};
}

static struct composition_piece the_password(void)
{
	return (struct composition_piece){.kind = PIECE_ENVELOPE, .path = "", .bytes = password, .length = password_length};
}

static struct composition_piece of_row(const char *path)
{
	return (struct composition_piece){.kind = PIECE_ENVELOPE, .path = path, .bytes = row, .length = row_length};
}

static void write_pieces(const struct composition_piece *pieces, size_t n)
{
	hst_error err = {0};

	text_reset(&text);
	if (composition_write(&text, pieces, n, &err) != HST_OK)
		fail_msg("%s", err.text);
}

static void is(enum secret_form form, const char *value)
{
	hst_secret *secret = NULL;
	hst_error err = {0};
	size_t length;

	if (composition_open(text.s, text.length, &house.check, &house.pairs[MEMBER_INBOX], &secret, &err) != HST_OK)
		fail_msg("%s: %s", err.reason, err.text);
	assert_string_equal(secret_bytes(secret, &length), value);
	assert_int_equal(length, strlen(value));
	assert_int_equal(secret_form(secret), form);
	secret_free(secret);
}

static void is_refused(const char *reason)
{
	hst_secret *secret = NULL;
	hst_error err = {0};

	assert_int_not_equal(composition_open(text.s, text.length, &house.check, &house.pairs[MEMBER_INBOX], &secret, &err), HST_OK);
	assert_string_equal(err.reason, reason);
	assert_null(secret);
}

static void one_envelope_is_the_value(void **state)
{
	(void)state;
	write_pieces(&(struct composition_piece){.kind = PIECE_ENVELOPE, .path = "", .bytes = password, .length = password_length}, 1);
	assert_memory_equal(text.s, "HSE1", 4);
	is(SECRET_TEXT, "hunter2");
}

static void a_path_leads_to_a_part(void **state)
{
	struct composition_piece piece = of_row("password");

	(void)state;
	write_pieces(&piece, 1);
	assert_memory_equal(text.s, "HSC1", 4);
	is(SECRET_TEXT, "hunter3");
	piece = of_row("n");
	write_pieces(&piece, 1);
	is(SECRET_JSON, "17");
	piece = of_row("other");
	write_pieces(&piece, 1);
	is_refused("EnvelopeBroken");
	piece = of_row("none");
	write_pieces(&piece, 1);
	is_refused("EnvelopeBroken");
	piece = the_password();
	piece.path = "x";
	write_pieces(&piece, 1);
	is_refused("EnvelopeBroken");
}

static void pieces_are_joined(void **state)
{
	const struct composition_piece pieces[] = {literal("user="), literal("ada&p="), the_password(), literal(""), of_row("n"),
	                                           of_row("list"),   the_password(),	literal(".")};
	struct composition composition;
	hst_error err = {0};

	(void)state;
	write_pieces(pieces, 8);
	assert_int_equal(composition_read(text.s, text.length, &composition, &err), HST_OK);
	assert_int_equal(composition.count, 6);
	assert_memory_equal(composition.pieces[0].bytes, "user=ada&p=", 11);
	assert_null(memmem(text.s, text.length, "hunter2", 7));
	is(SECRET_TEXT, "user=ada&p=hunter217[1,\"two\"]hunter2.");
}

/* One envelope may be in it twice, but all of it is used once. */
static void one_use_opens_it_once(void **state)
{
	const struct composition_piece pieces[] = {the_password(), the_password()};

	(void)state;
	house.check.use = "1/2/password";
	write_pieces(pieces, 2);
	is(SECRET_TEXT, "hunter2hunter2");
	is_refused("EnvelopeReplayed");
}

static void each_piece_is_checked(void **state)
{
	const struct composition_piece pieces[] = {literal("x"), of_row("n")};

	(void)state;
	write_pieces(pieces, 2);
	house.check.run = "r-2";
	is_refused("EnvelopeRun");
	house.check.run = "r-1";
	house.check.sink = "other";
	is_refused("EnvelopeSink");
	house.check.sink = house.header.sinks[1];
	is(SECRET_TEXT, "x17");
	text.s[text.length - 1] ^= 1;
	is_refused("EnvelopeSignature");
}

static void other_pieces_are_not_written(void **state)
{
	const struct composition_piece none = literal("nothing secret"), wrong_path = of_row("a..b");
	struct composition_piece many[COMPOSITION_PIECES_MAX + 1];
	hst_error err = {0};

	(void)state;
	assert_int_equal(composition_write(&text, &none, 1, &err), HST_INVALID);
	text_reset(&text);
	assert_int_equal(composition_write(&text, &wrong_path, 1, &err), HST_INVALID);
	text_reset(&text);
	assert_int_equal(composition_write(&text, NULL, 0, &err), HST_INVALID);
	text_reset(&text);
	for (size_t i = 0; i <= COMPOSITION_PIECES_MAX; i++)
		many[i] = the_password();
	assert_int_equal(composition_write(&text, many, COMPOSITION_PIECES_MAX + 1, &err), HST_INVALID);
	write_pieces(many, COMPOSITION_PIECES_MAX);
}

static void other_ways_to_write_it_are_refused(void **state)
{
	const struct composition_piece pieces[] = {literal("a"), the_password()};
	struct composition composition;
	hst_error err = {0};
	struct text changed;

	(void)state;
	write_pieces(pieces, 2);
	for (size_t n = 0; n < text.length; n++)
		assert_int_equal(composition_read(text.s, n, &composition, &err), HST_INVALID);
	text_init(&changed, COMPOSITION_BYTES_MAX);
	/* Two literals. */
	text_bytes(&changed, text.s, 10);
	text_bytes(&changed, text.s + 4, text.length - 4);
	assert_int_equal(composition_read(changed.s, changed.length, &composition, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "two literals"));
	/* An empty one. */
	text_reset(&changed);
	text_bytes(&changed, "HSC1\1\0\0\0\0", 9);
	text_bytes(&changed, text.s + 10, text.length - 10);
	assert_int_equal(composition_read(changed.s, changed.length, &composition, &err), HST_INVALID);
	/* An envelope that could stand alone. */
	text_reset(&changed);
	text_add(&changed, "HSC1");
	text_bytes(&changed, text.s + 10, text.length - 10);
	assert_int_equal(composition_read(changed.s, changed.length, &composition, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "nothing but"));
	text_clear(&changed);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(one_envelope_is_the_value), TEST(a_path_leads_to_a_part),	     TEST(pieces_are_joined),
		TEST(one_use_opens_it_once),	 TEST(each_piece_is_checked),	     TEST(other_pieces_are_not_written),
		TEST(other_ways_to_write_it_are_refused),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
