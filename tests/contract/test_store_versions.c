/* Stores of older versions: the fixtures are what engines of those versions left behind when they were killed. */
#include "store_house.h"

#include "store/sqlite_schema.h"

enum { FIXTURE_MAX = 1 << 18, SQL_MAX = 4096 };

static sqlite3 *database(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static int64_t number_in(const char *path, const char *sql)
{
	sqlite3 *db = database(path);
	int64_t value = number(db, sql);

	sqlite3_close(db);
	return value;
}

static void close_store(struct room *room)
{
	OPS(room)->free(room->store);
	room->store = NULL;
}

/* The store of the room becomes the fixture of this version. */
static void loaded(struct room *room, int version)
{
	const char *top = getenv("SRCDIR");
	char path[512], *sql = calloc(1, FIXTURE_MAX);
	sqlite3 *db;
	FILE *file;

	close_store(room);
	unlink(room->path);
	snprintf(path, sizeof path, "%s/tests/fixtures/store/v%d.sql", top ? top : ".", version);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(sql, 1, FIXTURE_MAX - 1, file) > 0);
	fclose(file);
	db = database(room->path);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(number(db, "PRAGMA user_version"), version);
	sqlite3_close(db);
	free(sql);
}

static void copy_of(const struct room *room, int version, struct room *ret)
{
	snprintf(ret->path, sizeof ret->path, "%.100s.v%d", room->path, version);
}

/* The columns that a table of the older store has, as SQL. */
static void columns_of(sqlite3 *db, const char *table, char to[SQL_MAX])
{
	sqlite3_stmt *statement;
	int at = 0;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info(?1, 'older')", -1, &statement, NULL), SQLITE_OK);
	sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
	while (sqlite3_step(statement) == SQLITE_ROW)
		at += snprintf(to + at, (size_t)(SQL_MAX - at), "%s\"%s\"", at ? ", " : "", (const char *)sqlite3_column_text(statement, 0));
	assert_true(at > 0 && at < SQL_MAX);
	sqlite3_finalize(statement);
}

/* What happened, a row each: as older stores have it. */
static const char alone[] = "(SELECT piece.key AS key, json_extract(value, '$[0]') AS at_us, json_extract(value, '$[1]') AS step,"
			    " json_extract(value, '$[2]') AS what, json_extract(value, '$[3]') AS detail"
			    " FROM main.happening AS piece JOIN json_each('[0' || told || ']') AS each ON each.type = 'array')";

/* Everything that the older store has is in the newer one as it was, and nothing else is. */
static void assert_same_rows(const char *path, const char *older, int version)
{
	sqlite3 *db = database(path);
	sqlite3_stmt *tables;
	char sql[3 * SQL_MAX], columns[SQL_MAX], now[64], then[64];
	int n = 0;

	snprintf(sql, sizeof sql, "ATTACH '%s' AS older", older);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM older.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
					    -1, &tables, NULL),
			 SQLITE_OK);
	for (; sqlite3_step(tables) == SQLITE_ROW; n++) {
		const char *table = (const char *)sqlite3_column_text(tables, 0);

		columns_of(db, table, columns);
		snprintf(now, sizeof now, "main.\"%s\"", strcmp(table, "ids") == 0 ? "settled" : table);
		snprintf(then, sizeof then, "older.\"%s\"", table);
		for (int way = 0; way < 2; way++) {
			const char *of_now = version < 3 && strcmp(table, "happening") == 0 ? alone : now;

			snprintf(sql, sizeof sql, "SELECT count(*) FROM (SELECT %s FROM %s EXCEPT SELECT %s FROM %s)", columns,
				 way ? of_now : then, columns, way ? then : of_now);
			assert_int_equal(number(db, sql), 0);
		}
	}
	assert_true(n >= 8);
	sqlite3_finalize(tables);
	sqlite3_close(db);
}

static void every_older_version_is_read_as_it_was(void **state)
{
	struct room *room = *state, copy;

	for (int version = 1; version < STORE_VERSION; version++) {
		copy_of(room, version, &copy);
		loaded(room, version);
		opened(room);
		close_store(room);
		assert_int_equal(number_in(room->path, "PRAGMA user_version"), STORE_VERSION);
		assert_int_equal(number_in(copy.path, "PRAGMA user_version"), version);
		assert_same_rows(room->path, copy.path, version);
		opened(room);
	}
}

