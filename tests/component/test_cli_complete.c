/* Completion: what may stand where is known to the tables of the program, what is configured to the file. */
#include "../fakes/fake_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void commands_options_and_choices_are_offered(void **state)
{
	struct fake_desk *desk = *state;

	assert_int_equal(DESK_RUN(desk, "--complete", "devi"), 0);
	assert_string_equal(desk->out, "devices\tlists devices and their sessions\n"
				       "device\ttakes devices out of service, and back\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "press", "--in"), 0);
	assert_string_equal(desk->out, "--input\tgives the input K the value V\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "try", "--display", ""), 0);
	assert_string_equal(desk->out, "here\nnew\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "try", ""), 0);
	assert_string_equal(desk->out, "FOLDERS\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "-c", ""), 0);
	assert_string_equal(desk->out, "FILES\n");
}

static void each_argument_has_its_own_words(void **state)
{
	struct fake_desk *desk = *state;

	assert_int_equal(DESK_RUN(desk, "--complete", "device", ""), 0);
	assert_string_equal(desk->out, "drain\nresume\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "device", "drain", "ho"), 0);
	assert_string_equal(desk->out, "host\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "priority", "la"), 0);
	assert_string_equal(desk->out, "last\tthe run that was requested last\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "priority", "last", ""), 0);
	assert_string_equal(desk->out, "high\nnormal\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "connection", "u"), 0);
	assert_string_equal(desk->out, "unblock\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "operator", "new", "grace", "--may", "look,p"), 0);
	assert_string_equal(desk->out, "look,press\n");
}

static void secret_inputs_of_a_package_are_those_it_declares(void **state)
{
	struct fake_desk *desk = *state;
	char path[512];

	fake_desk_file(desk, "desktop-flow.ini", "[desktop-flow]\nname = sum\nrun = true\n[input pin]\ntype = secret\n[input who]\ntype = text\n");
	snprintf(path, sizeof path, "%s", desk->folder);
	assert_int_equal(DESK_RUN(desk, "--complete", "try", path, "--secret", ""), 0);
	assert_string_equal(desk->out, "pin\n");
}

#define ROW_OF(number, state) "{\"number\":" number ",\"flow\":\"order\",\"state\":\"" state "\",\"label\":\"a\\tb\"}"

static void runs_are_those_of_the_host(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "runs", "[" ROW_OF("12", "running") "," ROW_OF("11", "failed") "]");
	table_set(&desk->answers, "show",
		  "{\"number\":12,\"steps\":[{\"name\":\"enter\",\"state\":\"running\",\"files\":[{\"name\":\"log\"}]}]}");
	assert_int_equal(DESK_RUN(desk, "--complete", "show", "1"), 0);
	assert_string_equal(desk->out, "12\torder  running  a\\tb\n11\torder  failed  a\\tb\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "cancel", "1"), 0);
	assert_string_equal(desk->out, "12\torder  running  a\\tb\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "why", "12/"), 0);
	assert_string_equal(desk->out, "12/enter\trunning\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "get", "12/enter", ""), 0);
	assert_string_equal(desk->out, "log\n");
}

static void names_are_those_of_the_host(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "triggers",
		  "[{\"name\":\"order\",\"plugin\":\"button\",\"flows\":[\"total\"],"
		  "\"inputs\":[{\"name\":\"number\",\"type\":\"integer\"}]}]");
	table_set(&desk->answers, "flows", "[{\"name\":\"total\",\"summary\":\"Sums up\"}]");
	table_set(&desk->answers, "devices", "[{\"name\":\"ts-01\",\"state\":\"online\",\"gateway\":\"ts-01\"}]");
	assert_int_equal(DESK_RUN(desk, "--complete", "press", ""), 0);
	assert_string_equal(desk->out, "order\tbutton\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "press", "order", "--input", ""), 0);
	assert_string_equal(desk->out, "number=\tinteger\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "run", "total", "--input", "n"), 0);
	assert_string_equal(desk->out, "number=\tinteger\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "enable", ""), 0);
	assert_string_equal(desk->out, "total\tSums up\norder\tbutton\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "runs", "--flow", "t"), 0);
	assert_string_equal(desk->out, "total\tSums up\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "device", "drain", "t"), 0);
	assert_string_equal(desk->out, "ts-01\tonline\n");
}

static void without_a_host_names_are_those_of_the_configuration(void **state)
{
	struct fake_desk *desk = *state;

	fake_desk_file(desk, "hostler.ini", "[host]\nlisten = none\n[trigger order]\nplugin = button\n");
	fake_desk_close(desk);
	assert_int_equal(DESK_RUN(desk, "--complete", "press", ""), 0);
	assert_string_equal(desk->out, "order\ttrigger\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "press", "order", "--input", ""), 0);
	assert_string_equal(desk->out, "");
	assert_string_equal(desk->err, "");
	assert_int_equal(DESK_RUN(desk, "--complete", "plugin", "doc", "trigger/bu"), 0);
	assert_string_equal(desk->out, "trigger/button\nFILES\n");
	fake_desk_file(desk, "hostler.ini", "[hos");
	assert_int_equal(DESK_RUN(desk, "--complete", "press", ""), 0);
	assert_string_equal(desk->out, "");
	assert_string_equal(desk->err, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(commands_options_and_choices_are_offered),
		DESK_TEST(each_argument_has_its_own_words),
		DESK_TEST(secret_inputs_of_a_package_are_those_it_declares),
		DESK_TEST(runs_are_those_of_the_host),
		DESK_TEST(names_are_those_of_the_host),
		DESK_TEST(without_a_host_names_are_those_of_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
