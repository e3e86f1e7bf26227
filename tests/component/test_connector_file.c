/* The connector "file" on a real folder, opened and called as a worker does it. */
#include "../contract/staged.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "os/files.h"
#include "plugin/connector.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct house {
	char *folder; /* of the test; `root` and `outside` lie in it */
	char *root;
	struct staged staged;
};

static void put(const struct house *house, const char *name, const char *bytes, size_t n)
{
	AUTO_FREE char *path = files_join(house->folder, name);
	hst_error err = {0};

	if (files_replace(path, bytes, n, 0644, false, &err) != HST_OK)
		fail_msg("%s", err.text);
}

static char *got(const struct house *house, const char *name)
{
	AUTO_FREE char *path = files_join(house->folder, name);
	char *bytes = NULL;
	size_t length;
	hst_error err = {0};

	if (files_read(path, 1 << 24, &bytes, &length, &err) != HST_OK)
		fail_msg("%s", err.text);
	return bytes;
}

static void check_file(const struct house *house, const char *name, const char *want)
{
	AUTO_FREE char *bytes = got(house, name);

	assert_string_equal(bytes, want);
}

static void open_with(struct house *house, const char *separator)
{
	const char *const options[] = {"root", house->root, separator ? "separator" : NULL, separator, NULL};

	staged_load(&house->staged, HST_CONNECTOR, "file");
	staged_open(&house->staged, options);
}

static int make_house(void **state)
{
	struct house *house = mem_alloc(sizeof *house);
	AUTO_FREE char *inner = NULL;

	house->folder = mem_text("/tmp/hostler-file-XXXXXX");
	assert_non_null(mkdtemp(house->folder));
	house->root = files_join(house->folder, "root");
	inner = files_join(house->root, "inner");
	assert_int_equal(files_make_directory(inner, 0755, NULL), HST_OK);
	open_with(house, NULL);
	*state = house;
	return 0;
}

static int remove_house(void **state)
{
	struct house *house = *state;

	staged_close(&house->staged);
	files_remove_tree(house->folder, NULL);
	free(house->folder);
	free(house->root);
	free(house);
	return 0;
}

/* Inputs are pairs of name and value that end with NULL. */
static int try_action(struct house *house, const char *name, const char *const *inputs, const hst_value **ret,
		      hst_error *err)
{
	const hst_action *action = connector_action(house->staged.instance, name);

	assert_non_null(action);
	return connector_run(house->staged.instance, action, NULL, &house->staged.call,
			     staged_record(house->staged.arena, inputs), false, ret, err);
}

#define INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const hst_value *run(struct house *house, const char *name, const char *const *inputs)
{
	const hst_value *outputs = NULL;
	hst_error err = {0};

	if (try_action(house, name, inputs, &outputs, &err) != HST_OK)
		fail_msg("%s: %s", name, err.text);
	return outputs;
}

static void refused(struct house *house, const char *name, const char *const *inputs, hst_code code,
		    const char *says)
{
	const hst_value *outputs = NULL;
	hst_error err = {0};
	int got_code = try_action(house, name, inputs, &outputs, &err);

	if (got_code != (int)code || !strstr(err.text, says))
		fail_msg("%s: expected %d and \"%s\", got %d and \"%s\"", name, code, says, got_code,
			 err.text);
	assert_null(outputs);
	assert_true(err.reason[0] != '\0');
}

static int64_t number(const hst_value *record, const char *name)
{
	int64_t integer = INT64_MIN;

	assert_true(value_integer(value_get(record, name), &integer));
	return integer;
}

static void read_gives_the_whole_text(void **state)
{
	struct house *house = *state;
	const hst_value *out;

	put(house, "root/inner/a.txt", "gr\xc3\xbc\xc3\x9f dich\n", 12);
	out = run(house, "read", INPUTS("file", "inner/a.txt"));
	assert_string_equal(value_text(value_get(out, "text")), "gr\xc3\xbc\xc3\x9f dich\n");
	assert_int_equal(number(out, "size"), 12);
	put(house, "root/empty", "", 0);
	out = run(house, "read", INPUTS("file", "empty"));
	assert_string_equal(value_text(value_get(out, "text")), "");
}

