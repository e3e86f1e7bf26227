/*
 * Connectors: they do things. A connector is its actions (plugin.h); it has no ops of its own. It has one or more
 * worker processes of its own and may block there until the deadline of the call; a call that ignores its deadline
 * for 5 s loses its process.
 */
#ifndef HOSTLER_CONNECTOR_H
#define HOSTLER_CONNECTOR_H

#include <hostler/plugin.h>

#endif
