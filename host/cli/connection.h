/* Trying a connection, apart from the other words about connections. */
#ifndef HOST_CLI_CONNECTION_H
#define HOST_CLI_CONNECTION_H

#include "cli/connect.h"

/* Signs in and out again on each device of the connection, or on the one of --device. CLI_DONE only if it worked on all. */
int connection_test(struct cli *cli);

/* On one device. *ret_reason "": it signed in, and out again; else with a sentence why not. In the command's arena. */
int connection_try(struct connect *connect, const char *name, const char *device, const char **ret_reason, const char **ret_text);

#endif
