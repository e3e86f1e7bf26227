/* Files that come in parts: what is let in stays within what was said of it first, and what was left is nobody's burden. */
#include "engine/files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/table.h"
#include "os/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char run[] = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

struct house {
	char folder[32];
	struct table writing;
};

static int set_up(void **state)
{
	struct house *house = mem_alloc(sizeof *house);

	strcpy(house->folder, "/tmp/test_parts.XXXXXX");
	assert_non_null(mkdtemp(house->folder));
	table_init(&house->writing);
	*state = house;
	return 0;
}

static int tear_down(void **state)
{
	struct house *house = *state;
	hst_error err = {{0}, {0}};

	files_writing_clear(&house->writing);
	assert_int_equal(files_remove_tree(house->folder, &err), HST_OK);
	free(house);
	return 0;
}

/* A part without its sum: never the last one. */
static int put(struct house *house, const char *set, int number, int64_t offset, int64_t total, hst_error *err)
{
	AUTO_FREE char *path = mem_printf("%s/%s/trigger/f%d", house->folder, set, number);
	const struct files_part part = {.offset = offset, .total = total, .bytes = "12345678", .length = 8, .sum = ""};

	return files_put_part(&house->writing, path, &part, err);
}

static void a_file_stays_as_large_as_it_was_said_to_be(void **state)
{
	hst_error err = {{0}, {0}};

	assert_int_equal(put(*state, run, 1, 0, 100, &err), HST_OK);
	assert_int_equal(put(*state, run, 1, 8, 100, &err), HST_OK);
	assert_int_equal(put(*state, run, 1, 16, FILE_BYTES_MAX, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "100 bytes"));
	assert_int_equal(put(*state, run, 1, 16, 99, &err), HST_INVALID);
	assert_int_equal(put(*state, run, 1, 16, 100, &err), HST_OK);
	/* Begun anew it can be another one. */
	assert_int_equal(put(*state, run, 1, 0, 200, &err), HST_OK);
	assert_int_equal(put(*state, run, 1, 8, 200, &err), HST_OK);
}

static void what_has_only_begun_to_come_takes_room(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *fifth = mem_printf("%s/%s/trigger/f5", house->folder, run);
	AUTO_FREE char *fourth = mem_printf("%s/%s/trigger/f4", house->folder, run);
	hst_error err = {{0}, {0}};

	for (int i = 1; i <= 4; i++) {
		assert_int_equal(put(house, run, i, 0, FILE_BYTES_MAX, &err), HST_OK);
		assert_int_equal(put(house, "01ARZ3NDEKTSV4RRFFQ69G5FAW", i, 0, FILE_BYTES_MAX, &err), HST_OK);
	}
	assert_int_equal(files_room(&house->writing, house->folder, run, fifth, 1, &err), HST_INVALID);
	/* Its own place it has already. */
	assert_int_equal(files_room(&house->writing, house->folder, run, fourth, FILE_BYTES_MAX, &err), HST_OK);
}

static void what_nobody_goes_on_with_keeps_nobody_out(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *folder = files_join(house->folder, run);
	AUTO_FREE char *beside = mem_copy(folder, strlen(folder) - 1);
	hst_error err = {{0}, {0}};

	for (int i = 0; i < 2000; i++)
		assert_int_equal(put(house, run, i, 0, 100, &err), HST_OK);
	/* Most of them were never gone on with, and the first to come gave way. */
	assert_int_equal(put(house, run, 1, 8, 100, &err), HST_RETRY);
	assert_int_equal(put(house, run, 1998, 8, 100, &err), HST_OK);
	/* Another folder's name that begins alike is another folder. */
	files_writing_forget(&house->writing, beside);
	assert_int_equal(put(house, run, 1998, 16, 100, &err), HST_OK);
	files_writing_forget(&house->writing, folder);
	assert_int_equal(house->writing.n, 0);
	assert_int_equal(put(house, run, 1998, 24, 100, &err), HST_RETRY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_stays_as_large_as_it_was_said_to_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_has_only_begun_to_come_takes_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_goes_on_with_keeps_nobody_out, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
