#include "plugin/verify.h"

#include "plugin/name.h"
#include "plugin/present.h"
#include "schema/sentence.h"
#include "schema/utf8.h"

#include <hostler/balancer.h>
#include <hostler/driver.h>
#include <hostler/strategy.h>
#include <hostler/trigger.h>

#include <string.h>

enum {
	VERSION_MAX = 32,
	SUMMARY_MAX = 120,
	ABOUT_MAX = 16 * 1024,
	STRUCT_MAX = 64 * 1024,
	ACTIONS_MAX = 64,
	ALL_SYSTEMS = HST_CLIENT | HST_SERVER | HST_LINUX,
};

/* One op that a kind cannot do without: where its pointer is in the ops struct. */
struct mandatory {
	const char *name;
	size_t offset;
};

/* clang-format off */
#define OP(type, member) {#member, offsetof(type, member)}

static const struct mandatory balancer_mandatory[] = {
	OP(hst_balancer_ops, choose),
	{NULL, 0},
};

static const struct mandatory strategy_mandatory[] = {
	OP(hst_strategy_ops, slots),
	OP(hst_strategy_ops, plan),
	OP(hst_strategy_ops, retire),
	{NULL, 0},
};

static const struct mandatory driver_mandatory[] = {
	OP(hst_driver_ops, list),
	OP(hst_driver_ops, identify),
	OP(hst_driver_ops, open),
	OP(hst_driver_ops, start),
	OP(hst_driver_ops, close),
	{NULL, 0},
};

static const struct mandatory nothing_mandatory[] = {{NULL, 0}};

/* What each kind has and must have. `ops_type` NULL: the kind has no ops. */
static const struct kind {
	const char *name;
	const char *ops_type;
	const struct mandatory *mandatory;
	bool has_event, has_actions;
} kinds[HST_KIND_COUNT] = {
	[HST_TRIGGER] = {"trigger", "hst_trigger_ops", nothing_mandatory, true, false},
	[HST_CONNECTOR] = {"connector", NULL, nothing_mandatory, false, true},
	[HST_BALANCER] = {"balancer", "hst_balancer_ops", balancer_mandatory, false, false},
	[HST_STRATEGY] = {"strategy", "hst_strategy_ops", strategy_mandatory, false, false},
	[HST_DRIVER] = {"driver", "hst_driver_ops", driver_mandatory, false, false},
};
/* clang-format on */

static bool text_fits(const char *text, size_t max)
{
	return text && text[0] && memchr(text, '\0', max + 1) != NULL && sentence_fits(text, strlen(text));
}

/*
 * Every check names the file's name, the member and the rule; in the order of the table at the end of this
 * file.
 */
static int wrong(const char *name, const char *member, const char *rule, hst_error *err)
{
	return hst_fail(err, HST_INVALID, "plugin \"%s\": %s %s", name, member, rule);
}

static int check_abi(const hst_plugin *plugin, const char *name, hst_error *err)
{
	if (plugin->abi >> 16 == HST_ABI_MAJOR)
		return HST_OK;
	return hst_fail(err, HST_INVALID,
			"plugin \"%s\": .abi has major %u, this host speaks %d; build the plugin with this "
			"host's headers",
			name, plugin->abi >> 16, HST_ABI_MAJOR);
}

static int check_size(const hst_plugin *plugin, const char *name, hst_error *err)
{
	/* The last member of version 1.0; a plugin built with later headers is longer. */
	size_t least = offsetof(hst_plugin, ops) + sizeof plugin->ops;

	if (plugin->size >= least)
		return HST_OK;
	return hst_fail(err, HST_INVALID,
			"plugin \"%s\": .size is %u, must be sizeof(hst_plugin), at least %zu", name,
			plugin->size, least);
}

static int check_kind(const hst_plugin *plugin, const char *name, hst_error *err)
{
	if (plugin->kind >= HST_TRIGGER && plugin->kind < HST_KIND_COUNT)
		return HST_OK;
	return wrong(name, ".kind", "must be one of hst_plugin_kind", err);
}

