/* Opening, batches and puts. Runs and steps are sqlite_put.c; looking things up is sqlite_query.c. */
#include "store/sqlite.h"

#include "base/auto.h"
#include "base/mem.h"
#include "store/sqlite_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { OPEN_WAIT_MS = 2000 }; /* for an owner that is about to end */

static struct sqlite_store *sqlite_of(struct store *store)
{
	return (struct sqlite_store *)store;
}

/* Runs a statement that returns no rows, and leaves it ready for the next time. */
static int sqlite_do(struct sqlite_store *store, enum sqlite_statement which, hst_error *err)
{
	sqlite3_stmt *statement = store->statements[which];
	int code = sqlite3_step(statement) == SQLITE_DONE ? HST_OK : sqlite_fail(store, err);

	sqlite3_reset(statement);
	return code;
}

int sqlite_put(struct sqlite_store *store, enum sqlite_statement which, hst_error *err)
{
	int code = store->in_batch ? sqlite_do(store, which, err)
				   : hst_fail(err, HST_INVALID, "a put outside of a batch");

	if (code)
		store->spoiled = true;
	return code;
}

static int sqlite_begin(struct store *base, hst_error *err)
{
	struct sqlite_store *store = sqlite_of(base);
	int code;

	if (store->in_batch)
		return hst_fail(err, HST_INVALID, "a batch within a batch");
	code = sqlite_do(store, SQL_BEGIN, err);
	if (!code)
		store->in_batch = true;
	store->spoiled = false;
	return code;
}

static int sqlite_integer(struct sqlite_store *store, const char *sql, int64_t *ret, hst_error *err)
{
	sqlite3_stmt *statement = NULL;
	int code = HST_OK;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	else
		code = sqlite_fail(store, err);
	sqlite3_finalize(statement);
	return code;
}

static int sqlite_see_last(struct sqlite_store *store, hst_error *err)
{
	return sqlite_integer(store, "SELECT max(number) FROM run_first", &store->last_run, err);
}

/* What is remembered of the tables is of no use then. Keys that are not known to be new are looked for, which is slow
 * and right. */
static void sqlite_take_back(struct sqlite_store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		sqlite_do(store, SQL_ROLLBACK, NULL);
	sqlite_told_forget(store);
	sqlite_settle_forget(store);
	sqlite_see_last(store, NULL);
}

static int sqlite_commit(struct store *base, const struct store_work *meanwhile, hst_error *err)
{
	struct sqlite_store *store = sqlite_of(base);
	int code;

	if (!store->in_batch)
		return hst_fail(err, HST_INVALID, "a commit without a batch");
	if (store->spoiled)
		code = hst_fail(err, HST_BROKEN,
				"%s: nothing of this batch was kept, because a part of it failed",
				store->path);
	else
		code = sqlite_told_write(store, err);
	if (!code) {
		store->meanwhile = meanwhile;
		sqlite_log_meanwhile(store);
		code = sqlite_do(store, SQL_COMMIT, err);
	}
	if (code)
		sqlite_take_back(store);
	else if (store->meanwhile)
		meanwhile->work(meanwhile->arg);
	store->meanwhile = NULL;
	store->in_batch = false;
	sqlite_log_safe(store);
	return code;
}

static bool sqlite_idle(struct store *base)
{
	return sqlite_log_idle(sqlite_of(base));
}

static int sqlite_put_sealed(struct store *base, const struct store_sealed *sealed, hst_error *err)
{
	struct sqlite_store *store = sqlite_of(base);
	sqlite3_stmt *statement = store->statements[SQL_PUT_SEALED];

	sqlite3_bind_int64(statement, 1, sealed->run);
	sqlite3_bind_int64(statement, 2, sealed->step);
	sqlite_bind_text(statement, 3, sealed->name);
	sqlite3_bind_blob64(statement, 4, sealed->bytes.bytes, sealed->bytes.length, SQLITE_STATIC);
	return sqlite_put(store, SQL_PUT_SEALED, err);
}

