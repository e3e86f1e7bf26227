/*
 * The states of runs and steps: one table for code, docs/protocol.md and --json. A state that has ended is
 * never left.
 */
#ifndef HOST_PURE_CORE_STATES_H
#define HOST_PURE_CORE_STATES_H

#include <stdbool.h>
#include <stddef.h>

enum state {
	STATE_NONE = 0,
	STATE_QUEUED,
	STATE_OFFERED,
	STATE_PREPARING,
	STATE_RUNNING,
	STATE_PAUSED,
	STATE_STOPPING,
	STATE_LOST,
	STATE_SUCCEEDED,
	STATE_FAILED,
	STATE_CANCELLED,
	STATE_TIMED_OUT,
	STATE_EXPIRED,
	STATE_SKIPPED,
	STATE_COUNT
};

struct state_row {
	const char *name;
	const char *shown; /* what people see */
	bool ended;
	bool good;	/* ended well */
	unsigned after; /* a set of 1 << state: out of which of them a device's word leads here */
};

/* What a gateway answers when it is asked what became of an offer. */
enum offer_standing {
	OFFER_UNKNOWN = 0, /* no word of the list */
	OFFER_PREPARING,
	OFFER_RUNNING,
	OFFER_PAUSED, /* it runs, and waits at a checkpoint */
	OFFER_FINISHED, /* its outcome follows, or follows again */
	OFFER_LOST,	/* it was launched, and nobody knows how it ended */
	OFFER_NEVER,	/* it was never launched, and by a record on disk never will be */
	OFFER_STANDINGS
};

const struct state_row *state_row(enum state state);
const char *state_name(enum state state);
enum state state_named(const char *name);	    /* STATE_NONE: unknown */
bool state_follows(enum state from, enum state to); /* whether a device may say so of a run it has */
enum offer_standing offer_standing_named(const char *name);

#endif
