/*
 * The roster as the command line believes it: one file for each host, `rosters/HOST` beside the operator key, where HOST is the public
 * key of that host. What is believed first is what the host shows first; from then on only what an operator of it has signed
 * takes its place, so a host that was taken over cannot show another. It is there without the host, too.
 */
#ifndef HOST_CLI_PIN_H
#define HOST_CLI_PIN_H

#include "cli/connect.h"
#include "seal/roster.h"

/* The one that was kept. *ret is NULL, with CLI_DONE, when there is none. The caller frees it. */
int pin_read(const struct cli *cli, const char *key_path, const uint8_t host[KEY_BYTES], struct roster **ret);

/* What the host shows now, held against the one that was kept, and kept. The caller frees it. */
int pin_ask(struct connect *connect, struct roster **ret);

/* The same at every connection, if it was long ago: nothing is said but that the host shows one that cannot be believed. */
void pin_refresh(struct connect *connect);

/* Keeps a roster that may replace the one that is kept; says why not. */
int pin_keep(const struct cli *cli, const char *key_path, const uint8_t host[KEY_BYTES], const struct roster *roster);

#endif
