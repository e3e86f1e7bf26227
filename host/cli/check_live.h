/* Part of `hostler check`: whether every instance could do its work on this machine, asked of its plugin. */
#ifndef HOST_CLI_CHECK_LIVE_H
#define HOST_CLI_CHECK_LIVE_H

#include "cli/cli.h"
#include "definitions/definitions.h"

/* Adds what is wrong; of each that is well it prints a line, unless JSON is wanted. It may take a while for each. */
void check_live(struct cli *cli, const struct definitions *definitions, struct problems *problems);

#endif
