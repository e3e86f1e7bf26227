/*
 * Keys of the wire: Curve25519 pairs, and the list of who may connect. Written as base64url without padding
 * (43 characters). The supervisor derives every child's pair from the host's seed; a child reads its own on fd
 * 4 as lines:
 *
 *	self NAME PUBLIC SECRET          its own name ("worker/connector/orders") and pair
 *	host PUBLIC                      the engine's public key
 *	peer NAME PUBLIC RIGHTS          for the engine: who may connect; RIGHTS as schema/rights.h writes them
 *	enrol LINE                       for a gateway: the invitation it is to use (wire/invitation.h)
 *	seal NAME SEED                   for a worker or a hold: of whom it has the pairs to seal with ("connector/post"), and
 *	                                 the seed that they come from (seal/pairs.h)
 *	roster LINE                      a line of the roster that is believed, in order, byte by byte
 *	pin CLUSTER SIGN                 where an invitation says whom to believe (seal/pinned.h)
 *	joins LINE                       for a gateway that is to use an invitation: its line of the roster, byte by byte
 *
 * A peer is there once, with one key. Empty lines and lines that begin with # are for people.
 *
 * The roster file (state_dir/roster) has `peer` lines of the same form, for operators. The list of gateways of other
 * machines (wire/admitted.h) has them with a time and who did it behind, and two more:
 *
 *	peer NAME PUBLIC RIGHTS AT WHO   let in by WHO
 *	invited NAME PUBLIC UNTIL WHO    the one-time key of an invitation
 *	revoked NAME PUBLIC AT WHO       no longer let in; kept, so that a refusal can say whose key it was
 */
#ifndef HOST_WIRE_KEYS_H
#define HOST_WIRE_KEYS_H

#include "seal/pairs.h"
#include "seal/secret.h"

#include <hostler/error.h>

#include <stddef.h>
#include <stdint.h>

enum { INVITATION_LINE_MAX = 1024 };
enum { KEY_BYTES = 32, KEY_TEXT = 44, SEED_BYTES = 32, PEERS_MAX = 20000 };

struct key_pair {
	uint8_t public_key[KEY_BYTES];
	uint8_t secret_key[KEY_BYTES];
};

enum key_standing { KEY_IN, KEY_INVITED, KEY_REVOKED };

struct key_peer {
	char *name;
	uint8_t public_key[KEY_BYTES];
	unsigned rights; /* schema/rights.h */
	enum key_standing standing;
	int64_t at_us; /* wall clock: since when, of an invitation until when; 0: not said */
	char *who;     /* whose word it was; NULL: not said */
};

struct key_ring {
	char *name;
	struct key_pair self;
	uint8_t host[KEY_BYTES];
	char *enrol; /* the line of an invitation; NULL: none */
	struct {
		char *name; /* NULL: this process seals and opens nothing */
		hst_secret *room;
		const struct seal_pairs *pairs; /* in locked memory; NULL: there is none, or this process may not lock any */
	} seal;
	char *roster; /* the text (seal/roster.h); NULL: none */
	char *pin;    /* "CLUSTER SIGN"; NULL: none */
	char *joins;  /* the line; NULL: none */
	struct key_peer *peers;
	size_t peer_count, peer_size;
};

/* Context hst-wire of crypto_kdf, subkey from BLAKE2b of `name`. The same seed and name give the same pair
 * for ever. */
void keys_derive(const uint8_t seed[SEED_BYTES], const char *name, struct key_pair *ret);
void keys_random(struct key_pair *ret);

void keys_text(const uint8_t key[KEY_BYTES], char to[KEY_TEXT]);
int keys_read_text(const char *text, uint8_t ret[KEY_BYTES], hst_error *err);

/* Reads lines as above from memory; `where` is what errors call it. Adds to the ring. */
int keys_parse(struct key_ring *ring, const char *where, const char *bytes, size_t length, hst_error *err);
int keys_read_fd(struct key_ring *ring, int fd, hst_error *err); /* to its end, then closes it */
void keys_clear(struct key_ring *ring);				 /* wipes */

#endif
