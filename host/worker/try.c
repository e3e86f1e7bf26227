#include "worker/try.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "plugin/connector.h"
#include "plugin/load.h"
#include "plugin/present.h"
#include "plugin/trigger.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "worker/services.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One try: what it works with, so that its parts need few parameters. */
struct attempt {
	hst_arena *arena;
	const hst_plugin *plugin;
	struct services services;
	struct plugin_instance *instance;
	hst_shape shape;
	hst_value *options, *inputs;
};

static int read_pair(hst_arena *arena, hst_value *record, const char *pair, hst_error *err)
{
	const char *equals = strchr(pair, '=');
	AUTO_FREE char *name = NULL;

	if (!equals || equals == pair)
		return hst_fail(err, HST_INVALID, "\"%s\" is not NAME=VALUE", pair);
	name = mem_copy(pair, (size_t)(equals - pair));
	value_set(record, name, value_make_text(arena, equals + 1, strlen(equals + 1)));
	return HST_OK;
}

static int read_arguments(struct attempt *attempt, char *const *arguments, int n, hst_error *err)
{
	int code = HST_OK;

	for (int i = 0; i < n && code == HST_OK; i++) {
		bool option = strcmp(arguments[i], "-o") == 0;

		if (option && ++i == n)
			return hst_fail(err, HST_INVALID, "-o wants OPTION=VALUE");
		code = read_pair(attempt->arena, option ? attempt->options : attempt->inputs, arguments[i], err);
	}
	return code;
}

static int open_instance(struct attempt *attempt, hst_error *err)
{
	const hst_value *options = NULL;
	hst_host *host = &attempt->services.host;
	int code = fields_check(attempt->arena, attempt->plugin->options, "option", attempt->options, false, &options, err);

	if (code == HST_OK)
		code = plugin_shape(attempt->plugin, options, host, attempt->arena, &attempt->shape, err);
	if (code == HST_OK)
		code = plugin_open(attempt->plugin, options, host, &attempt->instance, err);
	return code;
}

static int press(struct attempt *attempt, struct service_call *call, const hst_value **ret, hst_error *err)
{
	const hst_value *checked = NULL;
	const char *key = NULL;
	int code = fields_check(attempt->arena, attempt->shape.event, "input", attempt->inputs, false, &checked, err);

	return code == HST_OK ? trigger_press(attempt->instance, &call->call, checked, &key, ret, err) : code;
}

static int act(struct attempt *attempt, const char *name, const hst_value **ret, hst_error *err)
{
	const hst_shape *shape = PRESENT(attempt->plugin, fields) ? &attempt->shape : NULL;
	const hst_action *action;
	struct service_call call;

	services_begin(&attempt->services, &call, attempt->arena, 0);
	if (attempt->plugin->kind == HST_TRIGGER && strcmp(name, "press") == 0)
		return press(attempt, &call, ret, err);
	if (attempt->plugin->kind != HST_CONNECTOR)
		return hst_fail(err, HST_INVALID, "only actions of connectors and \"press\" of triggers can be tried");
	action = connector_action(attempt->instance, name);
	if (!action)
		return hst_fail(err, HST_NOT_FOUND, "connector plugin \"%s\" has no action \"%s\"", attempt->plugin->name,
				name);
	return connector_run(attempt->instance, action, shape, &call.call, attempt->inputs, ret, err);
}

static void print(const hst_value *outputs)
{
	struct text json;

	text_init(&json, VALUE_BYTES_MAX);
	value_write_json(&json, outputs);
	puts(json.s);
	text_clear(&json);
}

int try_run(const char *path, const char *action, char *const *arguments, int n)
{
	hst_arena *arena = arena_new();
	struct attempt attempt = {
		.arena = arena, .options = value_make_record(arena), .inputs = value_make_record(arena)};
	const hst_value *outputs = NULL;
	char whole[PATH_MAX];
	hst_error err = {0};
	int code = HST_OK;

	if (!realpath(path, whole))
		code = hst_fail(&err, HST_NOT_FOUND, "cannot read %s: %s", path, strerror(errno));
	if (code == HST_OK)
		code = plugin_load(whole, &attempt.plugin, &err);
	if (code == HST_OK)
		code = read_arguments(&attempt, arguments, n, &err);
	if (code == HST_OK) {
		services_init(&attempt.services, attempt.plugin, attempt.plugin->name, arena);
		code = open_instance(&attempt, &err);
		if (code == HST_OK)
			code = act(&attempt, action, &outputs, &err);
		if (code == HST_OK)
			print(outputs);
		services_done(&attempt.services);
		plugin_close(attempt.instance);
		services_clear(&attempt.services);
	}
	arena_free(arena);
	if (code == HST_OK)
		return 0;
	fprintf(stderr, "hostler-worker: error: %s%s%s\n", err.reason, err.reason[0] ? ": " : "", err.text);
	return code == HST_INVALID || code == HST_NOT_FOUND ? 2 : 1;
}
