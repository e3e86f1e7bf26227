/*
 * Envelopes: a secret, sealed to those who may open it, with what it is for, signed by whoever sealed it. There is one way
 * to write each (docs/security.md has it byte by byte), and anything else is refused.
 */
#ifndef HOST_SEAL_ENVELOPE_H
#define HOST_SEAL_ENVELOPE_H

#include "seal/pairs.h"
#include "seal/secret.h"

#include <hostler/error.h>

#include <stddef.h>
#include <stdint.h>

enum {
	ENVELOPE_ID_BYTES = 16,
	ENVELOPE_CLUSTER_BYTES = 16,
	ENVELOPE_TAG_BYTES = 8,
	ENVELOPE_TEXT_MAX = 255, /* bytes of a name, a sink, a run, a signer */
	ENVELOPE_SINKS_MAX = 64,
	ENVELOPE_RECIPIENTS_MAX = 256,
	ENVELOPE_BYTES_MAX = 192 << 10, /* of all kinds but a file */
	ENVELOPE_FILE_MAX = 16 << 20,	/* bytes sealed of a file */
};

enum envelope_kind {
	ENVELOPE_SECRET = 1, /* named, from `hostler seal`: has a serial, belongs to no run */
	ENVELOPE_VALUE,	     /* made by a step or an event */
	ENVELOPE_INPUT,	     /* typed for a press */
	ENVELOPE_STATE,	     /* of an instance for itself: has a serial, belongs to no run */
	ENVELOPE_FILE,	     /* a screenshot */
};

/* Texts have no blanks and no control characters. */
struct envelope_header {
	uint8_t cluster[ENVELOPE_CLUSTER_BYTES];
	enum envelope_kind kind;
	const char *name; /* of a secret "ledger"; of a value STEP.OUTPUT; of an input TRIGGER.INPUT */
	const char *run;  /* id of the first run of its chain; "": bound to none */
	const char *const *sinks; /* sorted where it was read; in any order where it is to be sealed */
	size_t sink_count;
	int64_t epoch;	      /* of the roster it was sealed by */
	int64_t created_us;
	int64_t not_after_us; /* 0: none */
	int64_t serial;	      /* from 1; 0 for kinds without */
	const char *signer;   /* "operator/ada", "connector/orders", "gateway/ts-01" */
	uint8_t id[ENVELOPE_ID_BYTES]; /* sealing fills it at random */
};

struct envelope_recipient {
	const char *name;
	uint8_t key[SEAL_KEY_BYTES]; /* to open with */
};

/*
 * Seals to recipients in any order; who is named twice with one key is sealed to once. Fills header->id. Caller frees *ret.
 * HST_INVALID: what envelope_read would refuse. HST_DENIED: no memory can be locked.
 */
int envelope_seal(struct envelope_header *header, const hst_secret *secret, const struct envelope_recipient *to, size_t n,
                  const struct seal_pairs *signer, uint8_t **ret, size_t *ret_length, hst_error *err);

/* The same for ENVELOPE_FILE, whose bytes are in no locked memory. */
int envelope_seal_file(struct envelope_header *header, const void *bytes, size_t length, const struct envelope_recipient *to, size_t n,
                       const struct seal_pairs *signer, uint8_t **ret, size_t *ret_length, hst_error *err);

struct envelope_stanza {
	const char *name;   /* as the sealer called them */
	const uint8_t *tag; /* envelope_tag of key and id: who has the key finds it by that */
	const uint8_t *box; /* the data key, sealed to them */
};

/* As it was read. It points into the bytes and into itself: it is not copied, and the bytes stay. */
struct envelope {
	struct envelope_header header;
	size_t recipient_count;
	struct envelope_stanza recipients[ENVELOPE_RECIPIENTS_MAX]; /* sorted by name */
	const char *sinks[ENVELOPE_SINKS_MAX];
	const uint8_t *commitment;
	const uint8_t *bytes;
	size_t body_at, body_length, length;
};

/* The form alone: EnvelopeForm with what is wrong. Nothing in it is proved yet. */
int envelope_read(const void *bytes, size_t length, struct envelope *ret, hst_error *err);

/* How the recipient with this key is found in an envelope of this id. */
void envelope_tag(const uint8_t key[SEAL_KEY_BYTES], const uint8_t id[ENVELOPE_ID_BYTES], uint8_t ret[ENVELOPE_TAG_BYTES]);

/* Whether whoever has this key could open it. */
const struct envelope_stanza *envelope_find(const struct envelope *envelope, const uint8_t key[SEAL_KEY_BYTES]);

#endif
