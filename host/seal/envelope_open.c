#include "seal/envelope_open.h"

#include "seal/envelope_form.h"

#include "base/auto.h"
#include "base/mem.h"
#include "schema/rights.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REFUSE(err, reason, ...) hst_fail_as(err, HST_DENIED, reason, __VA_ARGS__)

/* Whose word counts for which kind; of operators, of those with one of these rights. */
static const struct {
	const char *prefix;
	bool may[ENVELOPE_FILE + 1];
	unsigned rights[ENVELOPE_FILE + 1];
} signers[] = {
	{"operator/",
         {[ENVELOPE_SECRET] = true, [ENVELOPE_INPUT] = true},
         {[ENVELOPE_SECRET] = RIGHT_CONTROL | RIGHT_ADMIN, [ENVELOPE_INPUT] = RIGHT_PRESS | RIGHT_ADMIN}},
	{"trigger/", {[ENVELOPE_VALUE] = true, [ENVELOPE_STATE] = true}, {0}},
	{"connector/", {[ENVELOPE_VALUE] = true, [ENVELOPE_STATE] = true}, {0}},
	{"gateway/", {[ENVELOPE_VALUE] = true, [ENVELOPE_STATE] = true, [ENVELOPE_FILE] = true}, {0}},
};

/* Everything that a check may look at, and what an opening is. */
struct opening {
	const struct envelope *envelope;
	const struct envelope_header *header;
	const struct envelope_check *check;
	const struct seal_pairs *own;
	uint8_t digest[ENVELOPE_DIGEST_BYTES]; /* set by check_signature, where there is a memory */
	bool again; /* it was proved and opened before, byte by byte */
};

bool envelope_may_seal(const char *signer, unsigned rights, enum envelope_kind kind)
{
	for (size_t i = 0; i < sizeof signers / sizeof *signers; i++)
		if (strncmp(signer, signers[i].prefix, strlen(signers[i].prefix)) == 0)
			return signers[i].may[kind] && (!signers[i].rights[kind] || (rights & signers[i].rights[kind]));
	return false;
}

static int check_signature(struct opening *opening, hst_error *err)
{
	const struct envelope_header *header = opening->header;
	const struct envelope_house *house = opening->check->house;
	const uint8_t *bytes = opening->envelope->bytes;
	size_t signed_length = opening->envelope->length - SEAL_SIGNATURE_BYTES;
	uint8_t key[SEAL_KEY_BYTES] = {0};
	unsigned rights = 0;

	switch (house->signer(house->arg, header->signer, key, &rights)) {
	case ENVELOPE_SIGNER_KNOWN:
		break;
	case ENVELOPE_SIGNER_REVOKED:
		return REFUSE(err, "EnvelopeRevoked", "%s is signed by %s, whose key was revoked", header->name, header->signer);
	default:
		return REFUSE(err, "EnvelopeSigner", "%s is signed by %s, who is not in the roster", header->name, header->signer);
	}
	if (!envelope_may_seal(header->signer, rights, header->kind))
		return REFUSE(err, "EnvelopeSigner", "%s is signed by %s, who may not seal this kind", header->name, header->signer);
	/* Of its own state an instance is the only one to know what it has written. */
	if (header->kind == ENVELOPE_STATE && memcmp(key, opening->own->sign_public, sizeof key) != 0)
		return REFUSE(err, "EnvelopeSigner", "%s is signed by %s, and state is sealed by an instance for itself", header->name,
		              header->signer);
	if (opening->check->memory) {
		envelope_recent_digest(bytes, opening->envelope->length, key, opening->own->open_public, opening->digest);
		opening->again = envelope_recent_key(&opening->check->memory->recent, opening->digest) != NULL;
	}
	if (!opening->again && crypto_sign_verify_detached(bytes + signed_length, bytes, signed_length, key) != 0)
		return REFUSE(err, "EnvelopeSignature", "%s is not signed by %s, or was changed since", header->name, header->signer);
	return HST_OK;
}

static int check_epoch(const struct opening *opening, hst_error *err)
{
	const struct envelope_house *house = opening->check->house;

	if (opening->header->epoch < house->least)
		return REFUSE(err, "EnvelopeEpoch", "%s was sealed in epoch %" PRId64 " of the roster, and %" PRId64 " is the oldest allowed",
		              opening->header->name, opening->header->epoch, house->least);
	if (opening->header->epoch > house->epoch)
		return REFUSE(err, "EnvelopeEpoch", "%s was sealed in epoch %" PRId64 " of the roster, and the roster here is of epoch %" PRId64,
		              opening->header->name, opening->header->epoch, house->epoch);
	return HST_OK;
}

