/* The facade of connectors: the one place that runs their actions. */
#ifndef HOST_PLUGIN_CONNECTOR_H
#define HOST_PLUGIN_CONNECTOR_H

#include "plugin/instance.h"

#include <hostler/connector.h>

const hst_action *connector_action(const struct plugin_instance *connector,
				   const char *name); /* NULL: none */

/*
 * Checks the inputs, runs the action and checks the outputs, which are at most 1 MiB as JSON. `shape` is what
 * plugin_shape gave where the plugin has the op `fields`, else NULL. Reasons: InputInvalid, OutputInvalid,
 * else the plugin's own or, by code, ActionTimeout, Cancelled or ActionFailed. With `unshown` what is wrong with the
 * outputs is said without them, since they are to be sealed.
 */
int connector_run(struct plugin_instance *connector, const hst_action *action, const hst_shape *shape,
		  hst_call *call, const hst_value *inputs, bool unshown, const hst_value **ret_outputs, hst_error *err);

#endif
