/*
 * What the inputs of a step come to. One that has an envelope in it, or that is secret:NAME, is not put together here,
 * where nobody can read it: it becomes pieces, literals and envelopes in turn, which whoever uses it joins. In the
 * record of the inputs {"sealed":NAME} stands in its place, which is for showing and never taken for a value.
 */
#ifndef HOST_PURE_FLOW_COMPOSE_H
#define HOST_PURE_FLOW_COMPOSE_H

#include "pure/flow/tokens.h"

#include <hostler/fields.h>

struct flow_piece {
	enum flow_piece_kind { FLOW_PIECE_LITERAL = 1, FLOW_PIECE_ENVELOPE, FLOW_PIECE_SECRET } kind;
	/* LITERAL: `length` bytes. ENVELOPE: the path into its value ("password", "0.name"), NULL: all of it. SECRET: the
	 * NAME of secret:NAME. */
	const char *text;
	size_t length; /* of `text` */
	const struct flow_envelope *envelope;
};

/*
 * One input that is sealed. A single SECRET, and a single ENVELOPE with no path, is that envelope itself. A single
 * ENVELOPE with a path keeps the type of what the path leads to; everything else makes text.
 */
struct flow_composed {
	const char *input;
	const struct flow_piece *pieces; /* at least one, and no two literals side by side */
	size_t piece_count;
};

/* {"sealed":NAME} */
const hst_value *flow_sealed_value(hst_arena *arena, const char *name);

/*
 * All inputs of a step as a record, in the order they were written. The error names the input: EarlierStepFailed where
 * a token is absent, InputInvalid where a text is over VALUE_BYTES_MAX. One that is declared and not required, and is nothing but a
 * field or an output that was left out, is left out, too; `declared` may be empty.
 */
int flow_step_inputs(hst_arena *arena, const struct flow_scope *scope, const struct flow_step *step, hst_fields declared,
                     const hst_value **ret, hst_error *err);

/*
 * Those of its inputs that are sealed, in the same order; 0: none is. For a step whose inputs flow_step_inputs has made of
 * the same scope. Envelopes are the scope's.
 */
size_t flow_step_sealed(hst_arena *arena, const struct flow_scope *scope, const struct flow_step *step,
                        const struct flow_composed **ret);

/* True when no input of the step has a token: its inputs can be made once. */
bool flow_step_is_constant(const struct flow_step *step);

#endif
