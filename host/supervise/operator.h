/*
 * The operator key of the person who starts the house, with all rights: ~/.config/hostler/operator.key of the calling
 * user, under sudo of the user who called it. It is made on that user's behalf by a process that has become that user,
 * so that root never writes along a path a user controls.
 */
#ifndef HOST_SUPERVISE_OPERATOR_H
#define HOST_SUPERVISE_OPERATOR_H

#include "supervise/accounts.h"
#include "wire/keys.h"

/* Makes the key if there is none, points it at this host, and puts its `peer` line into the roster. */
int operator_prepare(const char *roster, const uint8_t host[KEY_BYTES], const struct accounts *accounts, hst_error *err);

/*
 * The half that runs as the user (`hostlerd --operator-key`): reads `host PUBLIC` on stdin, prints the `peer` line.
 * Exit status 0 or 1.
 */
int operator_key_run(void);

#endif
