/* Envelopes as they are written and read: one way for each, and every other one refused. */
#include "seal_house.h"

#include "seal/envelope_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct seal_house house;

static int set_up(void **state)
{
	(void)state;
	seal_house_init(&house);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	seal_house_clear(&house);
	return 0;
}

static void what_is_sealed_is_read_again(void **state)
{
	struct envelope envelope;
	hst_error err = {0};
	size_t length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length);

	(void)state;
	assert_int_equal(envelope_read(bytes, length, &envelope, &err), HST_OK);
	assert_memory_equal(envelope.header.cluster, house.header.cluster, ENVELOPE_CLUSTER_BYTES);
	assert_int_equal(envelope.header.kind, ENVELOPE_SECRET);
	assert_string_equal(envelope.header.name, "ledger");
	assert_string_equal(envelope.header.run, "");
	assert_int_equal(envelope.header.sink_count, 2);
	assert_string_equal(envelope.header.sinks[0], "connector/orders.login.password");
	assert_string_equal(envelope.header.sinks[1], "trigger/inbox.password");
	assert_int_equal(envelope.header.epoch, 5);
	assert_int_equal(envelope.header.created_us, 1000);
	assert_int_equal(envelope.header.not_after_us, 2000);
	assert_int_equal(envelope.header.serial, 4);
	assert_string_equal(envelope.header.signer, "operator/ada");
	assert_memory_equal(envelope.header.id, house.header.id, ENVELOPE_ID_BYTES);
	assert_int_equal(envelope.recipient_count, MEMBER_COUNT);
	assert_string_equal(envelope.recipients[0].name, "connector/orders");
	assert_ptr_equal(envelope_find(&envelope, house.pairs[MEMBER_ORDERS].open_public), &envelope.recipients[0]);
	assert_null(envelope_find(&envelope, house.pairs[MEMBER_ORDERS].sign_public));
	assert_null(memmem(bytes, length, "hunter2", 7));
	free(bytes);
}

static void who_and_where_are_named_once(void **state)
{
	static const char *const twice[] = {"b", "a", "b"};
	struct envelope_recipient to[3] = {house.recipients[MEMBER_ADA], house.recipients[MEMBER_TS], house.recipients[MEMBER_ADA]};
	struct envelope envelope;
	hst_secret *secret = NULL;
	uint8_t *bytes = NULL;
	hst_error err = {0};
	size_t length = 0;

	(void)state;
	house.header.sinks = twice;
	house.header.sink_count = 3;
	assert_int_equal(secret_new("x", 1, &secret, &err), HST_OK);
	assert_int_equal(envelope_seal(&house.header, secret, to, 3, &house.pairs[MEMBER_ADA], &bytes, &length, &err), HST_OK);
	assert_int_equal(envelope_read(bytes, length, &envelope, &err), HST_OK);
	assert_int_equal(envelope.recipient_count, 2);
	assert_int_equal(envelope.header.sink_count, 2);
	free(bytes);
	bytes = NULL;
	/* One name with two keys is a mistake. */
	memcpy(to[2].key, house.recipients[MEMBER_EVE].key, SEAL_KEY_BYTES);
	assert_int_equal(envelope_seal(&house.header, secret, to, 3, &house.pairs[MEMBER_ADA], &bytes, &length, &err), HST_INVALID);
	/* What is sealed to this key could be opened by all. */
	memset(to[1].key, 0, SEAL_KEY_BYTES);
	assert_int_equal(envelope_seal(&house.header, secret, to, 2, &house.pairs[MEMBER_ADA], &bytes, &length, &err), HST_INVALID);
	assert_int_equal(envelope_seal(&house.header, secret, to, 0, &house.pairs[MEMBER_ADA], &bytes, &length, &err), HST_INVALID);
	assert_null(bytes);
	secret_free(secret);
}

static void short_secrets_are_alike_in_size(void **state)
{
	size_t first = 0, length = 0;
	char text[64];

	(void)state;
	for (size_t n = 1; n <= 63; n++) {
		memset(text, 'x', n);
		free(seal_house_seal_bytes(&house, text, n, &length));
		if (n == 1)
			first = length;
		assert_int_equal(length, first);
	}
}

static void there_are_few_sizes(void **state)
{
	size_t last = 0, sizes = 0;

	(void)state;
	for (size_t n = 0; n <= SECRET_BYTES_MAX; n++) {
		size_t bucket = envelope_bucket(n);

		assert_true(bucket >= n + PADDING_LEAST && bucket >= last);
		sizes += bucket != last;
		last = bucket;
	}
	assert_int_equal(envelope_bucket(126), 128);
	assert_int_equal(envelope_bucket(127), 256);
	assert_int_equal(envelope_bucket(4094), 4096);
	assert_int_equal(envelope_bucket(4095), 8192);
	assert_int_equal(sizes, 6 + 16);
}

