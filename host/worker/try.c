#include "worker/try.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"
#include "plugin/connector.h"
#include "plugin/load.h"
#include "plugin/present.h"
#include "plugin/registry.h"
#include "plugin/trigger.h"
#include "schema/fields.h"
#include "schema/manifest.h"
#include "schema/types.h"
#include "schema/value.h"
#include "seal/secret.h"
#include "worker/attempt.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_FILE_MAX = 64 << 10 };

int attempt_read_pair(hst_arena *arena, hst_value *record, const char *pair, hst_error *err)
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
		bool option = strcmp(arguments[i], "-o") == 0, events = strcmp(arguments[i], "-n") == 0;

		if ((option || events) && ++i == n)
			return hst_fail(err, HST_INVALID, option ? "-o wants OPTION=VALUE" : "-n wants a number of events");
		if (events && (!type_read_integer(arguments[i], &attempt->events) || attempt->events < 1))
			return hst_fail(err, HST_INVALID, "-n %s is no number of events", arguments[i]);
		if (events)
			continue;
		if (!option && !attempt->word && !strchr(arguments[i], '='))
			attempt->word = arguments[i];
		else
			code = attempt_read_pair(attempt->arena, option ? attempt->options : attempt->inputs, arguments[i], err);
	}
	return code;
}

/* Everybody can read a command line, so what is given for a secret is the name of a file that has it; its last line end is none of it. */
static int read_secret(hst_arena *arena, const char *path, const hst_value **ret, hst_error *err)
{
	char *bytes = NULL;
	size_t n = 0;
	int code = files_read(path, SECRET_FILE_MAX, &bytes, &n, err);

	if (code != HST_OK)
		return code;
	*ret = value_make_text(arena, bytes, n && bytes[n - 1] == '\n' ? n - 1 : n);
	explicit_bzero(bytes, n);
	free(bytes);
	return HST_OK;
}

/* What was given stays as it is: an instance may be opened again. */
static int read_secrets(hst_arena *arena, hst_fields fields, const hst_value *given, const hst_value **ret, hst_error *err)
{
	hst_value *read = value_make_record(arena);
	int code = HST_OK;

	for (size_t i = 0; i < value_count(given) && code == HST_OK; i++) {
		const hst_value *value = value_at(given, i);
		const hst_field *field = fields_find(fields, value_name_at(given, i));

		if (field && field_type(field) == HST_TYPE_SECRET)
			code = read_secret(arena, value_text(value), &value, err);
		value_set(read, value_name_at(given, i), value);
	}
	*ret = read;
	return code;
}

int attempt_open(struct attempt *attempt, hst_error *err)
{
	const hst_value *given = NULL, *options = NULL;
	hst_host *host = &attempt->alone.services.host;
	int code = read_secrets(attempt->arena, attempt->plugin->options, attempt->options, &given, err);

	fields_use_secrets(&secret_table);
	if (code == HST_OK)
		code = fields_check(attempt->arena, attempt->plugin->options, "option", given, false, &options, err);

	if (code == HST_OK)
		code = plugin_shape(attempt->plugin, options, host, attempt->arena, &attempt->shape, err);
	if (code == HST_OK)
		code = plugin_open(attempt->plugin, options, host, &attempt->instance, err);
	return code;
}

void try_print(const hst_value *value)
{
	AUTO(text) struct text json;

	text_init(&json, VALUE_BYTES_MAX);
	value_write_json(&json, value);
	puts(json.s);
	fflush(stdout);
}

static int try_press(struct attempt *attempt, hst_error *err)
{
	const hst_value *checked = NULL, *values = NULL;
	const char *key = NULL;
	struct service_call call;
	int code = fields_check(attempt->arena, attempt->shape.event, "input", attempt->inputs, false, &checked, err);

	services_begin(&attempt->alone.services, &call, attempt->arena, 0);
	if (code == HST_OK)
		code = trigger_press(attempt->instance, &call.call, checked, &key, &values, err);
	if (code == HST_OK)
		try_print(values);
	return code;
}

static int say_actions(const struct attempt *attempt, hst_error *err)
{
	AUTO(text) struct text names;

	text_init(&names, HST_TEXT_MAX);
	for (size_t i = 0; i < attempt->plugin->action_count; i++)
		text_addf(&names, "%s%s", i ? ", " : "", attempt->plugin->actions[i].name);
	if (!attempt->word)
		return hst_fail(err, HST_INVALID, "say which action of connector plugin \"%s\": %s", attempt->plugin->name,
				names.s);
	return hst_fail(err, HST_NOT_FOUND, "connector plugin \"%s\" has no action \"%s\"; it has %s", attempt->plugin->name,
			attempt->word, names.s);
}

