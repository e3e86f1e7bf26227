/*
 * The secrets that instances, connections and flows name: that each was sealed. One that is not there is a fault, not a mistake of the
 * configuration: what needs it does not work, and everything else does, so that a file which was removed keeps no house from starting.
 */
#ifndef HOST_DEFINITIONS_SECRETS_H
#define HOST_DEFINITIONS_SECRETS_H

#include "definitions/definitions.h"

void definitions_check_secrets(struct definitions *definitions, struct problems *problems);

/* The line of a connection's key `password`, else where it begins. */
int definitions_password_line(const struct definitions *definitions, const struct conf_connection *connection);

#endif
