/* Retention: what is old enough is removed, a little at a time, so that no transaction of it takes long. */
#include "store/sqlite.h"

#include "base/mem.h"

#include <string.h>

enum { KEYS_AT_ONCE = 20 };

/* One statement with up to four numbers; the number of rows it changed, or -1. */
static int change(struct sqlite_store *store, const char *sql, const int64_t *numbers, int n, hst_error *err)
{
	sqlite3_stmt *statement = NULL;
	int changed = -1;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK) {
		for (int i = 0; i < n; i++)
			sqlite3_bind_int64(statement, i + 1, numbers[i]);
		if (sqlite3_step(statement) == SQLITE_DONE)
			changed = sqlite3_changes(store->db);
	}
	if (changed < 0) {
		sqlite_fail(store, err);
		store->spoiled = true;
	}
	sqlite3_finalize(statement);
	return changed;
}

/* The first number of the first row, `none` when there is no row; false: it failed. */
static bool one(struct sqlite_store *store, const char *sql, const int64_t *numbers, int n, int64_t none, int64_t *ret, hst_error *err)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

	*ret = none;
	for (int i = 0; code == SQLITE_OK && i < n; i++)
		sqlite3_bind_int64(statement, i + 1, numbers[i]);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		*ret = sqlite3_column_int64(statement, 0);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		sqlite_fail(store, err);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

#define RUNS_ENDED_THEN "(SELECT number FROM run_now WHERE ended_us > 0 AND ended_us > ?1 AND ended_us <= ?2)"
#define STEPS_ENDED_THEN \
	"(SELECT step_first.key FROM run_now JOIN step_first ON step_first.key >= number << 24 AND step_first.key < (number + 1) << 24 " \
	"WHERE run_now.ended_us > 0 AND run_now.ended_us > ?1 AND run_now.ended_us <= ?2)"

/*
 * The counter says up to which end of a run there are no values any more, so that none is looked at twice. Runs that ended
 * in the same moment are emptied together.
 */
static int prune_values(struct sqlite_store *store, const struct store_prune *what, struct store_pruned *ret, hst_error *err)
{
	static const char *const emptying[] = {
		"UPDATE step_first SET inputs = NULL, outputs = NULL WHERE key IN " STEPS_ENDED_THEN,
		"UPDATE step_now SET outputs = NULL WHERE key IN " STEPS_ENDED_THEN,
		"DELETE FROM sealed WHERE run IN " RUNS_ENDED_THEN,
		"UPDATE run_first SET event = NULL WHERE number IN " RUNS_ENDED_THEN, /* the last: so many runs there were */
	};
	int64_t from = 0, to = 0;

	if (!one(store, "SELECT value FROM counter WHERE name = 'emptied_us'", NULL, 0, 0, &from, err) ||
	    !one(store,
		 "SELECT max(ended_us) FROM (SELECT ended_us FROM run_now WHERE ended_us > 0 AND ended_us > ?1 AND ended_us < ?2 "
		 "ORDER BY ended_us LIMIT ?3)",
		 (int64_t[]){from, what->values_before_us, what->limit}, 3, 0, &to, err))
		return HST_BROKEN;
	if (!to)
		return HST_OK;
	for (size_t i = 0; i < sizeof emptying / sizeof *emptying; i++) {
		ret->emptied = change(store, emptying[i], (int64_t[]){from, to}, 2, err);
		if (ret->emptied < 0)
			return HST_BROKEN;
	}
	if (change(store, "INSERT INTO counter VALUES('emptied_us', ?1) ON CONFLICT(name) DO UPDATE SET value = ?1", (int64_t[]){to}, 1,
		   err) < 0)
		return HST_BROKEN;
	ret->more |= ret->emptied >= what->limit;
	return HST_OK;
}

static int prune_run(struct sqlite_store *store, int64_t number, hst_error *err)
{
	const int64_t keys[] = {number << SQLITE_KEY_BITS, (number + 1) << SQLITE_KEY_BITS};

	if (change(store, "DELETE FROM happening WHERE key >= ?1 AND key < ?2", keys, 2, err) < 0 ||
	    change(store, "DELETE FROM step_first WHERE key >= ?1 AND key < ?2", keys, 2, err) < 0 ||
	    change(store, "DELETE FROM step_now WHERE key >= ?1 AND key < ?2", keys, 2, err) < 0 ||
	    change(store, "DELETE FROM sealed WHERE run = ?1", &number, 1, err) < 0 ||
	    change(store, "DELETE FROM run_first WHERE number = ?1", &number, 1, err) < 0 ||
	    change(store, "DELETE FROM run_now WHERE number = ?1", &number, 1, err) < 0)
		return HST_BROKEN;
	sqlite_told_gone(store, number);
	return HST_OK;
}

