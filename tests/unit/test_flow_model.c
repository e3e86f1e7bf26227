/*
 * Flows as their authors write them: what is read out of a file, what is refused, and that the documents say
 * the same.
 */
#include "flow_house.h"

#include "base/mem.h"
#include "base/text.h"
#include "pure/flow/conditions.h"
#include "pure/flow/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLOW "[flow]\nname = f\n"
#define STEP "[step s]\nuse = connector:x.y\n"

static void everything_an_author_wrote_is_there(void **state)
{
	char *text = house_file("tests/fixtures/flows/full.ini");
	struct problems problems;
	struct flow *flow;
	const struct flow_step *step;

	(void)state;
	problems_init(&problems);
	flow = house_flow(text, &problems);
	house_no_problems(&problems);
	assert_non_null(flow);

	assert_string_equal(flow->file, "test.ini");
	assert_string_equal(flow->name, "enter-invoice");
	assert_string_equal(flow->summary, "Types each mailed invoice into the ledger");
	assert_int_equal(flow->on_count, 2);
	assert_string_equal(flow->on[0], "inbox");
	assert_string_equal(flow->on[1], "pay");
	assert_int_equal(flow->on_line, 5);
	assert_string_equal(flow->label.text, "${trigger.subject}");
	assert_int_equal(flow->label.part_count, 1);
	assert_int_equal(flow->concurrency, 25);
	assert_int_equal(flow->line, 2);
	assert_int_equal(flow->text_length, strlen(text));
	assert_string_equal(flow->text, text);
	assert_string_equal(flow->digest, "");
	assert_int_equal(flow->step_count, 4);

	step = &flow->steps[0];
	assert_string_equal(step->name, "find");
	assert_int_equal(step->use, FLOW_USE_CONNECTOR);
	assert_string_equal(step->use_text, "connector:orders.read_row");
	assert_string_equal(step->target, "orders");
	assert_string_equal(step->action, "read_row");
	assert_null(step->when);
	assert_null(step->connection);
	assert_int_equal(step->timeout.ms, 90000);
	assert_int_equal(step->line, 9);
	assert_int_equal(step->use_line, 10);
	assert_int_equal(step->mode_line, 0);
	assert_int_equal(step->input_count, 3);
	assert_string_equal(step->inputs[1].name, "where");
	assert_string_equal(step->inputs[1].value.text, "number");
	assert_int_equal(step->inputs[1].line, 13);
	assert_string_equal(step->inputs[2].value.parts[0].token.source, "trigger");
	assert_string_equal(step->inputs[2].value.parts[0].token.path[0], "subject");

	step = &flow->steps[1];
	assert_int_equal(step->use, FLOW_USE_DESKTOP);
	assert_string_equal(step->target, "enter-invoice");
	assert_null(step->action);
	assert_string_equal(step->connection, "finance-bot");
	assert_false(step->attended);
	assert_true(step->high);
	assert_int_equal(step->timeout.ms, 26 * 3600000);
	assert_int_equal(step->queue_timeout.ms, 2 * 86400000);
	assert_int_equal(step->on_lost, FLOW_LOST_AGAIN);
	assert_int_equal(step->mode_line, 19);

	step = &flow->steps[2];
	assert_non_null(step->when);
	assert_int_equal(step->when_line, 28);
	assert_string_equal(step->inputs[1].value.text, "Entered as ${enter.confirmation}.\n\nYours");
	assert_int_equal(step->inputs[1].value.part_count, 3);

	assert_int_equal(flow_step_named(flow, "enter"), 1);
	assert_int_equal(flow_step_named(flow, "trigger"), -1);
	flow_free(flow);
	flow_free(NULL);
	free(text);
}

static void defaults_are_plain(void **state)
{
	struct problems problems;
	struct flow *flow;

	(void)state;
	problems_init(&problems);
	flow = house_flow(FLOW "on =\n[step s]\nuse = desktop:p\nmode = attended\n", &problems);
	house_no_problems(&problems);
	assert_int_equal(flow->on_count, 0);
	assert_int_equal(flow->concurrency, 0);
	assert_int_equal(flow->label.part_count, 0);
	assert_string_equal(flow->label.text, "");
	assert_null(flow->summary);
	assert_true(flow->steps[0].attended);
	assert_false(flow->steps[0].high);
	assert_int_equal(flow->steps[0].on_lost, FLOW_LOST_ASK);
	assert_int_equal(flow->steps[0].timeout.ms, 0);
	assert_int_equal(flow->steps[0].input_count, 0);
	flow_free(flow);
}

