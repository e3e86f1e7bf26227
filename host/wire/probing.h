/*
 * The answer to `probe` of a process with keys: what came sealed is opened for the sink it is called like, and forgotten at once.
 */
#ifndef HOST_WIRE_PROBING_H
#define HOST_WIRE_PROBING_H

#include "seal/vault.h"
#include "wire/message.h"

/*
 * `front` is what sinks of this process begin with ("connector/post."); NULL: it does not know for itself. Fills *ret, whose payload
 * points into *why.
 */
void probing_answer(struct vault *vault, const char *front, const struct message *probe, struct message *ret, hst_error *why);

#endif
