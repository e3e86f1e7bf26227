/*
 * The gateway's journal: one line per record, "DEVICE RECORD" (host/pure/admission/records.c says which there are), appended
 * and synced once per batch before anything of the batch is done. Its first line, made with it, is "hostler-journal 1
 * IDENTITY": a host that sees another identity than before knows that what it was told is forgotten.
 *
 * At the start it is read, and written anew with what is still needed; so it is when it has grown.
 */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
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

enum { RECORDS_MAX = 1 << 30, GROWTH_MIN = 1 << 20 };
enum { SOON_BYTES = 256 << 10 }; /* of records that nothing waits for */

static const char format[] = "hostler-journal 1 ";

static int damaged(const struct gateway *gateway, size_t line, const char *why, hst_error *err)
{
	return hst_fail(err, HST_INVALID,
	                "%s:%zu: the journal is damaged: %s; move the file away and start again, then the host treats what was "
	                "under way here as lost",
	                gateway->journal_path, line, why);
}

static bool read_identity(struct gateway *gateway, const char *line)
{
	char *end = NULL;
	long long identity = 0;

	if (strncmp(line, format, strlen(format)) == 0)
		identity = strtoll(line + strlen(format), &end, 10);
	gateway->journal_identity = identity;
	return identity > 0 && identity < (1LL << 53) && !*end;
}

static int read_line(struct gateway *gateway, char *line, size_t length, size_t number, hst_error *err)
{
	char *record = strchr(line, ' ');
	struct gateway_device *device;
	hst_error why = {{0}, {0}};

	if (number == 1)
		return read_identity(gateway, line) ? HST_OK : damaged(gateway, number, "it does not begin as one", err);
	if (!record || record == line)
		return damaged(gateway, number, "the line names no device", err);
	*record = '\0';
	device = table_get(&gateway->devices, line);
	if (!device) {
		text_addf(&gateway->others, "%s %s\n", line, record + 1);
		return HST_OK;
	}
	if (admission_replay(device->admission, record + 1, length - (size_t)(record + 1 - line), &why) < 0)
		return damaged(gateway, number, why.text, err);
	return HST_OK;
}

/* A last line without its end was being written when the gateway died: what it says was never done. */
static int read_lines(struct gateway *gateway, FILE *file, hst_error *err)
{
	AUTO_FREE char *line = NULL;
	size_t size = 0, number = 0;
	ssize_t length;
	int rc = HST_OK;

	while (rc >= 0 && (length = getline(&line, &size, file)) > 0) {
		if (line[length - 1] != '\n') {
			log_info("%s: its last line is cut short and left out", gateway->journal_path);
			break;
		}
		line[--length] = '\0';
		rc = read_line(gateway, line, (size_t)length, ++number, err);
	}
	if (rc >= 0 && ferror(file))
		return hst_fail(err, HST_RETRY, "%s: cannot be read: %s", gateway->journal_path, strerror(errno));
	return rc >= 0 && number == 0 ? damaged(gateway, 1, "it does not begin as one", err) : rc;
}

