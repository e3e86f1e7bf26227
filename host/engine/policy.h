/* The core's lookups, answered from the definitions; its choice of device, answered by the cluster's balancer. */
#ifndef HOST_ENGINE_POLICY_H
#define HOST_ENGINE_POLICY_H

#include "engine/engine.h"

struct core_policy engine_policy(struct engine *engine);

/* Opens every balancer a cluster names. */
int engine_open_balancers(struct engine *engine, hst_error *err);
void engine_close_balancers(struct engine *engine);

#endif
