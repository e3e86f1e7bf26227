#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "desktop/package.h"
#include "desktop/words.h"
#include "os/files.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct house {
	char root[64];
	hst_arena *arena;
	struct problems problems;
	struct package *package;
};

static int set_up(void **state)
{
	struct house *house = mem_alloc(sizeof *house);

	snprintf(house->root, sizeof house->root, "/tmp/hostler-package-XXXXXX");
	assert_non_null(mkdtemp(house->root));
	house->arena = arena_new();
	problems_init(&house->problems);
	*state = house;
	return 0;
}

static int tear_down(void **state)
{
	struct house *house = *state;

	package_free(house->package);
	problems_clear(&house->problems);
	arena_free(house->arena);
	files_remove_tree(house->root, NULL);
	free(house);
	return 0;
}

static void put(struct house *house, const char *name, const char *bytes, mode_t mode)
{
	AUTO_FREE char *path = files_join(house->root, name);
	char *slash = strrchr(path, '/');

	*slash = '\0';
	assert_int_equal(files_make_directory(path, 0755, NULL), HST_OK);
	*slash = '/';
	assert_int_equal(files_replace(path, bytes, strlen(bytes), mode, false, NULL), HST_OK);
}

static void read_text(struct house *house, const char *manifest, bool whole)
{
	AUTO_FREE char *path = files_join(house->root, "desktop-flow.ini");

	package_free(house->package);
	problems_clear(&house->problems);
	problems_init(&house->problems);
	put(house, "desktop-flow.ini", manifest, 0644);
	house->package = (whole ? package_read : package_read_manifest)(path, &house->problems);
}

/* The manifest is refused, and the one problem is at this line and says this. */
static void assert_refused(struct house *house, const char *manifest, int line, const char *text)
{
	read_text(house, manifest, false);
	assert_null(house->package);
	assert_true(house->problems.n > 0);
	if (!strstr(house->problems.at[0].text, text))
		fail_msg("expected \"%s\" in \"%s\"", text, house->problems.at[0].text);
	assert_int_equal(house->problems.at[0].line, line);
}

static void assert_words(hst_arena *arena, const char *line, const char *expected)
{
	char **words = NULL;
	char joined[512] = "";
	hst_error err = {0};
	int code = words_split(arena, line, &words, &err);

	if (code)
		fail_msg("%s: %s", line, err.text);
	for (size_t i = 0; words[i]; i++) {
		size_t n = strlen(joined);

		snprintf(joined + n, sizeof joined - n, "<%s>", words_expand(arena, words[i], "/p k", "/w"));
	}
	assert_string_equal(joined, expected);
}

static void words_are_split_as_a_shell_does(void **state)
{
	hst_arena *arena = ((struct house *)*state)->arena;

	assert_words(arena, "python3 $HOSTLER_PACKAGE/enter.py", "<python3></p k/enter.py>");
	assert_words(arena, "  a\t'b c'  \"d  e\" f\\ g\nh ", "<a><b c><d  e><f g><h>");
	assert_words(arena, "a'b'\"c\"\\d ''", "<abcd><>");
	assert_words(arena, "\"x\\\"y\\\\z\\n\"", "<x\"y\\z\\n>");
	assert_words(arena, "sh -c 'a | b > $HOSTLER_WORK'", "<sh><-c><a | b > $HOSTLER_WORK>");
}

static void nothing_else_is_expanded(void **state)
{
	hst_arena *arena = ((struct house *)*state)->arena;

	assert_words(arena, "a $HOME * ~ $$ $1 \"$X\"", "<a><$HOME><*><~><$$><$1><$X>");
	assert_words(arena, "a ${HOSTLER_WORK}x \"$HOSTLER_WORK\" $HOSTLER_WORKS \\$HOSTLER_WORK",
		     "<a></wx></w><$HOSTLER_WORKS><$HOSTLER_WORK>");
}

static void what_only_a_shell_can_do_is_refused(void **state)
{
	hst_arena *arena = ((struct house *)*state)->arena;
	const char *const lines[] = {"a | b", "a > b", "a; b", "a & b", "$(a)", "`a`", "a #b",
				     "a 'b",  "a \"b", "a \\", "",	" ",	"''"};
	char **words = NULL;

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		hst_error err = {0};

		assert_int_equal(words_split(arena, lines[i], &words, &err), HST_INVALID);
		assert_true(err.text[0] != '\0');
	}
	assert_null(words);
}

