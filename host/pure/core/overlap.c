/*
 * Events of a trigger while a run that it started goes on. Each flow is looked at by itself; a run that is lost counts for
 * nothing, as for `concurrency`.
 */
#include "pure/core/internal.h"

#include <stdio.h>
#include <string.h>

static const char code[] = "EarlierRunUnfinished";

static bool is_of(const struct run *run, const struct core_lineage *lineage, const char *trigger)
{
	return run->lineage == lineage && run->facts.trigger && strcmp(run->facts.trigger, trigger) == 0;
}

static bool is_queued(const struct run *run)
{
	return run->facts.state == STATE_QUEUED;
}

/* The first run of theirs that is under way, or, if `queued`, that waits to begin; NULL: there is none. */
static struct run *first_of(const struct core *core, const struct core_lineage *lineage, const char *trigger, bool queued)
{
	TABLE_EACH(&core->runs, entry) {
		struct run *run = entry->value;

		if (is_of(run, lineage, trigger) && (queued ? is_queued(run) : run->counted))
			return run;
	}
	return NULL;
}

static void skip(struct core *core, const struct core_lineage *lineage, const struct core_event *event, const struct run *before,
		 struct core_effects *effects)
{
	char text[64];

	snprintf(text, sizeof text, "#%lld, which it started before, %s", (long long)before->facts.number,
		 is_queued(before) ? "has not begun" : "goes on");
	effects_happened(core, effects, NULL, NULL, "not_started", "flow", lineage->current->name, "trigger", event->trigger,
			 "reason", code, "text", text, NULL);
}

static void replace(struct core *core, const struct core_lineage *lineage, const char *trigger, struct core_effects *effects)
{
	TABLE_EACH(&core->runs, entry) {
		struct run *run = entry->value;

		if (is_of(run, lineage, trigger) && (run->counted || is_queued(run)))
			steer_replace(core, run, effects);
	}
}

bool overlap_takes(struct core *core, const struct core_lineage *lineage, const struct core_event *event, bool *ret_behind,
		   struct core_effects *effects)
{
	const struct run *active, *queued;

	if (event->overlap == HST_OVERLAP_ALLOW || !event->trigger)
		return true;
	if (event->overlap == HST_OVERLAP_REPLACE)
		replace(core, lineage, event->trigger, effects);
	active = first_of(core, lineage, event->trigger, false);
	queued = first_of(core, lineage, event->trigger, true);
	if (queued || (active && event->overlap == HST_OVERLAP_SKIP)) {
		skip(core, lineage, event, queued ? queued : active, effects);
		return false;
	}
	*ret_behind = active != NULL;
	return true;
}

bool overlap_waits(const struct core *core, const struct run *run)
{
	return run->behind && first_of(core, run->lineage, run->facts.trigger, false);
}

void overlap_restore(struct run *run)
{
	run->behind = is_queued(run) && run->facts.reason && strcmp(run->facts.reason, code) == 0;
}

void overlap_passed(struct core *core, const struct core_event *event, struct core_effects *effects)
{
	effects_happened(core, effects, NULL, NULL, "not_started", "trigger", event->trigger, "reason", event->reason, "text",
			 event->text, NULL);
}
