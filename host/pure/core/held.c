#include "pure/core/held.h"

#include "base/clock.h"
#include "base/mem.h"
#include "pure/core/internal.h"
#include "schema/value.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* No connection can be called so: the two share the lanes of a target by the names of their gates. */
#define GATE_NAME " restored"

static const char code[] = "RestoreHeld";

const struct core_hold *core_hold(const struct core *core)
{
	return core->hold.generation ? &core->hold : NULL;
}

bool core_holds(const struct core *core)
{
	return core->hold.run > 0 && !core->hold.released_us;
}

bool core_holds_run(const struct core *core, const struct run *run)
{
	return run->facts.number <= core->hold.run && !core->hold.released_us;
}

int64_t held_since(const struct core *core, const struct run *run, int64_t since_us)
{
	const struct core_hold *hold = &core->hold;
	int64_t from_us = hold->released_us ? hold->released_us : hold->at_us;

	return run->facts.number <= hold->run && from_us > since_us ? from_us : since_us;
}

const struct order_gate *held_gate(struct core *core, const struct run *run)
{
	return core_holds_run(core, run) ? &core->hold_gate : NULL;
}

static char *sentence_of(const struct core_hold *hold)
{
	char made[40], at[40];

	clock_iso(hold->made_us, made, sizeof made);
	clock_iso(hold->at_us, at, sizeof at);
	return mem_printf("the host was restored at %s from a backup of %s, and what was unfinished then waits for a look and "
			  "`hostler restore --release`",
			  at, made);
}

/* A step that would be called now waits instead. True: it does. */
bool held_call(struct core *core, struct step *step, struct core_effects *effects)
{
	if (!core_holds_run(core, step->run))
		return false;
	step->facts.state = STATE_QUEUED;
	text_replace(&step->facts.reason, code);
	text_replace(&step->facts.text, core->hold_gate.text);
	effects_step(effects, step);
	return true;
}

/* A run whose next step would begin. */
bool held_run(struct core *core, struct run *run, struct core_effects *effects)
{
	if (!core_holds_run(core, run))
		return false;
	if (!run->facts.reason || strcmp(run->facts.reason, code) != 0) {
		text_replace(&run->facts.reason, code);
		text_replace(&run->facts.text, core->hold_gate.text);
		effects_run(effects, run);
	}
	return true;
}

void held_restored(struct core *core, struct core_effects *effects)
{
	TABLE_EACH(&core->runs, entry) {
		struct run *run = entry->value;

		if (run->facts.state == STATE_QUEUED)
			held_run(core, run, effects);
	}
}

void held_clear(struct core *core)
{
	free(core->hold_gate.text);
}

static void settle(struct core *core)
{
	core->hold_gate.name = (char *)GATE_NAME;
	core->hold_gate.shut = core_holds(core) ? code : NULL;
	free(core->hold_gate.text);
	core->hold_gate.text = core_holds(core) ? sentence_of(&core->hold) : NULL;
}

static const struct {
	const char *name;
	size_t at;
} members[] = {
	{"generation", offsetof(struct core_hold, generation)}, {"at_us", offsetof(struct core_hold, at_us)},
	{"made_us", offsetof(struct core_hold, made_us)},	{"run", offsetof(struct core_hold, run)},
	{"released_us", offsetof(struct core_hold, released_us)},
};

enum { MEMBERS = sizeof members / sizeof members[0] };

const hst_value *core_hold_value(hst_arena *arena, const struct core_hold *hold)
{
	hst_value *value = value_make_record(arena);

	for (size_t i = 0; i < MEMBERS; i++)
		value_set_integer(value, members[i].name, *(const int64_t *)(const void *)((const char *)hold + members[i].at));
	return value;
}

void held_restore(struct core *core, const char *name, const hst_value *value)
{
	(void)name;
	core->hold = (struct core_hold){.generation = 2};
	for (size_t i = 0; i < MEMBERS; i++)
		value_integer(value_get(value, members[i].name), (int64_t *)(void *)((char *)&core->hold + members[i].at));
	settle(core);
}

static void release_step(struct core *core, struct step *step, struct core_effects *effects)
{
	if (step->run->facts.number > core->hold.run)
		return;
	if (step->item.lane) {
		order_remove(&step->item);
		desktop_again(core, step, effects);
	} else if (step->flow_step->use == FLOW_USE_CONNECTOR && step->facts.state == STATE_QUEUED) {
		text_replace(&step->facts.reason, NULL);
		text_replace(&step->facts.text, NULL);
		steps_call(core, step, effects);
	} else if (step->facts.state == STATE_LOST) {
		lost_await(core, step);
	}
}

/* True: it was held. */
static bool release_run(struct core *core, struct run *run, struct core_effects *effects)
{
	bool waits = run->facts.state == STATE_QUEUED;

	if (run->facts.number > core->hold.run || state_row(run->facts.state)->ended)
		return false;
	if (run->facts.reason && strcmp(run->facts.reason, code) == 0) {
		text_replace(&run->facts.reason, !waits ? NULL : run->behind ? "EarlierRunUnfinished" : "FlowConcurrency");
		text_replace(&run->facts.text, NULL);
		effects_run(effects, run);
	}
	if (!waits)
		turn_run(core, run);
	return true;
}

size_t core_release(struct core *core, int64_t now_us, struct draw draw, const char *who, struct core_effects *effects)
{
	size_t n = 0;

	core_begin(core, now_us, draw);
	if (!core_holds(core))
		return 0;
	core->hold.released_us = now_us;
	settle(core);
	effects_stands(effects, "restored", "host", core_hold_value(core->scratch, &core->hold));
	effects_happened(core, effects, NULL, NULL, "released", "who", who, NULL);
	TABLE_EACH(&core->runs, entry)
		n += release_run(core, entry->value, effects);
	TABLE_EACH(&core->steps, entry)
		release_step(core, entry->value, effects);
	TABLE_EACH(&core->lineages, entry)
		runs_go_on(core, entry->value, effects);
	turn_take(core, effects);
	return n;
}
