/*
 * The gateway's journal: one line per record, "DEVICE WORD STEP TOKEN", appended and synced once per batch before
 * anything of the batch is done. Its first line, made with it, is "hostler-journal 1 IDENTITY": a host that sees another
 * identity than before knows that what it was told is forgotten.
 */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "os/crash.h"
#include "os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOURNAL_BATCH_MAX = 4 << 20, FIRST_LINE_MAX = 64 };

static const char format[] = "hostler-journal 1 ";

/* Beside the rest and renamed, so that there is never a journal without its first line. */
static int make(const char *path, hst_error *err)
{
	char line[FIRST_LINE_MAX];
	uint64_t identity;

	randombytes_buf(&identity, sizeof identity);
	identity = (identity & ((UINT64_C(1) << 53) - 1)) | 1;
	snprintf(line, sizeof line, "%s%" PRIu64 "\n", format, identity);
	return files_replace(path, line, strlen(line), 0600, true, err);
}

static int read_first_line(int fd, const char *path, int64_t *ret_identity, hst_error *err)
{
	char line[FIRST_LINE_MAX] = {0}, *end = line;
	ssize_t n = pread(fd, line, sizeof line - 1, 0);
	long long identity = 0;

	if (n > 0 && strncmp(line, format, strlen(format)) == 0)
		identity = strtoll(line + strlen(format), &end, 10);
	if (identity <= 0 || identity >= (1LL << 53) || *end != '\n')
		return hst_fail(err, HST_INVALID,
		                "%s:1: it is not the journal of a gateway; move it away, and the host will treat what was under "
		                "way as lost",
		                path);
	*ret_identity = identity;
	return HST_OK;
}

int journal_open(struct gateway *gateway, hst_error *err)
{
	AUTO_FREE char *folder = files_join(gateway->conf->state_dir, "gateway");
	AUTO_FREE char *path = files_join(folder, "journal");
	int rc;

	text_init(&gateway->records, JOURNAL_BATCH_MAX);
	if (access(path, F_OK) != 0 && errno == ENOENT && (rc = make(path, err)) < 0)
		return rc;
	gateway->journal = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (gateway->journal < 0)
		return hst_fail(err, HST_RETRY, "%s: cannot be opened: %s", path, strerror(errno));
	return read_first_line(gateway->journal, path, &gateway->journal_identity, err);
}

void journal_add(struct gateway *gateway, const char *device, const char *record)
{
	text_addf(&gateway->records, "%s %s\n", device, record);
}

int journal_sync(struct gateway *gateway, hst_error *err)
{
	if (gateway->records.length == 0)
		return HST_OK;
	crash_point(CRASH_gateway_before_journal);
	if (gateway->records.over ||
	    write(gateway->journal, gateway->records.s, gateway->records.length) != (ssize_t)gateway->records.length)
		return hst_fail(err, HST_RETRY, "%s", strerror(errno));
	crash_point(CRASH_gateway_journal_written);
	if (fdatasync(gateway->journal) != 0)
		return hst_fail(err, HST_RETRY, "%s", strerror(errno));
	crash_point(CRASH_gateway_journal_synced);
	text_reset(&gateway->records);
	return HST_OK;
}