/* The fixture is what an engine of version 1 left that was killed while one run ran and another waited. */
static void a_store_of_version_1_goes_on(void **state)
{
	struct room *room = *state;
	struct seen seen = {0};
	char counters[128] = "", *bytes;
	size_t length;

	loaded(room, 1);
	opened(room);
	assert_int_equal(OPS(room)->unfinished(room->store, see_run, see_step, &seen, NULL), HST_OK);
	assert_string_equal(seen.order, "#2 2 #3 3 ");
	assert_string_equal(seen.runs[0].flow, "slow");
	assert_int_equal(seen.runs[0].origin, 0);
	assert_string_equal(seen.steps[0].state, "running");
	assert_string_equal(seen.steps[0].device, "here");
	assert_int_equal(seen.steps[0].token, 2);
	assert_int_equal(seen.steps[0].journal | seen.steps[0].top | seen.steps[0].lost_us, 0);
	seen_clear(&seen);
	OPS(room)->happenings(room->store, 1, see_happening, &seen, NULL);
	assert_int_equal(seen.happening_count, 8);
	seen_clear(&seen);
	OPS(room)->counters(room->store, see_counter, counters, NULL);
	assert_string_equal(counters, "run=3 seq=3 step=3 token=2 ");
	assert_int_equal(OPS(room)->get_state(room->store, "inbox", "cursor", &bytes, &length, NULL), HST_OK);
	assert_string_equal(bytes, "uid 17");
	free(bytes);
	begin(room);
	assert_int_equal(store_put_step(room->store,
					     &(struct store_step){.id = 2, .run = 2, .state = "lost", .lost_us = 9},
					     NULL),
			 HST_OK);
	assert_int_equal(OPS(room)->put_standing(room->store, "drained", "host", (struct store_bytes){"", 0}, NULL),
			 HST_OK);
	commit(room);
	close_store(room);
	opened(room);
	OPS(room)->steps(room->store, 2, see_step, &seen, NULL);
	assert_int_equal(seen.steps[0].lost_us, 9);
	seen_clear(&seen);
}

static bool see_standing(void *arg, const struct store_standing *standing)
{
	char *text = arg;

	snprintf(text + strlen(text), 128 - strlen(text), "%s:%s ", standing->kind, standing->name);
	return true;
}

/* One of version 2: a run ran, one was lost, others waited, one of them moved to the top, and the host was drained. */
static void a_store_of_version_2_goes_on(void **state)
{
	struct room *room = *state;
	struct seen seen = {0};
	char counters[128] = "", standings[128] = "";

	loaded(room, 2);
	opened(room);
	assert_int_equal(OPS(room)->unfinished(room->store, see_run, see_step, &seen, NULL), HST_OK);
	assert_string_equal(seen.order, "#3 3 #5 5 #6 6 #7 8 #8 7 ");
	assert_string_equal(seen.runs[2].state, "lost");
	assert_string_equal(seen.steps[0].state, "running");
	assert_true(seen.steps[0].journal != 0);
	assert_true(seen.steps[1].top != 0);
	assert_true(seen.steps[2].lost_us != 0);
	seen_clear(&seen);
	OPS(room)->run(room->store, 2, see_run, &seen, NULL);
	assert_int_equal(seen.runs[0].origin, 1);
	seen_clear(&seen);
	OPS(room)->standings(room->store, see_standing, standings, NULL);
	assert_string_equal(standings, "drained:host seen:here ");
	OPS(room)->counters(room->store, see_counter, counters, NULL);
	assert_string_equal(counters, "run=8 seq=9 step=8 token=4 ");
	begin(room);
	OPS(room)->put_happening(room->store, &(struct store_happening){.at_us = INT64_C(1795426700000000), .run = 7, .what = "cancel"}, NULL);
	commit(room);
	OPS(room)->happenings(room->store, 7, see_happening, &seen, NULL);
	assert_int_equal(seen.happening_count, 5);
	assert_string_equal(seen.happenings[0].what, "accepted");
	assert_string_equal(seen.happenings[1].detail, "{\"reason\":\"FlowConcurrency\"}");
	assert_null(seen.happenings[2].detail);
	assert_int_equal(seen.happenings[3].step, 8);
	assert_int_equal(seen.happenings[4].at_us, INT64_C(1795426700000000));
	seen_clear(&seen);
}

