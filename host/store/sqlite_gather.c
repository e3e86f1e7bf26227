/*
 * The files of the store and of its write-ahead log. SQLite writes each page by a call of its own, and to the log by two, of
 * which one is for 24 bytes; here what follows each other is gathered and written by few. All of it is written before the
 * file is synced, or anything else is asked of it, so a commit promises what it did. What has not been written is lost with the
 * process, as what has not been synced is with the machine: SQLite relies on neither.
 */
#include "store/sqlite.h"

#include "base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GATHERED_BYTES = 96 << 10 }; /* SQLite's own write takes less than 128 KB at once */

struct gathering {
	sqlite3_file file; /* first; the system's own follows the structure */
	char *bytes;
	int length;
	sqlite3_int64 at; /* in the file, of the first of them */
	const struct store_work **meanwhile; /* where what is done while it is synced stands, if anything is; NULL: never */
	int descriptor;			     /* of the log, to have it written before it is waited for; else -1 */
};

static sqlite3_vfs *under, over;

static struct gathering *gathering_of(sqlite3_file *file)
{
	return (struct gathering *)(void *)file;
}

static sqlite3_file *own(sqlite3_file *file)
{
	_Static_assert(sizeof(struct gathering) % _Alignof(max_align_t) == 0, "what follows it may be anything");
	return (sqlite3_file *)(void *)(gathering_of(file) + 1);
}

/* What cannot be written is lost, and whoever asked is told: SQLite takes its batch back then. */
static int write_gathered(sqlite3_file *file)
{
	struct gathering *gathering = gathering_of(file);
	int length = gathering->length;

	gathering->length = 0;
	return length ? own(file)->pMethods->xWrite(own(file), gathering->bytes, length, gathering->at) : SQLITE_OK;
}

static int gather_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at)
{
	struct gathering *gathering = gathering_of(file);
	int code = SQLITE_OK;

	if (at != gathering->at + gathering->length || length > GATHERED_BYTES - gathering->length)
		code = write_gathered(file);
	if (code != SQLITE_OK)
		return code;
	if (length > GATHERED_BYTES)
		return own(file)->pMethods->xWrite(own(file), bytes, length, at);
	if (!gathering->length)
		gathering->at = at;
	memcpy(gathering->bytes + gathering->length, bytes, (size_t)length);
	gathering->length += length;
	return SQLITE_OK;
}

static int gather_close(sqlite3_file *file)
{
	int written = write_gathered(file), closed = own(file)->pMethods->xClose(own(file));

	if (gathering_of(file)->descriptor >= 0)
		close(gathering_of(file)->descriptor);
	free(gathering_of(file)->bytes);
	return written ? written : closed;
}

static int gather_read(sqlite3_file *file, void *to, int length, sqlite3_int64 at)
{
	int code = write_gathered(file);

	return code ? code : own(file)->pMethods->xRead(own(file), to, length, at);
}

static int gather_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = write_gathered(file);

	return code ? code : own(file)->pMethods->xTruncate(own(file), size);
}

/* The disk begins to write, and this goes on meanwhile; then what is left of the writing is waited for. */
static void work_meanwhile(struct gathering *gathering)
{
	const struct store_work *meanwhile = gathering->meanwhile ? *gathering->meanwhile : NULL;

	if (!meanwhile)
		return;
	*gathering->meanwhile = NULL;
	sync_file_range(gathering->descriptor, 0, 0, SYNC_FILE_RANGE_WRITE);
	meanwhile->work(meanwhile->arg);
}

static int gather_sync(sqlite3_file *file, int how)
{
	int code = write_gathered(file);

	if (code)
		return code;
	work_meanwhile(gathering_of(file));
	return own(file)->pMethods->xSync(own(file), how);
}

static int gather_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	int code = write_gathered(file);

	return code ? code : own(file)->pMethods->xFileSize(own(file), ret);
}

static int gather_control(sqlite3_file *file, int what, void *arg)
{
	int code = write_gathered(file);

	return code ? code : own(file)->pMethods->xFileControl(own(file), what, arg);
}

static int gather_lock(sqlite3_file *file, int kind)
{
	return own(file)->pMethods->xLock(own(file), kind);
}

static int gather_unlock(sqlite3_file *file, int kind)
{
	return own(file)->pMethods->xUnlock(own(file), kind);
}

static int gather_locked(sqlite3_file *file, int *ret)
{
	return own(file)->pMethods->xCheckReservedLock(own(file), ret);
}

static int gather_sector(sqlite3_file *file)
{
	return own(file)->pMethods->xSectorSize(own(file));
}

static int gather_abilities(sqlite3_file *file)
{
	return own(file)->pMethods->xDeviceCharacteristics(own(file));
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = gather_close,
	.xRead = gather_read,
	.xWrite = gather_write,
	.xTruncate = gather_truncate,
	.xSync = gather_sync,
	.xFileSize = gather_size,
	.xLock = gather_lock,
	.xUnlock = gather_unlock,
	.xCheckReservedLock = gather_locked,
	.xFileControl = gather_control,
	.xSectorSize = gather_sector,
	.xDeviceCharacteristics = gather_abilities,
};

/* Other files are the system's own. */
static int gather_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	int code;

	(void)vfs;
	if (!(flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_DB)))
		return under->xOpen(under, name, file, flags, ret_flags);
	*gathering_of(file) = (struct gathering){.descriptor = -1};
	code = under->xOpen(under, name, own(file), flags, ret_flags);
	if (code != SQLITE_OK)
		return code;
	gathering_of(file)->bytes = mem_alloc(GATHERED_BYTES);
	if (flags & SQLITE_OPEN_WAL) /* on the store itself are locks, which would go with any descriptor of it that is closed */
		gathering_of(file)->descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	file->pMethods = &methods;
	return SQLITE_OK;
}

void sqlite_gather_meanwhile(sqlite3_file *file, const struct store_work **meanwhile)
{
	if (file->pMethods == &methods)
		gathering_of(file)->meanwhile = meanwhile;
}

const char *sqlite_gather(void)
{
	if (!under) {
		under = sqlite3_vfs_find(NULL);
		over = *under; /* its other functions do not look at which of the two they are called for */
		over.pNext = NULL;
		over.zName = "hostler";
		over.szOsFile += (int)sizeof(struct gathering);
		over.xOpen = gather_open;
	}
	return sqlite3_vfs_register(&over, 0) == SQLITE_OK ? over.zName : NULL;
}
