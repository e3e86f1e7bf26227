/* Templates: how they are read, and what they make of a run's values. */
#include "flow_house.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "pure/flow/compose.h"
#include "pure/flow/fit.h"
#include "schema/types.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MUTATIONS = 50000 };

static const char values[] = "{\"trigger\":{\"subject\":\"Order "
                             "7\",\"to\":[\"a@x\",\"b@x\"],\"cc\":null,\"number\":1.50,\"yes\":true,"
			     "\"rows\":[{\"id\":1,\"Größe\":\"XL\"},{\"id\":2}],\"map\":{\"0\":\"zero\",\"a-"
                             "b\":\"dash\"},\"empty\":\"\"},"
			     "\"find\":{\"row\":{\"number\":\"A-17\",\"deep\":{\"er\":[[1,2],[3]]}}}}";

static bool parse(hst_arena *arena, const char *text, struct flow_template *ret, struct problems *problems)
{
	return flow_template_parse(arena, "test.ini", 7, text, ret, problems);
}

/* The template's value as JSON, or its error as "REASON: TEXT"; the caller frees. */
static char *value_of(const char *text)
{
	hst_arena *arena = arena_new();
	struct house_scope scope;
	struct flow_template template;
	struct problems problems;
	const hst_value *value;
	struct text json;
	hst_error err;

	problems_init(&problems);
	house_scope_init(&scope, values);
	text_init(&json, 1 << 20);
	if (!parse(arena, text, &template, &problems))
		house_no_problems(&problems);
	if (flow_template_value(arena, &scope.scope, &template, &value, &err) == HST_OK)
		value_write_json(&json, value);
	else
		text_addf(&json, "%s: %s", err.reason, err.text);
	house_scope_clear(&scope);
	arena_free(arena);
	return text_take(&json);
}

static void a_template_becomes_a_value(void **state)
{
	static const char *const table[][2] = {
		{"", "\"\""},
		{"plain", "\"plain\""},
		{"a $ b $x $", "\"a $ b $x $\""},
		{"$${find.row}", "\"${find.row}\""},
		{"$$${find.row}", "\"$${find.row}\""},
		{"$${$${", "\"${${\""},
		{"{}", "\"{}\""},
		{"${trigger.subject}", "\"Order 7\""},
		{"Re: ${trigger.subject}!", "\"Re: Order 7!\""},
		{"${trigger.subject}${trigger.subject}", "\"Order 7Order 7\""},
		{"$${${trigger.subject}}", "\"${Order 7}\""},
		/* A lone token keeps its type; anything beside it makes text. */
		{"${trigger.number}", "1.50"},
		{"${trigger.number} kg", "\"1.50 kg\""},
		{"${trigger.yes}", "true"},
		{"${trigger.empty}", "\"\""},
		{"[${trigger.empty}]", "\"[]\""},
		{"${trigger.to}", "[\"a@x\",\"b@x\"]"},
		{"${trigger.to.0}", "\"a@x\""},
		{"${trigger.to.1}", "\"b@x\""},
		{"${trigger.rows.0.Größe}", "\"XL\""},
		{"${trigger.rows.1}", "{\"id\":2}"},
		{"${trigger.map.0}", "\"zero\""},
		{"${trigger.map.a-b}", "\"dash\""},
		{"${find.row.deep.er.0.1}", "2"},
		{"${find}", "{\"row\":{\"number\":\"A-17\",\"deep\":{\"er\":[[1,2],[3]]}}}"},
		{"x ${trigger.to}", "\"x [\\\"a@x\\\",\\\"b@x\\\"]\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char *value = value_of(table[i][0]);

		if (strcmp(value, table[i][1]) != 0)
			fail_msg("%s gives %s, not %s", table[i][0], value, table[i][1]);
		free(value);
	}
}

static void an_absent_value_is_an_error(void **state)
{
	static const char *const absent[] = {
		"${gone.row}",           "${gone}",
		"${trigger.nothing}",    "${trigger.cc}",
		"${trigger.to.2}",       "${trigger.to.00}",
		"${trigger.to.x}",       "${trigger.subject.length}",
		"${trigger.yes.x}",      "${trigger.cc.x}",
		"${trigger.map.1}",      "${trigger.to.4294967296}",
		"text ${gone.row} text", "${trigger.to.18446744073709551616}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
		char *value = value_of(absent[i]);

		if (strncmp(value, "EarlierStepFailed: ${", 21) != 0)
			fail_msg("%s gives %s", absent[i], value);
		free(value);
	}
}

static void a_token_that_is_none_is_named_with_its_line(void **state)
{
	static const char *const table[][2] = {
		{"${", "\"${\" has no closing \"}\"; a literal \"${\" is written \"$${\""},
		{"a ${find.row", "\"${find.row\" has no closing \"}\"; a literal \"${\" is written \"$${\""},
		{"${find.row\n}", "\"${find.row\" has a blank in it: write ${STEP.OUTPUT}"},
		{"${}", "\"${}\" has an empty name in it: write ${STEP.OUTPUT}"},
		{"${find.}", "\"${find.}\" has an empty name in it: write ${STEP.OUTPUT}"},
		{"${find..row}", "\"${find..row}\" has an empty name in it: write ${STEP.OUTPUT}"},
		{"${.row}", "\"${.row}\" has an empty name in it: write ${STEP.OUTPUT}"},
		{"${ find.row }", "\"${ find.row }\" has a blank in it: write ${STEP.OUTPUT}"},
		{"${find row}", "\"${find row}\" has a blank in it: write ${STEP.OUTPUT}"},
		{"${upper(find.row)}", "\"${upper(find.row)}\" is a call: tokens have no calls in this "
	                               "version, write ${STEP.OUTPUT}"},
		{"${find.rows[0]}",
	         "\"${find.rows[0]}\" has a bracket in it: write a position as ${STEP.OUTPUT.0}"},
		{"${a+b}", "\"${a+b}\" is no token: names have letters, digits, \"_\" and \"-\", with \".\" "
	                   "between them"},
		{"${a${b}}", "\"${a${b}\" is no token: names have letters, digits, \"_\" and \"-\", with "
	                     "\".\" between them"},
		{"${a.1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17}",
	         "\"${a.1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17}\" has more than 16 names behind its "
	         "first"},
	};
	hst_arena *arena = arena_new();
	struct problems problems;

	(void)state;
	problems_init(&problems);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct flow_template template;
		char expected[256];

		assert_false(parse(arena, table[i][0], &template, &problems));
		snprintf(expected, sizeof expected, "test.ini:7: error: %s\n", table[i][1]);
		house_problems_are(&problems, expected);
	}
	arena_free(arena);
}

