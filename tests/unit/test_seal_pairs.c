/* Pairs of keys for sealing. */
#include "seal/pairs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include <cmocka.h>

static void pairs_depend_on_seed_and_name_alone(void **state)
{
	uint8_t seed[SEAL_SEED_BYTES] = {1, 2, 3}, other[SEAL_SEED_BYTES] = {1, 2, 4};
	struct seal_pairs a, b;

	(void)state;
	seal_pairs_derive(seed, "trigger/inbox", &a);
	seal_pairs_derive(seed, "trigger/inbox", &b);
	assert_memory_equal(&a, &b, sizeof a);
	seal_pairs_derive(seed, "connector/inbox", &b);
	assert_memory_not_equal(a.open_secret, b.open_secret, SEAL_KEY_BYTES);
	assert_memory_not_equal(a.sign_secret, b.sign_secret, SEAL_SIGN_SECRET_BYTES);
	seal_pairs_derive(other, "trigger/inbox", &b);
	assert_memory_not_equal(a.open_public, b.open_public, SEAL_KEY_BYTES);
	assert_memory_not_equal(a.sign_public, b.sign_public, SEAL_KEY_BYTES);
}

/* A change of the derivation would make every envelope unreadable: the pairs of a known seed are written down here. */
static void a_known_seed_has_known_pairs(void **state)
{
	uint8_t seed[SEAL_SEED_BYTES];
	struct seal_pairs pairs;
	char open[SEAL_KEY_TEXT], sign[SEAL_KEY_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)i;
	seal_pairs_derive(seed, "gateway/ts-01", &pairs);
	seal_key_text(pairs.open_public, open);
	seal_key_text(pairs.sign_public, sign);
	assert_string_equal(open, "0B0lUvY16dRLNXeJViK8geUNE8C3YQXj89c749IopBc");
	assert_string_equal(sign, "CDHpZAuV0CW5nIHkbqE3fHh51858dT3aWTtj1miiMyA");
}

static void what_is_signed_is_verified_and_what_is_sealed_is_opened(void **state)
{
	struct seal_pairs pairs;
	uint8_t signature[SEAL_SIGNATURE_BYTES], box[crypto_box_SEALBYTES + 5], text[5];

	(void)state;
	seal_pairs_random(&pairs);
	crypto_sign_detached(signature, NULL, (const uint8_t *)"hello", 5, pairs.sign_secret);
	assert_int_equal(crypto_sign_verify_detached(signature, (const uint8_t *)"hello", 5, pairs.sign_public), 0);
	crypto_box_seal(box, (const uint8_t *)"hello", 5, pairs.open_public);
	assert_int_equal(crypto_box_seal_open(text, box, sizeof box, pairs.open_public, pairs.open_secret), 0);
	assert_memory_equal(text, "hello", 5);
	seal_pairs_wipe(&pairs);
	assert_true(sodium_is_zero((const uint8_t *)&pairs, sizeof pairs));
}

static void a_key_has_one_text(void **state)
{
	static const char *const wrong[] = {"", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	uint8_t key[SEAL_KEY_BYTES] = {0}, again[SEAL_KEY_BYTES];
	char text[SEAL_KEY_TEXT];
	hst_error err;

	(void)state;
	randombytes_buf(key, sizeof key);
	seal_key_text(key, text);
	assert_int_equal(seal_key_read(text, again, &err), HST_OK);
	assert_memory_equal(key, again, sizeof key);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(seal_key_read(wrong[i], again, &err), HST_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_depend_on_seed_and_name_alone),
		cmocka_unit_test(a_known_seed_has_known_pairs),
		cmocka_unit_test(what_is_signed_is_verified_and_what_is_sealed_is_opened),
		cmocka_unit_test(a_key_has_one_text),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
