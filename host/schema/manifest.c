/*
 * Manifests as values. Their own rows are described by tables of fields, so the code that checks a plugin's
 * options also checks what a worker says of a plugin.
 */
#include "schema/manifest.h"

#include "base/arena.h"
#include "schema/fields.h"
#include "schema/types.h"
#include "schema/value.h"

#include <hostler/driver.h>
#include <hostler/session.h>
#include <hostler/strategy.h>
#include <hostler/trigger.h>

#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 256, ACTIONS_MAX = 256, FIELD_NAME_LENGTH_MAX = 48, NAME_LENGTH_MAX = 32 };

static const struct {
	const char *name;
	unsigned system;
} systems[] = {{"client", HST_CLIENT}, {"server", HST_SERVER}, {"linux", HST_LINUX}};

enum { SYSTEMS = sizeof systems / sizeof *systems };

struct field_row {
	const char *name, *type, *doc, *def, *label;
	hst_texts choices;
	int64_t min, max;
	bool required, derived;
};

static const hst_field field_table[] = {
	HST_FIELD(struct field_row, name, .required = true),
	HST_FIELD(struct field_row, type, .required = true),
	HST_FIELD(struct field_row, doc, .doc = "what it means"),
	HST_FIELD(struct field_row, def, .name = "default"),
	HST_FIELD(struct field_row, label, .doc = "what a form shows instead of the name"),
	HST_FIELD(struct field_row, choices, .doc = "the words of a choice"),
	HST_FIELD(struct field_row, min, .def = "0"),
	HST_FIELD(struct field_row, max, .def = "0"),
	HST_FIELD(struct field_row, required, .def = "no"),
	HST_FIELD(struct field_row, derived, .def = "no"),
};

struct action_row {
	const char *name, *summary;
	const hst_value *inputs, *outputs;
	hst_duration deadline;
	bool idempotent;
};

static const hst_field action_table[] = {
	HST_FIELD(struct action_row, name, .required = true),
	HST_FIELD(struct action_row, summary, .doc = "one line"),
	HST_FIELD(struct action_row, inputs, .as = HST_TYPE_TABLE),
	HST_FIELD(struct action_row, outputs, .as = HST_TYPE_TABLE),
	HST_FIELD(struct action_row, deadline, .doc = "in ms"),
	HST_FIELD(struct action_row, idempotent, .def = "no"),
};

struct manifest_row {
	hst_choice kind;
	const char *name, *version, *summary, *about;
	const hst_value *options, *event, *actions;
	bool shaped, pressable, addressed, made_up;
	hst_texts systems;
};

/* In the order of hst_plugin_kind, which counts from 1. */
static const char *const kind_choices[] = {"trigger", "connector", "balancer", "strategy", "driver", NULL};

static const hst_field manifest_table[] = {
	HST_FIELD(struct manifest_row, kind, .choices = kind_choices, .required = true),
	HST_FIELD(struct manifest_row, name, .required = true),
	HST_FIELD(struct manifest_row, version, .required = true),
	HST_FIELD(struct manifest_row, summary, .doc = "one line"),
	HST_FIELD(struct manifest_row, about, .doc = "what the tables cannot say"),
	HST_FIELD(struct manifest_row, options, .as = HST_TYPE_TABLE),
	HST_FIELD(struct manifest_row, event, .as = HST_TYPE_TABLE),
	HST_FIELD(struct manifest_row, actions, .as = HST_TYPE_TABLE),
	HST_FIELD(struct manifest_row, shaped, .def = "no"),
	HST_FIELD(struct manifest_row, pressable, .def = "no"),
	HST_FIELD(struct manifest_row, addressed, .def = "no", .doc = "a driver: its devices may have an address"),
	HST_FIELD(struct manifest_row, made_up, .def = "no", .doc = "a driver: each device has sessions of its own"),
	HST_FIELD(struct manifest_row, systems, .doc = "of a strategy: client, server, linux"),
};

#define TABLE(rows) ((hst_fields)HST_FIELDS(rows))

const struct manifest_action *manifest_action(const struct manifest *manifest, const char *name)
{
	for (size_t i = 0; i < manifest->action_count; i++)
		if (strcmp(manifest->actions[i].name, name) == 0)
			return &manifest->actions[i];
	return NULL;
}