/* What a sealer must not be able to write, because no reader would take it. */
static void wrong_headers_are_not_sealed(void **state)
{
	static const char *const blank[] = {"right", "with blank"};
	char long_name[ENVELOPE_TEXT_MAX + 2];
	const char *many[ENVELOPE_SINKS_MAX + 1];
	char texts[ENVELOPE_SINKS_MAX + 1][8];
	struct envelope_header right = house.header;
	hst_secret *secret = NULL;
	uint8_t *bytes = NULL;
	size_t length = 0;
	hst_error err = {0};

	(void)state;
	memset(long_name, 'n', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	for (size_t i = 0; i <= ENVELOPE_SINKS_MAX; i++) {
		snprintf(texts[i], sizeof texts[i], "s%zu", i);
		many[i] = texts[i];
	}
	assert_int_equal(secret_new("x", 1, &secret, &err), HST_OK);
#define WRONG(member, value)                                                                                                         \
	do {                                                                                                                         \
		struct envelope_header header = right;                                                                               \
		header.member = value;                                                                                               \
		err = (hst_error){0};                                                                                                \
		assert_int_equal(envelope_seal(&header, secret, house.recipients, 1, &house.pairs[MEMBER_ADA], &bytes, &length, &err), \
		                 HST_INVALID);                                                                                       \
		assert_string_equal(err.reason, "EnvelopeForm");                                                                     \
		assert_null(bytes);                                                                                                  \
	} while (0)
	WRONG(name, "");
	WRONG(name, NULL);
	WRONG(name, long_name);
	WRONG(name, "a b");
	WRONG(name, "a\033[2J");
	WRONG(name, "a\xc2\x9b");
	WRONG(name, "a\xff");
	WRONG(signer, "");
	WRONG(run, "r-1"); /* a secret outlives runs */
	WRONG(run, long_name);
	WRONG(sink_count, 0);
	WRONG(sinks, blank);
	WRONG(epoch, 0);
	WRONG(epoch, -1);
	WRONG(created_us, -1);
	WRONG(not_after_us, -1);
	WRONG(serial, 0);
	WRONG(serial, -4);
	WRONG(kind, 0);
	WRONG(kind, ENVELOPE_VALUE); /* it has a serial */
	WRONG(kind, ENVELOPE_FILE);
	WRONG(kind, 6);
#undef WRONG
	right.sinks = many;
	right.sink_count = ENVELOPE_SINKS_MAX + 1;
	assert_int_equal(envelope_seal(&right, secret, house.recipients, 1, &house.pairs[MEMBER_ADA], &bytes, &length, &err), HST_INVALID);
	right.sink_count = ENVELOPE_SINKS_MAX;
	assert_int_equal(envelope_seal(&right, secret, house.recipients, 1, &house.pairs[MEMBER_ADA], &bytes, &length, &err), HST_OK);
	free(bytes);
	secret_free(secret);
}

/* The largest there is can be sealed and opened. */
static void the_most_of_everything_fits(void **state)
{
	static char names[ENVELOPE_RECIPIENTS_MAX][ENVELOPE_TEXT_MAX + 1], sinks[ENVELOPE_SINKS_MAX][ENVELOPE_TEXT_MAX + 1];
	static struct envelope_recipient to[ENVELOPE_RECIPIENTS_MAX + 1];
	static uint8_t secret_of[SECRET_BYTES_MAX];
	const char *at[ENVELOPE_SINKS_MAX];
	hst_secret *secret = NULL, *opened = NULL;
	uint8_t *bytes = NULL;
	size_t length = 0;
	hst_error err = {0};

	(void)state;
	for (size_t i = 0; i < ENVELOPE_RECIPIENTS_MAX; i++) {
		memset(names[i], 'n', ENVELOPE_TEXT_MAX);
		snprintf(names[i], 8, "%07zu", i);
		names[i][7] = 'n';
		to[i] = house.recipients[MEMBER_TS];
		to[i].name = names[i];
	}
	to[ENVELOPE_RECIPIENTS_MAX] = house.recipients[MEMBER_ADA];
	for (size_t i = 0; i < ENVELOPE_SINKS_MAX; i++) {
		memset(sinks[i], 's', ENVELOPE_TEXT_MAX);
		snprintf(sinks[i], 8, "%07zu", i);
		sinks[i][7] = 's';
		at[i] = sinks[i];
	}
	house.header.sinks = at;
	house.header.sink_count = ENVELOPE_SINKS_MAX;
	house.check.sink = at[0];
	randombytes_buf(secret_of, sizeof secret_of);
	assert_int_equal(secret_new(secret_of, sizeof secret_of, &secret, &err), HST_OK);
	assert_int_equal(envelope_seal(&house.header, secret, to, ENVELOPE_RECIPIENTS_MAX + 1, &house.pairs[MEMBER_ADA], &bytes, &length, &err),
	                 HST_INVALID);
	assert_int_equal(envelope_seal(&house.header, secret, to, ENVELOPE_RECIPIENTS_MAX, &house.pairs[MEMBER_ADA], &bytes, &length, &err),
	                 HST_OK);
	assert_true(length <= ENVELOPE_BYTES_MAX);
	assert_int_equal(seal_house_open(&house, MEMBER_TS, bytes, length, &opened, &err), HST_OK);
	assert_memory_equal(secret_bytes(opened, &length), secret_of, sizeof secret_of);
	secret_free(opened);
	secret_free(secret);
	free(bytes);
}

/* Changes of the form of a right envelope. Each is one that a lenient reader could take for the same. */
static void other_ways_to_write_it_are_refused(void **state)
{
	size_t length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length), *changed = malloc(length + 64);
	struct envelope envelope;
	hst_error err = {0};
	size_t kind_at = 8 + 3 + 16, name_at = kind_at + 4;

	(void)state;
	assert_non_null(changed);
	for (size_t n = 0; n < length; n++)
		assert_int_equal(envelope_read(bytes, n, &envelope, &err), HST_INVALID);
	/* Trailing bytes, counted nowhere. */
	memcpy(changed, bytes, length);
	changed[length] = 0;
	assert_int_equal(envelope_read(changed, length + 1, &envelope, &err), HST_INVALID);
	/* The kind a second time. */
	memcpy(changed, bytes, name_at);
	memcpy(changed + name_at, bytes + kind_at, 4);
	memcpy(changed + name_at + 4, bytes + name_at, length - name_at);
	changed[7] = (uint8_t)(changed[7] + 4);
	changed[6] = (uint8_t)(changed[6] + (changed[7] < 4));
	assert_int_equal(envelope_read(changed, length + 4, &envelope, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "twice"));
	/* Name before kind. */
	memcpy(changed, bytes, length);
	memcpy(changed + kind_at, bytes + name_at, 3 + 7);
	memcpy(changed + kind_at + 10, bytes + kind_at, 4);
	assert_int_equal(envelope_read(changed, length, &envelope, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "wrong place"));
	/* A type of tomorrow's. */
	memcpy(changed, bytes, length);
	changed[kind_at] = TYPE_COUNT;
	assert_int_equal(envelope_read(changed, length, &envelope, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "unknown type"));
	/* A zero byte inside a text. */
	memcpy(changed, bytes, length);
	changed[name_at + 5] = 0;
	assert_int_equal(envelope_read(changed, length, &envelope, &err), HST_INVALID);
	free(changed);
	free(bytes);
}

