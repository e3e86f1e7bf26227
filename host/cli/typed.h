/*
 * The secret inputs of what is to be started: asked for where it is typed, and sealed there to those that the flows give them to.
 * The host says who these are; their keys come from the roster that the command line believes, and the host is sent envelopes alone.
 */
#ifndef HOST_CLI_TYPED_H
#define HOST_CLI_TYPED_H

#include "base/text.h"
#include "cli/connect.h"

/*
 * `what` names what is started, {"trigger":T}, {"flow":F} or {"run":R,…}, `called` how people call it, `given` its readable inputs (NULL:
 * none). Asks for each --secret in their order, then, on a terminal, for each that is needed and was not given. Into an empty text, which
 * stays empty when there is nothing to seal. *ret_files lists the names of the inputs that are files (sent.h). An exit status, with
 * everything said.
 */
int typed_secrets(struct connect *connect, const hst_value *what, const char *called, const hst_value *given, struct text *ret,
                  const hst_value **ret_files);

#endif
