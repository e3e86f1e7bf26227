#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 1024, PART_BYTES_MAX = 255 };

/* The folder a path leads to, open, and the last part of the path. */
struct place {
	int folder;
	char name[PART_BYTES_MAX + 1];
};

static int fail_errno(int number, const char *doing, const char *path, hst_error *err)
{
	hst_code code = HST_INVALID;

	switch (number) {
	case ENOENT:
		code = HST_NOT_FOUND;
		break;
	case EACCES:
	case EPERM:
	case EROFS:
		code = HST_DENIED;
		break;
	case ENOSPC:
	case EDQUOT:
	case EIO:
	case EMFILE:
	case ENFILE:
	case ESTALE:
		code = HST_RETRY;
		break;
	case ELOOP:
	case ENOTDIR:
		return hst_fail(err, code, "cannot %s %.200s: a part of the path is a link or no folder",
				doing, path);
	default:
		break;
	}
	return hst_fail(err, code, "cannot %s %.200s: %s", doing, path, strerror(number));
}

static int open_root(const char *root, int *ret, hst_error *err)
{
	int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0)
		return fail_errno(errno, "open the folder", root, err);
	*ret = folder;
	return HST_OK;
}

int file_check_root(const char *root, hst_error *err)
{
	int folder = -1;
	int code = open_root(root, &folder, err);

	if (code == HST_OK)
		close(folder);
	return code;
}

/* Copies the part that starts at `at`. */
static int read_part(const char *path, const char *at, char part[PART_BYTES_MAX + 1], hst_error *err)
{
	size_t n = strcspn(at, "/");

	if (n == 0)
		return hst_fail(err, HST_INVALID,
				"\"%.200s\" is no path below the folder: it must be relative and name a file",
				path);
	if (n > PART_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "\"%.200s\" has a part of more than %d bytes", path,
				PART_BYTES_MAX);
	memcpy(part, at, n);
	part[n] = '\0';
	if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
		return hst_fail(err, HST_INVALID, "\"%.200s\" must not have \"%s\" in it", path, part);
	return HST_OK;
}

/*
 * Goes down folder by folder, each opened below the one before it, so that no link and no rename leads
 * astray.
 */
static int find_place(const char *root, const char *path, struct place *ret, hst_error *err)
{
	struct place place = {.folder = -1};
	const char *at = path;
	int code;

	if (strlen(path) > PATH_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "the path has more than %d bytes: %.60s…", PATH_BYTES_MAX,
				path);
	if ((code = open_root(root, &place.folder, err)) != HST_OK)
		return code;
	for (;;) {
		int next;

		if ((code = read_part(path, at, place.name, err)) != HST_OK)
			break;
		at += strlen(place.name);
		if (*at == '\0') {
			*ret = place;
			return HST_OK;
		}
		at++;
		next = openat(place.folder, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0) {
			code = fail_errno(errno, "open", path, err);
			break;
		}
		close(place.folder);
		place.folder = next;
	}
	close(place.folder);
	return code;
}

/* O_NONBLOCK, because opening a FIFO would wait for its other end. */
static int open_regular(const struct place *place, const char *path, int flags, int *ret,
			struct stat *ret_stat, hst_error *err)
{
	int fd = openat(place->folder, place->name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
			0666);

	if (fd < 0)
		return fail_errno(errno, "open", path, err);
	if (fstat(fd, ret_stat) != 0 || !S_ISREG(ret_stat->st_mode)) {
		close(fd);
		return hst_fail(err, HST_INVALID, "%.200s is not a regular file", path);
	}
	*ret = fd;
	return HST_OK;
}

static int too_large(const char *path, size_t max, hst_error *err)
{
	return hst_fail(err, HST_INVALID, "%.200s is larger than %zu bytes, which is the most that is read",
			path, max);
}