static int try_action(struct attempt *attempt, hst_error *err)
{
	const hst_shape *shape = PRESENT(attempt->plugin, fields) ? &attempt->shape : NULL;
	const hst_action *action = attempt->word ? connector_action(attempt->instance, attempt->word) : NULL;
	const hst_value *inputs = NULL, *outputs = NULL;
	struct service_call call;
	int code;

	if (!action)
		return say_actions(attempt, err);
	code = read_secrets(attempt->arena, shape ? shape->inputs : action->inputs, attempt->inputs, &inputs, err);
	if (code != HST_OK)
		return code;
	services_begin(&attempt->alone.services, &call, attempt->arena, 0);
	code = connector_run(attempt->instance, action, shape, &call.call, inputs, false, &outputs, err);
	if (code == HST_OK)
		try_print(outputs);
	return code;
}

/* What can be tried of each kind; the first of a kind also without a word. */
static const struct {
	hst_plugin_kind kind;
	const char *word; /* NULL: any */
	int (*run)(struct attempt *attempt, hst_error *err);
} acts[] = {
	{HST_TRIGGER, "watch", try_watch}, {HST_TRIGGER, "press", try_press}, {HST_CONNECTOR, NULL, try_action},
	{HST_BALANCER, "choose", try_choose}, {HST_STRATEGY, "plan", try_plan}, {HST_DRIVER, "list", try_list},
};

static int act(struct attempt *attempt, hst_error *err)
{
	AUTO(text) struct text words;

	text_init(&words, HST_TEXT_MAX);
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
		if (acts[i].kind != attempt->plugin->kind)
			continue;
		if (!acts[i].word || !attempt->word || strcmp(acts[i].word, attempt->word) == 0)
			return acts[i].run(attempt, err);
		text_addf(&words, "%s\"%s\"", words.length ? " and " : "", acts[i].word);
	}
	return hst_fail(err, HST_INVALID, "\"%s\" cannot be tried; of a %s plugin it is %s", attempt->word,
			manifest_kind_name(attempt->plugin->kind), words.s);
}

/* "connector/file" is an installed plugin, everything else a file. */
static int find(const char *which, char to[PATH_MAX], hst_error *err)
{
	const char *slash = strchr(which, '/');
	AUTO_FREE char *kind = slash && !strchr(slash + 1, '/') ? mem_copy(which, (size_t)(slash - which)) : NULL;
	AUTO_FREE char *path = NULL;
	int code;

	if (kind && manifest_kind_named(kind) && !strstr(slash, ".so")) {
		code = registry_path(files_plugin_directory(), manifest_kind_named(kind), slash + 1, &path, err);
		if (code == HST_OK)
			snprintf(to, PATH_MAX, "%s", path);
		return code;
	}
	return realpath(which, to) ? HST_OK : hst_fail(err, HST_NOT_FOUND, "cannot read %s: %s", which, strerror(errno));
}

int try_run(char *const *arguments, int n)
{
	hst_arena *arena = arena_new_wiping();
	struct attempt attempt = {
		.arena = arena, .options = value_make_record(arena), .inputs = value_make_record(arena)};
	char whole[PATH_MAX];
	hst_error err = {0};
	int code = find(arguments[0], whole, &err);

	if (code == HST_OK)
		code = plugin_load(whole, &attempt.plugin, &err);
	if (code == HST_OK)
		code = read_arguments(&attempt, arguments + 1, n - 1, &err);
	if (code == HST_OK) {
		alone_init(&attempt.alone, attempt.plugin, attempt.plugin->name, arena);
		code = attempt_open(&attempt, &err);
		if (code == HST_OK)
			code = act(&attempt, &err);
		services_done(&attempt.alone.services);
		plugin_close(attempt.instance);
		alone_clear(&attempt.alone);
	}
	arena_free(arena);
	if (code == HST_OK)
		return 0;
	fprintf(stderr, "hostler-worker: error: %s%s%s\n", err.reason, err.reason[0] ? ": " : "", err.text);
	return code == HST_INVALID || code == HST_NOT_FOUND ? 2 : 1;
}
