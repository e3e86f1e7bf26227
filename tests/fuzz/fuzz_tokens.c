/* The language of tokens: what stands in a value of a flow, and in its `when`. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/auto.h"
#include "pure/flow/conditions.h"
#include "pure/flow/tokens.h"
#include "schema/problems.h"
#include "schema/value.h"

#include <string.h>

const char fuzz_name[] = "tokens";
const int fuzz_cases = 20000;

static const char values[] =
	"{\"trigger\":{\"subject\":\"Order 7\",\"to\":[\"a@x\",\"b@x\"],\"cc\":null,\"number\":1.50,\"yes\":true,\"empty\":\"\","
	"\"rows\":[{\"id\":1,\"name\":\"XL\"},{\"id\":2}],\"map\":{\"0\":\"zero\",\"a-b\":\"dash\"}},"
	"\"find\":{\"row\":{\"number\":\"A-17\",\"deep\":{\"er\":[[1,2],[3]]}}}}";

static const hst_value *tree;

static const hst_value *source(void *arg, const char *name)
{
	(void)arg;
	return value_get(tree, name);
}

static void begin(void)
{
	hst_error err;

	if (!tree)
		fuzz_must(value_parse_json(arena_new(), values, strlen(values), &tree, &err) == HST_OK);
}

/* A problem names file and line, and is there if and only if nothing was taken. */
static void answered(bool taken, struct problems *problems)
{
	fuzz_must(taken == (problems->n == 0));
	for (size_t i = 0; i < problems->n; i++) {
		AUTO_FREE char *line = problem_line(&problems->at[i]);

		fuzz_must(strncmp(line, "fuzzed.ini:7: error: ", 21) == 0);
	}
	fuzz_taken += taken;
}

static void template(hst_arena *arena, const char *text, const struct flow_scope *scope)
{
	AUTO(problems) struct problems problems;
	struct flow_template read;
	const hst_value *value;
	hst_error err = {0};
	bool taken;
	int code;

	problems_init(&problems);
	taken = flow_template_parse(arena, "fuzzed.ini", 7, text, &read, &problems);
	answered(taken, &problems);
	if (!taken)
		return;
	fuzz_must(strcmp(read.text, text) == 0);
	code = flow_template_value(arena, scope, &read, &value, &err);
	fuzz_must(code == HST_OK ||
	          (code == HST_INVALID && (strcmp(err.reason, "EarlierStepFailed") == 0 || strcmp(err.reason, "InputInvalid") == 0) && err.text[0]));
}

static void count(void *arg, const struct flow_token *token)
{
	fuzz_must(token->source);
	++*(size_t *)arg;
}

static void condition(hst_arena *arena, const char *text, const struct flow_scope *scope)
{
	AUTO(problems) struct problems problems;
	const struct flow_condition *read;
	size_t tokens = 0;
	bool holds;

	problems_init(&problems);
	read = flow_condition_parse(arena, "fuzzed.ini", 7, text, &problems);
	answered(read, &problems);
	if (!read)
		return;
	flow_condition_tokens(read, count, &tokens);
	holds = flow_condition_holds(read, scope);
	fuzz_must(holds == flow_condition_holds(read, scope));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct flow_scope scope = {.source = source};
	AUTO_FREE char *text = fuzz_text(bytes, length);
	hst_arena *arena = arena_new();

	begin();
	template(arena, text, &scope);
	condition(arena, text, &scope);
	arena_free(arena);
	return 0;
}
