#include "store/sqlite.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/said.h"

enum { STATEMENT_BYTES_MAX = 4096 };

enum statement_form {
	AS_IT_IS,
	INSERT, /* into TABLE_first, made from the shape, from TABLE_first_rows (sqlite_rows.h) */
	BECOME, /* into TABLE_now, from TABLE_now_rows: what is not fixed */
	SELECT, /* the shape's columns, then what stands here */
};

/* The newest so many runs: a question that fits nothing must not read years of history. */
#define NEWEST(count) "number > (SELECT max(number) FROM run) - " count

/* Steps and pieces of what happened have keys that begin with the number of their run. */
#define OF_RUN(number) OF_RUN_OF("", number)
#define OF_RUN_OF(table, number) table "key >= " number " << 24 AND " table "key < (" number " + 1) << 24"

/* The happenings of a piece, each of which is an array. */
#define EACH(at) "json_extract(each.value, '$[" #at "]')"
/* A time is counted from when its run was requested, unless it is too great for that: three years. */
#define EACH_AT "iif(abs(" EACH(0) ") < 100000000000000, coalesce(requested_us, 0), 0) + " EACH(0)
#define EACH_OF(piece) "json_each('[0' || " piece ".told || ']', '$') AS each ON each.type = 'array'"

/* Runs that ended after a time, of the flow ?2. */
#define ENDED_AFTER(after) \
	SQLITE_ENDED(after, "9223372036854775807") " AS past JOIN run_first USING(number) WHERE (?2 IS NULL OR flow = ?2)"

/*
 * The key of a piece of what happened is its run and a number within it, so that the table needs no index to find a run's
 * pieces, and new ones of all running runs go to few pages.
 */