static void instances_may_have_dots_in_their_names(void **state)
{
	struct problems problems;
	struct flow *flow;

	(void)state;
	problems_init(&problems);
	flow = house_flow(FLOW "on = post.in\n[step s]\nuse = connector:orders.old.read_row\n", &problems);
	house_no_problems(&problems);
	assert_string_equal(flow->on[0], "post.in");
	assert_string_equal(flow->steps[0].target, "orders.old");
	assert_string_equal(flow->steps[0].action, "read_row");
	flow_free(flow);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	static const char *const table[][2] = {
		{"", "test.ini: error: there is no [flow] section\n"},
		{STEP, "test.ini: error: there is no [flow] section\n"},
		{FLOW, "test.ini:1: error: there is no [step NAME] section: a flow has a step at least\n"},
		{"[flow]\n" STEP,
	         "test.ini:1: error: [flow] needs the key \"name\": what the flow is called\n"},
		{"[flow x]\nname = f\n" STEP,
	         "test.ini:1: error: [flow] has no name in its brackets; write name = x\n"},
		{"[flow]\nname = F\n" STEP, "test.ini:2: error: \"F\" is no name for a flow; a name begins "
	                                    "with a lower-case letter and has up to 48 "
	                                    "of a-z, 0-9, \"_\" and \"-\"\n"},
		{FLOW "sumary = x\n" STEP,
	         "test.ini:3: error: unknown key \"sumary\" in [flow]; did you mean \"summary\"?\n"},
		{FLOW "on = a, b c\n" STEP, "test.ini:3: error: on has \"b c\" where a trigger's name is "
	                                    "expected; triggers stand with commas between "
	                                    "them\n"},
		{FLOW "on = a,\n" STEP, "test.ini:3: error: on has \"\" where a trigger's name is expected; "
	                                "triggers stand with commas between "
	                                "them\n"},
		{FLOW "on = a, b, a\n" STEP, "test.ini:3: error: on names \"a\" twice\n"},
		{FLOW "label = ${trigger\n" STEP, "test.ini:3: error: \"${trigger\" has no closing \"}\"; a "
	                                          "literal \"${\" is written \"$${\"\n"},
		{FLOW "concurrency = 0\n" STEP, "test.ini:3: error: concurrency must be a whole number from "
	                                        "1 to 10000, got \"0\"; leave it out for no "
	                                        "limit\n"},
		{FLOW "concurrency = 10001\n" STEP, "test.ini:3: error: concurrency must be a whole number "
	                                            "from 1 to 10000, got \"10001\"; leave it out for "
	                                            "no limit\n"},
		{FLOW "concurrency = 99999999999999999999999\n" STEP,
	         "test.ini:3: error: concurrency must be a whole number from 1 to 10000, got "
	         "\"99999999999999999999999\"; "
	         "leave it out for no limit\n"},
		{FLOW "concurrency = -1\n" STEP, "test.ini:3: error: concurrency must be a whole number from "
	                                         "1 to 10000, got \"-1\"; leave it out for no "
	                                         "limit\n"},
		{FLOW "[steps s]\nuse = connector:x.y\n" STEP,
	         "test.ini:3: error: a flow's file has [flow] and [step NAME], not [steps]; did you mean "
	         "\"step\"?\n"},
		{FLOW "[connector s]\n" STEP,
	         "test.ini:3: error: a flow's file has [flow] and [step NAME], not [connector]\n"},
		{FLOW "[step]\nuse = connector:x.y\n", "test.ini:3: error: \"\" is no name for a step, write "
	                                               "[step NAME]; a name begins with a lower-case letter "
	                                               "and has up to 48 of a-z, 0-9, \"_\" and \"-\"\n"},
		{FLOW "[step a.b]\nuse = connector:x.y\n",
	         "test.ini:3: error: \"a.b\" is no name for a step, write [step NAME]; a name begins with a "
	         "lower-case "
	         "letter and has up to 48 of a-z, 0-9, \"_\" and \"-\"\n"},
		{FLOW "[step trigger]\nuse = connector:x.y\n",
	         "test.ini:3: error: \"trigger\" is no name for a step: ${trigger…} stands for something "
	         "else\n"},
		{FLOW "[step run]\nuse = connector:x.y\n",
	         "test.ini:3: error: \"run\" is no name for a step: ${run…} stands for something else\n"},
		{FLOW "[step s]\nwhen = yes\n",
	         "test.ini:3: error: [step s] needs the key \"use\": what the step does\n"},
		{FLOW "[step s]\nuse = orders.read\n",
	         "test.ini:4: error: \"orders.read\" is nothing to use; write connector:INSTANCE.ACTION or "
	         "desktop:NAME\n"},
		{FLOW "[step s]\nuse = connector:orders\n", "test.ini:4: error: \"connector:orders\" names "
	                                                    "no action; write connector:INSTANCE.ACTION\n"},
		{FLOW "[step s]\nuse = connector:.read\n",
	         "test.ini:4: error: \"connector:.read\" names no action; write connector:INSTANCE.ACTION\n"},
		{FLOW "[step s]\nuse = connector:orders.\n",
	         "test.ini:4: error: \"connector:orders.\" names no action; write connector:INSTANCE.ACTION\n"},
		{FLOW "[step s]\nuse = desktop:\n",
	         "test.ini:4: error: \"desktop:\" names no desktop flow; write desktop:NAME\n"},
		{FLOW "[step s]\nuse = flow:other\n",
	         "test.ini:4: error: \"flow:\" is not in this version\n"},
		{FLOW STEP "mode = quiet\n",
	         "test.ini:5: error: mode must be unattended or attended, got \"quiet\"\n"},
		{FLOW STEP "priority = low\n",
	         "test.ini:5: error: priority must be normal or high, got \"low\"\n"},
		{FLOW STEP "on_lost = retry\n",
	         "test.ini:5: error: on_lost must be ask, fail or again, got \"retry\"\n"},
		{FLOW STEP "timeout = 5\n",
	         "test.ini:5: error: timeout must be a duration such as 90s, 30m, 3h or 2d, got \"5\"\n"},
		{FLOW STEP "queue_timeout = 0s\n",
	         "test.ini:5: error: queue_timeout must be longer than 0; leave it out for the default\n"},
		{FLOW STEP "when = ${trigger.x} ==\n",
	         "test.ini:5: error: when: a value was expected, but it ends there\n"},
		{FLOW STEP "secure_inputs = true\n",
	         "test.ini:5: error: secure_inputs must be no or yes, got \"true\"\n"},
		{FLOW STEP "input.a = ${trigger.pin}\ndeclassify.a = because so\n",
	         "test.ini:6: error: \"declassify.a\" needs a reason of 3 words or more: why may the value be "
	         "read by everybody who sees this input?\n"},
		{FLOW STEP "input.a = ${trigger.pin}\ndeclassify.b = it is printed there\n",
	         "test.ini:6: error: \"declassify.b\": step \"s\" has no input.b\n"},
		{FLOW STEP "declassify. = it is printed there\n",
	         "test.ini:5: error: \"declassify.\": step \"s\" has no input.\n"},
		{FLOW STEP "input.a = ${trigger.}\n",
	         "test.ini:5: error: \"${trigger.}\" has an empty name in it: write ${STEP.OUTPUT}\n"},
		{FLOW STEP "inputs.a = 1\n",
	         "test.ini:5: error: unknown key \"inputs.a\" in [step s]; did you mean \"input.\"?\n"},
		{FLOW STEP "wehn = yes\n",
	         "test.ini:5: error: unknown key \"wehn\" in [step s]; did you mean \"when\"?\n"},
		/* All at once, in the order of the file. */
		{"[flow]\nname = f\nconcurrency = x\n[step s]\nuse = flow:a\nretry = 3\nmode = x\n",
	         "test.ini:3: error: concurrency must be a whole number from 1 to 10000, got \"x\"; leave it "
	         "out for no "
	         "limit\n"
	         "test.ini:5: error: \"flow:\" is not in this version\n"
	         "test.ini:6: error: \"retry\" is not in this version\n"
	         "test.ini:7: error: mode must be unattended or attended, got \"x\"\n"},
	};
	struct problems problems;

	(void)state;
	problems_init(&problems);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		assert_null(house_flow(table[i][0], &problems));
		house_problems_are(&problems, table[i][1]);
	}
}