static void read_refuses_what_is_no_text_or_too_much(void **state)
{
	struct house *house = *state;

	put(house, "root/a", "12345", 5);
	run(house, "read", INPUTS("file", "a", "max", "5"));
	refused(house, "read", INPUTS("file", "a", "max", "4"), HST_INVALID, "larger than 4 bytes");
	refused(house, "read", INPUTS("file", "a", "max", "1048577"), HST_INVALID, "max");
	put(house, "root/b", "1\n2\n\xff\xfe\n", 7);
	refused(house, "read", INPUTS("file", "b"), HST_INVALID, "b:3: bytes that are no UTF-8");
	put(house, "root/c", "1\n\0\n", 4);
	refused(house, "read", INPUTS("file", "c"), HST_INVALID, "c:2: a NUL byte");
	put(house, "root/d", "\xc0\xaf", 2);
	refused(house, "read", INPUTS("file", "d"), HST_INVALID, "UTF-8");
	put(house, "root/e", "\xed\xa0\x80", 3);
	refused(house, "read", INPUTS("file", "e"), HST_INVALID, "UTF-8");
	put(house, "root/f", "cut \xe2\x82", 6);
	refused(house, "read", INPUTS("file", "f"), HST_INVALID, "UTF-8");
	refused(house, "read", INPUTS("file", "nothing"), HST_NOT_FOUND, "nothing");
	refused(house, "read", INPUTS("file", "inner"), HST_INVALID, "not a regular file");
	refused(house, "read", INPUTS("max", "4"), HST_INVALID, "file");
}

/* A file of 1 MiB of quotes fits `max`, but is twice as large as JSON. */
static void outputs_have_a_ceiling(void **state)
{
	struct house *house = *state;
	size_t n = 1 << 20;
	AUTO_FREE char *quotes = mem_alloc(n);

	memset(quotes, '"', n);
	put(house, "root/quotes", quotes, n);
	refused(house, "read", INPUTS("file", "quotes"), HST_INVALID, "1 MiB");
}

static void nothing_outside_of_root_is_reached(void **state)
{
	static const char *const paths[] = {
		"../outside", "/etc/passwd",  "inner/../../outside", "..", "", "inner/", "inner//a", "./a",
		"link",	      "door/outside", "inner/up/outside"};
	struct house *house = *state;
	AUTO_FREE char *link = files_join(house->root, "link");
	AUTO_FREE char *door = files_join(house->root, "door");
	AUTO_FREE char *up = files_join(house->root, "inner/up");
	AUTO_FREE char *outside = files_join(house->folder, "outside");

	put(house, "outside", "secret", 6);
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(symlink(house->folder, door), 0);
	assert_int_equal(symlink("../..", up), 0);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		refused(house, "read", INPUTS("file", paths[i]), HST_INVALID, "");
		refused(house, "write", INPUTS("file", paths[i], "text", "x"), HST_INVALID, "");
		refused(house, "append", INPUTS("file", paths[i], "text", "x"), HST_INVALID, "");
		refused(house, "read_csv", INPUTS("file", paths[i]), HST_INVALID, "");
	}
	check_file(house, "outside", "secret");
}

static void a_fifo_is_refused_and_does_not_block(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *fifo = files_join(house->root, "fifo");

	assert_int_equal(mkfifo(fifo, 0600), 0);
	refused(house, "read", INPUTS("file", "fifo"), HST_INVALID, "not a regular file");
	refused(house, "write", INPUTS("file", "fifo", "text", "x"), HST_INVALID, "not a regular file");
	refused(house, "append", INPUTS("file", "fifo", "text", "x"), HST_INVALID, "");
}

static size_t files_in(const char *folder)
{
	DIR *open_folder = opendir(folder);
	size_t n = 0;

	assert_non_null(open_folder);
	while (readdir(open_folder))
		n++;
	closedir(open_folder);
	return n - 2;
}

static void write_replaces_and_leaves_nothing_behind(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *path = files_join(house->root, "inner/out.txt");
	AUTO_FREE char *inner = files_join(house->root, "inner");
	const hst_value *out =
		run(house, "write", INPUTS("file", "inner/out.txt", "text", "one, two, three"));
	struct stat at;

	assert_int_equal(number(out, "bytes"), 15);
	check_file(house, "root/inner/out.txt", "one, two, three");
	assert_int_equal(chmod(path, 0640), 0);
	run(house, "write", INPUTS("file", "inner/out.txt", "text", "four"));
	check_file(house, "root/inner/out.txt", "four");
	assert_int_equal(stat(path, &at), 0);
	assert_int_equal(at.st_mode & 0777, 0640);
	refused(house, "write", INPUTS("file", "none/out.txt", "text", "x"), HST_NOT_FOUND, "none/out.txt");
	refused(house, "write", INPUTS("file", "inner", "text", "x"), HST_INVALID, "not a regular file");
	assert_int_equal(files_in(inner), 1);
}