static const char *const *copy_words(hst_arena *arena, const char *const *words)
{
	const char **copy;
	size_t n = 0;

	if (!words)
		return NULL;
	while (words[n])
		n++;
	copy = arena_array(arena, n + 1, sizeof *copy);
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_text(arena, words[i]);
	return copy;
}

static hst_fields copy_fields(hst_arena *arena, hst_fields fields)
{
	hst_field *copies = arena_array(arena, fields.n, sizeof *copies);

	for (size_t i = 0; i < fields.n; i++) {
		copies[i] = fields.at[i];
		copies[i].name = arena_text(arena, field_name(&fields.at[i]));
		copies[i].member = copies[i].name;
		copies[i].type = field_type(&fields.at[i]);
		copies[i].as = HST_TYPE_NONE;
		copies[i].offset = 0;
		copies[i].doc = arena_text(arena, fields.at[i].doc);
		copies[i].def = arena_text(arena, fields.at[i].def);
		copies[i].label = arena_text(arena, fields.at[i].label);
		copies[i].choices = copy_words(arena, fields.at[i].choices);
	}
	return (hst_fields){copies, fields.n};
}

static void copy_action(hst_arena *arena, const hst_action *action, struct manifest_action *ret)
{
	*ret = (struct manifest_action){
		.name = arena_text(arena, action->name),
		.summary = arena_text(arena, action->summary),
		.inputs = copy_fields(arena, action->inputs),
		.outputs = copy_fields(arena, action->outputs),
		.deadline = action->deadline,
		.idempotent = action->flags & HST_IDEMPOTENT,
	};
}

/* A member beyond the size that the plugin was built with is absent. */
#define HAS(structure, member) \
	((structure)->size >= offsetof(__typeof__(*(structure)), member) + sizeof((structure)->member))

static bool plugin_is_pressable(const hst_plugin *plugin)
{
	const hst_trigger_ops *ops = plugin->kind == HST_TRIGGER ? plugin->ops : NULL;

	return ops && HAS(ops, press) && ops->press;
}

static unsigned plugin_systems(const hst_plugin *plugin)
{
	const hst_strategy_ops *ops = plugin->kind == HST_STRATEGY ? plugin->ops : NULL;

	return ops && HAS(ops, systems) ? ops->systems : 0;
}

static unsigned plugin_reach(const hst_plugin *plugin)
{
	const hst_driver_ops *ops = plugin->kind == HST_DRIVER ? plugin->ops : NULL;

	return ops && HAS(ops, reach) ? ops->reach : 0;
}

void manifest_from_plugin(hst_arena *arena, const hst_plugin *plugin, struct manifest *ret)
{
	struct manifest_action *actions = arena_array(arena, plugin->action_count, sizeof *actions);

	for (size_t i = 0; i < plugin->action_count; i++)
		copy_action(arena, &plugin->actions[i], &actions[i]);
	*ret = (struct manifest){
		.kind = plugin->kind,
		.name = arena_text(arena, plugin->name),
		.version = arena_text(arena, plugin->version),
		.summary = arena_text(arena, plugin->summary),
		.about = HAS(plugin, about) ? arena_text(arena, plugin->about) : NULL,
		.options = copy_fields(arena, plugin->options),
		.event = copy_fields(arena, plugin->event),
		.actions = actions,
		.action_count = plugin->action_count,
		.shaped = plugin->fields != NULL,
		.pressable = plugin_is_pressable(plugin),
		.systems = plugin_systems(plugin),
		.reach = plugin_reach(plugin),
	};
}

/* The rows have no bounds and no types that text could break, so taking them out of their structs cannot
 * fail. */
static const hst_value *unbind_row(hst_arena *arena, hst_fields table, const void *row)
{
	const hst_value *value;

	if (fields_unbind(arena, table, row, &value, NULL))
		abort();
	return value;
}

