#include "store/sqlite.h"

#include "base/mem.h"
#include "store/said.h"

#include <string.h>

static struct sqlite_store *query_of(struct store *store)
{
	return (struct sqlite_store *)store;
}

/* The end of a query that got `got` from its last step. */
static int query_end(struct sqlite_store *store, sqlite3_stmt *statement, int got, hst_error *err)
{
	int code = got == SQLITE_ROW || got == SQLITE_DONE ? HST_OK : sqlite_fail(store, err);

	sqlite3_reset(statement);
	return code;
}

/* The first column of the first row. HST_NOT_FOUND without an error's text: the caller knows what was asked
 * for. */
static int query_integer(struct sqlite_store *store, sqlite3_stmt *statement, int64_t *ret, hst_error *err)
{
	int got = sqlite3_step(statement);

	if (got == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	return got == SQLITE_DONE ? (sqlite3_reset(statement), HST_NOT_FOUND)
				  : query_end(store, statement, got, err);
}

static int query_bytes(struct sqlite_store *store, sqlite3_stmt *statement, const char *what, char **ret,
		       size_t *ret_length, hst_error *err)
{
	int got = sqlite3_step(statement);

	if (got == SQLITE_DONE) {
		sqlite3_reset(statement);
		return hst_fail(err, HST_NOT_FOUND, "there is no %s of that name in the store", what);
	}
	if (got == SQLITE_ROW) {
		const void *bytes = sqlite3_column_blob(statement, 0);

		*ret_length = (size_t)sqlite3_column_bytes(statement, 0);
		*ret = mem_copy(bytes, *ret_length);
	}
	return query_end(store, statement, got, err);
}

int sqlite_counters(struct store *base, bool (*visit)(void *arg, const char *name, int64_t value), void *arg,
		    hst_error *err)
{
	struct sqlite_store *store = query_of(base);
	sqlite3_stmt *statement = store->statements[SQL_COUNTERS];
	int got;

	while ((got = sqlite3_step(statement)) == SQLITE_ROW)
		if (!visit(arg, (const char *)sqlite3_column_text(statement, 0),
			   sqlite3_column_int64(statement, 1)))
			break;
	return query_end(store, statement, got, err);
}

int sqlite_get_flow(struct store *base, const char *digest, char **ret_text, size_t *ret_length,
		    hst_error *err)
{
	struct sqlite_store *store = query_of(base);

	sqlite_bind_text(store->statements[SQL_GET_FLOW], 1, digest);
	return query_bytes(store, store->statements[SQL_GET_FLOW], "flow", ret_text, ret_length, err);
}

int sqlite_get_state(struct store *base, const char *instance, const char *name, char **ret_bytes,
		     size_t *ret_length, hst_error *err)
{
	struct sqlite_store *store = query_of(base);

	sqlite_bind_text(store->statements[SQL_GET_STATE], 1, instance);
	sqlite_bind_text(store->statements[SQL_GET_STATE], 2, name);
	return query_bytes(store, store->statements[SQL_GET_STATE], "state", ret_bytes, ret_length, err);
}

int sqlite_get_event(struct store *base, const char *instance, const char *key, int64_t *ret_run, int64_t *ret_runs,
		     hst_error *err)
{
	struct sqlite_store *store = query_of(base);
	sqlite3_stmt *statement = store->statements[SQL_GET_EVENT];
	bool there;
	int got, code;

	sqlite_bind_text(statement, 1, instance);
	sqlite_bind_text(statement, 2, key);
	got = sqlite3_step(statement);
	there = got == SQLITE_ROW;
	if (there) {
		*ret_run = sqlite3_column_int64(statement, 0);
		*ret_runs = sqlite3_column_int64(statement, 1);
	}
	code = query_end(store, statement, got, err);
	return code < 0 || there ? code : hst_fail(err, HST_NOT_FOUND, "no event has that key");
}

int sqlite_standings(struct store *base, bool (*visit)(void *arg, const struct store_standing *standing),
		     void *arg, hst_error *err)
{
	struct sqlite_store *store = query_of(base);
	sqlite3_stmt *statement = store->statements[SQL_STANDINGS];
	int got;

	while ((got = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_standing standing = {
			.kind = (const char *)sqlite3_column_text(statement, 0),
			.name = (const char *)sqlite3_column_text(statement, 1),
			.value = {(const char *)sqlite3_column_text(statement, 2),
				  (size_t)sqlite3_column_bytes(statement, 2)},
		};

		if (!visit(arg, &standing))
			break;
	}
	return query_end(store, statement, got, err);
}

static int query_runs(struct sqlite_store *store, sqlite3_stmt *statement,
		      bool (*visit)(void *arg, const struct store_run *run), void *arg, size_t *ret_n,
		      hst_error *err)
{
	size_t n = 0;
	int got;

	while ((got = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_run run;

		sqlite_read_record(statement, &record_run, &run);
		n++;
		if (!visit(arg, &run))
			break;
	}
	if (ret_n)
		*ret_n = n;
	return query_end(store, statement, got, err);
}

/* *ret_on: whether the visitor wants more. */
static int query_steps(struct sqlite_store *store, enum sqlite_statement which, int64_t run,
		       bool (*visit)(void *arg, const struct store_step *step), void *arg, bool *ret_on,
		       hst_error *err)
{
	sqlite3_stmt *statement = store->statements[which];
	bool on = true;
	int got;

	sqlite3_bind_int64(statement, 1, run);
	while (on && (got = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_step step;

		sqlite_read_record(statement, &record_step, &step);
		on = visit(arg, &step);
	}
	if (ret_on)
		*ret_on = on;
	return query_end(store, statement, got, err);
}

struct unfinished {
	struct sqlite_store *store;
	bool (*run)(void *arg, const struct store_run *run);
	bool (*step)(void *arg, const struct store_step *step);
	void *arg;
	int code;
	hst_error *err;
};

static bool unfinished_run(void *arg, const struct store_run *run)
{
	struct unfinished *unfinished = arg;
	bool on = unfinished->run(unfinished->arg, run);

	if (on && unfinished->step)
		unfinished->code = query_steps(unfinished->store, SQL_UNFINISHED_STEPS, run->number,
					       unfinished->step, unfinished->arg, &on, unfinished->err);
	return on && !unfinished->code;
}

int sqlite_unfinished(struct store *base, bool (*run)(void *arg, const struct store_run *run),
		      bool (*step)(void *arg, const struct store_step *step), void *arg, hst_error *err)
{
	struct sqlite_store *store = query_of(base);
	struct unfinished unfinished = {store, run, step, arg, HST_OK, err};
	int code = query_runs(store, store->statements[SQL_UNFINISHED_RUNS], unfinished_run, &unfinished,
			      NULL, err);

	return unfinished.code ? unfinished.code : code;
}

int sqlite_runs(struct store *base, const struct store_filter *filter,
		bool (*visit)(void *arg, const struct store_run *run), void *arg, hst_error *err)
{
	struct sqlite_store *store = query_of(base);
	sqlite3_stmt *statement = store->statements[SQL_RUNS];

	sqlite_bind_text(statement, 1, filter->flow);
	sqlite_bind_text(statement, 2, filter->state);
	sqlite_bind_text(statement, 3, filter->label);
	sqlite_bind_text(statement, 4, filter->reason);
	sqlite3_bind_int64(statement, 5, filter->since_us);
	sqlite3_bind_int64(statement, 6, filter->limit > 0 ? filter->limit : -1);
	return query_runs(store, statement, visit, arg, NULL, err);
}

int sqlite_run(struct store *base, int64_t number, bool (*visit)(void *arg, const struct store_run *run),
	       void *arg, hst_error *err)
{
	struct sqlite_store *store = query_of(base);
	size_t n;
	int code;

	sqlite3_bind_int64(store->statements[SQL_RUN], 1, number);
	code = query_runs(store, store->statements[SQL_RUN], visit, arg, &n, err);
	if (!code && !n)
		code = hst_fail(err, HST_NOT_FOUND, "there is no run #%lld", (long long)number);
	return code;
}

int sqlite_steps(struct store *base, int64_t run, bool (*visit)(void *arg, const struct store_step *step),
		 void *arg, hst_error *err)
{
	return query_steps(query_of(base), SQL_STEPS, run, visit, arg, NULL, err);
}

int sqlite_happenings(struct store *base, int64_t run,
		      bool (*visit)(void *arg, const struct store_happening *happening), void *arg,
		      hst_error *err)
{
	struct sqlite_store *store = query_of(base);
	sqlite3_stmt *statement = store->statements[SQL_HAPPENINGS];
	int code = sqlite_told_write(store, err), got;

	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, run);
	while ((got = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_happening happening;

		sqlite_read_record(statement, &record_happening, &happening);
		if (!visit(arg, &happening))
			break;
	}
	return query_end(store, statement, got, err);
}

int sqlite_sealed(struct store *base, int64_t run, int64_t step,
		  bool (*visit)(void *arg, const struct store_sealed *sealed), void *arg, hst_error *err)
{
	struct sqlite_store *store = query_of(base);
	sqlite3_stmt *statement = store->statements[SQL_SEALED];
	int got;

	sqlite3_bind_int64(statement, 1, run);
	sqlite3_bind_int64(statement, 2, step);
	while ((got = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_sealed sealed = {
			.run = sqlite3_column_int64(statement, 0),
			.step = sqlite3_column_int64(statement, 1),
			.name = (const char *)sqlite3_column_text(statement, 2),
			.bytes = {sqlite3_column_blob(statement, 3), (size_t)sqlite3_column_bytes(statement, 3)},
		};

		if (!visit(arg, &sealed))
			break;
	}
	return query_end(store, statement, got, err);
}

static int64_t first_integer(sqlite3_stmt *statement)
{
	int64_t integer = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;

	sqlite3_reset(statement);
	return integer;
}

/* A time after which as many runs ended as are asked for, or else the one from which they are: so that not all blocks are looked into. */
static int64_t ended_after(struct sqlite_store *store, const struct store_span *span)
{
	sqlite3_stmt *before = store->statements[SQL_ENDED_BEFORE], *count = store->statements[SQL_COUNT_ENDED];

	for (int64_t blocks = 2;; blocks *= 4) {
		int64_t after_us;

		sqlite3_bind_int64(before, 1, blocks);
		after_us = first_integer(before);
		if (after_us < span->since_us)
			return span->since_us > 0 ? span->since_us - 1 : 0;
		sqlite3_bind_int64(count, 1, after_us);
		sqlite_bind_text(count, 2, span->flow);
		sqlite3_bind_int64(count, 3, span->limit);
		if (!after_us || first_integer(count) >= span->limit)
			return after_us;
	}
}

int sqlite_lately(struct store *base, const struct store_span *span,
		  bool (*visit)(void *arg, const struct store_told *told), void *arg, hst_error *err)
{
	struct sqlite_store *store = query_of(base);
	sqlite3_stmt *statement = store->statements[SQL_LATELY];
	int names = (int)record_happening.n, code = sqlite_told_write(store, err), got;

	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, span->run);
	sqlite_bind_text(statement, 2, span->flow);
	sqlite3_bind_int64(statement, 3, span->since_us);
	sqlite3_bind_int64(statement, 4, span->limit);
	sqlite3_bind_int64(statement, 5, span->run ? INT64_MAX : ended_after(store, span));
	while ((got = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_told told;

		sqlite_read_record(statement, &record_happening, &told.happening);
		told.run_id = (const char *)sqlite3_column_text(statement, names);
		told.flow = (const char *)sqlite3_column_text(statement, names + 1);
		told.step = (const char *)sqlite3_column_text(statement, names + 2);
		if (!visit(arg, &told))
			break;
	}
	return query_end(store, statement, got, err);
}

static int query_ending(struct sqlite_store *store, const char *said, int64_t *ret_number, hst_error *err)
{
	sqlite3_stmt *statement = store->statements[SQL_FIND_ENDING];
	int64_t number = -1;
	char one[64];
	int got, code;

	sqlite_bind_text(statement, 1, said);
	got = sqlite3_step(statement);
	if (got == SQLITE_ROW) {
		number = sqlite3_column_int64(statement, 0);
		snprintf(one, sizeof one, "%s", (const char *)sqlite3_column_text(statement, 1));
		got = sqlite3_step(statement);
	}
	if (got == SQLITE_ROW)
		code = said_several(said, one, (const char *)sqlite3_column_text(statement, 1), err);
	else if (got != SQLITE_DONE)
		code = sqlite_fail(store, err);
	else
		code = number < 0 ? HST_NOT_FOUND : HST_OK;
	sqlite3_reset(statement);
	if (!code)
		*ret_number = number;
	return code;
}

/* A number first, a whole id by its index, and only then the endings. */
int sqlite_find_run(struct store *base, const char *text, int64_t *ret_number, hst_error *err)
{
	struct sqlite_store *store = query_of(base);
	struct said said;
	int code = said_read(text, &said, err);

	if (code)
		return code;
	code = HST_NOT_FOUND;
	if (said.last) {
		sqlite_bind_text(store->statements[SQL_FIND_LAST], 1, said.flow);
		code = query_integer(store, store->statements[SQL_FIND_LAST], ret_number, err);
	}
	if (code == HST_NOT_FOUND && said.number >= 0) {
		sqlite3_bind_int64(store->statements[SQL_FIND_NUMBER], 1, said.number);
		code = query_integer(store, store->statements[SQL_FIND_NUMBER], ret_number, err);
	}
	if (code == HST_NOT_FOUND && said.ending) {
		sqlite_bind_text(store->statements[SQL_FIND_ID], 1, said.ending);
		code = query_integer(store, store->statements[SQL_FIND_ID], ret_number, err);
	}
	if (code == HST_NOT_FOUND && said.ending)
		code = query_ending(store, said.ending, ret_number, err);
	return code == HST_NOT_FOUND ? said_nothing(text, err) : code;
}