static const struct {
	const char *sql;
	enum statement_form form;
	const struct record_shape *shape;
} statements[SQL_COUNT] = {
	[SQL_BEGIN] = {"BEGIN IMMEDIATE", AS_IT_IS, NULL},
	[SQL_COMMIT] = {"COMMIT", AS_IT_IS, NULL},
	[SQL_ROLLBACK] = {"ROLLBACK", AS_IT_IS, NULL},
	[SQL_INSERT_RUN] = {NULL, INSERT, &record_run},
	[SQL_BECOME_RUN] = {NULL, BECOME, &record_run},
	[SQL_OPEN_RUN] = {"INSERT OR IGNORE INTO unfinished(number) VALUES(?1)", AS_IT_IS, NULL},
	[SQL_CLOSE_RUN] = {"DELETE FROM unfinished WHERE number = ?1", AS_IT_IS, NULL},
	[SQL_SETTLE_RUNS] = {"INSERT OR IGNORE INTO unfinished(number)"
			     " SELECT number FROM run WHERE number > ?1 AND number <= ?2 AND ended_us = 0",
			     AS_IT_IS, NULL},
	[SQL_SETTLE] = {"INSERT OR REPLACE INTO settled(up_to, least, most, ended_from, ended_to)"
			" SELECT ?2, min(id), max(id), coalesce(min(nullif(ended_us, 0)), 0), max(ended_us)"
			" FROM run WHERE number > ?1 AND number <= ?2 HAVING count(*) > 0",
			AS_IT_IS, NULL},
	[SQL_PUT_SETTLED] = {"INSERT OR REPLACE INTO settled(up_to, least, most, ended_from, ended_to) VALUES(?1, ?2, ?3, ?4, ?5)",
			     AS_IT_IS, NULL},
	[SQL_PUT_ENDED] = {"INSERT OR IGNORE INTO ended(ended_us, number) VALUES(?1, ?2)", AS_IT_IS, NULL},
	[SQL_INSERT_STEP] = {NULL, INSERT, &record_step},
	[SQL_BECOME_STEP] = {NULL, BECOME, &record_step},
	[SQL_LAST_HAPPENING] =
		{"SELECT max(key) FROM happening WHERE " OF_RUN("?1"), AS_IT_IS,
		 NULL},
	[SQL_PUT_HAPPENING] =
		{"INSERT INTO happening(key, at_us, told) VALUES(?1, ?2, ?3)", AS_IT_IS, NULL},
	[SQL_PUT_SEALED] = {"INSERT INTO sealed(run, step, name, bytes) VALUES(?1, ?2, ?3, ?4)"
			    " ON CONFLICT(run, step, name) DO UPDATE SET bytes = excluded.bytes",
			    AS_IT_IS, NULL},
	[SQL_PUT_EVENT] = {"INSERT OR IGNORE INTO event_key(instance, key, at_us, run, runs) VALUES(?1, ?2, ?3, ?4, ?5)",
			   AS_IT_IS, NULL},
	[SQL_PUT_FLOW] = {"INSERT OR IGNORE INTO flow(digest, text) VALUES(?1, ?2)", AS_IT_IS, NULL},
	[SQL_PUT_COUNTER] = {"INSERT INTO counter(name, value) VALUES(?1, ?2)"
			     " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
			     AS_IT_IS, NULL},
	[SQL_PUT_STATE] = {"INSERT INTO state(instance, name, bytes) VALUES(?1, ?2, ?3)"
			   " ON CONFLICT(instance, name) DO UPDATE SET bytes = excluded.bytes",
			   AS_IT_IS, NULL},
	[SQL_PUT_PACKAGE] =
		{"INSERT INTO package(digest, name, version, at_us) VALUES(?1, ?2, ?3, ?4)"
		 " ON CONFLICT(digest) DO UPDATE SET name = excluded.name, version = excluded.version,"
		 " at_us = excluded.at_us",
		 AS_IT_IS, NULL},
	[SQL_PUT_STANDING] = {"INSERT INTO standing(kind, name, value) VALUES(?1, ?2, ?3)"
			      " ON CONFLICT(kind, name) DO UPDATE SET value = excluded.value",
			      AS_IT_IS, NULL},
	[SQL_REMOVE_STANDING] = {"DELETE FROM standing WHERE kind = ?1 AND name = ?2", AS_IT_IS, NULL},
	[SQL_COUNTERS] = {"SELECT name, value FROM counter ORDER BY name", AS_IT_IS, NULL},
	[SQL_GET_FLOW] = {"SELECT text FROM flow WHERE digest = ?1", AS_IT_IS, NULL},
	[SQL_GET_STATE] = {"SELECT bytes FROM state WHERE instance = ?1 AND name = ?2", AS_IT_IS, NULL},
	[SQL_GET_EVENT] = {"SELECT run, runs FROM event_key WHERE instance = ?1 AND key = ?2", AS_IT_IS, NULL},
	[SQL_STANDINGS] = {"SELECT kind, name, value FROM standing ORDER BY kind, name", AS_IT_IS, NULL},
	[SQL_UNFINISHED_RUNS] = {"run WHERE number IN " SQLITE_UNFINISHED " AND ended_us = 0 ORDER BY number", SELECT,
				 &record_run},
	[SQL_UNFINISHED_STEPS] = {"step WHERE " OF_RUN("?1") " ORDER BY key", SELECT, &record_step},
	[SQL_RUNS] = {"run WHERE " NEWEST(
			      "1000000") " AND (?1 IS NULL OR flow = ?1) AND (?2 IS NULL OR state = ?2)"
					 " AND (?3 IS NULL OR instr(label, ?3) > 0) AND (?4 IS NULL OR "
					 "reason = ?4)"
					 " AND requested_us >= ?5 ORDER BY number DESC LIMIT ?6",
		      SELECT, &record_run},
	[SQL_RUN] = {"run WHERE number = ?1", SELECT, &record_run},
	[SQL_STEPS] = {"step WHERE " OF_RUN("?1") " ORDER BY key", SELECT, &record_step},
	[SQL_HAPPENINGS] = {"SELECT ?1, " EACH_AT ", " EACH(1) ", " EACH(2) ", " EACH(3) " FROM"
			    " (SELECT 0 AS key, told FROM run WHERE number = ?1"
			    " UNION ALL SELECT key, told FROM happening WHERE " OF_RUN("?1") ") AS piece JOIN "
			    EACH_OF("piece") " LEFT JOIN run_first ON number = ?1 ORDER BY piece.key, each.key",
			    AS_IT_IS, NULL},
	[SQL_SEALED] = {"SELECT run, step, name, bytes FROM sealed WHERE run = ?1 AND (?2 < 0 OR step = ?2) ORDER BY step, name",
			AS_IT_IS, NULL},
	/*
	 * An ended run's last happening is its end, and each of those that ended after it has one, too: so what
	 * happened last is found among the runs that ended last and the unfinished ones, without an index of times that
	 * every happening would have to be put into.
	 */
	[SQL_LATELY] = {"WITH one AS MATERIALIZED (SELECT number, id, flow, requested_us, told FROM run WHERE number IN (SELECT ?1"
			" UNION ALL SELECT number FROM " SQLITE_UNFINISHED " WHERE ?1 = 0"
			" UNION ALL SELECT number FROM (SELECT number FROM " ENDED_AFTER("?5") " ORDER BY past.ended_us DESC LIMIT ?4))"
			" AND (?2 IS NULL OR flow = ?2)"
			" UNION ALL SELECT 0, NULL, NULL, NULL, '' WHERE ?1 = 0 AND ?2 IS NULL)"
			" SELECT number, " EACH_AT " AS at_us, " EACH(1) ", " EACH(2) ", " EACH(3) ", piece.id, flow,"
			" (SELECT name FROM step WHERE " OF_RUN_OF("step.", "number") " AND step.id = " EACH(1) ")"
			" FROM (SELECT number, id, flow, requested_us, 0 AS key, told FROM one"
			" UNION ALL SELECT number, id, flow, requested_us, key, happening.told FROM one"
			" JOIN happening ON " OF_RUN("number") ") AS piece JOIN " EACH_OF("piece")
			" WHERE at_us >= ?3 ORDER BY at_us DESC, number DESC, piece.key DESC, each.key DESC LIMIT ?4",
			AS_IT_IS, NULL},
	[SQL_ENDED_BEFORE] = {"SELECT ended_to FROM settled ORDER BY ended_to DESC LIMIT 1 OFFSET ?1", AS_IT_IS, NULL},
	[SQL_COUNT_ENDED] = {"SELECT count(*) FROM (SELECT 1 FROM " ENDED_AFTER("?1") " LIMIT ?3)", AS_IT_IS, NULL},
	[SQL_FIND_LAST] = {"SELECT number FROM run WHERE " NEWEST("1000000") " AND (?1 IS NULL OR flow = ?1)"
									     " ORDER BY number DESC LIMIT 1",
			   AS_IT_IS, NULL},
	[SQL_FIND_NUMBER] = {"SELECT number FROM run WHERE number = ?1", AS_IT_IS, NULL},
	[SQL_FIND_STEP] = {"SELECT key FROM step_first WHERE key = ?1", AS_IT_IS, NULL},
	[SQL_FIND_ID] = {"SELECT number FROM run WHERE id = ?1 AND number > " SQLITE_SETTLED
			 " UNION ALL SELECT number FROM settled JOIN run ON number > up_to - 2048 AND number <= up_to"
			 " WHERE least <= ?1 AND most >= ?1 AND id = ?1 LIMIT 1",
			 AS_IT_IS, NULL},
	[SQL_FIND_ENDING] = {"SELECT number, id FROM run WHERE " NEWEST(
				     "100000") " AND substr(id, -length(?1)) = ?1"
					       " ORDER BY number DESC LIMIT 2",
			     AS_IT_IS, NULL},
};

