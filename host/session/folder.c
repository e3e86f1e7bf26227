#include "session/folder.h"

#include "os/failure.h"
#include "os/files.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
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

bool folder_maker_is_dead(const char *number)
{
	long pid = strtol(number, NULL, 10);

	return pid > 0 && pid <= INT_MAX && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}
