/*
 * A machine that has nothing but a gateway of another host: what an invitation has brought, and whom it believes. state_dir/pin, one
 * line that hostlerd alone writes:
 *
 *	pin CLUSTER SIGN INVITATION      INVITATION is the public half of the one-time signing key
 *
 * The pairs that the gateway's sessions seal and open with are derived from host.seed by "gateway/NAME INVITATION": an invitation is
 * used once, so whoever was removed and is invited again has other keys than those that were revoked. Without an invitation, by
 * "gateway/NAME" alone.
 */
#ifndef HOST_SUPERVISE_GUEST_H
#define HOST_SUPERVISE_GUEST_H

#include "seal/pinned.h"
#include "wire/keys.h"

struct conf;

struct guest {
	struct pinned pinned;
	char invitation[SEAL_KEY_TEXT]; /* "": it was let in without one */
};

/* What lies in state_dir, and what its gateway has been told meanwhile. What cannot be used is logged. */
void guest_open(struct guest *guest, const struct conf *conf);
void guest_clear(struct guest *guest);

/* What the gateway was told lies in its folder. True: another roster is believed now, and written. */
bool guest_look(struct guest *guest, const struct conf *conf);

/* What the pairs of its gateway are derived from; the caller frees it. */
char *guest_derived(const struct guest *guest, const struct conf *conf);

/*
 * The invitation that lies in state_dir, if one does, as lines for fd 4: the invitation without what signs, and the gateway's line
 * of the roster. From then on its pin is believed. It is handed over once, so the file is gone afterwards. The caller frees with
 * keys_forget; "": there is none.
 */
char *guest_invited(struct guest *guest, const struct conf *conf, const uint8_t seed[SEED_BYTES]);

#endif
