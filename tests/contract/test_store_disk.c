/* What only the store on disk has to keep: whole batches after a crash, its mode, its versions, one owner. */
#include "store_house.h"

#include "store/sqlite_schema.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void reopen(struct room *room)
{
	OPS(room)->free(room->store);
	room->store = NULL;
	opened(room);
}

static void what_was_committed_is_there_after_closing(void **state)
{
	struct room *room = *state;
	struct seen seen = {0};
	char text[64] = "";

	put_runs(room, 1, 3);
	begin(room);
	OPS(room)->put_counter(room->store, "run", 3, NULL);
	commit(room);
	begin(room);
	OPS(room)->put_counter(room->store, "run", 4, NULL);
	reopen(room);
	OPS(room)->runs(room->store, &(struct store_filter){0}, see_run, &seen, NULL);
	assert_string_equal(seen.order, "#3 #2 #1 ");
	seen_clear(&seen);
	OPS(room)->counters(room->store, see_counter, text, NULL);
	assert_string_equal(text, "run=3 ");
}

/* The 8th put breaks a rule of the tables: nothing of its batch may stay, and the next batch works. */
static void a_batch_with_a_failed_put_leaves_nothing(void **state)
{
	struct room *room = *state;
	struct store_run nameless = {.number = 99};
	struct seen seen = {0};
	hst_error err;
	char id[32];

	put_runs(room, 1, 1);
	begin(room);
	for (int64_t number = 2; number <= 8; number++) {
		struct store_run run = a_run(number, id);

		assert_int_equal(store_put_run(room->store, &run, NULL), HST_OK);
	}
	assert_int_equal(store_put_run(room->store, &nameless, &err), HST_INVALID);
	assert_int_equal(OPS(room)->commit(room->store, NULL, &err), HST_BROKEN);
	OPS(room)->runs(room->store, &(struct store_filter){0}, see_run, &seen, NULL);
	assert_string_equal(seen.order, "#1 ");
	seen_clear(&seen);
	put_runs(room, 2, 3);
	OPS(room)->runs(room->store, &(struct store_filter){0}, see_run, &seen, NULL);
	assert_string_equal(seen.order, "#3 #2 #1 ");
	seen_clear(&seen);
}

/* What was remembered of the batch is forgotten with it: the next one goes on from what is there. */
static void what_follows_a_batch_that_was_taken_back_is_whole(void **state)
{
	struct room *room = *state;
	struct seen seen = {0};

	put_runs(room, 1, 1);
	begin(room);
	for (int64_t number = 2; number <= 9000; number++) {
		char id[32];
		struct store_run run = a_run(number, id);

		OPS(room)->put_happening(room->store, &(struct store_happening){.run = number, .what = "accepted"}, NULL);
		store_put_run(room->store, &run, NULL);
	}
	OPS(room)->put_happening(room->store, &(struct store_happening){.run = 1, .what = "ended"}, NULL);
	store_put_run(room->store, &(struct store_run){.number = 9001}, NULL);
	assert_int_equal(OPS(room)->commit(room->store, NULL, NULL), HST_BROKEN);
	put_runs(room, 2, 9000);
	OPS(room)->happenings(room->store, 1, see_happening, &seen, NULL);
	OPS(room)->happenings(room->store, 2, see_happening, &seen, NULL);
	assert_int_equal(seen.happening_count, 0);
	seen.stop_after = 2;
	OPS(room)->unfinished(room->store, see_run, NULL, &seen, NULL);
	assert_string_equal(seen.order, "#1 #2 ");
	seen_clear(&seen);
}

enum { BATCH_RUNS = 50, BATCH_STEPS = 3 };

/* The child: batches for ever, each of the same size; a byte says that one more is committed. */
__attribute__((noreturn)) static void crash_child(const struct room *room, int told)
{
	struct room own = *room;
	char id[32];

	if (store_open_sqlite(room->path, &own.store, NULL))
		_exit(1);
	for (int64_t number = 1;;) {
		if (OPS(&own)->begin(own.store, NULL))
			_exit(2);
		for (int i = 0; i < BATCH_RUNS; i++, number++) {
			struct store_run run = a_run(number, id);

			store_put_run(own.store, &run, NULL);
			for (int64_t step = 0; step < BATCH_STEPS; step++)
				store_put_step(own.store,
						    &(struct store_step){.id = number * 10 + step,
									 .run = number,
									 .position = step},
						    NULL);
			OPS(&own)->put_happening(
				own.store, &(struct store_happening){.run = number, .what = "queued"}, NULL);
		}
		OPS(&own)->put_counter(own.store, "run", number - 1, NULL);
		if (OPS(&own)->commit(own.store, NULL, NULL) || write(told, "x", 1) != 1)
			_exit(3);
		store_idle(own.store);
	}
}

struct tally {
	int64_t runs, steps, counter;
};

