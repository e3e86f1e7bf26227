#include "os/lock.h"

#include "base/auto.h"
#include "os/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The pid in the file; 0 when there is none that could be one. */
static pid_t read_pid(int fd)
{
	char text[32] = "";
	char *end;
	long pid;

	if (pread(fd, text, sizeof text - 1, 0) <= 0)
		return 0;
	pid = strtol(text, &end, 10);
	return end > text && *end == '\n' && pid > 1 && pid < 1 << 30 ? (pid_t)pid : 0;
}

int lock_take(const char *path, int *ret_fd, hst_error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char text[32];
	int length;

	if (fd < 0)
		return failure_of(errno, err, "open", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return failure_of(errno, err, "lock", path);
		return hst_fail(err, HST_DENIED,
				"hostlerd runs already, with pid %d (it holds %s); `hostler down` ends it", (int)read_pid(fd),
				path);
	}
	length = snprintf(text, sizeof text, "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)length, 0) != length)
		return failure_of(errno, err, "write", path);
	*ret_fd = take_fd(&fd);
	return HST_OK;
}

int lock_holder(const char *path, pid_t *ret, hst_error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	pid_t pid;

	if (fd < 0 && errno != ENOENT)
		return failure_of(errno, err, "open", path);
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0)
		return hst_fail(err, HST_NOT_FOUND, "no hostlerd runs here: nobody holds %s", path);
	if (errno != EWOULDBLOCK)
		return failure_of(errno, err, "look at", path);
	pid = read_pid(fd);
	if (!pid)
		return hst_fail(err, HST_RETRY, "%s is held, but does not say by whom yet", path);
	*ret = pid;
	return HST_OK;
}
