/* The core's lookups, answered from the definitions; its choice of device, answered by the cluster's balancer. */
#ifndef HOST_ENGINE_POLICY_H
#define HOST_ENGINE_POLICY_H

#include "engine/engine.h"

struct core_policy engine_policy(struct engine *engine);

/* The outputs declared for what the step uses. False: the configuration no longer has it. */
bool policy_outputs(const struct engine *engine, const struct flow_step *step, hst_fields *ret);

/* Every balancer that a cluster of these definitions names, opened. They look at the definitions' options. */
int balancers_open(const struct definitions *definitions, struct balancers **ret, hst_error *err);
void balancers_close(struct balancers *balancers); /* NULL is fine */

#endif