static void a_manifest_says_what_the_package_is(void **state)
{
	struct house *house = *state;
	const hst_field *field;

	read_text(house,
		  "[desktop-flow]\nname = enter-invoice\nversion = 1.4\nrun = python3 $HOSTLER_PACKAGE/a.py\n"
		  "timeout = 26h\nstop_within = 90s\nscreenshots = steps\n\n"
		  "[input order]\ntype = text\nrequired = yes\nmax = 20\n"
		  "[input colour]\ntype = choice\nchoices = red, dark green\ndefault = red\n"
		  "[input password]\ntype = secret\n"
		  "[output confirmation]\ntype = text\nderived = yes\n",
		  false);
	if (!house->package)
		fail_msg("%s", house->problems.at[0].text);
	assert_string_equal(house->package->name, "enter-invoice");
	assert_string_equal(house->package->version, "1.4");
	assert_string_equal(house->package->directory, house->root);
	assert_int_equal(house->package->timeout.ms, 26 * 3600 * 1000);
	assert_int_equal(house->package->stop_within.ms, 90000);
	assert_int_equal(house->package->screenshots, SCREENSHOTS_STEPS);
	assert_int_equal(house->package->inputs.n, 3);
	field = fields_find(house->package->inputs, "order");
	assert_true(field->required);
	assert_int_equal(field->max, 20);
	field = fields_find(house->package->inputs, "colour");
	assert_string_equal(field->choices[1], "dark green");
	assert_string_equal(field->def, "red");
	assert_int_equal(fields_find(house->package->inputs, "password")->type, HST_TYPE_SECRET);
	assert_true(fields_find(house->package->outputs, "confirmation")->derived);
	assert_string_equal(house->package->digest, "");
}

static void defaults_of_a_manifest(void **state)
{
	struct house *house = *state;

	read_text(house, "[desktop-flow]\nname = a\nrun = true\n", false);
	assert_non_null(house->package);
	assert_string_equal(house->package->version, "0");
	assert_int_equal(house->package->timeout.ms, 0);
	assert_int_equal(house->package->screenshots, SCREENSHOTS_ERRORS);
}

static void a_wrong_manifest_is_refused_with_its_line(void **state)
{
	struct house *house = *state;
	static const char start[] = "[desktop-flow]\nname = a\nrun = true\n";
	static const struct {
		const char *rest;
		int line;
		const char *text;
	} wrong[] = {
		{"tmeout = 3h\n", 4, "timeout"},
		{"timeout = soon\n", 4, "timeout"},
		{"stop_within = 900ms\n", 4, "1s to 10m"},
		{"stop_within = 11m\n", 4, "1s to 10m"},
		{"stop_within = never\n", 4, "stop_within"},
		{"screenshots = often\n", 4, "errors, steps or none"},
		{"[input a]\nrequired = yes\n", 4, "has no \"type\""},
		{"[input a]\ntype = string\n", 5, "there is no type"},
		{"[input A]\ntype = text\n", 4, "lower-case"},
		{"[input]\ntype = text\n", 4, "needs a name"},
		{"[input a]\ntype = choice\n", 4, "needs choices"},
		{"[input a]\ntype = integer\ndefault = x\n", 4, "default"},
		{"[input a]\ntype = secret\ndefault = x\n", 4, "never stands in a file"},
		{"[input a]\ntype = text\nrequired = perhaps\n", 6, "yes or no"},
		{"[output a]\ntype = text\ndefault = x\n", 6, "unknown key"},
		{"[inputs a]\ntype = text\n", 4, "unknown section"},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		AUTO_FREE char *manifest = mem_printf("%s%s", start, wrong[i].rest);

		assert_refused(house, manifest, wrong[i].line, wrong[i].text);
	}
	assert_refused(house, "[desktop-flow]\nname = a\n", 1, "has no \"run\"");
	assert_refused(house, "[desktop-flow]\nname = a\nrun = a | b\n", 3, "shell");
	assert_refused(house, "[desktop-flow]\nname = ../a\nrun = a\n", 2, "does not fit");
	assert_refused(house, "[input a]\ntype = text\n", 0, "no [desktop-flow]");
}

static void files_are_listed_in_order_with_their_digest(void **state)
{
	struct house *house = *state;
	static const char manifest[] = "[desktop-flow]\nname = a\nrun = true\n";
	char first[65];

	put(house, "b/z.txt", "zz", 0644);
	put(house, "a.sh", "#!/bin/sh\n", 0755);
	read_text(house, manifest, true);
	assert_non_null(house->package);
	assert_int_equal(house->package->file_count, 3);
	assert_string_equal(house->package->files[0].path, "a.sh");
	assert_true(house->package->files[0].executable);
	assert_string_equal(house->package->files[1].path, "b/z.txt");
	assert_false(house->package->files[1].executable);
	assert_int_equal(house->package->files[1].size, 2);
	/* b2sum -l 256 of "zz". */
	assert_string_equal(house->package->files[1].hash,
			    "ff0590257d3bcfee618a84c3703e29d88fbb3e7b92f6de0b8c8fc97019567c4b");
	memcpy(first, house->package->digest, sizeof first);
	assert_int_equal(strlen(first), 64);

	read_text(house, manifest, true);
	assert_string_equal(house->package->digest, first);
	put(house, "a.sh", "#!/bin/sh\n", 0644);
	read_text(house, manifest, true);
	assert_string_not_equal(house->package->digest, first);
}

