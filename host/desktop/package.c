/* The manifest of a package. What it may say is the tables below. */
#include "desktop/package.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "config/ini.h"
#include "desktop/words.h"
#include "os/files.h"
#include "schema/types.h"
#include "schema/value.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST "desktop-flow.ini"

enum { NAME_MAX_BYTES = 48, CHOICES_MAX = 100 };

struct reading {
	struct package *package;
	struct section *section;
	const struct section_key *key;
	hst_field *field; /* of [input] and [output] */
	struct problems *problems;
};

/* A key, whether it must be there, and what to do with its value. */
struct package_key {
	const char *name;
	bool required;
	void (*read)(struct reading *reading, const char *value);
};

#define WRONG(reading, ...) \
	problems_add((reading)->problems, (reading)->section->file, (reading)->key->line, __VA_ARGS__)

/* ^[a-z][a-z0-9_]{0,47}$, and '-' too where `dash` allows it. */
static bool name_fits(const char *name, bool dash)
{
	size_t length = strspn(name, dash ? "abcdefghijklmnopqrstuvwxyz0123456789_-"
					  : "abcdefghijklmnopqrstuvwxyz0123456789_");

	return name[0] >= 'a' && name[0] <= 'z' && !name[length] && length <= NAME_MAX_BYTES;
}

static char *keep(struct reading *reading, const char *value)
{
	return arena_text(reading->package->arena, value);
}

static void read_name(struct reading *reading, const char *value)
{
	if (!name_fits(value, true))
		WRONG(reading,
		      "name \"%.60s\" does not fit: a lower-case letter, then up to 47 of a-z 0-9 _ -",
		      value);
	reading->package->name = keep(reading, value);
}

static void read_version(struct reading *reading, const char *value)
{
	if (!value[0] || strlen(value) > 64 || strpbrk(value, "/ \t\n"))
		WRONG(reading, "version must be 1 to 64 bytes without blanks and \"/\"");
	reading->package->version = keep(reading, value);
}

static void read_summary(struct reading *reading, const char *value)
{
	reading->package->summary = keep(reading, value);
}

static void read_run(struct reading *reading, const char *value)
{
	hst_error err;

	if (words_split(reading->package->arena, value, &reading->package->argv, &err) != HST_OK)
		WRONG(reading, "run: %s", err.text);
}

static void read_timeout(struct reading *reading, const char *value)
{
	hst_error err;

	if (type_read_duration(value, &reading->package->timeout, &err) != HST_OK)
		WRONG(reading, "timeout: %s", err.text);
	else if (reading->package->timeout.ms == 0)
		WRONG(reading, "timeout must be longer than 0; leave the key out for the default of 24h");
}

static void read_stop_within(struct reading *reading, const char *value)
{
	hst_duration *within = &reading->package->stop_within;
	hst_error err;

	if (type_read_duration(value, within, &err) != HST_OK)
		WRONG(reading, "stop_within: %s", err.text);
	else if (within->ms < 1000 || within->ms > 600000)
		WRONG(reading, "stop_within must be 1s to 10m, got \"%.40s\"", value);
}

static void read_screenshots(struct reading *reading, const char *value)
{
	static const char *const words[] = {
		[SCREENSHOTS_ERRORS] = "errors", [SCREENSHOTS_STEPS] = "steps", [SCREENSHOTS_NONE] = "none"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(value, words[i]) == 0) {
			reading->package->screenshots = (enum screenshots)i;
			return;
		}
	}
	WRONG(reading, "screenshots must be errors, steps or none, got \"%.40s\"", value);
}

static void read_type(struct reading *reading, const char *value)
{
	reading->field->type = type_named(value);
	if (reading->field->type == HST_TYPE_NONE)
		WRONG(reading,
		      "there is no type \"%.40s\"; types are text integer number boolean choice date "
		      "duration list table "
		      "file secret json",
		      value);
}

