/* Runs: made by events, carried forward step by step, ended. */
#include "pure/core/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "pure/flow/compose.h"
#include "pure/flow/fit.h"
#include "pure/flow/machine.h"
#include "schema/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_MAX = 500 };

/* The sources of tokens: the event, earlier steps, the run itself. Payloads are parsed only when a token
 * names them. */
struct scope_of_run {
	struct core *core;
	struct run *run;
};

/* What was parsed for this run so far; a step with many tokens reads a large payload once. */
struct core_parsed {
	const char *bytes;
	const hst_value *value; /* NULL: it is no JSON */
	struct core_parsed *next;
};

static const hst_value *parsed(struct core *core, const char *bytes, size_t length)
{
	struct core_parsed *known;

	if (length == 0)
		return NULL;
	for (known = core->parsed; known; known = known->next)
		if (known->bytes == bytes)
			return known->value;
	known = arena_alloc(core->scratch, sizeof *known);
	known->bytes = bytes;
	if (value_parse_json(core->scratch, bytes, length, &known->value, NULL) < 0)
		known->value = NULL;
	known->next = core->parsed;
	core->parsed = known;
	return known->value;
}

static const hst_value *scope_source(void *arg, const char *name)
{
	struct scope_of_run *scope = arg;
	struct run *run = scope->run;
	int position;

	if (strcmp(name, "trigger") == 0)
		return parsed(scope->core, run->facts.event, run->facts.event_length);
	if (strcmp(name, "run") == 0 || strcmp(name, "flow") == 0) {
		hst_value *record = value_make_record(scope->core->scratch);
		char requested[40];

		if (*name == 'f') {
			value_set_text(record, "name", run->flow->name);
			return record;
		}
		value_set_text(record, "id", run->facts.id);
		value_set_integer(record, "number", run->facts.number);
		clock_iso(run->facts.requested_us, requested, sizeof requested);
		value_set_text(record, "requested", requested);
		return record;
	}
	position = flow_step_named(run->flow, name);
	if (position < 0 || !run->steps[position] || run->standing[position] != FLOW_STEP_SUCCEEDED)
		return NULL;
	return parsed(scope->core, run->steps[position]->facts.outputs,
		      run->steps[position]->facts.outputs_length);
}

static const struct flow_envelope *scope_sealed(void *arg, const char *source, const char *output)
{
	return sealed_of(((const struct scope_of_run *)arg)->run, source, output);
}

static struct flow_scope runs_scope(struct scope_of_run *scope)
{
	return (struct flow_scope){
		.source = scope_source, .sealed = scope->run->sealed ? scope_sealed : NULL, .arg = scope};
}

struct run *runs_new(struct core *core, const struct flow *flow)
{
	/* One block: a run has no more steps than its flow. */
	struct run *run = mem_alloc(sizeof *run + flow->step_count * (sizeof *run->steps + sizeof *run->standing));

	run->flow = flow;
	run->lineage = table_get(&core->lineages, flow->name);
	run->steps = (struct step **)(void *)(run + 1);
	run->standing = (enum flow_standing *)(void *)(run->steps + flow->step_count);
	return run;
}

void runs_free(struct run *run)
{
	free(run->facts.label);
	free(run->facts.reason);
	free(run->facts.text);
	free(run->facts.event);
	sealed_clear(run->facts.sealed, run->facts.sealed_count);
	free(run);
}

static void run_set_label(struct core *core, struct run *run)
{
	struct scope_of_run scope = {.core = core, .run = run};
	struct flow_scope flow_scope = runs_scope(&scope);
	const hst_value *value;

	if (run->flow->label.part_count == 0 ||
	    flow_template_value(core->scratch, &flow_scope, &run->flow->label, &value, NULL) < 0)
		return;
	text_reset(&core->json);
	value_write_plain(&core->json, value);
	run->facts.label = text_within(core->json.s, LABEL_MAX);
}

void runs_count(struct run *run, bool counts)
{
	run->lineage->active += counts - run->counted;
	run->counted = counts;
}

static void run_begin(struct core *core, struct run *run, struct core_effects *effects)
{
	runs_count(run, true);
	run->facts.state = STATE_RUNNING;
	run->facts.started_us = core->now_us;
	text_replace(&run->facts.reason, NULL);
	effects_run(effects, run);
	turn_run(core, run);
}