static void append_adds_a_line(void **state)
{
	struct house *house = *state;

	run(house, "append", INPUTS("file", "log", "text", "one"));
	assert_int_equal(number(run(house, "append", INPUTS("file", "log", "text", "two\n")), "bytes"), 4);
	run(house, "append", INPUTS("file", "log", "text", "thr", "newline", "no"));
	run(house, "append", INPUTS("file", "log", "text", "ee"));
	assert_int_equal(number(run(house, "append", INPUTS("file", "log", "text", "")), "bytes"), 1);
	check_file(house, "root/log", "one\ntwo\nthree\n\n");
}

/* Several processes at once: every line is whole and none is lost. */
static void appended_lines_do_not_mix(void **state)
{
	enum { WRITERS = 4, LINES = 25, LENGTH = 3000 };
	struct house *house = *state;
	AUTO_FREE char *bytes = NULL;
	pid_t writers[WRITERS];
	size_t lines = 0;

	for (int w = 0; w < WRITERS; w++) {
		writers[w] = fork();
		assert_true(writers[w] >= 0);
		if (writers[w] == 0) {
			char text[LENGTH + 1];
			const hst_value *out;
			int code = HST_OK;

			memset(text, 'a' + w, LENGTH);
			text[LENGTH] = '\0';
			for (int i = 0; i < LINES && code == HST_OK; i++)
				code = try_action(house, "append", INPUTS("file", "log", "text", text), &out,
						  NULL);
			_exit(code == HST_OK ? 0 : 1);
		}
	}
	for (int w = 0; w < WRITERS; w++) {
		int status;

		assert_int_equal(waitpid(writers[w], &status, 0), writers[w]);
		assert_int_equal(status, 0);
	}
	bytes = got(house, "root/log");
	for (char *at = bytes; *at; at += LENGTH + 1, lines++) {
		assert_int_equal(strspn(at, (char[]){*at, '\0'}), LENGTH);
		assert_int_equal(at[LENGTH], '\n');
	}
	assert_int_equal(lines, WRITERS * LINES);
}

static void append_gives_up_at_its_deadline(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *path = files_join(house->root, "log");
	AUTO_CLOSE int fd = -1;

	put(house, "root/log", "one\n", 4);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	house->staged.call.deadline_us = clock_wall_us() + 50000;
	refused(house, "append", INPUTS("file", "log", "text", "two"), HST_TIMEOUT, "locked");
	check_file(house, "root/log", "one\n");
}

static void read_csv_gives_records(void **state)
{
	static const char csv[] =
		"\xef\xbb\xbfnumber,name\r\n4711,\"M\xc3\xbcller, \"\"Anna\"\"\"\r\n4712,\r\n";
	struct house *house = *state;
	const hst_value *out, *rows;

	put(house, "root/orders.csv", csv, sizeof csv - 1);
	out = run(house, "read_csv", INPUTS("file", "orders.csv"));
	rows = value_get(out, "rows");
	assert_int_equal(number(out, "count"), 2);
	assert_int_equal(value_count(rows), 2);
	assert_string_equal(value_text(value_get(value_at(rows, 0), "number")), "4711");
	assert_string_equal(value_text(value_get(value_at(rows, 0), "name")), "M\xc3\xbcller, \"Anna\"");
	assert_string_equal(value_text(value_get(value_at(rows, 1), "name")), "");
	assert_string_equal(value_name_at(value_at(rows, 1), 0), "number");
}

static void csv_errors_name_the_line(void **state)
{
	struct house *house = *state;
	size_t n = (16 << 20) + 1;
	AUTO_FREE char *large = mem_alloc(n);

	put(house, "root/a.csv", "a,b\n1,2\n3\n", 10);
	refused(house, "read_csv", INPUTS("file", "a.csv"), HST_INVALID, "a.csv:3: the row has 1 columns");
	put(house, "root/b.csv", "a,b\n1,\xff\n", 8);
	refused(house, "read_csv", INPUTS("file", "b.csv"), HST_INVALID, "b.csv:2:");
	memset(large, '\n', n);
	put(house, "root/c.csv", large, n);
	refused(house, "read_csv", INPUTS("file", "c.csv"), HST_INVALID, "larger than 16777216 bytes");
	for (size_t i = 0; i < 1 << 21; i++)
		large[i] = "aa\n"[i % 3];
	put(house, "root/d.csv", large, 1 << 21);
	refused(house, "read_csv", INPUTS("file", "d.csv"), HST_INVALID, "more than 1 MiB as JSON");
}

