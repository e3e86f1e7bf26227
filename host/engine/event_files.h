/* Which files events take along that are started by hand: with a flow, or again. */
#ifndef HOST_ENGINE_EVENT_FILES_H
#define HOST_ENGINE_EVENT_FILES_H

#include "engine/staging.h"

hst_fields event_fields(const struct engine *engine, const char *trigger); /* none where it is not known */

/* `values` are those of the event, `set` the number of the files that came with it; 0: none. */
int event_files_by_hand(const struct engine *engine, const struct hub_link *from, int64_t set, const struct flow *flow,
			const hst_value *values, struct staging_event *ret, hst_error *err);

/* The same of the event of run `before` (its id), some of whose inputs were given anew. */
int event_files_again(const struct engine *engine, const struct hub_link *from, int64_t set, const struct flow *flow, const hst_value *values,
		      const char *before, const hst_value *given, struct staging_event *ret, hst_error *err);

/* In the batch of the event, behind it. Without files nothing is done. */
void event_files_place(struct engine *engine, const struct staging_event *files);

#endif