static void ceilings_are_kept(void **state)
{
	hst_arena *arena = arena_new();
	struct flow_template template;
	struct problems problems;
	char text[4096] = "";
	size_t length = 0;

	(void)state;
	problems_init(&problems);
	for (int i = 0; i < FLOW_TOKENS_MAX; i++)
		length += (size_t)snprintf(text + length, sizeof text - length, "x${a.b}");
	assert_true(parse(arena, text, &template, &problems));
	assert_int_equal(template.part_count, 2 * FLOW_TOKENS_MAX);
	strcat(text, "$${ is no token");
	assert_true(parse(arena, text, &template, &problems));
	assert_int_equal(template.part_count, 2 * FLOW_TOKENS_MAX + 1);
	strcat(text, "${a.b}");
	assert_false(parse(arena, text, &template, &problems));
	house_problems_are(&problems, "test.ini:7: error: there are more than 100 tokens here\n");

	memset(text, 'n', 110);
	memcpy(text, "${", 2);
	strcpy(text + 102, "}");
	assert_true(parse(arena, text, &template, &problems));
	text[102] = 'n';
	strcpy(text + 103, "}");
	assert_false(parse(arena, text, &template, &problems));
	assert_int_equal(problems.n, 1);
	problems_clear(&problems);
	arena_free(arena);
}

/* A text is made of at most a mebibyte, however often a token names a long one. */
static void joined_text_has_a_ceiling(void **state)
{
	enum { HALF = VALUE_BYTES_MAX / 2 };
	hst_arena *arena = arena_new();
	struct house_scope scope;
	struct flow_template template;
	struct problems problems;
	const hst_value *value = NULL;
	char *json = malloc(HALF + 100);
	hst_error err;
	int start = snprintf(json, 100, "{\"a\":{\"b\":\"");

	(void)state;
	problems_init(&problems);
	memset(json + start, 'x', HALF);
	strcpy(json + start + HALF, "\"}}");
	house_scope_init(&scope, json);
	assert_true(parse(arena, "${a.b}${a.b}", &template, &problems));
	assert_int_equal(flow_template_value(arena, &scope.scope, &template, &value, &err), HST_OK);
	assert_int_equal(value_length(value), VALUE_BYTES_MAX);
	value = NULL;
	assert_true(parse(arena, "${a.b}${a.b}!", &template, &problems));
	assert_int_equal(flow_template_value(arena, &scope.scope, &template, &value, &err), HST_INVALID);
	assert_string_equal(err.reason, "InputInvalid");
	assert_null(value);
	house_scope_clear(&scope);
	free(json);
	arena_free(arena);
}

static const char two_steps[] =
	"[flow]\nname = f\n"
	"[step a]\nuse = connector:x.y\ninput.b = 1\ninput.a = $${x}\n"
	"[step b]\nuse = connector:x.y\ninput.z = ${a.n}\ninput.y = n ${a.n}\ninput.x = ${a.gone}\n";

