#include "plugin/instance.h"

#include "base/arena.h"
#include "base/mem.h"
#include "plugin/guard.h"
#include "plugin/present.h"
#include "plugin/verify.h"
#include "schema/fields.h"
#include "schema/manifest.h"
#include "schema/sentence.h"

#include <stdarg.h>
#include <string.h>

/* Reasons are words that people look up; what is no word is none. */
static bool is_word(const char *reason)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	size_t length = strnlen(reason, HST_REASON_MAX);

	return length < HST_REASON_MAX && strspn(reason, letters) == length;
}

int plugin_answer(const hst_plugin *plugin, const char *op, int code, const hst_error *said, hst_error *err)
{
	hst_error copy = *said; /* the caller may pass the same struct twice */
	char text[HST_TEXT_MAX];

	guard_leave();
	if (code == HST_OK)
		return HST_OK;
	if (code > HST_OK || code < HST_BROKEN)
		return plugin_broke(plugin, op, err, "returned %d, which is none of hst_code", code);
	if (!is_word(copy.reason))
		copy.reason[0] = '\0';
	sentence_copy(text, sizeof text, copy.text, strnlen(copy.text, sizeof copy.text));
	if (text[0] == '\0')
		return hst_fail_as(err, (hst_code)code, copy.reason,
				   "%s plugin \"%s\": %s failed without saying why",
				   manifest_kind_name(plugin->kind), plugin->name, op);
	return hst_fail_as(err, (hst_code)code, copy.reason, "%s", text);
}

int plugin_broke(const hst_plugin *plugin, const char *op, hst_error *err, const char *format, ...)
{
	char text[HST_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return hst_fail(err, HST_BROKEN, "%s plugin \"%s\": %s %s", manifest_kind_name(plugin->kind),
			plugin->name, op, text);
}

static char *who(const hst_plugin *plugin, const char *instance)
{
	return mem_printf("%s plugin \"%s\" (%s)", manifest_kind_name(plugin->kind), plugin->name, instance);
}

void plugin_begin(const struct plugin_instance *instance, const char *op, int64_t limit_ms)
{
	guard_enter(instance->who, op, limit_ms);
}

const char plugin_no_room[] = "no memory can be locked for secrets; set LimitMEMLOCK=8M in the unit of the service, or "
			      "\"ulimit -l 8192\" in the shell that starts it";

static int bind_options(const hst_plugin *plugin, const hst_value *options, hst_arena *arena, void **ret, hst_error *err)
{
	*ret = arena_alloc(arena, plugin->config_size ? plugin->config_size : 1);
	return fields_bind(arena, plugin->options, options, *ret) ? HST_OK
								  : hst_fail_as(err, HST_DENIED, "MemlockTooSmall", "%s", plugin_no_room);
}

int plugin_open(const hst_plugin *plugin, const hst_value *options, hst_host *host,
		struct plugin_instance **ret, hst_error *err)
{
	hst_arena *arena = arena_new_wiping();
	struct plugin_instance *instance;
	hst_error said = {0};
	void *state = NULL, *config;
	char *name;
	int code = bind_options(plugin, options, arena, &config, err);

	if (code != HST_OK) {
		arena_free(arena);
		return code;
	}
	name = who(plugin, host->instance);
	guard_enter(name, "open", GUARD_OPEN_MS);
	code = plugin->open(config, host, &state, &said);
	if ((code = plugin_answer(plugin, "open", code, &said, err)) != HST_OK) {
		arena_free(arena);
		free(name);
		return code;
	}
	instance = mem_alloc(sizeof *instance);
	instance->plugin = plugin;
	instance->host = host;
	instance->config = config;
	instance->state = state;
	instance->arena = arena;
	instance->scratch = arena_new();
	instance->who = name;
	*ret = instance;
	return HST_OK;
}

void plugin_close(struct plugin_instance *instance)
{
	if (!instance)
		return;
	if (PRESENT(instance->plugin, close)) {
		plugin_begin(instance, "close", GUARD_GRACE_MS);
		instance->plugin->close(instance->state);
		guard_leave();
	}
	arena_free(instance->scratch);
	arena_free(instance->arena);
	free(instance->who);
	free(instance);
}

int plugin_check(struct plugin_instance *instance, hst_call *call, hst_error *err)
{
	hst_error said = {0};
	int code;

	if (!PRESENT(instance->plugin, check))
		return HST_OK;
	plugin_begin(instance, "check", guard_limit(call));
	code = instance->plugin->check(instance->state, call, &said);
	return plugin_answer(instance->plugin, "check", code, &said, err);
}

static int verify_shape(const hst_plugin *plugin, const hst_shape *shape, hst_error *err)
{
	const struct {
		const char *name;
		hst_fields fields;
		enum verify_place place;
	} tables[] = {
		{"event", shape->event, VERIFY_EVENT},
		{"inputs", shape->inputs, VERIFY_INPUT},
		{"outputs", shape->outputs, VERIFY_OUTPUT},
	};
	char where[80];

	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		int code;

		snprintf(where, sizeof where, "plugin \"%s\": fields gave .%s", plugin->name, tables[i].name);
		code = verify_fields(where, tables[i].fields, tables[i].place, SIZE_MAX, err);
		if (code != HST_OK)
			return code;
	}
	return HST_OK;
}

int plugin_shape(const hst_plugin *plugin, const hst_value *options, hst_host *host, hst_arena *arena,
		 hst_shape *ret, hst_error *err)
{
	hst_shape shape = {.event = plugin->event};
	hst_error said = {0};
	void *config;
	hst_call call;
	char *name;
	int code;

	if (PRESENT(plugin, fields)) {
		code = bind_options(plugin, options, arena, &config, err);
		if (code != HST_OK)
			return code;
		plugin_plain_call(&call, host, arena);
		memset(&shape, 0, sizeof shape);
		name = who(plugin, host->instance);
		guard_enter(name, "fields", GUARD_LOAD_MS);
		code = plugin->fields(config, &call, &shape, &said);
		free(name);
		if ((code = plugin_answer(plugin, "fields", code, &said, err)) != HST_OK)
			return code;
		if ((code = verify_shape(plugin, &shape, err)) != HST_OK)
			return code;
		if (!shape.event.n)
			shape.event = plugin->event;
	}
	*ret = shape;
	return HST_OK;
}
