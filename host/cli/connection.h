/* Trying a connection, apart from the other words about connections. */
#ifndef HOST_CLI_CONNECTION_H
#define HOST_CLI_CONNECTION_H

#include "cli/cli.h"

/* Signs in and out again on each device of the connection, or on the one of --device. CLI_DONE only if it worked on all. */
int connection_test(struct cli *cli, const char *name);

#endif
