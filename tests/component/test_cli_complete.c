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

	assert_int_equal(DESK_RUN(desk, "--complete", "de"), 0);
	assert_string_equal(desk->out, "devices\ndevice\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "press", "--in"), 0);
	assert_string_equal(desk->out, "--input\n");
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
	assert_int_equal(DESK_RUN(desk, "--complete", "priority", ""), 0);
	assert_string_equal(desk->out, "last\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "priority", "last", ""), 0);
	assert_string_equal(desk->out, "high\nnormal\n");
	assert_int_equal(DESK_RUN(desk, "--complete", "connection", ""), 0);
	assert_string_equal(desk->out, "list\nunblock\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(commands_options_and_choices_are_offered),
		DESK_TEST(each_argument_has_its_own_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
