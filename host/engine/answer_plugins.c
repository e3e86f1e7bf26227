/* Triggers and plugins, with how their processes stand: why one does not work, and what to do about it. */
#include "engine/answers.h"

#include "base/mem.h"
#include "engine/why.h"
#include "plugin/registry.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

/* As hostlerd has it; "away" where it says nothing, or something else than what is seen here. */
static const char *state_of(struct engine *engine, const char *child)
{
	const struct standing *standings, *one = NULL;
	size_t n = 0;

	if (hub_next(engine->hub, child, NULL))
		return "ready";
	if (standing_read(engine->scratch, engine->definitions->conf->state_dir, &standings, &n, NULL) == HST_OK)
		one = standing_of(standings, n, child);
	return one && strcmp(one->state, "ready") != 0 ? one->state : "away";
}

static const char *remedy_of(const char *state)
{
	if (strcmp(state, "degraded") == 0)
		return "Mend what it says, then `hostler reload`.";
	if (strcmp(state, "faulty") == 0)
		return "Mend the plugin, then `hostler reload`.";
	return NULL;
}

/* The process of an instance that is not ready comes before one that is. */
static const char *child_of(struct engine *engine, const struct conf_instance *instance, const char **ret_state)
{
	const char *kind = instance->kind == HST_TRIGGER ? "trigger" : "connector";
	const char *child = arena_printf(engine->scratch, "worker/%s/%s", kind, instance->name);

	*ret_state = state_of(engine, child);
	for (int64_t i = 2; i <= instance->workers && strcmp(*ret_state, "ready") == 0; i++) {
		const char *other = arena_printf(engine->scratch, "worker/%s/%s#%lld", kind, instance->name, (long long)i);
		const char *state = state_of(engine, other);

		if (strcmp(state, "ready") == 0)
			continue;
		child = other;
		*ret_state = state;
	}
	return child;
}

/* What was wrong with its plugin when the configuration was read or, in this process, when it was opened. */
static const char *fault_of(const struct engine *engine, const struct definition *definition)
{
	if (definition->fault || definition->instance->kind != HST_BALANCER)
		return definition->fault;
	return balancers_fault(engine->balancers, definition->instance->name);
}

/* Members `state`, `why` and `remedy`; the last two where something is wrong. */
static void set_standing(struct engine *engine, hst_value *record, const struct definition *definition)
{
	const char *state = NULL, *fault = fault_of(engine, definition), *why = fault;

	if (definition->instance->kind == HST_TRIGGER || definition->instance->kind == HST_CONNECTOR) {
		const char *child = child_of(engine, definition->instance, &state);

		if (!why && strcmp(state, "ready") != 0)
			why = why_process(engine, child);
	}
	if (fault && (!state || strcmp(state, "ready") != 0))
		state = "faulty";
	value_set_text(record, "state", state);
	value_set_text(record, "why", state && strcmp(state, "ready") == 0 ? NULL : why);
	value_set_text(record, "remedy", state ? remedy_of(state) : NULL);
}

static hst_value *flows_on(struct engine *engine, const char *trigger)
{
	hst_value *list = value_make_list(engine->scratch);

	TABLE_EACH(&engine->definitions->flows, entry) {
		const struct flow *flow = entry->value;

		for (size_t i = 0; i < flow->on_count; i++)
			if (strcmp(flow->on[i], trigger) == 0)
				value_append(list, value_make_text(engine->scratch, flow->name, strlen(flow->name)));
	}
	return list;
}

int answer_triggers(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	hst_value *list = value_make_list(engine->scratch);

	(void)filters;
	(void)err;
	TABLE_EACH(&engine->definitions->instances[HST_TRIGGER], entry) {
		const struct definition *definition = entry->value;
		hst_value *record = value_make_record(engine->scratch);
		char *worker = mem_printf("worker/trigger/%s", definition->instance->name);

		value_set_text(record, "name", definition->instance->name);
		value_set_text(record, "plugin", definition->instance->plugin);
		value_set_boolean(record, "pressable", definition->manifest.pressable);
		value_set_boolean(record, "ready", hub_next(engine->hub, worker, NULL) != NULL);
		set_standing(engine, record, definition);
		answer_set_disabled(engine, record, "trigger", definition->instance->name);
		value_set(record, "flows", flows_on(engine, definition->instance->name));
		value_set(record, "inputs", fields_to_value(engine->scratch, definition->event));
		value_append(list, record);
		free(worker);
	}
	*ret = list;
	return HST_OK;
}

/* Instances of a plugin by name; *ret_worst is one that does not work, where there is one. */
static hst_value *instances_of(struct engine *engine, hst_plugin_kind kind, const char *plugin,
                               const struct definition **ret_worst)
{
	hst_value *list = value_make_list(engine->scratch);
	bool ready = true;

	TABLE_EACH(&engine->definitions->instances[kind], entry) {
		const struct definition *definition = entry->value;
		const char *state = "ready";

		if (!definition->instance->plugin || strcmp(definition->instance->plugin, plugin) != 0)
			continue;
		value_append(list, value_make_text(engine->scratch, definition->instance->name, strlen(definition->instance->name)));
		if (kind == HST_TRIGGER || kind == HST_CONNECTOR)
			child_of(engine, definition->instance, &state);
		if (!*ret_worst || (ready && (fault_of(engine, definition) || strcmp(state, "ready") != 0)))
			*ret_worst = definition;
		ready = ready && !fault_of(engine, definition) && strcmp(state, "ready") == 0;
	}
	return list;
}

static void add_plugin(struct engine *engine, hst_plugin_kind kind, const char *name, hst_value *list)
{
	hst_value *record = value_make_record(engine->scratch);
	const struct definition *worst = NULL;
	hst_value *instances = instances_of(engine, kind, name, &worst);

	value_set_text(record, "kind", manifest_kind_name(kind));
	value_set_text(record, "name", name);
	value_set_text(record, "version", worst ? worst->manifest.version : NULL);
	value_set_text(record, "summary", worst ? worst->manifest.summary : NULL);
	value_set(record, "instances", instances);
	if (worst)
		set_standing(engine, record, worst);
	value_append(list, record);
}

static bool is_among(char **names, const char *name)
{
	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Every plugin file there is, and those that should be there. Version and summary are known of those that an instance
 * uses. */
int answer_plugins(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	hst_value *list = value_make_list(engine->scratch);

	(void)filters;
	(void)err;
	for (hst_plugin_kind kind = HST_TRIGGER; kind < HST_KIND_COUNT; kind++) {
		char **names = registry_names(engine->definitions->conf->plugins, kind);

		for (size_t i = 0; names[i]; i++)
			add_plugin(engine, kind, names[i], list);
		TABLE_EACH(&engine->definitions->instances[kind], entry) {
			const struct definition *definition = entry->value;

			if (definition->fault && !is_among(names, definition->instance->plugin))
				add_plugin(engine, kind, definition->instance->plugin, list);
		}
		registry_names_free(names);
	}
	*ret = list;
	return HST_OK;
}
