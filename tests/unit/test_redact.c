/* Secrets kept out of what is printed, by their value. */
#include "seal/redact.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include <cmocka.h>

static void add(struct redact *redact, const char *text)
{
	hst_error err = {0};

	if (redact_add_bytes(redact, text, strlen(text), &err) != HST_OK)
		fail_msg("%s", err.text);
}

static void to_text(void *arg, const char *bytes, size_t n)
{
	text_bytes(arg, bytes, n);
}

/* Fed in pieces of that many bytes. */
static void fed(struct redact *redact, const char *bytes, size_t n, size_t piece, struct text *to)
{
	struct redact_stream stream;

	text_reset(to);
	redact_stream_init(&stream, redact);
	for (size_t at = 0; at < n; at += piece)
		redact_feed(&stream, bytes + at, n - at < piece ? n - at : piece, to_text, to);
	redact_flush(&stream, to_text, to);
	redact_stream_clear(&stream);
}

static void becomes(struct redact *redact, const char *printed, const char *shown)
{
	struct text text;

	text_init(&text, 1 << 20);
	for (size_t piece = 1; piece <= strlen(printed) + 1; piece += piece < 8 ? 1 : piece) {
		fed(redact, printed, strlen(printed), piece, &text);
		if (strcmp(text.s, shown) != 0)
			fail_msg("in pieces of %zu: %s", piece, text.s);
	}
	text_clear(&text);
}

static void a_secret_is_not_shown_in_any_form(void **state)
{
	/* Made by other programs: Python's json, base64, urllib.parse, and printf. */
	static const char *const forms[] = {
		"p\xc3\xa4ss/w\"rd +1",
		"p\xc3\xa4ss/w\\\"rd +1",
		"p\xc3\xa4ss\\/w\\\"rd +1",
		"p\\u00e4ss/w\\\"rd +1",
		"p\\u00E4ss/w\\\"rd +1",
		"p\\u00e4ss\\/w\\\"rd +1",
		"cMOkc3MvdyJyZCArMQ",
		"cMOkc3MvdyJyZCArMQ==",
		"70c3a473732f77227264202b31",
		"70C3A473732F77227264202B31",
		"p%C3%A4ss%2Fw%22rd%20%2B1",
		"p%c3%a4ss%2fw%22rd%20%2b1",
		"p%C3%A4ss/w%22rd%20%2B1",
		"p%C3%A4ss%2Fw%22rd+%2B1",
		"p%C3%A4ss/w%22rd%20+1",
		"cADkAHMAcwAvAHcAIgByAGQAIAArADEA",
	};
	struct redact *redact = redact_new();
	char line[200], shown[200];

	(void)state;
	add(redact, forms[0]);
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t padding = strspn(strchr(forms[i], '=') ? strchr(forms[i], '=') : "", "=");

		snprintf(line, sizeof line, "{\"password\":\"%s\"}", forms[i]);
		snprintf(shown, sizeof shown, "{\"password\":\"[secret]%.*s\"}", (int)padding, "==");
		if (strncmp(forms[i], "cMOk", 4) == 0)
			/* Four of the bits of its last character could be another byte's. */
			snprintf(shown, sizeof shown, "{\"password\":\"[secret]Q%.*s\"}", (int)padding, "==");
		becomes(redact, line, shown);
	}
	redact_free(redact);
}

static void base64_is_found_wherever_it_begins(void **state)
{
	static const char secret[] = "correct horse?>battery~~staple";
	struct redact *redact = redact_new();
	struct text text;

	(void)state;
	add(redact, secret);
	text_init(&text, 1 << 16);
	for (int variant = sodium_base64_VARIANT_ORIGINAL; variant <= sodium_base64_VARIANT_URLSAFE; variant += 4)
		for (size_t before = 0; before < 12; before++)
			for (size_t after = 0; after < 4; after++) {
				char whole[100], encoded[200];
				size_t n = (size_t)snprintf(whole, sizeof whole, "%.*s%s%.*s", (int)before, "user:ada/x:y", secret, (int)after, "@ho");

				sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)whole, n, variant);
				fed(redact, encoded, strlen(encoded), 7, &text);
				assert_non_null(strstr(text.s, "[secret]"));
				/* What is left beside it is of what stood beside it, with six bits of the secret at most at each end. */
				assert_true(text.length - 8 <= (before + 2) / 3 * 4 + (after + 2) / 3 * 4 + 4);
			}
	text_clear(&text);
	redact_free(redact);
}

static void utf16_is_found(void **state)
{
	static const char wide[] = "a\0=\0h\0u\0n\0t\0\xe4\0\x3d\xd8\x00\xde" "2\0b\0";
	struct redact *redact = redact_new();
	struct text text;

	(void)state;
	add(redact, "hunt\xc3\xa4\xf0\x9f\x98\x80" "2");
	text_init(&text, 1 << 10);
	fed(redact, wide, sizeof wide - 1, 3, &text);
	assert_int_equal(text.length, 4 + 8 + 2);
	assert_memory_equal(text.s, "a\0=\0[secret]b\0", 14);
	text_clear(&text);
	redact_free(redact);
}

