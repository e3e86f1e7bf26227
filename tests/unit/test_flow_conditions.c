/* Conditions: what holds, and what cannot be read. */
#include "flow_house.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "pure/flow/conditions.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MUTATIONS = 50000 };

static const char values[] =
	"{\"t\":{\"subject\":\"Order "
        "4711\",\"empty\":\"\",\"number\":4711,\"zero\":0.00,\"minus\":-3,\"small\":1e-9,"
	"\"ten\":\"10\",\"nine\":\"9\",\"padded\":\" "
        "10\",\"yes\":true,\"no\":false,\"said_yes\":\"yes\",\"said_no\":\"no\","
	"\"said_zero\":\"0\",\"null\":null,\"list\":[\"a\",\"b\",3],\"none\":[],\"record\":{\"x\":1,\"y\":"
        "\"2\"},"
	"\"same\":{\"x\":1.0,\"y\":\"2\"},\"hollow\":{},\"date\":\"2026-03-01\",\"long\":"
        "12345678901234567890.1,"
	"\"longer\":12345678901234567890.2}}";

static const struct flow_condition *parse(hst_arena *arena, const char *text, struct problems *problems)
{
	return flow_condition_parse(arena, "test.ini", 9, text, problems);
}

struct truth {
	const char *condition;
	bool holds;
};

static void are_true_or_false(const struct truth *table, size_t n)
{
	hst_arena *arena = arena_new();
	struct house_scope scope;
	struct problems problems;

	problems_init(&problems);
	house_scope_init(&scope, values);
	for (size_t i = 0; i < n; i++) {
		const struct flow_condition *condition = parse(arena, table[i].condition, &problems);

		house_no_problems(&problems);
		if (flow_condition_holds(condition, &scope.scope) != table[i].holds)
			fail_msg("%s must %shold", table[i].condition, table[i].holds ? "" : "not ");
	}
	house_scope_clear(&scope);
	arena_free(arena);
}

#define ARE_TRUE_OR_FALSE(table) are_true_or_false(table, sizeof(table) / sizeof *(table))

static void values_alone(void **state)
{
	static const struct truth table[] = {
		{"yes", true},
		{"no", false},
		{"true", true},
		{"false", false},
		{"on", true},
		{"off", false},
		{"1", true},
		{"0", false},
		{"-0.0e5", false},
		{"0.001", true},
		{"\"x\"", true},
		{"\"\"", false},
		{"\"no\"", false},
		{"\"0\"", false},
		{"\" \"", true},
		{"${t.yes}", true},
		{"${t.no}", false},
		{"${t.said_yes}", true},
		{"${t.said_no}", false},
		{"${t.said_zero}", false},
		{"${t.number}", true},
		{"${t.zero}", false},
		{"${t.minus}", true},
		{"${t.small}", true},
		{"${t.subject}", true},
		{"${t.empty}", false},
		{"${t.list}", true},
		{"${t.none}", false},
		{"${t.record}", true},
		{"${t.hollow}", false},
		{"${t.null}", false},
		{"${t.gone}", false},
		{"${gone}", false},
		{"${t}", true},
		{"not ${gone}", true},
		{"not not ${t.yes}", true},
	};

	(void)state;
	ARE_TRUE_OR_FALSE(table);
}

