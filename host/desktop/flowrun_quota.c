#include "desktop/flowrun_quota.h"

#include "base/auto.h"
#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Folders wait in a row by their path from the top, so that no depth takes more than two descriptors. */
struct walk {
	int top;
	int64_t bytes, files;
	char **waiting;
	size_t size, n;
	bool too_deep;
};

/* The flow may exchange a folder for a link at any time; such a way is not gone. */
static DIR *open_folder(const struct walk *walk, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, walk->top, path, &how, sizeof how);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (!folder && fd >= 0)
		close(fd);
	return folder;
}

static void enter_later(struct walk *walk, const char *path, const char *name)
{
	if (strlen(path) + strlen(name) + 1 > FLOW_WORK_PATH_MAX) {
		walk->too_deep = true;
		return;
	}
	walk->waiting = mem_grow(walk->waiting, &walk->size, walk->n + 1, sizeof *walk->waiting);
	walk->waiting[walk->n++] = strcmp(path, ".") == 0 ? mem_text(name) : mem_printf("%s/%s", path, name);
}

static void look_into(struct walk *walk, const char *path, int64_t files_max)
{
	DIR *folder = open_folder(walk, path);
	struct dirent *entry;
	struct stat at;

	while (folder && walk->files <= files_max && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(folder), entry->d_name, &at, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		walk->files++;
		walk->bytes += (int64_t)at.st_blocks * 512;
		if (S_ISDIR(at.st_mode))
			enter_later(walk, path, entry->d_name);
	}
	if (folder)
		closedir(folder);
}

const char *flow_quota_exceeded(int fd, const struct flow_quota *quota, char *text, size_t size)
{
	const int64_t bytes_max = quota->bytes_max ? quota->bytes_max : FLOW_WORK_BYTES_MAX;
	const int64_t files_max = quota->files_max ? quota->files_max : FLOW_WORK_FILES_MAX;
	struct walk walk = {.top = fd};

	enter_later(&walk, ".", ".");
	for (size_t i = 0; i < walk.n && !walk.too_deep; i++)
		look_into(&walk, walk.waiting[i], files_max);
	for (size_t i = 0; i < walk.n; i++)
		free(walk.waiting[i]);
	free(walk.waiting);
	if (walk.too_deep)
		snprintf(text, size, "folders nested too deep");
	else if (walk.bytes > bytes_max)
		snprintf(text, size, "more than %" PRId64 " MiB", bytes_max >> 20);
	else if (walk.files > files_max)
		snprintf(text, size, "more than %" PRId64 " files", files_max);
	else
		return NULL;
	return text;
}