static void what_overlaps_is_one(void **state)
{
	struct redact *redact = redact_new();

	(void)state;
	add(redact, "abcdefgh");
	add(redact, "cdef");
	add(redact, "ghijkl");
	becomes(redact, "xabcdefgx", "xab[secret]gx");
	becomes(redact, "xabcdefghijklx", "x[secret]x");
	becomes(redact, "cdefcdef", "[secret]");
	becomes(redact, "abcabcdefgh cdecde cdef", "abc[secret] cdecde [secret]");
	becomes(redact, "nothing of it", "nothing of it");
	becomes(redact, "", "");
	redact_free(redact);
}

static void short_ones_are_not_looked_for(void **state)
{
	struct redact *redact = redact_new();

	(void)state;
	add(redact, "");
	add(redact, "abc");
	becomes(redact, "abc YWJj 616263", "abc YWJj 616263");
	add(redact, "abcd");
	becomes(redact, "abc abcd", "abc [secret]");
	redact_free(redact);
}

/* What cannot be the beginning of a secret goes on at once. */
static void a_stream_holds_back_no_more_than_it_must(void **state)
{
	struct redact *redact = redact_new();
	struct redact_stream stream;
	struct text text;

	(void)state;
	add(redact, "hunter2");
	text_init(&text, 1 << 10);
	redact_stream_init(&stream, redact);
	redact_feed(&stream, "password: ", 10, to_text, &text);
	assert_string_equal(text.s, "password: ");
	redact_feed(&stream, "hunt", 4, to_text, &text);
	assert_string_equal(text.s, "password: ");
	redact_feed(&stream, "er2!\n", 5, to_text, &text);
	assert_string_equal(text.s, "password: [secret]!\n");
	redact_feed(&stream, "hunter", 6, to_text, &text);
	redact_feed(&stream, "s\n", 2, to_text, &text);
	assert_string_equal(text.s, "password: [secret]!\nhunters\n");
	redact_feed(&stream, "hunter", 6, to_text, &text);
	redact_flush(&stream, to_text, &text);
	assert_string_equal(text.s, "password: [secret]!\nhunters\nhunter");
	redact_stream_clear(&stream);
	text_clear(&text);
	redact_free(redact);
}

static void one_that_comes_later_is_found_in_what_waits(void **state)
{
	struct redact *redact = redact_new();
	struct redact_stream stream;
	struct text text;

	(void)state;
	add(redact, "hunter2 and more");
	text_init(&text, 1 << 10);
	redact_stream_init(&stream, redact);
	redact_feed(&stream, "is hunter2 an", 13, to_text, &text);
	assert_string_equal(text.s, "is ");
	add(redact, "hunter2 another");
	add(redact, "unte");
	redact_feed(&stream, "other!", 6, to_text, &text);
	assert_string_equal(text.s, "is [secret]!");
	redact_stream_clear(&stream);
	/* One without any passes all on. */
	redact_stream_init(&stream, NULL);
	text_reset(&text);
	redact_feed(&stream, "hunter2", 7, to_text, &text);
	redact_flush(&stream, to_text, &text);
	assert_string_equal(text.s, "hunter2");
	redact_stream_clear(&stream);
	text_clear(&text);
	redact_free(redact);
}

static void texts_and_numbers_of_json_are_secrets(void **state)
{
	static const char json[] = "{\"user\":\"ada l.\",\"pin\":123456,\"rows\":[{\"password\":\"hun\\\"ter\"}],\"password\":true}";
	struct redact *redact = redact_new();
	hst_secret *secret = NULL;
	hst_error err = {0};

	(void)state;
	assert_int_equal(secret_new(json, sizeof json - 1, &secret, &err), HST_OK);
	secret_set_form(secret, SECRET_JSON);
	assert_int_equal(redact_add(redact, secret, &err), HST_OK);
	becomes(redact, "ada l. has hun\"ter, password, and 123456, true", "[secret] has [secret], password, and [secret], true");
	becomes(redact, "hun\\\"ter", "[secret]");
	becomes(redact, json, "[secret]");
	secret_free(secret);
	redact_free(redact);
}

static void lines_and_pieces_of_long_ones_are_secrets(void **state)
{
	static char secret[20000], line[300];
	struct redact *redact = redact_new();
	struct text text;

	(void)state;
	for (size_t i = 0; i + 65 < sizeof secret; i += 65) {
		unsigned char bytes[48];

		randombytes_buf(bytes, sizeof bytes);
		sodium_bin2base64(secret + i, 65, bytes, sizeof bytes, sodium_base64_VARIANT_ORIGINAL);
		secret[i + 64] = '\n';
	}
	add(redact, secret);
	becomes(redact, secret, "[secret]");
	for (size_t i = 0; i + 65 < strlen(secret); i += 65 * 17) {
		snprintf(line, sizeof line, "key: %.64s;", secret + i);
		becomes(redact, line, "key: [secret];");
	}
	/* A part of a piece is not. All of the long one is, in hexadecimal, too. */
	text_init(&text, 1 << 20);
	for (size_t i = 0; i < strlen(secret); i++)
		text_addf(&text, "%02x", (unsigned char)secret[i]);
	becomes(redact, text.s, "[secret]");
	text_clear(&text);
	redact_free(redact);
}

