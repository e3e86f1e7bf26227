/* What becomes of sealed values in inputs, and where values of a flow go. */
#include "flow_house.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "pure/flow/compose.h"
#include "pure/flow/conditions.h"
#include "pure/flow/directions.h"
#include "schema/value.h"
#include "seal/composition.h"
#include "seal/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TIMES = 2000 };

_Static_assert((int)FLOW_SINKS_MAX == ENVELOPE_SINKS_MAX, "what a flow may have, an envelope has room for");
_Static_assert((int)FLOW_PIECES_MAX == COMPOSITION_PIECES_MAX, "and a composition too");

/*
 * What the step `a` has. JSON that stands beside an envelope is never to be seen: what is readable in it begins with
 * "open", what is not with "canary".
 */
static const char outputs[] = "{\"a\":{\"o0\":\"open0\",\"o1\":{\"x\":\"open1\",\"y\":[\"open2\"]},"
			      "\"s0\":\"canary0\",\"s1\":{\"x\":\"canary1\",\"y\":[\"canary2\"]}}}";

static const struct flow_envelope *sealed(void *arg, const char *source, const char *output)
{
	static const struct flow_envelope envelopes[] = {{"s0", "E0", 2}, {"s1", "E1", 2}};

	(void)arg;
	for (size_t i = 0; i < sizeof envelopes / sizeof *envelopes; i++)
		if (strcmp(source, "a") == 0 && strcmp(output, envelopes[i].name) == 0)
			return &envelopes[i];
	return NULL;
}

static void scope_init(struct house_scope *scope, const char *json)
{
	house_scope_init(scope, json);
	scope->scope.sealed = sealed;
}

static void say_composed(struct text *to, const struct flow_composed *composed)
{
	text_addf(to, "%s =", composed->input);
	for (size_t i = 0; i < composed->piece_count; i++) {
		const struct flow_piece *piece = &composed->pieces[i];

		assert_true(piece->text ? strlen(piece->text) == piece->length : piece->length == 0);
		if (piece->kind == FLOW_PIECE_LITERAL)
			text_addf(to, " '%s'", piece->text);
		else if (piece->kind == FLOW_PIECE_SECRET)
			text_addf(to, " (%s)", piece->text);
		else
			text_addf(to, " <%s%s%s>", piece->envelope->name, piece->text ? ":" : "",
				  piece->text ? piece->text : "");
	}
	text_add(to, "\n");
}

/* The record of a step's inputs and what is sealed of it, or its error; the caller frees. */
static char *inputs_with(const char *json, const char *inputs)
{
	char *text = mem_printf("[flow]\nname = f\n[step s]\nuse = connector:x.y\n%s", inputs);
	hst_arena *arena = arena_new();
	struct house_scope scope;
	struct problems problems;
	const struct flow_composed *composed;
	const hst_value *record;
	struct flow *flow;
	struct text said;
	hst_error err;

	problems_init(&problems);
	scope_init(&scope, json);
	text_init(&said, 8 << 20);
	flow = house_flow(text, &problems);
	house_no_problems(&problems);
	if (flow_step_inputs(arena, &scope.scope, &flow->steps[0], (hst_fields){0}, &record, &err) == HST_OK) {
		size_t n = flow_step_sealed(arena, &scope.scope, &flow->steps[0], &composed);

		value_write_json(&said, record);
		text_add(&said, "\n");
		for (size_t i = 0; i < n; i++)
			say_composed(&said, &composed[i]);
	} else {
		text_addf(&said, "%s: %s", err.reason, err.text);
	}
	flow_free(flow);
	house_scope_clear(&scope);
	arena_free(arena);
	free(text);
	return text_take(&said);
}

static char *inputs_of(const char *inputs)
{
	return inputs_with(outputs, inputs);
}

