/*
 * What holds for every plugin that is installed; and plugins that break a rule each are refused with its
 * name.
 */
#include "staged.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"
#include "plugin/load.h"
#include "plugin/registry.h"
#include "schema/manifest.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void for_each_plugin(void (*check)(hst_plugin_kind kind, const char *name, const char *path))
{
	size_t n = 0;

	for (hst_plugin_kind kind = HST_TRIGGER; kind < HST_KIND_COUNT; kind++) {
		char **names = registry_names(staged_directory(), kind);

		for (size_t i = 0; names[i]; i++, n++) {
			AUTO_FREE char *path = NULL;
			hst_error err = {0};

			if (registry_path(staged_directory(), kind, names[i], &path, &err) != HST_OK)
				fail_msg("%s", err.text);
			check(kind, names[i], path);
		}
		registry_names_free(names);
	}
	assert_true(n > 0);
}

static const hst_plugin *load(const char *path)
{
	const hst_plugin *plugin = NULL;
	hst_error err = {0};

	if (plugin_load(path, &plugin, &err) != HST_OK)
		fail_msg("%s", err.text);
	return plugin;
}

static void check_loads(hst_plugin_kind kind, const char *name, const char *path)
{
	const hst_plugin *plugin = load(path);

	assert_int_equal(plugin->kind, kind);
	assert_string_equal(plugin->name, name);
	assert_ptr_equal(load(path), plugin);
}

static void every_plugin_loads_as_what_its_folder_says(void **unused)
{
	(void)unused;
	for_each_plugin(check_loads);
}

/* What `command` prints; the test fails when it does not succeed. */
static char *output_of(const char *command)
{
	struct text text;
	char line[512];
	FILE *out = popen(command, "r");

	assert_non_null(out);
	text_init(&text, 1 << 16);
	while (fgets(line, sizeof line, out))
		text_add(&text, line);
	if (pclose(out) != 0)
		fail_msg("failed: %s\n%s", command, text.s);
	return text_take(&text);
}

static void check_symbols(hst_plugin_kind kind, const char *name, const char *path)
{
	/* The address sanitizer adds a mark of its own to each symbol. */
	AUTO_FREE char *command = mem_printf(
		"nm -D --defined-only --format=posix '%s' | cut -d' ' -f1 | grep -v '^__odr_asan[.]'", path);
	AUTO_FREE char *expected = mem_printf("hst_plugin_%s\n", name);
	AUTO_FREE char *symbols = output_of(command);

	(void)kind;
	for (char *at = expected; *at; at++)
		if (*at == '-')
			*at = '_';
	assert_string_equal(symbols, expected);
}

static void every_plugin_exports_its_descriptor_alone(void **unused)
{
	(void)unused;
	for_each_plugin(check_symbols);
}

static char *json_of(hst_arena *arena, const struct manifest *manifest)
{
	struct text text;

	text_init(&text, VALUE_BYTES_MAX);
	value_write_json(&text, manifest_to_value(arena, manifest));
	assert_false(text.over);
	return text_take(&text);
}

static void check_manifest(hst_plugin_kind kind, const char *name, const char *path)
{
	hst_arena *arena = arena_new();
	AUTO_FREE char *first = NULL;
	AUTO_FREE char *second = NULL;
	struct manifest manifest, again;
	const hst_value *value;
	hst_error err = {0};

	manifest_from_plugin(arena, load(path), &manifest);
	first = json_of(arena, &manifest);
	if (value_parse_json(arena, first, strlen(first), &value, &err) != HST_OK ||
	    manifest_from_value(arena, value, &again, &err) != HST_OK)
		fail_msg("%s: %s", path, err.text);
	assert_int_equal(again.kind, kind);
	assert_string_equal(again.name, name);
	assert_int_equal(again.options.n, manifest.options.n);
	assert_int_equal(again.action_count, manifest.action_count);
	second = json_of(arena, &again);
	assert_string_equal(second, first);
	arena_free(arena);
}

static void every_manifest_survives_json(void **unused)
{
	(void)unused;
	for_each_plugin(check_manifest);
}

static void check_documented(const char *path, const char *what, hst_fields fields)
{
	for (size_t i = 0; i < fields.n; i++) {
		const char *doc = fields.at[i].doc;

		if (!doc || !doc[0] || doc[strlen(doc) - 1] == '.')
			fail_msg("%s: %s \"%s\" needs a .doc of one line without full stop", path, what,
				 fields.at[i].member);
	}
}

static void check_docs(hst_plugin_kind kind, const char *name, const char *path)
{
	const hst_plugin *plugin = load(path);

	(void)kind, (void)name;
	check_documented(path, "option", plugin->options);
	check_documented(path, "event field", plugin->event);
	for (size_t i = 0; i < plugin->action_count; i++) {
		check_documented(path, "input", plugin->actions[i].inputs);
		check_documented(path, "output", plugin->actions[i].outputs);
	}
}

