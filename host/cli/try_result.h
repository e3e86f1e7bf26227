/* What a tried desktop flow leaves: outcome, outputs, the end of its log, files; told to people or as JSON.
 */
#ifndef HOST_CLI_TRY_RESULT_H
#define HOST_CLI_TRY_RESULT_H

#include "cli/cli.h"
#include "desktop/flowrun.h"

/* Outputs that are secret, or derived from inputs that are, are not told. `results` is the folder flowrun filled. *ret_keep: it has something that was not shown whole. Returns the
 * exit status. */
int try_result_print(const struct cli *cli, const struct package *package, const hst_value *inputs, const struct flowrun_result *result, const char *results,
		     bool *ret_keep);

#endif
