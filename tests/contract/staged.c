#include "staged.h"

#include "base/arena.h"
#include "base/auto.h"
#include "plugin/load.h"
#include "plugin/registry.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

const char *staged_directory(void)
{
	const char *directory = getenv("HOSTLER_PLUGINS");

	if (!directory || directory[0] != '/')
		fail_msg("HOSTLER_PLUGINS must be the absolute path of the plugins to test");
	return directory;
}

void staged_load(struct staged *staged, hst_plugin_kind kind, const char *name)
{
	AUTO_FREE char *path = NULL;
	hst_error err = {0};

	memset(staged, 0, sizeof *staged);
	staged->arena = arena_new();
	if (registry_path(staged_directory(), kind, name, &path, &err) != HST_OK)
		fail_msg("%s", err.text);
	if (plugin_load(path, &staged->plugin, &err) != HST_OK)
		fail_msg("%s", err.text);
	plugin_plain_host(&staged->host, "under-test", staged->arena);
	plugin_plain_call(&staged->call, &staged->host, staged->arena);
}

const hst_value *staged_record(hst_arena *arena, const char *const *pairs)
{
	hst_value *record = value_make_record(arena);

	for (size_t i = 0; pairs && pairs[i]; i += 2)
		value_set(record, pairs[i], value_make_text(arena, pairs[i + 1], strlen(pairs[i + 1])));
	return record;
}

int staged_try(struct staged *staged, const char *const *options, hst_error *err)
{
	const hst_value *given = staged_record(staged->arena, options);
	hst_shape shape;
	int code = fields_check(staged->arena, staged->plugin->options, "option", given, false,
				&staged->options, err);

	if (code == HST_OK)
		code = plugin_shape(staged->plugin, staged->options, &staged->host, staged->arena, &shape,
				    err);
	if (code == HST_OK)
		code = plugin_open(staged->plugin, staged->options, &staged->host, &staged->instance, err);
	return code;
}

void staged_open(struct staged *staged, const char *const *options)
{
	hst_error err = {0};

	if (staged_try(staged, options, &err) != HST_OK)
		fail_msg("%s: %s", staged->plugin->name, err.text);
}

void staged_close(struct staged *staged)
{
	plugin_close(staged->instance);
	arena_free(staged->arena);
	memset(staged, 0, sizeof *staged);
}
