/*
 * Templates and the values their tokens stand for. A scope answers for sources; an output of a skipped or
 * failed step is absent, and absent in a value is an error. A null (in JSON, in a table's row) counts as
 * absent everywhere.
 */
#ifndef HOST_PURE_FLOW_TOKENS_H
#define HOST_PURE_FLOW_TOKENS_H

#include "pure/flow/model.h"

/* What stands for a value that is sealed. `name` is that of the output, or of the event's field. */
struct flow_envelope {
	const char *name;
	const void *bytes;
	size_t length;
};

struct flow_scope {
	/* The record of a source ("trigger", "run", "flow" or a step's name), or NULL where it is absent. */
	const hst_value *(*source)(void *arg, const char *name);
	/* The envelope of an output of a step, or with "trigger" of a field of the event; NULL: it is not sealed. May be
	 * NULL: nothing is. */
	const struct flow_envelope *(*sealed)(void *arg, const char *source, const char *output);
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

/* The envelope that a token's value is in, or is a part of; NULL: it is not sealed. */
const struct flow_envelope *flow_token_sealed(const struct flow_scope *scope, const struct flow_token *token);

/* What a token stands for, or NULL: absent, as everything is that is sealed. The value is the scope's. */
const hst_value *flow_token_value(const struct flow_scope *scope, const struct flow_token *token);

/* The same where it must be there: else HST_INVALID with the reason EarlierStepFailed. */
int flow_token_needed(const struct flow_scope *scope, const struct flow_token *token, const hst_value **ret,
                      hst_error *err);

/*
 * HST_INVALID with the reason EarlierStepFailed where a token is absent, InputInvalid where the text is over
 * VALUE_BYTES_MAX. The value of a lone token is the scope's own and lives as long as that; others are in the
 * arena.
 */
int flow_template_value(hst_arena *arena, const struct flow_scope *scope,
                        const struct flow_template *template, const hst_value **ret, hst_error *err);

#endif
