/* Copies of a store: while it is written, as a whole, and what is said of a file before it is trusted. */
#include "store_house.h"

#include "store/copy.h"
#include "store/sqlite_schema.h"

#include <fcntl.h>
#include <sys/stat.h>

static void path_of(const struct room *room, const char *name, char to[160])
{
	snprintf(to, 160, "%.100s.%s", room->path, name);
}

static void close_store(struct room *room)
{
	OPS(room)->free(room->store);
	room->store = NULL;
}

/* Batches come between the slices, on pages that were copied already too; the copy is the store as it is at the end. */
static void a_copy_is_made_while_batches_are_committed(void **state)
{
	struct room *room = *state, other = {0};
	struct store_copied copied = {.over = false};
	struct store_look look;
	struct store_copy *copy;
	struct stat status;
	char path[160];
	int64_t last = 19999, slices = 0;

	path_of(room, "copy", path);
	put_runs(room, 1, last);
	assert_int_equal(OPS(room)->copy(room->store, path, &copy, NULL), HST_OK);
	while (!copied.over) {
		begin(room);
		OPS(room)->put_counter(room->store, "token", ++last, NULL);
		store_put_run(room->store, &(struct store_run){.number = 1, .state = "failed", .ended_us = last}, NULL);
		commit(room);
		assert_int_equal(store_copy_step(copy, &copied, NULL), HST_OK);
		assert_true(copied.done <= copied.total);
		slices++;
	}
	store_copy_free(copy);
	assert_true(slices > 3);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(store_look(path, true, &look, NULL), HST_OK);
	assert_int_equal(look.version, STORE_VERSION);
	assert_int_equal(look.runs, 19999);
	assert_int_equal(look.token, last);
	free(look.restored);
	close_store(room);
	snprintf(other.path, sizeof other.path, "%.127s", path);
	opened(&other);
	assert_found(&other, "last", 19999);
	close_store(&other);
	unlink(path);
	opened(room);
}

static void an_open_batch_is_waited_for(void **state)
{
	struct room *room = *state;
	struct store_copied copied = {.over = false};
	struct store_copy *copy;
	char path[160];

	path_of(room, "copy", path);
	put_runs(room, 1, 3);
	assert_int_equal(OPS(room)->copy(room->store, path, &copy, NULL), HST_OK);
	begin(room);
	OPS(room)->put_counter(room->store, "run", 4, NULL);
	assert_int_equal(store_copy_step(copy, &copied, NULL), HST_RETRY);
	commit(room);
	while (!copied.over)
		assert_int_equal(store_copy_step(copy, &copied, NULL), HST_OK);
	store_copy_free(copy);
	assert_int_equal(unlink(path), 0);
}

static void one_that_is_given_up_leaves_nothing(void **state)
{
	struct room *room = *state;
	struct store_copied copied;
	struct store_copy *copy;
	char path[160];

	path_of(room, "copy", path);
	put_runs(room, 1, 8000);
	assert_int_equal(OPS(room)->copy(room->store, path, &copy, NULL), HST_OK);
	assert_int_equal(store_copy_step(copy, &copied, NULL), HST_OK);
	assert_false(copied.over);
	store_copy_free(copy);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(OPS(room)->copy(room->store, "/nowhere/at/all", &copy, NULL), HST_BROKEN);
	put_runs(room, 8001, 8002);
}

/* With what is only in the write-ahead log, and not while an engine has it. */
static void a_store_that_nobody_has_is_copied_as_a_whole(void **state)
{
	struct room *room = *state;
	struct store_look look;
	char path[160];

	path_of(room, "copy", path);
	put_runs(room, 1, 5);
	close_store(room);
	assert_int_equal(store_copy_file(room->path, path, NULL), HST_OK);
	assert_int_equal(store_look(path, true, &look, NULL), HST_OK);
	assert_int_equal(look.runs, 5);
	assert_int_equal(look.unfinished, 5);
	assert_null(look.restored);
	unlink(path);
	assert_int_equal(store_copy_file("/nowhere/at/all", path, NULL), HST_NOT_FOUND);
	assert_int_equal(access(path, F_OK), -1);
	opened(room);
}

static void what_is_no_store_is_not_trusted(void **state)
{
	struct room *room = *state;
	struct store_look look;
	hst_error err = {0};
	char byte[4096] = {0};
	struct stat status;
	int fd;

	put_runs(room, 1, 8000);
	close_store(room);
	assert_int_equal(store_look(room->path, true, &look, NULL), HST_OK);
	fd = open(room->path, O_RDWR);
	assert_int_equal(fstat(fd, &status), 0);
	memset(byte, 0xa5, sizeof byte);
	assert_int_equal(pwrite(fd, byte, sizeof byte, status.st_size / 4096 / 2 * 4096), sizeof byte);
	close(fd);
	assert_int_equal(store_look(room->path, true, &look, &err), HST_INVALID);
	fd = open(room->path, O_RDWR | O_TRUNC);
	assert_int_equal(write(fd, "a letter to my aunt, long enough to be taken for more than it is", 64), 64);
	close(fd);
	assert_int_equal(store_look(room->path, false, &look, &err), HST_INVALID);
	unlink(room->path);
	opened(room);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		DISK(a_copy_is_made_while_batches_are_committed),
		DISK(an_open_batch_is_waited_for),
		DISK(one_that_is_given_up_leaves_nothing),
		DISK(a_store_that_nobody_has_is_copied_as_a_whole),
		DISK(what_is_no_store_is_not_trusted),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
