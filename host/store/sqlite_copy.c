#include "store/copy.h"

#include "base/auto.h"
#include "base/mem.h"
#include "store/sqlite.h"
#include "store/sqlite_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { SLICE_PAGES = 64, WAIT_MS = 2000, TEXT_SHOWN = 200 };

struct store_copy {
	sqlite3 *to;
	sqlite3_backup *backup;
	char *path;
	bool over;
};

static int copy_fail(sqlite3 *db, const char *path, hst_error *err)
{
	int code = sqlite3_errcode(db) & 0xff;

	return hst_fail(err,
			code == SQLITE_BUSY || code == SQLITE_LOCKED    ? HST_RETRY
			: code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? HST_INVALID
									  : HST_BROKEN,
			"%s: %s", path, sqlite3_errmsg(db));
}

/* SQLite fills an empty file that is there already, so the copy is never readable by others, not even at first. */
static int copy_open(const char *path, sqlite3 **ret, hst_error *err)
{
	AUTO_CLOSE int fd = -1;

	if (unlink(path) < 0 && errno != ENOENT)
		return hst_fail(err, HST_BROKEN, "%s: %s", path, strerror(errno));
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return hst_fail(err, HST_BROKEN, "%s: no copy can be made there: %s", path, strerror(errno));
	if (sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_exec(*ret, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE", NULL, NULL,
			 NULL) == SQLITE_OK)
		return HST_OK;
	copy_fail(*ret, path, err);
	sqlite3_close(*ret);
	unlink(path);
	return HST_BROKEN;
}

static int copy_begin(sqlite3 *from, const char *path, struct store_copy **ret, hst_error *err)
{
	struct store_copy *copy;
	sqlite3 *to = NULL;
	int code = copy_open(path, &to, err);

	if (code)
		return code;
	copy = mem_alloc(sizeof *copy);
	*copy = (struct store_copy){.to = to, .path = mem_text(path), .backup = sqlite3_backup_init(to, "main", from, "main")};
	if (!copy->backup) {
		code = copy_fail(to, path, err);
		store_copy_free(copy);
		return code;
	}
	*ret = copy;
	return HST_OK;
}

int sqlite_copy(struct store *base, const char *path, struct store_copy **ret, hst_error *err)
{
	return copy_begin(((struct sqlite_store *)base)->db, path, ret, err);
}

/* The copy says of itself that it has a write-ahead log, as the store does; as one file it has none. */
static int copy_finish(struct store_copy *copy, hst_error *err)
{
	int code = sqlite3_backup_finish(copy->backup);

	copy->backup = NULL;
	if (code == SQLITE_OK)
		code = sqlite3_exec(copy->to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return copy_fail(copy->to, copy->path, err);
	copy->over = true;
	return HST_OK;
}

int store_copy_step(struct store_copy *copy, struct store_copied *ret, hst_error *err)
{
	int code = sqlite3_backup_step(copy->backup, SLICE_PAGES);

	ret->total = sqlite3_backup_pagecount(copy->backup);
	ret->done = ret->total - sqlite3_backup_remaining(copy->backup);
	ret->over = false;
	if (code == SQLITE_OK)
		return HST_OK;
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return hst_fail(err, HST_RETRY, "%s: the store is being written", copy->path);
	if (code != SQLITE_DONE)
		return hst_fail(err, HST_BROKEN, "%s: %s", copy->path, sqlite3_errstr(code));
	code = copy_finish(copy, err);
	ret->over = code == HST_OK;
	return code;
}

void store_copy_free(struct store_copy *copy)
{
	if (!copy)
		return;
	if (copy->backup)
		sqlite3_backup_finish(copy->backup);
	sqlite3_close(copy->to);
	if (!copy->over)
		unlink(copy->path);
	free(copy->path);
	free(copy);
}

/* As it is, with what its write-ahead log has; that an engine has it is found out at the first look. */
static int open_as_it_is(const char *path, sqlite3 **ret, hst_error *err)
{
	if (access(path, R_OK) < 0)
		return hst_fail(err, errno == ENOENT ? HST_NOT_FOUND : HST_DENIED, "%s: %s", path, strerror(errno));
	if (sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_exec(*ret, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF", NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(*ret, WAIT_MS) == SQLITE_OK &&
	    sqlite3_exec(*ret, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK)
		return HST_OK;
	copy_fail(*ret, path, err);
	sqlite3_close(*ret);
	*ret = NULL;
	return HST_INVALID;
}

int store_copy_file(const char *from, const char *to, hst_error *err)
{
	struct store_copied copied = {.over = false};
	struct store_copy *copy = NULL;
	sqlite3 *db = NULL;
	int code = open_as_it_is(from, &db, err);

	if (!code)
		code = copy_begin(db, to, &copy, err);
	while (!code && !copied.over)
		code = store_copy_step(copy, &copied, err);
	store_copy_free(copy);
	sqlite3_close(db);
	return code;
}

/* The first column of the first row; false: there is none. */
static bool one_row(sqlite3 *db, const char *sql, int64_t *ret_number, char **ret_text)
{
	sqlite3_stmt *statement = NULL;
	bool there = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;

	if (there && ret_number)
		*ret_number = sqlite3_column_int64(statement, 0);
	if (there && ret_text)
		*ret_text = mem_text((const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return there;
}

static int look_whole(sqlite3 *db, const char *path, hst_error *err)
{
	AUTO_FREE char *found = NULL;

	if (!one_row(db, "PRAGMA integrity_check(1)", NULL, &found))
		return copy_fail(db, path, err);
	if (strcmp(found, "ok") != 0)
		return hst_fail(err, HST_INVALID, "%s is damaged: %.*s", path, TEXT_SHOWN, found);
	return HST_OK;
}

static int look_at(sqlite3 *db, const char *path, bool whole, struct store_look *ret, hst_error *err)
{
	int64_t application = 0;

	one_row(db, "PRAGMA application_id", &application, NULL);
	if (application != STORE_APPLICATION)
		return hst_fail(err, HST_INVALID, "%s: this file is no store", path);
	one_row(db, "PRAGMA user_version", &ret->version, NULL);
	if (ret->version > STORE_VERSION)
		return hst_fail(err, HST_INVALID,
				"%s: this store has version %lld, this program knows versions up to %d: use the newer program", path,
				(long long)ret->version, STORE_VERSION);
	if (!one_row(db, "SELECT count(*) FROM run", &ret->runs, NULL) ||
	    !one_row(db, "SELECT count(*) FROM run WHERE ended_us = 0 AND number IN " SQLITE_UNFINISHED, &ret->unfinished, NULL))
		return copy_fail(db, path, err);
	one_row(db, "SELECT value FROM counter WHERE name = 'run'", &ret->run, NULL);
	one_row(db, "SELECT value FROM counter WHERE name = 'step'", &ret->step, NULL);
	one_row(db, "SELECT value FROM counter WHERE name = 'seq'", &ret->seq, NULL);
	one_row(db, "SELECT value FROM counter WHERE name = 'token'", &ret->token, NULL);
	/* Version 1 has no such table. */
	one_row(db, "SELECT value FROM standing WHERE kind = 'restored' AND name = 'host'", NULL, &ret->restored);
	return whole ? look_whole(db, path, err) : HST_OK;
}

int store_look(const char *path, bool whole, struct store_look *ret, hst_error *err)
{
	struct store_look look = {0};
	sqlite3 *db = NULL;
	int code = open_as_it_is(path, &db, err);

	if (!code)
		code = look_at(db, path, whole, &look, err);
	sqlite3_close(db);
	if (code)
		free(look.restored);
	else
		*ret = look;
	return code;
}
