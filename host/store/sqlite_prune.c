/* Retention: what is old enough is removed, a little at a time, so that no transaction of it takes long. */
#include "store/sqlite.h"

#include "base/auto.h"
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

struct ended {
	int64_t us, number;
};

struct ended_list {
	struct ended *at;
	size_t n, size;
};

static void ended_list_clear(struct ended_list *list)
{
	free(list->at);
}

/* The runs that ended after one time and before another, first those that ended first. `limit` -1: all of them. */
static int list_ended(struct sqlite_store *store, int64_t after_us, int64_t before_us, int64_t limit, struct ended_list *ret, hst_error *err)
{
	static const char sql[] = "SELECT ended_us, number FROM " SQLITE_ENDED("?1", "?2") " ORDER BY ended_us, number LIMIT ?3";
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

	ret->n = 0;
	if (code == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, after_us);
		sqlite3_bind_int64(statement, 2, before_us);
		sqlite3_bind_int64(statement, 3, limit);
		while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
			ret->at = mem_grow(ret->at, &ret->size, ret->n + 1, sizeof *ret->at);
			ret->at[ret->n++] = (struct ended){sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1)};
		}
	}
	if (code != SQLITE_DONE)
		sqlite_fail(store, err);
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? HST_OK : HST_BROKEN;
}

/* A nearer time up to which little is to be looked at: that by which the runs of one more of the settled blocks have ended. */
static int nearer(struct sqlite_store *store, int64_t after_us, int64_t *before_us, hst_error *err)
{
	int64_t to = 0;

	if (!one(store, "SELECT min(ended_to) FROM settled WHERE ended_to > ?1", &after_us, 1, 0, &to, err))
		return HST_BROKEN;
	if (to && to < *before_us)
		*before_us = to + 1;
	return HST_OK;
}

static int prune_values_of(struct sqlite_store *store, int64_t number, hst_error *err)
{
	const int64_t keys[] = {number << SQLITE_KEY_BITS, (number + 1) << SQLITE_KEY_BITS};

	if (change(store, "UPDATE step_first SET inputs = NULL, outputs = NULL WHERE key >= ?1 AND key < ?2", keys, 2, err) < 0 ||
	    change(store, "UPDATE step_now SET outputs = NULL WHERE key >= ?1 AND key < ?2", keys, 2, err) < 0 ||
	    change(store, "DELETE FROM sealed WHERE run = ?1", &number, 1, err) < 0 ||
	    change(store, "UPDATE run_first SET event = NULL WHERE number = ?1", &number, 1, err) < 0)
		return HST_BROKEN;
	return HST_OK;
}

/*
 * The counter says up to which end of a run there are no values any more, so that none is looked at twice. Runs that ended
 * in the same moment are emptied together.
 */
static int prune_values(struct sqlite_store *store, const struct store_prune *what, struct store_pruned *ret, hst_error *err)
{
	AUTO(ended_list) struct ended_list list = {.n = 0};
	int64_t from = 0, before = what->values_before_us, to;

	if (!one(store, "SELECT value FROM counter WHERE name = 'emptied_us'", NULL, 0, 0, &from, err) ||
	    nearer(store, from, &before, err) || list_ended(store, from, before, what->limit, &list, err))
		return HST_BROKEN;
	to = list.n ? list.at[list.n - 1].us : before - 1;
	if (!list.n && before == what->values_before_us)
		return HST_OK;
	if (list_ended(store, from, to + 1, -1, &list, err))
		return HST_BROKEN;
	for (size_t i = 0; i < list.n; i++)
		if (prune_values_of(store, list.at[i].number, err))
			return HST_BROKEN;
	ret->emptied = (int64_t)list.n;
	if (change(store, "INSERT INTO counter VALUES('emptied_us', ?1) ON CONFLICT(name) DO UPDATE SET value = ?1", (int64_t[]){to}, 1,
		   err) < 0)
		return HST_BROKEN;
	ret->more |= ret->emptied >= what->limit || before < what->values_before_us;
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

/* What is left in `ended` of the time that has been pruned stands there by a time that is no longer its own. */
static int prune_runs(struct sqlite_store *store, const struct store_prune *what, struct store_pruned *ret, hst_error *err)
{
	AUTO(ended_list) struct ended_list list = {.n = 0};
	int64_t before = what->rows_before_us;

	if (nearer(store, 0, &before, err) || list_ended(store, 0, before, what->limit, &list, err))
		return HST_BROKEN;
	for (size_t i = 0; i < list.n; i++)
		if (prune_run(store, list.at[i].number, err))
			return HST_BROKEN;
	ret->runs = (int64_t)list.n;
	ret->more |= ret->runs >= what->limit || before < what->rows_before_us;
	if (ret->runs >= what->limit)
		return HST_OK;
	if (change(store, "UPDATE settled SET ended_to = 0 WHERE ended_to < ?1", &before, 1, err) < 0 ||
	    change(store, "DELETE FROM ended WHERE ended_us < ?1", &before, 1, err) < 0)
		return HST_BROKEN;
	return HST_OK;
}

static int prune_settled(struct sqlite_store *store, hst_error *err)
{
	return change(store, "DELETE FROM settled WHERE up_to < (SELECT min(number) FROM run_first)", NULL, 0, err) < 0 ? HST_BROKEN : HST_OK;
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
		code = prune_settled(store, err);
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
