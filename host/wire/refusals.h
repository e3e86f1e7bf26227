/*
 * What was refused, counted by peer and cause. A line is logged at the first of a kind and then at the 10th,
 * 100th and so on, so that a peer that errs a thousand times a second cannot fill the log.
 */
#ifndef HOST_WIRE_REFUSALS_H
#define HOST_WIRE_REFUSALS_H

#include "base/table.h"

struct refusals {
	struct table counts; /* "PEER CAUSE" to a count */
};

void refusals_init(struct refusals *refusals);
void refusals_clear(struct refusals *refusals);

/* `cause` is one of few words; `text` says more and is only logged. */
void refusals_note(struct refusals *refusals, const char *peer, const char *cause, const char *text);

#endif
