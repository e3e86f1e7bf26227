#include "store/archive.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/failure.h"
#include "store/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_BYTES = 256 << 10, SUMS_MAX = 256 << 20 };

struct archive_writer {
	char *path, *part;
	int fd;
	int64_t at_s;
	size_t members;
	struct text sums;
	bool finished;
};

static int write_all(struct archive_writer *writer, const void *bytes, size_t length, hst_error *err)
{
	const char *at = bytes;

	while (length) {
		ssize_t n = write(writer->fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failure_of(errno, err, "write", writer->part);
		at += n;
		length -= (size_t)n;
	}
	return HST_OK;
}

int archive_create(const char *path, struct archive_writer **ret, hst_error *err)
{
	struct archive_writer *writer = mem_alloc(sizeof *writer);

	*writer = (struct archive_writer){.path = mem_text(path), .part = mem_printf("%s.part", path), .fd = -1};
	writer->at_s = clock_wall_us() / 1000000;
	text_init(&writer->sums, SUMS_MAX);
	if (unlink(writer->part) == 0 || errno == ENOENT)
		writer->fd = open(writer->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (writer->fd < 0) {
		int code = failure_of(errno, err, "make", writer->part);

		writer->finished = true;
		archive_free(writer);
		return code;
	}
	*ret = writer;
	return HST_OK;
}

static int begin(struct archive_writer *writer, const char *name, mode_t mode, int64_t size, hst_error *err)
{
	struct archive_member member = {.mode = mode, .size = size};
	uint8_t header[TAR_BLOCK];
	int code;

	if (++writer->members > ARCHIVE_MEMBERS_MAX)
		return hst_fail(err, HST_INVALID, "%s: there are too many files for one backup", writer->path);
	snprintf(member.name, sizeof member.name, "%s", strlen(name) <= ARCHIVE_NAME_MAX ? name : "");
	code = tar_write_header(header, &member, writer->at_s, err);
	return code ? code : write_all(writer, header, sizeof header, err);
}

static int end(struct archive_writer *writer, const char *name, int64_t size, crypto_hash_sha256_state *hash, hst_error *err)
{
	static const uint8_t zeros[TAR_BLOCK];
	uint8_t sum[crypto_hash_sha256_BYTES];
	char hex[TAR_SUM_HEX + 1];

	crypto_hash_sha256_final(hash, sum);
	sodium_bin2hex(hex, sizeof hex, sum, sizeof sum);
	text_addf(&writer->sums, "%s  %s\n", hex, name);
	return write_all(writer, zeros, tar_padding(size), err);
}

int archive_add(struct archive_writer *writer, const char *name, mode_t mode, const void *bytes, size_t length, hst_error *err)
{
	crypto_hash_sha256_state hash;
	int code = begin(writer, name, mode, (int64_t)length, err);

	crypto_hash_sha256_init(&hash);
	crypto_hash_sha256_update(&hash, bytes, length);
	if (!code)
		code = write_all(writer, bytes, length, err);
	return code ? code : end(writer, name, (int64_t)length, &hash, err);
}

int archive_add_file(struct archive_writer *writer, const char *name, mode_t mode, int fd, void (*told)(void *arg, int64_t bytes),
		     void *arg, hst_error *err)
{
	AUTO_FREE uint8_t *bytes = mem_alloc(PART_BYTES);
	crypto_hash_sha256_state hash;
	struct stat status;
	int code;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return hst_fail(err, HST_INVALID, "%s is no plain file", name);
	code = begin(writer, name, mode, status.st_size, err);
	crypto_hash_sha256_init(&hash);
	for (int64_t at = 0; !code && at < status.st_size;) {
		int64_t left = status.st_size - at;
		ssize_t n = pread(fd, bytes, left < PART_BYTES ? (size_t)left : PART_BYTES, at);

		if (n < 0)
			return failure_of(errno, err, "read", name);
		if (n == 0)
			return hst_fail(err, HST_INVALID, "%s became shorter while it was read", name);
		crypto_hash_sha256_update(&hash, bytes, (size_t)n);
		code = write_all(writer, bytes, (size_t)n, err);
		at += n;
		if (told)
			told(arg, n);
	}
	return code ? code : end(writer, name, status.st_size, &hash, err);
}

/* The sums are no member that has a sum of its own. */
static int close_file(struct archive_writer *writer, hst_error *err)
{
	static const uint8_t zeros[2 * TAR_BLOCK];
	int code = begin(writer, TAR_SUMS, 0600, (int64_t)writer->sums.length, err);

	if (!code && writer->sums.over)
		code = hst_fail(err, HST_INVALID, "%s: there are too many files for one backup", writer->path);
	if (!code)
		code = write_all(writer, writer->sums.s, writer->sums.length, err);
	if (!code)
		code = write_all(writer, zeros, tar_padding((int64_t)writer->sums.length), err);
	if (!code)
		code = write_all(writer, zeros, sizeof zeros, err);
	if (!code && fsync(writer->fd) < 0)
		code = failure_of(errno, err, "write", writer->part);
	return code;
}

/* Not every file system can rename without replacing; a second name never replaces. */
static int name_anew(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return link(from, to) < 0 ? -1 : unlink(from);
}

/* Without `replace` a file that came meanwhile stays, too. */
static int put_in_place(struct archive_writer *writer, bool replace, hst_error *err)
{
	AUTO_FREE char *folder = mem_text(writer->path);
	AUTO_CLOSE int fd = -1;
	char *slash = strrchr(folder, '/');

	if ((replace ? rename(writer->part, writer->path) : name_anew(writer->part, writer->path)) < 0)
		return errno == EEXIST ? hst_fail(err, HST_DENIED, "%s is there already; say --force to replace it", writer->path)
				       : failure_of(errno, err, "name", writer->path);
	writer->finished = true;
	if (slash)
		slash[slash == folder] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return failure_of(errno, err, "write", writer->path);
	return HST_OK;
}

int archive_finish(struct archive_writer *writer, bool replace, hst_error *err)
{
	int code = close_file(writer, err);

	if (!code)
		code = archive_read(writer->part, NULL, err);
	return code ? code : put_in_place(writer, replace, err);
}

void archive_free(struct archive_writer *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0)
		close(writer->fd);
	if (!writer->finished)
		unlink(writer->part);
	text_clear(&writer->sums);
	free(writer->part);
	free(writer->path);
	free(writer);
}