/* The newest text of a flow says how many of its runs may be under way, older ones included. */
static bool lineage_has_room(const struct core_lineage *lineage, const struct flow *flow)
{
	int64_t most = lineage->current ? lineage->current->concurrency : flow->concurrency;

	return most <= 0 || lineage->active < most;
}

void runs_wait(struct run *run)
{
	struct core_lineage *lineage = run->lineage;

	if (lineage->last_waiting)
		lineage->last_waiting->next_waiting = run;
	else
		lineage->first_waiting = run;
	lineage->last_waiting = run;
}

static void run_unwait(struct core_lineage *lineage, const struct run *run)
{
	struct run *before = NULL;

	for (struct run *at = lineage->first_waiting; at != run; at = at->next_waiting)
		before = at;
	if (before)
		before->next_waiting = run->next_waiting;
	else
		lineage->first_waiting = run->next_waiting;
	if (lineage->last_waiting == run)
		lineage->last_waiting = before;
}

/* What is held after a restore, or waits for the run before it, holds up nobody behind it. */
static struct run *first_free(const struct core *core, const struct core_lineage *lineage)
{
	struct run *run = lineage->first_waiting;

	while (run && (core_holds_run(core, run) || overlap_waits(core, run)))
		run = run->next_waiting;
	return run;
}

void runs_go_on(struct core *core, struct core_lineage *lineage, struct core_effects *effects)
{
	struct run *run;

	while ((run = first_free(core, lineage)) && lineage_has_room(lineage, run->flow)) {
		run_unwait(lineage, run);
		run->next_waiting = NULL;
		effects_happened(core, effects, run, NULL, "started", NULL);
		run_begin(core, run, effects);
	}
}

static void run_queue(struct core *core, struct run *run, struct core_effects *effects)
{
	run->facts.state = STATE_QUEUED;
	text_replace(&run->facts.reason, run->behind ? "EarlierRunUnfinished" : "FlowConcurrency");
	runs_wait(run);
	effects_run(effects, run);
	effects_happened(core, effects, run, NULL, "queued", "reason", run->facts.reason, NULL);
}

void runs_ended(struct core *core, struct run *run)
{
	if (run->leaving)
		return;
	run->leaving = true;
	core->ended = mem_grow(core->ended, &core->ended_size, core->ended_count + 1, sizeof *core->ended);
	core->ended[core->ended_count++] = run;
}

static void run_over(struct core *core, struct run *run, enum state state, struct core_effects *effects)
{
	run->facts.state = state;
	run->facts.ended_us = core->now_us;
	effects_run(effects, run);
	effects_happened(core, effects, run, NULL, "ended", "state", state_name(state), "reason",
			 run->facts.reason, "text", run->facts.text, NULL);
	runs_ended(core, run);
}

/* What anybody could read on its way here is no secret any more, and is not made into history on top. */
static void run_refuse(struct core *core, struct run *run, const char *readable, struct core_effects *effects)
{
	char *text = mem_printf("\"%.100s\" of the event is a secret and did not come sealed; it was not kept", readable);

	text_replace(&run->facts.reason, "InputInvalid");
	text_replace(&run->facts.text, text);
	run_over(core, run, STATE_FAILED, effects);
	free(text);
}

static struct run *run_make(struct core *core, const struct flow *flow, const struct core_event *event, bool behind,
			    struct core_effects *effects)
{
	struct run *run = runs_new(core, flow);
	struct draw draw = {.high = core_draw(core), .low = core_draw(core)};
	char origin[INTEGER_SIZE];
	const char *readable;

	run->facts.number = ++core->counters.run;
	id_make(run->facts.id, core->now_us, draw);
	run->facts.trigger = core_word(core, event->trigger);
	run->facts.who = core_word(core, event->who);
	run->facts.requested_us = core->now_us;
	readable = sealed_take_event(core, run, event, effects);
	table_set_number(&core->runs, (uint64_t)run->facts.number, run);
	run->facts.origin = event->origin;
	snprintf(run->facts.chain, sizeof run->facts.chain, "%s",
		 event->origin && event->chain ? event->chain : run->facts.id);
	run_set_label(core, run);
	effects_happened(core, effects, run, NULL, "accepted", "trigger", event->trigger, "who", event->who, "origin",
			 event->origin ? integer_text(event->origin, origin) : NULL, NULL);
	if (readable) {
		run_refuse(core, run, readable, effects);
		return run;
	}
	resubmit_keep(core, run, event, effects);
	run->behind = behind;
	if (behind || first_free(core, run->lineage) || !lineage_has_room(run->lineage, flow))
		run_queue(core, run, effects);
	else
		run_begin(core, run, effects);
	return run;
}

