/* The policy of the core in an engine: what the house says (policy/policy.h), and what only one that runs knows. */
#ifndef HOST_ENGINE_POLICY_H
#define HOST_ENGINE_POLICY_H

#include "engine/engine.h"

struct core_policy engine_policy(struct engine *engine);

#endif
