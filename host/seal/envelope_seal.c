/* Writing an envelope. What was written is read once, so that there is one set of rules of what is right. */
#include "seal/envelope_form.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* What is sealed, and by what: in locked memory, but for the bytes of a file. */
struct sealing {
	struct envelope_header *header;
	const uint8_t *bytes;
	size_t length;
	uint8_t form;
	struct envelope_keys *keys;
};

static void add_bytes(struct text *to, enum envelope_type type, const void *bytes, size_t length)
{
	form_add_number(to, type, 1);
	form_add_number(to, length, 2);
	text_bytes(to, bytes, length);
}

/* Too long a text would not fit its length. Reading it back refuses the empty one that is written instead. */
static void add_text(struct text *to, enum envelope_type type, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	add_bytes(to, type, text, length > ENVELOPE_TEXT_MAX || !text ? 0 : length + 1);
}

static void add_whole(struct text *to, enum envelope_type type, int64_t number)
{
	form_add_number(to, type, 1);
	form_add_number(to, 8, 2);
	form_add_number(to, (uint64_t)number, 8);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_sinks(struct text *to, const struct envelope_header *header)
{
	AUTO_FREE const char **sorted = mem_array(header->sink_count, sizeof *sorted);

	for (size_t i = 0; i < header->sink_count; i++)
		sorted[i] = header->sinks[i];
	if (header->sink_count)
		qsort(sorted, header->sink_count, sizeof *sorted, by_text);
	for (size_t i = 0; i < header->sink_count; i++)
		if (!i || strcmp(sorted[i - 1], sorted[i]) != 0)
			add_text(to, TYPE_SINK, sorted[i]);
}

static int by_name(const void *a, const void *b)
{
	const struct envelope_recipient *const *one = a, *const *other = b;
	int order = strcmp((*one)->name, (*other)->name);

	return order ? order : memcmp((*one)->key, (*other)->key, SEAL_KEY_BYTES);
}

static int add_recipient(struct text *to, const struct envelope_recipient *recipient, const struct sealing *sealing, hst_error *err)
{
	size_t length = strlen(recipient->name) + 1;
	uint8_t tag[ENVELOPE_TAG_BYTES], box[BOX_BYTES];

	if (length > ENVELOPE_TEXT_MAX + 1)
		return FORM_REFUSE(err, "the name of a recipient has over %d bytes", ENVELOPE_TEXT_MAX);
	/* A key of small order would make a box that everybody can open. */
	if (crypto_box_seal(box, sealing->keys->data, DATA_KEY_BYTES, recipient->key) != 0)
		return hst_fail(err, HST_INVALID, "the key of %s is none that can be sealed to", recipient->name);
	envelope_tag(recipient->key, sealing->header->id, tag);
	form_add_number(to, TYPE_RECIPIENT, 1);
	form_add_number(to, length + sizeof tag + sizeof box, 2);
	text_bytes(to, recipient->name, length);
	text_bytes(to, tag, sizeof tag);
	text_bytes(to, box, sizeof box);
	return HST_OK;
}

static int add_recipients(struct text *to, const struct envelope_recipient *recipients, size_t n, const struct sealing *sealing,
                          hst_error *err)
{
	AUTO_FREE const struct envelope_recipient **sorted = NULL;
	int code = HST_OK;

	if (!n || n > ENVELOPE_RECIPIENTS_MAX)
		return FORM_REFUSE(err, "an envelope is for 1 to %d recipients, not %zu", ENVELOPE_RECIPIENTS_MAX, n);
	sorted = mem_array(n, sizeof *sorted);
	for (size_t i = 0; i < n; i++)
		sorted[i] = &recipients[i];
	qsort(sorted, n, sizeof *sorted, by_name);
	for (size_t i = 0; i < n && code == HST_OK; i++)
		if (!i || by_name(&sorted[i - 1], &sorted[i]) != 0)
			code = add_recipient(to, sorted[i], sealing, err);
	return code;
}

static void add_header(struct text *to, const struct sealing *sealing)
{
	const struct envelope_header *header = sealing->header;
	const uint8_t kind = (uint8_t)header->kind;

	add_bytes(to, TYPE_CLUSTER, header->cluster, sizeof header->cluster);
	add_bytes(to, TYPE_KIND, &kind, 1);
	add_text(to, TYPE_NAME, header->name);
	if (header->run && header->run[0])
		add_text(to, TYPE_RUN, header->run);
	add_sinks(to, header);
	add_whole(to, TYPE_EPOCH, header->epoch);
	add_whole(to, TYPE_CREATED, header->created_us);
	if (header->not_after_us)
		add_whole(to, TYPE_NOT_AFTER, header->not_after_us);
	if (header->serial)
		add_whole(to, TYPE_SERIAL, header->serial);
	add_text(to, TYPE_SIGNER, header->signer);
	add_bytes(to, TYPE_ID, header->id, sizeof header->id);
	add_bytes(to, TYPE_COMMITMENT, sealing->keys->commitment, COMMITMENT_BYTES);
}

/* Form, bytes, 0x80, zeros up to the bucket. */
static void pad(uint8_t *to, size_t padded, const struct sealing *sealing)
{
	to[0] = sealing->form;
	if (sealing->length)
		memcpy(to + 1, sealing->bytes, sealing->length);
	to[1 + sealing->length] = 0x80;
	memset(to + 2 + sealing->length, 0, padded - sealing->length - 2);
}

/* Appends the body behind what stands in `to`, all of which is authenticated with it. */
static int add_body(struct text *to, const struct sealing *sealing, hst_error *err)
{
	AUTO(secret) hst_secret *room = NULL;
	AUTO_FREE uint8_t *body = NULL;
	size_t padded = envelope_bucket(sealing->length), length = NONCE_BYTES + padded + MAC_BYTES;
	uint8_t *plain;

	body = mem_alloc(length);
	plain = body + NONCE_BYTES;
	if (sealing->form != FORM_FILE) {
		int code = secret_room(padded, &room, err);

		if (code != HST_OK)
			return code;
		plain = secret_fill(room);
	}
	pad(plain, padded, sealing);
	form_add_number(to, length, LENGTH_BYTES);
	randombytes_buf(body, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(body + NONCE_BYTES, NULL, plain, padded, (const uint8_t *)to->s, to->length, NULL, body,
	                                           sealing->keys->body);
	text_bytes(to, body, length);
	return HST_OK;
}

static void set_length(struct text *envelope, size_t header_at)
{
	size_t length = envelope->length - header_at;

	for (size_t i = 0; i < LENGTH_BYTES; i++)
		envelope->s[header_at - 1 - i] = (char)(length >> 8 * i);
}

static int read_back(const struct text *envelope, hst_error *err)
{
	AUTO_FREE struct envelope *again = mem_alloc(sizeof *again);

	if (envelope->over)
		return FORM_REFUSE(err, "an envelope would be too long");
	return envelope_read(envelope->s, envelope->length, again, err);
}

static int seal(struct sealing *sealing, const struct envelope_recipient *to, size_t n, const struct seal_pairs *signer, uint8_t **ret,
                size_t *ret_length, hst_error *err)
{
	AUTO(secret) hst_secret *keys = NULL;
	AUTO(text) struct text envelope;
	uint8_t signature[SEAL_SIGNATURE_BYTES];
	int code;

	text_init(&envelope, (size_t)ENVELOPE_BYTES_MAX + ENVELOPE_FILE_MAX);
	code = secret_room(sizeof *sealing->keys, &keys, err);
	if (code != HST_OK)
		return code;
	sealing->keys = (struct envelope_keys *)(void *)secret_fill(keys);
	randombytes_buf(sealing->header->id, ENVELOPE_ID_BYTES);
	randombytes_buf(sealing->keys->data, DATA_KEY_BYTES);
	envelope_keys_derive(sealing->keys, sealing->header->id);
	text_add(&envelope, ENVELOPE_MAGIC);
	form_add_number(&envelope, 0, LENGTH_BYTES);
	add_header(&envelope, sealing);
	code = add_recipients(&envelope, to, n, sealing, err);
	if (code != HST_OK)
		return code;
	set_length(&envelope, MAGIC_BYTES + LENGTH_BYTES);
	code = add_body(&envelope, sealing, err);
	if (code != HST_OK)
		return code;
	crypto_sign_detached(signature, NULL, (const uint8_t *)envelope.s, envelope.length, signer->sign_secret);
	text_bytes(&envelope, signature, sizeof signature);
	code = read_back(&envelope, err);
	if (code != HST_OK)
		return code;
	*ret_length = envelope.length;
	*ret = (uint8_t *)text_take(&envelope);
	return HST_OK;
}

int envelope_seal(struct envelope_header *header, const hst_secret *secret, const struct envelope_recipient *to, size_t n,
                  const struct seal_pairs *signer, uint8_t **ret, size_t *ret_length, hst_error *err)
{
	struct sealing sealing = {.header = header, .form = (uint8_t)secret_form(secret)};

	if (header->kind == ENVELOPE_FILE)
		return FORM_REFUSE(err, "a file is not sealed as a secret");
	sealing.bytes = secret_bytes(secret, &sealing.length);
	if (sealing.length > SECRET_BYTES_MAX)
		return FORM_REFUSE(err, "a secret has over %d bytes", SECRET_BYTES_MAX);
	return seal(&sealing, to, n, signer, ret, ret_length, err);
}

int envelope_seal_file(struct envelope_header *header, const void *bytes, size_t length, const struct envelope_recipient *to, size_t n,
                       const struct seal_pairs *signer, uint8_t **ret, size_t *ret_length, hst_error *err)
{
	struct sealing sealing = {.header = header, .bytes = bytes, .length = length, .form = FORM_FILE};

	if (header->kind != ENVELOPE_FILE)
		return FORM_REFUSE(err, "only a file is sealed as a file");
	if (length > ENVELOPE_FILE_MAX)
		return FORM_REFUSE(err, "a file to be sealed has over %d MiB", ENVELOPE_FILE_MAX >> 20);
	return seal(&sealing, to, n, signer, ret, ret_length, err);
}
