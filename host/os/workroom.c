#include "os/workroom.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/failure.h"
#include "os/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const char *workroom_temporary(void)
{
	const char *temporary = getenv("TMPDIR");

	return temporary && temporary[0] == '/' ? temporary : "/tmp";
}

/* Whoever locks it knows that nobody works in it. */
static int lock_folder(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_uid != geteuid() || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	return take_fd(&fd);
}

/* It is locked before it gets the name that a sweep looks at. */
int workroom_make(const char *parent, const char *prefix, char **ret_path, int *ret_lock, hst_error *err)
{
	AUTO_FREE char *unnamed = mem_printf("%s/.%sXXXXXX", parent, prefix);
	AUTO_FREE char *named = NULL;
	int code;

	if (!mkdtemp(unnamed))
		return failure_of(errno, err, "make a folder like", unnamed);
	named = mem_printf("%s/%s", parent, strrchr(unnamed, '/') + strlen("/."));
	*ret_lock = lock_folder(unnamed);
	if (*ret_lock >= 0 && rename(unnamed, named) == 0) {
		*ret_path = take(named);
		return HST_OK;
	}
	code = failure_of(errno, err, "make the folder", named);
	rmdir(unnamed);
	return code;
}

void workroom_sweep(const char *parent, const char *prefix)
{
	DIR *directory = opendir(parent);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)) != NULL) {
		AUTO_FREE char *path = files_join(parent, entry->d_name);
		AUTO_CLOSE int lock = strncmp(entry->d_name, prefix, strlen(prefix)) == 0 ? lock_folder(path) : -1;

		if (lock >= 0)
			files_remove_tree(path, NULL);
	}
	if (directory)
		closedir(directory);
}
