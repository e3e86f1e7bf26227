/* A host that starts anew while it is asked: a question is asked again, and what may have been done already is not. */
#include "../fakes/fake_desk.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SOON_US = 8 * 1000 * 1000 };

static void whether_a_press_was_taken_is_not_known_and_said_at_once(void **state)
{
	struct fake_desk *desk = *state;
	int64_t began_us = clock_steady_us();

	desk->accepted = "[]";
	desk->unanswered = 1;
	assert_int_equal(DESK_RUN(desk, "press", "order"), 3);
	fake_desk_complained(desk, "started anew");
	fake_desk_complained(desk, "hostler runs");
	assert_true(clock_steady_us() - began_us < SOON_US);
}

static void a_question_is_asked_again(void **state)
{
	struct fake_desk *desk = *state;
	int64_t began_us = clock_steady_us();

	table_set(&desk->answers, "runs", "[]");
	desk->unanswered = 2;
	assert_int_equal(DESK_RUN(desk, "runs"), 0);
	assert_int_equal(desk->unanswered, 0);
	assert_true(clock_steady_us() - began_us < SOON_US);
}

/* Longer than a handshake may take. */
static void a_host_that_is_there_and_busy_is_waited_for(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "runs", "[]");
	desk->busy_ms = 7000;
	if (DESK_RUN(desk, "runs") != 0)
		fail_msg("%s", desk->err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(whether_a_press_was_taken_is_not_known_and_said_at_once),
		DESK_TEST(a_question_is_asked_again),
		DESK_TEST(a_host_that_is_there_and_busy_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
