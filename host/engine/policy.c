#include "engine/policy.h"
#include "engine/secrets.h"

#include <stddef.h>

/* The core's argument is the house within the engine. */
static struct engine *engine_of(void *arg)
{
	return (struct engine *)((char *)arg - offsetof(struct engine, house));
}

static const char *gateway_of_device(void *arg, const char *device)
{
	return serving_gateway(engine_of(arg), device);
}

static int64_t serial_of(void *arg, const char *connection)
{
	return secrets_serial(engine_of(arg), connection);
}

struct core_policy engine_policy(struct engine *engine)
{
	struct core_policy policy;

	engine->house = (struct policy_house){&engine->definitions, &engine->balancers};
	policy = policy_of(&engine->house);
	policy.gateway = gateway_of_device;
	policy.serial = serial_of;
	return policy;
}
