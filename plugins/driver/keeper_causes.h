/* What each cause means to a run: a table, for keeper.c. */
#ifndef PLUGINS_DRIVER_KEEPER_CAUSES_H
#define PLUGINS_DRIVER_KEEPER_CAUSES_H

#include "keeper.h"
#include "keeper_frames.h"

struct keeper_meaning {
	enum hst_code code;
	enum keeper_state state; /* of a keeper that had been connected */
	const char *reason;      /* of docs/reasons.md */
	const char *sentence;    /* goes on after "the remote desktop of ADDRESS " */
	const char *remedy;
};

/* Of a number that the keeper gave, which may be any. */
const struct keeper_meaning *keeper_meaning_of(unsigned cause);

/* The same for a connection that was, after the target's list was asked. */
const struct keeper_meaning *keeper_meaning_of_loss(unsigned cause, enum keeper_seen seen);

#endif