const hst_value *fields_to_value(hst_arena *arena, hst_fields fields)
{
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < fields.n; i++) {
		const hst_field *field = &fields.at[i];
		struct field_row row = {
			.name = field_name(field),
			.type = type_name(field_type(field)),
			.doc = field->doc,
			.def = field->def,
			.label = field->label,
			.choices = {.at = field->choices},
			.min = field->min,
			.max = field->max,
			.required = field->required,
			.derived = field->derived,
		};

		while (field->choices && field->choices[row.choices.n])
			row.choices.n++;
		value_append(list, unbind_row(arena, TABLE(field_table), &row));
	}
	return list;
}

static const hst_value *action_to_value(hst_arena *arena, const struct manifest_action *action)
{
	struct action_row row = {
		.name = action->name,
		.summary = action->summary,
		.inputs = fields_to_value(arena, action->inputs),
		.outputs = fields_to_value(arena, action->outputs),
		.deadline = action->deadline,
		.idempotent = action->idempotent,
	};

	return unbind_row(arena, TABLE(action_table), &row);
}

const hst_value *manifest_to_value(hst_arena *arena, const struct manifest *manifest)
{
	hst_value *actions = value_make_list(arena);
	const char *words[SYSTEMS];
	struct manifest_row row = {
		.kind = {(int)manifest->kind - 1},
		.name = manifest->name,
		.version = manifest->version,
		.summary = manifest->summary,
		.about = manifest->about,
		.options = fields_to_value(arena, manifest->options),
		.event = fields_to_value(arena, manifest->event),
		.actions = actions,
		.shaped = manifest->shaped,
		.pressable = manifest->pressable,
		.addressed = manifest->reach & HST_ADDRESSED,
		.made_up = manifest->reach & HST_MADE_UP,
		.systems = {.at = words},
	};

	for (size_t i = 0; i < manifest->action_count; i++)
		value_append(actions, action_to_value(arena, &manifest->actions[i]));
	for (size_t i = 0; i < SYSTEMS; i++)
		if (manifest->systems & systems[i].system)
			words[row.systems.n++] = systems[i].name;
	return unbind_row(arena, TABLE(manifest_table), &row);
}

/* A lower-case letter, then letters, digits and what `more` allows. */
static bool name_is_fit(const char *name, size_t length, size_t most, const char *more)
{
	if (!length || length > most || name[0] < 'a' || name[0] > 'z')
		return false;
	for (size_t i = 1; i < length; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') &&
		    !strchr(more, name[i]))
			return false;
	return true;
}

static bool field_name_is_fit(const char *name)
{
	size_t length = strlen(name);

	if (length > 2 && strcmp(name + length - 2, ".*") == 0)
		length -= 2;
	return name_is_fit(name, length, FIELD_NAME_LENGTH_MAX, "_");
}

static int bind_row(hst_arena *arena, hst_fields table, const char *what, const hst_value *value, void *row,
		    hst_error *err)
{
	const hst_value *checked;
	int code = fields_check(arena, table, what, value, false, &checked, err);

	if (!code)
		fields_bind(arena, table, checked, row);
	return code;
}

static int field_from_value(hst_arena *arena, const hst_value *value, hst_field *ret, hst_error *err)
{
	struct field_row row = {0};
	hst_type type;
	int code = bind_row(arena, TABLE(field_table), "member", value, &row, err);

	if (code)
		return code;
	if (!field_name_is_fit(row.name))
		return hst_fail(err, HST_INVALID, "\"%.64s\" is no name of a field", row.name);
	type = type_named(row.type);
	if (!type)
		return hst_fail(err, HST_INVALID, "field \"%s\": there is no type \"%.32s\"", row.name,
				row.type);
	if (type == HST_TYPE_CHOICE && !row.choices.n)
		return hst_fail(err, HST_INVALID, "field \"%s\": a choice needs choices", row.name);
	*ret = (hst_field){
		.member = row.name,
		.name = row.name,
		.type = type,
		.doc = row.doc,
		.def = row.def,
		.choices = type == HST_TYPE_CHOICE ? row.choices.at : NULL,
		.min = row.min,
		.max = row.max,
		.required = row.required,
		.derived = row.derived,
		.label = row.label,
	};
	return HST_OK;
}

