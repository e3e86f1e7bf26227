/* Which flows a trigger starts, found once for what is configured instead of by a walk through all flows at every event. */
#include "pure/core/internal.h"

#include "base/mem.h"

#include <stdlib.h>

void listeners_clear(struct core *core)
{
	TABLE_EACH(&core->listeners, entry) {
		struct core_listeners *listeners = entry->value;

		free(listeners->at);
		free(listeners);
	}
	table_clear(&core->listeners);
	core->listening_since = 0;
}

static void listen(struct core *core, const char *trigger, struct core_lineage *lineage)
{
	struct core_listeners *listeners = table_get(&core->listeners, trigger);

	if (!listeners) {
		listeners = mem_alloc(sizeof *listeners);
		table_set(&core->listeners, trigger, listeners);
	}
	/* A flow that names a trigger twice is started once. */
	if (listeners->n && listeners->at[listeners->n - 1] == lineage)
		return;
	listeners->at = mem_grow(listeners->at, &listeners->size, listeners->n + 1, sizeof(struct core_lineage *));
	listeners->at[listeners->n++] = lineage;
}

const struct core_listeners *listeners_of(struct core *core, const char *trigger)
{
	if (!trigger)
		return NULL;
	if (core->listening_since != core->configured) {
		listeners_clear(core);
		TABLE_EACH(&core->lineages, entry) {
			struct core_lineage *lineage = entry->value;

			for (size_t i = 0; lineage->current && i < lineage->current->on_count; i++)
				listen(core, lineage->current->on[i], lineage);
		}
		core->listening_since = core->configured;
	}
	return table_get(&core->listeners, trigger);
}