static int read_all(struct gateway *gateway, hst_error *err)
{
	int fd = open(gateway->journal_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	int rc;

	if (!file) {
		rc = errno;
		if (fd >= 0)
			close(fd);
		if (rc != ENOENT)
			return hst_fail(err, HST_RETRY, "%s: cannot be opened: %s", gateway->journal_path, strerror(rc));
		randombytes_buf(&gateway->journal_identity, sizeof gateway->journal_identity);
		gateway->journal_identity = (gateway->journal_identity & ((INT64_C(1) << 53) - 1)) | 1;
		return HST_OK;
	}
	rc = read_lines(gateway, file, err);
	fclose(file);
	return rc;
}

int journal_adopt(struct gateway *gateway, struct gateway_device *device, hst_error *err)
{
	static const struct admission_event replayed = {.kind = ADMISSION_REPLAYED};
	char *others = text_take(&gateway->others), *rest = others, *line;
	size_t length = strlen(device->conf->name);
	int rc = HST_OK;

	text_init(&gateway->others, RECORDS_MAX);
	while ((line = strsep(&rest, "\n")) && *line) {
		if (strncmp(line, device->conf->name, length) != 0 || line[length] != ' ')
			text_addf(&gateway->others, "%s\n", line);
		else if (rc >= 0)
			rc = admission_replay(device->admission, line + length + 1, strlen(line + length + 1), err);
	}
	free(others);
	gateway_event(device, &replayed);
	return rc;
}

struct writing {
	struct text text;
	const char *device;
};

static void write_record(void *arg, const char *record)
{
	struct writing *writing = arg;

	text_addf(&writing->text, "%s %s\n", writing->device, record);
}

/* Beside the old one and renamed, so that there is always a whole one. What waits to be written is in the state already. */
static int write_anew(struct gateway *gateway, hst_error *err)
{
	struct writing writing = {.device = NULL};
	int rc;

	text_init(&writing.text, RECORDS_MAX);
	text_addf(&writing.text, "%s%" PRId64 "\n%s", format, gateway->journal_identity, gateway->others.s);
	TABLE_EACH(&gateway->devices, entry) {
		struct gateway_device *device = entry->value;

		writing.device = device->conf->name;
		admission_records(device->admission, write_record, &writing);
	}
	rc = writing.text.over ? hst_fail(err, HST_BROKEN, "%s: it would be larger than 1 GiB", gateway->journal_path)
	                       : files_replace(gateway->journal_path, writing.text.s, writing.text.length, 0600, true, err);
	gateway->journal_size = writing.text.length;
	gateway->journal_limit = 2 * writing.text.length + GROWTH_MIN;
	text_clear(&writing.text);
	if (rc < 0)
		return rc;
	crash_point(CRASH_gateway_journal_anew);
	if (gateway->journal >= 0)
		close(gateway->journal);
	gateway->journal = open(gateway->journal_path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (gateway->journal < 0)
		return hst_fail(err, HST_RETRY, "%s: cannot be opened: %s", gateway->journal_path, strerror(errno));
	text_reset(&gateway->records);
	gateway->records_urgent = false;
	return HST_OK;
}

int journal_open(struct gateway *gateway, hst_error *err)
{
	static const struct admission_event replayed = {.kind = ADMISSION_REPLAYED};
	AUTO_FREE char *folder = files_join(gateway->conf->state_dir, "gateway");
	int rc;

	gateway->journal_path = files_join(folder, "journal");
	text_init(&gateway->records, RECORDS_MAX);
	text_init(&gateway->others, RECORDS_MAX);
	rc = read_all(gateway, err);
	crash_point(CRASH_gateway_journal_read);
	if (rc >= 0)
		rc = write_anew(gateway, err);
	TABLE_EACH(&gateway->devices, entry)
		if (rc >= 0)
			gateway_event(entry->value, &replayed);
	return rc;
}

void journal_add(struct gateway *gateway, const char *device, const char *record, bool soon)
{
	text_add(&gateway->records, device);
	text_add(&gateway->records, " ");
	text_add(&gateway->records, record);
	text_add(&gateway->records, "\n");
	gateway->records_urgent |= !soon;
}

static int append(struct gateway *gateway, hst_error *err)
{
	const struct text *records = &gateway->records;

	crash_point(CRASH_gateway_before_journal);
	if (write(gateway->journal, records->s, records->length) != (ssize_t)records->length)
		return hst_fail(err, HST_RETRY, "%s: cannot be written: %s", gateway->journal_path, strerror(errno));
	crash_point(CRASH_gateway_journal_written);
	if (fdatasync(gateway->journal) != 0)
		return hst_fail(err, HST_RETRY, "%s: cannot be synced: %s", gateway->journal_path, strerror(errno));
	crash_point(CRASH_gateway_journal_synced);
	gateway->journal_size += records->length;
	text_reset(&gateway->records);
	gateway->records_urgent = false;
	return HST_OK;
}

int journal_sync(struct gateway *gateway, hst_error *err)
{
	if (!gateway->records_urgent && gateway->records.length < SOON_BYTES)
		return HST_OK;
	if (gateway->records.over || gateway->journal_size + gateway->records.length > gateway->journal_limit)
		return write_anew(gateway, err);
	return append(gateway, err);
}

void journal_close(struct gateway *gateway)
{
	hst_error err = {{0}, {0}};

	if (gateway->journal >= 0 && gateway->records.length > 0 && append(gateway, &err) < 0)
		log_warning("%s", err.text);
	if (gateway->journal >= 0)
		close(gateway->journal);
	text_clear(&gateway->records);
	text_clear(&gateway->others);
	free(gateway->journal_path);
}