static void one_that_is_too_long_is_an_error(void **state)
{
	static char secret[SECRET_BYTES_MAX + 1];
	struct redact *redact = redact_new();
	hst_error err = {0};

	(void)state;
	memset(secret, 'x', sizeof secret);
	assert_int_equal(redact_add_bytes(redact, secret, sizeof secret, &err), HST_INVALID);
	assert_true(err.text[0]);
	assert_int_equal(redact_add_bytes(redact, secret, sizeof secret - 1, &err), HST_OK);
	redact_free(redact);
}

/* The same, found byte by byte in all ways there are. */
static char *naive(const char *const *secrets, size_t count, const char *printed)
{
	size_t n = strlen(printed);
	char *covered = calloc(n + 1, 1);
	struct text text;

	assert_non_null(covered);
	for (size_t at = 0; at < n; at++)
		for (size_t i = 0; i < count; i++)
			if (strncmp(printed + at, secrets[i], strlen(secrets[i])) == 0)
				memset(covered + at, 1, strlen(secrets[i]));
	text_init(&text, 1 << 20);
	for (size_t at = 0; at < n; at++)
		if (!covered[at])
			text_bytes(&text, printed + at, 1);
		else if (!at || !covered[at - 1])
			text_add(&text, "[secret]");
	free(covered);
	return text_take(&text);
}

/* Of two letters, so that everything overlaps. No encoding of them has two letters alone, so what is looked for is them. */
static void it_finds_what_a_slow_search_finds(void **state)
{
	const char *given = getenv("HOSTLER_FUZZ_SEED");
	uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : 20261122;

	(void)state;
	print_message("HOSTLER_FUZZ_SEED=%u\n", seed);
	for (int round = 0; round < 300; round++) {
		struct redact *redact = redact_new();
		char secrets[5][16], printed[200], *slow;
		const char *at[5];
		uint32_t draw = seed + (uint32_t)round;

#define DRAW(n) ((draw = draw * 1664525 + 1013904223) >> 16) % (uint32_t)(n)
		for (size_t i = 0; i < 5; i++) {
			size_t n = 4 + DRAW(10);

			for (size_t k = 0; k < n; k++)
				secrets[i][k] = "yz"[DRAW(2)];
			secrets[i][n] = '\0';
			at[i] = secrets[i];
			add(redact, secrets[i]);
		}
		for (size_t k = 0; k < sizeof printed - 1; k++)
			printed[k] = "yzyzyzyzy."[DRAW(10)];
#undef DRAW
		printed[sizeof printed - 1] = '\0';
		slow = naive(at, 5, printed);
		becomes(redact, printed, slow);
		free(slow);
		redact_free(redact);
	}
}

/* Fifty secrets with one beginning, and a text made of that: the worst that can be done to a slow search. */
static void many_secrets_take_no_longer_than_few(void **state)
{
	enum { BYTES = 4 << 20 };
	struct redact *redact = redact_new();
	char secret[600], *printed = malloc(BYTES);
	struct redact_stream stream;
	struct text text;
	clock_t began;

	(void)state;
	assert_non_null(printed);
	for (int i = 0; i < 50; i++) {
		memset(secret, 'a', sizeof secret);
		snprintf(secret + 500 + i, 20, "%d", i);
		add(redact, secret);
	}
	memset(printed, 'a', BYTES);
	for (size_t i = 499; i < BYTES; i += 499)
		printed[i] = '.';
	text_init(&text, BYTES + 1);
	redact_stream_init(&stream, redact);
	began = clock();
	redact_feed(&stream, printed, BYTES, to_text, &text);
	redact_flush(&stream, to_text, &text);
	print_message("%d MiB in %.0f ms\n", BYTES >> 20, (double)(clock() - began) * 1e3 / CLOCKS_PER_SEC);
	assert_int_equal(text.length, BYTES);
	assert_memory_equal(text.s, printed, BYTES);
	redact_stream_clear(&stream);
	text_clear(&text);
	free(printed);
	redact_free(redact);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_not_shown_in_any_form),
		cmocka_unit_test(base64_is_found_wherever_it_begins),
		cmocka_unit_test(utf16_is_found),
		cmocka_unit_test(what_overlaps_is_one),
		cmocka_unit_test(short_ones_are_not_looked_for),
		cmocka_unit_test(a_stream_holds_back_no_more_than_it_must),
		cmocka_unit_test(one_that_comes_later_is_found_in_what_waits),
		cmocka_unit_test(texts_and_numbers_of_json_are_secrets),
		cmocka_unit_test(lines_and_pieces_of_long_ones_are_secrets),
		cmocka_unit_test(one_that_is_too_long_is_an_error),
		cmocka_unit_test(it_finds_what_a_slow_search_finds),
		cmocka_unit_test(many_secrets_take_no_longer_than_few),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