static void read_row_finds_the_first_match(void **state)
{
	static const char csv[] = "number,name\n4711,Anna\n4712,Ben\n4711,Clara\n";
	struct house *house = *state;
	const hst_value *out;

	put(house, "root/orders.csv", csv, sizeof csv - 1);
	out = run(house, "read_row", INPUTS("file", "orders.csv", "where", "number", "is", "4711"));
	assert_string_equal(value_text(value_get(value_get(out, "row"), "name")), "Anna");
	assert_string_equal(value_text(value_get(value_get(out, "row"), "number")), "4711");
	assert_true(value_boolean(value_get(out, "found")));
	assert_int_equal(number(out, "matches"), 2);
}

static void a_missing_row_is_an_error_unless_it_may_be_missing(void **state)
{
	struct house *house = *state;
	const hst_value *out;

	put(house, "root/orders.csv", "number,name\n4711,Anna\n", 22);
	refused(house, "read_row", INPUTS("file", "orders.csv", "where", "number", "is", "471"),
		HST_NOT_FOUND, "orders.csv has no row in which \"number\" is \"471\"");
	out = run(house, "read_row",
		  INPUTS("file", "orders.csv", "where", "number", "is", "471", "required", "no"));
	assert_false(value_boolean(value_get(out, "found")));
	assert_int_equal(number(out, "matches"), 0);
	assert_null(value_get(out, "row"));
	refused(house, "read_row", INPUTS("file", "orders.csv", "where", "nummer", "is", "4711"), HST_INVALID,
		"has no column \"nummer\"; it has number, name");
}

static void the_separator_is_an_option(void **state)
{
	struct house *house = *state;
	const hst_value *out;

	staged_close(&house->staged);
	open_with(house, "semicolon");
	put(house, "root/o.csv", "a;b\n1,5;2\n", 10);
	out = run(house, "read_row", INPUTS("file", "o.csv", "where", "b", "is", "2"));
	assert_string_equal(value_text(value_get(value_get(out, "row"), "a")), "1,5");
	staged_close(&house->staged);
	open_with(house, "tab");
	put(house, "root/t.csv", "a\tb\n1;5\t2\n", 10);
	out = run(house, "read_row", INPUTS("file", "t.csv", "where", "b", "is", "2"));
	assert_string_equal(value_text(value_get(value_get(out, "row"), "a")), "1;5");
}

static void check_looks_at_the_folder(void **state)
{
	struct house *house = *state;
	hst_error err = {0};

	assert_int_equal(plugin_check(house->staged.instance, &house->staged.call, &err), HST_OK);
	assert_int_equal(files_remove_tree(house->root, NULL), HST_OK);
	assert_int_equal(plugin_check(house->staged.instance, &house->staged.call, &err), HST_NOT_FOUND);
	assert_non_null(strstr(err.text, house->root));
}

static void a_relative_root_is_refused(void **unused)
{
	struct staged staged;
	hst_error err = {0};

	(void)unused;
	staged_load(&staged, HST_CONNECTOR, "file");
	assert_int_equal(staged_try(&staged, INPUTS("root", "orders"), &err), HST_INVALID);
	assert_non_null(strstr(err.text, "absolute"));
	staged_close(&staged);
}

static void what_may_be_repeated(void **state)
{
	static const struct {
		const char *name;
		bool idempotent;
	} wants[] = {
		{"read", true}, {"write", true}, {"append", false}, {"read_csv", true}, {"read_row", true}};
	struct house *house = *state;

	for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++)
		assert_int_equal(connector_action(house->staged.instance, wants[i].name)->flags &
					 HST_IDEMPOTENT,
				 wants[i].idempotent ? HST_IDEMPOTENT : 0);
	assert_null(connector_action(house->staged.instance, "remove"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_house, remove_house)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(read_gives_the_whole_text),
		TEST(read_refuses_what_is_no_text_or_too_much),
		TEST(outputs_have_a_ceiling),
		TEST(nothing_outside_of_root_is_reached),
		TEST(a_fifo_is_refused_and_does_not_block),
		TEST(write_replaces_and_leaves_nothing_behind),
		TEST(append_adds_a_line),
		TEST(appended_lines_do_not_mix),
		TEST(append_gives_up_at_its_deadline),
		TEST(read_csv_gives_records),
		TEST(csv_errors_name_the_line),
		TEST(read_row_finds_the_first_match),
		TEST(a_missing_row_is_an_error_unless_it_may_be_missing),
		TEST(the_separator_is_an_option),
		TEST(check_looks_at_the_folder),
		cmocka_unit_test(a_relative_root_is_refused),
		TEST(what_may_be_repeated),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
