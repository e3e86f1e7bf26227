#include "definitions/warnings.h"

#include "base/arena.h"
#include "base/auto.h"
#include "definitions/fit.h"
#include "definitions/live.h"
#include "desktop/words.h"
#include "os/files.h"
#include "schema/manifest.h"
#include "schema/section.h"
#include "schema/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct warning {
	const struct definitions *definitions;
	struct problems *to;
	hst_arena *arena;
};

static const char *file_of(const struct warning *warning)
{
	return warning->definitions->conf->path;
}

/* Where the device says it, else where [gateway] says it for all. */
static int line_of(const struct warning *warning, const struct conf_device *device, const char *key)
{
	return conf_device_line(warning->definitions->conf, device, key);
}

static void warn_of_device(struct warning *warning, const struct conf_device *device)
{
	const struct definition *driver =
		device->driver ? definitions_instance(warning->definitions, HST_DRIVER, device->driver) : NULL;
	const hst_value *answer = NULL, *users;
	hst_error err = {0};

	if (device->gateway || !driver || driver->bad)
		return;
	if (live_check(warning->definitions, driver, NULL, device->accounts, device->account_count,
		       warning->arena, &answer, &err) != HST_OK) {
		problems_add(warning->to, file_of(warning), line_of(warning, device, "driver"), "the driver %s: %s", device->driver,
			     err.text);
		return;
	}
	if (value_kind(value_get(answer, "check")) == HST_VALUE_RECORD)
		problems_add(warning->to, file_of(warning), line_of(warning, device, "driver"), "the driver %s: %s", device->driver,
			     value_text(value_get(value_get(answer, "check"), "text")));
	users = value_get(answer, "users");
	for (size_t i = 0; i < device->account_count; i++)
		if (value_kind(value_get(users, device->accounts[i])) == HST_VALUE_RECORD)
			problems_add(warning->to, file_of(warning), line_of(warning, device, "accounts"), "the device %s: %s",
				     device->name, value_text(value_get(value_get(users, device->accounts[i]), "text")));
}

/* By its name a folder that work is done in; whoever makes it may do so later. */
static void warn_of_folder(struct warning *warning, const struct definition *instance, const char *option)
{
	const char *kind = manifest_kind_name(instance->instance->kind);
	const struct section *section = instance->instance->section;
	const struct section_key *key = section ? section_find(section, option) : NULL;
	const char *path = value_text(value_get(instance->options, option));
	struct stat found;

	if (!key || path[0] != '/')
		return;
	if (stat(path, &found) < 0)
		problems_add(warning->to, section->file, key->line, "the folder %s of the %s %s: %s", path, kind,
			     instance->instance->name, strerror(errno));
	else if (!S_ISDIR(found.st_mode))
		problems_add(warning->to, section->file, key->line, "%s of the %s %s is no folder", path, kind,
			     instance->instance->name);
}

static void warn_of_connectors(struct warning *warning)
{
	TABLE_EACH(&warning->definitions->instances[HST_CONNECTOR], entry) {
		const struct definition *connector = entry->value;

		if (connector->bad)
			continue;
		warn_of_folder(warning, connector, "root");
		warn_of_folder(warning, connector, "directory");
	}
}

static void warn_of_triggers(struct warning *warning)
{
	TABLE_EACH(&warning->definitions->instances[HST_TRIGGER], entry) {
		const struct definition *trigger = entry->value;

		if (!trigger->bad)
			warn_of_folder(warning, trigger, "directory");
	}
}

static bool is_on_path(const char *program)
{
	static const char *const directories[] = {"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/games", "/usr/games"};

	for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
		AUTO_FREE char *path = files_join(directories[i], program);

		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* The program itself; of the other words those that lie in the package. */
static void warn_of_word(struct warning *warning, const struct package *package, size_t at)
{
	const char *word = package->argv[at];
	const char *path = words_expand(warning->arena, word, package->directory, "");
	bool inside = path && strncmp(path, package->directory, strlen(package->directory)) == 0;

	if (!path || (at > 0 && !inside))
		return;
	if (strchr(path, '/') && access(path, F_OK) != 0)
		problems_add(warning->to, package->manifest, package->line, "`run` of %s names %s: %s", package->name, path,
			     strerror(errno));
	else if (at == 0 && strchr(path, '/') && access(path, X_OK) != 0)
		problems_add(warning->to, package->manifest, package->line, "the program %s of %s cannot be executed: chmod +x it",
			     path, package->name);
	else if (at == 0 && !strchr(path, '/') && warning->definitions->conf->has_gateway && !is_on_path(path))
		problems_add(warning->to, package->manifest, package->line, "the program %s of %s is not installed on this machine",
			     path, package->name);
}

static void warn_of_packages(struct warning *warning)
{
	TABLE_EACH(&warning->definitions->packages, entry) {
		const struct package *package = entry->value;

		for (size_t i = 0; package->argv[i]; i++)
			warn_of_word(warning, package, i);
	}
}

/* Only named as a target: whether that is a slip shows when its gateway joins. */
static void warn_of_absent(struct warning *warning, const struct warnings_gateways *gateways, const struct conf_device *device)
{
	const struct conf *conf = warning->definitions->conf;

	if (device->implied && conf->listen && !gateways->joined(gateways->arg, device))
		problems_add(warning->to, file_of(warning), device->line,
			     "no gateway of this file serves the device \"%s\": the gateway \"%s\" of another machine has to join "
			     "(`hostler gateway invite %s`); gateways connect to %s",
			     device->name, device->gateway, device->gateway, conf->listen);
}

void definitions_warn_of_things(const struct definitions *definitions, struct problems *warnings)
{
	struct warning warning = {.definitions = definitions, .to = warnings, .arena = arena_new()};

	warn_of_connectors(&warning);
	warn_of_triggers(&warning);
	warn_of_packages(&warning);
	problems_sort(warnings);
	arena_free(warning.arena);
}

void definitions_warn(const struct definitions *definitions, const struct warnings_gateways *gateways, struct problems *warnings)
{
	struct warning warning = {.definitions = definitions, .to = warnings, .arena = arena_new()};

	for (size_t i = 0; i < definitions->conf->device_count; i++) {
		warn_of_device(&warning, &definitions->conf->devices[i]);
		warn_of_absent(&warning, gateways, &definitions->conf->devices[i]);
	}
	definitions_warn_of_twins(definitions, warnings);
	definitions_warn_of_things(definitions, warnings);
	arena_free(warning.arena);
}