static void values_beside_each_other(void **state)
{
	static const struct truth table[] = {
		/* Numbers are what they say, in whatever way they say it. */
		{"1 == 1.0", true},
		{"10e-1 == 1", true},
		{"0.1 == 1e-1", true},
		{"-0 == 0", true},
		{"100 == 1e+2", true},
		{"100 == 1E+2", true},
		{"9 < 10", true},
		{"-9 < -10", false},
		{"-1 < 0.5", true},
		{"2 <= 2.0", true},
		{"2 >= 2.1", false},
		{"1e999999999 > 1e999999998", true},
		{"${t.long} < ${t.longer}", true},
		{"${t.long} == ${t.longer}", false},
		{"${t.long} == 12345678901234567890.10", true},
		{"${t.small} > 0", true},
		/* A text that reads as a number is one beside a number, and stays text beside a text. */
		{"${t.ten} > 9", true},
		{"${t.ten} > ${t.nine}", false},
		{"${t.ten} == 10.0", true},
		{"${t.ten} == \"10.0\"", false},
		{"${t.padded} == 10", false},
		{"${t.subject} > 5", true},
		{"\"4711\" == ${t.number}", true},
		{"\"Order\" == 5", false},
		{"\"Order\" != 5", true},
		/* Text goes by its bytes. */
		{"\"a\" < \"b\"", true},
		{"\"a\" < \"B\"", false},
		{"\"a\" < \"aa\"", true},
		{"\"\" < \"a\"", true},
		{"'it is \"so\"' == ${t.subject}", false},
		{"\"it's\" == \"it's\"", true},
		{"${t.subject} == 'Order 4711'", true},
		{"${t.date} < \"2026-10-01\"", true},
		{"\"C:\\new\" == 'C:\\new'", true},
		{"\"$${x}\" == '$${x}'", true},
		{"\"$${\" contains \"$\" and not \"$${\" contains \"$$\"", true},
		/* yes and no. */
		{"${t.yes} == yes", true},
		{"${t.yes} == true", true},
		{"${t.yes} == \"yes\"", true},
		{"${t.said_yes} == yes", true},
		{"${t.said_yes} == \"yes\"", true},
		{"${t.said_yes} == no", false},
		{"${t.yes} != no", true},
		{"${t.yes} == 1", false},
		{"${t.yes} < 2", false},
		{"${t.subject} == yes", false},
		/* Absent equals the word alone, and null is absent. */
		{"${gone.x} == absent", true},
		{"${gone.x} != absent", false},
		{"${t.null} == absent", true},
		{"${t.empty} == absent", false},
		{"${t.empty} != absent", true},
		{"absent == ${gone}", true},
		{"absent == absent", true},
		{"absent != absent", false},
		{"${gone.x} == ${gone.x}", false},
		{"${gone.x} != ${gone.x}", false},
		{"${gone.x} == \"\"", false},
		{"${gone.x} != \"\"", false},
		{"\"x\" != ${gone.x}", false},
		{"${gone.x} < 5", false},
		{"5 >= ${gone.x}", false},
		{"${gone.x} contains \"\"", false},
		{"${t.list} contains ${gone.x}", false},
		/* contains */
		{"${t.subject} contains \"4711\"", true},
		{"${t.subject} contains 4711", true},
		{"${t.subject} contains \"order\"", false},
		{"${t.subject} contains \"\"", true},
		{"${t.number} contains 71", true},
		{"${t.list} contains \"a\"", true},
		{"${t.list} contains 3.0", true},
		{"${t.list} contains \"3\"", true},
		{"${t.list} contains \"c\"", false},
		{"${t.record} contains \"x\"", true},
		{"${t.record} contains \"z\"", false},
		{"${t.yes} contains \"t\"", false},
		{"${t.subject} contains ${t.list}", false},
		/* Lists and records. */
		{"${t.list} == ${t.list}", true},
		{"${t.list} == ${t.none}", false},
		{"${t.list} != \"a\"", true},
		{"${t.list} < ${t.none}", false},
		{"${t.record} == ${t.same}", true},
		{"${t.record} == ${t.hollow}", false},
		{"${t.hollow} == ${t.none}", false},
	};

	(void)state;
	ARE_TRUE_OR_FALSE(table);
}

static void words_between(void **state)
{
	static const struct truth table[] = {
		{"yes and yes", true},
		{"yes and no", false},
		{"no or yes", true},
		{"no or no", false},
		{"yes or yes and no", true},
		{"(yes or yes) and no", false},
		{"no and no or yes", true},
		{"no and (no or yes)", false},
		{"not no and no", false},
		{"not (no and no)", true},
		{"not no or yes", true},
		{"not(yes)or(yes)", true},
		{"not 1 == 2", true},
		{"not not not yes", false},
		{"1==1 and(2==2)", true},
		{"${t.yes}and${t.no}", false},
		{"\n  1 < 2\n\tand\n  2 < 3  ", true},
		{"((((1 == 1))))", true},
		{"no or no or no or yes", true},
		{"yes and yes and yes and no", false},
		{"1 < 2 and not (2 < 1 or \"and\" == \"or\") and ${t.subject} contains 'Order'", true},
	};

	(void)state;
	ARE_TRUE_OR_FALSE(table);
}

/* Every formula of three truths is worked out with C's own operators beside the condition's. */
static void words_bind_as_in_c(void **state)
{
	static const char *const words[] = {"no", "yes"};
	hst_arena *arena = arena_new();
	struct house_scope scope;
	struct problems problems;

	(void)state;
	problems_init(&problems);
	house_scope_init(&scope, "{}");
	for (unsigned bits = 0; bits < 64; bits++) {
		bool a = bits & 1, b = bits & 2, c = bits & 4, first_or = bits & 8, second_or = bits & 16,
		     turned = bits & 32;
		bool left = turned ? !a : a, expected;
		const struct flow_condition *condition;
		char text[64];

		if (first_or)
			expected = second_or ? left || b || c : left || (b && c);
		else
			expected = second_or ? (left && b) || c : left && b && c;
		snprintf(text, sizeof text, "%s%s %s %s %s %s", turned ? "not " : "", words[a],
		         first_or ? "or" : "and", words[b], second_or ? "or" : "and", words[c]);
		condition = parse(arena, text, &problems);
		assert_non_null(condition);
		if (flow_condition_holds(condition, &scope.scope) != expected)
			fail_msg("%s", text);
	}
	house_scope_clear(&scope);
	arena_free(arena);
}

