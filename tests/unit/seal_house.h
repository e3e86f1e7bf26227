/*
 * A house for tests of sealing: a few members with pairs from known seeds, who is known and who is revoked, and an envelope
 * with all that can be in one. seal_house_known makes all that is drawn at random the same each time.
 */
#ifndef TESTS_UNIT_SEAL_HOUSE_H
#define TESTS_UNIT_SEAL_HOUSE_H

#include "schema/rights.h"
#include "seal/envelope_open.h"

enum seal_member { MEMBER_ADA, MEMBER_EVE, MEMBER_INBOX, MEMBER_ORDERS, MEMBER_TS, MEMBER_OLD, MEMBER_COUNT };

struct seal_house {
	struct seal_pairs pairs[MEMBER_COUNT];
	struct envelope_recipient recipients[MEMBER_COUNT];
	struct envelope_house house;
	struct envelope_check check; /* a right one for the header */
	struct envelope_header header; /* a secret of Ada's, with everything but a run */
	struct envelope_memory memory;
	unsigned rights; /* of Ada */
};

void seal_house_init(struct seal_house *house);
void seal_house_clear(struct seal_house *house);

/* From here on all random bytes follow from this number; 0: they are random again. */
void seal_house_known(uint64_t seed);

/* Seals a text to all members by the signer of the header. */
uint8_t *seal_house_seal(struct seal_house *house, const char *text, size_t *ret_length);
uint8_t *seal_house_seal_bytes(struct seal_house *house, const void *bytes, size_t n, size_t *ret_length);

/* Reads and opens as that member. HST_OK: *ret_secret is to be freed. */
int seal_house_open(struct seal_house *house, enum seal_member as, const uint8_t *bytes, size_t length, hst_secret **ret_secret,
                    hst_error *err);

/* It is opened, and this is in it; or it is refused for this reason. */
void seal_house_opens_as(struct seal_house *house, enum seal_member as, const uint8_t *bytes, size_t length, const char *text);
void seal_house_refuses(struct seal_house *house, enum seal_member as, const uint8_t *bytes, size_t length, const char *reason);

#endif
