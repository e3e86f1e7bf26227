/* What the words of `operator` share: the roster that the host shows, and the next one, signed with the caller's key. */
#ifndef HOST_CLI_OPERATOR_H
#define HOST_CLI_OPERATOR_H

#include "cli/connect.h"
#include "seal/roster.h"

struct operator_desk {
	struct cli *cli;
	struct connect connect;
	struct roster *roster;
};

/* Closed by operator_close whatever is returned. */
int operator_open(struct cli *cli, struct operator_desk *desk);
void operator_close(struct operator_desk *desk);

/* Signs `next` and hands it to the host, which uses it when this returns. */
int operator_publish(struct operator_desk *desk, struct roster *next);

const char *operator_argument(const struct cli *cli, size_t index); /* "": not given */
void operator_set_may(hst_arena *arena, hst_value *record, unsigned rights);

/* operator_new.c */
int operator_new(struct cli *cli);
/* The key of whoever calls: made, or completed, where it is not whole. Asks for a passphrase for a new one, which is left in
 * `passphrase` (PASSPHRASE_MAX + 2 bytes) for the caller to wipe; "": none. */
int operator_own_key(const struct cli *cli, const char *path, struct operator_key *key, char *passphrase, bool *ret_made);
int operator_key_command(struct cli *cli);
int operator_passphrase(struct cli *cli);

#endif
