/* The core itself: what is configured, timers, and the one door through which events come. */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "schema/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool timer_less(const void *a, const void *b)
{
	return ((const struct core_timer *)a)->at_us < ((const struct core_timer *)b)->at_us;
}

static void timer_moved(void *timer, size_t position)
{
	((struct core_timer *)timer)->position = position;
}

struct core *core_new(const struct core_policy *policy)
{
	struct core *core = mem_alloc(sizeof *core);

	core->policy = *policy;
	placement_init(&core->placement, &policy->placement);
	core->configured = 1;
	table_init(&core->words);
	text_init(&core->json, VALUE_BYTES_MAX);
	table_init(&core->listeners);
	table_init(&core->flows);
	table_init(&core->lineages);
	table_init(&core->devices);
	table_init(&core->connections);
	table_init(&core->secured);
	table_init(&core->disabled);
	table_init(&core->drained);
	table_init(&core->runs);
	table_init(&core->steps);
	heap_init(&core->timers, timer_less, timer_moved);
	core->scratch = arena_new();
	return core;
}

void core_free(struct core *core)
{
	if (!core)
		return;
	TABLE_EACH(&core->steps, entry)
		steps_free(core, entry->value);
	TABLE_EACH(&core->runs, entry)
		runs_free(entry->value);
	TABLE_EACH(&core->flows, entry)
		flow_free(entry->value);
	TABLE_EACH(&core->lineages, entry)
		free(entry->value);
	heap_clear(&core->timers);
	TABLE_EACH(&core->devices, entry)
		devices_free(entry->value);
	TABLE_EACH(&core->connections, entry)
		connections_free(entry->value);
	table_clear(&core->connections);
	listeners_clear(core);
	table_clear(&core->words);
	text_clear(&core->json);
	secured_forget(core);
	standing_clear(core);
	held_clear(core);
	table_clear(&core->steps);
	table_clear(&core->runs);
	table_clear(&core->flows);
	table_clear(&core->lineages);
	table_clear(&core->devices);
	placement_clear(&core->placement);
	turn_clear(core);
	arena_free(core->scratch);
	free(core->ended);
	free(core);
}

void core_arm(struct core *core, struct core_timer *timer, int64_t at_us,
	      void (*due)(struct core *, struct core_timer *, struct core_effects *))
{
	bool armed = timer->at_us != 0;

	timer->at_us = at_us;
	timer->due = due;
	if (armed)
		heap_update(&core->timers, timer->position);
	else
		heap_push(&core->timers, timer);
}

void core_disarm(struct core *core, struct core_timer *timer)
{
	if (timer->at_us == 0)
		return;
	heap_remove(&core->timers, timer->position);
	timer->at_us = 0;
}

int64_t core_wake_us(const struct core *core)
{
	const struct core_timer *first = heap_top(&core->timers);

	return first ? first->at_us : 0;
}

/* SplitMix64 over the event's draw: one event may need several numbers, and they must follow from it alone.
 */
