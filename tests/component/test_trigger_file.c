/* The trigger "file": when a file counts as whole, what is taken and what is not, and that each makes one event whatever goes wrong. */
#include "../contract/emitted.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "plugin/trigger.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const int64_t second = 1000000;
static int64_t now_us;
static struct emitted emitted;
static struct staged staged;
static char home[64], incoming[96];

static int64_t set_clock(void)
{
	return now_us;
}

static void run(const char *format, const char *path)
{
	char line[256];

	snprintf(line, sizeof line, format, path);
	assert_int_equal(system(line), 0);
}

static int begin(void **unused)
{
	static const struct clock_source source = {set_clock, set_clock};

	(void)unused;
	now_us = 1795303912123456; /* 2026-11-21T23:31:52.123456Z */
	clock_replace(&source);
	snprintf(home, sizeof home, "/tmp/hostler-folder-XXXXXX");
	assert_non_null(mkdtemp(home));
	snprintf(incoming, sizeof incoming, "%s/in", home);
	assert_int_equal(mkdir(incoming, 0700), 0);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	staged_close(&staged);
	emitted_clear(&emitted);
	clock_replace(NULL);
	run("rm -rf %s", home);
	return 0;
}

/* The files of the run, as the worker gives them: in a folder apart. */
struct made {
	struct hst_file file;
	char path[128], name[256];
};

static hst_file *file_new(hst_call *call, const char *name, hst_error *err)
{
	static unsigned number;
	struct made *made = arena_alloc(call->arena, sizeof *made);

	(void)name, (void)err;
	snprintf(made->path, sizeof made->path, "%s/made-%u", home, ++number);
	snprintf(made->name, sizeof made->name, "made-%u", number);
	made->file.name = made->name;
	return &made->file;
}

static const char *file_path(hst_call *call, const hst_file *file)
{
	(void)call;
	return ((const struct made *)file)->path;
}

/* A process of the trigger, after the last one if there was one: nothing is left of that but what the host has kept. */
static void start(const char *const *more)
{
	const char *options[16] = {"directory", incoming};

	for (size_t i = 0; more && more[i]; i++)
		options[i + 2] = more[i];
	if (staged.arena)
		staged_close(&staged);
	staged_load(&staged, HST_TRIGGER, "file");
	emitted_serve(&emitted, &staged);
	staged.host.file_new = file_new;
	staged.host.file_path = file_path;
	staged_open(&staged, options);
}

static int look(void)
{
	hst_error err = {0};

	return emitted_ready(&emitted, &err);
}

static void must_look(void)
{
	hst_error err = {0};

	for (int i = 0; i < 3; i++)
		if (emitted_ready(&emitted, &err) != HST_OK)
			fail_msg("%s", err.text);
}

static const char *at(const char *name)
{
	static char path[4][512];
	static unsigned turn;
	char *to = path[turn++ % 4];

	snprintf(to, sizeof path[0], "%s/%s", incoming, name);
	return to;
}

static void drop(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static bool is_there(const char *name)
{
	return access(at(name), F_OK) == 0;
}

static size_t events_of(const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < emitted.n; i++)
		n += strcmp(value_text(value_get(emitted.values[i], "name")), name) == 0;
	return n;
}

static void assert_made(size_t event, const char *text)
{
	char path[256], bytes[64] = "";
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", home, value_text(value_get(emitted.values[event], "file")));
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(bytes, 1, sizeof bytes - 1, file) > 0);
	fclose(file);
	assert_string_equal(bytes, text);
}

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
		assert_true(emitted.at_us <= now_us + 2 * second);
		now_us += 2 * second - 1;
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
	now_us += 2 * second;
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
		now_us += 61 * second;
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

static void what_is_put_back_is_taken_again(void **unused)
{
	(void)unused;
	start(NULL);
	must_look();
	drop("again.csv", "same");
	must_look();
	assert_int_equal(rename(at("done/again.csv"), at("again.csv")), 0);
	must_look();
	assert_int_equal(events_of("again.csv"), 2);
	start(NULL);
	assert_int_equal(rename(at("done/again.csv"), at("again.csv")), 0);
	must_look();
	now_us += 2 * second;
	must_look();
	assert_int_equal(events_of("again.csv"), 3);
	assert_int_equal(emitted.again, 0);
}

static void a_host_that_is_away_loses_nothing_and_doubles_nothing(void **unused)
{
	(void)unused;
	start(NULL);
	must_look();
	emitted.away = true;
	drop("a.csv", "a");
	assert_int_equal(look(), HST_RETRY);
	assert_true(is_there("a.csv"));
	emitted.away = false;
	emitted.lost = true; /* it is stored, and the answer does not come */
	assert_int_equal(look(), HST_RETRY);
	assert_int_equal(emitted.n, 1);
	assert_true(is_there("a.csv"));
	drop("b.csv", "b");
	emitted.lost = false;
	must_look();
	assert_int_equal(events_of("a.csv"), 1);
	assert_int_equal(events_of("b.csv"), 1);
	assert_int_equal(emitted.again, 1);
	assert_true(is_there("done/a.csv") && is_there("done/b.csv"));
}

