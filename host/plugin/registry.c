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

char **registry_names(const char *directory, hst_plugin_kind kind)
{
	AUTO_FREE char *folder = files_join(directory, manifest_kind_name(kind));
	char **names = mem_array(1, sizeof *names);
	DIR *open_folder = opendir(folder);
	struct dirent *entry;
	size_t n = 0, size = 1;

	if (!open_folder)
		return names;
	while (n < REGISTRY_MAX && (entry = readdir(open_folder)) != NULL) {
		char *name = name_of_file(entry->d_name);

		if (!name)
			continue;
		names = mem_grow(names, &size, n + 2, sizeof *names);
		names[n++] = name;
	}
	closedir(open_folder);
	qsort(names, n, sizeof *names, by_name);
	return names;
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

	if (nearest)
		hst_fail(err, HST_NOT_FOUND, "there is no %s plugin \"%s\" in %s/%s; did you mean \"%s\"?",
			 kind_name, name, directory, kind_name, nearest);
	else if (names[0])
		hst_fail(err, HST_NOT_FOUND,
			 "there is no %s plugin \"%s\" in %s/%s; one that is there is \"%s\"", kind_name,
			 name, directory, kind_name, names[0]);
	else
		hst_fail(err, HST_NOT_FOUND, "there is no %s plugin \"%s\": no plugin lies in %s/%s",
			 kind_name, name, directory, kind_name);
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
	if (access(path, F_OK) != 0)
		return say_missing(directory, kind, name, err);
	if (access(path, R_OK) != 0)
		return hst_fail(err, HST_DENIED, "%s cannot be read: %s; run: chmod a+r %s", path, strerror(errno), path);
	*ret = take(path);
	return HST_OK;
}