static int check_name(const hst_plugin *plugin, const char *name, hst_error *err)
{
	if (!name_fits(plugin->name, NAME_PLUGIN_MAX, true))
		return wrong(name, ".name", "must be a lower-case letter and up to 31 of a-z 0-9 _ -", err);
	if (strcmp(plugin->name, name) != 0)
		return hst_fail(err, HST_INVALID,
				"plugin \"%s\": .name is \"%s\", must equal the file's name", name,
				plugin->name);
	return HST_OK;
}

static bool paragraphs_fit(const char *text)
{
	size_t length = strnlen(text, ABOUT_MAX + 1);

	return length <= ABOUT_MAX && utf8_valid(text, length) == length;
}

static int check_words(const hst_plugin *plugin, const char *name, hst_error *err)
{
	if (!text_fits(plugin->version, VERSION_MAX))
		return wrong(name, ".version", "must be one line of 1 to 32 bytes of UTF-8", err);
	if (!text_fits(plugin->summary, SUMMARY_MAX))
		return wrong(name, ".summary", "must be one line of 1 to 120 bytes of UTF-8", err);
	if (PRESENT(plugin, about) && !paragraphs_fit(plugin->about))
		return wrong(name, ".about", "must be at most 16 KiB of UTF-8", err);
	return HST_OK;
}

static int check_options(const hst_plugin *plugin, const char *name, hst_error *err)
{
	char where[80];

	if (plugin->config_size > STRUCT_MAX)
		return wrong(name, ".config_size", "must be at most 64 KiB", err);
	snprintf(where, sizeof where, "plugin \"%s\": .options", name);
	return verify_fields(where, plugin->options, VERIFY_OPTION, plugin->config_size, err);
}

static int check_event(const hst_plugin *plugin, const char *name, hst_error *err)
{
	char where[80];

	if (plugin->event.n && !kinds[plugin->kind].has_event)
		return wrong(name, ".event", "may be set only by triggers", err);
	snprintf(where, sizeof where, "plugin \"%s\": .event", name);
	/* The descriptor does not tell the size of the event's struct, so a ceiling stands in for it. */
	return verify_fields(where, plugin->event, VERIFY_EVENT, STRUCT_MAX, err);
}

/* What `fields` says of inputs and outputs counts alone, so whatever else was said would be overlooked. */
static int check_fields(const hst_plugin *plugin, const char *name, hst_error *err)
{
	if (!PRESENT(plugin, fields))
		return HST_OK;
	for (size_t i = 0; i < plugin->action_count; i++)
		if (plugin->actions[i].inputs.n || plugin->actions[i].outputs.n)
			return wrong(name, ".actions", "must have no inputs and outputs of their own where .fields is set", err);
	return HST_OK;
}

static int check_open(const hst_plugin *plugin, const char *name, hst_error *err)
{
	return plugin->open ? HST_OK : wrong(name, ".open", "must not be NULL", err);
}

static int check_ops(const hst_plugin *plugin, const char *name, hst_error *err)
{
	const struct kind *kind = &kinds[plugin->kind];
	size_t size;

	if (!kind->ops_type)
		return plugin->ops ? wrong(name, ".ops", "must be NULL: a connector is its actions", err)
				   : HST_OK;
	if (!plugin->ops)
		return hst_fail(err, HST_INVALID, "plugin \"%s\": .ops must point to a %s", name,
				kind->ops_type);
	size = *(const size_t *)plugin->ops;
	for (const struct mandatory *op = kind->mandatory; op->name; op++) {
		void (*function)(void) = NULL;

		if (size < op->offset + sizeof function)
			return hst_fail(err, HST_INVALID,
					"plugin \"%s\": .ops->size is %zu, must be sizeof(%s) and reach .%s",
					name, size, kind->ops_type, op->name);
		memcpy(&function, (const char *)plugin->ops + op->offset, sizeof function);
		if (!function)
			return hst_fail(err, HST_INVALID, "plugin \"%s\": .ops->%s must not be NULL in a %s",
					name, op->name, kind->name);
	}
	return HST_OK;
}

