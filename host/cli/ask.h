/* One question to the host, and its answer printed: for people by `print`, with --json as the host gave it. */
#ifndef HOST_CLI_ASK_H
#define HOST_CLI_ASK_H

#include "cli/cli.h"

/* `filters` NULL: none. Returns the exit status. */
int ask_and_print(struct cli *cli, const char *what, const hst_value *filters,
		  void (*print)(struct cli *cli, const hst_value *answer));

#endif
