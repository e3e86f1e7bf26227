/*
 * What a parsed flow says, held against the house: that what it names is there, that inputs are complete and
 * of the right type where that can be known, and that tokens name earlier steps and declared outputs. Errors
 * have FILE:LINE and the nearest known name.
 */
#ifndef HOST_PURE_FLOW_CHECK_H
#define HOST_PURE_FLOW_CHECK_H

#include "pure/flow/model.h"

#include <hostler/fields.h>

enum flow_known {
	FLOW_UNKNOWN = 0,
	FLOW_KNOWN,
	FLOW_KNOWN_BAD /* it is there but was refused: its own problem is enough */
};

/*
 * The house as a flow sees it. Names are instances, packages, connections. Every function is there. Fields
 * are set by FLOW_KNOWN alone; `action` is asked of connectors that are FLOW_KNOWN, and sets *ret_nearest
 * (NULL: none is near) when it answers FLOW_UNKNOWN.
 */
struct flow_world {
	enum flow_known (*trigger)(void *arg, const char *name, hst_fields *ret_event);
	enum flow_known (*connector)(void *arg, const char *name);
	enum flow_known (*action)(void *arg, const char *connector, const char *action,
	                          hst_fields *ret_inputs, hst_fields *ret_outputs, const char **ret_nearest);
	enum flow_known (*package)(void *arg, const char *name, hst_fields *ret_inputs,
	                           hst_fields *ret_outputs);
	enum flow_known (*connection)(void *arg, const char *name);
	/* `kind` is trigger, connector, package or connection. NULL: none is near enough to be meant. */
	const char *(*nearest)(void *arg, const char *kind, const char *name);
	void *arg;
};

/* Adds a problem for each thing that is wrong; adds none when the flow can be run in this house. */
void flow_check(const struct flow *flow, const struct flow_world *world, struct problems *problems);

#endif