static void every_field_is_documented(void **unused)
{
	(void)unused;
	for_each_plugin(check_docs);
}

/* Absolute folder of the plugins of tests/plugins, caller frees. */
static char *broken_plugins(void)
{
	const char *given = getenv("HOSTLER_TEST_PLUGINS");
	char *folder = realpath(given ? given : "tests/plugins/.libs", NULL);

	if (!folder)
		fail_msg("HOSTLER_TEST_PLUGINS must be the folder of the plugins of tests/plugins");
	return folder;
}

static void plugins_that_break_a_rule_are_refused_by_its_name(void **unused)
{
	static const struct {
		const char *file;
		const char *says[3];
	} wants[] = {
		{"wrong_abi.so", {"wrong_abi", ".abi", "major 2"}},
		{"short_size.so", {"short_size", ".size", "sizeof(hst_plugin)"}},
		{"no_open.so", {"no_open", ".open", "must not be NULL"}},
		{"bad_default.so", {"bad_default", "\"every\": .def", "soon"}},
		{"other_name.so",
		 {"other_name.so", "exports no hst_plugin_other_name", "HST_PLUGIN(other_name)"}},
		{"unresolved.so", {"unresolved.so", "cannot be loaded", "hst_nobody_has_this"}},
	};
	AUTO_FREE char *folder = broken_plugins();

	(void)unused;
	for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
		AUTO_FREE char *path = files_join(folder, wants[i].file);
		const hst_plugin *plugin = NULL;
		hst_error err = {0};

		assert_int_equal(plugin_load(path, &plugin, &err), HST_INVALID);
		assert_null(plugin);
		for (size_t s = 0; s < 3; s++)
			if (!strstr(err.text, wants[i].says[s]))
				fail_msg("\"%s\" does not say \"%s\"", err.text, wants[i].says[s]);
	}
}

/* A folder of our own with one plugin in it. */
struct own_folder {
	char *folder, *path;
};

static int make_own_folder(void **state)
{
	struct own_folder *own = mem_alloc(sizeof *own);
	AUTO_FREE char *good = NULL;
	AUTO_FREE char *bytes = NULL;
	size_t length;
	hst_error err = {0};

	own->folder = mem_text("/tmp/hostler-plugins-XXXXXX");
	assert_non_null(mkdtemp(own->folder));
	own->path = files_join(own->folder, "random.so");
	if (registry_path(staged_directory(), HST_BALANCER, "random", &good, &err) != HST_OK ||
	    files_read(good, 64 << 20, &bytes, &length, &err) != HST_OK ||
	    files_replace(own->path, bytes, length, 0644, false, &err) != HST_OK)
		fail_msg("%s", err.text);
	*state = own;
	return 0;
}

static int remove_own_folder(void **state)
{
	struct own_folder *own = *state;

	files_remove_tree(own->folder, NULL);
	free(own->folder);
	free(own->path);
	free(own);
	return 0;
}

static void check_refused(const char *path, hst_code code, const char *says)
{
	const hst_plugin *plugin = NULL;
	hst_error err = {0};

	assert_int_equal(plugin_load(path, &plugin, &err), code);
	assert_null(plugin);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", err.text, says);
}

static void a_file_that_others_can_write_is_refused(void **state)
{
	struct own_folder *own = *state;

	assert_int_equal(chmod(own->path, 0664), 0);
	check_refused(own->path, HST_DENIED, "chmod go-w");
	assert_int_equal(chmod(own->path, 0646), 0);
	check_refused(own->path, HST_DENIED, own->path);
	assert_int_equal(chmod(own->path, 0644), 0);
	load(own->path);
}

static void a_folder_that_others_can_write_is_refused(void **state)
{
	struct own_folder *own = *state;

	assert_int_equal(chmod(own->folder, 0770), 0);
	check_refused(own->path, HST_DENIED, own->folder);
	assert_int_equal(chmod(own->folder, 0703), 0);
	check_refused(own->path, HST_DENIED, own->folder);
}

