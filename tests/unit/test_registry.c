/* Finding plugins in their folders by kind and name. */
#include "plugin/registry.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>

static char *directory, *installed;

enum { OF_INSTALLED = 2 };

static int make_directory(void **unused)
{
	static const char *const files[] = {"trigger/button.so",     "trigger/alarm.so", "trigger/button.la",
					    "trigger/Bad.so",	     "trigger/.so",	 "trigger/notes.txt",
					    "strategy/server-rds.so", "trigger/button.so", "trigger/schedule.so"};

	static char top[] = "/tmp/hostler-registry-XXXXXX";

	(void)unused;
	assert_non_null(mkdtemp(top));
	directory = files_join(top, "own");
	installed = files_join(top, "installed");
	setenv("HOSTLER_PLUGINS", installed, 1);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		AUTO_FREE char *path = files_join(i < sizeof files / sizeof files[0] - OF_INSTALLED ? directory : installed, files[i]);
		AUTO_FREE char *folder = mem_copy(path, (size_t)(strrchr(path, '/') - path));

		assert_int_equal(files_make_directory(folder, 0755, NULL), HST_OK);
		assert_int_equal(files_replace(path, "", 0, 0644, false, NULL), HST_OK);
	}
	return 0;
}

static int remove_directory(void **unused)
{
	(void)unused;
	*strrchr(directory, '/') = '\0';
	files_remove_tree(directory, NULL);
	free(directory);
	free(installed);
	return 0;
}

static void names_are_sorted_and_only_plugins(void **unused)
{
	char **names = registry_names(directory, HST_TRIGGER);

	(void)unused;
	assert_string_equal(names[0], "alarm");
	assert_string_equal(names[1], "button");
	assert_string_equal(names[2], "schedule");
	assert_null(names[3]);
	registry_names_free(names);
	names = registry_names(directory, HST_DRIVER);
	assert_null(names[0]);
	registry_names_free(names);
	registry_names_free(NULL);
}

static void a_plugin_is_found_by_kind_and_name(void **unused)
{
	AUTO_FREE char *want = files_join(directory, "strategy/server-rds.so");
	AUTO_FREE char *path = NULL;

	(void)unused;
	assert_int_equal(registry_path(directory, HST_STRATEGY, "server-rds", &path, NULL), HST_OK);
	assert_string_equal(path, want);
}

static void a_folder_of_ones_own_comes_before_the_installed_one(void **unused)
{
	AUTO_FREE char *own = files_join(directory, "trigger/button.so");
	AUTO_FREE char *other = files_join(installed, "trigger/schedule.so");
	AUTO_FREE char *path = NULL, *second = NULL;

	(void)unused;
	assert_int_equal(registry_path(directory, HST_TRIGGER, "button", &path, NULL), HST_OK);
	assert_string_equal(path, own);
	assert_int_equal(registry_path(directory, HST_TRIGGER, "schedule", &second, NULL), HST_OK);
	assert_string_equal(second, other);
}

static void refused(hst_plugin_kind kind, const char *name, hst_code code, const char *says)
{
	hst_error err = {0};
	char *path = NULL;

	assert_int_equal(registry_path(directory, kind, name, &path, &err), code);
	assert_null(path);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", err.text, says);
}

static void a_missing_plugin_is_named_with_the_nearest(void **unused)
{
	(void)unused;
	refused(HST_TRIGGER, "buton", HST_NOT_FOUND, "did you mean \"button\"?");
	refused(HST_TRIGGER, "buton", HST_NOT_FOUND, directory);
	refused(HST_TRIGGER, "email", HST_NOT_FOUND, "\"alarm\"");
	refused(HST_TRIGGER, "schedul", HST_NOT_FOUND, installed);
	refused(HST_BALANCER, "random", HST_NOT_FOUND, "no plugin lies in");
}

static void names_that_lead_elsewhere_are_refused(void **unused)
{
	hst_error err = {0};
	char *path = NULL;

	(void)unused;
	refused(HST_TRIGGER, "../strategy/server-rds", HST_INVALID, "cannot be a plugin");
	refused(HST_TRIGGER, "/etc/passwd", HST_INVALID, "cannot be a plugin");
	refused(HST_TRIGGER, "", HST_INVALID, "cannot be a plugin");
	refused(HST_TRIGGER, "Bad", HST_INVALID, "cannot be a plugin");
	assert_int_equal(registry_path("plugins", HST_TRIGGER, "button", &path, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "absolute"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_sorted_and_only_plugins),
		cmocka_unit_test(a_plugin_is_found_by_kind_and_name),
		cmocka_unit_test(a_folder_of_ones_own_comes_before_the_installed_one),
		cmocka_unit_test(a_missing_plugin_is_named_with_the_nearest),
		cmocka_unit_test(names_that_lead_elsewhere_are_refused),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