static void a_sentence_is_no_secret(void **state)
{
	struct problems problems;
	struct flow *flow;

	(void)state;
	problems_init(&problems);
	flow = house_flow(FLOW STEP "input.a = secret: tell nobody\ninput.b = no secret:x\n", &problems);
	house_no_problems(&problems);
	assert_string_equal(flow->steps[0].inputs[0].value.text, "secret: tell nobody");
	assert_null(flow->steps[0].inputs[0].secret);
	assert_null(flow->steps[0].inputs[1].secret);
	flow_free(flow);
}

static void what_is_secret_and_secure_is_read(void **state)
{
	struct problems problems;
	const struct flow_step *step;
	struct flow *flow;

	(void)state;
	problems_init(&problems);
	flow = house_flow(FLOW STEP
	                  "input.pin = secret:ledger-2\ninput.text = ${trigger.pin}\n"
	                  "declassify.text = the letter is for\n    the person alone\nsecure_inputs = no\n"
	                  "secure_outputs = yes\n",
	                  &problems);
	house_no_problems(&problems);
	step = &flow->steps[0];
	assert_string_equal(step->inputs[0].secret, "ledger-2");
	assert_string_equal(step->inputs[0].value.text, "secret:ledger-2");
	assert_int_equal(step->inputs[0].value.part_count, 0);
	assert_null(step->inputs[0].declassify);
	assert_null(step->inputs[1].secret);
	assert_string_equal(step->inputs[1].declassify, "the letter is for\nthe person alone");
	assert_int_equal(step->inputs[1].declassify_line, 7);
	assert_false(step->secure_inputs);
	assert_true(step->secure_outputs);
	flow_free(flow);
}

