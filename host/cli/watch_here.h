/* `hostler watch --here`: what attended runs do in the session of whoever looks, who can pause and stop them there. */
#ifndef HOST_CLI_WATCH_HERE_H
#define HOST_CLI_WATCH_HERE_H

#include "cli/cli.h"

int watch_here(struct cli *cli);

#endif