/* All rows of all tables and the tables themselves, as one text. Caller frees. */
static char *whole(const char *path)
{
	sqlite3 *db = database(path);
	char *text = NULL;
	size_t length = 0;
	FILE *to = open_memstream(&text, &length);
	sqlite3_stmt *tables, *rows;

	sqlite3_prepare_v2(db, "SELECT name, sql FROM sqlite_schema ORDER BY name", -1, &tables, NULL);
	while (sqlite3_step(tables) == SQLITE_ROW) {
		char sql[SQL_MAX];

		fprintf(to, "%s\n", sqlite3_column_text(tables, 1) ? (const char *)sqlite3_column_text(tables, 1) : "");
		snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", (const char *)sqlite3_column_text(tables, 0));
		if (sqlite3_prepare_v2(db, sql, -1, &rows, NULL) != SQLITE_OK)
			continue;
		while (sqlite3_step(rows) == SQLITE_ROW)
			for (int i = 0; i < sqlite3_column_count(rows); i++)
				fprintf(to, "%s|", sqlite3_column_text(rows, i) ? (const char *)sqlite3_column_text(rows, i) : "");
		sqlite3_finalize(rows);
	}
	sqlite3_finalize(tables);
	fprintf(to, "version %lld", (long long)number(db, "PRAGMA user_version"));
	fclose(to);
	sqlite3_close(db);
	return text;
}

/* One of version 3: keys of its events are still there, and say nothing of runs. */
static void a_store_of_version_3_goes_on(void **state)
{
	struct room *room = *state;
	int64_t run = -1, runs = -1;
	bool new = true;

	loaded(room, 3);
	opened(room);
	assert_int_equal(OPS(room)->get_event(room->store, "inbox", "<1@mail>", &run, &runs, NULL), HST_OK);
	assert_int_equal(run, 0);
	assert_int_equal(runs, 0);
	begin(room);
	assert_int_equal(OPS(room)->put_event(room->store, &(struct store_event){.instance = "inbox", .key = "<1@mail>", .at_us = 9}, &new, NULL),
			 HST_OK);
	assert_false(new);
	assert_int_equal(OPS(room)->put_event(room->store, &(struct store_event){.instance = "order", .key = "1", .at_us = 9, .run = 3, .runs = 2}, &new, NULL),
			 HST_OK);
	assert_true(new);
	commit(room);
	assert_int_equal(OPS(room)->get_event(room->store, "order", "1", &run, &runs, NULL), HST_OK);
	assert_int_equal(run, 3);
	assert_int_equal(runs, 2);
}

/* One of version 4, in which each run and step was one row: some had ended, one ran, and of one a step waited. */
static void a_store_of_version_4_goes_on(void **state)
{
	struct store_prune before = {.rows_before_us = 2000, .limit = 10};
	struct room *room = *state;
	struct store_pruned pruned;
	struct seen seen = {0};

	loaded(room, 4);
	opened(room);
	assert_int_equal(OPS(room)->unfinished(room->store, see_run, see_step, &seen, NULL), HST_OK);
	assert_string_equal(seen.order, "#2 2 #3 3 4 ");
	assert_string_equal(seen.steps[1].outputs.bytes, "{\"bytes\":2}");
	assert_string_equal(seen.steps[2].reason, "UIFlowAlreadyRunning");
	seen_clear(&seen);
	OPS(room)->happenings(room->store, 4, see_happening, &seen, NULL);
	assert_string_equal(seen.happenings[0].what, "accepted");
	assert_string_equal(seen.happenings[seen.happening_count - 1].what, "ended");
	seen_clear(&seen);
	begin(room);
	assert_int_equal(OPS(room)->put_happening(room->store, &(struct store_happening){.at_us = 1000, .run = 2, .what = "ended"}, NULL), HST_OK);
	assert_int_equal(store_put_step(room->store, &(struct store_step){.id = 2, .run = 2, .state = "failed"}, NULL), HST_OK);
	assert_int_equal(store_put_run(room->store, &(struct store_run){.number = 2, .state = "failed", .ended_us = 1000}, NULL), HST_OK);
	commit(room);
	close_store(room);
	opened(room);
	OPS(room)->runs(room->store, &(struct store_filter){.state = "failed"}, see_run, &seen, NULL);
	assert_string_equal(seen.order, "#2 ");
	assert_string_equal(seen.runs[0].flow, "slow");
	OPS(room)->steps(room->store, 2, see_step, &seen, NULL);
	assert_string_equal(seen.steps[0].state, "failed");
	assert_string_equal(seen.steps[0].name, "it");
	assert_null(seen.steps[0].device);
	OPS(room)->happenings(room->store, 2, see_happening, &seen, NULL);
	assert_string_equal(seen.happenings[seen.happening_count - 1].what, "ended");
	seen_clear(&seen);
	begin(room);
	assert_int_equal(OPS(room)->prune(room->store, &before, &pruned, NULL), HST_OK);
	commit(room);
	assert_int_equal(pruned.runs, 1);
	OPS(room)->runs(room->store, &(struct store_filter){0}, see_run, &seen, NULL);
	assert_string_equal(seen.order, "#4 #3 #1 ");
	seen_clear(&seen);
}