static int prune_runs(struct sqlite_store *store, const struct store_prune *what, struct store_pruned *ret, hst_error *err)
{
	int64_t number = 0;

	for (; ret->runs < what->limit; ret->runs++) {
		if (!one(store,
			 "SELECT number FROM run_now WHERE ended_us > 0 AND ended_us < ?1 ORDER BY ended_us LIMIT 1",
			 &what->rows_before_us, 1, 0, &number, err))
			return HST_BROKEN;
		if (!number)
			return HST_OK;
		if (prune_run(store, number, err))
			return HST_BROKEN;
	}
	ret->more = true;
	return HST_OK;
}

static int prune_ids(struct sqlite_store *store, hst_error *err)
{
	return change(store, "DELETE FROM ids WHERE up_to < (SELECT min(number) FROM run_first)", NULL, 0, err) < 0 ? HST_BROKEN : HST_OK;
}

/* What happened to the house itself, in the order in which it did. */
static int prune_happenings(struct sqlite_store *store, const struct store_prune *what, struct store_pruned *ret, hst_error *err)
{
	int changed = change(store,
			     "DELETE FROM happening WHERE key IN (SELECT key FROM happening WHERE key < (1 << 24) ORDER BY key LIMIT ?2) "
			     "AND at_us < ?1",
			     (int64_t[]){what->rows_before_us, what->limit * KEYS_AT_ONCE}, 2, err);

	ret->more |= changed >= what->limit * KEYS_AT_ONCE;
	return changed < 0 ? HST_BROKEN : HST_OK;
}

static int delete_keys(struct sqlite_store *store, const char *instance, const char *key, int64_t before_us, hst_error *err)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(store->db,
				      "DELETE FROM event_key WHERE (instance, key) >= (?1, ?2) AND (instance, key) <= (?3, ?4) AND at_us < ?5",
				      -1, &statement, NULL);

	if (code == SQLITE_OK) {
		sqlite_bind_text(statement, 1, store->pruned_instance ? store->pruned_instance : "");
		sqlite_bind_text(statement, 2, store->pruned_key ? store->pruned_key : "");
		sqlite_bind_text(statement, 3, instance);
		sqlite_bind_text(statement, 4, key);
		sqlite3_bind_int64(statement, 5, before_us);
		code = sqlite3_step(statement);
	}
	if (code != SQLITE_DONE) {
		sqlite_fail(store, err);
		store->spoiled = true;
	}
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? HST_OK : HST_BROKEN;
}

static void keys_from(struct sqlite_store *store, const char *instance, const char *key)
{
	char *to_instance = mem_text(instance), *to_key = mem_text(key);

	free(store->pruned_instance);
	free(store->pruned_key);
	store->pruned_instance = to_instance;
	store->pruned_key = to_key;
}

/* Keys of events are looked at in their own order, some at a time, from where the last time ended: an index by their age
 * would cost each event that comes. */
static int prune_keys(struct sqlite_store *store, const struct store_prune *what, struct store_pruned *ret, hst_error *err)
{
	static const char sql[] = "SELECT instance, key FROM event_key WHERE (instance, key) > (?1, ?2) ORDER BY instance, key LIMIT 1 OFFSET ?3";
	static const char rest[] = "SELECT instance, key FROM event_key ORDER BY instance DESC, key DESC LIMIT 1";
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL), row = SQLITE_DONE;
	bool more;

	if (code == SQLITE_OK) {
		sqlite_bind_text(statement, 1, store->pruned_instance ? store->pruned_instance : "");
		sqlite_bind_text(statement, 2, store->pruned_key ? store->pruned_key : "");
		sqlite3_bind_int64(statement, 3, what->limit * KEYS_AT_ONCE - 1);
		row = sqlite3_step(statement);
	}
	more = row == SQLITE_ROW;
	if (code == SQLITE_OK && !more) {
		sqlite3_finalize(statement);
		code = sqlite3_prepare_v2(store->db, rest, -1, &statement, NULL);
		row = code == SQLITE_OK ? sqlite3_step(statement) : code;
	}
	if (row == SQLITE_ROW) {
		code = delete_keys(store, (const char *)sqlite3_column_text(statement, 0), (const char *)sqlite3_column_text(statement, 1),
				   what->rows_before_us, err);
		keys_from(store, more ? (const char *)sqlite3_column_text(statement, 0) : NULL,
			  more ? (const char *)sqlite3_column_text(statement, 1) : NULL);
	} else {
		code = row == SQLITE_DONE ? HST_OK : sqlite_fail(store, err);
	}
	sqlite3_finalize(statement);
	ret->more |= more;
	return code;
}

int sqlite_prune(struct store *base, const struct store_prune *what, struct store_pruned *ret, hst_error *err)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct store_pruned pruned = {.runs = 0};
	int code = sqlite_told_write(store, err);

	if (!code)
		code = prune_runs(store, what, &pruned, err);
	if (!code)
		code = prune_ids(store, err);
	if (!code)
		code = prune_values(store, what, &pruned, err);
	if (!code)
		code = prune_happenings(store, what, &pruned, err);
	if (!code)
		code = prune_keys(store, what, &pruned, err);
	if (!code)
		*ret = pruned;
	return code;
}
