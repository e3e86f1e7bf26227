/* Rosters for tests: who is in them, with pairs that are known. */
#ifndef TESTS_COMPONENT_MAKING_ROSTER_H
#define TESTS_COMPONENT_MAKING_ROSTER_H

#include "seal/roster.h"
#include "wire/keys.h"

/* The test fails unless it went well. */
void must(int code, const hst_error *err);

/* With the pairs' public halves. Only operators have rights, and keys to open with and for the wire. */
void roster_add(struct roster *roster, enum roster_kind kind, const char *name, const struct seal_pairs *pairs, unsigned rights);

/* The machine of this seed, as which all that follow are certified. */
void roster_add_machine(struct roster *roster, const uint8_t seed[SEED_BYTES]);

/* An instance or a gateway of that machine; its pairs come from the seed, too. */
void roster_add_member(struct roster *roster, const uint8_t seed[SEED_BYTES], const char *name, struct seal_pairs *ret);

#endif