static int check_cluster(const struct opening *opening, hst_error *err)
{
	if (memcmp(opening->header->cluster, opening->check->house->cluster, ENVELOPE_CLUSTER_BYTES) != 0)
		return REFUSE(err, "EnvelopeCluster", "%s was sealed in another house", opening->header->name);
	return HST_OK;
}

static int check_run(const struct opening *opening, hst_error *err)
{
	const char *run = opening->check->run;

	if (opening->header->run[0] && (!run || strcmp(opening->header->run, run) != 0))
		return REFUSE(err, "EnvelopeRun", "%s belongs to the run %s, not to %s", opening->header->name, opening->header->run,
		              run ? run : "none");
	return HST_OK;
}

static int check_sink(const struct opening *opening, hst_error *err)
{
	for (size_t i = 0; i < opening->header->sink_count; i++)
		if (strcmp(opening->header->sinks[i], opening->check->sink) == 0)
			return HST_OK;
	return REFUSE(err, "EnvelopeSink", "%s was not sealed to be used as %s", opening->header->name, opening->check->sink);
}

static int check_not_after(const struct opening *opening, hst_error *err)
{
	if (opening->header->not_after_us && opening->check->now_us > opening->header->not_after_us)
		return REFUSE(err, "EnvelopeExpired", "%s is past the time it was sealed for", opening->header->name);
	return HST_OK;
}

static int check_serial(const struct opening *opening, hst_error *err)
{
	if (opening->header->serial && opening->check->memory &&
	    !envelope_memory_serial_fits(opening->check->memory, opening->header))
		return REFUSE(err, "EnvelopeSerial", "%s has serial %" PRId64 ", and a newer one has been opened", opening->header->name,
		              opening->header->serial);
	return HST_OK;
}

static int check_replay(const struct opening *opening, hst_error *err)
{
	if (opening->check->use && opening->check->memory &&
	    envelope_memory_used(opening->check->memory, opening->header, opening->check->use))
		return REFUSE(err, "EnvelopeReplayed", "%s has been opened for %s before", opening->header->name, opening->check->use);
	return HST_OK;
}

static int check_all(struct opening *opening, hst_error *err)
{
	static int (*const checks[])(const struct opening *, hst_error *) = {
		check_epoch, check_cluster, check_run, check_sink, check_not_after, check_serial, check_replay,
	};
	int code = check_signature(opening, err);

	for (size_t i = 0; i < sizeof checks / sizeof *checks && code == HST_OK; i++)
		code = checks[i](opening, err);
	return code;
}

int envelope_believed(const struct envelope *envelope, const struct envelope_house *house, hst_error *err)
{
	const struct envelope_check check = {.house = house};
	struct opening opening = {.envelope = envelope, .header = &envelope->header, .check = &check};
	int code = check_signature(&opening, err);

	if (code == HST_OK)
		code = check_epoch(&opening, err);
	return code == HST_OK ? check_cluster(&opening, err) : code;
}

static int broken(const struct opening *opening, hst_error *err)
{
	return REFUSE(err, "EnvelopeBroken", "%s was signed, but what is sealed in it is not what it says", opening->header->name);
}

static int open_box(const struct opening *opening, uint8_t key[DATA_KEY_BYTES], hst_error *err)
{
	const struct envelope_stanza *stanza;

	if (opening->again) {
		memcpy(key, envelope_recent_key(&opening->check->memory->recent, opening->digest), DATA_KEY_BYTES);
		return HST_OK;
	}
	stanza = envelope_find(opening->envelope, opening->own->open_public);
	if (!stanza)
		return REFUSE(err, "EnvelopeNotForUs", "%s was sealed to others", opening->header->name);
	return crypto_box_seal_open(key, stanza->box, BOX_BYTES, opening->own->open_public, opening->own->open_secret) == 0 ? HST_OK
	                                                                                                                    : broken(opening, err);
}