/* Whoever can write to a folder further up can put another one in the place of the one below it. */
static void a_folder_further_up_that_others_can_write_is_refused(void **state)
{
	struct own_folder *own = *state;
	AUTO_FREE char *above = files_join(own->folder, "above");
	AUTO_FREE char *below = files_join(above, "below");
	AUTO_FREE char *path = files_join(below, "random.so");
	AUTO_FREE char *link = files_join(own->folder, "link");
	AUTO_FREE char *linked = files_join(link, "random.so");

	assert_int_equal(files_make_directory(below, 0755, NULL), HST_OK);
	assert_int_equal(rename(own->path, path), 0);
	assert_int_equal(symlink(below, link), 0);
	load(path);
	load(linked);
	assert_int_equal(chmod(above, 0775), 0);
	check_refused(path, HST_DENIED, "/above can be written by others");
	check_refused(linked, HST_DENIED, "run: chmod go-w");
	assert_int_equal(chmod(above, 0757), 0);
	check_refused(path, HST_DENIED, "/above can be written by others");
	/* As in /tmp: the folder below is safe from everybody but its owner. */
	assert_int_equal(chmod(above, 01777), 0);
	load(path);
	if (geteuid() == 0) {
		assert_int_equal(chown(above, 54321, 0), 0);
		check_refused(path, HST_DENIED, "54321");
	}
}

static void a_file_of_a_stranger_is_refused(void **state)
{
	struct own_folder *own = *state;

	if (geteuid() != 0) {
		print_message("only root can give files away\n");
		skip();
	}
	assert_int_equal(chown(own->path, 54321, 0), 0);
	check_refused(own->path, HST_DENIED, "54321");
}

static void a_link_is_refused(void **state)
{
	struct own_folder *own = *state;
	AUTO_FREE char *link = files_join(own->folder, "linked.so");

	assert_int_equal(symlink(own->path, link), 0);
	check_refused(link, HST_INVALID, "regular file");
}

static void paths_that_are_no_plugin_are_refused(void **state)
{
	struct own_folder *own = *state;
	AUTO_FREE char *missing = files_join(own->folder, "absent.so");
	AUTO_FREE char *text = files_join(own->folder, "text.so");

	check_refused("random.so", HST_INVALID, "absolute path");
	check_refused("/usr/lib/random.la", HST_INVALID, "absolute path");
	check_refused("/usr/lib/Random.so", HST_INVALID, "absolute path");
	check_refused("/usr/lib/.so", HST_INVALID, "absolute path");
	check_refused(missing, HST_NOT_FOUND, "absent.so");
	assert_int_equal(files_replace(text, "no plugin", 9, 0644, false, NULL), HST_OK);
	check_refused(text, HST_INVALID, "cannot be loaded");
}

/* A copy under another name exports the old name's symbol. */
static void a_renamed_file_is_refused(void **state)
{
	struct own_folder *own = *state;
	AUTO_FREE char *renamed = files_join(own->folder, "chance.so");

	assert_int_equal(rename(own->path, renamed), 0);
	check_refused(renamed, HST_INVALID, "exports no hst_plugin_chance");
}

static void the_template_builds_out_of_tree_and_loads(void **state)
{
	struct own_folder *own = *state;
	const char *top = getenv("SRCDIR");
	AUTO_FREE char *source = realpath(top ? top : ".", NULL);
	AUTO_FREE char *command = mem_printf(
		"cp '%s'/sdk/template/* '%s' && make -s -C '%s' HOSTLER_CFLAGS='-I%s/sdk/include -Werror' "
		"PLUGIN_DIRECTORY='%s'/p install 2>&1",
		source, own->folder, own->folder, source, own->folder);
	AUTO_FREE char *said = output_of(command);
	AUTO_FREE char *path = files_join(own->folder, "p/trigger/tick.so");
	const hst_plugin *plugin = load(path);

	assert_string_equal(plugin->name, "tick");
	check_symbols(HST_TRIGGER, "tick", path);
	check_docs(HST_TRIGGER, "tick", path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_plugin_loads_as_what_its_folder_says),
		cmocka_unit_test(every_plugin_exports_its_descriptor_alone),
		cmocka_unit_test(every_manifest_survives_json),
		cmocka_unit_test(every_field_is_documented),
		cmocka_unit_test(plugins_that_break_a_rule_are_refused_by_its_name),
		cmocka_unit_test_setup_teardown(a_file_that_others_can_write_is_refused, make_own_folder,
						remove_own_folder),
		cmocka_unit_test_setup_teardown(a_folder_that_others_can_write_is_refused, make_own_folder,
						remove_own_folder),
		cmocka_unit_test_setup_teardown(a_folder_further_up_that_others_can_write_is_refused, make_own_folder,
						remove_own_folder),
		cmocka_unit_test_setup_teardown(a_file_of_a_stranger_is_refused, make_own_folder,
						remove_own_folder),
		cmocka_unit_test_setup_teardown(a_link_is_refused, make_own_folder, remove_own_folder),
		cmocka_unit_test_setup_teardown(paths_that_are_no_plugin_are_refused, make_own_folder,
						remove_own_folder),
		cmocka_unit_test_setup_teardown(a_renamed_file_is_refused, make_own_folder,
						remove_own_folder),
		cmocka_unit_test_setup_teardown(the_template_builds_out_of_tree_and_loads, make_own_folder,
						remove_own_folder),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
