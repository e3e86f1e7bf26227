#include "store/sqlite_schema.h"

#include "base/auto.h"
#include "base/mem.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/*
 * A run and a step have a row as they were first put, which is never written again, and one, once there is something to say,
 * of what has become of them since, which each change overwrites. So what changes is small, and many have room on one page; most
 * of what a batch costs is pages. The views `run` and `step` have both as one row; an ended run always has its second row.
 * The key of a step is (run << 24) + position, so that no index is needed to find a run's steps. What is told of a run is in
 * its rows and, once those have no room, in rows of `happening`, whose key is (run << 24) + number within the run (sqlite_told.c).
 * `settled`, `unfinished` and `ended` say where to look among the runs that are no longer new (sqlite.h).
 */
const char *const sqlite_schema_steps[STORE_VERSION] = {
	"CREATE TABLE run("
	" number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, flow TEXT, flow_digest TEXT, label TEXT, "
	"\"trigger\" TEXT,"
	" who TEXT, state TEXT, reason TEXT, text TEXT, requested_us INTEGER, started_us INTEGER, ended_us "
	"INTEGER,"
	" event TEXT);"
	"CREATE TABLE unfinished(number INTEGER PRIMARY KEY);"
	"CREATE TABLE step("
	" id INTEGER PRIMARY KEY, run INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT, \"use\" TEXT, "
	"state TEXT,"
	" reason TEXT, text TEXT, connection TEXT, target TEXT, device TEXT, \"user\" TEXT, mode TEXT, "
	"priority TEXT,"
	" seq INTEGER, token INTEGER, attempt INTEGER, requested_us INTEGER, placed_us INTEGER, started_us "
	"INTEGER,"
	" ended_us INTEGER, subflow TEXT, \"action\" TEXT, inputs TEXT, outputs TEXT);"
	"CREATE INDEX step_run ON step(run, position);"
	"CREATE TABLE happening("
	" key INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, step INTEGER NOT NULL, what TEXT NOT NULL, detail "
	"TEXT);"
	"CREATE TABLE event_key("
	" instance TEXT NOT NULL, key TEXT NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY(instance, key)) "
	"WITHOUT ROWID;"
	"CREATE TABLE flow(digest TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL);"
	"CREATE TABLE counter(name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE state("
	" instance TEXT NOT NULL, name TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(instance, name));"
	"CREATE TABLE package(digest TEXT NOT NULL PRIMARY KEY, name TEXT, version TEXT, at_us INTEGER) "
	"WITHOUT ROWID;",
	"ALTER TABLE run ADD COLUMN origin INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE step ADD COLUMN journal INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE step ADD COLUMN top INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE step ADD COLUMN lost_us INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX run_ended ON run(ended_us) WHERE ended_us > 0;"
	"CREATE TABLE standing("
	" kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(kind, name)) WITHOUT ROWID;",
	"ALTER TABLE run RENAME TO old_run;"
	"CREATE TABLE run("
	" number INTEGER PRIMARY KEY, id TEXT NOT NULL, flow TEXT, flow_digest TEXT, label TEXT, \"trigger\" TEXT, who TEXT,"
	" state TEXT, reason TEXT, text TEXT, requested_us INTEGER, started_us INTEGER, ended_us INTEGER, origin INTEGER,"
	" event TEXT, told TEXT NOT NULL);"
	"INSERT INTO run SELECT number, id, flow, flow_digest, label, \"trigger\", who, state, reason, text, requested_us,"
	" started_us, ended_us, origin, event, '' FROM old_run;"
	"DROP TABLE old_run;"
	"CREATE INDEX run_ended ON run(ended_us) WHERE ended_us > 0;"
	"CREATE TABLE ids(up_to INTEGER PRIMARY KEY, least TEXT NOT NULL, most TEXT NOT NULL);"
	"INSERT INTO ids SELECT ((number - 1) >> 11) + 1 << 11, min(id), max(id) FROM run GROUP BY 1;"
	"ALTER TABLE step RENAME TO old_step;"
	"CREATE TABLE step("
	" key INTEGER PRIMARY KEY, id INTEGER NOT NULL, run INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT,"
	" \"use\" TEXT, state TEXT, reason TEXT, text TEXT, connection TEXT, target TEXT, device TEXT, \"user\" TEXT, mode TEXT,"
	" priority TEXT, seq INTEGER, token INTEGER, attempt INTEGER, requested_us INTEGER, placed_us INTEGER,"
	" started_us INTEGER, ended_us INTEGER, journal INTEGER, top INTEGER, lost_us INTEGER, subflow TEXT, \"action\" TEXT,"
	" inputs TEXT, outputs TEXT);"
	"INSERT INTO step SELECT (run << 24) + position, id, run, position, name, \"use\", state, reason, text, connection, target,"
	" device, \"user\", mode, priority, seq, token, attempt, requested_us, placed_us, started_us, ended_us, journal, top,"
	" lost_us, subflow, \"action\", inputs, outputs FROM old_step;"
	"DROP TABLE old_step;"
	"ALTER TABLE happening RENAME TO old_happening;"
	"CREATE TABLE happening(key INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, told TEXT NOT NULL);"
	"INSERT INTO happening SELECT key, at_us, ',' || json_array(at_us, step, what, json(detail)) FROM old_happening;"
	"DROP TABLE old_happening;"
	"CREATE TABLE sealed("
	" run INTEGER NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL,"
	" bytes BLOB NOT NULL CHECK(substr(bytes, 1, 4) = x'48534531'), PRIMARY KEY(run, step, name)) WITHOUT ROWID;",
	"ALTER TABLE event_key ADD COLUMN run INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE event_key ADD COLUMN runs INTEGER NOT NULL DEFAULT 0;",
	"DROP INDEX run_ended;"
	"ALTER TABLE run RENAME TO run_first;"
	"CREATE TABLE run_now("
	" number INTEGER PRIMARY KEY, state TEXT, reason TEXT, text TEXT, started_us INTEGER, ended_us INTEGER, told TEXT NOT NULL);"
	"INSERT INTO run_now SELECT number, state, reason, text, started_us, ended_us, '' FROM run_first WHERE ended_us > 0;"
	"CREATE INDEX run_ended ON run_now(ended_us) WHERE ended_us > 0;"
	"CREATE VIEW run AS SELECT first.number AS number, id, flow, flow_digest, label, \"trigger\", who,"
	" iif(now.number IS NULL, first.state, now.state) AS state, iif(now.number IS NULL, first.reason, now.reason) AS reason,"
	" iif(now.number IS NULL, first.text, now.text) AS text, requested_us,"
	" iif(now.number IS NULL, first.started_us, now.started_us) AS started_us,"
	" iif(now.number IS NULL, first.ended_us, now.ended_us) AS ended_us, origin, event, first.told || coalesce(now.told, '') AS told"
	" FROM run_first AS first LEFT JOIN run_now AS now ON now.number = first.number;"
	"ALTER TABLE step RENAME TO step_first;"
	"CREATE TABLE step_now("
	" key INTEGER PRIMARY KEY, state TEXT, reason TEXT, text TEXT, connection TEXT, target TEXT, device TEXT, \"user\" TEXT,"
	" priority TEXT, seq INTEGER, token INTEGER, attempt INTEGER, placed_us INTEGER, started_us INTEGER, ended_us INTEGER,"
	" journal INTEGER, top INTEGER, lost_us INTEGER, subflow TEXT, \"action\" TEXT, outputs TEXT);"
	"CREATE VIEW step AS SELECT first.key AS key, id, run, position, name, \"use\","
	" iif(now.key IS NULL, first.state, now.state) AS state, iif(now.key IS NULL, first.reason, now.reason) AS reason,"
	" iif(now.key IS NULL, first.text, now.text) AS text, iif(now.key IS NULL, first.connection, now.connection) AS connection,"
	" iif(now.key IS NULL, first.target, now.target) AS target, iif(now.key IS NULL, first.device, now.device) AS device,"
	" iif(now.key IS NULL, first.\"user\", now.\"user\") AS \"user\", mode,"
	" iif(now.key IS NULL, first.priority, now.priority) AS priority, iif(now.key IS NULL, first.seq, now.seq) AS seq,"
	" iif(now.key IS NULL, first.token, now.token) AS token, iif(now.key IS NULL, first.attempt, now.attempt) AS attempt,"
	" requested_us, iif(now.key IS NULL, first.placed_us, now.placed_us) AS placed_us,"
	" iif(now.key IS NULL, first.started_us, now.started_us) AS started_us,"
	" iif(now.key IS NULL, first.ended_us, now.ended_us) AS ended_us,"
	" iif(now.key IS NULL, first.journal, now.journal) AS journal, iif(now.key IS NULL, first.top, now.top) AS top,"
	" iif(now.key IS NULL, first.lost_us, now.lost_us) AS lost_us, iif(now.key IS NULL, first.subflow, now.subflow) AS subflow,"
	" iif(now.key IS NULL, first.\"action\", now.\"action\") AS \"action\", inputs, coalesce(now.outputs, first.outputs) AS outputs"
	" FROM step_first AS first LEFT JOIN step_now AS now ON now.key = first.key;",
	"DROP INDEX run_ended;"
	"ALTER TABLE ids RENAME TO settled;"
	"ALTER TABLE settled ADD COLUMN ended_from INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE settled ADD COLUMN ended_to INTEGER NOT NULL DEFAULT 0;"
	"DELETE FROM settled WHERE up_to > (SELECT (max(number) >> 11) - 1 << 11 FROM run_first);"
	"UPDATE settled SET (ended_from, ended_to) = (SELECT coalesce(min(ended_us), 0), coalesce(max(ended_us), 0) FROM run_now"
	" WHERE number > up_to - 2048 AND number <= up_to AND ended_us > 0);"
	"CREATE TABLE ended(ended_us INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(ended_us, number)) WITHOUT ROWID;",
};

