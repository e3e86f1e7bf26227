/*
 * Connectors: they do things. A connector is its actions (plugin.h); it has no ops of its own. It has one or more worker
 * processes of its own (`workers` of its section), each with one thread and one call at a time, and may block there until
 * the deadline of the call; a call that ignores its deadline for 5 s loses its process. What several workers share lies
 * outside of them, so two calls of one instance may run at the same time.
 *
 * An action that is HST_IDEMPOTENT is called again when its worker died in the middle of it. Else its step is lost, and a
 * person says what became of it.
 */
#ifndef HOSTLER_CONNECTOR_H
#define HOSTLER_CONNECTOR_H

#include <hostler/plugin.h>

#endif