static int sqlite_put_event(struct store *base, const struct store_event *event, bool *ret_new,
			    hst_error *err)
{
	struct sqlite_store *store = sqlite_of(base);
	sqlite3_stmt *statement = store->statements[SQL_PUT_EVENT];
	int code;

	if (!event->key) {
		*ret_new = true;
		return HST_OK;
	}
	sqlite_bind_text(statement, 1, event->instance);
	sqlite_bind_text(statement, 2, event->key);
	sqlite3_bind_int64(statement, 3, event->at_us);
	sqlite3_bind_int64(statement, 4, event->run);
	sqlite3_bind_int64(statement, 5, event->runs);
	code = sqlite_put(store, SQL_PUT_EVENT, err);
	if (!code)
		*ret_new = sqlite3_changes(store->db) == 1;
	return code;
}

static int sqlite_put_flow(struct store *base, const char *digest, struct store_bytes text, hst_error *err)
{
	struct sqlite_store *store = sqlite_of(base);

	sqlite_bind_text(store->statements[SQL_PUT_FLOW], 1, digest);
	sqlite_bind_bytes(store->statements[SQL_PUT_FLOW], 2, text);
	return sqlite_put(store, SQL_PUT_FLOW, err);
}

static int sqlite_put_counter(struct store *base, const char *name, int64_t value, hst_error *err)
{
	struct sqlite_store *store = sqlite_of(base);

	sqlite_bind_text(store->statements[SQL_PUT_COUNTER], 1, name);
	sqlite3_bind_int64(store->statements[SQL_PUT_COUNTER], 2, value);
	return sqlite_put(store, SQL_PUT_COUNTER, err);
}

static int sqlite_put_state(struct store *base, const char *instance, const char *name,
			    struct store_bytes bytes, hst_error *err)
{
	struct sqlite_store *store = sqlite_of(base);
	sqlite3_stmt *statement = store->statements[SQL_PUT_STATE];

	sqlite_bind_text(statement, 1, instance);
	sqlite_bind_text(statement, 2, name);
	sqlite3_bind_blob64(statement, 3, bytes.length ? bytes.bytes : "", bytes.length, SQLITE_STATIC);
	return sqlite_put(store, SQL_PUT_STATE, err);
}

static int sqlite_put_package(struct store *base, const char *digest, const char *name, const char *version,
			      int64_t at_us, hst_error *err)
{
	struct sqlite_store *store = sqlite_of(base);
	sqlite3_stmt *statement = store->statements[SQL_PUT_PACKAGE];

	sqlite_bind_text(statement, 1, digest);
	sqlite_bind_text(statement, 2, name);
	sqlite_bind_text(statement, 3, version);
	sqlite3_bind_int64(statement, 4, at_us);
	return sqlite_put(store, SQL_PUT_PACKAGE, err);
}

static int sqlite_put_standing(struct store *base, const char *kind, const char *name,
			       struct store_bytes value, hst_error *err)
{
	struct sqlite_store *store = sqlite_of(base);
	enum sqlite_statement which = value.bytes ? SQL_PUT_STANDING : SQL_REMOVE_STANDING;

	sqlite_bind_text(store->statements[which], 1, kind);
	sqlite_bind_text(store->statements[which], 2, name);
	if (value.bytes)
		sqlite_bind_bytes(store->statements[which], 3, value);
	return sqlite_put(store, which, err);
}

/* What a batch that was begun and not committed has put is gone. */
static void sqlite_free(struct store *base)
{
	struct sqlite_store *store;

	if (!base)
		return;
	store = sqlite_of(base);
	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	sqlite_told_clear(store);
	for (enum sqlite_list list = 0; list < LIST_COUNT; list++)
		sqlite_rows_clear(&store->rows[list]);
	free(store->pruned_instance);
	free(store->pruned_key);
	free(store->path);
	free(store);
}

static const struct store_ops sqlite_ops = {
	.free = sqlite_free,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.idle = sqlite_idle,
	.copy = sqlite_copy,
	.prune = sqlite_prune,
	.put_runs = sqlite_put_runs,
	.put_steps = sqlite_put_steps,
	.put_happening = sqlite_put_happening,
	.put_sealed = sqlite_put_sealed,
	.put_event = sqlite_put_event,
	.put_flow = sqlite_put_flow,
	.put_counter = sqlite_put_counter,
	.put_state = sqlite_put_state,
	.put_package = sqlite_put_package,
	.put_standing = sqlite_put_standing,
	.counters = sqlite_counters,
	.get_flow = sqlite_get_flow,
	.get_state = sqlite_get_state,
	.get_event = sqlite_get_event,
	.standings = sqlite_standings,
	.unfinished = sqlite_unfinished,
	.runs = sqlite_runs,
	.run = sqlite_run,
	.steps = sqlite_steps,
	.happenings = sqlite_happenings,
	.sealed = sqlite_sealed,
	.lately = sqlite_lately,
	.find_run = sqlite_find_run,
};