int fields_from_value(hst_arena *arena, const hst_value *value, hst_fields *ret, hst_error *err)
{
	size_t n = value_count(value);
	hst_field *fields;

	if (value && value_kind(value) != HST_VALUE_LIST)
		return hst_fail(err, HST_INVALID, "fields must be a list");
	if (n > FIELDS_MAX)
		return hst_fail(err, HST_INVALID, "%zu fields, at most %d are allowed", n, FIELDS_MAX);
	fields = arena_array(arena, n, sizeof *fields);
	for (size_t i = 0; i < n; i++) {
		int code = field_from_value(arena, value_at(value, i), &fields[i], err);

		if (code)
			return code;
		if (fields_find((hst_fields){fields, i}, fields[i].name))
			return hst_fail(err, HST_INVALID, "field \"%s\" is there twice", fields[i].name);
	}
	*ret = (hst_fields){fields, n};
	return HST_OK;
}

static int action_from_value(hst_arena *arena, const hst_value *value, struct manifest_action *ret,
			     hst_error *err)
{
	struct action_row row = {0};
	int code = bind_row(arena, TABLE(action_table), "member", value, &row, err);

	if (code)
		return code;
	if (!name_is_fit(row.name, strlen(row.name), NAME_LENGTH_MAX, "_"))
		return hst_fail(err, HST_INVALID, "\"%.64s\" is no name of an action", row.name);
	*ret = (struct manifest_action){.name = row.name,
					.summary = row.summary,
					.deadline = row.deadline,
					.idempotent = row.idempotent};
	code = fields_from_value(arena, row.inputs, &ret->inputs, err);
	return code ? code : fields_from_value(arena, row.outputs, &ret->outputs, err);
}

static int actions_from_value(hst_arena *arena, const hst_value *value, struct manifest *ret, hst_error *err)
{
	size_t n = value_count(value);
	struct manifest_action *actions;

	if (n > ACTIONS_MAX)
		return hst_fail(err, HST_INVALID, "%zu actions, at most %d are allowed", n, ACTIONS_MAX);
	actions = arena_array(arena, n, sizeof *actions);
	ret->actions = actions;
	for (size_t i = 0; i < n; i++) {
		int code = action_from_value(arena, value_at(value, i), &actions[i], err);

		if (code)
			return code;
		if (manifest_action(ret, actions[i].name))
			return hst_fail(err, HST_INVALID, "action \"%s\" is there twice", actions[i].name);
		ret->action_count = i + 1;
	}
	return HST_OK;
}

static int systems_from_words(hst_texts words, unsigned *ret, hst_error *err)
{
	unsigned set = 0;

	for (size_t i = 0; i < words.n; i++) {
		size_t at = 0;

		while (at < SYSTEMS && strcmp(systems[at].name, words.at[i]) != 0)
			at++;
		if (at == SYSTEMS)
			return hst_fail(err, HST_INVALID, "there is no system \"%.32s\"", words.at[i]);
		set |= systems[at].system;
	}
	*ret = set;
	return HST_OK;
}

int manifest_from_value(hst_arena *arena, const hst_value *value, struct manifest *ret, hst_error *err)
{
	struct manifest_row row = {0};
	struct manifest manifest = {0};
	int code = bind_row(arena, TABLE(manifest_table), "member", value, &row, err);

	if (code)
		return code;
	if (!name_is_fit(row.name, strlen(row.name), NAME_LENGTH_MAX, "_-"))
		return hst_fail(err, HST_INVALID, "\"%.64s\" is no name of a plugin", row.name);
	manifest.kind = (hst_plugin_kind)(row.kind.index + 1);
	manifest.name = row.name;
	manifest.version = row.version;
	manifest.summary = row.summary;
	manifest.about = row.about;
	manifest.shaped = row.shaped;
	manifest.pressable = row.pressable;
	manifest.reach = (row.addressed ? HST_ADDRESSED : 0u) | (row.made_up ? HST_MADE_UP : 0u);
	code = systems_from_words(row.systems, &manifest.systems, err);
	if (!code)
		code = fields_from_value(arena, row.options, &manifest.options, err);
	if (!code)
		code = fields_from_value(arena, row.event, &manifest.event, err);
	if (!code)
		code = actions_from_value(arena, row.actions, &manifest, err);
	if (!code)
		*ret = manifest;
	return code;
}
