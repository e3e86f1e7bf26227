/* What one trigger takes, behind the help of a command that names it. */
#ifndef HOST_CLI_TRIGGERS_H
#define HOST_CLI_TRIGGERS_H

#include "cli/cli.h"

/* On stdout, behind an empty line; nothing where the host does not say so at once. */
void triggers_help(const struct cli *cli, const char *name);

#endif
