/* Which word somebody meant, and the problems that say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "schema/problems.h"
#include "schema/section.h"

#include <string.h>

static const char *const known[] = {"listen", "state_dir", "flows", "may", "to", "input.", NULL};

static void a_slip_finds_its_word(void **state)
{
	static const char *const slips[][2] = {
		{"lisen", "listen"},	   {"listne", "listen"},
		{"listens", "listen"},	   {"state-dir", "state_dir"},
		{"statedir", "state_dir"}, {"flow", "flows"},
		{"mayy", "may"},	   {"inptu.file", "input."},
		{"inputs.file", "input."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
		const char *near = nearest_word(known, slips[i][0]);

		assert_non_null(near);
		assert_string_equal(near, slips[i][1]);
	}
}

static void a_word_of_its_own_finds_none(void **state)
{
	static const char *const words[] = {
		"",	     "x",
		"password",  "run",
		"ot",	     "la",
		"zzzzzzzzz", "a-word-that-is-much-longer-than-any-word-that-somebody-could-have-meant"};

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		assert_null(nearest_word(known, words[i]));
}

static void problems_come_in_the_order_of_file_and_line(void **state)
{
	static const char *const expected[] = {"error: first", "a.ini:2: error: second",
					       "a.ini:7: error: third", "a.ini:7: error: fourth",
					       "b.ini: error: fifth"};
	struct problems problems;

	(void)state;
	problems_init(&problems);
	problems_add(&problems, "b.ini", 0, "fifth");
	problems_add(&problems, "a.ini", 7, "third");
	problems_add(&problems, "a.ini", 7, "%s", "fourth");
	problems_add(&problems, NULL, 0, "first");
	problems_add(&problems, "a.ini", 2, "second");
	problems_sort(&problems);
	assert_int_equal(problems.n, 5);
	for (size_t i = 0; i < problems.n; i++) {
		char *line = problem_line(&problems.at[i]);

		assert_string_equal(line, expected[i]);
		free(line);
	}
	problems_clear(&problems);
	assert_int_equal(problems.n, 0);
}

static void beyond_200_problems_are_counted_only(void **state)
{
	struct problems problems;

	(void)state;
	problems_init(&problems);
	for (int i = 0; i < 250; i++)
		problems_add(&problems, "a.ini", i, "x");
	assert_int_equal(problems.n, 200);
	assert_int_equal(problems.dropped, 50);
	problems_clear(&problems);
}

static void a_problem_cannot_steer_the_terminal(void **state)
{
	struct problems problems;

	(void)state;
	problems_init(&problems);
	problems_add(&problems, "a.ini", 1, "got \"%s\"", "\033[2Jx\ny");
	assert_string_equal(problems.at[0].text, "got \"?[2Jx y\"");
	problems_clear(&problems);
}

static void keys_left_over_are_refused_but_for_known_prefixes(void **state)
{
	char kind[] = "step", name[] = "find", file[] = "f.ini";
	char given[][12] = {"use", "inptu", "input.a", "input.", "zzzzzzzz"};
	struct section_key keys[5] = {0};
	struct section section = {
		.file = file, .line = 1, .kind = kind, .name = name, .keys = keys, .key_count = 5};
	const char *const words[] = {"use", "input.", NULL};
	struct problems problems;

	(void)state;
	for (int i = 0; i < 5; i++) {
		keys[i].name = given[i];
		keys[i].line = i + 2;
	}
	assert_ptr_equal(section_take(&section, "use"), &keys[0]);
	assert_null(section_take(&section, "mode"));
	problems_init(&problems);
	section_refuse_rest(&section, words, &problems);
	assert_int_equal(problems.n, 3);
	assert_int_equal(problems.at[0].line, 3);
	assert_non_null(strstr(problems.at[0].text,
			       "unknown key \"inptu\" in [step find]; did you mean \"input.\"?"));
	assert_int_equal(problems.at[1].line, 5);
	assert_non_null(strstr(problems.at[2].text, "known are: use input."));
	problems_clear(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slip_finds_its_word),
		cmocka_unit_test(a_word_of_its_own_finds_none),
		cmocka_unit_test(problems_come_in_the_order_of_file_and_line),
		cmocka_unit_test(beyond_200_problems_are_counted_only),
		cmocka_unit_test(a_problem_cannot_steer_the_terminal),
		cmocka_unit_test(keys_left_over_are_refused_but_for_known_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
