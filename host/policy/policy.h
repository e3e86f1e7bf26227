/*
 * What the pure core asks of the house: its lookups, answered from the definitions, and its choice of device, answered by the
 * cluster's balancer. The engine asks so for runs, a rehearsal for those that it only plays.
 */
#ifndef HOST_POLICY_POLICY_H
#define HOST_POLICY_POLICY_H

#include "definitions/definitions.h"
#include "policy/balancers.h"
#include "pure/core/core.h"

/* Where both are found, since a reload exchanges them. */
struct policy_house {
	struct definitions *const *definitions;
	struct balancers *const *balancers;
};

/* `house`, which is borrowed, is its argument. Without `gateway` and `serial`: they are about a house that runs. */
struct core_policy policy_of(const struct policy_house *house);

/* The outputs declared for what the step uses. False: the configuration no longer has it. */
bool policy_outputs(const struct definitions *definitions, const struct flow_step *step, hst_fields *ret);

#endif
