/* --help and --version, made from the table of commands. With --json they are JSON: what the lint of the
 * manual reads. */
#ifndef HOST_CLI_USAGE_H
#define HOST_CLI_USAGE_H

#include "cli/cli.h"

/* Each returns the exit status. */
int usage_all(const struct cli *cli);
int usage_command(const struct cli *cli, const struct command *command);
int usage_version(const struct cli *cli);

#endif