static void inputs_keep_their_order_and_errors_name_them(void **state)
{
	hst_arena *arena = arena_new();
	struct house_scope scope;
	struct problems problems;
	const hst_value *inputs = NULL;
	struct flow *flow;
	struct text json;
	hst_error err;

	(void)state;
	problems_init(&problems);
	flow = house_flow(two_steps, &problems);
	house_no_problems(&problems);
	house_scope_init(&scope, "{\"a\":{\"n\":5}}");
	text_init(&json, 1000);
	assert_true(flow_step_is_constant(&flow->steps[0]));
	assert_false(flow_step_is_constant(&flow->steps[1]));
	assert_int_equal(flow_step_inputs(arena, &scope.scope, &flow->steps[0], (hst_fields){0}, &inputs, &err), HST_OK);
	value_write_json(&json, inputs);
	assert_string_equal(json.s, "{\"b\":\"1\",\"a\":\"${x}\"}");
	inputs = NULL;
	assert_int_equal(flow_step_inputs(arena, &scope.scope, &flow->steps[1], (hst_fields){0}, &inputs, &err), HST_INVALID);
	assert_null(inputs);
	assert_string_equal(err.reason, "EarlierStepFailed");
	assert_string_equal(
		err.text,
		"input \"x\": ${a.gone} has no value: what it names was left out, skipped or has failed");
	flow->steps[1].input_count--;
	assert_int_equal(flow_step_inputs(arena, &scope.scope, &flow->steps[1], (hst_fields){0}, &inputs, &err), HST_OK);
	text_reset(&json);
	value_write_json(&json, inputs);
	assert_string_equal(json.s, "{\"z\":5,\"y\":\"n 5\"}");
	text_clear(&json);
	house_scope_clear(&scope);
	flow_free(flow);
	arena_free(arena);
}

/* The trigger has fields, one of which was left out; the step `later` has not run. */
static void what_was_left_out_is_left_out_of_inputs_that_need_not_be_given(void **state)
{
	static const struct {
		const char *value;
		bool required, declared;
		const char *inputs; /* NULL: EarlierStepFailed */
	} cases[] = {
		{"${trigger.scan}", false, true, "{}"},
		{"${trigger.scan}", true, true, NULL},
		{"${trigger.scan}", false, false, NULL},
		{"${trigger.name}", false, true, "{\"in\":\"n\"}"},
		{"a ${trigger.scan}", false, true, NULL},
		{"${trigger.row.scan}", false, true, NULL},
		{"${later.scan}", false, true, NULL},
		{"${trigger.none}", false, true, "{}"}, /* null */
	};
	struct house_scope scope;

	(void)state;
	house_scope_init(&scope, "{\"trigger\":{\"name\":\"n\",\"row\":{},\"none\":null}}");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const hst_field field = {.name = "in", .type = HST_TYPE_TEXT, .required = cases[i].required};
		const hst_fields declared = {&field, cases[i].declared ? 1 : 0};
		char *text = mem_printf("[flow]\nname = f\n[step a]\nuse = connector:x.y\ninput.in = %s\n[step later]\nuse = connector:x.y\n", cases[i].value);
		hst_arena *arena = arena_new();
		const hst_value *inputs = NULL;
		struct problems problems;
		struct flow *flow;
		struct text json;
		hst_error err = {0};

		problems_init(&problems);
		flow = house_flow(text, &problems);
		house_no_problems(&problems);
		text_init(&json, 1000);
		if (flow_step_inputs(arena, &scope.scope, &flow->steps[0], declared, &inputs, &err) == HST_OK) {
			value_write_json(&json, inputs);
			assert_non_null(cases[i].inputs);
			assert_string_equal(json.s, cases[i].inputs);
		} else {
			assert_null(cases[i].inputs);
			assert_string_equal(err.reason, "EarlierStepFailed");
		}
		text_clear(&json);
		flow_free(flow);
		arena_free(arena);
		free(text);
	}
	house_scope_clear(&scope);
}

static void scalars_are_written_for_text_inputs_alone(void **state)
{
	static const hst_field fields[] = {
		{.name = "t", .type = HST_TYPE_TEXT},
		{.name = "u", .type = HST_TYPE_TEXT},
		{.name = "n", .type = HST_TYPE_NUMBER},
		{.name = "l", .type = HST_TYPE_TEXT},
	};
	struct house_scope scope;
	struct text json;

	(void)state;
	house_scope_init(&scope, "{\"t\":1.50,\"u\":true,\"n\":2,\"l\":[1],\"other\":3}");
	text_init(&json, 1000);
	value_write_json(&json, flow_inputs_fit(scope.arena, (hst_fields)HST_FIELDS(fields), scope.sources));
	assert_true(strncmp(json.s, "{\"t\":\"1.50\",\"u\":\"", 17) == 0);
	assert_non_null(strstr(json.s, "\",\"n\":2,\"l\":[1],\"other\":3}"));
	text_clear(&json);
	house_scope_clear(&scope);
}

