/* Opening: every refusal has its own code, and they come in the documented order. */
#include "seal_house.h"

#include "seal/envelope_form.h"

#include <setjmp.h>
#include <stdarg.h>
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

/* The right envelope, sealed as the header says now, is refused for this. */
static void refused(const char *reason)
{
	size_t length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length);

	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, reason);
	free(bytes);
}

static void those_it_is_for_open_it_again_and_again(void **state)
{
	size_t length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length);

	(void)state;
	for (enum seal_member as = 0; as < MEMBER_COUNT; as++)
		seal_house_opens_as(&house, as, bytes, length, "hunter2");
	seal_house_opens_as(&house, MEMBER_ADA, bytes, length, "hunter2");
	free(bytes);
	bytes = seal_house_seal(&house, "", &length);
	seal_house_opens_as(&house, MEMBER_ADA, bytes, length, "");
	free(bytes);
}

static void json_is_json_again(void **state)
{
	hst_secret *secret = NULL, *opened = NULL;
	uint8_t *bytes = NULL;
	size_t length = 0;
	hst_error err = {0};

	(void)state;
	assert_int_equal(secret_new("[1]", 3, &secret, &err), HST_OK);
	secret_set_form(secret, SECRET_JSON);
	assert_int_equal(envelope_seal(&house.header, secret, house.recipients, 1, &house.pairs[MEMBER_ADA], &bytes, &length, &err), HST_OK);
	assert_int_equal(seal_house_open(&house, MEMBER_ADA, bytes, length, &opened, &err), HST_OK);
	assert_int_equal(secret_form(opened), SECRET_JSON);
	assert_memory_equal(secret_bytes(opened, &length), "[1]", 4);
	secret_free(opened);
	secret_free(secret);
	free(bytes);
}

static void sizes_around_buckets(void **state)
{
	static const size_t sizes[] = {1, 125, 126, 127, 128, 254, 255, 4093, 4094, 4095, 8190, 8191, SECRET_BYTES_MAX};
	static uint8_t secret[SECRET_BYTES_MAX];
	hst_error err = {0};

	(void)state;
	memset(secret, 0x80, sizeof secret); /* the byte that padding begins with */
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t length = 0, n = 0;
		uint8_t *bytes = seal_house_seal_bytes(&house, secret, sizes[i], &length);
		hst_secret *opened = NULL;

		assert_int_equal(seal_house_open(&house, MEMBER_TS, bytes, length, &opened, &err), HST_OK);
		assert_memory_equal(secret_bytes(opened, &n), secret, sizes[i]);
		assert_int_equal(n, sizes[i]);
		secret_free(opened);
		free(bytes);
	}
}

static void a_changed_bit_is_refused_wherever_it_is(void **state)
{
	size_t length = 0, forms = 0, signatures = 0, others = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length);

	(void)state;
	for (size_t bit = 0; bit < 8 * length; bit++) {
		hst_secret *secret = NULL;
		hst_error err = {0};

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(seal_house_open(&house, MEMBER_INBOX, bytes, length, &secret, &err), HST_OK);
		assert_null(secret);
		forms += strcmp(err.reason, "EnvelopeForm") == 0;
		signatures += strcmp(err.reason, "EnvelopeSignature") == 0;
		others += strcmp(err.reason, "EnvelopeSigner") == 0;
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(forms + signatures + others, 8 * length);
	assert_true(forms && signatures && others);
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	free(bytes);
}

static void an_outsider_is_refused(void **state)
{
	(void)state;
	house.header.signer = "operator/eve";
	refused("EnvelopeSigner");
}

static void a_revoked_gateway_is_refused(void **state)
{
	(void)state;
	house.header = (struct envelope_header){.kind = ENVELOPE_VALUE, .name = "find.password", .sinks = house.header.sinks, .sink_count = 2,
	                                        .epoch = 5, .signer = "gateway/ts-00"};
	refused("EnvelopeRevoked");
}

static void who_signs_as_somebody_else_is_refused(void **state)
{
	hst_secret *secret = NULL;
	uint8_t *bytes = NULL;
	size_t length = 0;
	hst_error err = {0};

	(void)state;
	assert_int_equal(secret_new("hunter2", 7, &secret, &err), HST_OK);
	assert_int_equal(envelope_seal(&house.header, secret, house.recipients, MEMBER_COUNT, &house.pairs[MEMBER_TS], &bytes, &length, &err),
	                 HST_OK);
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeSignature");
	secret_free(secret);
	free(bytes);
}

