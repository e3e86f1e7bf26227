/* The file by which hostlerd says how its children stand, as others read it. */
#include "config/standing.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static hst_arena *arena;

static int make(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void children_are_read_with_their_last_words(void **state)
{
	static const char text[] = "engine ready 12 1700000000 0\n"
				   "worker/connector/orders#2 degraded 0 1700000100 4\n"
				   "\texit status 3\n"
				   "\tabout to die\n"
				   "\tthe disk is full\n"
				   "worker/trigger/slow ready 14 1700000150 1\n"
				   "\tkilled at 2026-11-21T23:31:52Z: it had said nothing for 60 s\n"
				   "gateway/desk backoff 0 1700000200 1\n"
				   "\tsignal 9\n";
	const struct standing *standings, *one;
	size_t n = standing_parse(arena, text, &standings);

	(void)state;
	assert_int_equal(n, 4);
	one = standing_of(standings, n, "worker/trigger/slow");
	assert_string_equal(one->hung, "killed at 2026-11-21T23:31:52Z: it had said nothing for 60 s");
	assert_null(one->ended);
	one = standing_of(standings, n, "engine");
	assert_string_equal(one->state, "ready");
	assert_int_equal(one->pid, 12);
	assert_int_equal(one->since_us, INT64_C(1700000000000000));
	assert_null(one->ended);
	one = standing_of(standings, n, "worker/connector/orders#2");
	assert_string_equal(one->state, "degraded");
	assert_int_equal(one->restarts, 4);
	assert_string_equal(one->ended, "exit status 3");
	assert_string_equal(one->last_words, "about to die\nthe disk is full\n");
	assert_string_equal(standing_complaint(arena, one), "the disk is full");
	one = standing_of(standings, n, "gateway/desk");
	assert_null(standing_complaint(arena, one));
	assert_string_equal(one->ended, "signal 9");
	assert_null(one->last_words);
	assert_null(standing_of(standings, n, "worker"));
}

static void what_is_no_child_is_left_out(void **state)
{
	const struct standing *standings;

	(void)state;
	assert_int_equal(standing_parse(arena, "", &standings), 0);
	assert_int_equal(standing_parse(arena, "\tstray\n\nengine\nengine ready x 1 1\nengine ready 1 -5 1\n", &standings), 0);
	assert_int_equal(standing_parse(arena, "engine ready 1 99999999999999999999 1\nengine ready 1 5 1 and more\n", &standings),
			 1);
	assert_int_equal(standings[0].since_us, 5000000);
}

static void without_the_file_nobody_runs(void **state)
{
	const struct standing *standings;
	hst_error err = {0};
	size_t n = 7;

	(void)state;
	assert_int_equal(standing_read(arena, "/nonexistent", &standings, &n, &err), HST_NOT_FOUND);
	assert_int_equal(n, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(children_are_read_with_their_last_words, make, unmake),
		cmocka_unit_test_setup_teardown(what_is_no_child_is_left_out, make, unmake),
		cmocka_unit_test_setup_teardown(without_the_file_nobody_runs, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