static int read_all(hst_call *call, int fd, const char *path, size_t size, size_t max, char **ret,
		    size_t *ret_n, hst_error *err)
{
	/* One byte more than the size, to notice that the file has grown since. */
	char *bytes = hst_alloc(call, size + 2);
	size_t n = 0;

	for (;;) {
		ssize_t got = read(fd, bytes + n, size + 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(errno, "read", path, err);
		if (got == 0)
			break;
		n += (size_t)got;
		if (n > max)
			return too_large(path, max, err);
		if (n > size)
			return hst_fail(err, HST_RETRY, "%.200s grew while it was read", path);
	}
	bytes[n] = '\0';
	*ret = bytes;
	*ret_n = n;
	return HST_OK;
}

int file_read(hst_call *call, const char *root, const char *path, size_t max, char **ret, size_t *ret_n,
	      hst_error *err)
{
	struct place place = {.folder = -1};
	struct stat at;
	int fd = -1, code;

	if ((code = find_place(root, path, &place, err)) != HST_OK)
		return code;
	code = open_regular(&place, path, O_RDONLY, &fd, &at, err);
	close(place.folder);
	if (code != HST_OK)
		return code;
	if ((uint64_t)at.st_size > max)
		code = too_large(path, max, err);
	else
		code = read_all(call, fd, path, (size_t)at.st_size, max, ret, ret_n, err);
	close(fd);
	return code;
}

static int write_all(int fd, const char *path, const char *bytes, size_t n, hst_error *err)
{
	while (n) {
		ssize_t put = write(fd, bytes, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail_errno(errno, "write", path, err);
		bytes += put;
		n -= (size_t)put;
	}
	return HST_OK;
}

/* What is to be in a file: bytes, or all of another one. */
struct source {
	const void *bytes; /* NULL: `fd` has it */
	size_t n;
	int fd;
};

static int copy(hst_call *call, int from, int to, const char *path, int64_t max, int64_t *ret_n, hst_error *err)
{
	enum { AT_ONCE = 1 << 16 };
	char *bytes = hst_alloc(call, AT_ONCE);
	int code = HST_OK;

	*ret_n = 0;
	for (;;) {
		ssize_t got = read(from, bytes, AT_ONCE);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(errno, "read", path, err);
		if (got == 0 || code != HST_OK)
			return code;
		if (hst_cancelled(call))
			return hst_fail(err, HST_CANCELLED, "it was cancelled while %.200s was copied", path);
		*ret_n += got;
		if (*ret_n > max)
			return too_large(path, (size_t)max, err);
		code = write_all(to, path, bytes, (size_t)got, err);
	}
}

static int fill(hst_call *call, int fd, const char *path, struct source *source, hst_error *err)
{
	int64_t n = 0;
	int code = source->bytes ? write_all(fd, path, source->bytes, source->n, err) : copy(call, source->fd, fd, path, INT64_MAX, &n, err);

	if (!source->bytes)
		source->n = (size_t)n;
	return code;
}

static int write_and_rename(hst_call *call, const struct place *place, const char *beside, const char *path,
			    struct source *source, mode_t mode, hst_error *err)
{
	int fd = openat(place->folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	int code;

	if (fd < 0)
		return fail_errno(errno, "write beside", path, err);
	code = fill(call, fd, path, source, err);
	if (code == HST_OK && mode && fchmod(fd, mode) != 0)
		code = fail_errno(errno, "set the rights of", path, err);
	if (code == HST_OK && fsync(fd) != 0)
		code = fail_errno(errno, "write", path, err);
	close(fd);
	if (code == HST_OK && renameat(place->folder, beside, place->folder, place->name) != 0)
		code = fail_errno(errno, "replace", path, err);
	if (code != HST_OK)
		unlinkat(place->folder, beside, 0);
	return code;
}

static int replace(hst_call *call, const char *root, const char *path, struct source *source, hst_error *err)
{
	struct place place = {.folder = -1};
	struct stat old;
	char beside[80];
	mode_t mode = 0; /* of the file that is replaced; 0: there is none */
	int code;

	if ((code = find_place(root, path, &place, err)) != HST_OK)
		return code;
	if (fstatat(place.folder, place.name, &old, AT_SYMLINK_NOFOLLOW) == 0) {
		mode = old.st_mode & 0777;
		if (!S_ISREG(old.st_mode))
			code = hst_fail(err, HST_INVALID, "%.200s is not a regular file", path);
	}
	if (code == HST_OK) {
		snprintf(beside, sizeof beside, ".hostler-%ld-%lld", (long)getpid(),
			 (long long)hst_now_us(call->host));
		code = write_and_rename(call, &place, beside, path, source, mode, err);
	}
	if (code == HST_OK && fsync(place.folder) != 0)
		code = fail_errno(errno, "write the folder of", path, err);
	close(place.folder);
	return code;
}

int file_replace(hst_call *call, const char *root, const char *path, const void *bytes, size_t n,
		 hst_error *err)
{
	return replace(call, root, path, &(struct source){.bytes = bytes, .n = n, .fd = -1}, err);
}

int file_copy_in(hst_call *call, const char *root, const char *path, const char *from, int64_t *ret_n, hst_error *err)
{
	struct source source = {.fd = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
	int code;

	if (source.fd < 0)
		return fail_errno(errno, "open", from, err);
	code = replace(call, root, path, &source, err);
	close(source.fd);
	*ret_n = (int64_t)source.n;
	return code;
}

int file_copy_out(hst_call *call, const char *root, const char *path, const char *to, int64_t max, int64_t *ret_n, hst_error *err)
{
	struct place place = {.folder = -1};
	struct stat at;
	int fd = -1, out, code;

	if ((code = find_place(root, path, &place, err)) != HST_OK)
		return code;
	code = open_regular(&place, path, O_RDONLY, &fd, &at, err);
	close(place.folder);
	if (code != HST_OK)
		return code;
	out = open(to, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	code = out < 0 ? fail_errno(errno, "write", to, err) : copy(call, fd, out, path, max, ret_n, err);
	if (out >= 0)
		close(out);
	close(fd);
	return code;
}

/* Polled, because flock itself knows no deadline. */
static int lock_file(hst_call *call, int fd, const char *path, hst_error *err)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_errno(errno, "lock", path, err);
		if (hst_cancelled(call))
			return hst_fail(err, HST_TIMEOUT, "%.200s is locked by another program", path);
		nanosleep(&pause, NULL);
	}
	return HST_OK;
}

/* Whether the name still leads to the open file: while the lock was waited for, it may have been replaced. */
static bool still_there(const struct place *place, const struct stat *open_file)
{
	struct stat at;

	return fstatat(place->folder, place->name, &at, AT_SYMLINK_NOFOLLOW) == 0 &&
	       at.st_ino == open_file->st_ino && at.st_dev == open_file->st_dev;
}

/* One write. What a full disk let through of it is taken back, so that no half line stays. */
static int append_once(int fd, const char *path, const void *bytes, size_t n, hst_error *err)
{
	struct stat before, after;
	ssize_t put;

	if (fstat(fd, &before) != 0)
		return fail_errno(errno, "look at", path, err);
	do
		put = write(fd, bytes, n);
	while (put < 0 && errno == EINTR);
	if (put < 0)
		return fail_errno(errno, "append to", path, err);
	if ((size_t)put < n) {
		/* Only while nobody without the lock has added something behind it. */
		if (fstat(fd, &after) != 0 || after.st_size != before.st_size + put ||
		    ftruncate(fd, before.st_size) != 0)
			return hst_fail(err, HST_INVALID,
					"only %zd of %zu bytes were appended to %.200s, and they stay there",
					put, n, path);
		return fail_errno(ENOSPC, "append to", path, err);
	}
	return fsync(fd) == 0 ? HST_OK : fail_errno(errno, "append to", path, err);
}

static int append_at(hst_call *call, const struct place *place, const char *path, const void *bytes, size_t n,
		     hst_error *err)
{
	enum { REPLACED_AT_MOST = 100 };

	for (int i = 0; i < REPLACED_AT_MOST; i++) {
		struct stat at;
		bool there;
		int fd = -1, code;

		code = open_regular(place, path, O_WRONLY | O_APPEND | O_CREAT, &fd, &at, err);
		if (code != HST_OK)
			return code;
		code = lock_file(call, fd, path, err);
		there = code == HST_OK && still_there(place, &at);
		if (there)
			code = append_once(fd, path, bytes, n, err);
		close(fd);
		if (code != HST_OK || there)
			return code;
	}
	return hst_fail(err, HST_RETRY, "%.200s is replaced all the time", path);
}

int file_append(hst_call *call, const char *root, const char *path, const void *bytes, size_t n,
		hst_error *err)
{
	struct place place = {.folder = -1};
	int code;

	if ((code = find_place(root, path, &place, err)) != HST_OK)
		return code;
	code = append_at(call, &place, path, bytes, n, err);
	if (code == HST_OK && fsync(place.folder) != 0)
		code = fail_errno(errno, "write the folder of", path, err);
	close(place.folder);
	return code;
}