static bool tally_run(void *arg, const struct store_run *run)
{
	struct tally *tally = arg;

	assert_true(run->number == ++tally->runs);
	return true;
}

static bool tally_step(void *arg, const struct store_step *step)
{
	struct tally *tally = arg;

	assert_true(step->run == tally->runs);
	tally->steps++;
	return true;
}

static bool tally_counter(void *arg, const char *name, int64_t value)
{
	(void)name;
	((struct tally *)arg)->counter = value;
	return true;
}

/* kill -9 at any moment: whole batches only, and every one that was said to be committed. Seeded. */
static void a_crash_leaves_whole_batches(void **state)
{
	struct room *room = *state;
	unsigned seed = 4711;

	OPS(room)->free(room->store);
	room->store = NULL;
	for (int round = 0; round < 25; round++) {
		int wanted = 1 + rand_r(&seed) % 6, told = 0, spins = rand_r(&seed) % 20000, pair[2], status;
		struct tally tally = {0};
		struct seen seen = {0};
		char byte;
		pid_t child;

		unlink(room->path);
		assert_int_equal(pipe(pair), 0);
		child = fork();
		if (child == 0)
			crash_child(room, pair[1]);
		close(pair[1]);
		while (told < wanted && read(pair[0], &byte, 1) == 1)
			told++;
		for (volatile int i = 0; i < spins; i++)
			;
		kill(child, SIGKILL);
		while (read(pair[0], &byte, 1) == 1)
			told++;
		close(pair[0]);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		opened(room);
		assert_int_equal(OPS(room)->unfinished(room->store, tally_run, tally_step, &tally, NULL),
				 HST_OK);
		assert_int_equal(OPS(room)->counters(room->store, tally_counter, &tally, NULL), HST_OK);
		assert_int_equal(tally.runs % BATCH_RUNS, 0);
		assert_true(tally.runs >= (int64_t)told * BATCH_RUNS);
		assert_int_equal(tally.steps, tally.runs * BATCH_STEPS);
		assert_int_equal(tally.counter, tally.runs);
		OPS(room)->happenings(room->store, tally.runs, see_happening, &seen, NULL);
		assert_int_equal(seen.happening_count, 1);
		seen_clear(&seen);
		OPS(room)->free(room->store);
		room->store = NULL;
	}
}

