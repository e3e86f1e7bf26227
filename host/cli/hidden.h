/*
 * What people type and nobody sees: a passphrase, a secret. From the terminal alone, never from an argument or the environment.
 */
#ifndef HOST_CLI_HIDDEN_H
#define HOST_CLI_HIDDEN_H

#include "cli/cli.h"
#include "seal/operator_key.h"

/*
 * One line from the terminal, without echo and without its end. The caller wipes `to`. Says what went wrong: there is no terminal,
 * it was too long, or whoever was asked pressed Ctrl-C.
 */
int hidden_ask(const struct cli *cli, const char *prompt, char *to, size_t size);

/* Twice, until both are the same; "" is taken as it is. */
int hidden_ask_new(const struct cli *cli, const char *prompt, char *to, size_t size);

bool hidden_can_ask(void); /* there is a terminal */

/* Asks for the passphrase where the key is behind one, three times at most. */
int hidden_unlock(const struct cli *cli, struct operator_key *key, const char *path);

#endif
