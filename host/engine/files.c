#include "engine/files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool segment_fits(const char *s, size_t length)
{
	if (length == 0 || length > FILE_NAME_MAX || s[0] == '.' || utf8_valid(s, length) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == '/' || s[i] == 0x7f)
			return false;
	return true;
}

static bool name_fits(const char *name)
{
	const char *slash = strchr(name, '/');

	if (!slash)
		return segment_fits(name, strlen(name));
	return segment_fits(name, (size_t)(slash - name)) && segment_fits(slash + 1, strlen(slash + 1));
}

static int path_of(const char *directory, const char *run, const char *step, const char *name, char **ret, hst_error *err)
{
	if (!id_valid(run) || !segment_fits(step, strlen(step)) || !name_fits(name))
		return hst_fail(err, HST_INVALID, "\"%s\" is no name for a file of a run: at most 100 bytes of UTF-8 without control characters, not beginning with a dot", name);
	*ret = mem_printf("%s/%s/%s/%s", directory, run, step, name);
	return HST_OK;
}

int files_put_part(const char *directory, const char *run, const char *step, const char *name, int64_t offset, int64_t total,
                   const void *bytes, size_t length, hst_error *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *partial = NULL;
	AUTO_FREE char *folder = NULL;
	AUTO_CLOSE int fd = -1;
	struct stat status;
	int rc = path_of(directory, run, step, name, &path, err);

	if (rc < 0)
		return rc;
	if (total < 0 || total > FILE_BYTES_MAX || offset < 0 || offset > total || (int64_t)length > total - offset)
		return hst_fail(err, HST_INVALID, "file %s of run %s: a part at %lld of %lld bytes is out of range", name, run,
		                (long long)offset, (long long)total);
	folder = mem_copy(path, (size_t)(strrchr(path, '/') - path));
	rc = files_make_directory(folder, 0750, err);
	if (rc < 0)
		return rc;
	partial = mem_printf("%s/.%s.part", folder, strrchr(path, '/') + 1);
	fd = open(partial, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (offset == 0 ? O_TRUNC : 0), 0640);
	if (fd < 0 || fstat(fd, &status) != 0)
		return hst_fail(err, HST_RETRY, "%s: cannot be written: %s", partial, strerror(errno));
	if (status.st_size != offset)
		return hst_fail(err, HST_INVALID, "file %s of run %s: a part is missing before %lld", name, run, (long long)offset);
	if (pwrite(fd, bytes ? bytes : "", length, offset) != (ssize_t)length)
		return hst_fail(err, HST_RETRY, "%s: cannot be written: %s", partial, strerror(errno));
	if ((int64_t)length == total - offset && rename(partial, path) != 0)
		return hst_fail(err, HST_RETRY, "%s: cannot be renamed: %s", partial, strerror(errno));
	return HST_OK;
}

int files_get_part(const char *directory, const char *run, const char *step, const char *name, int64_t offset, size_t max,
                   char **ret_bytes, size_t *ret_length, int64_t *ret_total, hst_error *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *bytes = NULL;
	AUTO_CLOSE int fd = -1;
	struct stat status;
	ssize_t n;
	int rc = path_of(directory, run, step, name, &path, err);

	if (rc < 0)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return hst_fail(err, HST_NOT_FOUND, "step %s has no file \"%s\"; `hostler files` lists them", step, name);
	bytes = mem_alloc(max + 1);
	n = offset < 0 ? -1 : pread(fd, bytes, max, offset);
	if (n < 0)
		return hst_fail(err, HST_INVALID, "%s: cannot be read at %lld", path, (long long)offset);
	*ret_bytes = take(bytes);
	*ret_length = (size_t)n;
	*ret_total = status.st_size;
	return HST_OK;
}

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
