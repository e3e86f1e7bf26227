/*
 * Inputs that are files: `--input NAME=PATH`, for several files each path on a line. Their bytes are sent before what is started, and
 * their names stand in its event.
 */
#ifndef HOST_CLI_SENT_H
#define HOST_CLI_SENT_H

#include "cli/connect.h"

/*
 * `fields` lists the names of the inputs that are files. *ret_given is the record with names in the place of paths, *ret_set what the
 * host is told they were sent as; 0: none were. An exit status, with everything said.
 */
int sent_files(struct connect *connect, const hst_value *fields, const hst_value *given, const hst_value **ret_given, int64_t *ret_set);

#endif
