/* A worker with keys, for tests of what it does with sealed values: a roster, envelopes made for it, and what it answers. */
#ifndef TESTS_COMPONENT_SEALED_HOUSE_H
#define TESTS_COMPONENT_SEALED_HOUSE_H

#include "../fakes/fake_engine.h"
#include "making_roster.h"

#include "seal/directions.h"
#include "seal/envelope.h"

#define ODD "[connector odd]\nplugin = secretive\n"
#define CANARY "canary-7f3a91c5"
#define RUN "r-ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* An engine, a roster with an operator, a worker's instance and a neighbour, and the pairs of all of them. Besides the roster has
 * revoked the gateway "gone", and refuses what is of its first epoch. */
struct house {
	struct fake_engine engine;
	struct seal_pairs ada, own, other;
	struct roster *roster;
	char *text;
};

/* How an envelope is made; what is not said is right for odd's input "pin". */
struct making {
	const char *value, *sink, *run, *signer;
	enum envelope_kind kind;
	bool to_other, json, by_other, of_another_house;
	int64_t not_after_us, epochs_ago, serial;
	int changed; /* which byte was changed since; below 0 it is counted from the end */
};

void house_begin(struct house *house, const char *instance, const char *sections);
void house_end(struct house *house);
void start_odd(struct house *house); /* connector/odd, ready */

/* Its bytes; the caller frees them. */
uint8_t *make(struct house *house, struct making making, size_t *ret_length);

/* A sealed part with one item, NULL: none, and with directions for the outputs, NULL: none. The caller clears it. */
void item_of(struct text *to, const char *name, const uint8_t *bytes, size_t length, const struct directions *directions);

/* A call of another step each time, with the envelope as its input "pin". */
const struct fake_heard *call_with(struct house *house, const char *action, struct making making, const struct directions *directions);

/* What is sealed in an answer, opened as whoever it was sealed to. */
void sealed_is(const struct house *house, const struct fake_heard *answer, const char *output, const char *sink,
               const struct seal_pairs *who, const char *value);

void nothing_was_said(struct house *house, const struct fake_heard *answer);
void put_secret_file(struct house *house, struct making making); /* secrets.d/ledger.seal */

#endif