static bool read_yes(struct reading *reading, const char *value)
{
	bool yes = false;

	if (!type_read_boolean(value, &yes))
		WRONG(reading, "%s must be yes or no, got \"%.40s\"", reading->key->name, value);
	return yes;
}

static void read_required(struct reading *reading, const char *value)
{
	reading->field->required = read_yes(reading, value);
}

static void read_derived(struct reading *reading, const char *value)
{
	reading->field->derived = read_yes(reading, value);
}

static void read_default(struct reading *reading, const char *value)
{
	reading->field->def = keep(reading, value);
}

static void read_doc(struct reading *reading, const char *value)
{
	reading->field->doc = keep(reading, value);
}

static void read_label(struct reading *reading, const char *value)
{
	reading->field->label = keep(reading, value);
}

/* Words separated by commas, blanks around them dropped. */
static void read_choices(struct reading *reading, const char *value)
{
	hst_arena *arena = reading->package->arena;
	const char **choices = arena_array(arena, CHOICES_MAX + 1, sizeof *choices);
	size_t n = 0;

	while (*value) {
		size_t length;

		value += strspn(value, ", \t\n");
		length = strcspn(value, ",\n");
		if (!length)
			break;
		if (n == CHOICES_MAX) {
			WRONG(reading, "more than %d choices", CHOICES_MAX);
			return;
		}
		choices[n++] = arena_copy(arena, value, length);
		value += length;
		for (char *end = (char *)choices[n - 1] + length;
		     end > choices[n - 1] && strchr(" \t", end[-1]); end--)
			end[-1] = '\0';
	}
	if (!n)
		WRONG(reading, "choices names none; write them with commas between");
	reading->field->choices = choices;
}

static int64_t read_bound(struct reading *reading, const char *value)
{
	int64_t bound = 0;
	hst_duration duration;

	if (!type_read_integer(value, &bound)) {
		if (type_read_duration(value, &duration, NULL) == HST_OK)
			return duration.ms;
		WRONG(reading, "%s must be a whole number (of bytes for text), or a duration",
		      reading->key->name);
	}
	return bound;
}

static void read_min(struct reading *reading, const char *value)
{
	reading->field->min = read_bound(reading, value);
	if (!section_find(reading->section, "max"))
		reading->field->max = INT64_MAX;
}

static void read_max(struct reading *reading, const char *value)
{
	reading->field->max = read_bound(reading, value);
	if (reading->field->max == 0)
		WRONG(reading, "max must not be 0");
}

static const struct package_key flow_keys[] = {
	{"name", true, read_name},
	{"run", true, read_run},
	{"version", false, read_version},
	{"summary", false, read_summary},
	{"timeout", false, read_timeout},
	{"stop_within", false, read_stop_within},
	{"screenshots", false, read_screenshots},
	{NULL, false, NULL},
};

static const struct package_key input_keys[] = {
	{"type", true, read_type},
	{"required", false, read_required},
	{"default", false, read_default},
	{"choices", false, read_choices},
	{"min", false, read_min},
	{"max", false, read_max},
	{"doc", false, read_doc},
	{"label", false, read_label},
	{NULL, false, NULL},
};

static const struct package_key output_keys[] = {
	{"type", true, read_type},	  {"required", false, read_required},
	{"choices", false, read_choices}, {"min", false, read_min},
	{"max", false, read_max},	  {"doc", false, read_doc},
	{"derived", false, read_derived}, {NULL, false, NULL},
};

static void read_section(struct reading *reading, const struct package_key *keys)
{
	const char *known[16];
	size_t n = 0;

	for (; keys->name; keys++) {
		known[n++] = keys->name;
		reading->key = section_take(reading->section, keys->name);
		if (reading->key)
			keys->read(reading, reading->key->value);
		else if (keys->required)
			problems_add(reading->problems, reading->section->file, reading->section->line,
				     "[%s%s%s] has no \"%s\"", reading->section->kind,
				     reading->section->name ? " " : "",
				     reading->section->name ? reading->section->name : "", keys->name);
	}
	known[n] = NULL;
	section_refuse_rest(reading->section, known, reading->problems);
}