static void what_cannot_be_read_is_said(void **state)
{
	static const char expected_value[] =
		"a value is a ${TOKEN}, a \"text\" in quotes, a number, yes, no or absent";
	static const char *const table[][2] = {
		{"", "a value was expected, but it ends there"},
		{"  \n ", "a value was expected, but it ends there"},
		{"1 ==", "a value was expected, but it ends there"},
		{"1 and", "a value was expected, but it ends there"},
		{"not", "a value was expected, but it ends there"},
		{"(1", "\"and\", \"or\" or \")\" was expected, but it ends there"},
		{"(1 2", "\"and\", \"or\" or \")\" was expected, got \"2\""},
		{"1)", "\"and\", \"or\" or the end was expected, got \")\""},
		{"1 < 2 < 3", "\"and\", \"or\" or the end was expected, got \"< 3\""},
		{"() == 1", "a value was expected, got \") == 1\""},
		{"== 1", "a value was expected, got \"== 1\"; equal is written \"==\""},
		{"or 1", "a value was expected, got \"or 1\""},
		{"1 == == 2", "a value was expected, got \"== 2\"; equal is written \"==\""},
		{"1 = 2", "\"and\", \"or\" or the end was expected, got \"= 2\"; equal is written \"==\""},
		{"1 && 2", "\"and\", \"or\" or the end was expected, got \"&& 2\"; write \"and\""},
		{"1 || 2", "\"and\", \"or\" or the end was expected, got \"|| 2\"; write \"or\""},
		{"!1", "a value was expected, got \"!1\"; write \"not\", or \"!=\" between two values"},
		{"1 AND 2",
	         "\"and\", \"or\" or the end was expected, got \"AND 2\"; write \"and\" in lower case"},
		{"${t.a} == urgent", "VALUE, got \"urgent\""},
		{"${t.a} == Straße", "VALUE, got \"Straße\""},
		{"1.", "VALUE, got \"1.\""},
		{"01", "VALUE, got \"01\""},
		{"1e", "VALUE, got \"1e\""},
		{"1==1and 2==2", "VALUE, got \"1and 2==2\""},
		{"1e+", "VALUE, got \"1e+\""},
		{"+1", "a value was expected, got \"+1\""},
		{"--1", "VALUE, got \"--1\""},
		{"\"open", "a text has no closing quote, got \"\"open\""},
		{"'open\"", "a text has no closing quote, got \"'open\"\""},
		{"\"${t.a}\" == 1",
	         "a token stands alone, as in ${find.row} == \"text\", not within quotes, got "
	         "\"\"${t.a}\" == 1\""},
		{"absent", "absent is compared with == or != alone, got \"absent\""},
		{"${t.a} < absent", "absent is compared with == or != alone, got \"${t.a} < absent\""},
		{"${t.a} contains absent",
	         "absent is compared with == or != alone, got \"${t.a} contains absent\""},
		{"1 == 1\nand\nnonsense here\nor", "VALUE, got \"nonsense here\""},
	};
	hst_arena *arena = arena_new();
	struct problems problems;

	(void)state;
	problems_init(&problems);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const char *rest = table[i][1];
		bool value = strncmp(rest, "VALUE", 5) == 0;
		char expected[400];

		assert_null(parse(arena, table[i][0], &problems));
		snprintf(expected, sizeof expected, "test.ini:9: error: when: %s%s\n",
		         value ? expected_value : "", rest + (value ? 5 : 0));
		house_problems_are(&problems, expected);
	}
	assert_null(parse(arena, "${t.} == 1", &problems));
	house_problems_are(&problems,
	                   "test.ini:9: error: \"${t.}\" has an empty name in it: write ${STEP.OUTPUT}\n");
	arena_free(arena);
}

/* `times` copies of `front`, the middle, and as many of `back`. */
static char *nested(int times, const char *front, const char *middle, const char *back)
{
	struct text text;

	text_init(&text, 1 << 20);
	for (int i = 0; i < times; i++)
		text_add(&text, front);
	text_add(&text, middle);
	for (int i = 0; i < times; i++)
		text_add(&text, back);
	return text_take(&text);
}