static void a_kind_is_sealed_by_those_who_may(void **state)
{
	static const struct {
		enum envelope_kind kind;
		const char *signer;
		bool right;
	} cases[] = {
		{ENVELOPE_SECRET, "operator/ada", true},	{ENVELOPE_SECRET, "trigger/inbox", false},
		{ENVELOPE_SECRET, "gateway/ts-01", false},	{ENVELOPE_SECRET, "connector/orders", false},
		{ENVELOPE_INPUT, "operator/ada", true},		{ENVELOPE_INPUT, "connector/orders", false},
		{ENVELOPE_VALUE, "connector/orders", true},	{ENVELOPE_VALUE, "trigger/inbox", true},
		{ENVELOPE_VALUE, "gateway/ts-01", true},	{ENVELOPE_VALUE, "operator/ada", false},
		{ENVELOPE_STATE, "trigger/inbox", true},	{ENVELOPE_STATE, "connector/orders", false}, /* of another one */
		{ENVELOPE_STATE, "operator/ada", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t length = 0;
		uint8_t *bytes;

		house.header.kind = cases[i].kind;
		house.header.signer = cases[i].signer;
		house.header.serial = cases[i].kind == ENVELOPE_SECRET || cases[i].kind == ENVELOPE_STATE;
		bytes = seal_house_seal(&house, "hunter2", &length);
		if (cases[i].right)
			seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
		else
			seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeSigner");
		free(bytes);
	}
}

static void an_operator_seals_what_its_rights_allow(void **state)
{
	size_t length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length);

	(void)state;
	house.rights = RIGHT_CONTROL;
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	house.rights = RIGHT_LOOK | RIGHT_PRESS;
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeSigner");
	free(bytes);
	house.header.kind = ENVELOPE_INPUT;
	house.header.serial = 0;
	bytes = seal_house_seal(&house, "hunter2", &length);
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	house.rights = RIGHT_LOOK | RIGHT_CONTROL;
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeSigner");
	free(bytes);
}

static void an_old_epoch_is_refused(void **state)
{
	(void)state;
	house.header.epoch = 2;
	refused("EnvelopeEpoch");
	house.header.epoch = 8;
	refused("EnvelopeEpoch");
}

static void another_house_is_refused(void **state)
{
	(void)state;
	house.header.cluster[15] ^= 1;
	refused("EnvelopeCluster");
}

static void another_run_is_refused(void **state)
{
	size_t length = 0;
	uint8_t *bytes;

	(void)state;
	house.header.kind = ENVELOPE_INPUT;
	house.header.serial = 0;
	house.check.run = "r-2";
	bytes = seal_house_seal(&house, "hunter2", &length);
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2"); /* bound to none */
	free(bytes);
	house.header.run = "r-1";
	refused("EnvelopeRun");
	house.check.run = NULL;
	refused("EnvelopeRun");
	house.check.run = "r-1";
	bytes = seal_house_seal(&house, "hunter2", &length);
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	free(bytes);
}

static void another_sink_is_refused(void **state)
{
	(void)state;
	house.check.sink = "trigger/inbox.passwor";
	refused("EnvelopeSink");
	house.check.sink = "trigger/inbox.password2";
	refused("EnvelopeSink");
}

static void an_expired_one_is_refused(void **state)
{
	size_t length = 0;
	uint8_t *bytes;

	(void)state;
	house.check.now_us = 2000;
	bytes = seal_house_seal(&house, "hunter2", &length);
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	house.check.now_us = 2001;
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeExpired");
	free(bytes);
	house.header.not_after_us = 0;
	bytes = seal_house_seal(&house, "hunter2", &length);
	seal_house_opens_as(&house, MEMBER_INBOX, bytes, length, "hunter2");
	free(bytes);
}

static void who_is_no_recipient_opens_nothing(void **state)
{
	struct seal_pairs stranger;
	struct envelope envelope;
	hst_secret *secret = NULL;
	hst_error err = {0};
	size_t length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length);

	(void)state;
	seal_pairs_random(&stranger);
	assert_int_equal(envelope_read(bytes, length, &envelope, &err), HST_OK);
	assert_int_equal(envelope_open(&envelope, &house.check, &stranger, &secret, &err), HST_DENIED);
	assert_string_equal(err.reason, "EnvelopeNotForUs");
	free(bytes);
}

/* Signs anew what was changed, as a sealer who means harm would. */
static void sign(uint8_t *bytes, size_t length)
{
	crypto_sign_detached(bytes + length - SEAL_SIGNATURE_BYTES, NULL, bytes, length - SEAL_SIGNATURE_BYTES,
	                     house.pairs[MEMBER_ADA].sign_secret);
}

/*
 * Two recipients could be shown two secrets in one envelope, if the body told nothing of its key. Here is one whose data key
 * for the inbox is another one than it has committed itself to.
 */
