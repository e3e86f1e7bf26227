/*
 * A file of the store against a plain array of bytes: whatever is written, read, cut off and synced in whatever order, both have the
 * same; and what is synced stands in the file.
 */
#include "base/mem.h"
#include "store/sqlite.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE_MAX_BYTES = 1 << 20, ROUNDS = 20000 };

struct room {
	char store[64], path[72]; /* of the log, which SQLite gives the mode of its store's file */
	sqlite3_vfs *vfs;
	sqlite3_file *file;
	char *model;
	int64_t size;
};

static int setup(void **state)
{
	struct room *room = mem_alloc(sizeof *room);
	const char *name = sqlite_gather();
	int fd, flags;

	assert_non_null(name);
	room->vfs = sqlite3_vfs_find(name);
	assert_ptr_not_equal(room->vfs, sqlite3_vfs_find(NULL));
	strcpy(room->store, "/tmp/hst-gather-XXXXXX");
	fd = mkstemp(room->store);
	close(fd);
	snprintf(room->path, sizeof room->path, "%s-wal", room->store);
	room->file = mem_alloc((size_t)room->vfs->szOsFile);
	room->model = mem_alloc(SIZE_MAX_BYTES + 1);
	assert_int_equal(room->vfs->xOpen(room->vfs, room->path, room->file, SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
					  &flags), SQLITE_OK);
	*state = room;
	return 0;
}

static int teardown(void **state)
{
	struct room *room = *state;

	if (room->file->pMethods)
		room->file->pMethods->xClose(room->file);
	unlink(room->path);
	unlink(room->store);
	free(room->file);
	free(room->model);
	free(room);
	return 0;
}

static void is_in_the_file(const struct room *room)
{
	char *bytes = mem_alloc(SIZE_MAX_BYTES + 1);
	int fd = open(room->path, O_RDONLY);

	assert_int_equal(read(fd, bytes, SIZE_MAX_BYTES), room->size);
	assert_memory_equal(bytes, room->model, (size_t)room->size);
	close(fd);
	free(bytes);
}

static void write_some(struct room *room, unsigned *seed, int64_t *end)
{
	char bytes[5000];
	int length = rand_r(seed) % 3 ? rand_r(seed) % 4200 : 24;
	int64_t at = rand_r(seed) % 20 ? *end : rand_r(seed) % (SIZE_MAX_BYTES - 5000);

	if (at + length > SIZE_MAX_BYTES)
		at = 0;
	memset(bytes, rand_r(seed) % 256, (size_t)length);
	memcpy(room->model + at, bytes, (size_t)length);
	assert_int_equal(room->file->pMethods->xWrite(room->file, bytes, length, at), SQLITE_OK);
	*end = at + length;
	room->size = *end > room->size ? *end : room->size;
}

static void it_is_as_if_everything_were_written_at_once(void **state)
{
	struct room *room = *state;
	const sqlite3_io_methods *methods = room->file->pMethods;
	unsigned seed = 4711;
	int64_t end = 0;
	sqlite3_int64 size;
	char bytes[5000];

	for (int round = 0; round < ROUNDS; round++) {
		int what = rand_r(&seed) % 100;

		if (what < 90) {
			write_some(room, &seed, &end);
		} else if (what < 94 && room->size) {
			int64_t at = rand_r(&seed) % room->size;
			int length = (int)(room->size - at < 5000 ? room->size - at : 5000);

			assert_int_equal(methods->xRead(room->file, bytes, length, at), SQLITE_OK);
			assert_memory_equal(bytes, room->model + at, (size_t)length);
		} else if (what < 96) {
			assert_int_equal(methods->xFileSize(room->file, &size), SQLITE_OK);
			assert_int_equal(size, room->size);
		} else if (what < 97 && room->size) {
			int64_t left = rand_r(&seed) % room->size;

			memset(room->model + left, 0, (size_t)(room->size - left));
			room->size = left;
			assert_int_equal(methods->xTruncate(room->file, left), SQLITE_OK);
		} else if (what < 98) {
			assert_int_equal(methods->xSync(room->file, SQLITE_SYNC_NORMAL), SQLITE_OK);
			is_in_the_file(room);
		}
	}
	assert_int_equal(methods->xClose(room->file), SQLITE_OK);
	room->file->pMethods = NULL;
	is_in_the_file(room);
}

/* More at once than is gathered. */
static void what_is_large_is_written(void **state)
{
	struct room *room = *state;

	memset(room->model, 'x', SIZE_MAX_BYTES);
	room->size = 120000;
	assert_int_equal(room->file->pMethods->xWrite(room->file, "y", 1, 0), SQLITE_OK);
	assert_int_equal(room->file->pMethods->xWrite(room->file, room->model, (int)room->size, 1), SQLITE_OK);
	room->model[0] = 'y';
	room->size++;
	assert_int_equal(room->file->pMethods->xSync(room->file, SQLITE_SYNC_NORMAL), SQLITE_OK);
	is_in_the_file(room);
}

/* A full disk: whoever syncs is told, and nothing of it is tried again behind their back. */
static void what_cannot_be_written_is_told_when_it_is_synced(void **state)
{
	struct room *room = *state;
	struct rlimit before, small = {4096, 0};

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(room->file->pMethods->xWrite(room->file, room->model, 8192, 8192), SQLITE_OK);
	assert_int_not_equal(room->file->pMethods->xSync(room->file, SQLITE_SYNC_NORMAL), SQLITE_OK);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(room->file->pMethods->xSync(room->file, SQLITE_SYNC_NORMAL), SQLITE_OK);
	is_in_the_file(room);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_as_if_everything_were_written_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_large_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_written_is_told_when_it_is_synced, setup, teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