static void its_files_are_for_the_owner_alone(void **state)
{
	struct room *room = *state;
	struct stat status;
	char wal[160];

	put_runs(room, 1, 1);
	assert_int_equal(stat(room->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	snprintf(wal, sizeof wal, "%s-wal", room->path);
	assert_int_equal(stat(wal, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	OPS(room)->free(room->store);
	assert_int_equal(chmod(room->path, 0644), 0);
	opened(room);
	assert_int_equal(stat(room->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static int64_t pragma(struct room *room, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	int64_t value;

	assert_int_equal(sqlite3_open(room->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	sqlite3_step(statement);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return value;
}

static void it_says_what_it_is(void **state)
{
	struct room *room = *state;

	put_runs(room, 1, 1);
	OPS(room)->free(room->store);
	room->store = NULL;
	assert_int_equal(pragma(room, "PRAGMA user_version"), STORE_VERSION);
	assert_int_equal(pragma(room, "PRAGMA application_id"), STORE_APPLICATION);
}

static void a_newer_store_is_refused(void **state)
{
	struct room *room = *state;
	hst_error err = {0};

	put_runs(room, 1, 1);
	OPS(room)->free(room->store);
	room->store = NULL;
	pragma(room, "PRAGMA user_version = 1000");
	assert_int_equal(store_open_sqlite(room->path, &room->store, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "has version 1000"));
	assert_null(room->store);
	assert_int_equal(pragma(room, "PRAGMA user_version"), 1000);
}

static void a_foreign_file_is_refused(void **state)
{
	struct room *room = *state;
	hst_error err = {0};
	FILE *file;

	OPS(room)->free(room->store);
	room->store = NULL;
	unlink(room->path);
	pragma(room, "CREATE TABLE theirs(x)");
	assert_int_equal(store_open_sqlite(room->path, &room->store, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "is no store"));
	unlink(room->path);
	file = fopen(room->path, "w");
	fputs("this is a letter to my aunt, and long enough to be taken for the beginning of a database file",
	      file);
	fclose(file);
	assert_int_equal(store_open_sqlite(room->path, &room->store, &err), HST_INVALID);
	unlink(room->path);
	assert_int_equal(symlink("elsewhere", room->path), 0);
	assert_int_equal(store_open_sqlite(room->path, &room->store, &err), HST_INVALID);
	assert_int_equal(store_open_sqlite("/nowhere/at/all", &room->store, &err), HST_INVALID);
}

static void one_process_has_it(void **state)
{
	struct room *room = *state;
	pid_t child;
	int status;

	put_runs(room, 1, 1);
	child = fork();
	if (child == 0) {
		struct store *second;

		_exit(-store_open_sqlite(room->path, &second, NULL));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(-WEXITSTATUS(status), HST_RETRY);
}

static const char *const later_steps[] = {
	"CREATE TABLE thing(a INTEGER PRIMARY KEY); INSERT INTO thing VALUES(1)",
	"ALTER TABLE thing ADD COLUMN b INTEGER NOT NULL DEFAULT 7",
	"CREATE TABLE thing(wrong)",
};

static int bring(struct room *room, int versions, hst_error *err)
{
	sqlite3 *db;
	int code;

	assert_int_equal(sqlite3_open(room->path, &db), SQLITE_OK);
	code = sqlite_schema_bring(db, room->path, later_steps, versions, err);
	sqlite3_close(db);
	return code;
}

static void an_older_store_is_brought_forward_after_a_copy(void **state)
{
	struct room *room = *state, copy = *room;
	struct stat status;
	hst_error err = {0};

	OPS(room)->free(room->store);
	room->store = NULL;
	unlink(room->path);
	snprintf(copy.path, sizeof copy.path, "%.100s.v1", room->path);
	assert_int_equal(bring(room, 1, NULL), HST_OK);
	assert_int_equal(access(copy.path, F_OK), -1);
	assert_int_equal(bring(room, 2, NULL), HST_OK);
	assert_int_equal(pragma(room, "PRAGMA user_version"), 2);
	assert_int_equal(pragma(room, "SELECT b FROM thing"), 7);
	assert_int_equal(pragma(&copy, "PRAGMA user_version"), 1);
	assert_int_equal(pragma(&copy, "SELECT a FROM thing"), 1);
	assert_int_equal(stat(copy.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(bring(room, 3, &err), HST_BROKEN);
	assert_non_null(strstr(err.text, "thing"));
	assert_int_equal(pragma(room, "PRAGMA user_version"), 2);
	assert_int_equal(pragma(room, "SELECT b FROM thing"), 7);
	assert_int_equal(bring(room, 1, NULL), HST_INVALID);
}

/* Enough for the log to be moved in idle time, after which it is used from its beginning again. */
static void the_log_is_moved_into_the_file_in_idle_time(void **state)
{
	struct room *room = *state;
	struct stat before, after, log;
	char wal[160];

	snprintf(wal, sizeof wal, "%s-wal", room->path);
	put_runs(room, 1, 10000);
	put_runs(room, 10001, 20000);
	put_runs(room, 20001, 29999);
	assert_int_equal(stat(room->path, &before), 0);
	store_idle(room->store);
	assert_int_equal(stat(room->path, &after), 0);
	assert_true(after.st_size > before.st_size);
	assert_int_equal(stat(wal, &log), 0);
	put_runs(room, 30000, 30001);
	assert_int_equal(stat(wal, &after), 0);
	assert_int_equal(after.st_size, log.st_size);
	reopen(room);
	assert_found(room, "last", 30001);
}

/* So that commits write over what is there. What lies behind the end of the log is nothing to whoever opens the store after a
 * crash, and is nothing to the batches that come. */
static void room_is_made_in_the_log_in_idle_time(void **state)
{
	struct room *room = *state;
	struct stat log, after;
	char wal[160];
	int status;
	pid_t child;

	snprintf(wal, sizeof wal, "%s-wal", room->path);
	OPS(room)->free(room->store);
	room->store = NULL;
	child = fork();
	if (child == 0) {
		opened(room);
		while (store_idle(room->store))
			;
		if (stat(wal, &log) != 0 || log.st_size < 16 << 20)
			_exit(1);
		put_runs(room, 1, 100);
		if (store_idle(room->store))
			_exit(2);
		put_runs(room, 101, 200);
		_exit(stat(wal, &after) == 0 && after.st_size == log.st_size ? 0 : 3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(stat(wal, &log), 0);
	assert_true(log.st_size >= 16 << 20);
	opened(room);
	assert_found(room, "last", 200);
	assert_found(room, "#1", 1);
	reopen(room);
	assert_found(room, "last", 200);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		DISK(what_was_committed_is_there_after_closing),
		DISK(a_batch_with_a_failed_put_leaves_nothing),
		DISK(what_follows_a_batch_that_was_taken_back_is_whole),
		DISK(a_crash_leaves_whole_batches),
		DISK(its_files_are_for_the_owner_alone),
		DISK(it_says_what_it_is),
		DISK(a_newer_store_is_refused),
		DISK(a_foreign_file_is_refused),
		DISK(one_process_has_it),
		DISK(an_older_store_is_brought_forward_after_a_copy),
		DISK(the_log_is_moved_into_the_file_in_idle_time),
		DISK(room_is_made_in_the_log_in_idle_time),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
