/* --input K=V or --output K=V, as often as it is given, made into a record of texts. Who knows the fields reads them
 * as what they are. */
#ifndef HOST_CLI_INPUTS_H
#define HOST_CLI_INPUTS_H

#include "cli/cli.h"

/* `option` is "input" or "output". HST_INVALID with the reason "Usage": no '=', an empty or repeated K, bytes that are no UTF-8. In the
 * command's arena. */
int inputs_read(const struct cli *cli, const char *option, const hst_value **ret, hst_error *err);

#endif
