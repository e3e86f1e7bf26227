/* The house as pure/flow sees it: answers about triggers, connectors, packages and connections, from the definitions. */
#ifndef HOST_DEFINITIONS_WORLD_H
#define HOST_DEFINITIONS_WORLD_H

#include "definitions/definitions.h"

/* A connector that no configuration can name: its action `is` gives what an alert says of itself. */
#define WORLD_ALERT "ALERT"

void world_check_flow(const struct definitions *definitions, const struct flow *flow, struct problems *problems);

/* The same of one whose step "alert" uses WORLD_ALERT and has these outputs. */
void world_check_alert(const struct definitions *definitions, const struct flow *flow, hst_fields outputs, struct problems *problems);

#endif