static void keys_of_later_versions_are_named_as_such(void **state)
{
	size_t n, later = 0;
	const struct flow_key *keys = flow_keys(&n);
	struct problems problems;

	(void)state;
	problems_init(&problems);
	for (size_t i = 0; i < n; i++) {
		bool front = keys[i].name[strlen(keys[i].name) - 1] == '.';
		char text[200], expected[200];

		if (keys[i].kind != FLOW_KEY_LATER)
			continue;
		snprintf(text, sizeof text, FLOW STEP "%s%s = 3\n", keys[i].name, front ? "x" : "");
		snprintf(expected, sizeof expected, "test.ini:5: error: \"%s%s\" is not in this version\n",
		         keys[i].name, front ? "x" : "");
		assert_null(house_flow(text, &problems));
		house_problems_are(&problems, expected);
		later++;
	}
	assert_int_equal(later, 6);
}

/*
 * A document may come from elsewhere than an .ini file, so what such a file cannot have is refused here too.
 */
static void sections_that_come_twice_are_refused(void **state)
{
	struct section_key name = {.name = (char[]){"name"}, .value = (char[]){"f"}, .line = 2};
	struct section_key use = {.name = (char[]){"use"}, .value = (char[]){"connector:x.y"}, .line = 4};
	struct section sections[] = {
		{(char[]){"f.ini"}, 1, (char[]){"flow"}, NULL, &name, 1},
		{(char[]){"f.ini"}, 3, (char[]){"step"}, (char[]){"s"}, &use, 1},
		{(char[]){"f.ini"}, 5, (char[]){"step"}, (char[]){"s"}, &use, 1},
		{(char[]){"f.ini"}, 7, (char[]){"flow"}, NULL, &name, 1},
	};
	struct document document = {(char[]){"f.ini"}, (char[]){""}, 0, sections, 4};
	struct problems problems;

	(void)state;
	problems_init(&problems);
	assert_null(flow_parse(&document, &problems));
	house_problems_are(&problems,
	                   "f.ini:5: error: step \"s\" is here twice, first in line 3\n"
	                   "f.ini:7: error: [flow] is here twice, first in line 1; one file is one flow\n");
}

