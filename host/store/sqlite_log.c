/*
 * How long the write-ahead log is. It is moved into the file when there is time, or when it must be, and then used from its
 * beginning again. A sync of what makes a file longer takes a quarter more time than one of what is written over, so a log
 * that is new is written full of zeros when there is time. SQLite takes zeros, like what an earlier use of the log has left,
 * for no part of it, since they have no checksum.
 */
#include "store/sqlite.h"

#include "base/auto.h"
#include "base/mem.h"

enum {
	IDLE_WAL_BYTES = 1 << 20, /* less is not worth the two syncs of a checkpoint */
	SAFE_WAL_BYTES = 16 << 20,
	AHEAD_BYTES = 16 << 20,
	PIECE_BYTES = 256 << 10, /* that one batch would wait for */
	WRITE_BYTES = 64 << 10,
};

static int sqlite_wal_grew(void *arg, sqlite3 *db, const char *database, int pages)
{
	struct sqlite_store *store = arg;

	(void)db;
	(void)database;
	store->wal_bytes = pages * store->page_bytes;
	return SQLITE_OK;
}

void sqlite_log_watch(struct sqlite_store *store)
{
	sqlite3_wal_hook(store->db, sqlite_wal_grew, store);
}

/* Without readers in other processes a checkpoint that does not wait is a whole one. */
static void sqlite_checkpoint(struct sqlite_store *store, int64_t least)
{
	if (store->in_batch || store->wal_bytes < least)
		return;
	if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) == SQLITE_OK)
		store->wal_bytes = 0;
}

/* NULL: there is none yet. */
static sqlite3_file *log_file(struct sqlite_store *store)
{
	sqlite3_file *log = NULL;
	int code = sqlite3_file_control(store->db, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log);

	return code == SQLITE_OK && log && log->pMethods ? log : NULL;
}

/* True: there is more to be written. Where it cannot be, the log grows as it would have. */
static bool write_ahead(struct sqlite_store *store)
{
	AUTO_FREE char *zeros = mem_alloc(WRITE_BYTES);
	sqlite3_file *log = log_file(store);
	sqlite3_int64 size = 0;
	int code = SQLITE_OK;

	if (store->in_batch || !log || log->pMethods->xFileSize(log, &size) != SQLITE_OK || size >= AHEAD_BYTES)
		return false;
	for (int written = 0; code == SQLITE_OK && written < PIECE_BYTES; written += WRITE_BYTES)
		code = log->pMethods->xWrite(log, zeros, WRITE_BYTES, size + written);
	return code == SQLITE_OK && log->pMethods->xSync(log, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) == SQLITE_OK;
}

void sqlite_log_meanwhile(struct sqlite_store *store)
{
	sqlite3_file *log = log_file(store);

	if (log)
		sqlite_gather_meanwhile(log, &store->meanwhile);
}

void sqlite_log_safe(struct sqlite_store *store)
{
	sqlite_checkpoint(store, SAFE_WAL_BYTES);
}

bool sqlite_log_idle(struct sqlite_store *store)
{
	sqlite_checkpoint(store, IDLE_WAL_BYTES);
	return write_ahead(store);
}
