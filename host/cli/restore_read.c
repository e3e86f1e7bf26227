#include "cli/restore_read.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/backup_pack.h"
#include "os/failure.h"
#include "os/files.h"
#include "store/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ABOUT_MAX = 4096 };

struct reading {
	const char *folder;
	struct text about;
	bool in_about;
	char *path; /* of the member that is being written */
	int fd;
};

static int begin(void *arg, const struct archive_member *member, hst_error *err)
{
	struct reading *reading = arg;
	AUTO_FREE char *folder = NULL;
	int code;

	reading->in_about = strcmp(member->name, BACKUP_ABOUT) == 0;
	if (!reading->folder || reading->in_about)
		return HST_OK;
	reading->path = files_join(reading->folder, member->name);
	folder = mem_copy(reading->path, (size_t)(strrchr(reading->path, '/') - reading->path));
	code = files_make_directory(folder, 0750, err);
	if (code < 0)
		return code;
	reading->fd = open(reading->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (reading->fd < 0 || fchmod(reading->fd, member->mode & 0777) < 0)
		return failure_of(errno, err, "make", reading->path);
	return HST_OK;
}

static int bytes(void *arg, const void *bytes, size_t length, hst_error *err)
{
	struct reading *reading = arg;
	const char *at = bytes;

	if (reading->in_about)
		text_bytes(&reading->about, bytes, length);
	while (reading->fd >= 0 && length) {
		ssize_t n = write(reading->fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failure_of(errno, err, "write", reading->path);
		at += n;
		length -= (size_t)n;
	}
	return HST_OK;
}

static void member_over(struct reading *reading)
{
	if (reading->fd >= 0)
		close(reading->fd);
	reading->fd = -1;
	free(reading->path);
	reading->path = NULL;
}

static int end(void *arg, hst_error *err)
{
	(void)err;
	member_over(arg);
	return HST_OK;
}

/* 0: it is not said. */
static int64_t said(const char *about, const char *name)
{
	AUTO_FREE char *start = mem_printf("\n%s = ", name);
	AUTO_FREE char *lines = mem_printf("\n%s", about ? about : "");
	const char *found = strstr(lines, start);

	return found ? strtoll(found + strlen(start), NULL, 10) : 0;
}

static int read_about(const char *file, const struct text *text, struct restore_about *ret, hst_error *err)
{
	const char *about = text->length ? text->s : "";

	ret->format = said(about, "format");
	ret->made_us = said(about, "made_us");
	ret->store_version = said(about, "store_version");
	ret->runs = said(about, "runs");
	ret->unfinished = said(about, "unfinished");
	ret->files = strstr(about, "\nfiles = yes") != NULL;
	if (!text->length || ret->format < 1)
		return hst_fail(err, HST_INVALID, "%s is no backup: it does not say what it is", file);
	if (ret->format > BACKUP_FORMAT)
		return hst_fail(err, HST_INVALID, "%s has format %lld, this program knows formats up to %d: use the newer program", file,
				(long long)ret->format, BACKUP_FORMAT);
	return HST_OK;
}

int restore_read(const char *file, const char *folder, struct restore_about *ret, hst_error *err)
{
	struct reading reading = {.folder = folder, .fd = -1};
	const struct archive_visitor visitor = {.begin = begin, .bytes = bytes, .end = end, .arg = &reading};
	int code;

	text_init(&reading.about, ABOUT_MAX);
	code = archive_read(file, &visitor, err);
	member_over(&reading);
	if (!code)
		code = read_about(file, &reading.about, ret, err);
	text_clear(&reading.about);
	return code;
}
