/* What is in force, found beside a file that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/conf.h"
#include "os/files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* At night, with a file that somebody left half written, what runs can still be asked. */
static void what_is_in_force_is_found_however_wrong_the_file_is(void **state)
{
	static const char *const wrong[] = {
		"[host]\nstate_dir = state\n[hos",
		"nonsense\n[host]\n  \nstate_dir=\"state\"  \nstate_dir = other\n",
		"[host]\nstate_dir =\tstate\r\nlisten = somewhere\n[trigger a]\n",
	};
	char folder[] = "/tmp/hostler-test-force-XXXXXX";
	char *path, *kept, *there;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = files_join(folder, "hostler.ini");
	there = files_join(folder, "state");
	kept = files_join(folder, "state/in-force.ini");
	assert_int_equal(files_make_directory(there, 0700, NULL), HST_OK);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct conf *conf;

		assert_int_equal(files_replace(path, wrong[i], strlen(wrong[i]), 0600, false, NULL), HST_OK);
		assert_null(conf_load_in_force(path));
		assert_int_equal(files_replace(kept, "[host]\nrun_dir = /r\n", 20, 0600, false, NULL), HST_OK);
		conf = conf_load_in_force(path);
		assert_non_null(conf);
		assert_string_equal(conf->run_dir, "/r");
		conf_free(conf);
		assert_int_equal(unlink(kept), 0);
	}
	assert_int_equal(files_remove_tree(folder, NULL), HST_OK);
	free(path);
	free(kept);
	free(there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_force_is_found_however_wrong_the_file_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
