/*
 * The roster: who has which key, signed by an operator. One text, with one way to be written; docs/security.md has the form.
 * What its signature covers is the head. Under it stand lines that carry their own: `member`, signed by a machine for one of
 * its instances, and `joined`, signed by an invitation's one-time key.
 *
 * Reading a roster proves nothing: roster_verify_first or roster_verify_next does. Whoever keeps one keeps the text, which is
 * public, and replaces it only by one that roster_verify_next lets pass.
 */
#ifndef HOST_SEAL_ROSTER_H
#define HOST_SEAL_ROSTER_H

#include "schema/rights.h"
#include "seal/pairs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ROSTER_CLUSTER_BYTES = 16,
	ROSTER_BYTES_MAX = 1 << 20,
	ROSTER_LINES_MAX = 4096,
	ROSTER_OPERATORS_MAX = 64, /* each of them with admin can open everything that is sealed */
	ROSTER_NAME_MAX = 64,      /* behind the kind */
};

/* The machine whose `host.seed` the host has. */
#define ROSTER_MACHINE "machine/main"

enum roster_kind { ROSTER_OPERATOR, ROSTER_MACHINES, ROSTER_GATEWAY, ROSTER_INVITED, ROSTER_REVOKED, ROSTER_MEMBER, ROSTER_JOINED };

/* One line. The name has its kind: "operator/ada", "machine/main", "gateway/ts-01" (invited and joined ones, too), and of a
 * member "trigger/inbox", "connector/post" or "gateway/ts-01". */
struct roster_member {
	enum roster_kind kind;
	char *name;
	bool has_wire, has_open, has_sign; /* an operator may have a wire key alone: then it neither seals nor opens */
	uint8_t wire[SEAL_KEY_BYTES], open[SEAL_KEY_BYTES], sign[SEAL_KEY_BYTES];
	unsigned rights;   /* of an operator: schema/rights.h */
	int64_t until_us;  /* of an invitation; whole seconds of the wall clock */
	char *by;          /* of a member: its machine */
	uint8_t signature[SEAL_SIGNATURE_BYTES]; /* of a member, and of who has joined */
};

struct roster {
	uint8_t cluster[ROSTER_CLUSTER_BYTES];
	int64_t epoch;
	int64_t least; /* what was sealed in an older epoch is refused */
	struct roster_member *members;
	size_t member_count, member_size;
	char *signer; /* "operator/ada"; NULL: not signed yet */
	uint8_t signature[SEAL_SIGNATURE_BYTES];
	char *head; /* what is signed; NULL: not yet, or changed since */
};

/* The form alone. Errors begin with `where` and the number of the line. */
int roster_read(const char *bytes, size_t length, const char *where, struct roster **ret, hst_error *err);
int roster_read_file(const char *path, struct roster **ret, hst_error *err);
void roster_free(struct roster *roster);

/* Signed by an operator of its own with `admin`: what a house begins with, and what is pinned at first sight. */
int roster_verify_first(const struct roster *roster, hst_error *err);

/*
 * May `next` replace `pinned`? Same cluster; a higher epoch, signed by an operator who has `admin` in `pinned` and in `next`; or the same head
 * with other lines under it, of which none gives a name other keys than it has. Reasons: RosterCluster, RosterEpoch, RosterSigner,
 * RosterSignature.
 */
int roster_verify_next(const struct roster *pinned, const struct roster *next, hst_error *err);

/* Who is there under this name, with keys that may be used; NULL: nobody, or revoked. Not an invitation. */
const struct roster_member *roster_member(const struct roster *roster, const char *name);
const struct roster_member *roster_invited(const struct roster *roster, const char *name);
bool roster_is_revoked(const struct roster *roster, const uint8_t sign[SEAL_KEY_BYTES]);

/* Everybody to whom everything is sealed besides: operators with admin who can open. Returns how many there are. */
size_t roster_escrow(const struct roster *roster, const struct roster_member *ret[ROSTER_OPERATORS_MAX]);

/* "Letters, digits and _ - . @ + $": what may stand behind the kind of a name. */
bool roster_name_is_fit(const char *name);

/* ---- Writing: a change makes the head unsigned again. ---- */

struct roster *roster_new(void); /* of a new cluster, in epoch 0: the first signature makes it 1 */
struct roster *roster_copy(const struct roster *roster);

/* Replaces the line of that kind and name, of which the roster takes copies. */
void roster_put(struct roster *roster, const struct roster_member *member);
bool roster_drop(struct roster *roster, enum roster_kind kind, const char *name); /* false: there was none */

/* Whoever has the name is gone, and its signing key is revoked. False: nobody has it. */
bool roster_revoke(struct roster *roster, const char *name);

/* Takes over the `joined` lines of another one that still hold here: whoever signs a roster does not know who joins meanwhile. True:
 * there was one. The head stays as it is. */
bool roster_adopt(struct roster *roster, const struct roster *other);

/* A `joined` line of this text that `roster` may take: it is of `name` ("gateway/ts-01"), signed with the key of its invitation, which
 * has not ended by now. The caller frees *ret with roster_member_clear. Reasons: RosterSigner, RosterSignature, InvitationExpired,
 * GatewayRevoked. */
int roster_read_join(const struct roster *roster, const char *text, const char *name, int64_t now_us, struct roster_member *ret,
                     hst_error *err);

/* The next epoch, signed by `signer` ("operator/ada"). What stands under the head and no longer fits is dropped. Everything that
 * roster_read refuses is refused here, too; the roster is then good for nothing but roster_free. */
int roster_sign(struct roster *roster, const char *signer, const struct seal_pairs *pairs, hst_error *err);

/* The text; the caller frees it. Only of what was read or signed. */
char *roster_write(const struct roster *roster);

/* Makes the line by which `machine` says what keys its instance `name` has, or by which an invitation's key lets the gateway
 * `name` in. The caller frees name and by with roster_member_clear. */
void roster_certify(const uint8_t cluster[ROSTER_CLUSTER_BYTES], const char *machine, const struct seal_pairs *machine_pairs,
                    const char *name, const struct seal_pairs *pairs, struct roster_member *ret);
void roster_join(const uint8_t cluster[ROSTER_CLUSTER_BYTES], const uint8_t invitation[SEAL_SIGN_SECRET_BYTES], const char *name,
                 const uint8_t wire[SEAL_KEY_BYTES], const uint8_t open[SEAL_KEY_BYTES], const uint8_t sign[SEAL_KEY_BYTES],
                 struct roster_member *ret);
void roster_member_clear(struct roster_member *member);

#endif