static int check_trigger_ops(const hst_plugin *plugin, const char *name, hst_error *err)
{
	const hst_trigger_ops *ops = plugin->ops;

	if (plugin->kind != HST_TRIGGER)
		return HST_OK;
	if (ops->size < sizeof ops->size)
		return wrong(name, ".ops->size", "must be sizeof(hst_trigger_ops)", err);
	if (PRESENT(ops, watch) && !PRESENT(ops, ready))
		return wrong(name, ".ops->ready",
			     "must not be NULL where .watch is set: somebody has to look", err);
	return HST_OK;
}

static int check_systems(const hst_plugin *plugin, const char *name, hst_error *err)
{
	const hst_strategy_ops *ops = plugin->ops;

	if (plugin->kind != HST_STRATEGY)
		return HST_OK;
	if (ops->systems == 0 || (ops->systems & ~(unsigned)ALL_SYSTEMS))
		return wrong(name, ".ops->systems", "must be a set of hst_system, not empty (rule R10a)",
			     err);
	return HST_OK;
}

static int check_action(const hst_action *action, const char *where, hst_error *err)
{
	char table[160];
	int code;

	if (!text_fits(action->summary, SUMMARY_MAX))
		return hst_fail(err, HST_INVALID, "%s.summary must be one line of 1 to 120 bytes of UTF-8", where);
	if (!action->run)
		return hst_fail(err, HST_INVALID, "%s.run must not be NULL", where);
	if (action->input_size > STRUCT_MAX || action->output_size > STRUCT_MAX)
		return hst_fail(err, HST_INVALID, "%s.input_size and .output_size must be at most 64 KiB",
				where);
	if (action->deadline.ms < 0)
		return hst_fail(err, HST_INVALID, "%s.deadline must not be negative", where);
	if (action->flags & ~(unsigned)HST_IDEMPOTENT)
		return hst_fail(err, HST_INVALID, "%s.flags must be 0 or HST_IDEMPOTENT", where);
	snprintf(table, sizeof table, "%s.inputs", where);
	if ((code = verify_fields(table, action->inputs, VERIFY_INPUT, action->input_size, err)) != HST_OK)
		return code;
	snprintf(table, sizeof table, "%s.outputs", where);
	return verify_fields(table, action->outputs, VERIFY_OUTPUT, action->output_size, err);
}

static int check_actions(const hst_plugin *plugin, const char *name, hst_error *err)
{
	int code;

	if (!kinds[plugin->kind].has_actions) {
		if (plugin->action_count || plugin->actions)
			return wrong(name, ".actions", "may be set only by connectors", err);
		return HST_OK;
	}
	if (!plugin->actions || plugin->action_count < 1 || plugin->action_count > ACTIONS_MAX)
		return wrong(name, ".actions",
			     "must be there in a connector, 1 to 64 of them, counted in .action_count", err);
	for (size_t i = 0; i < plugin->action_count; i++) {
		const hst_action *action = &plugin->actions[i];
		char where[128];

		if (!name_fits(action->name, NAME_ACTION_MAX, false))
			return hst_fail(err, HST_INVALID,
					"plugin \"%s\": .actions[%zu].name must be a lower-case letter and "
					"up to 31 of a-z 0-9 _",
					name, i);
		for (size_t j = 0; j < i; j++)
			if (strcmp(plugin->actions[j].name, action->name) == 0)
				return hst_fail(
					err, HST_INVALID,
					"plugin \"%s\": .actions[%zu].name \"%s\" must not be used twice",
					name, i, action->name);
		snprintf(where, sizeof where, "plugin \"%s\": .actions \"%s\" ", name, action->name);
		if ((code = check_action(action, where, err)) != HST_OK)
			return code;
	}
	return HST_OK;
}

/*
 * In this order, so that a check may rely on those above it: no member is read before .abi and .size allow
 * it.
 */
static int (*const checks[])(const hst_plugin *plugin, const char *name, hst_error *err) = {
	check_abi,   check_size, check_kind, check_name,	check_words,   check_options,
	check_event, check_open, check_ops,  check_trigger_ops, check_systems, check_actions,
	check_fields,
};

int plugin_verify(const hst_plugin *plugin, const char *name, hst_error *err)
{
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		int code = checks[i](plugin, name, err);

		if (code != HST_OK)
			return code;
	}
	return HST_OK;
}
