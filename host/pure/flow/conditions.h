/*
 * `when`: VALUE [== != < <= > >= contains VALUE] joined by and, or, not and parentheses. It compares values,
 * never text that was put together. An absent value equals the word `absent` alone; any other comparison with
 * it is false. Numbers are compared as decimals, not as doubles. How values of two sorts compare is in
 * compare.h.
 *
 * Ceilings: 1,000 parts, 100 tokens, parentheses 32 deep. Whether a condition holds can always be told: no
 * error is left for when a run needs it.
 */
#ifndef HOST_PURE_FLOW_CONDITIONS_H
#define HOST_PURE_FLOW_CONDITIONS_H

#include "pure/flow/tokens.h"

/* NULL, with a problem added, when it cannot be read. */
const struct flow_condition *flow_condition_parse(hst_arena *arena, const char *file, int line,
                                                  const char *text, struct problems *problems);
bool flow_condition_holds(const struct flow_condition *condition, const struct flow_scope *scope);

/* Calls back for every token in it, for the checks. */
void flow_condition_tokens(const struct flow_condition *condition,
                           void (*visit)(void *arg, const struct flow_token *token), void *arg);

#endif
