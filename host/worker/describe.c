#include "worker/describe.h"

#include "base/arena.h"
#include "plugin/instance.h"
#include "plugin/load.h"
#include "schema/fields.h"
#include "schema/manifest.h"
#include "schema/value.h"
#include "worker/services.h"
#include "worker/telling.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static hst_value *shape_value(hst_arena *arena, const hst_shape *shape)
{
	hst_value *value = value_make_record(arena);

	value_set(value, "event", fields_to_value(arena, shape->event));
	value_set(value, "inputs", fields_to_value(arena, shape->inputs));
	value_set(value, "outputs", fields_to_value(arena, shape->outputs));
	value_set_integer(value, "deadline_ms", shape->deadline.ms);
	return value;
}

static int shape_of(hst_arena *arena, const hst_plugin *plugin, const hst_value *given, const hst_value **ret, hst_error *err)
{
	const hst_value *options = NULL;
	struct services services;
	hst_shape shape = {0};
	int code = fields_check(arena, plugin->options, "option", given, false, &options, err);

	if (code != HST_OK)
		return code;
	services_init(&services, plugin, plugin->name, arena);
	code = plugin_shape(plugin, options, &services.host, arena, &shape, err);
	services_clear(&services);
	if (code == HST_OK)
		*ret = shape_value(arena, &shape);
	return code;
}

static int load(const char *path, const hst_plugin **ret, hst_error *err)
{
	char whole[PATH_MAX];

	if (!realpath(path, whole))
		return hst_fail(err, HST_NOT_FOUND, "cannot read %s: %s", path, strerror(errno));
	return plugin_load(whole, ret, err);
}

static const hst_value *manifest_value(hst_arena *arena, const hst_plugin *plugin)
{
	struct manifest said;

	manifest_from_plugin(arena, plugin, &said);
	return manifest_to_value(arena, &said);
}

/* One question, in memory of its own. False: there are no more. */
static bool answer_question(const hst_plugin *plugin)
{
	hst_arena *arena = arena_new();
	const hst_value *given = NULL, *shape = NULL;
	hst_value *answer = value_make_record(arena);
	hst_error err = {0};
	int code = telling_question(arena, &given, &err);
	bool more = code != HST_NOT_FOUND;

	if (code == HST_OK)
		code = shape_of(arena, plugin, given, &shape, &err);
	if (code == HST_OK)
		value_set(answer, "shape", shape);
	if (more)
		telling_end(arena, code, answer, &err);
	arena_free(arena);
	return more;
}

int describe_run(const char *path, bool with_options)
{
	hst_arena *arena = arena_new();
	const hst_plugin *plugin = NULL;
	hst_error err = {0};
	int code;

	telling_begin();
	code = load(path, &plugin, &err);
	code = telling_end(arena, code, code == HST_OK ? manifest_value(arena, plugin) : NULL, &err);
	while (with_options && code == HST_OK && answer_question(plugin))
		continue;
	arena_free(arena);
	return code;
}