/* Whoever may write to the folder can put anything there, at any time, and hears what is said. */
static void a_manifest_is_read_in_the_open_folder_and_not_quoted(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *manifest = mem_printf("%s/desktop-flow.ini", house->root), *secret = mem_printf("%s/shadow", house->root);
	AUTO_FREE char *moved = mem_printf("%s-moved", house->root);
	int fd = open(house->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	hst_error err = {0};

	put(house, "shadow", "root:geheim\n", 0600);
	assert_int_equal(symlink(secret, manifest), 0);
	assert_int_equal(package_read_manifest_at(fd, &house->package, &err), HST_INVALID);
	assert_string_equal(err.text, "cannot open desktop-flow.ini: Too many levels of symbolic links");
	assert_int_equal(unlink(manifest), 0);
	assert_int_equal(mkfifo(manifest, 0600), 0);
	assert_int_equal(package_read_manifest_at(fd, &house->package, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "not a regular file"));
	assert_int_equal(unlink(manifest), 0);
	assert_int_equal(package_read_manifest_at(fd, &house->package, &err), HST_NOT_FOUND);
	assert_int_equal(link(secret, manifest), 0);
	assert_int_equal(package_read_manifest_at(fd, &house->package, &err), HST_INVALID);
	assert_string_equal(err.text, "desktop-flow.ini is wrong in line 1");
	assert_int_equal(truncate(manifest, PACKAGE_MANIFEST_MAX + 1), 0);
	assert_int_equal(package_read_manifest_at(fd, &house->package, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "larger than 262144 bytes"));
	assert_int_equal(unlink(manifest), 0);
	put(house, "desktop-flow.ini", "[desktop-flow]\nname = mine\nrun = true\n", 0644);
	assert_int_equal(rename(house->root, moved), 0);
	assert_int_equal(package_read_manifest_at(fd, &house->package, &err), HST_OK);
	assert_string_equal(house->package->name, "mine");
	assert_string_equal(house->package->directory, moved);
	assert_int_equal(rename(moved, house->root), 0);
	close(fd);
}

static int copied(struct house *house, const char *to, char digest[65], hst_error *err)
{
	AUTO_FREE char *target = mem_printf("%s-copy/%s", house->root, to);
	struct package_file *files = NULL;
	size_t n = 0;
	int fd = open(house->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), code;

	assert_true(fd >= 0);
	assert_int_equal(files_make_directory(target, 0700, NULL), HST_OK);
	code = package_copy(house->arena, fd, house->root, target, &files, &n, err);
	if (code == HST_OK)
		package_digest(files, n, digest);
	return code;
}

static void a_copy_has_the_digest_and_nobody_else_may_write_it(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *copies = mem_printf("%s-copy", house->root);
	AUTO_FREE char *script = mem_printf("%s/1/b/c/a.sh", copies), *folder = mem_printf("%s/1/b", copies);
	char digest[65] = "";
	hst_error err = {0};
	struct stat status;
	mode_t mask = umask(0077);

	put(house, "b/c/a.sh", "#!/bin/sh\n", 0777);
	put(house, "z.txt", "zz", 0666);
	read_text(house, "[desktop-flow]\nname = a\nrun = true\n", true);
	assert_int_equal(copied(house, "1", digest, &err), HST_OK);
	umask(mask);
	assert_string_equal(digest, house->package->digest);
	assert_int_equal(stat(script, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
	assert_int_equal(stat(folder, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
	/* What lies there already is nothing to copy over. */
	assert_int_equal(copied(house, "1", digest, &err), HST_INVALID);
	put(house, "b/pass", "", 0644);
	{
		AUTO_FREE char *link = mem_printf("%s/b/pass", house->root);

		assert_int_equal(unlink(link), 0);
		assert_int_equal(symlink("/etc/passwd", link), 0);
	}
	assert_int_equal(copied(house, "2", digest, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "symbolic links are not allowed"));
	files_remove_tree(copies, NULL);
}

static void the_list_of_files_survives_json(void **state)
{
	struct house *house = *state;
	struct package_file *files = NULL;
	AUTO(text) struct text json;
	const hst_value *value = NULL;
	hst_error err;
	char digest[65];
	size_t n = 0;

	put(house, "b/z.txt", "zz", 0755);
	read_text(house, "[desktop-flow]\nname = a\nrun = true\n", true);
	text_init(&json, 1 << 20);
	value_write_json(&json, package_files_value(house->arena, house->package));
	assert_int_equal(value_parse_json(house->arena, json.s, json.length, &value, &err), HST_OK);
	assert_int_equal(package_files_from_value(house->arena, value, &files, &n, &err), HST_OK);
	package_digest(files, n, digest);
	assert_string_equal(digest, house->package->digest);
}

static void a_list_that_leaves_the_package_is_refused(void **state)
{
	struct house *house = *state;
	static const char record[] = "[{\"path\":\"%s\",\"size\":%s,\"executable\":false,\"hash\":"
				     "\"ff0590257d3bcfee618a84c3703e29d88fbb3e7b92f6de0b8c8fc97019567c4b\"}]";
	static const struct {
		const char *path, *size;
		int code;
	} cases[] = {
		{"a/b", "2", HST_OK},
		{"../a", "2", HST_INVALID},
		{"/etc/passwd", "2", HST_INVALID},
		{"a/../b", "2", HST_INVALID},
		{"a//b", "2", HST_INVALID},
		{"a/", "2", HST_INVALID},
		{"", "2", HST_INVALID},
		{"a", "-1", HST_INVALID},
		{"a", "67108865", HST_INVALID},
		{"a\\u0000b", "2", HST_INVALID},
		{"./a", "2", HST_INVALID},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct package_file *files = NULL;
		const hst_value *value = NULL;
		AUTO_FREE char *json = NULL;
		hst_error err;
		size_t n = 0;

		json = mem_printf(record, cases[i].path, cases[i].size);
		assert_int_equal(value_parse_json(house->arena, json, strlen(json), &value, &err), HST_OK);
		assert_int_equal(package_files_from_value(house->arena, value, &files, &n, &err),
				 cases[i].code);
	}
}

static void links_and_special_files_are_refused(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *link = files_join(house->root, "link");

	assert_int_equal(symlink("/etc/passwd", link), 0);
	read_text(house, "[desktop-flow]\nname = a\nrun = true\n", true);
	assert_null(house->package);
	assert_non_null(strstr(house->problems.at[0].text, "symbolic links"));
	unlink(link);
	assert_int_equal(mkfifo(link, 0600), 0);
	read_text(house, "[desktop-flow]\nname = a\nrun = true\n", true);
	assert_null(house->package);
	assert_non_null(strstr(house->problems.at[0].text, "special files"));
}

static void too_large_a_package_is_refused(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *path = files_join(house->root, "large");
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(ftruncate(fd, PACKAGE_BYTES_MAX + 1), 0);
	read_text(house, "[desktop-flow]\nname = a\nrun = true\n", true);
	assert_null(house->package);
	assert_non_null(strstr(house->problems.at[0].text, "64 MiB"));
}

static void too_many_files_are_refused(void **state)
{
	struct house *house = *state;

	for (int i = 0; i <= PACKAGE_FILES_MAX; i++) {
		AUTO_FREE char *path = mem_printf("%s/%d", house->root, i);
		AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		assert_true(fd >= 0);
	}
	read_text(house, "[desktop-flow]\nname = a\nrun = true\n", true);
	assert_null(house->package);
	assert_non_null(strstr(house->problems.at[0].text, "4096 files"));
}

static void too_many_folders_are_refused(void **state)
{
	struct house *house = *state;

	for (int i = 0; i < PACKAGE_FILES_MAX; i++) {
		AUTO_FREE char *path = mem_printf("%s/%d", house->root, i);

		assert_int_equal(mkdir(path, 0700), 0);
	}
	read_text(house, "[desktop-flow]\nname = a\nrun = true\n", true);
	assert_null(house->package);
	assert_non_null(strstr(house->problems.at[0].text, "4096 files and folders"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(words_are_split_as_a_shell_does),
		CASE(nothing_else_is_expanded),
		CASE(what_only_a_shell_can_do_is_refused),
		CASE(a_manifest_says_what_the_package_is),
		CASE(defaults_of_a_manifest),
		CASE(a_wrong_manifest_is_refused_with_its_line),
		CASE(files_are_listed_in_order_with_their_digest),
		CASE(a_copy_has_the_digest_and_nobody_else_may_write_it),
		CASE(a_manifest_is_read_in_the_open_folder_and_not_quoted),
		CASE(the_list_of_files_survives_json),
		CASE(a_list_that_leaves_the_package_is_refused),
		CASE(links_and_special_files_are_refused),
		CASE(too_large_a_package_is_refused),
		CASE(too_many_files_are_refused),
		CASE(too_many_folders_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
