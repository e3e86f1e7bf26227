/* What files a run has. */
#include "engine/files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "schema/value.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Entries of a folder, sorted; partial files and hidden ones left out. Caller frees each and the list. */
static char **entries_of(const char *path, size_t *ret_n)
{
	DIR *folder = opendir(path);
	char **names = NULL;
	size_t n = 0, size = 0;
	struct dirent *entry;

	while (folder && n < FILES_MAX && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		names = mem_grow(names, &size, n + 1, sizeof *names);
		names[n++] = mem_text(entry->d_name);
	}
	if (folder)
		closedir(folder);
	if (n > 0)
		qsort(names, n, sizeof *names, by_name);
	*ret_n = n;
	return names;
}

static void list_folder(hst_arena *arena, const char *path, const char *step, const char *prefix, hst_value *to)
{
	size_t n;
	char **names = entries_of(path, &n);

	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *file = mem_printf("%s/%s", path, names[i]);
		AUTO_FREE char *name = mem_printf("%s%s", prefix, names[i]);
		struct stat status;

		if (lstat(file, &status) == 0 && S_ISDIR(status.st_mode) && !*prefix) {
			AUTO_FREE char *below = mem_printf("%s/", names[i]);

			list_folder(arena, file, step, below, to);
		} else if (S_ISREG(status.st_mode)) {
			hst_value *row = value_make_record(arena);

			value_set_text(row, "step", step);
			value_set_text(row, "name", name);
			value_set_integer(row, "size", status.st_size);
			value_set_text(row, "path", file);
			value_append(to, row);
		}
		free(names[i]);
	}
	free(names);
}

void files_list(hst_arena *arena, const char *directory, const char *run, const char *step, hst_value *to)
{
	AUTO_FREE char *folder = mem_printf("%s/%s", directory, run);
	size_t n;
	char **steps = entries_of(folder, &n);

	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *below = mem_printf("%s/%s", folder, steps[i]);

		if (!step || strcmp(step, steps[i]) == 0)
			list_folder(arena, below, steps[i], "", to);
		free(steps[i]);
	}
	free(steps);
}
