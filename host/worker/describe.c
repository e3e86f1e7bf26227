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

static int describe_shape(hst_arena *arena, const hst_plugin *plugin, const hst_value *manifest, const hst_value **ret,
			  hst_error *err)
{
	const hst_value *given = NULL, *options = NULL;
	struct services services;
	hst_shape shape = {0};
	hst_value *answer;
	int code = telling_options(arena, &given, err);

	if (code == HST_OK)
		code = fields_check(arena, plugin->options, "option", given, false, &options, err);
	if (code != HST_OK)
		return code;
	services_init(&services, plugin, plugin->name, arena);
	code = plugin_shape(plugin, options, &services.host, arena, &shape, err);
	services_clear(&services);
	if (code != HST_OK)
		return code;
	answer = value_make_record(arena);
	value_set(answer, "manifest", manifest);
	value_set(answer, "shape", shape_value(arena, &shape));
	*ret = answer;
	return HST_OK;
}

static int describe(hst_arena *arena, const char *path, bool with_options, const hst_value **ret, hst_error *err)
{
	const hst_plugin *plugin = NULL;
	const hst_value *manifest;
	struct manifest said;
	char whole[PATH_MAX];
	int code;

	if (!realpath(path, whole))
		return hst_fail(err, HST_NOT_FOUND, "cannot read %s: %s", path, strerror(errno));
	code = plugin_load(whole, &plugin, err);
	if (code != HST_OK)
		return code;
	manifest_from_plugin(arena, plugin, &said);
	manifest = manifest_to_value(arena, &said);
	if (with_options)
		return describe_shape(arena, plugin, manifest, ret, err);
	*ret = manifest;
	return HST_OK;
}

int describe_run(const char *path, bool with_options)
{
	hst_arena *arena = arena_new();
	const hst_value *answer = NULL;
	hst_error err = {0};
	int code;

	telling_begin();
	code = describe(arena, path, with_options, &answer, &err);
	code = telling_end(arena, code, answer, &err);
	arena_free(arena);
	return code;
}