/* What no single key can see. */
static void check_field(struct reading *reading)
{
	const struct section *section = reading->section;
	hst_field *field = reading->field;
	const hst_value *value;
	hst_error err;

	if (field->type == HST_TYPE_NONE)
		return;
	if ((field->type == HST_TYPE_CHOICE) != (field->choices != NULL))
		problems_add(reading->problems, section->file, section->line,
			     field->choices ? "choices are for type = choice only"
					    : "type = choice needs choices");
	else if (field->def && field->required)
		problems_add(reading->problems, section->file, section->line,
			     "it is required and has a default; one of the two is without effect");
	else if (field->def && field->type == HST_TYPE_SECRET)
		problems_add(reading->problems, section->file, section->line,
			     "a secret never stands in a file: no default");
	else if (field->def &&
		 type_check(reading->package->arena, field,
			    value_make_text(reading->package->arena, field->def, strlen(field->def)), &value,
			    &err) != HST_OK)
		problems_add(reading->problems, section->file, section->line, "default: %s", err.text);
}

static void read_field(struct reading *reading, hst_fields *fields, const struct package_key *keys)
{
	hst_field *at = (hst_field *)fields->at;
	const struct section *section = reading->section;

	if (!section->name || !name_fits(section->name, false)) {
		problems_add(reading->problems, section->file, section->line,
			     "[%s NAME] needs a name: a lower-case letter, then up to 47 of a-z 0-9 _",
			     section->kind);
		return;
	}
	for (size_t i = 0; i < fields->n; i++)
		if (strcmp(at[i].name, section->name) == 0) {
			problems_add(reading->problems, section->file, section->line,
				     "there is a second [%s %s]", section->kind, section->name);
			return;
		}
	if (fields->n == PACKAGE_FIELDS_MAX) {
		problems_add(reading->problems, section->file, section->line, "more than %d %ss",
			     PACKAGE_FIELDS_MAX, section->kind);
		return;
	}
	reading->field = &at[fields->n++];
	reading->field->name = keep(reading, section->name);
	reading->field->doc = "";
	read_section(reading, keys);
	check_field(reading);
}

static void read_document(struct package *package, struct document *document, struct problems *problems)
{
	struct reading reading = {.package = package, .problems = problems};

	for (size_t i = 0; i < document->section_count; i++) {
		reading.section = &document->sections[i];
		if (strcmp(reading.section->kind, "desktop-flow") == 0 && !reading.section->name) {
			if (package->line)
				problems_add(problems, document->file, reading.section->line,
					     "there is a second [desktop-flow]");
			package->line = reading.section->line;
			read_section(&reading, flow_keys);
		} else if (strcmp(reading.section->kind, "input") == 0) {
			read_field(&reading, &package->inputs, input_keys);
		} else if (strcmp(reading.section->kind, "output") == 0) {
			read_field(&reading, &package->outputs, output_keys);
		} else {
			problems_add(problems, document->file, reading.section->line,
				     "unknown section [%s%s%s]; known are [desktop-flow], [input NAME] and "
				     "[output NAME]",
				     reading.section->kind, reading.section->name ? " " : "",
				     reading.section->name ? reading.section->name : "");
		}
	}
	if (!package->line)
		problems_add(problems, document->file, 0, "there is no [desktop-flow]");
}

/* Where the package lies. Links on the way there are the business of whoever named it; the manifest itself is
 * none. */
