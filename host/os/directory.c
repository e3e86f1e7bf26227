/* Making directories with their parents. */
#include "os/files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Makes one directory with exactly `mode`, whatever the umask. Fine when the name is taken; the caller looks
 * by what. */
static int directory_make_one(const char *path, mode_t mode, hst_error *err)
{
	AUTO_CLOSE int fd = -1;

	if (mkdir(path, 0700) < 0) {
		int number = errno;
		struct stat status;

		/* A name that is there counts, even where a parent would forbid making it. */
		return stat(path, &status) == 0 ? HST_OK
						: failure_of(number, err, "make the directory", path);
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, mode) < 0)
		return failure_of(errno, err, "set the mode of", path);
	return HST_OK;
}

/* From its end: the parents are looked at only where one is missing, which is seldom. */
static int directory_make(char *path, mode_t mode, hst_error *err)
{
	int code = directory_make_one(path, mode, err);
	char *slash = strrchr(path, '/');

	if (code != HST_NOT_FOUND || !slash || slash == path)
		return code;
	*slash = '\0';
	code = directory_make(path, mode, err);
	*slash = '/';
	return code ? code : directory_make_one(path, mode, err);
}

int files_make_directory(const char *path, mode_t mode, hst_error *err)
{
	AUTO_FREE char *part = mem_text(path);
	size_t length = strlen(part);
	struct stat status;
	int code;

	if (!length)
		return hst_fail(err, HST_INVALID, "cannot make a directory without a name");
	while (length > 1 && part[length - 1] == '/')
		part[--length] = '\0';
	code = directory_make(part, mode, err);
	if (code)
		return code;
	if (lstat(part, &status) < 0)
		return failure_of(errno, err, "look at", part);
	if (S_ISLNK(status.st_mode))
		return hst_fail(err, HST_INVALID, "%s is a symbolic link; name the directory it leads to",
				part);
	if (!S_ISDIR(status.st_mode))
		return hst_fail(err, HST_INVALID, "%s is there, but it is no directory", part);
	return HST_OK;
}