static void sinks_and_recipients_stand_in_order(void **state)
{
	static const char *const two[] = {"a1", "a2"};
	size_t length = 0;
	uint8_t *bytes, *sink;
	struct envelope envelope;
	hst_error err = {0};

	(void)state;
	house.header.sinks = two;
	bytes = seal_house_seal(&house, "hunter2", &length);
	sink = memmem(bytes, length, "a1", 3);
	assert_non_null(sink);
	sink[1] = '3';
	assert_int_equal(envelope_read(bytes, length, &envelope, &err), HST_INVALID);
	assert_string_equal(err.text, "an envelope has a wrong sink");
	sink[1] = '2';
	assert_int_equal(envelope_read(bytes, length, &envelope, &err), HST_INVALID);
	sink[1] = '1';
	assert_int_equal(envelope_read(bytes, length, &envelope, &err), HST_OK);
	sink = memmem(bytes, length, "gateway/ts-00", 14);
	assert_non_null(sink);
	memcpy(sink, "gateway/ts-02", 14);
	assert_int_equal(envelope_read(bytes, length, &envelope, &err), HST_INVALID);
	assert_string_equal(err.text, "an envelope has a wrong recipient");
	memcpy(sink, "gateway/ts-01", 14);
	assert_int_equal(envelope_read(bytes, length, &envelope, &err), HST_INVALID);
	free(bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_sealed_is_read_again), TEST(who_and_where_are_named_once),
		TEST(short_secrets_are_alike_in_size), TEST(there_are_few_sizes),
		TEST(wrong_headers_are_not_sealed), TEST(the_most_of_everything_fits),
		TEST(other_ways_to_write_it_are_refused), TEST(sinks_and_recipients_stand_in_order),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
