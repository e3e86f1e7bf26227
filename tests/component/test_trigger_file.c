/* The trigger "file": when a file counts as whole, and what is taken and what is not. */
#include "folder_house.h"

#include "plugin/trigger.h"
#include "schema/value.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void a_file_that_was_closed_is_taken_at_once(void **unused)
{
	(void)unused;
	start(NULL);
	must_look();
	drop("a.csv", "1,2\n");
	must_look();
	assert_int_equal(emitted.n, 1);
	assert_string_equal(value_text(value_get(emitted.values[0], "name")), "a.csv");
	assert_string_equal(value_text(value_get(emitted.values[0], "path")), at("a.csv"));
	assert_string_equal(value_text(value_get(emitted.values[0], "size")), "4");
	assert_made(0, "1,2\n");
	assert_true(is_there("done/a.csv"));
	assert_false(is_there("a.csv"));
	must_look();
	assert_int_equal(emitted.n, 1);
}

static void one_that_is_moved_in_is_taken_at_once(void **unused)
{
	char aside[128];

	(void)unused;
	start(NULL);
	must_look();
	drop("done/x", "x");
	snprintf(aside, sizeof aside, "%s", at("done/x"));
	assert_int_equal(rename(aside, at("b.txt")), 0);
	must_look();
	assert_int_equal(events_of("b.txt"), 1);
}

static void one_that_grows_is_waited_for(void **unused)
{
	FILE *file;

	(void)unused;
	start(PAIRS("settle", "2s"));
	must_look();
	file = fopen(at("slow.csv"), "w");
	for (int i = 0; i < 5; i++) {
		fputs("line\n", file);
		fflush(file);
		must_look();
		assert_int_equal(emitted.n, 0);
		assert_true(emitted.at_us <= now_us + 2 * SECOND);
		now_us += 2 * SECOND - 1;
	}
	fclose(file);
	must_look();
	assert_int_equal(emitted.n, 1);
	assert_made(0, "line\nline\nline\nline\nline\n");
}

static void what_lies_there_already_counts_when_it_stays_the_same(void **unused)
{
	(void)unused;
	drop("old.csv", "old");
	drop("empty.csv", "");
	start(NULL);
	must_look();
	assert_int_equal(emitted.n, 0);
	now_us += 2 * SECOND;
	must_look();
	assert_int_equal(emitted.n, 2);
	/* An empty one that is closed may be filled by the same program in a moment. */
	drop("new.csv", "");
	must_look();
	assert_int_equal(emitted.n, 2);
	drop("new.csv", "full");
	must_look();
	assert_int_equal(events_of("new.csv"), 1);
	assert_made(2, "full");
}

static void only_files_with_fitting_names_are_taken(void **unused)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)unused;
	drop("a.csv", "a");
	drop("b.txt", "b");
	drop("order-07.dat", "c");
	drop("order-7.dat", "d");
	drop(".hidden.csv", "e");
	drop("new\nline.csv", "f");
	drop("\xff\xfe.csv", "g");
	drop("caf\xc3\xa9 \"'$(x);.csv", "h");
	drop("-rf.csv", "i");
	assert_int_equal(symlink("/etc/passwd", at("link.csv")), 0);
	assert_int_equal(symlink("a.csv", at("near.csv")), 0);
	assert_int_equal(mkfifo(at("pipe.csv"), 0600), 0);
	assert_int_equal(mkdir(at("folder.csv"), 0700), 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", at("socket.csv"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
	start(PAIRS("match", "*.csv, order-??.dat"));
	for (int i = 0; i < 5; i++) {
		must_look();
		now_us += 61 * SECOND;
	}
	assert_int_equal(emitted.n, 4);
	assert_int_equal(events_of("a.csv") + events_of("order-07.dat") + events_of("caf\xc3\xa9 \"'$(x);.csv") + events_of("-rf.csv"), 4);
	assert_true(is_there(".hidden.csv") && is_there("new\nline.csv") && is_there("b.txt") && is_there("pipe.csv") && is_there("folder.csv"));
	assert_non_null(emitted.log);
	assert_null(strchr(emitted.log, '\n'));
}

