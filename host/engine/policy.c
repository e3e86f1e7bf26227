#include "engine/policy.h"
#include "engine/secrets.h"

#include "base/log.h"
#include "base/mem.h"
#include "plugin/balancer.h"
#include "plugin/load.h"
#include "plugin/registry.h"

#include <stdlib.h>
#include <string.h>

static bool policy_connection(void *arg, const char *name, const char **ret_target, const char **ret_user)
{
	const struct engine *engine = arg;
	const struct conf_connection *connection = conf_connection(engine->definitions->conf, name);

	if (!connection)
		return false;
	*ret_target = connection->target.text;
	*ret_user = connection->user;
	return true;
}

static bool policy_package(void *arg, const char *name, const char **ret_digest, int64_t *ret_timeout_ms)
{
	const struct engine *engine = arg;
	const struct package *package = table_get(&engine->definitions->packages, name);

	if (!package)
		return false;
	*ret_digest = package->digest;
	*ret_timeout_ms = package->timeout.ms > 0 ? package->timeout.ms : INT64_C(24) * 3600 * 1000;
	return true;
}

static bool policy_action(void *arg, const char *connector, const char *action, int64_t *ret_timeout_ms,
                          bool *ret_idempotent)
{
	const struct engine *engine = arg;
	const struct definition *definition = definitions_instance(engine->definitions, HST_CONNECTOR, connector);
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
static bool declared(const struct engine *engine, const struct flow_step *step, hst_fields *ret_inputs, hst_fields *ret_outputs)
{
	const struct package *package = table_get(&engine->definitions->packages, step->target);
	const struct definition *connector;
	hst_duration deadline;

	if (step->use == FLOW_USE_DESKTOP) {
		if (package) {
			*ret_inputs = package->inputs;
			*ret_outputs = package->outputs;
		}
		return package != NULL;
	}
	connector = definitions_instance(engine->definitions, HST_CONNECTOR, step->target);
	return connector && definitions_action(connector, step->action, ret_inputs, ret_outputs, &deadline);
}

static bool policy_outputs_of(void *arg, const struct flow_step *step, hst_fields *ret)
{
	return policy_outputs(arg, step, ret);
}

static bool policy_event(void *arg, const char *trigger, hst_fields *ret)
{
	const struct engine *engine = arg;
	const struct definition *definition = definitions_instance(engine->definitions, HST_TRIGGER, trigger);

	if (!definition || definition->fault)
		return false;
	*ret = definition->event;
	return true;
}

static const char *policy_gateway(void *arg, const char *device)
{
	return serving_gateway(arg, device);
}

static int64_t policy_serial(void *arg, const char *connection)
{
	return secrets_serial(arg, connection);
}

static bool policy_inputs(void *arg, const struct flow_step *step, hst_fields *ret)
{
	hst_fields outputs;

	return declared(arg, step, ret, &outputs);
}

bool policy_outputs(const struct engine *engine, const struct flow_step *step, hst_fields *ret)
{
	hst_fields inputs;

	return declared(engine, step, &inputs, ret);
}

static int64_t policy_queue_timeout(void *arg, const char *target)
{
	const struct engine *engine = arg;
	const struct conf *conf = engine->definitions->conf;
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
	return ((const struct engine *)arg)->definitions->conf->lost_after.ms;
}

static int64_t policy_resolve_within(void *arg)
{
	return ((const struct engine *)arg)->definitions->conf->resolve_within.ms;
}

static int policy_choose(void *arg, const char *target, const hst_candidate *candidates, size_t n,
                         const hst_placement_demand *demand, uint64_t draw, size_t *ret)
{
	struct engine *engine = arg;
	const struct conf_cluster *cluster = conf_cluster(engine->definitions->conf, target + strlen("cluster:"));
	struct plugin_instance *balancer = cluster ? table_get(&engine->balancers->by_name, cluster->balancer) : NULL;
	hst_error err = {{0}, {0}};
	int rc = balancer ? balancer_choose(balancer, candidates, n, demand, draw, ret, &err) : HST_NOT_FOUND;

	if (rc < 0)
		log_warning("%s: the balancer could not choose, the first candidate is taken: %s", target, err.text);
	return rc;
}

struct core_policy engine_policy(struct engine *engine)
{
	return (struct core_policy){.placement = {.choose = policy_choose, .arg = engine}, .connection = policy_connection,
	                            .package = policy_package, .action = policy_action,
	                            .queue_timeout_ms = policy_queue_timeout, .lost_after_ms = policy_lost_after,
	                            .resolve_within_ms = policy_resolve_within, .inputs = policy_inputs, .outputs = policy_outputs_of,
	                            .event = policy_event, .gateway = policy_gateway, .serial = policy_serial, .arg = engine};
}

static int open_balancer(struct balancers *balancers, const struct definitions *definitions, const char *name,
                         struct plugin_instance **ret, hst_error *err)
{
	const struct definition *definition = definitions_instance(definitions, HST_BALANCER, name);
	const hst_plugin *plugin;
	char *path;
	int rc;

	if (!definition)
		return hst_fail(err, HST_NOT_FOUND, "there is no balancer \"%s\"", name);
	if (definition->fault)
		return hst_fail(err, HST_BROKEN, "%s", definition->fault);
	rc = registry_path(definitions->conf->plugins, HST_BALANCER, definition->instance->plugin, &path, err);
	if (rc < 0)
		return rc;
	rc = plugin_load(path, &plugin, err);
	free(path);
	return rc < 0 ? rc : plugin_open(plugin, definition->options, &balancers->host, ret, err);
}

struct balancers *balancers_open(const struct definitions *definitions)
{
	const struct conf *conf = definitions->conf;
	struct balancers *balancers = mem_alloc(sizeof *balancers);

	table_init(&balancers->by_name);
	table_init(&balancers->faults);
	plugin_plain_host(&balancers->host, "balancer", definitions->arena);
	for (size_t i = 0; i < conf->cluster_count; i++) {
		const char *name = conf->clusters[i].balancer;
		struct plugin_instance *balancer;
		hst_error err = {{0}, {0}};

		if (table_get(&balancers->by_name, name) || table_get(&balancers->faults, name))
			continue;
		if (open_balancer(balancers, definitions, name, &balancer, &err) >= 0) {
			table_set(&balancers->by_name, name, balancer);
			continue;
		}
		log_error("balancer %s: %s", name, err.text);
		table_set(&balancers->faults, name, mem_text(err.text));
	}
	return balancers;
}

void balancers_close(struct balancers *balancers)
{
	if (!balancers)
		return;
	TABLE_EACH(&balancers->by_name, entry)
		plugin_close(entry->value);
	TABLE_EACH(&balancers->faults, entry)
		free(entry->value);
	table_clear(&balancers->by_name);
	table_clear(&balancers->faults);
	free(balancers);
}

const char *balancers_fault(const struct engine *engine, const char *instance)
{
	return table_get(&engine->balancers->faults, instance);
}

void balancers_note(struct engine *engine)
{
	const struct conf *conf = engine->definitions->conf;

	for (size_t i = 0; i < conf->cluster_count; i++) {
		const struct conf_cluster *cluster = &conf->clusters[i];
		const char *fault = balancers_fault(engine, cluster->balancer);
		char *text = fault ? mem_printf("cluster %s: its balancer %s cannot choose: %s", cluster->name, cluster->balancer, fault)
		                   : NULL;

		core_note_cluster(engine->core, cluster->name, text);
		free(text);
	}
}
