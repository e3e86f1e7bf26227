/* How answers are printed: nothing that comes from outside steers the terminal, and columns line up. */
#include "cli/print.h"

#include "base/arena.h"
#include "cli/grid.h"
#include "cli/run_files.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
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

#define CLEAN(text) print_clean(arena, (text), sizeof(text) - 1)

static void control_characters_are_written_out(void **state)
{
	(void)state;
	assert_string_equal(CLEAN("a\033[31mb"), "a\\x1b[31mb");
	assert_string_equal(CLEAN("a\nb\tc\rd"), "a\\nb\\tc\\x0dd");
	assert_string_equal(CLEAN("\x7f"), "\\x7f");
	assert_string_equal(CLEAN("a\0b"), "a\\x00b");
	assert_string_equal(CLEAN("\xc2\x9b"
				  "31m"),
			    "\\xc2\\x9b31m");
	assert_string_equal(CLEAN("\xe2\x80\xae"
				  "txt"),
			    "\\xe2\\x80\\xaetxt");
}

static void other_characters_stay(void **state)
{
	(void)state;
	assert_string_equal(CLEAN("Grüße, 10 € – 日本 \\"), "Grüße, 10 € – 日本 \\");
	assert_string_equal(CLEAN("\xff\xc3"), "\\xff\\xc3");
}

static void logs_keep_their_lines(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	print_clean_lines(to, "a\tb\nc\033\n", 7);
	fclose(to);
	assert_string_equal(text, "a\tb\nc\\x1b\n");
	free(text);
}

static void columns_line_up_and_nothing_follows_the_last(void **state)
{
	static const char *const heads[] = {"A", "LONG", "C", NULL};
	struct grid grid;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	(void)state;
	grid_init(&grid, arena, heads);
	grid_add(&grid, "größer");
	grid_add(&grid, NULL);
	grid_add(&grid, "x");
	grid_add(&grid, "b");
	grid_add(&grid, "");
	grid_add(&grid, "yy");
	grid_print(&grid, to);
	grid_clear(&grid);
	fclose(to);
	assert_string_equal(text, "A       LONG  C\n"
				  "größer  -     x\n"
				  "b       -     yy\n");
	free(text);
}

static void a_narrow_terminal_gets_rows_of_several_lines(void **state)
{
	static const char *const heads[] = {"RUN", "STATE", "REQUESTED", "WHY", NULL};
	struct grid grid;
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);

	(void)state;
	grid_init(&grid, arena, heads);
	grid_add(&grid, "#1");
	grid_add(&grid, "failed");
	grid_add(&grid, "2026-11-21 23:31:52");
	grid_add(&grid, "FlowFailed: größer than all that was asked for");
	grid_add(&grid, "#2");
	grid_add(&grid, "succeeded");
	grid_add(&grid, "2026-11-21 23:31:53");
	grid_add(&grid, "-");
	grid_print_within(&grid, to, 40);
	fputs("\n", to);
	grid_print_within(&grid, to, 66);
	grid_clear(&grid);
	fclose(to);
	assert_string_equal(text, "RUN  STATE      REQUESTED\n"
				  "    WHY\n"
				  "#1   failed     2026-11-21 23:31:52\n"
				  "    FlowFailed: größer than all that was\n"
				  "    asked for\n"
				  "#2   succeeded  2026-11-21 23:31:53\n"
				  "    -\n"
				  "\n"
				  "RUN  STATE      REQUESTED            WHY\n"
				  "#1   failed     2026-11-21 23:31:52  FlowFailed: größer than all\n"
				  "                                     that was asked for\n"
				  "#2   succeeded  2026-11-21 23:31:53  -\n");
	free(text);
}

static void times_are_those_of_the_place(void **state)
{
	(void)state;
	setenv("TZ", "CET-1", 1);
	assert_string_equal(print_time(arena, value_make_text(arena, "2026-11-21T23:31:52.5Z", 22)),
			    "2026-11-22 00:31:52 CET");
	assert_string_equal(print_time(arena, NULL), "-");
	assert_string_equal(print_times_within(arena, "since 2026-11-21T23:31:52.5Z, by 2026-11-22T00:00:00Z."),
			    "since 2026-11-22 00:31:52 CET, by 2026-11-22 01:00:00 CET.");
	assert_string_equal(print_times_within(arena, "2026-11-21T23:31:52 2026-11-21 größer"),
			    "2026-11-21T23:31:52 2026-11-21 größer");
}

static void values_are_told_plainly(void **state)
{
	hst_value *list = value_make_list(arena), *sealed = value_make_record(arena);

	(void)state;
	value_set_text(sealed, "sealed", "find.password");
	assert_string_equal(print_value(arena, sealed), "(sealed)");
	value_set_integer(sealed, "more", 1);
	assert_string_equal(print_value(arena, sealed), "{\"sealed\":\"find.password\",\"more\":1}");
	assert_string_equal(print_value(arena, NULL), "-");
	assert_string_equal(print_value(arena, value_make_null(arena)), "-");
	assert_string_equal(print_list(arena, list), "-");
	value_append(list, value_make_text(arena, "a", 1));
	value_append(list, value_make_integer(arena, 7));
	assert_string_equal(print_list(arena, list), "a, 7");
	assert_string_equal(print_value(arena, list), "[\"a\",7]");
}

static void the_end_of_a_log_is_whole_lines(void **state)
{
	static const char log[] = "one\ntwo\nthree\n";

	(void)state;
	assert_string_equal(last_lines(log, sizeof log - 1, 2), "two\nthree\n");
	assert_string_equal(last_lines(log, sizeof log - 1, 9), log);
	assert_string_equal(last_lines("no end", 6, 1), "no end");
	assert_string_equal(last_lines("", 0, 3), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_are_written_out),
		cmocka_unit_test(other_characters_stay),
		cmocka_unit_test(logs_keep_their_lines),
		cmocka_unit_test(columns_line_up_and_nothing_follows_the_last),
		cmocka_unit_test(a_narrow_terminal_gets_rows_of_several_lines),
		cmocka_unit_test(times_are_those_of_the_place),
		cmocka_unit_test(values_are_told_plainly),
		cmocka_unit_test(the_end_of_a_log_is_whole_lines),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