static void a_process_that_dies_between_the_event_and_the_move_leaves_no_double(void **unused)
{
	(void)unused;
	start(NULL);
	must_look();
	drop("a.csv", "a");
	emitted.lost = true;
	assert_int_equal(look(), HST_RETRY);
	emitted.lost = false;
	start(NULL);
	must_look();
	assert_int_equal(emitted.n, 1);
	assert_true(is_there("done/a.csv"));
	/* And one that was written to meanwhile is another file. */
	drop("b.csv", "b");
	emitted.lost = true;
	assert_int_equal(look(), HST_RETRY);
	emitted.lost = false;
	drop("b.csv", "b, and more");
	start(NULL);
	must_look();
	now_us += 2 * second;
	must_look();
	assert_int_equal(events_of("b.csv"), 2);
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

static void one_trigger_alone_takes_files_out_of_a_folder(void **unused)
{
	struct staged first;

	(void)unused;
	start(NULL);
	must_look();
	first = staged;
	staged = (struct staged){0};
	start(NULL);
	drop("a.csv", "a");
	assert_int_equal(look(), HST_RETRY);
	plugin_close(first.instance);
	arena_free(first.arena);
	must_look();
	now_us += 2 * second;
	must_look();
	assert_int_equal(emitted.n, 1);
}

static void a_folder_that_is_replaced_is_found_again(void **unused)
{
	(void)unused;
	start(NULL);
	must_look();
	run("rm -rf %s", incoming);
	assert_true(look() < 0);
	assert_int_equal(mkdir(incoming, 0700), 0);
	must_look();
	drop("a.csv", "a");
	must_look();
	assert_int_equal(emitted.n, 1);
}

static uint32_t drawn = 12345;

static unsigned draw(unsigned below)
{
	drawn = drawn * 1664525 + 1013904223;
	return (drawn >> 16) % below;
}

/* Whatever comes in whatever order: each file that was dropped is one event, and all are moved. */
static void each_file_is_one_event_whatever_goes_wrong(void **unused)
{
	enum { FILES = 300 };
	char name[32];

	(void)unused;
	start(NULL);
	for (int i = 0, file = 0; file < FILES; i++) {
		emitted.away = draw(4) == 0;
		emitted.lost = draw(4) == 0;
		for (unsigned n = draw(90); n-- > 0 && file < FILES; file++) {
			snprintf(name, sizeof name, "f%d", file);
			drop(name, draw(5) ? name : "");
		}
		if (draw(3) == 0)
			start(NULL);
		look();
		now_us += (int64_t)draw(3) * second;
	}
	emitted.away = emitted.lost = false;
	for (int i = 0; i < 20; i++) {
		look();
		now_us += 3 * second;
	}
	for (int file = 0; file < FILES; file++) {
		snprintf(name, sizeof name, "f%d", file);
		if (events_of(name) != 1)
			fail_msg("%s made %zu events", name, events_of(name));
		snprintf(name, sizeof name, "done/f%d", file);
		assert_true(is_there(name));
	}
}

static void thousands_at_once_go_in_batches(void **unused)
{
	enum { FILES = 1900 };
	char name[32];
	size_t before;

	(void)unused;
	for (int file = 0; file < FILES; file++) {
		snprintf(name, sizeof name, "f%d", file);
		drop(name, "x");
	}
	start(NULL);
	must_look();
	now_us += 2 * second;
	for (before = (size_t)-1; emitted.n != before;) {
		before = emitted.n;
		assert_int_equal(look(), HST_OK);
		assert_true(emitted.n - before <= 64);
		assert_true(emitted.at_us <= now_us || emitted.n == FILES);
	}
	assert_int_equal(emitted.n, FILES);
	assert_true(emitted.calls < FILES / 64 + 4);
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
	assert_int_equal(chmod(incoming, 0700), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_was_closed_is_taken_at_once),
		TEST(one_that_is_moved_in_is_taken_at_once),
		TEST(one_that_grows_is_waited_for),
		TEST(what_lies_there_already_counts_when_it_stays_the_same),
		TEST(only_files_with_fitting_names_are_taken),
		TEST(names_that_are_taken_get_the_time_behind_them),
		TEST(what_is_put_back_is_taken_again),
		TEST(a_host_that_is_away_loses_nothing_and_doubles_nothing),
		TEST(a_process_that_dies_between_the_event_and_the_move_leaves_no_double),
		TEST(what_no_host_would_take_goes_to_failed),
		TEST(one_trigger_alone_takes_files_out_of_a_folder),
		TEST(a_folder_that_is_replaced_is_found_again),
		TEST(each_file_is_one_event_whatever_goes_wrong),
		TEST(thousands_at_once_go_in_batches),
		TEST(wrong_options_are_said),
		TEST(a_folder_that_lacks_a_right_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