static void names_that_are_taken_get_the_time_behind_them(void **unused)
{
	DIR *done;
	size_t n = 0;

	(void)unused;
	start(NULL);
	must_look();
	for (int i = 0; i < 4; i++) {
		drop("report.csv", i % 2 ? "odd" : "even");
		must_look();
	}
	assert_int_equal(events_of("report.csv"), 4);
	done = opendir(at("done"));
	for (const struct dirent *entry; (entry = readdir(done));)
		n += strncmp(entry->d_name, "report", 6) == 0 && strcmp(entry->d_name + strlen(entry->d_name) - 4, ".csv") == 0;
	closedir(done);
	assert_int_equal(n, 4);
}

static void what_no_host_would_take_goes_to_failed(void **unused)
{
	int fd;

	(void)unused;
	start(NULL);
	must_look();
	emitted.refused = "bad.csv";
	drop("a.csv", "a");
	drop("bad.csv", "b");
	drop("c.csv", "c");
	must_look();
	must_look();
	assert_int_equal(emitted.n, 2);
	assert_int_equal(emitted.passed, 1);
	assert_true(is_there("done/a.csv") && is_there("failed/bad.csv") && is_there("done/c.csv"));
	fd = open(at("huge.csv"), O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, (256 << 20) + 1), 0);
	close(fd);
	must_look();
	assert_true(is_there("failed/huge.csv"));
	assert_int_equal(emitted.passed, 2);
	assert_int_equal(emitted.n, 2);
}

static void a_folder_that_is_replaced_is_found_again(void **unused)
{
	(void)unused;
	start(NULL);
	must_look();
	assert_int_equal(rmdir(at("done")) | rmdir(at("failed")) | rmdir(incoming), 0);
	assert_true(look() < 0);
	assert_int_equal(mkdir(incoming, 0700), 0);
	must_look();
	drop("a.csv", "a");
	must_look();
	assert_int_equal(emitted.n, 1);
}

static void wrong_options_are_said(void **unused)
{
	const struct {
		const char *const *options;
		const char *says;
	} wants[] = {
		{PAIRS("directory", "in"), "absolute"},
		{PAIRS("directory", "/in", "done", "../done"), "done"},
		{PAIRS("directory", "/in", "failed", "a/b"), "failed"},
		{PAIRS("directory", "/in", "failed", "done"), "another folder"},
		{PAIRS("directory", "/in", "match", ""), "match"},
		{PAIRS("directory", "/in", "scan", "10ms"), "scan"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
		hst_error err = {0};

		staged_load(&staged, HST_TRIGGER, "file");
		assert_int_equal(staged_try(&staged, wants[i].options, &err), HST_INVALID);
		if (!strstr(err.text, wants[i].says))
			fail_msg("\"%s\" does not say \"%s\"", err.text, wants[i].says);
		staged_close(&staged);
	}
	staged_load(&staged, HST_TRIGGER, "file");
	staged_open(&staged, PAIRS("directory", incoming));
}

static void a_folder_that_lacks_a_right_is_named(void **unused)
{
	hst_error err = {0};
	int code;

	(void)unused;
	assert_int_equal(chmod(incoming, 0500), 0);
	start(NULL);
	/* Root may everything, so another user looks. */
	if (geteuid() == 0) {
		assert_int_equal(chmod(home, 0755) | chown(incoming, 65534, 65534), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	code = emitted_ready(&emitted, &err);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(code, HST_DENIED);
	assert_non_null(strstr(err.text, "setfacl"));
	/* What it tells to type can be typed as it is. */
	assert_non_null(strstr(strstr(err.text, "setfacl"), incoming));
	assert_int_equal(chmod(incoming, 0700), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(a_file_that_was_closed_is_taken_at_once),
		FOLDER_TEST(one_that_is_moved_in_is_taken_at_once),
		FOLDER_TEST(one_that_grows_is_waited_for),
		FOLDER_TEST(what_lies_there_already_counts_when_it_stays_the_same),
		FOLDER_TEST(only_files_with_fitting_names_are_taken),
		FOLDER_TEST(names_that_are_taken_get_the_time_behind_them),
		FOLDER_TEST(what_no_host_would_take_goes_to_failed),
		FOLDER_TEST(a_folder_that_is_replaced_is_found_again),
		FOLDER_TEST(wrong_options_are_said),
		FOLDER_TEST(a_folder_that_lacks_a_right_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
