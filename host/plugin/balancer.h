/* The facade of balancers: the one place that calls their ops. */
#ifndef HOST_PLUGIN_BALANCER_H
#define HOST_PLUGIN_BALANCER_H

#include "plugin/instance.h"

#include <hostler/balancer.h>

/* Pure as the plugin is. An index out of range is HST_BROKEN. */
int balancer_choose(struct plugin_instance *balancer, const hst_candidate *candidates, size_t n,
		    const hst_placement_demand *demand, uint64_t draw, size_t *ret, hst_error *err);

#endif
