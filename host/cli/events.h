/* Happenings of all runs as lines. */
#ifndef HOST_CLI_EVENTS_H
#define HOST_CLI_EVENTS_H

#include "cli/cli.h"

/* One line, at once; with --json one value. `body` is what the host says of a happening. */
void events_print(const struct cli *cli, hst_arena *arena, const hst_value *body);

#endif