static void a_sealer_cannot_show_one_thing_to_one_and_another_to_another(void **state)
{
	size_t length = 0;
	uint8_t *bytes = seal_house_seal(&house, "hunter2", &length), other_key[DATA_KEY_BYTES] = {1};
	struct envelope envelope;
	hst_error err = {0};

	(void)state;
	assert_int_equal(envelope_read(bytes, length, &envelope, &err), HST_OK);
	crypto_box_seal(bytes + (envelope_find(&envelope, house.pairs[MEMBER_INBOX].open_public)->box - bytes), other_key, sizeof other_key,
	                house.pairs[MEMBER_INBOX].open_public);
	sign(bytes, length);
	seal_house_refuses(&house, MEMBER_INBOX, bytes, length, "EnvelopeBroken");
	free(bytes);
	/* The header is authenticated with the body, by each recipient, whoever signs it. */
	bytes = seal_house_seal(&house, "hunter2", &length);
	assert_int_equal(envelope_read(bytes, length, &envelope, &err), HST_OK);
	bytes[envelope.header.name - (const char *)bytes] = 'L';
	sign(bytes, length);
	seal_house_refuses(&house, MEMBER_TS, bytes, length, "EnvelopeBroken");
	free(bytes);
}

static void checks_come_in_order(void **state)
{
	(void)state;
	/* All is wrong, and put right one after the other. */
	house.header.kind = ENVELOPE_INPUT;
	house.header.serial = 0;
	house.header.run = "r-1";
	house.header.epoch = 2;
	house.header.cluster[0] ^= 1;
	house.header.signer = "operator/eve";
	house.check.sink = "other";
	house.check.now_us = 5000;
	refused("EnvelopeSigner");
	house.header.signer = "operator/ada";
	refused("EnvelopeEpoch");
	house.header.epoch = 3;
	refused("EnvelopeCluster");
	house.header.cluster[0] ^= 1;
	refused("EnvelopeRun");
	house.check.run = "r-1";
	refused("EnvelopeSink");
	house.check.sink = house.header.sinks[1];
	refused("EnvelopeExpired");
}

static void files_are_opened_as_files(void **state)
{
	enum { LARGE = 1 << 20 };
	uint8_t *file = malloc(LARGE), *bytes = NULL, *again = NULL;
	hst_secret *secret = NULL;
	struct envelope envelope;
	hst_error err = {0};
	size_t length = 0, n = 0;

	(void)state;
	assert_non_null(file);
	randombytes_buf(file, LARGE);
	house.header.kind = ENVELOPE_FILE;
	house.header.serial = 0;
	house.header.run = house.check.run = "r-1";
	house.header.signer = "gateway/ts-01";
	assert_int_equal(envelope_seal_file(&house.header, file, LARGE, house.recipients, 1, &house.pairs[MEMBER_TS], &bytes, &length, &err),
	                 HST_OK);
	assert_int_equal(envelope_read(bytes, length, &envelope, &err), HST_OK);
	assert_int_equal(envelope_open_file(&envelope, &house.check, &house.pairs[MEMBER_ADA], &again, &n, &err), HST_OK);
	assert_int_equal(n, LARGE);
	assert_memory_equal(again, file, LARGE);
	assert_int_equal(envelope_open(&envelope, &house.check, &house.pairs[MEMBER_ADA], &secret, &err), HST_INVALID);
	free(again);
	again = NULL;
	assert_int_equal(envelope_open_file(&envelope, &house.check, &house.pairs[MEMBER_INBOX], &again, &n, &err), HST_DENIED);
	assert_string_equal(err.reason, "EnvelopeNotForUs");
	assert_null(again);
	free(bytes);
	house.header.kind = ENVELOPE_VALUE;
	assert_int_equal(envelope_seal_file(&house.header, file, 5, house.recipients, 1, &house.pairs[MEMBER_TS], &bytes, &length, &err),
	                 HST_INVALID);
	free(file);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(those_it_is_for_open_it_again_and_again),
		TEST(json_is_json_again),
		TEST(sizes_around_buckets),
		TEST(a_changed_bit_is_refused_wherever_it_is),
		TEST(an_outsider_is_refused),
		TEST(a_revoked_gateway_is_refused),
		TEST(who_signs_as_somebody_else_is_refused),
		TEST(a_kind_is_sealed_by_those_who_may),
		TEST(an_operator_seals_what_its_rights_allow),
		TEST(an_old_epoch_is_refused),
		TEST(another_house_is_refused),
		TEST(another_run_is_refused),
		TEST(another_sink_is_refused),
		TEST(an_expired_one_is_refused),
		TEST(who_is_no_recipient_opens_nothing),
		TEST(a_sealer_cannot_show_one_thing_to_one_and_another_to_another),
		TEST(checks_come_in_order),
		TEST(files_are_opened_as_files),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
