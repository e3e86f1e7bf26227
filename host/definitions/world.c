#include "definitions/world.h"

#include "base/auto.h"
#include "base/mem.h"
#include "pure/flow/check.h"

#include <string.h>

/* What the callbacks are given: callbacks of a const world still get a plain pointer. */
struct view {
	const struct definitions *definitions;
	hst_fields alert; /* outputs of WORLD_ALERT; none: it is not there */
};

static const struct definition *instance(void *arg, hst_plugin_kind kind, const char *name)
{
	const struct view *view = arg;

	return definitions_instance(view->definitions, kind, name);
}

static enum flow_known standing(const struct definition *definition)
{
	if (!definition)
		return FLOW_UNKNOWN;
	return definition->bad ? FLOW_KNOWN_BAD : FLOW_KNOWN;
}

static enum flow_known world_trigger(void *arg, const char *name, hst_fields *ret_event)
{
	const struct definition *trigger = instance(arg, HST_TRIGGER, name);
	enum flow_known known = standing(trigger);

	if (known == FLOW_KNOWN)
		*ret_event = trigger->event;
	return known;
}

static bool is_alert(const struct view *view, const char *connector)
{
	return view->alert.n && strcmp(connector, WORLD_ALERT) == 0;
}

static enum flow_known world_connector(void *arg, const char *name)
{
	if (is_alert(arg, name))
		return FLOW_KNOWN;
	return standing(instance(arg, HST_CONNECTOR, name));
}

static const char *nearest_action(const struct manifest *manifest, const char *action)
{
	AUTO_FREE const char **names = mem_array(manifest->action_count + 1, sizeof *names);

	for (size_t i = 0; i < manifest->action_count; i++)
		names[i] = manifest->actions[i].name;
	return nearest_word(names, action);
}

static enum flow_known world_action(void *arg, const char *connector, const char *action, hst_fields *ret_inputs,
				    hst_fields *ret_outputs, const char **ret_nearest)
{
	const struct definition *definition = instance(arg, HST_CONNECTOR, connector);
	enum flow_known known = standing(definition);
	hst_duration deadline;

	if (is_alert(arg, connector)) {
		*ret_inputs = (hst_fields){0};
		*ret_outputs = ((const struct view *)arg)->alert;
		return FLOW_KNOWN;
	}
	if (known != FLOW_KNOWN)
		return known;
	if (definitions_action(definition, action, ret_inputs, ret_outputs, &deadline))
		return FLOW_KNOWN;
	*ret_nearest = nearest_action(&definition->manifest, action);
	return FLOW_UNKNOWN;
}

static enum flow_known world_package(void *arg, const char *name, hst_fields *ret_inputs, hst_fields *ret_outputs)
{
	const struct view *view = arg;
	const struct package *package = table_get(&view->definitions->packages, name);

	if (!package)
		return table_get(&view->definitions->bad_packages, name) ? FLOW_KNOWN_BAD : FLOW_UNKNOWN;
	*ret_inputs = package->inputs;
	*ret_outputs = package->outputs;
	return FLOW_KNOWN;
}

static enum flow_known world_connection(void *arg, const char *name)
{
	const struct view *view = arg;

	return conf_connection(view->definitions->conf, name) ? FLOW_KNOWN : FLOW_UNKNOWN;
}

/* The nearest key of a table; the word stays valid, since keys belong to the table. */
static const char *nearest_key(const struct table *table, const char *name)
{
	AUTO_FREE const char **names = mem_array(table->n + 1, sizeof *names);
	size_t n = 0;

	TABLE_EACH(table, entry)
		names[n++] = entry->key;
	return nearest_word(names, name);
}

static const char *nearest_connection(const struct conf *conf, const char *name)
{
	AUTO_FREE const char **names = mem_array(conf->connection_count + 1, sizeof *names);

	for (size_t i = 0; i < conf->connection_count; i++)
		names[i] = conf->connections[i].name;
	return nearest_word(names, name);
}

static const char *world_nearest(void *arg, const char *kind, const char *name)
{
	const struct view *view = arg;
	const struct definitions *definitions = view->definitions;

	if (strcmp(kind, "connection") == 0)
		return nearest_connection(definitions->conf, name);
	if (strcmp(kind, "package") == 0) {
		const char *near = nearest_key(&definitions->packages, name);

		return near ? near : nearest_key(&definitions->bad_packages, name);
	}
	if (strcmp(kind, "connector") == 0)
		return nearest_key(&definitions->instances[HST_CONNECTOR], name);
	return nearest_key(&definitions->instances[HST_TRIGGER], name);
}

static void check(struct view view, const struct flow *flow, struct problems *problems)
{
	const struct flow_world world = {
		.trigger = world_trigger,
		.connector = world_connector,
		.action = world_action,
		.package = world_package,
		.connection = world_connection,
		.nearest = world_nearest,
		.arg = &view,
	};

	flow_check(flow, &world, problems);
}

void world_check_flow(const struct definitions *definitions, const struct flow *flow, struct problems *problems)
{
	check((struct view){.definitions = definitions}, flow, problems);
}

void world_check_alert(const struct definitions *definitions, const struct flow *flow, hst_fields outputs, struct problems *problems)
{
	check((struct view){.definitions = definitions, .alert = outputs}, flow, problems);
}