static void what_is_sealed_becomes_pieces(void **state)
{
	static const char *const table[][2] = {
		{"input.a = ${a.o0} and ${a.o1.y.0}\n", "{\"a\":\"open0 and open2\"}\n"},
		{"input.a = ${a.s0}\n", "{\"a\":{\"sealed\":\"a.s0\"}}\na = <s0>\n"},
		{"input.a = ${a.s1.y.0}\n", "{\"a\":{\"sealed\":\"s.a\"}}\na = <s1:y.0>\n"},
		{"input.a = ${a.s0}${a.s1.x}\n", "{\"a\":{\"sealed\":\"s.a\"}}\na = <s0> <s1:x>\n"},
		{"input.a = u $${x} ${a.o0}${a.s0} ${a.o1.x}\n",
		 "{\"a\":{\"sealed\":\"s.a\"}}\na = 'u ${x} open0' <s0> ' open1'\n"},
		{"input.b = secret:ledger\ninput.a = x\ninput.c = ${a.s0}\n",
		 "{\"b\":{\"sealed\":\"ledger\"},\"a\":\"x\",\"c\":{\"sealed\":\"a.s0\"}}\nb = (ledger)\nc = <s0>\n"},
		/* What is absent is so in a text too that cannot be read here. */
		{"input.a = ${a.s0} ${a.gone}\n", "EarlierStepFailed: input \"a\": ${a.gone} has no value: what it names "
						   "was left out, skipped or has failed"},
		{"input.a = ${b.s0}\n", "EarlierStepFailed: input \"a\": ${b.s0} has no value: what it names was left "
					 "out, skipped or has failed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char *said = inputs_of(table[i][0]);

		assert_string_equal(said, table[i][1]);
		free(said);
	}
}

static void conditions_and_plain_texts_do_not_see_it(void **state)
{
	struct house_scope scope;
	struct problems problems;
	struct flow_template label;
	const hst_value *value;
	hst_error err;

	(void)state;
	problems_init(&problems);
	scope_init(&scope, outputs);
	assert_true(flow_condition_holds(
		flow_condition_parse(scope.arena, "f", 1, "${a.s0} == absent and ${a.s1.x} == absent", &problems),
		&scope.scope));
	assert_false(flow_condition_holds(
		flow_condition_parse(scope.arena, "f", 1, "${a.s0} == \"canary0\" or ${a.s0}", &problems), &scope.scope));
	assert_true(flow_template_parse(scope.arena, "f", 1, "of ${a.s0}", &label, &problems));
	assert_int_equal(flow_template_value(scope.arena, &scope.scope, &label, &value, &err), HST_INVALID);
	house_no_problems(&problems);
	house_scope_clear(&scope);
}

static void a_text_that_is_too_long_is_refused(void **state)
{
	char *half = mem_alloc(VALUE_BYTES_MAX / 2 + 1), *json, *said;

	(void)state;
	memset(half, 'x', VALUE_BYTES_MAX / 2);
	json = mem_printf("{\"a\":{\"o\":\"%s\"}}", half);
	said = inputs_with(json, "input.a = ${a.o}${a.s0}${a.o}\n");
	assert_true(strlen(said) > VALUE_BYTES_MAX);
	free(said);
	said = inputs_with(json, "input.a = ${a.o}${a.s0}${a.o}.\n");
	assert_string_equal(said, "InputInvalid: input \"a\": the text is longer than 1048576 bytes");
	free(said);
	free(json);
	free(half);
}

/* Whatever is put together, of what is sealed nothing is seen, and of what is not nothing is missing. */
static void nothing_of_what_is_sealed_is_ever_seen(void **state)
{
	static const char *const parts[] = {"${a.o0}", "${a.o1.x}", "${a.o1.y.0}", "${a.s0}", "${a.s1}",
					    "${a.s1.x}", "${a.s1.y.0}", " and ", "$${", "x"};
	struct house_chance chance;

	(void)state;
	house_chance_init(&chance, "sealed inputs");
	for (int i = 0; i < TIMES; i++) {
		struct text inputs;
		char *said;

		text_init(&inputs, 1000);
		text_add(&inputs, "input.a = ");
		for (uint32_t n = 1 + house_chance_below(&chance, 6); n; n--)
			text_add(&inputs, parts[house_chance_below(&chance, sizeof parts / sizeof *parts)]);
		text_add(&inputs, "\n");
		said = inputs_of(inputs.s);
		if (strstr(said, "canary") || !strstr(inputs.s, "${a.o0}") != !strstr(said, "open0") ||
		    (strstr(inputs.s, "${a.s") != NULL) != (strstr(said, "sealed\":") != NULL) ||
		    (strstr(inputs.s, "${a.s0") != NULL) != (strstr(said, "<s0>") != NULL))
			fail_msg("%s gives %s", inputs.s, said);
		free(said);
		text_clear(&inputs);
	}
}

struct gone_to {
	hst_arena *arena;
	struct text said;
};

static void say_sink(void *arg, const struct flow_step *step, const struct flow_input *input)
{
	struct gone_to *to = arg;

	text_addf(&to->said, "%s\n", flow_sink(to->arena, step, input->name));
}

static void say_name(void *arg, const char *output)
{
	text_addf(&((struct gone_to *)arg)->said, "%s ", output);
}

static void say_secret(void *arg, const char *secret, const struct flow_step *step, const struct flow_input *input)
{
	struct gone_to *to = arg;

	text_addf(&to->said, "%s %s\n", secret, flow_sink(to->arena, step, input->name));
}

static void values_go_where_tokens_name_them(void **state)
{
	struct gone_to to = {.arena = arena_new()};
	struct problems problems;
	struct flow *flow;

	(void)state;
	problems_init(&problems);
	text_init(&to.said, 4096);
	flow = house_flow("[flow]\nname = f\n[step a]\nuse = connector:x.old.y\ninput.k = secret:one\n"
			  "[step b]\nuse = connector:x.old.z\ninput.p = ${a.o} ${a.o.x}\ninput.q = ${a.other}\n"
			  "[step c]\nuse = desktop:p\nconnection = d\nmode = attended\n"
			  "input.r = ${a.o.1}${b.o}\ninput.s = secret:two\ninput.t = ${a}\n",
			  &problems);
	house_no_problems(&problems);
	flow_goes_to(flow, "a", "o", say_sink, &to);
	assert_string_equal(to.said.s, "connector/x.old.z.p\ndesktop/p.r\n");
	text_reset(&to.said);
	flow_named_of(flow, "a", say_name, &to);
	assert_string_equal(to.said.s, "o o other o ");
	text_reset(&to.said);
	flow_secrets(flow, say_secret, &to);
	assert_string_equal(to.said.s, "one connector/x.old.y.k\ntwo desktop/p.s\n");
	text_clear(&to.said);
	flow_free(flow);
	arena_free(to.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_becomes_pieces),
		cmocka_unit_test(conditions_and_plain_texts_do_not_see_it),
		cmocka_unit_test(a_text_that_is_too_long_is_refused),
		cmocka_unit_test(nothing_of_what_is_sealed_is_ever_seen),
		cmocka_unit_test(values_go_where_tokens_name_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
