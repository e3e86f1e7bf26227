#include "store/archive.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/failure.h"
#include "store/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { PART_BYTES = 256 << 10, SUMS_MAX = 256 << 20 };

struct reading {
	const char *path;
	int fd;
	const struct archive_visitor *visitor;
	uint8_t *bytes;
	size_t members;
	struct text found, said; /* lines of sums: as they are, and as SHA256SUMS has them */
};

static int cut_short(const struct reading *reading, hst_error *err)
{
	return hst_fail(err, HST_INVALID, "%s is not whole: it ends too early", reading->path);
}

/* Exactly so many bytes. */
static int read_all(const struct reading *reading, void *to, size_t length, hst_error *err)
{
	char *at = to;

	while (length) {
		ssize_t n = read(reading->fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failure_of(errno, err, "read", reading->path);
		if (n == 0)
			return cut_short(reading, err);
		at += n;
		length -= (size_t)n;
	}
	return HST_OK;
}

static int give(const struct reading *reading, bool sums, const void *bytes, size_t length, hst_error *err)
{
	if (sums || !reading->visitor)
		return HST_OK;
	return reading->visitor->bytes(reading->visitor->arg, bytes, length, err);
}

static int read_bytes(struct reading *reading, const struct archive_member *member, bool sums, uint8_t sum[crypto_hash_sha256_BYTES],
		      hst_error *err)
{
	crypto_hash_sha256_state hash;
	int code = HST_OK;

	crypto_hash_sha256_init(&hash);
	for (int64_t left = member->size; !code && left > 0;) {
		size_t n = left < PART_BYTES ? (size_t)left : PART_BYTES;

		code = read_all(reading, reading->bytes, n, err);
		if (code)
			break;
		crypto_hash_sha256_update(&hash, reading->bytes, n);
		if (sums)
			text_bytes(&reading->said, reading->bytes, n);
		code = give(reading, sums, reading->bytes, n, err);
		left -= (int64_t)n;
	}
	crypto_hash_sha256_final(&hash, sum);
	return code ? code : read_all(reading, reading->bytes, tar_padding(member->size), err);
}

static int read_member(struct reading *reading, const struct archive_member *member, bool sums, hst_error *err)
{
	const struct archive_visitor *visitor = sums ? NULL : reading->visitor;
	uint8_t sum[crypto_hash_sha256_BYTES];
	char hex[TAR_SUM_HEX + 1];
	int code = HST_OK;

	if (++reading->members > ARCHIVE_MEMBERS_MAX || (sums && member->size > SUMS_MAX))
		return hst_fail(err, HST_INVALID, "%s has more members than any backup", reading->path);
	if (visitor)
		code = visitor->begin(visitor->arg, member, err);
	if (!code)
		code = read_bytes(reading, member, sums, sum, err);
	if (code || sums)
		return code;
	sodium_bin2hex(hex, sizeof hex, sum, sizeof sum);
	text_addf(&reading->found, "%s  %s\n", hex, member->name);
	return visitor ? visitor->end(visitor->arg, err) : HST_OK;
}

/* The first line that differs names the member. */
static int compare(const struct reading *reading, hst_error *err)
{
	size_t at = 0, line = 0;

	if (reading->found.length == reading->said.length && !reading->said.over &&
	    memcmp(reading->found.s, reading->said.s, reading->said.length) == 0)
		return HST_OK;
	while (at < reading->found.length && at < reading->said.length && reading->found.s[at] == reading->said.s[at])
		line = reading->found.s[at++] == '\n' ? at : line;
	if (line + TAR_SUM_HEX + 2 >= reading->found.length)
		return hst_fail(err, HST_INVALID, "%s is damaged: members are missing", reading->path);
	return hst_fail(err, HST_INVALID, "%s is damaged: %.*s has another checksum than when the backup was made", reading->path,
			(int)strcspn(reading->found.s + line + TAR_SUM_HEX + 2, "\n"), reading->found.s + line + TAR_SUM_HEX + 2);
}

static int read_members(struct reading *reading, hst_error *err)
{
	struct archive_member member = {.size = 0};
	uint8_t header[TAR_BLOCK];
	hst_error why = {0};
	bool end = false, sums = false;
	int code = HST_OK;

	while (!code && !end) {
		code = read_all(reading, header, sizeof header, err);
		if (!code && tar_read_header(header, &member, &end, &why) != HST_OK)
			return hst_fail(err, HST_INVALID, "%s: %s", reading->path, why.text);
		if (!code && !end && sums)
			return hst_fail(err, HST_INVALID, "%s has something behind its checksums", reading->path);
		if (code || end)
			break;
		sums = strcmp(member.name, TAR_SUMS) == 0;
		code = read_member(reading, &member, sums, err);
	}
	if (!code && !sums)
		return hst_fail(err, HST_INVALID, "%s is not whole: it has no checksums", reading->path);
	return code ? code : compare(reading, err);
}

int archive_read(const char *path, const struct archive_visitor *visitor, hst_error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	AUTO_FREE uint8_t *bytes = mem_alloc(PART_BYTES);
	struct reading reading = {.path = path, .fd = fd, .visitor = visitor, .bytes = bytes};
	int code;

	if (fd < 0)
		return failure_of(errno, err, "open", path);
	text_init(&reading.found, SUMS_MAX);
	text_init(&reading.said, SUMS_MAX);
	code = read_members(&reading, err);
	text_clear(&reading.found);
	text_clear(&reading.said);
	return code;
}
