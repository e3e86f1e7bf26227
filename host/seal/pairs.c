#include "seal/pairs.h"

#include <sodium.h>
#include <string.h>

/* crypto_kdf wants eight bytes of context. */
static const char context[crypto_kdf_CONTEXTBYTES + 1] = "hst-seal";

_Static_assert(SEAL_KEY_BYTES == crypto_box_PUBLICKEYBYTES && SEAL_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "sizes of libsodium");
_Static_assert(SEAL_SIGN_SECRET_BYTES == crypto_sign_SECRETKEYBYTES && SEAL_SIGNATURE_BYTES == crypto_sign_BYTES, "sizes of libsodium");
_Static_assert(SEAL_SEED_BYTES == crypto_kdf_KEYBYTES && SEAL_SEED_BYTES == crypto_sign_SEEDBYTES, "sizes of libsodium");

/* Two seeds of one, so that no key is used for two things. */
void seal_pairs_from_seed(const uint8_t seed[SEAL_SEED_BYTES], struct seal_pairs *ret)
{
	uint8_t opening[crypto_box_SEEDBYTES], signing[crypto_sign_SEEDBYTES];

	crypto_kdf_derive_from_key(opening, sizeof opening, 1, context, seed);
	crypto_kdf_derive_from_key(signing, sizeof signing, 2, context, seed);
	crypto_box_seed_keypair(ret->open_public, ret->open_secret, opening);
	crypto_sign_seed_keypair(ret->sign_public, ret->sign_secret, signing);
	sodium_memzero(opening, sizeof opening);
	sodium_memzero(signing, sizeof signing);
}

void seal_seed_derive(const uint8_t seed[SEAL_SEED_BYTES], const char *name, uint8_t ret[SEAL_SEED_BYTES])
{
	uint8_t hash[8];
	uint64_t number = 0;

	crypto_generichash(hash, sizeof hash, (const uint8_t *)name, strlen(name), NULL, 0);
	for (size_t i = 0; i < sizeof hash; i++)
		number = number << 8 | hash[i];
	crypto_kdf_derive_from_key(ret, SEAL_SEED_BYTES, number, context, seed);
}

void seal_pairs_derive(const uint8_t seed[SEAL_SEED_BYTES], const char *name, struct seal_pairs *ret)
{
	uint8_t own[SEAL_SEED_BYTES];

	seal_seed_derive(seed, name, own);
	seal_pairs_from_seed(own, ret);
	sodium_memzero(own, sizeof own);
}

void seal_pairs_random(struct seal_pairs *ret)
{
	uint8_t seed[SEAL_SEED_BYTES];

	randombytes_buf(seed, sizeof seed);
	seal_pairs_from_seed(seed, ret);
	sodium_memzero(seed, sizeof seed);
}

void seal_pairs_wipe(struct seal_pairs *pairs)
{
	sodium_memzero(pairs, sizeof *pairs);
}

void seal_key_text(const uint8_t key[SEAL_KEY_BYTES], char to[SEAL_KEY_TEXT])
{
	sodium_bin2base64(to, SEAL_KEY_TEXT, key, SEAL_KEY_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* Written anew and compared, because base64 leaves bits of the last character unused. */
int seal_key_read(const char *text, uint8_t ret[SEAL_KEY_BYTES], hst_error *err)
{
	char again[SEAL_KEY_TEXT];
	size_t length = 0;

	if (strlen(text) == SEAL_KEY_TEXT - 1 &&
	    sodium_base642bin(ret, SEAL_KEY_BYTES, text, SEAL_KEY_TEXT - 1, NULL, &length, NULL,
	                      sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	    length == SEAL_KEY_BYTES) {
		seal_key_text(ret, again);
		if (strcmp(again, text) == 0)
			return HST_OK;
	}
	return hst_fail(err, HST_INVALID, "a key is 43 characters of base64url (letters, digits, - and _)");
}
