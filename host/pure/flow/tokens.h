/*
 * Templates and the values their tokens stand for. A scope answers for sources; an output of a skipped or
 * failed step is absent, and absent in a value is an error. A null (in JSON, in a table's row) counts as
 * absent everywhere.
 */
#ifndef HOST_PURE_FLOW_TOKENS_H
#define HOST_PURE_FLOW_TOKENS_H

#include "pure/flow/model.h"

/* The record of a source ("trigger", "run", "flow" or a step's name), or NULL where it is absent. */
struct flow_scope {
	const hst_value *(*source)(void *arg, const char *name);
	void *arg;
};

/*
 * Parses "a ${find.row.number} b"; "$${" is a literal "${". Errors name FILE:LINE. False: a problem was
 * added.
 */
bool flow_template_parse(hst_arena *arena, const char *file, int line, const char *text,
                         struct flow_template *ret, struct problems *problems);

/* Bytes of literal text at the front, up to a token or the end. "$${" is three of them. */
size_t flow_literal_length(const char *text);

/* A copy of that text with "$${" made "${". */
char *flow_literal_copy(hst_arena *arena, const char *text, size_t length);

/*
 * Parses the one token at the front of `text`, which begins with "${"; *ret_length is how many bytes it
 * takes. Returns false with one problem added.
 */
bool flow_token_parse(hst_arena *arena, const char *file, int line, const char *text, struct flow_token *ret,
                      size_t *ret_length, struct problems *problems);

/* "0", "1", "12": positions in a list count from 0 and have no zeros in front. */
bool flow_is_position(const char *element, size_t *ret);

/* What a token stands for, or NULL: absent. The value is the scope's. */
const hst_value *flow_token_value(const struct flow_scope *scope, const struct flow_token *token);

/*
 * HST_INVALID with the reason EarlierStepFailed where a token is absent, InputInvalid where the text is over
 * VALUE_BYTES_MAX. The value of a lone token is the scope's own and lives as long as that; others are in the
 * arena.
 */
int flow_template_value(hst_arena *arena, const struct flow_scope *scope,
                        const struct flow_template *template, const hst_value **ret, hst_error *err);

/* All inputs of a step as a record, in the order they were written. The error names the input. */
int flow_step_inputs(hst_arena *arena, const struct flow_scope *scope, const struct flow_step *step,
                     const hst_value **ret, hst_error *err);

/* True when no input of the step has a token: its inputs can be made once. */
bool flow_step_is_constant(const struct flow_step *step);

#endif
