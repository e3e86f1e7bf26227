#include "seal/envelope_form.h"

#include <string.h>

enum { BUCKET_LEAST = 128, BUCKET_STEP = 4096 };

_Static_assert(DATA_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "sizes of libsodium");

/* Powers of two, so that little follows from the size of what is short; steps of 4 KiB, so that what is long grows little. */
size_t envelope_bucket(size_t length)
{
	size_t least = length + PADDING_LEAST, bucket = BUCKET_LEAST;

	while (bucket < least && bucket < BUCKET_STEP)
		bucket *= 2;
	return least <= bucket ? bucket : (least + BUCKET_STEP - 1) / BUCKET_STEP * BUCKET_STEP;
}

/* BLAKE2b with the data key: one key for each use, and none of them says anything of another. */
static void derive(uint8_t *to, size_t size, const char *use, const uint8_t *key, size_t key_size, const uint8_t id[ENVELOPE_ID_BYTES])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, key, key_size, size);
	crypto_generichash_update(&state, (const uint8_t *)use, strlen(use));
	crypto_generichash_update(&state, id, ENVELOPE_ID_BYTES);
	crypto_generichash_final(&state, to, size);
	sodium_memzero(&state, sizeof state);
}

void envelope_keys_derive(struct envelope_keys *keys, const uint8_t id[ENVELOPE_ID_BYTES])
{
	derive(keys->body, sizeof keys->body, "HSE1 body", keys->data, sizeof keys->data, id);
	derive(keys->commitment, sizeof keys->commitment, "HSE1 commitment", keys->data, sizeof keys->data, id);
}

void envelope_tag(const uint8_t key[SEAL_KEY_BYTES], const uint8_t id[ENVELOPE_ID_BYTES], uint8_t ret[ENVELOPE_TAG_BYTES])
{
	derive(ret, ENVELOPE_TAG_BYTES, "HSE1 recipient", key, SEAL_KEY_BYTES, id);
}

const struct envelope_stanza *envelope_find(const struct envelope *envelope, const uint8_t key[SEAL_KEY_BYTES])
{
	uint8_t tag[ENVELOPE_TAG_BYTES];

	envelope_tag(key, envelope->header.id, tag);
	for (size_t i = 0; i < envelope->recipient_count; i++)
		if (memcmp(envelope->recipients[i].tag, tag, sizeof tag) == 0)
			return &envelope->recipients[i];
	return NULL;
}