_Static_assert(RUNS_LOOKED_AT == 1000000 && SAID_LOOKED_AT == 100000,
	       "the same numbers stand in the statements");

static void statement_columns(struct text *sql, const struct record_shape *shape)
{
	for (size_t i = 0; i < shape->n; i++)
		text_addf(sql, "%s\"%s\"", i ? ", " : "", shape->columns[i].name);
}

/* Each column that is not fixed, in a list of them: `$` is its name. */
static void statement_changing(struct text *sql, const struct record_shape *shape, const char *column, const char *bytes)
{
	for (size_t i = 0; i < shape->n; i++) {
		const char *form = shape->columns[i].kind == RECORD_BYTES ? bytes : column;

		for (; !shape->columns[i].fixed && *form; form++)
			if (*form == '$')
				text_addf(sql, "\"%s\"", shape->columns[i].name);
			else
				text_bytes(sql, form, 1);
	}
}

/* OR FAIL: what a row that fails leaves is taken back with its batch, so that SQLite need not be able to take back the statement. */
static void statement_insert(struct text *sql, const struct record_shape *shape)
{
	AUTO(text) struct text columns;

	text_init(&columns, STATEMENT_BYTES_MAX);
	statement_columns(&columns, shape);
	text_addf(&columns, ", %s", sqlite_rows_more(shape));
	text_addf(sql, "INSERT OR FAIL INTO %s_first(%s) SELECT %s FROM %s_first_rows", shape->table, columns.s, columns.s, shape->table);
}