/* What is disabled takes no events; that there was one is known, and why nothing came of it. */
static bool run_disabled(struct core *core, const struct flow *flow, const struct core_event *event,
			 struct core_effects *effects)
{
	if (!standing_disabled(core, "flow", flow->name) && !standing_disabled(core, "trigger", event->trigger))
		return false;
	effects_happened(core, effects, NULL, NULL, "not_started", "flow", flow->name, "trigger", event->trigger,
			 "reason", "Disabled", "who", event->who, NULL);
	return true;
}

/* A run of the flow as it is now; NULL: there is to be none. */
static struct run *run_fire(struct core *core, const struct core_lineage *lineage, const struct core_event *event,
			    struct core_effects *effects)
{
	bool behind = false;

	if (!lineage || !lineage->current || run_disabled(core, lineage->current, event, effects) ||
	    !overlap_takes(core, lineage, event, &behind, effects))
		return NULL;
	return run_make(core, lineage->current, event, behind, effects);
}

void runs_fire(struct core *core, const struct core_event *event, struct core_effects *effects)
{
	const struct core_listeners *listeners =
		event->as || event->flow ? NULL : listeners_of(core, event->trigger);
	const struct core_lineage *named = event->flow ? table_get(&core->lineages, event->flow) : NULL;
	struct run **made = arena_array(effects->arena, listeners ? listeners->n : 1, sizeof *made);
	struct core_action *action;
	size_t n = 0;

	made[0] = event->as ? run_make(core, event->as, event, false, effects) : run_fire(core, named, event, effects);
	n += made[0] != NULL;
	for (size_t i = 0; listeners && i < listeners->n; i++) {
		made[n] = run_fire(core, listeners->at[i], event, effects);
		n += made[n] != NULL;
	}
	if (event->tag == 0)
		return;
	action = effects_action(effects, CORE_ACCEPTED);
	action->tag = event->tag;
	action->runs = made;
	action->run_count = n;
}

static void run_end(struct core *core, struct run *run, enum state state, struct core_effects *effects)
{
	run_over(core, run, state, effects);
	runs_count(run, false);
	runs_go_on(core, run->lineage, effects);
}

static size_t steps_at(const struct run *run, enum state state)
{
	size_t n = 0;

	for (size_t i = 0; i < run->flow->step_count; i++)
		n += run->standing[i] == FLOW_STEP_ACTIVE && (!state || run->steps[i]->facts.state == state);
	return n;
}

static const struct step *first_at(const struct run *run, enum state state)
{
	for (size_t i = 0; i < run->flow->step_count; i++)
		if (run->standing[i] == FLOW_STEP_ACTIVE && run->steps[i]->facts.state == state)
			return run->steps[i];
	return NULL;
}

static void run_becomes(struct run *run, enum state state, struct core_effects *effects)
{
	const struct step *lost = state == STATE_LOST ? first_at(run, state) : NULL;

	if (run->facts.state == state)
		return;
	run->facts.state = state;
	text_replace(&run->facts.reason, lost ? lost->facts.reason : NULL);
	text_replace(&run->facts.text, lost ? lost->facts.text : NULL);
	effects_run(effects, run);
}

/* A lost run counts for nothing: others begin in its stead. When it goes on it does so beside them. */
void runs_mirror(struct core *core, struct run *run, struct core_effects *effects)
{
	enum state state = run->facts.state;
	size_t lost = steps_at(run, STATE_LOST);
	bool all_lost = lost > 0 && lost == steps_at(run, STATE_NONE);

	if (state == STATE_QUEUED || state_row(state)->ended)
		return;
	if (state != STATE_STOPPING)
		run_becomes(run,
			    all_lost			       ? STATE_LOST
			    : steps_at(run, STATE_PAUSED) > 0 ? STATE_PAUSED
							       : STATE_RUNNING,
			    effects);
	if (run->counted == !all_lost)
		return;
	runs_count(run, !all_lost);
	runs_go_on(core, run->lineage, effects);
}

