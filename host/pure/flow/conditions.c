/*
 * A condition is parsed by recursive descent into a flat array in the order of evaluation: a test leaves its
 * truth, `not` turns the last one round, `and` and `or` make one of the last two. Everything in a condition
 * is total and has no effect, so nothing needs to be jumped over, and evaluation needs no recursion.
 */
#include "pure/flow/conditions.h"

#include "base/arena.h"
#include "pure/flow/compare.h"
#include "schema/types.h"
#include "schema/value.h"

#include <ctype.h>
#include <string.h>

enum {
	DEPTH_MAX = 32,
	NODES_MAX = 1000,
	SHOWN_MAX = 60,
	/* An `or` and an `and` at most wait for a parenthesis: two truths a level, and the last one. */
	TRUTHS_MAX = 2 * (DEPTH_MAX + 1) + 1,
};

enum operand_kind { OPERAND_LITERAL = 0, OPERAND_ABSENT, OPERAND_TOKEN };

struct operand {
	enum operand_kind kind;
	const hst_value *literal;
	struct flow_token token;
};

enum node_kind { NODE_TEST = 0, NODE_NOT, NODE_AND, NODE_OR };

struct node {
	enum node_kind kind;
	enum flow_relation relation;
	const struct operand *left, *right; /* of tests; `right` is NULL with FLOW_HOLDS */
};

struct flow_condition {
	struct node *nodes;
	size_t n;
};

/* Where parsing stands. `at` is always at the first byte of a word or at the end. */
struct parse {
	hst_arena *arena;
	const char *file, *at;
	int line, depth;
	size_t tokens;
	bool failed;
	struct flow_condition *condition;
	size_t size;
	struct problems *problems;
};

static const struct {
	const char *text;
	enum flow_relation relation;
} relations[] = {
	/* Longer ones before those they begin with. */
	{"==", FLOW_EQUAL},
	{"!=", FLOW_UNEQUAL},
	{"<=", FLOW_LESS_OR_EQUAL},
	{">=", FLOW_GREATER_OR_EQUAL},
	{"<", FLOW_LESS},
	{">", FLOW_GREATER},
	{"contains", FLOW_CONTAINS},
};

/* What people write who know other languages. */
static const struct {
	const char *text, *advice;
} habits[] = {
	{"=", "equal is written \"==\""},
	{"&", "write \"and\""},
	{"|", "write \"or\""},
	{"!", "write \"not\", or \"!=\" between two values"},
	{"is ", "equal is written \"==\""},
	{"AND", "write \"and\" in lower case"},
	{"OR", "write \"or\" in lower case"},
	{"NOT", "write \"not\" in lower case"},
};

/* Adds the first problem; what follows from it is not worth reading. Always false. */
static bool fail(struct parse *parse, const char *expected)
{
	const char *advice = NULL;
	size_t shown = strcspn(parse->at, "\n");

	if (parse->failed)
		return false;
	parse->failed = true;
	for (size_t i = 0; i < sizeof habits / sizeof *habits && !advice; i++)
		if (strncmp(parse->at, habits[i].text, strlen(habits[i].text)) == 0)
			advice = habits[i].advice;
	if (shown > SHOWN_MAX)
		shown = SHOWN_MAX;
	if (*parse->at)
		problems_add(parse->problems, parse->file, parse->line, "when: %s, got \"%.*s\"%s%s",
		             expected, (int)shown, parse->at, advice ? "; " : "", advice ? advice : "");
	else
		problems_add(parse->problems, parse->file, parse->line, "when: %s, but it ends there",
		             expected);
	return false;
}

static void skip_blanks(struct parse *parse)
{
	parse->at += strspn(parse->at, " \t\n");
}

static bool word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

static size_t word_length(const char *at)
{
	size_t length = 0;

	while (word_byte(at[length]))
		length++;
	return length;
}

/* Steps over the word if it stands here as a whole. */
static bool take_word(struct parse *parse, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(parse->at, word, length) != 0 || (word_byte(word[0]) && word_byte(parse->at[length])))
		return false;
	parse->at += length;
	skip_blanks(parse);
	return true;
}

