/* The file of a backup: what goes in comes out, every machine's tar can read it, and nothing that is not whole is taken. */
#include "base/mem.h"
#include "store/tar.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char folder[64], path[96];
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	strcpy(place->folder, "/tmp/hostler-archive-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->path, sizeof place->path, "%s/a.tar", place->folder);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	char *line = mem_printf("rm -r %s", place->folder);
	int status = system(line);

	free(line);
	free(place);
	return status;
}

static const char long_name[] = "files/r-01m80x79gx2vzgz656s6pame95/a-step-with-a-name-that-takes-its-room/"
				"a-picture-of-what-was-seen-when-it-went-wrong-in-the-middle-of-the-night.png";

/* 700,001 bytes in a file, two texts, one of them empty. */
static void make(const struct place *place, bool replace, int expected)
{
	struct archive_writer *writer;
	char *file = mem_printf("%s/bytes", place->folder);
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (int i = 0; i < 100000; i++)
		assert_int_equal(write(fd, "0123456", 7), 7);
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(archive_create(place->path, &writer, NULL), HST_OK);
	assert_int_equal(archive_add(writer, "first", 0600, "hello", 5, NULL), HST_OK);
	assert_int_equal(archive_add(writer, "empty", 0644, "", 0, NULL), HST_OK);
	assert_int_equal(archive_add_file(writer, long_name, 0640, fd, NULL, NULL, NULL), HST_OK);
	assert_int_equal(archive_add(writer, "../escape", 0600, "x", 1, NULL), HST_INVALID);
	close(fd);
	unlink(file);
	free(file);
	if (expected != HST_OK) {
		assert_int_equal(archive_finish(writer, replace, NULL), expected);
		archive_free(writer);
		return;
	}
	archive_free(writer);
	assert_int_equal(archive_create(place->path, &writer, NULL), HST_OK);
	assert_int_equal(archive_add(writer, "first", 0600, "hello", 5, NULL), HST_OK);
	assert_int_equal(archive_add(writer, "empty", 0644, "", 0, NULL), HST_OK);
	file = mem_alloc(700001);
	for (int i = 0; i < 100000; i++)
		memcpy(file + 7L * i, "0123456", 7);
	file[700000] = '!';
	assert_int_equal(archive_add(writer, long_name, 0640, file, 700001, NULL), HST_OK);
	free(file);
	assert_int_equal(archive_finish(writer, replace, NULL), HST_OK);
	archive_free(writer);
}

struct seen {
	char text[1024];
	int64_t bytes;
	uint8_t last;
};

static int see_begin(void *arg, const struct archive_member *member, hst_error *err)
{
	struct seen *seen = arg;

	(void)err;
	seen->bytes = 0;
	snprintf(seen->text + strlen(seen->text), 400, "%s %o %lld ", member->name, member->mode, (long long)member->size);
	return HST_OK;
}

static int see_bytes(void *arg, const void *bytes, size_t length, hst_error *err)
{
	struct seen *seen = arg;

	(void)err;
	seen->bytes += (int64_t)length;
	seen->last = ((const uint8_t *)bytes)[length - 1];
	return HST_OK;
}

static int see_end(void *arg, hst_error *err)
{
	struct seen *seen = arg;

	(void)err;
	snprintf(seen->text + strlen(seen->text), 40, "%lld\n", (long long)seen->bytes);
	return HST_OK;
}

static void what_goes_in_comes_out(void **state)
{
	struct place *place = *state;
	struct seen seen = {.last = 0};
	struct archive_visitor visitor = {.begin = see_begin, .bytes = see_bytes, .end = see_end, .arg = &seen};
	char expected[512], *line;
	struct stat status;

	make(place, false, HST_OK);
	assert_int_equal(archive_read(place->path, &visitor, NULL), HST_OK);
	snprintf(expected, sizeof expected, "first 600 5 5\nempty 644 0 0\n%s 640 700001 700001\n", long_name);
	assert_string_equal(seen.text, expected);
	assert_int_equal(seen.last, '!');
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	line = mem_printf("cd %s && tar -xf a.tar && sha256sum --quiet -c SHA256SUMS && rm -r files first empty SHA256SUMS", place->folder);
	assert_int_equal(system(line), 0);
	free(line);
}

static void nothing_is_replaced_unless_that_is_said(void **state)
{
	struct place *place = *state;
	char *part = mem_printf("%s.part", place->path);

	make(place, false, HST_OK);
	make(place, false, HST_DENIED);
	assert_int_equal(access(part, F_OK), -1);
	assert_int_equal(archive_read(place->path, NULL, NULL), HST_OK);
	make(place, true, HST_OK);
	free(part);
}

/* Every place in the file matters: each of these is found, whichever byte it was. Seeded. */
static void what_was_changed_or_cut_short_is_not_whole(void **state)
{
	struct place *place = *state;
	unsigned seed = 4711;
	struct stat status;
	int fd;

	make(place, false, HST_OK);
	assert_int_equal(stat(place->path, &status), 0);
	fd = open(place->path, O_RDWR);
	for (int i = 0; i < 200; i++) {
		off_t at = i < 100 ? rand_r(&seed) % 4096 : (off_t)(rand_r(&seed) % status.st_size);
		char was, is;
		hst_error err = {0};
		int code;

		assert_int_equal(pread(fd, &was, 1, at), 1);
		is = (char)(was ^ (1 << rand_r(&seed) % 8));
		assert_int_equal(pwrite(fd, &is, 1, at), 1);
		code = archive_read(place->path, NULL, &err);
		assert_int_equal(pwrite(fd, &was, 1, at), 1);
		/* What a member is filled up with has no meaning, and neither has what stands behind the end. */
		if (code != HST_INVALID)
			assert_int_equal(was, 0);
		if (code != HST_INVALID)
			assert_int_equal(code, HST_OK);
	}
	for (off_t length = 0; length < status.st_size - 2 * TAR_BLOCK; length += 1 + rand_r(&seed) % 60000) {
		hst_error err = {0};

		assert_int_equal(archive_read(place->path, NULL, NULL), HST_OK);
		assert_int_equal(ftruncate(fd, length), 0);
		assert_int_equal(archive_read(place->path, NULL, &err), HST_INVALID);
		close(fd);
		make(place, true, HST_OK);
		fd = open(place->path, O_RDWR);
	}
	close(fd);
	assert_int_equal(archive_read("/nowhere/at/all", NULL, NULL), HST_NOT_FOUND);
}

static void names_lead_nowhere_else(void **state)
{
	static const char *const bad[] = {"", "/etc/passwd", "..", "../x", "a/../b", "a/..", "a//b", "a/", "./a", ".", "a\nb", "a\\b", "\xff"};
	static const char *const good[] = {"a", "a/b", "..a", "a/.b.part", "files/r-1/schritt/größe.txt"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(tar_name_fits(bad[i]));
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(tar_name_fits(good[i]));
}

static void sizes_beyond_8_gib_fit(void **state)
{
	struct archive_member member = {.name = "store.db", .mode = 0600, .size = INT64_C(123456789012345)}, back;
	uint8_t header[TAR_BLOCK];
	bool end;

	(void)state;
	assert_int_equal(tar_write_header(header, &member, 1795327006, NULL), HST_OK);
	assert_int_equal(tar_read_header(header, &back, &end, NULL), HST_OK);
	assert_int_equal(back.size, member.size);
	assert_false(end);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_goes_in_comes_out, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_replaced_unless_that_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_changed_or_cut_short_is_not_whole, setup, teardown),
		cmocka_unit_test(names_lead_nowhere_else),
		cmocka_unit_test(sizes_beyond_8_gib_fit),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