void runs_cancel(struct core *core, struct run *run, struct core_effects *effects)
{
	run_unwait(run->lineage, run);
	run_over(core, run, STATE_CANCELLED, effects);
}

/* The run ends as its failed step did, and says why in that step's words. */
static void run_fail(struct core *core, struct run *run, struct core_effects *effects)
{
	for (size_t i = 0; i < run->flow->step_count; i++) {
		const struct step *step = run->steps[i];

		if (run->standing[i] != FLOW_STEP_FAILED)
			continue;
		text_replace(&run->facts.reason, step->facts.reason);
		text_replace(&run->facts.text, step->facts.text);
		run_end(core, run, step->facts.state, effects);
		return;
	}
	run_end(core, run, STATE_FAILED, effects);
}

/* Told to stop, it begins nothing more; what has begun is waited for. */
static void run_stop(struct core *core, struct run *run, struct core_effects *effects)
{
	for (size_t i = 0; i < run->flow->step_count; i++)
		if (run->standing[i] == FLOW_STEP_ACTIVE)
			return;
	text_replace(&run->facts.reason, "Cancelled");
	run_end(core, run, STATE_CANCELLED, effects);
}

void runs_advance(struct core *core, struct run *run, struct core_effects *effects)
{
	struct scope_of_run scope = {.core = core, .run = run};
	struct flow_scope flow_scope = runs_scope(&scope);
	bool stopping = run->facts.state == STATE_STOPPING;
	size_t position = 0;

	if (state_row(run->facts.state)->ended)
		return;
	switch (flow_machine_next(run->flow, run->standing, &flow_scope, &position)) {
	case FLOW_NEXT_NOTHING:
		return;
	case FLOW_NEXT_START:
		if (stopping)
			run_stop(core, run, effects);
		else if (!held_run(core, run, effects))
			steps_start(core, run, position, effects);
		return;
	case FLOW_NEXT_SKIP:
		if (stopping)
			run_stop(core, run, effects);
		else
			steps_skip(core, run, position, effects);
		return;
	case FLOW_NEXT_SUCCEED:
		/* A word that came too late has stopped nothing. */
		text_replace(&run->facts.reason, NULL);
		text_replace(&run->facts.text, NULL);
		run_end(core, run, STATE_SUCCEEDED, effects);
		return;
	case FLOW_NEXT_FAIL:
		run_fail(core, run, effects);
		return;
	}
}

void runs_carry(struct core *core, struct step *step, struct core_action *action, struct core_effects *effects)
{
	struct scope_of_run scope = {.core = core, .run = step->run};
	struct flow_scope flow_scope = runs_scope(&scope);

	action->sealed_count =
		flow_step_sealed(effects->arena, &flow_scope, step->flow_step, &action->sealed);
	action->direction_count = secured_directions(core, step, effects->arena, &action->directions);
}

int runs_inputs(struct core *core, struct run *run, const struct flow_step *flow_step, const hst_value **ret,
		hst_error *err)
{
	struct scope_of_run scope = {.core = core, .run = run};
	struct flow_scope flow_scope = runs_scope(&scope);
	hst_fields fields = {0};
	const bool declared = core->policy.inputs && core->policy.inputs(core->policy.arg, flow_step, &fields);
	int rc = flow_step_inputs(core->scratch, &flow_scope, flow_step, fields, ret, err);

	if (rc >= 0 && declared)
		*ret = flow_inputs_fit(core->scratch, fields, *ret);
	return rc;
}

void runs_forget(struct core *core, struct run *run)
{
	/* A step whose session is still being closed is waited for: its slot is not free yet. */
	for (size_t i = 0; i < run->flow->step_count; i++)
		if (run->steps[i] && run->steps[i]->device)
			return;
	for (size_t i = 0; i < run->flow->step_count; i++)
		if (run->steps[i]) {
			table_remove_number(&core->steps, (uint64_t)run->steps[i]->facts.id);
			steps_free(core, run->steps[i]);
		}
	table_remove_number(&core->runs, (uint64_t)run->facts.number);
	runs_free(run);
}
