/* A JSON object from a file or from standard input. */
#ifndef HOST_CLI_BODY_H
#define HOST_CLI_BODY_H

#include "cli/cli.h"

/* `path` "-" is standard input; `what` is the word for messages: "event". At most 1 MiB; HST_INVALID names line and column. */
int body_read(const struct cli *cli, const char *path, const char *what, const hst_value **ret, hst_error *err);

#endif