uint64_t core_draw(struct core *core)
{
	uint64_t z = core->draw.high ^ (core->draw.low + ++core->draws * 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

const char *core_word(struct core *core, const char *text)
{
	return text ? table_word(&core->words, text) : NULL;
}

const char *core_fold_user(struct core *core, const char *user)
{
	char *folded = order_fold_user(user);
	const char *word = core_word(core, folded);

	free(folded);
	return word;
}

static struct core_lineage *lineage_of(struct core *core, const char *name)
{
	struct core_lineage *lineage = table_get(&core->lineages, name);

	if (!lineage) {
		lineage = mem_alloc(sizeof *lineage);
		table_set(&core->lineages, name, lineage);
	}
	return lineage;
}

const struct flow *core_add_flow(struct core *core, struct flow *flow_take, bool current)
{
	struct flow *known = table_get(&core->flows, flow_take->digest);

	if (!known) {
		table_set(&core->flows, flow_take->digest, flow_take);
	} else if (known != flow_take) {
		/* Its file may have another name by now. */
		if (strcmp(known->file, flow_take->file) != 0)
			known->file = arena_text(known->arena, flow_take->file);
		flow_free(flow_take);
	}
	flow_take = known ? known : flow_take;
	core->configured++;
	if (current)
		lineage_of(core, flow_take->name)->current = flow_take;
	else
		lineage_of(core, flow_take->name);
	return flow_take;
}

const struct flow *core_flow_of_digest(const struct core *core, const char *digest)
{
	return table_get(&core->flows, digest);
}

struct run *core_run(const struct core *core, int64_t number)
{
	return table_get_number(&core->runs, (uint64_t)number);
}

const struct table *core_runs(const struct core *core)
{
	return &core->runs;
}

struct step *core_step_of(const struct core *core, int64_t id)
{
	return table_get_number(&core->steps, (uint64_t)id);
}

int64_t core_flow_active(const struct core *core, const char *flow)
{
	const struct core_lineage *lineage = table_get(&core->lineages, flow);

	return lineage ? lineage->active : 0;
}

struct placement *core_placement(struct core *core)
{
	return &core->placement;
}

struct core_counters *core_counters(struct core *core)
{
	return &core->counters;
}

void core_forget_values(struct core *core)
{
	arena_reset(core->scratch);
	core->parsed = NULL;
}

void core_begin(struct core *core, int64_t now_us, struct draw draw)
{
	int64_t passed_us = now_us - core->now_us;

	if (core->now_us && passed_us > 0)
		core->counted_us += passed_us < COUNTED_MOST_US ? passed_us : COUNTED_MOST_US;
	core->now_us = now_us;
	core->draw = draw;
	core->draws = 0;
	core_forget_values(core);
}

static void core_timers_due(struct core *core, struct core_effects *effects)
{
	struct core_timer *timer;

	while ((timer = heap_top(&core->timers)) && timer->at_us <= core->now_us) {
		core_disarm(core, timer);
		timer->due(core, timer, effects);
	}
}

/*
 * A word about a run that is placed somewhere. What is late, doubled or from an older offer names a token
 * that is no longer the step's, or comes when the step is placed nowhere.
 */
static void core_device_said(struct core *core, const struct core_event *event, struct core_effects *effects)
{
	struct step *step = core_step_of(core, event->step);
	enum state state = step ? step->facts.state : STATE_NONE;

	if (!step || step->facts.token != event->token || step->flow_step->use != FLOW_USE_DESKTOP)
		return;
	if (step->device || (state > STATE_QUEUED && !state_row(state)->ended))
		desktop_event(core, step, event, effects);
}

void core_step(struct core *core, const struct core_event *event, struct core_effects *effects)
{
	struct step *step;

	core_begin(core, event->now_us, event->draw);
	switch (event->kind) {
	case CORE_FIRED:
		runs_fire(core, event, effects);
		break;
	case CORE_DEVICE:
		devices_event(core, event, effects);
		break;
	case CORE_CRASHED:
		step = core_step_of(core, event->step);
		if (step)
			steps_crashed(core, step, event, effects);
		break;
	case CORE_UNCALLED:
		step = core_step_of(core, event->step);
		if (step)
			steps_uncalled(step, event, effects);
		break;
	case CORE_PASSED:
		overlap_passed(core, event, effects);
		break;
	case CORE_UNBLOCKED:
		connections_unblock(core, event->connection, effects);
		break;
	case CORE_TRYING:
		connections_trying(core, event->connection);
		break;
	case CORE_TRIED:
		connections_tried(core, event, effects);
		break;
	case CORE_CONFIGURED:
		reload_take(core, effects);
		break;
	case CORE_TIME:
		core_timers_due(core, effects);
		break;
	case CORE_RETURNED:
		step = core_step_of(core, event->step);
		if (step)
			steps_returned(core, step, event, effects);
		break;
	case CORE_TAKEN:
	case CORE_REFUSED:
	case CORE_STAGE:
	case CORE_PROGRESS:
	case CORE_ASKED:
	case CORE_FINISHED:
	case CORE_RELEASED:
	case CORE_STANDING:
		core_device_said(core, event, effects);
		break;
	}
	turn_take(core, effects);
}
