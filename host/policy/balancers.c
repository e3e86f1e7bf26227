#include "policy/balancers.h"

#include "base/log.h"
#include "base/mem.h"
#include "plugin/load.h"
#include "plugin/registry.h"

#include <stdlib.h>

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

const char *balancers_fault(const struct balancers *balancers, const char *instance)
{
	return table_get(&balancers->faults, instance);
}

void balancers_note(const struct balancers *balancers, const struct conf *conf, struct core *core)
{
	for (size_t i = 0; i < conf->cluster_count; i++) {
		const struct conf_cluster *cluster = &conf->clusters[i];
		const char *fault = balancers_fault(balancers, cluster->balancer);
		char *text = fault ? mem_printf("cluster %s: its balancer %s cannot choose: %s", cluster->name, cluster->balancer, fault)
		                   : NULL;

		core_note_cluster(core, cluster->name, text);
		free(text);
	}
}
