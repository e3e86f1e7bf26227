/* What the words that seal share: the caller's key, the roster as it is believed, and what the configuration says of secrets. */
#ifndef HOST_CLI_SEAL_DESK_H
#define HOST_CLI_SEAL_DESK_H

#include "cli/cli.h"
#include "definitions/secret_uses.h"
#include "seal/operator_key.h"

struct seal_desk {
	const struct cli *cli;
	struct definitions *definitions; /* NULL: no configuration was wanted */
	size_t problems; /* so many things are wrong with it, faults (definitions.h) left out of account */
	const struct secret_use *uses;
	size_t use_count;
	char *key_path;
	struct operator_key key; /* public halves; seal_desk_unlock for the others */
	struct roster *roster;
};

/* Closed by seal_desk_close whatever is returned. Without `configuration` it needs neither that nor a host: the roster is the one that was
 * believed last. */
int seal_desk_open(struct seal_desk *desk, const struct cli *cli, bool configuration);
void seal_desk_close(struct seal_desk *desk);

/* Says why nobody in this house would accept a secret that this key signs. */
int seal_desk_allowed(const struct seal_desk *desk);

/* The same, and asks for the passphrase if there is one. */
int seal_desk_unlock(struct seal_desk *desk);

/* Where the envelope of this secret is; the caller frees. */
char *seal_desk_file(const struct seal_desk *desk, const char *secret);

#endif
