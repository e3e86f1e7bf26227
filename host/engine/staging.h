/*
 * Files that come for an event before it is stored: those of a trigger's emit, and of a press. They lie in sets, .staged/NUMBER
 * below the files of runs, each of one connection, which names it by a number of its own. When the event is taken each
 * run that it makes has those it names as RUN/trigger/NAME, before the run is committed; the set goes when it is.
 *
 * Whatever dies in between: a set that no event was taken for goes with its connection, or with the next engine; a set says
 * for which runs it was used, and what the store then does not know of those goes with it.
 */
#ifndef HOST_ENGINE_STAGING_H
#define HOST_ENGINE_STAGING_H

#include "engine/engine.h"

struct staged;

/* At the start, when the store is there: what the engine before left. */
void staging_open(struct engine *engine);
void staging_close(struct engine *engine);
void staging_left(struct engine *engine, const struct hub_link *link);

/* A `file_put` of step 0. */
int staging_put(struct engine *engine, const struct hub_link *from, const struct message *message, hst_error *err);

/* A set of the connection; NULL: there is none. Number 0 is none. */
struct staged *staging_find(const struct engine *engine, uint64_t link, int64_t number);

bool staging_has(const struct staged *staged, const char *name); /* as a whole */

/* What an event takes along. Each set may be NULL. */
struct staging_event {
	struct staged *sets[2];
	const hst_value *values; /* list of the values that name files, "trigger/NAME"; NULL: whatever is in the sets */
	const char *before;	 /* id of the run this one repeats, whose own trigger files it keeps; NULL: none */
	const char *kept_of;	 /* id of the run whose steps it takes over as they ended, `steps` of them */
	const char *const *steps;
	size_t step_count;
	int64_t last_run;	 /* number of the last run there was before the event */
};

/* HST_INVALID: it names what was not sent along, HST_RETRY: all of it may be gone. */
int staging_check(const struct engine *engine, const struct staging_event *event, hst_error *err);

/* What came for an event that is stored already is nobody's. NULL is fine. */
void staging_done(struct engine *engine, struct staged *staged);

/* In the batch of the event, behind it: the runs it made have their files. Ends the program when that cannot be. */
void staging_place(struct engine *engine, const struct staging_event *event);

#endif