/* Into `to`, which has room for the padded bytes. `keys` are in locked memory. */
static int decrypt(const struct opening *opening, struct envelope_keys *keys, uint8_t *to, hst_error *err)
{
	const struct envelope *envelope = opening->envelope;
	const uint8_t *body = envelope->bytes + envelope->body_at;
	int code = open_box(opening, keys->data, err);

	if (code != HST_OK)
		return code;
	envelope_keys_derive(keys, opening->header->id);
	if (sodium_memcmp(keys->commitment, envelope->commitment, COMMITMENT_BYTES) != 0 ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(to, NULL, NULL, body + NONCE_BYTES, envelope->body_length - NONCE_BYTES, envelope->bytes,
	                                               envelope->body_at, body, keys->body) != 0)
		return broken(opening, err);
	return HST_OK;
}

/* How many bytes were sealed; SIZE_MAX where form or padding are not the one way there is. */
static size_t unpadded(const uint8_t *bytes, size_t padded, bool file)
{
	size_t at = padded;
	bool form = file ? bytes[0] == FORM_FILE : bytes[0] == SECRET_TEXT || bytes[0] == SECRET_JSON;

	while (at > 1 && !bytes[at - 1])
		at--;
	if (!form || at <= 1 || bytes[at - 1] != 0x80 || envelope_bucket(at - PADDING_LEAST) != padded)
		return SIZE_MAX;
	return at - PADDING_LEAST;
}

static size_t padded_of(const struct envelope *envelope)
{
	return envelope->body_length - NONCE_BYTES - MAC_BYTES;
}

/* Everything that both ways of opening do. */
static int open_into(const struct opening *opening, uint8_t *to, size_t *ret_length, hst_error *err)
{
	const struct envelope_check *check = opening->check;
	AUTO(secret) hst_secret *room = NULL;
	struct envelope_keys *keys;
	int code = secret_room(sizeof *keys, &room, err);

	if (code != HST_OK)
		return code;
	keys = (struct envelope_keys *)(void *)secret_fill(room);
	code = decrypt(opening, keys, to, err);
	if (code != HST_OK)
		return code;
	*ret_length = unpadded(to, padded_of(opening->envelope), opening->header->kind == ENVELOPE_FILE);
	if (*ret_length == SIZE_MAX)
		return broken(opening, err);
	if (check->memory) {
		envelope_memory_opened(check->memory, opening->header, check->use);
		envelope_recent_add(&check->memory->recent, opening->digest, keys->data);
	}
	return HST_OK;
}

int envelope_open(const struct envelope *envelope, const struct envelope_check *check, const struct seal_pairs *own, hst_secret **ret,
                  hst_error *err)
{
	struct opening opening = {.envelope = envelope, .header = &envelope->header, .check = check, .own = own};
	AUTO(secret) hst_secret *room = NULL;
	uint8_t *bytes;
	size_t length;
	int code;

	if (envelope->header.kind == ENVELOPE_FILE)
		return FORM_REFUSE(err, "%s is a file, and is not opened as a secret", envelope->header.name);
	code = check_all(&opening, err);
	if (code == HST_OK)
		code = secret_room(padded_of(envelope), &room, err);
	if (code != HST_OK)
		return code;
	bytes = secret_fill(room);
	code = open_into(&opening, bytes, &length, err);
	if (code != HST_OK)
		return code;
	secret_set_form(room, (enum secret_form)bytes[0]);
	memmove(bytes, bytes + 1, length);
	secret_cut(room, length);
	*ret = take(room);
	return HST_OK;
}

int envelope_open_file(const struct envelope *envelope, const struct envelope_check *check, const struct seal_pairs *own, uint8_t **ret,
                       size_t *ret_length, hst_error *err)
{
	struct opening opening = {.envelope = envelope, .header = &envelope->header, .check = check, .own = own};
	uint8_t *bytes;
	size_t length;
	int code;

	if (envelope->header.kind != ENVELOPE_FILE)
		return FORM_REFUSE(err, "%s is no file", envelope->header.name);
	code = check_all(&opening, err);
	if (code != HST_OK)
		return code;
	bytes = mem_alloc(padded_of(envelope));
	code = open_into(&opening, bytes, &length, err);
	if (code != HST_OK) {
		sodium_memzero(bytes, padded_of(envelope));
		free(bytes);
		return code;
	}
	memmove(bytes, bytes + 1, length);
	memset(bytes + length, 0, padded_of(envelope) - length);
	*ret = bytes;
	*ret_length = length;
	return HST_OK;
}
