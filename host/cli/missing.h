/* The inputs of a trigger as people are told of them and asked for them. */
#ifndef HOST_CLI_MISSING_H
#define HOST_CLI_MISSING_H

#include "cli/connect.h"

#include <hostler/fields.h>

/* "integer, 1 to 99", "choice: small, large" */
const char *missing_words(hst_arena *arena, const hst_field *field);

/*
 * On a terminal, and not with --json: asks for each required input of the trigger that is not secret and not among `given`, until
 * what is typed fits, and adds it. Elsewhere, and where this key may not look at triggers, *ret is `given`: what is missing is for
 * the host to say. An exit status, with everything said.
 */
int missing_ask(struct connect *connect, const char *trigger, const hst_value *given, const hst_value **ret);

#endif
