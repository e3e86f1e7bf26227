#include "seal/envelope_recent.h"

#include <sodium.h>
#include <string.h>

_Static_assert(ENVELOPE_DIGEST_BYTES == crypto_generichash_BYTES, "size of a digest");

void envelope_recent_digest(const void *bytes, size_t length, const uint8_t signer[SEAL_KEY_BYTES], const uint8_t opener[SEAL_KEY_BYTES],
                            uint8_t ret[ENVELOPE_DIGEST_BYTES])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, ENVELOPE_DIGEST_BYTES);
	crypto_generichash_update(&state, signer, SEAL_KEY_BYTES);
	crypto_generichash_update(&state, opener, SEAL_KEY_BYTES);
	crypto_generichash_update(&state, bytes, length);
	crypto_generichash_final(&state, ret, ENVELOPE_DIGEST_BYTES);
}

const uint8_t *envelope_recent_key(const struct envelope_recent *recent, const uint8_t digest[ENVELOPE_DIGEST_BYTES])
{
	for (size_t i = 0; i < recent->count; i++)
		if (memcmp(recent->digests[i], digest, ENVELOPE_DIGEST_BYTES) == 0)
			return secret_fill(recent->keys) + i * ENVELOPE_KEY_BYTES;
	return NULL;
}

void envelope_recent_add(struct envelope_recent *recent, const uint8_t digest[ENVELOPE_DIGEST_BYTES], const uint8_t key[ENVELOPE_KEY_BYTES])
{
	if (envelope_recent_key(recent, digest))
		return;
	if (!recent->keys && secret_room((size_t)ENVELOPE_RECENT_MAX * ENVELOPE_KEY_BYTES, &recent->keys, NULL) != HST_OK)
		return;
	memcpy(recent->digests[recent->next], digest, ENVELOPE_DIGEST_BYTES);
	memcpy(secret_fill(recent->keys) + recent->next * ENVELOPE_KEY_BYTES, key, ENVELOPE_KEY_BYTES);
	recent->next = (recent->next + 1) % ENVELOPE_RECENT_MAX;
	if (recent->count < ENVELOPE_RECENT_MAX)
		recent->count++;
}

void envelope_recent_clear(struct envelope_recent *recent)
{
	secret_free(recent->keys);
	*recent = (struct envelope_recent){0};
}
