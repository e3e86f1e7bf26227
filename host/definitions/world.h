/* The house as pure/flow sees it: answers about triggers, connectors, packages and connections, from the definitions. */
#ifndef HOST_DEFINITIONS_WORLD_H
#define HOST_DEFINITIONS_WORLD_H

#include "definitions/definitions.h"

void world_check_flow(const struct definitions *definitions, const struct flow *flow, struct problems *problems);

#endif
