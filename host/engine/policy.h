/* The core's lookups, answered from the definitions; its choice of device, answered by the cluster's balancer. */
#ifndef HOST_ENGINE_POLICY_H
#define HOST_ENGINE_POLICY_H

#include "engine/engine.h"

struct core_policy engine_policy(struct engine *engine);

/* The outputs declared for what the step uses. False: the configuration no longer has it. */
bool policy_outputs(const struct engine *engine, const struct flow_step *step, hst_fields *ret);

/*
 * Every balancer that a cluster of these definitions names, opened. They look at the definitions' options. Of one that
 * cannot be had its fault is kept instead.
 */
struct balancers *balancers_open(const struct definitions *definitions);
void balancers_close(struct balancers *balancers); /* NULL is fine */
const char *balancers_fault(const struct engine *engine, const char *instance); /* NULL: there is none */

/* Tells the core which clusters have nobody to choose. After they were added and before the next event. */
void balancers_note(struct engine *engine);

#endif
