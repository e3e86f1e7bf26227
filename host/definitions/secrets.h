/*
 * The secrets that instances, connections and flows name: that each was sealed, and can be used as far as the roster here says so. One that cannot is a fault, not a mistake of the
 * configuration: what needs it does not work, and everything else does, so that a file which was removed keeps no house from starting.
 * And which they are: nobody has a reason to ask the host about others.
 */
#ifndef HOST_DEFINITIONS_SECRETS_H
#define HOST_DEFINITIONS_SECRETS_H

#include "definitions/definitions.h"

void definitions_check_secrets(struct definitions *definitions, struct problems *problems);

/* Whether an instance, a connection or a flow names it. */
bool definitions_use_secret(const struct definitions *definitions, const char *name);

/* The line of a connection's key `password`, else where it begins. */
int definitions_password_line(const struct definitions *definitions, const struct conf_connection *connection);

#endif
