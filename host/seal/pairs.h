/*
 * Pairs of keys for sealing: one to open with (X25519), one to sign with (Ed25519). Whoever has a seed has the same
 * pairs for every name for ever, so nothing but the seed need be kept.
 */
#ifndef HOST_SEAL_PAIRS_H
#define HOST_SEAL_PAIRS_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stdint.h>

enum { SEAL_KEY_BYTES = 32, SEAL_KEY_TEXT = 44, SEAL_SEED_BYTES = 32, SEAL_SIGN_SECRET_BYTES = 64, SEAL_SIGNATURE_BYTES = 64 };

struct seal_pairs {
	uint8_t open_public[SEAL_KEY_BYTES], open_secret[SEAL_KEY_BYTES];
	uint8_t sign_public[SEAL_KEY_BYTES], sign_secret[SEAL_SIGN_SECRET_BYTES];
};

/* Context hst-seal of crypto_kdf, subkey from BLAKE2b of `name` ("trigger/inbox", "gateway/ts-01", "machine/main"). */
void seal_pairs_derive(const uint8_t seed[SEAL_SEED_BYTES], const char *name, struct seal_pairs *ret);

/* The seed of these pairs alone, for who is to have no others: seal_pairs_from_seed makes them of it. */
void seal_seed_derive(const uint8_t seed[SEAL_SEED_BYTES], const char *name, uint8_t ret[SEAL_SEED_BYTES]);
void seal_pairs_random(struct seal_pairs *ret);
void seal_pairs_from_seed(const uint8_t seed[SEAL_SEED_BYTES], struct seal_pairs *ret); /* what a key file keeps */
void seal_pairs_wipe(struct seal_pairs *pairs);

/* Base64url without padding, 43 characters, in the one form there is for each key: anything else is HST_INVALID. */
void seal_key_text(const uint8_t key[SEAL_KEY_BYTES], char to[SEAL_KEY_TEXT]);
int seal_key_read(const char *text, uint8_t ret[SEAL_KEY_BYTES], hst_error *err);

#endif
