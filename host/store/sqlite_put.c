/*
 * Runs and steps. What each of them is goes into a first row, where none is there, and what has become of it since into a second
 * one; a statement takes all of a batch at once. That a run has ended is always in its second row.
 */
#include "store/sqlite.h"

/* Looked for only where that is not remembered: of a run that nothing was heard of for long, and after a start. */
static bool is_there(struct sqlite_store *store, enum sqlite_statement which, int64_t key)
{
	sqlite3_stmt *statement = store->statements[which];
	bool found;

	sqlite3_bind_int64(statement, 1, key);
	found = sqlite3_step(statement) == SQLITE_ROW;
	sqlite3_reset(statement);
	return found;
}

static int put_rows(struct sqlite_store *store, enum sqlite_list list, hst_error *err)
{
	static const enum sqlite_statement statements[LIST_COUNT] = {
		[LIST_RUN] = SQL_INSERT_RUN, [LIST_RUN_NOW] = SQL_BECOME_RUN, [LIST_STEP] = SQL_INSERT_STEP, [LIST_STEP_NOW] = SQL_BECOME_STEP};
	struct sqlite_rows *rows = &store->rows[list];
	int code = rows->n ? sqlite_put(store, statements[list], err) : HST_OK;

	rows->n = 0;
	return code;
}

/* First rows and then second ones, which have the list behind. */
static int put_both(struct sqlite_store *store, enum sqlite_list first, hst_error *err)
{
	int code = put_rows(store, first, err);

	if (!code)
		code = put_rows(store, first + 1, err);
	store->rows[first + 1].n = 0;
	return code;
}

static int refuse(struct sqlite_store *store, int64_t run, int64_t position, hst_error *err)
{
	store->spoiled = true;
	for (enum sqlite_list list = 0; list < LIST_COUNT; list++)
		store->rows[list].n = 0;
	return hst_fail(err, HST_INVALID, "no run #%lld has a step at %lld", (long long)run, (long long)position);
}

static bool list_run(struct sqlite_store *store, const struct store_run *run)
{
	bool new = run->number > store->last_run, known;
	struct sqlite_place *place;
	const char *told;

	if (new) {
		sqlite_told_new(store, run->number);
		store->last_run = run->number;
	}
	place = sqlite_place(store, run->number);
	known = place->first || (!new && is_there(store, SQL_FIND_NUMBER, run->number));
	place->first = true;
	place->whole |= !known;
	sqlite_settle_later(store, run, !known);
	told = sqlite_told_take(store, run->number);
	sqlite_rows_add(&store->rows[known ? LIST_RUN_NOW : LIST_RUN], (struct sqlite_row){.record = run, .told = told});
	if (!known && run->ended_us)
		sqlite_rows_add(&store->rows[LIST_RUN_NOW], (struct sqlite_row){.record = run, .told = ""});
	return known;
}

int sqlite_put_runs(struct store *base, const struct store_run *runs, size_t n, hst_error *err)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	int64_t last = store->last_run;
	int code = HST_OK;

	for (size_t i = 0; i < n && !code; i++) {
		bool known;

		if (runs[i].number < 0 || runs[i].number >= SQLITE_RUNS_MAX)
			return refuse(store, runs[i].number, 0, err);
		known = list_run(store, &runs[i]);
		if (runs[i].number > sqlite_settled(last))
			continue;
		code = put_both(store, LIST_RUN, err);
		if (!code)
			code = sqlite_put_settled(store, &runs[i], known, err);
	}
	if (!code)
		code = put_both(store, LIST_RUN, err);
	return code ? code : sqlite_settle_until(store, last, err);
}

/* Of a run that was new since the store was opened it is known which of its steps are there. */
static void list_step(struct sqlite_store *store, const struct store_step *step)
{
	struct sqlite_place *place = sqlite_place(store, step->run);
	int64_t key = (step->run << SQLITE_KEY_BITS) + step->position;
	uint64_t bit = step->position < 64 ? UINT64_C(1) << step->position : 0;
	bool known = (place->steps & bit) || (!(place->whole && bit) && is_there(store, SQL_FIND_STEP, key));

	place->steps |= bit;
	sqlite_rows_add(&store->rows[known ? LIST_STEP_NOW : LIST_STEP], (struct sqlite_row){.record = step, .key = key});
}

int sqlite_put_steps(struct store *base, const struct store_step *steps, size_t n, hst_error *err)
{
	struct sqlite_store *store = (struct sqlite_store *)base;

	for (size_t i = 0; i < n; i++) {
		if (steps[i].run < 0 || steps[i].run >= SQLITE_RUNS_MAX || steps[i].position < 0 || steps[i].position >> SQLITE_KEY_BITS)
			return refuse(store, steps[i].run, steps[i].position, err);
		list_step(store, &steps[i]);
	}
	return put_both(store, LIST_STEP, err);
}
