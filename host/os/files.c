/* Whole files: read, replaced, appended to. */
#include "os/files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* O_NONBLOCK keeps a FIFO in the file's place from holding us up; it means nothing to a regular file. */
enum { FILES_OPEN = O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

static int files_regular(int fd, const char *path, struct stat *ret, hst_error *err)
{
	if (fstat(fd, ret) < 0)
		return failure_of(errno, err, "look at", path);
	if (!S_ISREG(ret->st_mode))
		return hst_fail(err, HST_INVALID, "%s is not a regular file", path);
	return HST_OK;
}

static int read_open(int fd_take, const char *path, size_t max, char **ret_bytes, size_t *ret_length, hst_error *err)
{
	AUTO_CLOSE int fd = fd_take;
	AUTO_FREE char *bytes = NULL;
	size_t size = 0, length = 0;
	struct stat status;
	int code;

	if (fd < 0)
		return failure_of(errno, err, "open", path);
	code = files_regular(fd, path, &status, err);
	if (code)
		return code;
	/* Its size is a guess: the file may grow meanwhile, and files of /proc say 0. Only end-of-file is the
	 * truth. */
	if (status.st_size > 0 && (uint64_t)status.st_size <= max)
		size = (size_t)status.st_size + 1;
	bytes = mem_alloc(size);
	for (;;) {
		ssize_t n;

		if (length > max)
			return hst_fail(err, HST_INVALID, "%s is larger than %zu bytes", path, max);
		bytes = mem_grow(bytes, &size, length + 2, 1);
		n = read(fd, bytes + length, size - length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failure_of(errno, err, "read", path);
		if (n == 0)
			break;
		length += (size_t)n;
	}
	bytes[length] = '\0';
	*ret_bytes = take(bytes);
	if (ret_length)
		*ret_length = length;
	return HST_OK;
}

int files_read(const char *path, size_t max, char **ret_bytes, size_t *ret_length, hst_error *err)
{
	return read_open(open(path, O_RDONLY | FILES_OPEN), path, max, ret_bytes, ret_length, err);
}

int files_read_at(int folder, const char *name, size_t max, char **ret_bytes, size_t *ret_length, hst_error *err)
{
	return read_open(openat(folder, name, O_RDONLY | O_NOFOLLOW | FILES_OPEN), name, max, ret_bytes, ret_length, err);
}

static int files_write_all(int fd, const char *path, const char *bytes, size_t length, hst_error *err)
{
	while (length) {
		ssize_t n = write(fd, bytes, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failure_of(errno, err, "write", path);
		bytes += n;
		length -= (size_t)n;
	}
	return HST_OK;
}

/* Makes the entry of `path` in its directory last. */
static int files_sync_directory_of(const char *path, hst_error *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *directory =
		!slash ? mem_text(".") : mem_copy(path, slash == path ? 1 : (size_t)(slash - path));
	AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return failure_of(errno, err, "sync", directory);
	return HST_OK;
}

/* Everything between making the new file and giving it its name. */
static int files_fill(int fd, const char *path, const void *bytes, size_t length, mode_t mode, bool sync,
		      hst_error *err)
{
	int code = files_write_all(fd, path, bytes, length, err);

	if (code)
		return code;
	if (fchmod(fd, mode) < 0)
		return failure_of(errno, err, "set the mode of", path);
	if (sync && fsync(fd) < 0)
		return failure_of(errno, err, "sync", path);
	return HST_OK;
}

static int files_put(const char *path, const void *bytes, size_t length, mode_t mode, bool sync, hst_error *err)
{
	AUTO_FREE char *beside = mem_printf("%s.new-XXXXXX", path);
	AUTO_CLOSE int fd = mkostemp(beside, O_CLOEXEC);
	int code;

	if (fd < 0)
		return failure_of(errno, err, "create a file beside", path);
	code = files_fill(fd, path, bytes, length, mode, sync, err);
	if (!code && rename(beside, path) < 0)
		code = failure_of(errno, err, "replace", path);
	if (code)
		unlink(beside);
	return code;
}

int files_replace(const char *path, const void *bytes, size_t length, mode_t mode, bool sync, hst_error *err)
{
	int code = files_put(path, bytes, length, mode, true, err);

	return code == HST_OK && sync ? files_sync_directory_of(path, err) : code;
}

int files_replace_fleeting(const char *path, const void *bytes, size_t length, mode_t mode, hst_error *err)
{
	return files_put(path, bytes, length, mode, false, err);
}

/* Opens for appending; *ret_made says whether the file was not there before. */
static int files_open_append(const char *path, bool *ret_made)
{
	const int flags = O_WRONLY | O_APPEND | O_NOFOLLOW | FILES_OPEN;
	int fd;

	/* Between the two tries another process may make or remove the file; then the pair is tried again. */
	do {
		*ret_made = false;
		fd = open(path, flags);
		if (fd >= 0 || errno != ENOENT)
			return fd;
		*ret_made = true;
		fd = open(path, flags | O_CREAT | O_EXCL, 0600);
	} while (fd < 0 && errno == EEXIST);
	return fd;
}

int files_append(const char *path, const void *bytes, size_t length, mode_t mode, bool sync, hst_error *err)
{
	bool made;
	AUTO_CLOSE int fd = files_open_append(path, &made);
	struct stat status;
	int code;

	if (fd < 0)
		return failure_of(errno, err, "open", path);
	code = files_regular(fd, path, &status, err);
	if (code)
		return code;
	if (made && fchmod(fd, mode) < 0)
		return failure_of(errno, err, "set the mode of", path);
	code = files_write_all(fd, path, bytes, length, err);
	if (code)
		return code;
	if (sync && fdatasync(fd) < 0)
		return failure_of(errno, err, "sync", path);
	return sync && made ? files_sync_directory_of(path, err) : HST_OK;
}