static void conditions_have_ceilings(void **state)
{
	static const struct {
		int times;
		const char *front, *middle, *back;
		const char *problem; /* the start of it, or NULL: it is true */
	} table[] = {
		{32, "(", "yes", ")", NULL},
		{33, "(", "yes", ")", "when: parentheses are more than 32 deep"},
		/* The most truths that can wait for each other. */
		{32, "no or yes and (", "yes", ")", NULL},
		{32, "not (", "yes", ")", NULL},
		{9000, "not not ", "yes", "", NULL},
		{20000, "(", "yes", ")", "when: parentheses are more than 32 deep"},
		{400, "yes and ", "yes", "", NULL},
		{600, "yes and ", "yes", "", "when: there are more than 1000 parts"},
		{99, "${t.yes} and ", "${t.yes}", "", NULL},
		{100, "${t.yes} and ", "${t.yes}", "", "when: there are more than 100 tokens"},
	};
	struct house_scope scope;
	struct problems problems;
	hst_arena *arena = arena_new();

	(void)state;
	problems_init(&problems);
	house_scope_init(&scope, values);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char *text = nested(table[i].times, table[i].front, table[i].middle, table[i].back);
		const struct flow_condition *condition = parse(arena, text, &problems);

		if (table[i].problem) {
			assert_null(condition);
			assert_int_equal(problems.n, 1);
			if (strncmp(problems.at[0].text, table[i].problem, strlen(table[i].problem)) != 0)
				fail_msg("%s", problems.at[0].text);
			problems_clear(&problems);
		} else {
			house_no_problems(&problems);
			assert_true(flow_condition_holds(condition, &scope.scope));
		}
		free(text);
	}
	house_scope_clear(&scope);
	arena_free(arena);
}

static void collect(void *arg, const struct flow_token *token)
{
	struct text *text = arg;

	text_addf(text, "%s ", token->text);
}

static void every_token_is_visited(void **state)
{
	hst_arena *arena = arena_new();
	struct problems problems;
	struct text seen;

	(void)state;
	problems_init(&problems);
	text_init(&seen, 1000);
	flow_condition_tokens(parse(arena, "${a} and (\"x\" == ${b.c} or not ${d.0} < ${e})", &problems),
	                      collect, &seen);
	house_no_problems(&problems);
	assert_string_equal(seen.s, "${a} ${b.c} ${d.0} ${e} ");
	text_clear(&seen);
	arena_free(arena);
}

static void mutated_conditions_are_read_or_refused(void **state)
{
	static const char *const seeds[] = {
		"${t.subject} contains \"4711\" and not ${t.no}",
		"(${t.number} >= 4.7e3 or ${gone.x} == absent) and yes",
		"not (1 < 2 and (2 < 3 or no))",
		"'it' != \"is\" or ${t.list} contains ${t.ten}",
		"${t.record} == ${t.same}",
		"${t.rows.0.x} <= -0.5",
	};
	static const char *const words[] = {
		"(", ")",         " and ", " or ", " not ", "==",     "<", " contains ", "\"",
		"'", "${t.list}", "${",    "}",    "1e9",   "absent", "-", " ",          "\n"};
	struct house_chance chance;
	struct house_scope scope;
	struct problems problems;
	hst_arena *arena = arena_new();
	int good = 0, held = 0;

	(void)state;
	house_chance_init(&chance, "conditions");
	house_scope_init(&scope, values);
	problems_init(&problems);
	for (int i = 0; i < MUTATIONS; i++) {
		char *text = house_mutated(&chance, seeds, sizeof seeds / sizeof *seeds, words,
		                           sizeof words / sizeof *words);
		const struct flow_condition *condition = parse(arena, text, &problems);

		assert_int_equal(problems.n, condition ? 0 : 1);
		if (condition) {
			bool holds = flow_condition_holds(condition, &scope.scope);
			char *turned = mem_printf("not (%s) or no", text);
			const struct flow_condition *contrary = parse(arena, turned, &problems);

			/* Its contrary is a condition too, and holds when it does not. */
			if (!contrary || flow_condition_holds(contrary, &scope.scope) == holds)
				fail_msg("%s", text);
			free(turned);
			good++;
			held += holds;
		}
		problems_clear(&problems);
		free(text);
		arena_reset(arena);
	}
	/* All outcomes have been tried often. */
	assert_in_range(good, MUTATIONS / 20, MUTATIONS * 19 / 20);
	assert_in_range(held, good / 20, good * 19 / 20);
	house_scope_clear(&scope);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_alone),
		cmocka_unit_test(values_beside_each_other),
		cmocka_unit_test(words_between),
		cmocka_unit_test(words_bind_as_in_c),
		cmocka_unit_test(what_cannot_be_read_is_said),
		cmocka_unit_test(conditions_have_ceilings),
		cmocka_unit_test(every_token_is_visited),
		cmocka_unit_test(mutated_conditions_are_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
