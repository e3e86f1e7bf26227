/* What writing and reading of envelopes share: types of the header, sizes, and what is made of a data key. */
#ifndef HOST_SEAL_ENVELOPE_FORM_H
#define HOST_SEAL_ENVELOPE_FORM_H

#include "seal/envelope.h"
#include "seal/form.h"

#include <sodium.h>
#include <stdbool.h>

#define ENVELOPE_MAGIC "HSE1"

enum {
	MAGIC_BYTES = 4,
	LENGTH_BYTES = 4,
	NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	MAC_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	DATA_KEY_BYTES = 32,
	COMMITMENT_BYTES = 32,
	BOX_BYTES = DATA_KEY_BYTES + crypto_box_SEALBYTES,
	/* In front of what is sealed stands its form, behind it at least one byte of padding. */
	PADDING_LEAST = 2,
	HEADER_MAX = 120 << 10,
};

/* Types of the header, in the order they stand in. */
enum envelope_type {
	TYPE_CLUSTER = 1,
	TYPE_KIND,
	TYPE_NAME,
	TYPE_RUN,
	TYPE_SINK,
	TYPE_EPOCH,
	TYPE_CREATED,
	TYPE_NOT_AFTER,
	TYPE_SERIAL,
	TYPE_SIGNER,
	TYPE_ID,
	TYPE_COMMITMENT,
	TYPE_RECIPIENT,
	TYPE_COUNT,
};

/* What stands in front of the bytes of a file, as a secret_form does in front of a secret. */
enum { FORM_FILE = 'F' };

/* Bytes that so many are padded to, form and padding included. */
size_t envelope_bucket(size_t length);

/* `data` is the key that is sealed to each recipient; the other two follow from it and the id. */
struct envelope_keys {
	uint8_t data[DATA_KEY_BYTES], body[DATA_KEY_BYTES], commitment[COMMITMENT_BYTES];
};

void envelope_keys_derive(struct envelope_keys *keys, const uint8_t id[ENVELOPE_ID_BYTES]);

#endif
