/* The secrets that connections and flows name: that each was sealed, and that none is meant for a desktop flow, which
 * this version gives none to. Those of instances are looked at with their options. */
#ifndef HOST_DEFINITIONS_SECRETS_H
#define HOST_DEFINITIONS_SECRETS_H

#include "definitions/definitions.h"

void definitions_check_secrets(const struct definitions *definitions, struct problems *problems);

/* The line of a connection's key `password`, else where it begins. */
int definitions_password_line(const struct definitions *definitions, const struct conf_connection *connection);

#endif
