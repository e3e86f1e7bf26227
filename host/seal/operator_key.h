/*
 * The key file of an operator: a pair for the wire, the seed of the pairs that seal and sign, and which host it is for. Open:
 *
 *	self operator/NAME WIRE WIRE_SECRET
 *	seal operator/NAME SEED                  missing in the files of older versions
 *	host PUBLIC                              missing until a host is known
 *
 * Behind a passphrase its public halves can be read, and nothing else:
 *
 *	locked operator/NAME WIRE SEAL SIGN
 *	host PUBLIC
 *	passphrase OPERATIONS MEMORY SALT NONCE BOX
 *
 * BOX is WIRE_SECRET and SEED, XChaCha20-Poly1305-IETF with the key that argon2id makes of the passphrase (OPERATIONS passes over
 * MEMORY KiB), and the line `locked` as associated data.
 */
#ifndef HOST_SEAL_OPERATOR_KEY_H
#define HOST_SEAL_OPERATOR_KEY_H

#include "seal/roster.h"

enum {
	OPERATOR_KEY_SALT = 16,
	OPERATOR_KEY_NONCE = 24,
	OPERATOR_KEY_BOX = SEAL_KEY_BYTES + SEAL_SEED_BYTES + 16,
	PASSPHRASE_MAX = 1024,
};

struct operator_key {
	char name[ROSTER_NAME_MAX + 16]; /* "operator/ada" */
	uint8_t wire_public[SEAL_KEY_BYTES], wire_secret[SEAL_KEY_BYTES];
	bool has_seed; /* false: a file of an older version, which cannot seal */
	uint8_t seed[SEAL_SEED_BYTES];
	struct seal_pairs pairs; /* its public halves also while it is locked */
	bool has_host;
	uint8_t host[SEAL_KEY_BYTES];
	bool guarded; /* there is a passphrase */
	bool locked;  /* and it was not given yet: there are no secret halves */
	uint64_t operations, memory_kib;
	uint8_t salt[OPERATOR_KEY_SALT], nonce[OPERATOR_KEY_NONCE], box[OPERATOR_KEY_BOX];
};

/* Fresh keys, in memory. `name` without "operator/"; what cannot stand in a roster becomes "_". */
void operator_key_make(struct operator_key *ret, const char *name);

/* HST_NOT_FOUND: there is none. The file of an older version is given a seed, in memory. */
int operator_key_read(const char *path, struct operator_key *ret, hst_error *err);
int operator_key_parse(const char *bytes, size_t length, const char *where, struct operator_key *ret, hst_error *err);

/* HST_DENIED: it is another passphrase. Takes about half a second. */
int operator_key_unlock(struct operator_key *key, const char *passphrase, hst_error *err);

/* From now on behind this one. HST_INVALID: it is empty or too long. */
int operator_key_guard(struct operator_key *key, const char *passphrase, hst_error *err);

/* The file is for its owner alone, as is its folder when it has to be made. */
int operator_key_write(const struct operator_key *key, const char *path, hst_error *err);

/* Its line in a roster, which is also what a person hands to whoever lets them in: "operator NAME WIRE SEAL SIGN RIGHTS". */
struct roster_member operator_key_line(const struct operator_key *key, unsigned rights);

/* Wipes. What is read or made lies in locked memory, as far as this process may lock any. */
void operator_key_clear(struct operator_key *key);

#endif