static void statement_become(struct text *sql, const struct record_shape *shape)
{
	bool run = shape == &record_run;
	const char *key = run ? "number" : "key", *told = run ? ", told" : "";
	AUTO(text) struct text columns, changes;

	text_init(&columns, STATEMENT_BYTES_MAX);
	text_add(&columns, key);
	statement_changing(&columns, shape, ", $", ", $");
	text_add(&columns, told);
	text_init(&changes, STATEMENT_BYTES_MAX);
	statement_changing(&changes, shape, ", $ = excluded.$", ", $ = coalesce(excluded.$, $)");
	text_addf(sql, "INSERT OR FAIL INTO %s_now(%s) SELECT %s FROM %s_now_rows WHERE true ON CONFLICT(%s) DO UPDATE SET %s%s", shape->table,
		  columns.s, columns.s, shape->table, key, changes.s + 2, run ? ", told = told || excluded.told" : "");
}

int sqlite_prepare(struct sqlite_store *store, hst_error *err)
{
	for (size_t i = 0; i < SQL_COUNT; i++) {
		AUTO(text) struct text sql;

		text_init(&sql, STATEMENT_BYTES_MAX);
		switch (statements[i].form) {
		case AS_IT_IS:
			text_add(&sql, statements[i].sql);
			break;
		case INSERT:
			statement_insert(&sql, statements[i].shape);
			break;
		case BECOME:
			statement_become(&sql, statements[i].shape);
			break;
		case SELECT:
			text_add(&sql, "SELECT ");
			statement_columns(&sql, statements[i].shape);
			text_addf(&sql, " FROM %s", statements[i].sql);
			break;
		}
		if (sqlite3_prepare_v3(store->db, sql.s, -1, SQLITE_PREPARE_PERSISTENT, &store->statements[i],
				       NULL) != SQLITE_OK)
			return sqlite_fail(store, err);
	}
	return HST_OK;
}

int sqlite_fail(const struct sqlite_store *store, hst_error *err)
{
	switch (sqlite3_errcode(store->db) & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return hst_fail(err, HST_RETRY, "%s: another process has the store open: stop it first",
				store->path);
	case SQLITE_FULL:
		return hst_fail(err, HST_RETRY, "%s: the disk is full: make room", store->path);
	case SQLITE_NOTADB:
		return hst_fail(err, HST_INVALID, "%s: this file is no store", store->path);
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
		return hst_fail(err, HST_INVALID, "%s: %s", store->path, sqlite3_errmsg(store->db));
	default:
		return hst_fail(err, HST_BROKEN, "%s: %s", store->path, sqlite3_errmsg(store->db));
	}
}

void sqlite_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

void sqlite_bind_bytes(sqlite3_stmt *statement, int at, struct store_bytes bytes)
{
	sqlite3_bind_text64(statement, at, bytes.bytes, bytes.length, SQLITE_STATIC, SQLITE_UTF8);
}

void sqlite_read_record(sqlite3_stmt *statement, const struct record_shape *shape, void *ret)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct record_column *column = &shape->columns[i];
		void *member = record_at(ret, column);

		if (column->kind == RECORD_INTEGER)
			*(int64_t *)member = sqlite3_column_int64(statement, (int)i);
		else if (column->kind == RECORD_TEXT)
			*(const char **)member = (const char *)sqlite3_column_text(statement, (int)i);
		else
			*(struct store_bytes *)member =
				(struct store_bytes){(const char *)sqlite3_column_text(statement, (int)i),
						     (size_t)sqlite3_column_bytes(statement, (int)i)};
	}
}