static bool find_package(struct package *package, const char *path, struct problems *problems)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder =
		slash ? mem_copy(path, slash == path ? 1 : (size_t)(slash - path)) : mem_text(".");
	AUTO_FREE char *real = realpath(folder, NULL);
	struct stat status;

	if (!real) {
		problems_add(problems, path, 0, "cannot find the folder %s: %s", folder,
			     strerrordesc_np(errno));
		return false;
	}
	package->directory = arena_text(package->arena, real);
	package->manifest = arena_printf(package->arena, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
					 slash ? slash + 1 : path);
	if (lstat(package->manifest, &status) < 0) {
		problems_add(problems, path, 0, "cannot read the manifest: %s", strerrordesc_np(errno));
		return false;
	}
	if (!S_ISREG(status.st_mode) || status.st_size > PACKAGE_MANIFEST_MAX) {
		problems_add(problems, path, 0, "the manifest must be a regular file of at most %d KiB",
			     PACKAGE_MANIFEST_MAX >> 10);
		return false;
	}
	return true;
}

static struct package *package_new(void)
{
	struct package *package = mem_alloc(sizeof *package);

	package->arena = arena_new();
	package->version = arena_text(package->arena, "0");
	package->summary = arena_text(package->arena, "");
	package->inputs.at = arena_array(package->arena, PACKAGE_FIELDS_MAX, sizeof(hst_field));
	package->outputs.at = arena_array(package->arena, PACKAGE_FIELDS_MAX, sizeof(hst_field));
	return package;
}

void package_free(struct package *package)
{
	if (!package)
		return;
	arena_free(package->arena);
	free(package);
}

/* NULL, and the package is gone, when there is no document or anything in it is wrong. */
static struct package *read_taken(struct package *package_take, struct document *document_take, size_t before, struct problems *problems)
{
	bool there = document_take != NULL;

	if (there)
		read_document(package_take, document_take, problems);
	document_free(document_take);
	if (there && problems->n + problems->dropped == before)
		return package_take;
	package_free(package_take);
	return NULL;
}

struct package *package_read_manifest(const char *manifest_path, struct problems *problems)
{
	struct package *package = package_new();
	size_t before = problems->n + problems->dropped;
	struct document *document = NULL;

	if (find_package(package, manifest_path, problems))
		document = ini_read(package->manifest, problems);
	return read_taken(package, document, before, problems);
}

/* Where the open folder lies, whatever its path leads to by now. */
static int find_folder(struct package *package, int folder, hst_error *err)
{
	char link[32], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
	n = readlink(link, path, sizeof path - 1);
	if (n < 0)
		return hst_fail(err, HST_INVALID, "cannot find the folder of a desktop flow: %s", strerrordesc_np(errno));
	path[n] = '\0';
	package->directory = arena_text(package->arena, path);
	package->manifest = arena_printf(package->arena, "%s/" MANIFEST, path);
	return HST_OK;
}

int package_read_manifest_at(int folder, struct package **ret, hst_error *err)
{
	struct package *package = package_new();
	AUTO_FREE char *bytes = NULL;
	struct problems problems;
	size_t length = 0;
	int code = find_folder(package, folder, err);

	*ret = NULL;
	if (code == HST_OK)
		code = files_read_at(folder, MANIFEST, PACKAGE_MANIFEST_MAX, &bytes, &length, err);
	if (code != HST_OK) {
		package_free(package);
		return code;
	}
	problems_init(&problems);
	*ret = read_taken(package, ini_read_text(package->manifest, bytes, length, &problems), 0, &problems);
	if (!*ret)
		code = hst_fail(err, HST_INVALID, MANIFEST " is wrong in line %d", problems.n ? problems.at[0].line : 0);
	problems_clear(&problems);
	return code;
}

struct package *package_read(const char *manifest_path, struct problems *problems)
{
	struct package *package = package_read_manifest(manifest_path, problems);
	hst_error err;

	if (!package)
		return NULL;
	if (package_list_files(package->arena, package->directory, &package->files, &package->file_count,
			       &err) != HST_OK) {
		problems_add(problems, package->manifest, 0, "%s", err.text);
		package_free(package);
		return NULL;
	}
	package_digest(package->files, package->file_count, package->digest);
	return package;
}
