/*
 * Where the values of a flow go, as far as its text says: what has to be known to seal one to those who will open it.
 * A sink is the one place where a value may be opened, as who opens it knows that place for itself
 * (docs/decisions/0007-how-secrets-travel.md).
 */
#ifndef HOST_PURE_FLOW_DIRECTIONS_H
#define HOST_PURE_FLOW_DIRECTIONS_H

#include "pure/flow/model.h"

/* As many sinks as one envelope can name, and as many pieces as one value can be made of. */
enum { FLOW_SINKS_MAX = 64, FLOW_PIECES_MAX = 64 };

/* "connector/post.send.text", "desktop/enter-invoice.password" */
const char *flow_sink(hst_arena *arena, const struct flow_step *step, const char *input);

/* Each input that has something of this output of a step, or with "trigger" of this field of the event, once. */
void flow_goes_to(const struct flow *flow, const char *source, const char *output,
                  void (*visit)(void *arg, const struct flow_step *step, const struct flow_input *input), void *arg);

/* Every output of a step, or field of the event, that a token of an input names; one may come several times. */
void flow_named_of(const struct flow *flow, const char *source, void (*visit)(void *arg, const char *output),
                   void *arg);

/* Every input that is secret:NAME. */
void flow_secrets(const struct flow *flow,
                  void (*visit)(void *arg, const char *secret, const struct flow_step *step,
                                const struct flow_input *input),
                  void *arg);

#endif
