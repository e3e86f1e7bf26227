#include "seal_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[MEMBER_COUNT] = {
	[MEMBER_ADA] = "operator/ada",	       [MEMBER_EVE] = "operator/eve",  [MEMBER_INBOX] = "trigger/inbox",
	[MEMBER_ORDERS] = "connector/orders", [MEMBER_TS] = "gateway/ts-01", [MEMBER_OLD] = "gateway/ts-00",
};

static const char *const sinks[] = {"trigger/inbox.password", "connector/orders.login.password"};

static uint64_t known_seed, known_count;

static const char *known_name(void)
{
	return "known";
}

static void known_bytes(void *to, size_t n)
{
	uint8_t seed[randombytes_SEEDBYTES] = {0};

	known_count++;
	memcpy(seed, &known_seed, sizeof known_seed);
	memcpy(seed + sizeof known_seed, &known_count, sizeof known_count);
	randombytes_buf_deterministic(to, n, seed);
}

static uint32_t known_number(void)
{
	uint32_t number;

	known_bytes(&number, sizeof number);
	return number;
}

static struct randombytes_implementation known = {
	.implementation_name = known_name,
	.random = known_number,
	.buf = known_bytes,
};

void seal_house_known(uint64_t seed)
{
	known_seed = seed;
	known_count = 0;
	randombytes_set_implementation(seed ? &known : &randombytes_sysrandom_implementation);
}

/* Eve is no member, and the old gateway's key is revoked. */
static enum envelope_signer signer(const void *arg, const char *name, uint8_t ret_sign[SEAL_KEY_BYTES], unsigned *ret_rights)
{
	const struct seal_house *house = arg;

	for (size_t i = 0; i < MEMBER_COUNT; i++)
		if (strcmp(names[i], name) == 0 && i != MEMBER_EVE) {
			memcpy(ret_sign, house->pairs[i].sign_public, SEAL_KEY_BYTES);
			*ret_rights = i == MEMBER_ADA ? house->rights : 0;
			return i == MEMBER_OLD ? ENVELOPE_SIGNER_REVOKED : ENVELOPE_SIGNER_KNOWN;
		}
	return ENVELOPE_SIGNER_UNKNOWN;
}

void seal_house_init(struct seal_house *house)
{
	*house = (struct seal_house){.rights = RIGHT_ADMIN};
	envelope_memory_init(&house->memory);
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		uint8_t seed[SEAL_SEED_BYTES] = {(uint8_t)(i + 1)};

		seal_pairs_derive(seed, names[i], &house->pairs[i]);
		house->recipients[i].name = names[i];
		memcpy(house->recipients[i].key, house->pairs[i].open_public, SEAL_KEY_BYTES);
	}
	house->house = (struct envelope_house){.epoch = 7, .least = 3, .signer = signer, .arg = house};
	memset(house->house.cluster, 0xc1, sizeof house->house.cluster);
	house->check = (struct envelope_check){.house = &house->house, .sink = sinks[0], .now_us = 1500, .memory = &house->memory};
	house->header = (struct envelope_header){.kind = ENVELOPE_SECRET,
	                                         .name = "ledger",
	                                         .run = "",
	                                         .sinks = sinks,
	                                         .sink_count = 2,
	                                         .epoch = 5,
	                                         .created_us = 1000,
	                                         .not_after_us = 2000,
	                                         .serial = 4,
	                                         .signer = names[MEMBER_ADA]};
	memset(house->header.cluster, 0xc1, sizeof house->header.cluster);
}

void seal_house_clear(struct seal_house *house)
{
	envelope_memory_clear(&house->memory);
}

uint8_t *seal_house_seal_bytes(struct seal_house *house, const void *bytes, size_t n, size_t *ret_length)
{
	const struct seal_pairs *by = &house->pairs[MEMBER_ADA];
	hst_secret *secret = NULL;
	uint8_t *sealed = NULL;
	hst_error err = {0};

	for (size_t i = 0; i < MEMBER_COUNT; i++)
		if (strcmp(names[i], house->header.signer) == 0)
			by = &house->pairs[i];
	assert_int_equal(secret_new(bytes, n, &secret, &err), HST_OK);
	if (envelope_seal(&house->header, secret, house->recipients, MEMBER_COUNT, by, &sealed, ret_length, &err) != HST_OK)
		fail_msg("%s", err.text);
	secret_free(secret);
	return sealed;
}

uint8_t *seal_house_seal(struct seal_house *house, const char *text, size_t *ret_length)
{
	return seal_house_seal_bytes(house, text, strlen(text), ret_length);
}

int seal_house_open(struct seal_house *house, enum seal_member as, const uint8_t *bytes, size_t length, hst_secret **ret_secret,
                    hst_error *err)
{
	struct envelope envelope;
	int code = envelope_read(bytes, length, &envelope, err);

	return code == HST_OK ? envelope_open(&envelope, &house->check, &house->pairs[as], ret_secret, err) : code;
}

void seal_house_opens_as(struct seal_house *house, enum seal_member as, const uint8_t *bytes, size_t length,
                         const char *text)
{
	hst_secret *secret = NULL;
	hst_error err = {0};
	size_t n = 0;

	if (seal_house_open(house, as, bytes, length, &secret, &err) != HST_OK)
		fail_msg("%s: %s", err.reason, err.text);
	assert_string_equal(secret_bytes(secret, &n), text);
	assert_int_equal(n, strlen(text));
	secret_free(secret);
}

/* docs/security.md says what each reason means. */
static void is_documented(const char *reason)
{
	const char *top = getenv("SRCDIR");
	AUTO_FREE char *path = mem_printf("%s/docs/security.md", top ? top : "."), *row = mem_printf("\n| `%s` |", reason), *page = NULL;
	size_t length = 0;
	hst_error err = {0};

	if (files_read(path, 1 << 20, &page, &length, &err) != HST_OK)
		fail_msg("%s", err.text);
	if (!strstr(page, row))
		fail_msg("docs/security.md does not say what %s is", reason);
}

void seal_house_refuses(struct seal_house *house, enum seal_member as, const uint8_t *bytes, size_t length,
                         const char *reason)
{
	hst_secret *secret = NULL;
	hst_error err = {0};

	assert_int_equal(seal_house_open(house, as, bytes, length, &secret, &err), HST_DENIED);
	assert_string_equal(err.reason, reason);
	assert_true(err.text[0]);
	assert_null(secret);
	is_documented(reason);
}
