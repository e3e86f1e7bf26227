#include "session/folder.h"

#include "os/failure.h"
#include "os/files.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_own(const char *path, mode_t mode, hst_error *err)
{
	struct stat status;
	int code = files_make_directory(path, mode, err);

	if (code)
		return code;
	if (lstat(path, &status) < 0)
		return failure_of(errno, err, "look at", path);
	if (status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)))
		return hst_fail(err, HST_DENIED,
				"%s belongs to the user %u or can be written by others; remove it", path,
				(unsigned)status.st_uid);
	return HST_OK;
}