/* One of version 5, in which times of what happened are whole and an index says what ended when. */
static void a_store_of_version_5_goes_on(void **state)
{
	static const int64_t ended_us = INT64_C(1795426700000000);
	struct room *room = *state;
	struct store_pruned pruned;
	struct seen seen = {0};

	loaded(room, 5);
	opened(room);
	assert_int_equal(OPS(room)->unfinished(room->store, see_run, see_step, &seen, NULL), HST_OK);
	assert_string_equal(seen.order, "#3 3 4 #5 6 ");
	assert_string_equal(seen.steps[2].state, "offered");
	seen_clear(&seen);
	begin(room);
	OPS(room)->put_happening(room->store,
				 &(struct store_happening){.at_us = ended_us + 5, .run = 5, .what = "cancel", .run_us = INT64_C(1795426700000005)}, NULL);
	store_put_run(room->store, &(struct store_run){.number = 5, .state = "cancelled", .ended_us = ended_us + 5}, NULL);
	commit(room);
	OPS(room)->happenings(room->store, 2, see_happening, &seen, NULL);
	assert_int_equal(seen.happenings[0].at_us, INT64_C(1795426622141386));
	assert_int_equal(seen.happenings[seen.happening_count - 1].at_us, ended_us);
	seen_clear(&seen);
	OPS(room)->happenings(room->store, 5, see_happening, &seen, NULL);
	assert_int_equal(seen.happenings[0].at_us, INT64_C(1795426700000005));
	assert_int_equal(seen.happenings[seen.happening_count - 2].at_us, INT64_C(1795426700000900));
	assert_int_equal(seen.happenings[seen.happening_count - 1].at_us, ended_us + 5);
	seen_clear(&seen);
	begin(room);
	assert_int_equal(OPS(room)->prune(room->store, &(struct store_prune){.rows_before_us = ended_us, .limit = 10}, &pruned, NULL), HST_OK);
	commit(room);
	assert_int_equal(pruned.runs, 2);
	OPS(room)->runs(room->store, &(struct store_filter){0}, see_run, &seen, NULL);
	assert_string_equal(seen.order, "#5 #3 #2 ");
	seen_clear(&seen);
}

/* The steps there are, and one more whose second half is wrong. */
static void a_migration_that_fails_in_the_middle_changes_nothing(void **state)
{
	struct room *room = *state, copy;
	const char *steps[STORE_VERSION + 1];
	hst_error err = {0};

	memcpy(steps, sqlite_schema_steps, STORE_VERSION * sizeof *steps);
	steps[STORE_VERSION] = "DELETE FROM run_first; ALTER TABLE step_first ADD COLUMN more TEXT; INSERT INTO nowhere VALUES(1);";
	for (int version = 1; version < STORE_VERSION; version++) {
		char *before, *after;
		sqlite3 *db;

		copy_of(room, version, &copy);
		loaded(room, version);
		before = whole(room->path);
		db = database(room->path);
		assert_int_equal(sqlite_schema_bring(db, room->path, steps, STORE_VERSION + 1, &err), HST_BROKEN);
		assert_non_null(strstr(err.text, "nowhere"));
		sqlite3_close(db);
		after = whole(room->path);
		assert_string_equal(after, before);
		free(after);
		after = whole(copy.path);
		assert_string_equal(after, before);
		free(after);
		free(before);
		opened(room);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		DISK(every_older_version_is_read_as_it_was),
		DISK(a_store_of_version_1_goes_on),
		DISK(a_store_of_version_2_goes_on),
		DISK(a_store_of_version_3_goes_on),
		DISK(a_store_of_version_4_goes_on),
		DISK(a_store_of_version_5_goes_on),
		DISK(a_migration_that_fails_in_the_middle_changes_nothing),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