static struct node *add_node(struct parse *parse, enum node_kind kind)
{
	struct flow_condition *condition = parse->condition;
	struct node *node;

	if (condition->n == parse->size) {
		struct node *before = condition->nodes;

		parse->size = parse->size ? 2 * parse->size : 8;
		condition->nodes = arena_array(parse->arena, parse->size, sizeof *condition->nodes);
		if (condition->n)
			memcpy(condition->nodes, before, condition->n * sizeof *before);
	}
	node = &condition->nodes[condition->n++];
	node->kind = kind;
	return node;
}

/*
 * A text with one sort of quotes in it stands between the other. Nothing is escaped but "$${", as in every
 * value.
 */
static bool parse_quoted(struct parse *parse, struct operand *ret)
{
	const char *from = parse->at + 1, *end = strchr(from, *parse->at), *text;

	if (!end)
		return fail(parse, "a text has no closing quote");
	if (flow_literal_length(from) < (size_t)(end - from))
		return fail(parse, "a token stands alone, as in ${find.row} == \"text\", not within quotes");
	text = flow_literal_copy(parse->arena, from, (size_t)(end - from));
	ret->literal = value_make_text(parse->arena, text, strlen(text));
	parse->at = end + 1;
	return true;
}

static bool parse_token(struct parse *parse, struct operand *ret)
{
	size_t length;

	if (++parse->tokens > FLOW_TOKENS_MAX)
		return fail(parse, "there are more than 100 tokens");
	if (!flow_token_parse(parse->arena, parse->file, parse->line, parse->at, &ret->token, &length,
	                      parse->problems)) {
		parse->failed = true;
		return false;
	}
	ret->kind = OPERAND_TOKEN;
	parse->at += length;
	return true;
}

/* A number, or a word that is a value. A sign belongs to the number, a plus sign in an exponent too. */
static bool parse_bare(struct parse *parse, struct operand *ret)
{
	const char *at = parse->at;
	size_t length = word_length(at);
	const char *word;
	bool truth;

	if (length && (at[length - 1] == 'e' || at[length - 1] == 'E') && at[length] == '+' &&
	    type_is_number(at, length - 1))
		length += 1 + word_length(at + length + 1);
	word = arena_copy(parse->arena, at, length);
	if (type_is_number(word, length))
		ret->literal = value_make_number(parse->arena, word);
	else if (type_read_boolean(word, &truth))
		ret->literal = value_make_boolean(parse->arena, truth);
	else if (strcmp(word, "absent") == 0)
		ret->kind = OPERAND_ABSENT;
	else if (length && strcmp(word, "and") != 0 && strcmp(word, "or") != 0 &&
	         strcmp(word, "contains") != 0)
		return fail(parse,
		            "a value is a ${TOKEN}, a \"text\" in quotes, a number, yes, no or absent");
	else
		return fail(parse, "a value was expected");
	parse->at += length;
	return true;
}

static const struct operand *parse_operand(struct parse *parse)
{
	struct operand *operand = arena_alloc(parse->arena, sizeof *operand);
	bool good;

	if (*parse->at == '"' || *parse->at == '\'')
		good = parse_quoted(parse, operand);
	else if (strncmp(parse->at, "${", 2) == 0)
		good = parse_token(parse, operand);
	else
		good = parse_bare(parse, operand);
	skip_blanks(parse);
	return good ? operand : NULL;
}

static enum flow_relation parse_relation(struct parse *parse)
{
	for (size_t i = 0; i < sizeof relations / sizeof *relations; i++)
		if (take_word(parse, relations[i].text))
			return relations[i].relation;
	return FLOW_HOLDS;
}

static bool parse_test(struct parse *parse)
{
	const char *start = parse->at;
	struct node node = {.left = parse_operand(parse)};

	if (!node.left)
		return false;
	node.relation = parse_relation(parse);
	if (node.relation != FLOW_HOLDS && (node.right = parse_operand(parse)) == NULL)
		return false;
	if (node.relation != FLOW_EQUAL && node.relation != FLOW_UNEQUAL &&
	    (node.left->kind == OPERAND_ABSENT || (node.right && node.right->kind == OPERAND_ABSENT))) {
		parse->at = start;
		return fail(parse, "absent is compared with == or != alone");
	}
	*add_node(parse, NODE_TEST) = node;
	return true;
}

