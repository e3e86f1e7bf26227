#include "policy/policy.h"

#include "base/log.h"
#include "plugin/balancer.h"

#include <string.h>

static const struct definitions *definitions_of(void *arg)
{
	return *((const struct policy_house *)arg)->definitions;
}

static bool policy_connection(void *arg, const char *name, const char **ret_target, const char **ret_user)
{
	const struct definitions *definitions = definitions_of(arg);
	const struct conf_connection *connection = conf_connection(definitions->conf, name);

	if (!connection)
		return false;
	*ret_target = connection->target.text;
	*ret_user = connection->user;
	return true;
}

static bool policy_package(void *arg, const char *name, const char **ret_digest, int64_t *ret_timeout_ms)
{
	const struct definitions *definitions = definitions_of(arg);
	const struct package *package = table_get(&definitions->packages, name);

	if (!package)
		return false;
	*ret_digest = package->digest;
	*ret_timeout_ms = package->timeout.ms > 0 ? package->timeout.ms : INT64_C(24) * 3600 * 1000;
	return true;
}

static bool policy_action(void *arg, const char *connector, const char *action, int64_t *ret_timeout_ms,
                          bool *ret_idempotent)
{
	const struct definitions *definitions = definitions_of(arg);
	const struct definition *definition = definitions_instance(definitions, HST_CONNECTOR, connector);
	hst_fields inputs, outputs;
	hst_duration deadline;

	/* Its plugin may be mended meanwhile: the call waits for its process as it would for one that died. */
	if (definition && definition->fault) {
		*ret_timeout_ms = 60 * 1000;
		*ret_idempotent = false;
		return true;
	}
	if (!definition || !definitions_action(definition, action, &inputs, &outputs, &deadline))
		return false;
	*ret_timeout_ms = deadline.ms > 0 ? deadline.ms : 60 * 1000;
	*ret_idempotent = manifest_action(&definition->manifest, action)->idempotent;
	return true;
}

/* What is declared for what the step uses. */
static bool declared(const struct definitions *definitions, const struct flow_step *step, hst_fields *ret_inputs, hst_fields *ret_outputs)
{
	const struct package *package = table_get(&definitions->packages, step->target);
	const struct definition *connector;
	hst_duration deadline;

	if (step->use == FLOW_USE_DESKTOP) {
		if (package) {
			*ret_inputs = package->inputs;
			*ret_outputs = package->outputs;
		}
		return package != NULL;
	}
	connector = definitions_instance(definitions, HST_CONNECTOR, step->target);
	return connector && definitions_action(connector, step->action, ret_inputs, ret_outputs, &deadline);
}

static bool policy_outputs_of(void *arg, const struct flow_step *step, hst_fields *ret)
{
	return policy_outputs(definitions_of(arg), step, ret);
}

static bool policy_event(void *arg, const char *trigger, hst_fields *ret)
{
	const struct definitions *definitions = definitions_of(arg);
	const struct definition *definition = definitions_instance(definitions, HST_TRIGGER, trigger);

	if (!definition || definition->fault)
		return false;
	*ret = definition->event;
	return true;
}

static bool policy_inputs(void *arg, const struct flow_step *step, hst_fields *ret)
{
	hst_fields outputs;

	return declared(definitions_of(arg), step, ret, &outputs);
}

bool policy_outputs(const struct definitions *definitions, const struct flow_step *step, hst_fields *ret)
{
	hst_fields inputs;

	return declared(definitions, step, &inputs, ret);
}

static int64_t policy_queue_timeout(void *arg, const char *target)
{
	const struct definitions *definitions = definitions_of(arg);
	const struct conf *conf = definitions->conf;
	const char *name = strchr(target, ':');
	hst_duration own = {0};

	if (name && strncmp(target, "cluster:", 8) == 0) {
		const struct conf_cluster *cluster = conf_cluster(conf, name + 1);

		own = cluster ? cluster->queue_timeout : own;
	} else if (name) {
		const struct conf_device *device = conf_device(conf, name + 1);

		own = device ? device->queue_timeout : own;
	}
	return own.ms > 0 ? own.ms : conf->queue_timeout.ms;
}

static int64_t policy_lost_after(void *arg)
{
	return definitions_of(arg)->conf->lost_after.ms;
}

static int64_t policy_resolve_within(void *arg)
{
	return definitions_of(arg)->conf->resolve_within.ms;
}

static int policy_choose(void *arg, const char *target, const hst_candidate *candidates, size_t n,
                         const hst_placement_demand *demand, uint64_t draw, size_t *ret)
{
	const struct policy_house *house = arg;
	const struct conf_cluster *cluster = conf_cluster((*house->definitions)->conf, target + strlen("cluster:"));
	struct plugin_instance *balancer = cluster ? table_get(&(*house->balancers)->by_name, cluster->balancer) : NULL;
	hst_error err = {{0}, {0}};
	int rc = balancer ? balancer_choose(balancer, candidates, n, demand, draw, ret, &err) : HST_NOT_FOUND;

	if (rc < 0)
		log_warning("%s: the balancer could not choose, the first candidate is taken: %s", target, err.text);
	return rc;
}

struct core_policy policy_of(const struct policy_house *house)
{
	return (struct core_policy){.placement = {.choose = policy_choose, .arg = (void *)house}, .connection = policy_connection,
	                            .package = policy_package, .action = policy_action,
	                            .queue_timeout_ms = policy_queue_timeout, .lost_after_ms = policy_lost_after,
	                            .resolve_within_ms = policy_resolve_within, .inputs = policy_inputs, .outputs = policy_outputs_of,
	                            .event = policy_event, .arg = (void *)house};
}
