/* A roster of a known cluster, whose keys all follow from names, for tests of whatever has to do with one. */
#ifndef TESTS_UNIT_ROSTER_HOUSE_H
#define TESTS_UNIT_ROSTER_HOUSE_H

#include "seal/roster.h"

/* The pairs of whoever has this name. The wire key is the one to open with of "NAME on the wire". */
void roster_pairs(const char *name, struct seal_pairs *ret);

/* Epoch 1, signed by operator/ada: bob may look, eve has no keys to seal with, mallory was revoked; machine/main with trigger/inbox and
 * connector/post, gateway/ts-01 let in, ts-02 joined, ts-03 invited. */
struct roster *roster_house(void);

struct roster_member roster_house_operator(const char *name, unsigned rights);
int roster_house_sign(struct roster *roster, const char *signer, hst_error *err);

char *roster_fixture(const char *name); /* path; the caller frees it */

#endif
