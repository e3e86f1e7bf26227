#include "pure/core/states.h"

#include <string.h>

enum {
	OFFERED = 1 << STATE_OFFERED,
	PREPARING = 1 << STATE_PREPARING,
	RUNNING = 1 << STATE_RUNNING,
	PAUSED = 1 << STATE_PAUSED,
};

static const struct state_row rows[STATE_COUNT] = {
	[STATE_NONE] = {"none", "", false, false, 0},
	[STATE_QUEUED] = {"queued", "Queued", false, false, 0},
	[STATE_OFFERED] = {"offered", "Offered", false, false, 0},
	[STATE_PREPARING] = {"preparing", "Preparing", false, false, OFFERED},
	[STATE_RUNNING] = {"running", "Running", false, false, OFFERED | PREPARING | PAUSED},
	[STATE_PAUSED] = {"paused", "Paused", false, false, OFFERED | PREPARING | RUNNING},
	[STATE_STOPPING] = {"stopping", "Stopping", false, false, OFFERED | PREPARING | RUNNING | PAUSED},
	[STATE_LOST] = {"lost", "Lost", false, false, 0},
	[STATE_SUCCEEDED] = {"succeeded", "Succeeded", true, true, 0},
	[STATE_FAILED] = {"failed", "Failed", true, false, 0},
	[STATE_CANCELLED] = {"cancelled", "Cancelled", true, false, 0},
	[STATE_TIMED_OUT] = {"timed_out", "Timed out", true, false, 0},
	[STATE_EXPIRED] = {"expired", "Expired", true, false, 0},
	[STATE_SKIPPED] = {"skipped", "Skipped", true, true, 0},
};

const struct state_row *state_row(enum state state)
{
	return &rows[state < STATE_COUNT ? state : STATE_NONE];
}

const char *state_name(enum state state)
{
	return state_row(state)->name;
}

enum state state_named(const char *name)
{
	for (int i = STATE_NONE + 1; name && i < STATE_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
			return (enum state)i;
	return STATE_NONE;
}

enum offer_standing offer_standing_named(const char *name)
{
	static const char *const names[OFFER_STANDINGS] = {
		[OFFER_PREPARING] = "preparing", [OFFER_RUNNING] = "running", [OFFER_PAUSED] = "paused",
		[OFFER_FINISHED] = "finished",
		[OFFER_LOST] = "lost",		 [OFFER_NEVER] = "never",
	};

	for (int i = OFFER_UNKNOWN + 1; i < OFFER_STANDINGS; i++)
		if (strcmp(names[i], name) == 0)
			return (enum offer_standing)i;
	return OFFER_UNKNOWN;
}

bool state_follows(enum state from, enum state to)
{
	return state_row(to)->after & 1u << from;
}
