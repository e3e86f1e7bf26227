#include "definitions/options.h"

#include "base/arena.h"
#include "base/auto.h"
#include "config/secret_files.h"
#include "os/files.h"
#include "schema/fields.h"
#include "schema/types.h"
#include "schema/value.h"

#include <string.h>

/* Keys of an instance's section that are the house's own. */
static bool is_own_key(const char *name)
{
	return strcmp(name, "plugin") == 0 || strcmp(name, "workers") == 0;
}

/* Options that name something on disk, by their names, so that no plugin has to know where the configuration lies. */
static bool is_path(const hst_field *field)
{
	static const char *const names[] = {"root", "path", "file", "directory", "program", "ca"};
	const char *name = field_name(field);
	size_t length = strlen(name);

	if (field_type(field) != HST_TYPE_TEXT)
		return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return (length > 4 && strcmp(name + length - 4, "_dir") == 0) || (length > 3 && strcmp(name + length - 3, "_ca") == 0) || (length > 5 && strcmp(name + length - 5, "_file") == 0);
}

static const hst_value *absolute(hst_arena *arena, const char *file, const hst_value *path)
{
	AUTO_FREE char *whole = files_beside(file, value_text(path));

	return value_make_text(arena, whole, strlen(whole));
}

/* One reading of a section, so that its parts need few parameters. */
struct reading {
	hst_arena *arena;
	hst_fields options;
	const struct section *section;
	hst_value *given;
	struct problems *problems;
	bool failed;
};

__attribute__((format(printf, 3, 4))) static void refuse(struct reading *reading, int line, const char *format, ...)
{
	char text[HST_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	problems_add(reading->problems, reading->section->file, line, "%s", text);
	reading->failed = true;
}

static void refuse_unknown(struct reading *reading, const struct section_key *key)
{
	const char *near = fields_nearest(reading->options, key->name);

	if (near)
		refuse(reading, key->line, "unknown key \"%s\"; did you mean \"%s\"?", key->name, near);
	else
		refuse(reading, key->line, "unknown key \"%s\"", key->name);
}

/* What is wrong is said without the value, which may be the secret itself. */
static void read_secret(struct reading *reading, const struct section_key *key, hst_type type)
{
	const char *name = secret_named(key->value);

	if (type != HST_TYPE_SECRET)
		refuse(reading, key->line, "\"%s\" is no secret: what it is everybody may see, so secret:NAME cannot stand here", key->name);
	else if (!name)
		refuse(reading, key->line, "\"%s\" must be secret:NAME; a secret never stands in a file", key->name);
	else
		value_set_text(reading->given, key->name, key->value);
}

/* A manifest says of a map what its members are, a plugin's own table says so by `.as`. */
static hst_type type_of_member(const hst_field *map)
{
	hst_type type = field_type(map);

	return type == HST_TYPE_JSON ? HST_TYPE_TEXT : type;
}

/* Each key is checked alone, so that every wrong one is reported with its own line. */
static void read_key(struct reading *reading, const struct section_key *key)
{
	const hst_field *known = fields_find(reading->options, key->name);
	const hst_value *value = value_make_text(reading->arena, key->value, strlen(key->value));
	const hst_value *checked = NULL;
	hst_field field;
	hst_error why = {0};

	if (!known) {
		refuse_unknown(reading, key);
		return;
	}
	field = *known;
	if (field_prefix(known)) {
		field.name = key->name;
		field.as = type_of_member(known);
	}
	if (field_type(&field) == HST_TYPE_SECRET || secret_is_meant(key->value)) {
		read_secret(reading, key, field_type(&field));
		return;
	}
	if (type_check(reading->arena, &field, value, &checked, &why) != HST_OK) {
		refuse(reading, key->line, "%s", why.text);
		return;
	}
	value_set(reading->given, key->name,
		  is_path(&field) ? absolute(reading->arena, reading->section->file, checked) : checked);
}

static bool is_given(const struct section *section, const hst_field *field)
{
	return section_find(section, field_name(field)) != NULL;
}

/* How long a secret is, is only known once it is open. */
static hst_fields unopened(hst_arena *arena, hst_fields options)
{
	hst_field *fields = arena_array(arena, options.n, sizeof *fields);

	for (size_t i = 0; i < options.n; i++) {
		fields[i] = options.at[i];
		if (field_type(&fields[i]) == HST_TYPE_SECRET)
			fields[i].min = fields[i].max = 0;
	}
	return (hst_fields){.at = fields, .n = options.n};
}

const hst_value *definitions_options(hst_arena *arena, const struct conf_instance *instance, hst_fields options,
			      struct problems *problems)
{
	static const struct section none = {0};
	struct reading reading = {.arena = arena,
				  .options = options,
				  .section = instance->section ? instance->section : &none,
				  .given = value_make_record(arena),
				  .problems = problems};
	const hst_value *complete = NULL;
	hst_error why = {0};

	for (size_t i = 0; i < reading.section->key_count; i++)
		if (!is_own_key(reading.section->keys[i].name))
			read_key(&reading, &reading.section->keys[i]);
	for (size_t i = 0; i < options.n; i++) {
		const hst_field *field = &options.at[i];

		if (field->required && !field->def && !field_prefix(field) && !is_given(reading.section, field))
			refuse(&reading, instance->line, "\"%s\" is missing: %s", field_name(field),
			       field->doc ? field->doc : "plugin needs it");
	}
	if (reading.failed)
		return NULL;
	/* What is left can only be a default of the plugin's own. */
	if (fields_check(arena, unopened(arena, options), "option", reading.given, false, &complete, &why) != HST_OK) {
		refuse(&reading, instance->line, "%s", why.text);
		return NULL;
	}
	return complete;
}

bool definitions_has_secret(hst_fields options, const hst_value *given)
{
	for (size_t i = 0; i < value_count(given); i++) {
		const hst_field *field = fields_find(options, value_name_at(given, i));

		if (field && field_type(field) == HST_TYPE_SECRET)
			return true;
	}
	return false;
}

int definitions_line(const struct conf_instance *instance, const char *text)
{
	const struct section *section = instance->section;
	const char *name = text[0] == '"' ? text + 1 : text;
	size_t length = strcspn(name, "\": ");

	for (size_t i = 0; section && i < section->key_count; i++)
		if (strlen(section->keys[i].name) == length && memcmp(section->keys[i].name, name, length) == 0)
			return section->keys[i].line;
	return instance->line;
}
