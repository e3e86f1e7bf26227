/*
 * Random flows, and a second opinion on each: secrets are followed through the steps as they would run, and every
 * place where one would be readable must be refused, and no other. The seed is printed; HOSTLER_TEST_SEED gives it.
 */
#include "flow_house.h"

#include "base/mem.h"
#include "base/text.h"
#include "config/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FLOWS = 3000, STEPS = 6, INPUTS = 3, OUTPUTS = 3, TOKENS = 2 };

/* What flow_house.h declares, as far as it is of use here. */
static const struct kind {
	const char *use;
	struct {
		const char *name;
		bool secret;
	} inputs[INPUTS];
	struct {
		const char *name;
		bool secret, derived;
	} outputs[OUTPUTS];
} kinds[] = {
	{"connector:vault.read", {{"name", false}}, {{"password", true, false}, {"changed", false, false}}},
	{"connector:text.join",
	 {{"key", true}, {"text", false}},
	 {{"joined", false, true}, {"rows", false, true}, {"bytes", false, false}}},
	{"connector:orders.read_row",
	 {{"file", false}, {"where", false}, {"is", false}},
	 {{"row", false, false}, {"found", false, false}, {"count", false, false}}},
	{"desktop:enter-invoice\nconnection = desk\nmode = attended",
	 {{"order", false}, {"pin", true}},
	 {{"confirmation", false, false}, {"pin", true, false}}},
};

struct token {
	int step, output; /* step -1: the trigger's pin (output 0) or its subject */
};

struct step {
	const struct kind *kind;
	bool secure_inputs, secure_outputs, tests;
	struct token test;
	struct input {
		bool given, named, declassify;
		struct token tokens[TOKENS];
		int token_count;
	} inputs[INPUTS];
	bool secret[OUTPUTS]; /* what the second opinion says of its outputs */
};

struct flowing {
	struct house_chance *chance;
	struct step steps[STEPS];
	struct text text, leaks; /* the flow; the lines where something would be readable: "7 9 " */
	int line;
};

static bool one_in(struct flowing *flowing, uint32_t n)
{
	return house_chance_below(flowing->chance, n) == 0;
}

static struct token any_token(struct flowing *flowing, int position)
{
	struct token token = {.step = (int)house_chance_below(flowing->chance, (uint32_t)position + 1) - 1};
	uint32_t n = 2;

	while (token.step >= 0 && n < OUTPUTS && flowing->steps[token.step].kind->outputs[n].name)
		n++;
	token.output = (int)house_chance_below(flowing->chance, n);
	return token;
}

static bool is_secret(const struct flowing *flowing, struct token token)
{
	return token.step < 0 ? token.output == 0 : flowing->steps[token.step].secret[token.output];
}

static void say_token(struct flowing *flowing, struct token token)
{
	if (token.step < 0)
		text_addf(&flowing->text, "${trigger.%s}", token.output ? "subject" : "pin");
	else
		text_addf(&flowing->text, "${s%d.%s}", token.step,
			  flowing->steps[token.step].kind->outputs[token.output].name);
}

static void say_line(struct flowing *flowing, bool leaks)
{
	text_add(&flowing->text, "\n");
	if (leaks)
		text_addf(&flowing->leaks, "%d ", flowing->line);
	flowing->line++;
}

/* Writes it, and returns whether it carries a secret that the step must not give away. */
static bool make_input(struct flowing *flowing, int position, int i)
{
	struct step *step = &flowing->steps[position];
	struct input *input = &step->inputs[i];
	bool carries = false, readable;

	input->named = one_in(flowing, 6);
	input->token_count = input->named ? 0 : (int)house_chance_below(flowing->chance, TOKENS + 1);
	text_addf(&flowing->text, "input.%s = ", step->kind->inputs[i].name);
	text_add(&flowing->text, input->named ? "secret:one" : input->token_count ? "" : "x");
	for (int n = 0; n < input->token_count; n++) {
		input->tokens[n] = any_token(flowing, position);
		say_token(flowing, input->tokens[n]);
		carries = carries || is_secret(flowing, input->tokens[n]);
	}
	input->declassify = (carries || input->named) && one_in(flowing, 3);
	readable = !step->kind->inputs[i].secret && !step->secure_inputs && !input->declassify;
	say_line(flowing, carries && readable);
	if (input->declassify) {
		text_addf(&flowing->text, "declassify.%s = everybody knows it anyway", step->kind->inputs[i].name);
		say_line(flowing, false);
	}
	return !input->declassify && (carries || input->named || step->kind->inputs[i].secret || step->secure_inputs);
}

