/* plugins: what the host says of those in use, and what the others say of themselves. */
#include "cli/plugins.h"

#include "base/auto.h"
#include "definitions/manifests.h"
#include "os/files.h"
#include "plugin/registry.h"
#include "schema/value.h"

#include <string.h>

static int describe(hst_arena *arena, const char *directory, const hst_value *plugin, struct manifest *ret, hst_error *err)
{
	AUTO_FREE char *path = NULL;
	hst_plugin_kind kind = manifest_kind_named(value_text(value_get(plugin, "kind")));
	int code = kind ? registry_path(directory, kind, value_text(value_get(plugin, "name")), &path, err)
			: hst_fail(err, HST_INVALID, "a kind that this version does not know");

	return code == HST_OK ? manifests_of_file(arena, path, ret, err) : code;
}

static const hst_value *described(hst_arena *arena, const char *directory, const hst_value *plugin)
{
	hst_value *record = value_make_record(arena);
	struct manifest manifest;
	hst_error err = {0};
	int code = describe(arena, directory, plugin, &manifest, &err);

	for (size_t i = 0; i < value_count(plugin); i++)
		value_set(record, value_name_at(plugin, i), value_at(plugin, i));
	if (code == HST_OK) {
		value_set_text(record, "version", manifest.version);
		value_set_text(record, "summary", manifest.summary);
	} else {
		value_set_text(record, "state", "faulty");
		value_set_text(record, "why", err.text);
	}
	return record;
}

/* The host loads no plugin that nothing uses, and need not for the sake of a list: it is done here, a process each. */
const hst_value *plugins_described(hst_arena *arena, const char *directory, const hst_value *plugins)
{
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < value_count(plugins); i++) {
		const hst_value *plugin = value_at(plugins, i);
		bool known = *value_text(value_get(plugin, "version")) || value_count(value_get(plugin, "instances"));

		value_append(list, known ? plugin : described(arena, directory, plugin));
	}
	return list;
}
