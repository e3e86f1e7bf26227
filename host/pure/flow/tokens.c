/* Templates: the text of an input or label, taken apart once, and put together with values for each run. */
#include "pure/flow/tokens.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "schema/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENT_MAX = 100, TOKEN_SHOWN_MAX = 80 };

/*
 * Columns of tables and members of JSON are named by others, in their language: any character beyond ASCII is
 * fine.
 */
static bool element_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || (unsigned char)c >= 0x80;
}

static bool token_fault(struct problems *problems, const char *file, int line, const char *text,
                        const char *fault)
{
	size_t length = strcspn(text, "}\n");

	length += text[length] == '}';
	if (length > TOKEN_SHOWN_MAX)
		length = TOKEN_SHOWN_MAX;
	problems_add(problems, file, line, "\"%.*s\" %s", (int)length, text, fault);
	return false;
}

/* What is wrong with a token whose names stopped at `at`, in words that say how it is written right. */
static const char *token_fault_at(const char *at)
{
	switch (*at) {
	case '(':
		return "is a call: tokens have no calls in this version, write ${STEP.OUTPUT}";
	case ' ':
	case '\t':
	case '\n':
		return "has a blank in it: write ${STEP.OUTPUT}";
	case '[':
		return "has a bracket in it: write a position as ${STEP.OUTPUT.0}";
	case '\0':
		return "has no closing \"}\"; a literal \"${\" is written \"$${\"";
	case '.':
	case '}':
		return "has an empty name in it: write ${STEP.OUTPUT}";
	default:
		return "is no token: names have letters, digits, \"_\" and \"-\", with \".\" between them";
	}
}

bool flow_token_parse(hst_arena *arena, const char *file, int line, const char *text, struct flow_token *ret,
                      size_t *ret_length, struct problems *problems)
{
	struct flow_token token = {0};
	const char *at = text + 2;

	for (;;) {
		size_t length = 0;
		const char *element;

		while (element_byte(at[length]))
			length++;
		if (!length || (at[length] != '.' && at[length] != '}'))
			return token_fault(problems, file, line, text, token_fault_at(at + length));
		if (length > ELEMENT_MAX)
			return token_fault(problems, file, line, text, "has a name over 100 bytes");
		if (token.source && token.path_count == FLOW_PATH_MAX)
			return token_fault(problems, file, line, text,
			                   "has more than 16 names behind its first");
		element = arena_copy(arena, at, length);
		if (token.source)
			token.path[token.path_count++] = element;
		else
			token.source = element;
		at += length;
		if (*at++ == '}')
			break;
	}
	*ret_length = (size_t)(at - text);
	token.text = arena_copy(arena, text, *ret_length);
	*ret = token;
	return true;
}

size_t flow_literal_length(const char *text)
{
	size_t at = 0;

	while (text[at] && strncmp(text + at, "${", 2) != 0)
		at += strncmp(text + at, "$${", 3) == 0 ? 3 : 1;
	return at;
}

char *flow_literal_copy(hst_arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);
	size_t to = 0;

	for (size_t from = 0; from < length;) {
		bool escape = strncmp(text + from, "$${", 3) == 0;

		from += escape;
		for (int bytes = escape ? 2 : 1; bytes; bytes--)
			copy[to++] = text[from++];
	}
	return copy;
}

/* An upper bound of the parts: literals stand before, between and behind tokens. */
static size_t parts_at_most(const char *text)
{
	size_t tokens = 0;

	for (const char *at = text; tokens < FLOW_TOKENS_MAX && (at = strstr(at, "${")) != NULL; at += 2)
		tokens++;
	return 2 * tokens + 1;
}

bool flow_template_parse(hst_arena *arena, const char *file, int line, const char *text,
                         struct flow_template *ret, struct problems *problems)
{
	struct flow_template template = {.text = arena_text(arena, text), .line = line};
	size_t tokens = 0, length;

	template.parts = arena_array(arena, parts_at_most(text), sizeof *template.parts);
	for (const char *at = text; *at; at += length) {
		struct flow_part *part = &template.parts[template.part_count];

		length = flow_literal_length(at);
		if (length) {
			part->literal = flow_literal_copy(arena, at, length);
		} else if (tokens++ == FLOW_TOKENS_MAX) {
			problems_add(problems, file, line, "there are more than %d tokens here",
			             FLOW_TOKENS_MAX);
			return false;
		} else if (!flow_token_parse(arena, file, line, at, &part->token, &length, problems)) {
			return false;
		}
		template.part_count++;
	}
	*ret = template;
	return true;
}

bool flow_is_position(const char *element, size_t *ret)
{
	size_t length = strlen(element);

	/* Nine digits are more than any list has items, and fit every number. */
	if (!length || length > 9 || strspn(element, "0123456789") != length ||
	    (length > 1 && element[0] == '0'))
		return false;
	*ret = strtoul(element, NULL, 10);
	return true;
}

const struct flow_envelope *flow_token_sealed(const struct flow_scope *scope, const struct flow_token *token)
{
	return scope->sealed && token->path_count ? scope->sealed(scope->arg, token->source, token->path[0])
	                                          : NULL;
}

const hst_value *flow_token_value(const struct flow_scope *scope, const struct flow_token *token)
{
	const hst_value *value =
		flow_token_sealed(scope, token) ? NULL : scope->source(scope->arg, token->source);

	for (size_t i = 0; value && i < token->path_count; i++) {
		size_t position;

		if (value_kind(value) != HST_VALUE_LIST)
			value = value_get(value, token->path[i]);
		else
			value = flow_is_position(token->path[i], &position) ? value_at(value, position)
			                                                    : NULL;
	}
	return value_kind(value) == HST_VALUE_NULL ? NULL : value;
}

int flow_token_needed(const struct flow_scope *scope, const struct flow_token *token, const hst_value **ret,
                      hst_error *err)
{
	const hst_value *value = flow_token_value(scope, token);

	if (!value)
		return hst_fail_as(err, HST_INVALID, "EarlierStepFailed",
		                   "%.*s has no value: what it names was left out, skipped or has failed",
		                   TOKEN_SHOWN_MAX, token->text);
	*ret = value;
	return HST_OK;
}

/* Literals and values joined as people see them. */
static int joined_value(hst_arena *arena, const struct flow_scope *scope,
                        const struct flow_template *template, const hst_value **ret, hst_error *err)
{
	AUTO(text) struct text joined;

	text_init(&joined, VALUE_BYTES_MAX);
	for (size_t i = 0; i < template->part_count && !joined.over; i++) {
		const struct flow_part *part = &template->parts[i];
		const hst_value *value = NULL;
		int code;

		if (part->literal) {
			text_add(&joined, part->literal);
			continue;
		}
		code = flow_token_needed(scope, &part->token, &value, err);
		if (code != HST_OK)
			return code;
		value_write_plain(&joined, value);
	}
	if (joined.over)
		return hst_fail_as(err, HST_INVALID, "InputInvalid", "the text is longer than %d bytes",
		                   VALUE_BYTES_MAX);
	*ret = value_make_text(arena, joined.s, joined.length);
	return HST_OK;
}

int flow_template_value(hst_arena *arena, const struct flow_scope *scope,
                        const struct flow_template *template, const hst_value **ret, hst_error *err)
{
	if (template->part_count == 1 && !template->parts[0].literal)
		return flow_token_needed(scope, &template->parts[0].token, ret, err);
	return joined_value(arena, scope, template, ret, err);
}
