/* What is configured changes while runs are under way: what stays, what goes, and who waits elsewhere from now on. */
#include "pure/core/internal.h"

#include <stdlib.h>
#include <string.h>

void core_retire(struct core *core)
{
	TABLE_EACH(&core->steps, entry) {
		struct step *step = entry->value;

		step->displaced = step->item.lane != NULL;
		order_remove(&step->item);
	}
	TABLE_EACH(&core->lineages, entry)
		((struct core_lineage *)entry->value)->current = NULL;
	placement_retire(&core->placement);
	core->configured++;
	secured_forget(core);
}

/* A text that no run was accepted with any more, and that answers no trigger, is forgotten. */
static void sweep_flows(struct core *core)
{
	struct table used; /* digests */

	table_init(&used);
	TABLE_EACH(&core->runs, entry) {
		const struct run *run = entry->value;

		table_set(&used, run->flow->digest, core);
	}
	TABLE_EACH(&core->lineages, entry) {
		const struct core_lineage *lineage = entry->value;

		if (lineage->current)
			table_set(&used, lineage->current->digest, core);
	}
	TABLE_EACH(&core->flows, entry) {
		struct flow *flow = entry->value;

		if (table_get(&used, entry->key))
			continue;
		table_remove(&core->flows, flow->digest);
		flow_free(flow);
	}
	table_clear(&used);
}

static void sweep_lineages(struct core *core)
{
	struct table used; /* names */

	table_init(&used);
	TABLE_EACH(&core->flows, entry)
		table_set(&used, ((const struct flow *)entry->value)->name, core);
	TABLE_EACH(&core->lineages, entry) {
		struct core_lineage *lineage = entry->value;

		if (table_get(&used, entry->key))
			continue;
		table_remove(&core->lineages, entry->key);
		free(lineage);
	}
	table_clear(&used);
}

/* Who waited keeps the place in the order; but where a connection leads now may be elsewhere, or nowhere. */
void reload_take(struct core *core, struct core_effects *effects)
{
	placement_sweep(&core->placement);
	core->configured++;
	standing_settle(core);
	TABLE_EACH(&core->steps, entry) {
		struct step *step = entry->value;

		if (!step->displaced)
			continue;
		step->displaced = false;
		desktop_again(core, step, effects);
	}
	devices_sweep(core);
	sweep_flows(core);
	sweep_lineages(core);
	listeners_clear(core);
	TABLE_EACH(&core->lineages, entry)
		runs_go_on(core, entry->value, effects);
}
