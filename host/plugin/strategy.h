/* The facade of strategies: the one place that calls their ops. */
#ifndef HOST_PLUGIN_STRATEGY_H
#define HOST_PLUGIN_STRATEGY_H

#include "plugin/instance.h"

#include <hostler/strategy.h>

int strategy_slots(struct plugin_instance *strategy, const hst_device *device, const hst_session *sessions,
		   size_t n, int64_t *ret_max, int64_t *ret_free, hst_error *err);
/* A plan that names a session out of range, or a refusal without reason, is HST_BROKEN. */
int strategy_plan(struct plugin_instance *strategy, const hst_device *device, const hst_session *sessions,
		  size_t n, const hst_demand *demand, hst_plan *ret, hst_error *err);
int strategy_retire(struct plugin_instance *strategy, const hst_session *session, hst_retirement *ret,
		    hst_error *err);
unsigned strategy_systems(const struct plugin_instance *strategy);
const char *strategy_limit_from(struct plugin_instance *strategy, const hst_device *device); /* NULL: it does not say */

#endif