/* SQLite gives its other files the mode of this one. To be done before SQLite has it: closing a descriptor
 * drops locks. */
static int sqlite_own_file(const char *path, hst_error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0)
		return hst_fail(err, HST_INVALID, "%s: the store cannot be opened: %s", path,
				strerror(errno));
	if (!S_ISREG(status.st_mode))
		return hst_fail(err, HST_INVALID, "%s: the store must be a file", path);
	if ((status.st_mode & 0777) != 0600 && fchmod(fd, 0600) != 0)
		return hst_fail(err, HST_INVALID, "%s: its mode must be 0600: %s", path, strerror(errno));
	return HST_OK;
}

/*
 * With the exclusive lock a second engine is refused, and the write-ahead log needs no shared memory.
 * Checkpoints are this room's to time, so the automatic ones are off. FULL: a commit that has returned
 * survives the loss of power. No statement may read a whole table to make an index for itself.
 */
static const char sqlite_settings[] = "PRAGMA locking_mode = EXCLUSIVE;"
				      "PRAGMA journal_mode = WAL;"
				      "PRAGMA synchronous = FULL;"
				      "PRAGMA wal_autocheckpoint = 0;"
				      "PRAGMA journal_size_limit = 67108864;"
				      "PRAGMA cache_size = -16384;"
				      "PRAGMA temp_store = MEMORY;"
				      "PRAGMA automatic_index = OFF;"
				      "PRAGMA trusted_schema = OFF;";

static int sqlite_open_lists(struct sqlite_store *store)
{
	static const struct {
		const char *name;
		const struct record_shape *shape;
	} lists[LIST_COUNT] = {
		[LIST_RUN] = {"run_first_rows", &record_run},
		[LIST_RUN_NOW] = {"run_now_rows", &record_run},
		[LIST_STEP] = {"step_first_rows", &record_step},
		[LIST_STEP_NOW] = {"step_now_rows", &record_step},
	};
	int code = SQLITE_OK;

	for (enum sqlite_list list = 0; list < LIST_COUNT && code == SQLITE_OK; list++) {
		store->rows[list].shape = lists[list].shape;
		code = sqlite_rows_open(store->db, lists[list].name, &store->rows[list]);
	}
	return code;
}

/* In this order: the lock and a look at whose file it is come before anything is written. */
static int sqlite_start(struct sqlite_store *store, hst_error *err)
{
	int code = sqlite_own_file(store->path, err);

	if (code)
		return code;
	if (sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, sqlite_gather()) !=
		    SQLITE_OK ||
	    sqlite3_busy_timeout(store->db, OPEN_WAIT_MS) != SQLITE_OK ||
	    sqlite3_exec(store->db, sqlite_settings, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(store, err);
	code = sqlite_schema_bring(store->db, store->path, sqlite_schema_steps, STORE_VERSION, err);
	if (code)
		return code;
	code = sqlite_integer(store, "PRAGMA page_size", &store->page_bytes, err);
	if (!code)
		code = sqlite_see_last(store, err);
	if (code)
		return code;
	sqlite_log_watch(store);
	if (sqlite_open_lists(store) != SQLITE_OK)
		return sqlite_fail(store, err);
	return sqlite_prepare(store, err);
}

int store_open_sqlite(const char *path, struct store **ret, hst_error *err)
{
	struct sqlite_store *store = mem_alloc(sizeof *store);
	int code;

	/* Before SQLite's first use in this process; later they change nothing. One thread uses it: no
	 * mutexes, no statistics. */
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	store->store.ops = &sqlite_ops;
	store->path = mem_text(path);
	code = sqlite_start(store, err);
	if (code) {
		sqlite_free(&store->store);
		return code;
	}
	*ret = &store->store;
	return HST_OK;
}