static void make_step(struct flowing *flowing, int position)
{
	struct step *step = &flowing->steps[position];
	bool carries = false;

	*step = (struct step){.kind = &kinds[house_chance_below(flowing->chance, sizeof kinds / sizeof *kinds)]};
	step->secure_inputs = one_in(flowing, 3);
	step->secure_outputs = one_in(flowing, 5);
	step->tests = one_in(flowing, 4);
	text_addf(&flowing->text, "[step s%d]\nuse = %s\nsecure_inputs = %s\nsecure_outputs = %s\n", position,
		  step->kind->use, step->secure_inputs ? "yes" : "no", step->secure_outputs ? "yes" : "no");
	flowing->line += 4 + (strchr(step->kind->use, '\n') ? 2 : 0);
	if (step->tests) {
		step->test = any_token(flowing, position);
		text_add(&flowing->text, "when = not ");
		say_token(flowing, step->test);
		say_line(flowing, is_secret(flowing, step->test));
	}
	for (int i = 0; i < INPUTS && step->kind->inputs[i].name; i++)
		carries |= make_input(flowing, position, i);
	for (int i = 0; i < OUTPUTS; i++)
		step->secret[i] = step->kind->outputs[i].secret || step->secure_outputs ||
		                  (step->kind->outputs[i].derived && carries);
}

/* The lines that are refused because something there would be readable; each once. */
static char *refused(const char *text)
{
	struct problems problems;
	struct document *document;
	struct flow *flow;
	struct text lines;
	int last = 0;

	problems_init(&problems);
	document = ini_read_text("f.ini", text, strlen(text), &problems);
	flow = flow_parse(document, &problems);
	assert_non_null(flow);
	flow_check(flow, &house_world, &problems);
	problems_sort(&problems);
	text_init(&lines, 4096);
	for (size_t i = 0; i < problems.n; i++) {
		char *line = problem_line(&problems.at[i]);

		if (strstr(line, "} is secure (") && problems.at[i].line != last)
			text_addf(&lines, "%d ", last = problems.at[i].line);
		free(line);
	}
	flow_free(flow);
	document_free(document);
	problems_clear(&problems);
	return text_take(&lines);
}

static void what_would_be_readable_is_refused_and_nothing_else(void **state)
{
	struct house_chance chance;
	size_t clean = 0;

	(void)state;
	house_chance_init(&chance, "taint");
	for (int i = 0; i < FLOWS; i++) {
		struct flowing flowing = {.chance = &chance, .line = 4};
		char *lines;

		text_init(&flowing.text, 1 << 16);
		text_init(&flowing.leaks, 4096);
		text_add(&flowing.text, "[flow]\nname = f\non = pay\n");
		for (int step = 0; step < STEPS; step++)
			make_step(&flowing, step);
		lines = refused(flowing.text.s);
		if (strcmp(lines ? lines : "", flowing.leaks.s ? flowing.leaks.s : "") != 0)
			fail_msg("refused in %s, readable in %s:\n%s", lines, flowing.leaks.s, flowing.text.s);
		clean += !flowing.leaks.length;
		free(lines);
		text_clear(&flowing.text);
		text_clear(&flowing.leaks);
	}
	/* Of both kinds there were many. */
	assert_in_range(clean, FLOWS / 50, FLOWS - FLOWS / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_would_be_readable_is_refused_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
