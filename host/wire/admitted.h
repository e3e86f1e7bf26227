/*
 * Gateways of other machines: which were let in, which are invited, and whose key is no longer good. They stand in the
 * ring beside the children of this house, and in a file that the engine alone writes: whole, and on disk before
 * anybody is told. Names are without "gateway/". A change that fails leaves ring and file as they were.
 */
#ifndef HOST_WIRE_ADMITTED_H
#define HOST_WIRE_ADMITTED_H

#include "wire/keys.h"

#include <stdbool.h>

enum { ADMITTED_INVITATIONS_MAX = 100, ADMITTED_REVOKED_MAX = 1000, ADMITTED_WHO_MAX = 64 };

/* The shortest and longest life of an invitation, and the usual one. */
static const int64_t invitation_least_ms = 60 * 1000, invitation_most_ms = INT64_C(30) * 24 * 3600 * 1000,
                     invitation_ms = 3600 * 1000;

/* The word of an operator, now. */
struct admitted_word {
	const char *path; /* of the file */
	const char *who;
	int64_t now_us; /* wall clock */
};

/* Into the ring; a file that is not there has nobody in it. */
int admitted_read(struct key_ring *ring, const char *path, hst_error *err);

/* Let in with a key that is known already. Reasons: NameTaken, KeyTaken. */
int admitted_add(struct key_ring *ring, const struct admitted_word *word, const char *name, const uint8_t key[KEY_BYTES],
                 hst_error *err);

/* No longer let in; an invitation of that name is taken back, too. HST_NOT_FOUND: there is neither. */
int admitted_remove(struct key_ring *ring, const struct admitted_word *word, const char *name, hst_error *err);

/* Makes the one-time pair. An older invitation of that name is taken back. Reasons: NameTaken, TooManyInvitations. */
int admitted_invite(struct key_ring *ring, const struct admitted_word *word, const char *name, int64_t lasts_ms,
                    struct key_pair *ret, int64_t *ret_until_us, hst_error *err);

/* What an invitation is for, once: whoever proves `invited` becomes `name` with `key`; `who` is whoever invited. Reasons:
 * InvitationUsed, InvitationExpired, InvitationOfAnother, NameTaken, KeyTaken. */
int admitted_enrol(struct key_ring *ring, const char *path, int64_t now_us, const uint8_t invited[KEY_BYTES], const char *name,
                   const uint8_t key[KEY_BYTES], hst_error *err);

/* NULL: there is none. Valid until the ring changes. */
const struct key_peer *admitted_of(const struct key_ring *ring, const char *name, enum key_standing standing);

/* A name that a gateway may have: as a section of the configuration may be called. */
bool admitted_name_is_fit(const char *name);

#endif
