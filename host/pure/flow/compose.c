#include "pure/flow/compose.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <string.h>

const hst_value *flow_sealed_value(hst_arena *arena, const char *name)
{
	hst_value *sealed = value_make_record(arena);

	value_set_text(sealed, "sealed", name);
	return sealed;
}

static bool is_sealed(const struct flow_scope *scope, const struct flow_input *input)
{
	for (size_t i = 0; i < input->value.part_count; i++)
		if (!input->value.parts[i].literal && flow_token_sealed(scope, &input->value.parts[i].token))
			return true;
	return input->secret != NULL;
}

/* A whole output is shown by its own name; what is put together has none but the input's. */
static const hst_value *shown(hst_arena *arena, const struct flow_step *step, const struct flow_input *input)
{
	const struct flow_template *value = &input->value;
	bool whole = value->part_count == 1 && value->parts[0].token.path_count == 1;

	if (input->secret)
		return flow_sealed_value(arena, input->secret);
	return flow_sealed_value(arena, whole ? arena_printf(arena, "%s.%s", value->parts[0].token.source,
	                                                     value->parts[0].token.path[0])
	                                      : arena_printf(arena, "%s.%s", step->name, input->name));
}

/* The path behind the output: "row.password" of ${find.row.password} is "password". */
static const char *path_within(hst_arena *arena, const struct flow_token *token)
{
	AUTO(text) struct text path;

	text_init(&path, VALUE_BYTES_MAX);
	if (token->path_count < 2)
		return NULL;
	for (size_t i = 1; i < token->path_count; i++) {
		text_add(&path, i > 1 ? "." : "");
		text_add(&path, token->path[i]);
	}
	return arena_copy(arena, path.s, path.length);
}

/* Pieces as they are put down, with the literal that the next envelope ends. */
struct composing {
	hst_arena *arena;
	struct flow_piece *pieces;
	size_t count;
	struct text literal;
	size_t bytes; /* of all literals */
};

static void put_literal(struct composing *composing)
{
	struct text *literal = &composing->literal;

	if (!literal->length)
		return;
	composing->pieces[composing->count++] = (struct flow_piece){
		.kind = FLOW_PIECE_LITERAL,
		.text = arena_copy(composing->arena, literal->s, literal->length),
		.length = literal->length,
	};
	composing->bytes += literal->length;
	text_reset(literal);
}

static int add_part(struct composing *composing, const struct flow_scope *scope, const struct flow_part *part,
                    hst_error *err)
{
	const struct flow_envelope *envelope =
		part->literal ? NULL : flow_token_sealed(scope, &part->token);
	const hst_value *value = NULL;
	const char *path;
	int code;

	if (part->literal) {
		text_add(&composing->literal, part->literal);
	} else if (envelope) {
		put_literal(composing);
		path = path_within(composing->arena, &part->token);
		composing->pieces[composing->count++] =
			(struct flow_piece){.kind = FLOW_PIECE_ENVELOPE,
		                            .text = path,
		                            .length = path ? strlen(path) : 0,
		                            .envelope = envelope};
	} else {
		code = flow_token_needed(scope, &part->token, &value, err);
		if (code != HST_OK)
			return code;
		value_write_plain(&composing->literal, value);
	}
	if (composing->literal.over || composing->bytes + composing->literal.length > VALUE_BYTES_MAX)
		return hst_fail_as(err, HST_INVALID, "InputInvalid", "the text is longer than %d bytes",
		                   VALUE_BYTES_MAX);
	return HST_OK;
}

static int compose(hst_arena *arena, const struct flow_scope *scope, const struct flow_input *input,
                   struct flow_composed *ret, hst_error *err)
{
	const struct flow_template *value = &input->value;
	struct composing composing = {.arena = arena};
	int code = HST_OK;

	composing.pieces = arena_array(arena, value->part_count + 1, sizeof *composing.pieces);
	text_init(&composing.literal, VALUE_BYTES_MAX);
	if (input->secret)
		composing.pieces[composing.count++] = (struct flow_piece){
			.kind = FLOW_PIECE_SECRET, .text = input->secret, .length = strlen(input->secret)};
	for (size_t i = 0; code == HST_OK && i < value->part_count; i++)
		code = add_part(&composing, scope, &value->parts[i], err);
	if (code == HST_OK) {
		put_literal(&composing);
		*ret = (struct flow_composed){input->name, composing.pieces, composing.count};
	}
	text_clear(&composing.literal);
	return code;
}

/* What the record has for one input. */
static int input_value(hst_arena *arena, const struct flow_scope *scope, const struct flow_step *step,
                       const struct flow_input *input, const hst_value **ret, hst_error *err)
{
	struct flow_composed composed;
	int code;

	if (!is_sealed(scope, input))
		return flow_template_value(arena, scope, &input->value, ret, err);
	code = compose(arena, scope, input, &composed, err);
	if (code == HST_OK)
		*ret = shown(arena, step, input);
	return code;
}

/*
 * Whether the input is an output, or a field of the event, that was left out where everything else of its source is there. What a step
 * that was skipped or has failed would have given is another matter, and so is what somebody looks for in vain within a value.
 */
static bool was_left_out(const struct flow_scope *scope, const struct flow_input *input)
{
	const struct flow_template *value = &input->value;
	const struct flow_token *token = value->part_count == 1 && !value->parts[0].literal ? &value->parts[0].token : NULL;

	return token && token->path_count == 1 && !is_sealed(scope, input) && scope->source(scope->arg, token->source) &&
	       !flow_token_value(scope, token);
}

int flow_step_inputs(hst_arena *arena, const struct flow_scope *scope, const struct flow_step *step, hst_fields declared,
                     const hst_value **ret, hst_error *err)
{
	hst_value *inputs = value_make_record(arena);

	for (size_t i = 0; i < step->input_count; i++) {
		const struct flow_input *input = &step->inputs[i];
		const hst_field *field = fields_find(declared, input->name);
		const hst_value *value = NULL;
		hst_error why = {0};
		int code;

		if (field && !field->required && was_left_out(scope, input))
			continue;
		code = input_value(arena, scope, step, input, &value, &why);

		if (code != HST_OK)
			return hst_fail_as(err, code, why.reason, "input \"%s\": %.300s", input->name,
			                   why.text);
		value_set(inputs, input->name, value);
	}
	*ret = inputs;
	return HST_OK;
}

size_t flow_step_sealed(hst_arena *arena, const struct flow_scope *scope, const struct flow_step *step,
                        const struct flow_composed **ret)
{
	struct flow_composed *composed = NULL;
	size_t n = 0;

	for (size_t i = 0; i < step->input_count; i++) {
		if (!is_sealed(scope, &step->inputs[i]))
			continue;
		if (!composed)
			composed = arena_array(arena, step->input_count, sizeof *composed);
		/* It could be put together when the step began, of the same values. */
		if (compose(arena, scope, &step->inputs[i], &composed[n], NULL) == HST_OK)
			n++;
	}
	*ret = composed;
	return n;
}

bool flow_step_is_constant(const struct flow_step *step)
{
	for (size_t i = 0; i < step->input_count; i++)
		for (size_t part = 0; part < step->inputs[i].value.part_count; part++)
			if (!step->inputs[i].value.parts[part].literal)
				return false;
	return true;
}
