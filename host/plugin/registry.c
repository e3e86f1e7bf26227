#include "plugin/registry.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "plugin/name.h"
#include "schema/manifest.h"
#include "schema/section.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { REGISTRY_MAX = 1000 };

/* The plugin's name in a file name, caller frees, or NULL when the file is no plugin. */
static char *name_of_file(const char *file)
{
	size_t length = strlen(file);
	char *name;

	if (length < 4 || strcmp(file + length - 3, ".so") != 0)
		return NULL;
	name = mem_copy(file, length - 3);
	if (name_fits(name, NAME_PLUGIN_MAX, true))
		return name;
	free(name);
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_among(char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

struct names {
	char **at; /* ends with NULL */
	size_t n, size;
};

static void add_names(struct names *names, const char *directory, hst_plugin_kind kind)
{
	AUTO_FREE char *folder = files_join(directory, manifest_kind_name(kind));
	DIR *open_folder = opendir(folder);
	struct dirent *entry;

	if (!open_folder)
		return;
	while (names->n < REGISTRY_MAX && (entry = readdir(open_folder)) != NULL) {
		AUTO_FREE char *name = name_of_file(entry->d_name);

		if (!name || is_among(names->at, names->n, name))
			continue;
		names->at = mem_grow(names->at, &names->size, names->n + 2, sizeof *names->at);
		names->at[names->n++] = take(name);
	}
	closedir(open_folder);
}

/* NULL: `directory` is the one of the installed plugins itself. */
static const char *fallback(const char *directory)
{
	const char *installed = files_plugin_directory();

	return strcmp(installed, directory) == 0 ? NULL : installed;
}

char **registry_names(const char *directory, hst_plugin_kind kind)
{
	struct names names = {.at = mem_array(1, sizeof *names.at), .size = 1};

	add_names(&names, directory, kind);
	if (fallback(directory))
		add_names(&names, fallback(directory), kind);
	qsort(names.at, names.n, sizeof *names.at, by_name);
	return names.at;
}

void registry_names_free(char **names)
{
	if (!names)
		return;
	for (size_t i = 0; names[i]; i++)
		free(names[i]);
	free(names);
}

static int say_missing(const char *directory, hst_plugin_kind kind, const char *name, hst_error *err)
{
	char **names = registry_names(directory, kind);
	const char *kind_name = manifest_kind_name(kind);
	const char *nearest = nearest_word((const char *const *)names, name);
	AUTO_FREE char *where = fallback(directory) ? mem_printf("%s/%s and %s/%s", directory, kind_name,
								 fallback(directory), kind_name)
						    : mem_printf("%s/%s", directory, kind_name);

	if (nearest)
		hst_fail(err, HST_NOT_FOUND, "there is no %s plugin \"%s\" in %s; did you mean \"%s\"?", kind_name,
			 name, where, nearest);
	else if (names[0])
		hst_fail(err, HST_NOT_FOUND, "there is no %s plugin \"%s\" in %s; one that is there is \"%s\"",
			 kind_name, name, where, names[0]);
	else
		hst_fail(err, HST_NOT_FOUND, "there is no %s plugin \"%s\": no plugin lies in %s", kind_name, name,
			 where);
	registry_names_free(names);
	return HST_NOT_FOUND;
}

int registry_path(const char *directory, hst_plugin_kind kind, const char *name, char **ret, hst_error *err)
{
	AUTO_FREE char *file = NULL;
	AUTO_FREE char *path = NULL;

	if (!name_fits(name, NAME_PLUGIN_MAX, true))
		return hst_fail(err, HST_INVALID,
				"\"%s\" cannot be a plugin: its name is a lower-case letter and up to 31 of "
				"a-z 0-9 _ -",
				name ? name : "");
	if (directory[0] != '/')
		return hst_fail(err, HST_INVALID, "the plugin directory \"%s\" must be an absolute path",
				directory);
	file = mem_printf("%s/%s.so", manifest_kind_name(kind), name);
	path = files_join(directory, file);
	if (access(path, F_OK) != 0 && fallback(directory)) {
		free(path);
		path = files_join(fallback(directory), file);
	}
	if (access(path, F_OK) != 0)
		return say_missing(directory, kind, name, err);
	if (access(path, R_OK) != 0)
		return hst_fail(err, HST_DENIED, "%s cannot be read: %s; run: chmod a+r %s", path, strerror(errno), path);
	*ret = take(path);
	return HST_OK;
}
