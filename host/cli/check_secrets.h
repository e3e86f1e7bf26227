/* Part of `hostler check --live`: whether those who need the named secrets can open them, asked of the house that runs. */
#ifndef HOST_CLI_CHECK_SECRETS_H
#define HOST_CLI_CHECK_SECRETS_H

#include "cli/cli.h"
#include "definitions/definitions.h"

/* Adds what cannot be opened; of everything else it prints a line, unless JSON is wanted. Who does not run is not asked. */
void check_secrets(struct cli *cli, const struct definitions *definitions, struct problems *problems);

#endif