static int schema_fail(sqlite3 *db, const char *path, hst_error *err)
{
	int busy = sqlite3_errcode(db) == SQLITE_BUSY, foreign = sqlite3_errcode(db) == SQLITE_NOTADB;

	return hst_fail(err,
			busy	  ? HST_RETRY
			: foreign ? HST_INVALID
				  : HST_BROKEN,
			"%s: %s", path, sqlite3_errmsg(db));
}

static int schema_integer(sqlite3 *db, const char *sql, int64_t *ret)
{
	sqlite3_stmt *statement;
	int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	return code == SQLITE_OK ? sqlite3_finalize(statement) : code;
}

/* SQLite fills an empty file that is there already, so that the copy is never readable by others, not even at
 * first. */
static int schema_copy(sqlite3 *db, const char *path, int64_t version, hst_error *err)
{
	AUTO_FREE char *copy = mem_printf("%s.v%lld", path, (long long)version);
	AUTO_CLOSE int fd = open(copy, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	char *sql;
	int code;

	if (fd < 0)
		return hst_fail(err, HST_BROKEN, "%s: no copy can be made before the store is changed: %s",
				copy, strerror(errno));
	sql = sqlite3_mprintf("VACUUM INTO %Q", copy);
	code = sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_free(sql);
	if (code != SQLITE_OK)
		return schema_fail(db, copy, err);
	if (fsync(fd) != 0)
		return hst_fail(err, HST_BROKEN, "%s: %s", copy, strerror(errno));
	return HST_OK;
}

static int schema_change(sqlite3 *db, const char *const *steps, int64_t from, int to)
{
	char *last = sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
				     STORE_APPLICATION, to);
	int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	for (int64_t version = from; version < to && code == SQLITE_OK; version++)
		code = sqlite3_exec(db, steps[version], NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db, last, NULL, NULL, NULL);
	sqlite3_free(last);
	return code;
}

int sqlite_schema_bring(sqlite3 *db, const char *path, const char *const *steps, int versions, hst_error *err)
{
	int64_t application = 0, version = 0, tables = 0;

	if (schema_integer(db, "PRAGMA application_id", &application) != SQLITE_OK ||
	    schema_integer(db, "PRAGMA user_version", &version) != SQLITE_OK ||
	    schema_integer(db, "SELECT count(*) FROM sqlite_schema", &tables) != SQLITE_OK)
		return schema_fail(db, path, err);
	if (application != STORE_APPLICATION && (application || version || tables))
		return hst_fail(err, HST_INVALID, "%s: this file is no store", path);
	if (version > versions)
		return hst_fail(err, HST_INVALID,
				"%s: this store has version %lld, this program knows versions up to %d: use "
				"the newer program",
				path, (long long)version, versions);
	if (version == versions)
		return HST_OK;
	if (tables) {
		int code = schema_copy(db, path, version, err);

		if (code)
			return code;
	}
	if (schema_change(db, steps, version, versions) != SQLITE_OK) {
		schema_fail(db, path, err);
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		return HST_BROKEN;
	}
	return HST_OK;
}
