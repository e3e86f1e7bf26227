/*
 * An invitation: what a machine needs to join, on one line that people carry from one screen to the other.
 *
 *	hsj1.BASE64URL	of: length and bytes of the address, length and bytes of the name (a length is one byte), the end
 *			in seconds since 1970 (8 bytes, big-endian), the host's public key, the secret half of the
 *			one-time pair; where the house has a roster, its cluster, the signing key of the operator who invites, and
 *			the seed of the one-time pair that signs the gateway's line of the roster; and the first 4 bytes of the
 *			BLAKE2b hash of all that, which finds out about a line that was not copied whole
 *
 * The command line adds what is about the roster: the host never has that seed, and so can let nobody into the roster. It is worth something once and until its end; whoever reads it can use it in the place of whom it is for.
 */
#ifndef HOST_WIRE_INVITATION_H
#define HOST_WIRE_INVITATION_H

#include "seal/pinned.h"
#include "wire/keys.h"

#include <stdbool.h>

enum { INVITATION_PART_MAX = 255 };

struct invitation {
	char address[INVITATION_PART_MAX + 1]; /* "tcp://10.0.0.5:8421" */
	char name[INVITATION_PART_MAX + 1];    /* of the gateway, without "gateway/" */
	int64_t until_us;		       /* wall clock, whole seconds */
	uint8_t host[KEY_BYTES];
	struct key_pair pair;
	bool signs; /* the rest is there, too */
	struct pin pin;
	uint8_t seed[SEAL_SEED_BYTES];
};

/* Caller frees with invitation_forget. */
char *invitation_write(const struct invitation *invitation);
void invitation_forget(char *line);

/* HST_INVALID says what is wrong with the line, and repeats nothing of it. Blanks round it do not matter. */
int invitation_read(const char *line, struct invitation *ret, hst_error *err);
void invitation_clear(struct invitation *invitation); /* wipes */

#endif
