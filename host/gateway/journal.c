/*
 * The gateway's journal: one line per record, "DEVICE WORD STEP TOKEN", appended and synced once per batch before
 * anything of the batch is done. Reading it back after a crash has its place here.
 */
#include "gateway/gateway.h"

#include "base/mem.h"
#include "os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOURNAL_BATCH_MAX = 4 << 20 };

int journal_open(struct gateway *gateway, hst_error *err)
{
	char *folder = files_join(gateway->conf->state_dir, "gateway"), *path = files_join(folder, "journal");
	int rc = HST_OK;

	text_init(&gateway->records, JOURNAL_BATCH_MAX);
	gateway->journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (gateway->journal < 0)
		rc = hst_fail(err, HST_RETRY, "%s: cannot be opened: %s", path, strerror(errno));
	free(folder);
	free(path);
	return rc;
}

void journal_add(struct gateway *gateway, const char *device, const char *record)
{
	text_addf(&gateway->records, "%s %s\n", device, record);
}

int journal_sync(struct gateway *gateway, hst_error *err)
{
	if (gateway->records.length == 0)
		return HST_OK;
	if (gateway->records.over || write(gateway->journal, gateway->records.s, gateway->records.length) != (ssize_t)gateway->records.length || fdatasync(gateway->journal) != 0)
		return hst_fail(err, HST_RETRY, "%s", strerror(errno));
	text_reset(&gateway->records);
	return HST_OK;
}
