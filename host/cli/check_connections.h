/* Part of `hostler check --live`: whether signing in with each connection works, tried by the house that runs (rule R3). */
#ifndef HOST_CLI_CHECK_CONNECTIONS_H
#define HOST_CLI_CHECK_CONNECTIONS_H

#include "cli/cli.h"
#include "definitions/definitions.h"

/*
 * Adds each sign-in that failed; of everything else it prints a line, unless JSON is wanted. What is blocked is not tried again, and
 * of each connection nothing more once it has failed.
 */
void check_connections(struct cli *cli, const struct definitions *definitions, struct problems *problems);

#endif