static void types_fit_as_far_as_they_can_be_told(void **state)
{
	static const struct {
		const char *input,
			*outputs; /* the types that may be given to it; json and unknown ones always may */
	} table[] = {
		{"text", "text integer number boolean choice date duration file secret "},
		{"integer", "text integer choice secret "},
		{"number", "text integer number choice secret "},
		{"boolean", "text boolean choice secret "},
		{"choice", "text choice secret "},
		{"date", "text date secret "},
		{"duration", "text choice duration secret "},
		{"list", "text choice list secret "},
		{"table", "text table secret "},
		{"file", "text file "},
		{"secret", "text integer number boolean choice date duration secret "},
		{"json", "text integer number boolean choice date duration list table file secret "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		hst_type input = type_named(table[i].input);

		for (hst_type output = HST_TYPE_TEXT; output < HST_TYPE_JSON; output++) {
			char word[32];

			snprintf(word, sizeof word, "%s ", type_name(output));
			if (flow_type_fits(input, output) != (strstr(table[i].outputs, word) != NULL))
				fail_msg("%s into %s", type_name(output), table[i].input);
		}
		assert_true(flow_type_fits(input, HST_TYPE_JSON));
		assert_true(flow_type_fits(input, HST_TYPE_NONE));
	}
}

/*
 * A literal that is written back with its escapes must be read as itself again: nothing is lost and nothing
 * added.
 */
static void written_back(struct text *to, const struct flow_template *template)
{
	for (size_t i = 0; i < template->part_count; i++) {
		const char *at = template->parts[i].literal;

		if (!at) {
			text_add(to, template->parts[i].token.text);
			continue;
		}
		for (; *at; at++)
			text_addf(to, "%s%c", strncmp(at, "${", 2) == 0 ? "$" : "", *at);
	}
}

static void mutated_templates_are_read_or_refused(void **state)
{
	static const char *const seeds[] = {
		"Re: ${trigger.subject}, row ${find.row.number}",
		"$${a} ${trigger.to.0}${trigger.map.0}",
		"${find.row.deep.er.0.1}",
		"${trigger}",
		"plain text, $5",
		"${trigger.rows.0.Größe} ${gone.x}",
	};
	static const char *const words[] = {"${", "}", "$${", "$",  ".", "${trigger.to}",
	                                    "(",  " ", "0",   "\n", "ß"};
	struct house_chance chance;
	struct house_scope scope;
	struct problems problems;
	hst_arena *arena = arena_new();
	int good = 0;

	(void)state;
	house_chance_init(&chance, "templates");
	house_scope_init(&scope, values);
	problems_init(&problems);
	for (int i = 0; i < MUTATIONS; i++) {
		char *text = house_mutated(&chance, seeds, sizeof seeds / sizeof *seeds, words,
		                           sizeof words / sizeof *words);
		struct flow_template template = {0};
		const hst_value *value = NULL;
		hst_error err = {0};

		if (parse(arena, text, &template, &problems)) {
			struct text back;
			int code = flow_template_value(arena, &scope.scope, &template, &value, &err);

			good++;
			assert_int_equal(problems.n, 0);
			assert_true(code == HST_OK ? value != NULL
			                           : strcmp(err.reason, "EarlierStepFailed") == 0);
			text_init(&back, 10000);
			written_back(&back, &template);
			assert_string_equal(back.s, text);
			text_clear(&back);
		} else {
			assert_int_equal(problems.n, 1);
			problems_clear(&problems);
		}
		free(text);
		arena_reset(arena);
	}
	/* Both outcomes have been tried often. */
	assert_in_range(good, MUTATIONS / 10, MUTATIONS * 9 / 10);
	house_scope_clear(&scope);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_template_becomes_a_value),
		cmocka_unit_test(an_absent_value_is_an_error),
		cmocka_unit_test(a_token_that_is_none_is_named_with_its_line),
		cmocka_unit_test(ceilings_are_kept),
		cmocka_unit_test(joined_text_has_a_ceiling),
		cmocka_unit_test(inputs_keep_their_order_and_errors_name_them),
		cmocka_unit_test(what_was_left_out_is_left_out_of_inputs_that_need_not_be_given),
		cmocka_unit_test(scalars_are_written_for_text_inputs_alone),
		cmocka_unit_test(types_fit_as_far_as_they_can_be_told),
		cmocka_unit_test(mutated_templates_are_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
