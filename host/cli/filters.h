/* The options --since and -n, and those that are passed on to the host as they are. */
#ifndef HOST_CLI_FILTERS_H
#define HOST_CLI_FILTERS_H

#include "cli/cli.h"

/* `texts` ends with NULL. Returns an exit status; what was wrong has been said. In the command's arena. */
int filters_read(const struct cli *cli, const char *const *texts, hst_value **ret);

#endif
