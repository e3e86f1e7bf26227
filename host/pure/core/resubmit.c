/* Runs begun again (rule R18): with which flow, from which step on, and what is kept of the one before. */
#include "pure/core/internal.h"

#include "base/mem.h"

#include <stdlib.h>

static char *copied(const char *bytes, size_t length)
{
	return bytes ? mem_copy(bytes, length) : NULL;
}

/* As it ended in the run before. What it was offered as there is no business of this one. */
static void keep(struct core *core, struct run *run, const struct step_facts *facts, struct core_effects *effects)
{
	struct step *step = steps_new(run, (size_t)facts->position);
	struct step_facts *own = &step->facts;

	*own = (struct step_facts){.id = ++core->counters.step,
				   .position = facts->position,
				   .state = facts->state,
				   .attended = facts->attended,
				   .high = facts->high,
				   .attempt = facts->attempt,
				   .requested_us = facts->requested_us,
				   .placed_us = facts->placed_us,
				   .started_us = facts->started_us,
				   .ended_us = facts->ended_us,
				   .inputs_length = facts->inputs_length};
	own->reason = mem_text(facts->reason);
	own->text = mem_text(facts->text);
	own->connection = core_word(core, facts->connection);
	own->target = core_word(core, facts->target);
	own->device = core_word(core, facts->device);
	own->user = core_word(core, facts->user);
	own->inputs = copied(facts->inputs, facts->inputs_length);
	sealed_keep(core, step, facts, effects);
	table_set_number(&core->steps, (uint64_t)own->id, step);
	run->standing[facts->position] =
		facts->state == STATE_SUCCEEDED ? FLOW_STEP_SUCCEEDED : FLOW_STEP_SKIPPED;
	effects_step(effects, step);
	effects_happened(core, effects, run, step, "kept", "state", state_name(facts->state), NULL);
}

void resubmit_keep(struct core *core, struct run *run, const struct core_event *event, struct core_effects *effects)
{
	for (size_t i = 0; i < event->kept_count; i++) {
		const struct step_facts *facts = &event->kept[i];

		if (facts->position >= 0 && (size_t)facts->position < run->flow->step_count &&
		    !run->steps[facts->position] && state_row(facts->state)->good)
			keep(core, run, facts, effects);
	}
}
