/* Flows run by the machine alone: this test plays the house, step by step. */
#include "flow_house.h"

#include "pure/flow/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 4 };

/* The third step depends on what the second said, the fourth on whether the third ran. */
static const char text[] = "[flow]\nname = four\n"
			   "[step a]\nuse = connector:x.y\n"
			   "[step b]\nuse = connector:x.y\nwhen = ${trigger.go}\n"
			   "[step c]\nuse = connector:x.y\nwhen = ${b.found} == yes\n"
			   "[step d]\nuse = connector:x.y\nwhen = ${c.id} != absent\n";

static struct flow *four_steps(void)
{
	struct problems problems;
	struct flow *flow;

	problems_init(&problems);
	flow = house_flow(text, &problems);
	house_no_problems(&problems);
	assert_non_null(flow);
	return flow;
}

static enum flow_standing standing_of(char letter)
{
	static const char letters[] = "wask!";
	const char *at = strchr(letters, letter);

	assert_non_null(at);
	return (enum flow_standing)(at - letters);
}

struct wanted {
	const char *standing; /* w waiting, a active, s succeeded, k skipped, ! failed */
	const char *scope;
	enum flow_next next;
	size_t step;
};

static void next_is_what_the_table_says(void **state)
{
	static const struct wanted table[] = {
		{"wwww", "{}", FLOW_NEXT_START, 0},
		{"awww", "{}", FLOW_NEXT_NOTHING, 99},
		{"!www", "{}", FLOW_NEXT_FAIL, 0},
		{"swww", "{\"trigger\":{\"go\":true}}", FLOW_NEXT_START, 1},
		{"swww", "{\"trigger\":{\"go\":false}}", FLOW_NEXT_SKIP, 1},
		{"swww", "{\"trigger\":{}}", FLOW_NEXT_SKIP, 1},
		{"swww", "{}", FLOW_NEXT_SKIP, 1},
		{"saww", "{}", FLOW_NEXT_NOTHING, 99},
		{"s!ww", "{}", FLOW_NEXT_FAIL, 1},
		{"sksk", "{}", FLOW_NEXT_SUCCEED, 99},
		{"skww", "{}", FLOW_NEXT_SKIP, 2},
		{"ssww", "{\"b\":{\"found\":true}}", FLOW_NEXT_START, 2},
		{"ssww", "{\"b\":{\"found\":false}}", FLOW_NEXT_SKIP, 2},
		{"skkw", "{}", FLOW_NEXT_SKIP, 3},
		{"sssw", "{\"c\":{\"id\":\"1\"}}", FLOW_NEXT_START, 3},
		{"ssss", "{}", FLOW_NEXT_SUCCEED, 99},
		{"kkkk", "{}", FLOW_NEXT_SUCCEED, 99},
		{"sss!", "{}", FLOW_NEXT_FAIL, 3},
	};
	struct flow *flow = four_steps();

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const struct wanted *row = &table[i];
		enum flow_standing standing[STEPS];
		struct house_scope scope;
		size_t step = 99;

		for (size_t at = 0; at < STEPS; at++)
			standing[at] = standing_of(row->standing[at]);
		house_scope_init(&scope, row->scope);
		if (flow_machine_next(flow, standing, &scope.scope, &step) != row->next || step != row->step)
			fail_msg("row %zu: %s with %s", i, row->standing, row->scope);
		house_scope_clear(&scope);
	}
	flow_free(flow);
}

/*
 * Runs the flow to its end; step `failing` fails. Writes what happened as letters, "AAbB…": started, skipped.
 */
static enum flow_next run(const struct flow *flow, const char *json, int failing, char trace[2 * STEPS + 1])
{
	enum flow_standing standing[STEPS] = {0};
	struct house_scope scope;
	size_t length = 0;

	house_scope_init(&scope, json);
	for (int turn = 0; turn < 3 * STEPS; turn++) {
		size_t step = STEPS;
		enum flow_next next = flow_machine_next(flow, standing, &scope.scope, &step);

		switch (next) {
		case FLOW_NEXT_START:
			assert_int_equal(standing[step], FLOW_STEP_WAITING);
			standing[step] = FLOW_STEP_ACTIVE;
			trace[length++] = (char)('A' + step);
			break;
		case FLOW_NEXT_SKIP:
			assert_int_equal(standing[step], FLOW_STEP_WAITING);
			standing[step] = FLOW_STEP_SKIPPED;
			trace[length++] = (char)('a' + step);
			break;
		case FLOW_NEXT_NOTHING:
			/* Exactly one step is active, and it ends now. */
			for (step = 0; standing[step] != FLOW_STEP_ACTIVE; step++)
				assert_true(step < STEPS);
			standing[step] = (int)step == failing ? FLOW_STEP_FAILED : FLOW_STEP_SUCCEEDED;
			break;
		default:
			trace[length] = '\0';
			house_scope_clear(&scope);
			return next;
		}
	}
	fail_msg("the run does not end");
	return FLOW_NEXT_NOTHING;
}

static void a_run_goes_through_all_steps(void **state)
{
	static const struct {
		const char *scope;
		int failing;
		enum flow_next end;
		const char *trace;
	} table[] = {
		{"{\"trigger\":{\"go\":1},\"b\":{\"found\":true},\"c\":{\"id\":\"7\"}}", -1,
	         FLOW_NEXT_SUCCEED, "ABCD"},
		{"{\"trigger\":{\"go\":0}}", -1, FLOW_NEXT_SUCCEED, "Abcd"},
		{"{\"trigger\":{\"go\":1},\"b\":{\"found\":false}}", -1, FLOW_NEXT_SUCCEED, "ABcd"},
		{"{\"trigger\":{\"go\":1},\"b\":{\"found\":true},\"c\":{}}", -1, FLOW_NEXT_SUCCEED, "ABCd"},
		{"{}", 0, FLOW_NEXT_FAIL, "A"},
		{"{\"trigger\":{\"go\":1}}", 1, FLOW_NEXT_FAIL, "AB"},
		{"{\"trigger\":{\"go\":1},\"b\":{\"found\":true},\"c\":{\"id\":\"7\"}}", 3, FLOW_NEXT_FAIL,
	         "ABCD"},
	};
	struct flow *flow = four_steps();

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char trace[2 * STEPS + 1];

		assert_int_equal(run(flow, table[i].scope, table[i].failing, trace), table[i].end);
		assert_string_equal(trace, table[i].trace);
	}
	flow_free(flow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_is_what_the_table_says),
		cmocka_unit_test(a_run_goes_through_all_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
