#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A directory of its own for each test, under which `in` names files. */
static char *place;

static int make_place(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	umask(077);
	place = mem_printf("%s/hostler-files-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	return mkdtemp(place) ? 0 : -1;
}

static int remove_place(void **state)
{
	int code = files_remove_tree(place, NULL);

	(void)state;
	free(take(place));
	return code;
}

static const char *in(const char *name)
{
	static char paths[4][4096];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", place, name);
	return path;
}

static void put(const char *name, const char *text)
{
	hst_error err = {0};

	if (files_replace(in(name), text, strlen(text), 0600, false, &err))
		fail_msg("%s", err.text);
}

static void assert_holds(const char *name, const char *text)
{
	AUTO_FREE char *bytes = NULL;
	size_t length;
	hst_error err = {0};

	if (files_read(in(name), 1000000, &bytes, &length, &err))
		fail_msg("%s", err.text);
	assert_string_equal(bytes, text);
	assert_int_equal(length, strlen(text));
}

static size_t names_in_place(void)
{
	DIR *directory = opendir(place);
	size_t n = 0;

	while (readdir(directory))
		n++;
	closedir(directory);
	return n - 2;
}

static void file_is_read_up_to_the_ceiling(void **state)
{
	char *bytes = NULL;
	hst_error err = {0};

	(void)state;
	put("f", "12345");
	assert_int_equal(files_read(in("f"), 4, &bytes, NULL, &err), HST_INVALID);
	assert_null(bytes);
	assert_non_null(strstr(err.text, "larger than 4 bytes"));
	assert_int_equal(files_read(in("f"), 5, &bytes, NULL, &err), HST_OK);
	assert_string_equal(bytes, "12345");
	free(bytes);
	put("f", "");
	assert_holds("f", "");
}

static void file_without_a_size_is_read(void **state)
{
	AUTO_FREE char *bytes = NULL;
	size_t length;

	(void)state;
	assert_int_equal(files_read("/proc/self/status", 100000, &bytes, &length, NULL), HST_OK);
	assert_true(length > 0);
	assert_int_equal(strncmp(bytes, "Name:", 5), 0);
}

static void what_is_no_file_is_refused(void **state)
{
	char *bytes;

	(void)state;
	assert_int_equal(files_read(in("missing"), 10, &bytes, NULL, NULL), HST_NOT_FOUND);
	assert_int_equal(files_read(place, 10, &bytes, NULL, NULL), HST_INVALID);
	/* Nobody writes to it: a reader that waits for a writer would never come back. */
	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	assert_int_equal(files_read(in("fifo"), 10, &bytes, NULL, NULL), HST_INVALID);
	assert_true(files_append(in("fifo"), "x", 1, 0600, false, NULL) < 0);
}

static void replacing_changes_all_and_leaves_nothing_else(void **state)
{
	struct stat status;

	(void)state;
	put("f", "old");
	assert_int_equal(files_replace(in("f"), "new text", 8, 0640, true, NULL), HST_OK);
	assert_holds("f", "new text");
	assert_int_equal(stat(in("f"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_int_equal(names_in_place(), 1);
}

static void replacing_does_not_follow_a_link(void **state)
{
	struct stat status;

	(void)state;
	put("target", "target");
	assert_int_equal(symlink(in("target"), in("link")), 0);
	assert_int_equal(files_replace(in("link"), "new", 3, 0600, false, NULL), HST_OK);
	assert_holds("target", "target");
	assert_int_equal(lstat(in("link"), &status), 0);
	assert_true(S_ISREG(status.st_mode));
}

static void failed_replacing_leaves_nothing(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in("d"), 0700), 0);
	assert_true(files_replace(in("d"), "x", 1, 0600, false, NULL) < 0);
	assert_int_equal(files_replace(in("no/f"), "x", 1, 0600, false, NULL), HST_NOT_FOUND);
	assert_int_equal(names_in_place(), 1);
}

static void appending_adds_at_the_end(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(files_append(in("f"), "one ", 4, 0644, true, NULL), HST_OK);
	assert_int_equal(files_append(in("f"), "two", 3, 0600, true, NULL), HST_OK);
	assert_holds("f", "one two");
	assert_int_equal(stat(in("f"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
}

static void appending_does_not_follow_a_link(void **state)
{
	(void)state;
	put("target", "target");
	assert_int_equal(symlink(in("target"), in("link")), 0);
	assert_true(files_append(in("link"), "x", 1, 0600, false, NULL) < 0);
	assert_holds("target", "target");
	assert_int_equal(symlink(in("nowhere"), in("dangling")), 0);
	assert_true(files_append(in("dangling"), "x", 1, 0600, false, NULL) < 0);
	assert_int_equal(access(in("nowhere"), F_OK), -1);
}

static void directory_is_made_with_its_parents(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(files_make_directory(in("a/b//c/"), 02750, NULL), HST_OK);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"a", "a/b", "a/b/c"};

		assert_int_equal(stat(in(names[i]), &status), 0);
		assert_int_equal(status.st_mode, S_IFDIR | 02750);
	}
	assert_int_equal(files_make_directory(in("a/b/c"), 0700, NULL), HST_OK);
	assert_int_equal(stat(in("a/b/c"), &status), 0);
	assert_int_equal(status.st_mode, S_IFDIR | 02750);
	assert_int_equal(files_make_directory("/", 0700, NULL), HST_OK);
}

static void what_is_no_directory_is_refused(void **state)
{
	(void)state;
	put("f", "");
	assert_int_equal(files_make_directory(in("f"), 0700, NULL), HST_INVALID);
	assert_true(files_make_directory(in("f/d"), 0700, NULL) < 0);
	assert_int_equal(symlink(place, in("link")), 0);
	assert_int_equal(files_make_directory(in("link"), 0700, NULL), HST_INVALID);
	assert_int_equal(files_make_directory(in("link/d"), 0700, NULL), HST_OK);
	assert_int_equal(symlink(in("nowhere"), in("dangling")), 0);
	assert_true(files_make_directory(in("dangling"), 0700, NULL) < 0);
	assert_int_equal(access(in("nowhere"), F_OK), -1);
	assert_int_equal(files_make_directory("", 0700, NULL), HST_INVALID);
}

static void tree_is_removed_but_not_what_links_lead_to(void **state)
{
	(void)state;
	files_make_directory(in("outside"), 0700, NULL);
	put("outside/kept", "kept");
	files_make_directory(in("tree/a/b/c"), 0700, NULL);
	files_make_directory(in("tree/a/b/d"), 0700, NULL);
	put("tree/f", "");
	put("tree/a/b/c/f", "");
	put("tree/a/b/d/f", "");
	put("tree/.lifted-0", "a name the removal itself would use");
	assert_int_equal(symlink(in("outside"), in("tree/a/b/link")), 0);
	assert_int_equal(mkfifo(in("tree/a/fifo"), 0600), 0);
	assert_int_equal(files_remove_tree(in("tree/"), NULL), HST_OK);
	assert_int_equal(access(in("tree"), F_OK), -1);
	assert_holds("outside/kept", "kept");
	/* The link itself is what was named, with a slash behind it too. */
	assert_int_equal(symlink(in("outside"), in("link")), 0);
	assert_int_equal(files_remove_tree(in("link/"), NULL), HST_OK);
	assert_holds("outside/kept", "kept");
	assert_int_equal(names_in_place(), 1);
}

static void removing_what_is_not_there_is_fine(void **state)
{
	(void)state;
	assert_int_equal(files_remove_tree(in("missing"), NULL), HST_OK);
	assert_int_equal(files_remove_tree(in("missing/inner"), NULL), HST_OK);
	put("f", "");
	assert_int_equal(files_remove_tree(in("f"), NULL), HST_OK);
	assert_int_equal(names_in_place(), 0);
}

/* Deeper than any path can name and than there are descriptors. */
static void depth_does_not_matter(void **state)
{
	int at = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	for (int i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(at, "deep", 0700), 0);
		next = openat(at, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
	assert_int_equal(files_remove_tree(in("deep"), NULL), HST_OK);
	assert_int_equal(names_in_place(), 0);
}

/* Modes mean nothing to root, so a child of no rights does it. */
static void read_only_directories_are_removed(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	files_make_directory(in("tree/a/b"), 0700, NULL);
	put("tree/a/b/f", "");
	put("tree/a/f", "");
	if (geteuid() == 0) {
		static const char *const names[] = {"",		"tree",	    "tree/a",
						    "tree/a/b", "tree/a/f", "tree/a/b/f"};

		for (size_t i = 0; i < 6; i++)
			assert_int_equal(chown(in(names[i]), 65534, 65534), 0);
	}
	chmod(in("tree/a/b"), 0500);
	chmod(in("tree/a"), 0000);
	chmod(in("tree"), 0500);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(2);
		_exit(files_remove_tree(in("tree"), NULL) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(names_in_place(), 0);
}

static void names_are_joined(void **state)
{
	static const struct {
		const char *directory, *name, *joined;
	} rows[] = {
		{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"a", "/b", "/b"}, {"", "b", "b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		AUTO_FREE char *joined = files_join(rows[i].directory, rows[i].name);

		assert_string_equal(joined, rows[i].joined);
	}
}

static void name_beside_a_file_does_not_depend_on_the_working_directory(void **state)
{
	AUTO_FREE char *absolute = files_beside("/etc/hostler/hostler.ini", "flows");
	AUTO_FREE char *top = files_beside("/hostler.ini", "flows");
	AUTO_FREE char *kept = files_beside("conf/hostler.ini", "/flows");
	AUTO_FREE char *above = files_beside("/etc/hostler/hostler.ini", "../.././var//run/");
	AUTO_FREE char *beyond = files_beside("/etc/hostler.ini", "../../..");
	AUTO_FREE char *here = getcwd(NULL, 0);
	AUTO_FREE char *expected = mem_printf("%s/conf/flows", here);
	AUTO_FREE char *relative = files_beside("conf/hostler.ini", "flows");
	AUTO_FREE char *expected_bare = mem_printf("%s/flows", here);
	AUTO_FREE char *bare = files_beside("hostler.ini", "flows");

	(void)state;
	assert_string_equal(above, "/var/run");
	assert_string_equal(beyond, "/");
	assert_string_equal(absolute, "/etc/hostler/flows");
	assert_string_equal(top, "/flows");
	assert_string_equal(kept, "/flows");
	assert_string_equal(relative, expected);
	assert_string_equal(bare, expected_bare);
}

static void program_lies_in_its_directory(void **state)
{
	AUTO_FREE char *program = files_join(files_program_directory(), program_invocation_short_name);

	(void)state;
	assert_int_equal(files_program_directory()[0], '/');
	/* libtool's wrapper may have put the real program under another name. */
	assert_true(access(program, X_OK) == 0 || strncmp(program_invocation_short_name, "lt-", 3) == 0);
}

static void relative_plugin_directory_is_not_taken(void **state)
{
	(void)state;
	setenv("HOSTLER_PLUGINS", "plugins", 1);
	assert_string_not_equal(files_plugin_directory(), "plugins");
	assert_int_equal(files_plugin_directory()[0], '/');
	assert_non_null(strstr(files_plugin_directory(), "/hostler/plugins"));
}

/* A tree is moved as a whole: what was installed together is found from where the program is now. */
static void what_was_installed_is_found_from_the_program(void **state)
{
	AUTO_FREE char *above = files_beside_programs("../share/x");
	AUTO_FREE char *by_hand = files_join(files_program_directory(), "../share/x");
	AUTO_FREE char *cleaned = files_beside("/", by_hand);

	(void)state;
	assert_string_equal(above, cleaned);
	assert_null(strstr(files_data_directory(), ".."));
	assert_non_null(strstr(files_data_directory(), "/hostler"));
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
	const struct CMUnitTest tests[] = {
		IN_PLACE(file_is_read_up_to_the_ceiling),
		IN_PLACE(file_without_a_size_is_read),
		IN_PLACE(what_is_no_file_is_refused),
		IN_PLACE(replacing_changes_all_and_leaves_nothing_else),
		IN_PLACE(replacing_does_not_follow_a_link),
		IN_PLACE(failed_replacing_leaves_nothing),
		IN_PLACE(appending_adds_at_the_end),
		IN_PLACE(appending_does_not_follow_a_link),
		IN_PLACE(directory_is_made_with_its_parents),
		IN_PLACE(what_is_no_directory_is_refused),
		IN_PLACE(tree_is_removed_but_not_what_links_lead_to),
		IN_PLACE(removing_what_is_not_there_is_fine),
		IN_PLACE(depth_does_not_matter),
		IN_PLACE(read_only_directories_are_removed),
		cmocka_unit_test(names_are_joined),
		cmocka_unit_test(name_beside_a_file_does_not_depend_on_the_working_directory),
		cmocka_unit_test(program_lies_in_its_directory),
		cmocka_unit_test(relative_plugin_directory_is_not_taken),
		cmocka_unit_test(what_was_installed_is_found_from_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