static void counts_have_ceilings(void **state)
{
	struct problems problems;
	struct text text;
	struct flow *flow;

	(void)state;
	problems_init(&problems);
	text_init(&text, 1 << 20);
	text_add(&text, FLOW);
	for (int i = 0; i < FLOW_STEPS_MAX; i++)
		text_addf(&text, "[step s%d]\nuse = connector:x.y\n", i);
	flow = house_flow(text.s, &problems);
	house_no_problems(&problems);
	assert_int_equal(flow->step_count, FLOW_STEPS_MAX);
	assert_int_equal(flow_step_named(flow, "s499"), 499);
	flow_free(flow);
	text_add(&text, "[step more]\nuse = connector:x.y\n");
	assert_null(house_flow(text.s, &problems));
	house_problems_are(&problems, "test.ini:1003: error: there are more than 500 steps\n");

	text_reset(&text);
	text_add(&text, FLOW STEP);
	for (int i = 0; i < FLOW_INPUTS_MAX; i++)
		text_addf(&text, "input.i%d = x\n", i);
	flow = house_flow(text.s, &problems);
	house_no_problems(&problems);
	assert_int_equal(flow->steps[0].input_count, FLOW_INPUTS_MAX);
	flow_free(flow);
	text_add(&text, "input.more = x\n");
	assert_null(house_flow(text.s, &problems));
	house_problems_are(&problems, "test.ini:105: error: step \"s\" has more than 100 inputs\n");

	text_reset(&text);
	text_add(&text, FLOW "on = t");
	for (int i = 0; i < FLOW_ON_MAX; i++)
		text_addf(&text, ", t%d", i);
	text_add(&text, "\n" STEP);
	assert_null(house_flow(text.s, &problems));
	house_problems_are(&problems, "test.ini:3: error: on has more than 100 triggers\n");
	text_clear(&text);
}

static void mutated_flows_are_read_or_refused(void **state)
{
	enum { MUTATED = 5000 };
	static const char *const words[] = {"[step x]\n", "[flow]\n", "\n",     " = ", "use",
	                                    "${",         "}",        "input.", "=\n", "when"};
	char *seed = house_file("tests/fixtures/flows/full.ini");
	const char *const seeds[] = {seed};
	struct house_chance chance;
	struct problems problems;
	int good = 0;

	(void)state;
	house_chance_init(&chance, "flows");
	problems_init(&problems);
	for (int i = 0; i < MUTATED; i++) {
		char *text = house_mutated(&chance, seeds, 1, words, sizeof words / sizeof *words);
		struct flow *flow = house_flow(text, &problems);

		assert_true(flow ? problems.n == 0 : problems.n > 0);
		good += flow != NULL;
		problems_clear(&problems);
		flow_free(flow);
		free(text);
	}
	assert_in_range(good, 1, MUTATED - 1);
	free(seed);
}

/* The table of docs/flow-language.md, made from the keys. */
static char *table_of_keys(void)
{
	size_t n;
	const struct flow_key *keys = flow_keys(&n);
	struct text text;

	text_init(&text, 1 << 16);
	text_add(&text, "| section | key | value | what it says |\n|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++)
		if (keys[i].kind == FLOW_KEY_LATER)
			text_addf(&text, "| `[%s]` | `%s` | not in this version | %s |\n", keys[i].section,
			          keys[i].name, keys[i].doc);
		else
			text_addf(&text, "| `[%s]` | `%s`%s | %s | %s |\n", keys[i].section, keys[i].name,
			          keys[i].kind == FLOW_KEY_REQUIRED ? " (required)" : "", keys[i].value,
			          keys[i].doc);
	return text_take(&text);
}

static void the_document_has_the_same_keys(void **state)
{
	static const char front[] = "<!-- keys -->\n", back[] = "<!-- /keys -->";
	char *page = house_file("docs/flow-language.md"), *expected = table_of_keys();
	char *from = strstr(page, front), *to = from ? strstr(from, back) : NULL;

	(void)state;
	assert_non_null(to);
	*to = '\0';
	assert_string_equal(from + strlen(front), expected);
	free(page);
	free(expected);
}

static void every_key_is_found_by_its_name(void **state)
{
	(void)state;
	assert_string_equal(flow_key_named("step", "input.order")->name, "input.");
	assert_string_equal(flow_key_named("step", "when")->name, "when");
	assert_null(flow_key_named("flow", "when"));
	assert_null(flow_key_named("step", "input"));
	assert_null(flow_key_named("step", "whenever"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_an_author_wrote_is_there),
		cmocka_unit_test(defaults_are_plain),
		cmocka_unit_test(instances_may_have_dots_in_their_names),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
		cmocka_unit_test(a_sentence_is_no_secret),
		cmocka_unit_test(what_is_secret_and_secure_is_read),
		cmocka_unit_test(keys_of_later_versions_are_named_as_such),
		cmocka_unit_test(sections_that_come_twice_are_refused),
		cmocka_unit_test(counts_have_ceilings),
		cmocka_unit_test(mutated_flows_are_read_or_refused),
		cmocka_unit_test(the_document_has_the_same_keys),
		cmocka_unit_test(every_key_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
