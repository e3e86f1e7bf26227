#include "pure/core/states.h"

#include <string.h>

static const struct state_row rows[STATE_COUNT] = {
	[STATE_NONE] = {"none", "", false, false},
	[STATE_QUEUED] = {"queued", "Queued", false, false},
	[STATE_OFFERED] = {"offered", "Offered", false, false},
	[STATE_PREPARING] = {"preparing", "Preparing", false, false},
	[STATE_RUNNING] = {"running", "Running", false, false},
	[STATE_PAUSED] = {"paused", "Paused", false, false},
	[STATE_STOPPING] = {"stopping", "Stopping", false, false},
	[STATE_LOST] = {"lost", "Lost", false, false},
	[STATE_SUCCEEDED] = {"succeeded", "Succeeded", true, true},
	[STATE_FAILED] = {"failed", "Failed", true, false},
	[STATE_CANCELLED] = {"cancelled", "Cancelled", true, false},
	[STATE_TIMED_OUT] = {"timed_out", "Timed out", true, false},
	[STATE_EXPIRED] = {"expired", "Expired", true, false},
	[STATE_SKIPPED] = {"skipped", "Skipped", true, true},
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
