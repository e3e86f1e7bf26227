/* hostler try: desktop flows run here and now, by a program that knows no host and no configuration. */
#include "../fakes/fake_desk.h"

#include "os/files.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int open_desk(void **state)
{
	static struct fake_desk desk;
	hst_error err = {0};

	fake_desk_start(&desk);
	assert_int_equal(files_make_directory(fake_desk_file(&desk, "flow", NULL), 0700, &err), HST_OK);
	*state = &desk;
	return 0;
}

static const char manifest[] = "[desktop-flow]\n"
			       "name = sum\n"
			       "run = sh $HOSTLER_PACKAGE/sum.sh\n"
			       "timeout = 30s\n"
			       "[input a]\ntype = integer\nrequired = yes\n"
			       "[input b]\ntype = integer\ndefault = 2\n"
			       "[output sum]\ntype = integer\n";

static const char *flow(struct fake_desk *desk, const char *script)
{
	fake_desk_file(desk, "flow/desktop-flow.ini", manifest);
	fake_desk_file(desk, "flow/sum.sh", script);
	return fake_desk_file(desk, "flow", NULL);
}

static size_t left_behind(struct fake_desk *desk)
{
	DIR *folder = opendir(fake_desk_file(desk, "work", NULL));
	size_t n = 0;

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		n += entry->d_name[0] != '.';
	closedir(folder);
	return n;
}

static void a_flow_that_succeeds_tells_its_outputs_and_leaves_nothing(void **state)
{
	struct fake_desk *desk = *state;
	char path[512];

	snprintf(path, sizeof path, "%s",
		 flow(desk, "echo working\nhostler-event progress Main 'Add up'\n"
			    "hostler-event output sum $((HOSTLER_INPUT_A + HOSTLER_INPUT_B))\n"));
	assert_int_equal(DESK_RUN(desk, "try", path, "--input", "a=40"), 0);
	fake_desk_said(desk, "Main: Add up\n");
	fake_desk_said(desk, "succeeded after");
	fake_desk_said(desk, "sum = 42");
	fake_desk_said(desk, "| working");
	assert_int_equal(left_behind(desk), 0);
	assert_int_equal(DESK_RUN(desk, "try", path, "--input", "a=40", "--json"), 0);
	fake_desk_said(desk, "{\"state\":\"succeeded\",\"reason\":null,\"outputs\":{\"sum\":42}");
}

static void a_flow_that_fails_is_status_1_with_its_own_words(void **state)
{
	struct fake_desk *desk = *state;
	char path[512];

	snprintf(path, sizeof path, "%s", flow(desk, "hostler-event error 'the ledger is locked'\nexit 4\n"));
	assert_int_equal(DESK_RUN(desk, "try", path, "--input", "a=1"), 1);
	fake_desk_said(desk, "FlowFailed: ");
	fake_desk_said(desk, "the ledger is locked");
	assert_int_equal(DESK_RUN(desk, "try", path, "--input", "a=1", "--json"), 1);
	fake_desk_said(desk, "\"code\":\"FlowFailed\"");
}

static void files_of_the_flow_remain_and_their_paths_are_told(void **state)
{
	struct fake_desk *desk = *state;
	char path[512], *told, *end;

	snprintf(path, sizeof path, "%s", flow(desk, "echo 1,2 >out/rows.csv\n"));
	assert_int_equal(DESK_RUN(desk, "try", path, "--input", "a=1"), 0);
	told = strstr(desk->out, desk->folder);
	assert_non_null(told);
	end = strchr(told, '\n');
	*end = '\0';
	assert_non_null(strstr(told, "rows.csv"));
	assert_int_equal(files_read(told, 100, &end, NULL, NULL), HST_OK);
	assert_string_equal(end, "1,2\n");
	free(end);
}

static void wrong_inputs_are_status_2_and_start_nothing(void **state)
{
	struct fake_desk *desk = *state;
	char path[512];

	snprintf(path, sizeof path, "%s", flow(desk, "touch $HOSTLER_PACKAGE/started\n"));
	assert_int_equal(DESK_RUN(desk, "try", path), 2);
	fake_desk_complained(desk, "\"a\"");
	assert_int_equal(DESK_RUN(desk, "try", path, "--input", "a=x"), 2);
	fake_desk_complained(desk, "integer");
	assert_int_equal(DESK_RUN(desk, "try", path, "--input", "a=1", "--input", "c=1", "--json"), 2);
	fake_desk_said(desk, "{\"error\":{\"code\":\"InputInvalid\"");
	assert_int_not_equal(access(fake_desk_file(desk, "flow/started", NULL), F_OK), 0);
	assert_int_equal(left_behind(desk), 0);
}

static void a_secret_never_comes_from_the_command_line(void **state)
{
	struct fake_desk *desk = *state;
	char path[512];

	flow(desk, "true\n");
	fake_desk_file(desk, "flow/desktop-flow.ini",
		       "[desktop-flow]\nname = sum\nrun = true\n[input pin]\ntype = secret\n");
	snprintf(path, sizeof path, "%s", fake_desk_file(desk, "flow", NULL));
	assert_int_equal(DESK_RUN(desk, "try", path, "--input", "pin=1234"), 2);
	fake_desk_complained(desk, "say --secret pin");
	assert_null(strstr(desk->err, "1234"));
	assert_int_equal(DESK_RUN(desk, "try", path, "--secret", "pni"), 2);
	fake_desk_complained(desk, "no input of that name");
	assert_int_equal(DESK_RUN(desk, "try", path), 0);
}

static void a_broken_package_is_told_line_by_line_with_status_2(void **state)
{
	struct fake_desk *desk = *state;
	char path[512];

	snprintf(path, sizeof path, "%s", flow(desk, "true\n"));
	assert_int_equal(DESK_RUN(desk, "try", "nowhere"), 2);
	fake_desk_complained(desk, "nowhere");
	fake_desk_file(desk, "flow/desktop-flow.ini", "[desktop-flow]\nname = sum\nrnu = true\n");
	assert_int_equal(DESK_RUN(desk, "try", path), 2);
	fake_desk_complained(desk, "desktop-flow.ini:3: error: ");
}

static void control_characters_of_a_flow_do_not_reach_the_terminal(void **state)
{
	struct fake_desk *desk = *state;
	char path[512];

	snprintf(path, sizeof path, "%s", flow(desk, "printf 'a\\033[31mb\\n'\nexit 1\n"));
	assert_int_equal(DESK_RUN(desk, "try", path, "--input", "a=1"), 1);
	fake_desk_said(desk, "| a\\x1b[31mb");
	fake_desk_not_said(desk, "\033");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, fake_desk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_flow_that_succeeds_tells_its_outputs_and_leaves_nothing),
		TEST(a_flow_that_fails_is_status_1_with_its_own_words),
		TEST(files_of_the_flow_remain_and_their_paths_are_told),
		TEST(wrong_inputs_are_status_2_and_start_nothing),
		TEST(a_secret_never_comes_from_the_command_line),
		TEST(a_broken_package_is_told_line_by_line_with_status_2),
		TEST(control_characters_of_a_flow_do_not_reach_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
