/* Broken configurations: each fixture says itself what is expected of it, "# expect LINE: beginning of the
 * text". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config/conf.h"
#include "os/files.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

static const struct conf_person alice = {
	.uid = 4711, .name = "alice", .home = "/home/alice", .runtime_dir = "/run/user/4711"};

/* The next "# expect LINE: TEXT" of the fixture, or NULL; *ret_text ends at the end of its line. */
static const char *next_expected(const char *at, int *ret_line, const char **ret_text, size_t *ret_length)
{
	static const char mark[] = "# expect ";
	char *end;

	at = strstr(at, mark);
	if (!at)
		return NULL;
	*ret_line = (int)strtol(at + sizeof mark - 1, &end, 10);
	*ret_text = end + 2;
	*ret_length = strcspn(*ret_text, "\n");
	return *ret_text + *ret_length;
}

static bool is_said(const struct problems *problems, int line, const char *text, size_t length)
{
	for (size_t i = 0; i < problems->n; i++)
		if (problems->at[i].line == line && strncmp(problems->at[i].text, text, length) == 0)
			return true;
	return false;
}

static void check_broken(const char *path)
{
	struct problems problems;
	const char *at, *text;
	size_t length, expected = 0;
	char *bytes;
	int line;

	problems_init(&problems);
	assert_null(conf_load_as(path, &alice, &problems));
	assert_int_equal(files_read(path, 1 << 20, &bytes, NULL, NULL), HST_OK);
	for (at = bytes; (at = next_expected(at, &line, &text, &length)) != NULL; expected++)
		if (!is_said(&problems, line, text, length))
			fail_msg("not said: %s:%d: %.*s", path, line, (int)length, text);
	for (size_t i = 0; i < problems.n; i++) {
		bool found = false;

		for (at = bytes; !found && (at = next_expected(at, &line, &text, &length)) != NULL;)
			found = problems.at[i].line == line &&
				strncmp(problems.at[i].text, text, length) == 0;
		if (!found)
			fail_msg("not expected: %s:%d: %s", path, problems.at[i].line, problems.at[i].text);
	}
	assert_true(expected > 0);
	assert_int_equal(problems.n, expected);
	free(bytes);
	problems_clear(&problems);
}

static void every_broken_fixture_says_what_it_expects(void **state)
{
	const char *top = getenv("SRCDIR");
	char *pattern = mem_printf("%s/tests/fixtures/conf/broken/*.ini", top ? top : ".");
	glob_t found = {0};

	(void)state;
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 10);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_broken(found.gl_pathv[i]);
	globfree(&found);
	free(pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_broken_fixture_says_what_it_expects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
