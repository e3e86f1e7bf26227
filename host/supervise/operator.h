/*
 * The operator key of the person who starts the house, with all rights: ~/.config/hostler/operator.key of the calling
 * user, under sudo of the user who called it. It is made, and signs the first roster, on that user's behalf by a process that has
 * become that user, so that root never reads or writes along a path a user controls.
 */
#ifndef HOST_SUPERVISE_OPERATOR_H
#define HOST_SUPERVISE_OPERATOR_H

#include "seal/roster.h"
#include "supervise/accounts.h"
#include "wire/keys.h"

struct operator_asked {
	uint8_t host[KEY_BYTES];
	const struct accounts *accounts;
	const char *passphrase; /* for a key that is made, or opens one that is there; NULL: none was asked for */
};

/*
 * Makes the key if there is none, points it at this host, and has it sign `draft`, a roster in which its operator need not be.
 * HST_DENIED: the key is behind a passphrase, and it was not given or is another.
 */
int operator_first_roster(const struct operator_asked *asked, const struct roster *draft, struct roster **ret, hst_error *err);

/* Says on the log when whoever starts the house could not steer it. Not under sudo, nor of a root who has no key. */
void operator_look(const struct accounts *accounts, const struct roster *roster);

/*
 * The half that runs as the user (`hostlerd --operator-key`): reads lines `host PUBLIC`, `cluster CLUSTER`, `passphrase TEXT` and lines
 * of a roster on stdin, and prints the roster. Exit status 0 or 1.
 */
int operator_key_run(void);

#endif