static bool parse_or(struct parse *parse);

static bool parse_not(struct parse *parse)
{
	bool turned = false;

	while (take_word(parse, "not"))
		turned = !turned;
	if (take_word(parse, "(")) {
		if (++parse->depth > DEPTH_MAX)
			return fail(parse, "parentheses are more than 32 deep");
		if (!parse_or(parse))
			return false;
		if (!take_word(parse, ")"))
			return fail(parse, "\"and\", \"or\" or \")\" was expected");
		parse->depth--;
	} else if (!parse_test(parse)) {
		return false;
	}
	if (turned)
		add_node(parse, NODE_NOT);
	return parse->condition->n <= NODES_MAX || fail(parse, "there are more than 1000 parts");
}

static bool parse_and(struct parse *parse)
{
	if (!parse_not(parse))
		return false;
	while (take_word(parse, "and")) {
		if (!parse_not(parse))
			return false;
		add_node(parse, NODE_AND);
	}
	return true;
}

static bool parse_or(struct parse *parse)
{
	if (!parse_and(parse))
		return false;
	while (take_word(parse, "or")) {
		if (!parse_and(parse))
			return false;
		add_node(parse, NODE_OR);
	}
	return true;
}

const struct flow_condition *flow_condition_parse(hst_arena *arena, const char *file, int line,
                                                  const char *text, struct problems *problems)
{
	struct parse parse = {
		.arena = arena,
		.file = file,
		.at = text,
		.line = line,
		.problems = problems,
		.condition = arena_alloc(arena, sizeof *parse.condition),
	};

	skip_blanks(&parse);
	if (!parse_or(&parse))
		return NULL;
	if (*parse.at) {
		fail(&parse, "\"and\", \"or\" or the end was expected");
		return NULL;
	}
	return parse.condition;
}

static const hst_value *operand_value(const struct operand *operand, const struct flow_scope *scope)
{
	return operand->kind == OPERAND_TOKEN ? flow_token_value(scope, &operand->token) : operand->literal;
}

static bool test_holds(const struct node *test, const struct flow_scope *scope)
{
	const hst_value *left = operand_value(test->left, scope), *right;

	if (!test->right)
		return flow_value_holds(left);
	right = operand_value(test->right, scope);
	/* The word `absent` asks whether there is a value; no other comparison with an absent one is true. */
	if (test->left->kind == OPERAND_ABSENT || test->right->kind == OPERAND_ABSENT)
		return (!left && !right) == (test->relation == FLOW_EQUAL);
	return flow_values_compare(test->relation, left, right);
}

bool flow_condition_holds(const struct flow_condition *condition, const struct flow_scope *scope)
{
	bool truths[TRUTHS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < condition->n; i++) {
		const struct node *node = &condition->nodes[i];

		switch (node->kind) {
		case NODE_TEST:
			truths[n++] = test_holds(node, scope);
			break;
		case NODE_NOT:
			truths[n - 1] = !truths[n - 1];
			break;
		case NODE_AND:
			n--;
			truths[n - 1] = truths[n - 1] && truths[n];
			break;
		case NODE_OR:
			n--;
			truths[n - 1] = truths[n - 1] || truths[n];
			break;
		}
	}
	return truths[0];
}

static void visit_operand(const struct operand *operand,
                          void (*visit)(void *arg, const struct flow_token *token), void *arg)
{
	if (operand && operand->kind == OPERAND_TOKEN)
		visit(arg, &operand->token);
}

void flow_condition_tokens(const struct flow_condition *condition,
                           void (*visit)(void *arg, const struct flow_token *token), void *arg)
{
	for (size_t i = 0; i < condition->n; i++) {
		visit_operand(condition->nodes[i].left, visit, arg);
		visit_operand(condition->nodes[i].right, visit, arg);
	}
}
