#include "worker/secrets.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "config/secret_files.h"
#include "schema/fields.h"
#include "schema/manifest.h"
#include "schema/types.h"
#include "schema/value.h"
#include "desktop/masking.h"

static void release(void *secret)
{
	secret_free(secret);
}

static int open_option(struct vault *vault, hst_arena *arena, const struct conf_instance *instance, const hst_field *option,
                       const char *key, const hst_value *named, const hst_value **ret, hst_error *err)
{
	const char *name = secret_named(value_text(named)), *kind = manifest_kind_name(instance->kind);
	AUTO_FREE char *path = secret_file(instance->section->file, name);
	AUTO_FREE char *sink = mem_printf("%s/%s.%s", kind, instance->name, key);
	AUTO_FREE char *what = mem_printf("the secret \"%s\" for \"%s\"", name, key);
	hst_secret *secret = NULL;
	const char *bytes;
	size_t length;
	int code = vault_open_file(vault, path, sink, what, &secret, err);

	if (code != HST_OK)
		return code;
	arena_at_end(arena, release, secret);
	code = masking_know(secret, true, err);
	if (code != HST_OK)
		return code;
	bytes = secret_bytes(secret, &length);
	return type_check(arena, option, value_make_text_of(arena, bytes, length), ret, err);
}

/* Each member of a map is checked as an option of its own name. */
static hst_field option_called(const hst_field *field, const char *name)
{
	hst_field option = *field;

	if (field_prefix(field)) {
		option.name = name;
		option.as = HST_TYPE_SECRET;
	}
	return option;
}

const hst_value *secrets_of_options(struct vault *vault, hst_arena *arena, const struct conf_instance *instance, hst_fields options,
                                    const hst_value *given, struct problems *problems)
{
	hst_value *opened = value_make_record(arena);
	bool failed = false;

	for (size_t i = 0; i < value_count(given); i++) {
		const char *key = value_name_at(given, i);
		const hst_value *value = value_at(given, i);
		const hst_field *field = fields_find(options, key);
		const struct section_key *line = instance->section ? section_find(instance->section, key) : NULL;
		hst_error err = {0};

		if (field && field_type(field) == HST_TYPE_SECRET && line) {
			hst_field option = option_called(field, key);

			if (open_option(vault, arena, instance, &option, key, value, &value, &err) != HST_OK) {
				problems_add(problems, instance->section->file, line->line, "%s%s", err.text,
				             err.reason[0] == 'S' ? "; seal it again with `hostler seal` if it was sealed for others" : "");
				failed = true;
			}
		}
		value_add(opened, key, value);
	}
	return failed ? NULL : opened;
}

static bool has_secret(hst_fields fields)
{
	for (size_t i = 0; i < fields.n; i++)
		if (field_type(&fields.at[i]) == HST_TYPE_SECRET)
			return true;
	return false;
}

bool secrets_are_handled(const hst_plugin *plugin)
{
	bool handled = has_secret(plugin->options) || (plugin->kind == HST_TRIGGER && has_secret(plugin->event));

	for (size_t i = 0; i < plugin->action_count && !handled; i++)
		handled = has_secret(plugin->actions[i].inputs) || has_secret(plugin->actions[i].outputs);
	return handled;
}

int secrets_find_room(hst_error *err)
{
	AUTO(secret) hst_secret *secret = NULL;

	return secret_room(SECRET_ROOM_MAX, &secret, err);
}
