/* Retention of files and of what the store has, with times that are given: nothing waits, and nothing depends on today. */
#include "engine/retention.h"

#include "base/id.h"
#include "base/mem.h"
#include "os/files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t day_us = INT64_C(24) * 3600 * 1000000;
static const int64_t begin_us = INT64_C(1700000000) * 1000000;
static const struct retention_terms terms = {
	.keep_runs_ms = INT64_C(365) * 24 * 3600 * 1000, .keep_values_ms = INT64_C(30) * 24 * 3600 * 1000, .keep_files_ms = INT64_C(14) * 24 * 3600 * 1000};

enum { RUNS = 35 };

struct place {
	char folder[64];
	struct store *store;
	struct retention *retention;
	char ids[RUNS + 1][ID_SIZE];
};

static void put_file(const struct place *place, const char *id, const char *name)
{
	char *path = mem_printf("%s/%s/do/%s", place->folder, id, name), *folder = mem_text(path);
	int fd;

	*strrchr(folder, '/') = '\0';
	assert_true(files_make_directory(folder, 0750, NULL) >= 0);
	fd = open(path, O_WRONLY | O_CREAT, 0640);
	assert_true(fd >= 0);
	close(fd);
	free(path);
	free(folder);
}

/* One run a day; the last goes on. Each has a log, a picture, a result, and a part of a file that never came whole. */
static int setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	const struct store_ops *ops;

	strcpy(place->folder, "/tmp/hostler-retention-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	place->store = store_new_memory();
	place->retention = retention_new(place->store, place->folder);
	ops = place->store->ops;
	ops->begin(place->store, NULL);
	for (int64_t number = 1; number <= RUNS; number++) {
		char *id = place->ids[number];

		id_make(id, begin_us + number * day_us, (struct draw){.high = (uint64_t)number, .low = 1});
		assert_int_equal(store_put_run(place->store,
					      &(struct store_run){.number = number, .id = id, .flow = "f", .event = {"{}", 2},
								  .ended_us = number == RUNS ? 0 : begin_us + number * day_us},
					      NULL),
				 HST_OK);
		put_file(place, id, "log");
		put_file(place, id, "screenshots/1.png");
		put_file(place, id, "out/a.txt");
		put_file(place, id, ".out.part");
	}
	ops->commit(place->store, NULL, NULL);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	retention_free(place->retention);
	place->store->ops->free(place->store);
	assert_true(files_remove_tree(place->folder, NULL) >= 0);
	free(place);
	return 0;
}

static bool is_there(const struct place *place, const char *id, const char *name)
{
	char *path = mem_printf("%s/%s/do/%s", place->folder, id, name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* Returns the number of slices. */
static int look(const struct place *place, int64_t now_us)
{
	int slices = 1;

	while (retention_slice(place->retention, &terms, now_us))
		assert_true(++slices < 100);
	return slices;
}

static bool see(void *arg, const struct store_run *run)
{
	*(bool *)arg = run->event.bytes != NULL;
	return true;
}

static void nothing_goes_where_nothing_is_said(void **state)
{
	static const struct retention_terms for_ever = {.keep_runs_ms = 0};
	struct place *place = *state;
	bool whole = false;

	while (retention_slice(place->retention, &for_ever, begin_us + 5000 * day_us))
		;
	assert_int_equal(place->store->ops->run(place->store, 1, see, &whole, NULL), HST_OK);
	assert_true(whole);
	assert_true(is_there(place, place->ids[1], "log"));
	assert_true(is_there(place, place->ids[1], "screenshots/1.png"));
}

static void files_go_before_logs_and_logs_with_the_values(void **state)
{
	struct place *place = *state;

	for (int64_t day = 10; day < 70; day += 7) {
		int64_t now_us = begin_us + day * day_us + 1;

		look(place, now_us);
		for (int64_t number = 1; number <= RUNS; number++) {
			const char *id = place->ids[number];
			bool goes_on = number == RUNS, values = false;

			assert_int_equal(place->store->ops->run(place->store, number, see, &values, NULL), HST_OK);
			assert_int_equal(values, goes_on || number + 30 > day);
			assert_int_equal(is_there(place, id, "log"), goes_on || number + 30 > day);
			assert_int_equal(is_there(place, id, "out/a.txt"), goes_on || number + 14 > day);
			assert_int_equal(is_there(place, id, "screenshots/1.png"), goes_on || number + 14 > day);
			assert_int_equal(is_there(place, id, ".out.part"), goes_on || number + 14 > day);
		}
	}
}

static void rows_go_last(void **state)
{
	struct place *place = *state;
	bool values;

	assert_true(look(place, begin_us + 367 * day_us) > 3);
	assert_int_equal(place->store->ops->run(place->store, 1, see, &values, NULL), HST_NOT_FOUND);
	assert_int_equal(place->store->ops->run(place->store, 2, see, &values, NULL), HST_OK);
	assert_int_equal(place->store->ops->run(place->store, RUNS, see, &values, NULL), HST_OK);
	assert_true(values);
}

/* Of a run that the store does not know, as after a restore, the folder's own age counts; what is no run's is left alone. */
static void files_of_nobody_go_by_their_own_age(void **state)
{
	struct place *place = *state;
	char id[ID_SIZE], *path = mem_printf("%s/notes", place->folder);
	struct stat status;
	int64_t made_us;

	id_make(id, begin_us, (struct draw){.high = 4711, .low = 1});
	put_file(place, id, "log");
	assert_int_equal(mkdir(path, 0750), 0);
	assert_int_equal(stat(path, &status), 0);
	made_us = (int64_t)status.st_mtim.tv_sec * 1000000;
	look(place, made_us + 29 * day_us);
	assert_true(is_there(place, id, "log"));
	look(place, made_us + 31 * day_us);
	assert_false(is_there(place, id, "log"));
	assert_int_equal(access(path, F_OK), 0);
	free(path);
}

/* A clock that is not set yet removes nothing. */
static void nothing_is_old_at_the_beginning_of_time(void **state)
{
	struct place *place = *state;

	look(place, 5 * day_us);
	for (int64_t number = 1; number <= RUNS; number++)
		assert_true(is_there(place, place->ids[number], "out/a.txt"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_go_before_logs_and_logs_with_the_values, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_goes_where_nothing_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(rows_go_last, setup, teardown),
		cmocka_unit_test_setup_teardown(files_of_nobody_go_by_their_own_age, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_old_at_the_beginning_of_time, setup, teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
