/*
 * What of a flow is secure as things are configured now: worked out once for each flow, and anew when what is configured
 * changes. Where a value goes is asked for each call, since gateways come and go.
 */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "pure/flow/directions.h"
#include "pure/flow/taint.h"
#include "schema/fields.h"

#include <stdlib.h>
#include <string.h>

/* Texts in order, no two alike. */
struct names {
	const char **at;
	size_t n, size;
};

struct secured {
	hst_arena *arena;
	struct flow_taint *taint;
	bool any; /* something of it is secure */
};

static void names_add(hst_arena *arena, struct names *names, const char *name)
{
	size_t at = 0;

	while (at < names->n && strcmp(names->at[at], name) < 0)
		at++;
	if (at < names->n && strcmp(names->at[at], name) == 0)
		return;
	if (names->n == names->size) {
		size_t size = names->size ? 2 * names->size : 4;
		const char **larger = arena_array(arena, size, sizeof *larger);

		for (size_t i = 0; i < names->n; i++)
			larger[i] = names->at[i];
		names->at = larger;
		names->size = size;
	}
	for (size_t i = names->n++; i > at; i--)
		names->at[i] = names->at[i - 1];
	names->at[at] = name;
}

/* Who gets one value, as it is gone through where it goes to. */
struct gathering {
	struct core *core;
	hst_arena *arena;
	struct names members, sinks;
};

static void gather_gateways(struct gathering *gathering, const struct flow_step *step)
{
	const struct core_policy *policy = &gathering->core->policy;
	const struct placement_target *target;
	const char *name, *user;

	if (!policy->gateway || !policy->connection(policy->arg, step->connection, &name, &user))
		return;
	target = placement_target(&gathering->core->placement, name);
	for (size_t i = 0; target && i < target->device_count; i++) {
		const char *gateway = policy->gateway(policy->arg, target->devices[i]->name);

		if (gateway)
			names_add(gathering->arena, &gathering->members,
				  arena_printf(gathering->arena, "gateway/%s", gateway));
	}
}

static void gather(void *arg, const struct flow_step *step, const struct flow_input *input)
{
	struct gathering *gathering = arg;

	names_add(gathering->arena, &gathering->sinks, flow_sink(gathering->arena, step, input->name));
	if (step->use == FLOW_USE_DESKTOP)
		gather_gateways(gathering, step);
	else
		names_add(gathering->arena, &gathering->members,
			  arena_printf(gathering->arena, "connector/%s", step->target));
}

/* What nobody takes is for the operators' eyes alone. */
static struct core_direction direction_of(struct gathering *gathering, const char *output)
{
	if (!gathering->sinks.n)
		names_add(gathering->arena, &gathering->sinks, "operator");
	return (struct core_direction){.output = output,
				       .members = gathering->members.at,
				       .member_count = gathering->members.n,
				       .sinks = gathering->sinks.at,
				       .sink_count = gathering->sinks.n};
}

static void declare(struct core *core, const struct flow *flow, hst_arena *arena, struct flow_declarations *ret)
{
	const struct core_policy *policy = &core->policy;
	struct flow_declared *events = arena_array(arena, flow->on_count, sizeof *events);
	struct flow_declared *inputs = arena_array(arena, flow->step_count, sizeof *inputs);
	struct flow_declared *outputs = arena_array(arena, flow->step_count, sizeof *outputs);

	for (size_t i = 0; policy->event && i < flow->on_count; i++)
		events[i].known = policy->event(policy->arg, flow->on[i], &events[i].fields);
	for (size_t i = 0; i < flow->step_count; i++) {
		inputs[i].known =
			policy->inputs && policy->inputs(policy->arg, &flow->steps[i], &inputs[i].fields);
		outputs[i].known =
			policy->outputs && policy->outputs(policy->arg, &flow->steps[i], &outputs[i].fields);
	}
	*ret = (struct flow_declarations){events, inputs, outputs};
}

static bool step_is_secure(const struct flow_taint *taint, size_t position)
{
	const struct flow_taint_step *step = &taint->steps[position];
	const struct flow_declared *outputs = &taint->declared.outputs[position];

	for (size_t i = 0; i < taint->flow->steps[position].input_count; i++)
		if (step->inputs[i])
			return true;
	for (size_t i = 0; outputs->known && i < outputs->fields.n; i++)
		if (step->outputs[i])
			return true;
	return step->all != NULL;
}

static bool event_is_secure(const struct flow_taint *taint)
{
	for (size_t i = 0; i < taint->flow->on_count; i++) {
		const struct flow_declared *event = &taint->declared.events[i];

		for (size_t field = 0; event->known && field < event->fields.n; field++)
			if (field_type(&event->fields.at[field]) == HST_TYPE_SECRET)
				return true;
	}
	return false;
}

static struct secured *secured_of(struct core *core, const struct flow *flow)
{
	uint64_t key = (uint64_t)(uintptr_t)flow;
	struct secured *secured = table_get_number(&core->secured, key);
	struct flow_declarations declared;

	if (secured)
		return secured;
	secured = mem_alloc(sizeof *secured);
	secured->arena = arena_new();
	declare(core, flow, secured->arena, &declared);
	secured->taint = flow_taint(secured->arena, flow, &declared);
	secured->any = event_is_secure(secured->taint);
	for (size_t i = 0; !secured->any && i < flow->step_count; i++)
		secured->any = step_is_secure(secured->taint, i);
	table_set_number(&core->secured, key, secured);
	return secured;
}

void secured_forget(struct core *core)
{
	TABLE_EACH(&core->secured, entry) {
		struct secured *secured = entry->value;

		arena_free(secured->arena);
		free(secured);
	}
	table_clear(&core->secured);
}

bool secured_any(struct core *core, const struct flow *flow)
{
	return secured_of(core, flow)->any;
}

bool secured_value(struct core *core, const struct flow *flow, const char *source, const char *name)
{
	return flow_taint_of(secured_of(core, flow)->taint, source, name) != NULL;
}

struct naming {
	hst_arena *arena;
	struct names *names;
};

static void add_name(void *arg, const char *output)
{
	const struct naming *naming = arg;

	names_add(naming->arena, naming->names, output);
}

/* Its secure outputs: those that are declared so; under secure_outputs = yes those that are named, and all others. */
static void secure_outputs(hst_arena *arena, const struct flow_taint *taint, size_t position, struct names *ret)
{
	const struct flow_taint_step *step = &taint->steps[position];
	const struct flow_declared *outputs = &taint->declared.outputs[position];
	struct naming naming = {arena, ret};

	for (size_t i = 0; !step->all && outputs->known && i < outputs->fields.n; i++)
		if (step->outputs[i])
			names_add(arena, ret, field_name(&outputs->fields.at[i]));
	if (!step->all)
		return;
	flow_named_of(taint->flow, taint->flow->steps[position].name, add_name, &naming);
	names_add(arena, ret, "*");
}

size_t secured_directions(struct core *core, const struct step *step, hst_arena *arena,
			  const struct core_direction **ret)
{
	const struct secured *secured = secured_of(core, step->run->flow);
	struct core_direction *directions;
	struct names outputs = {0};

	if (!secured->any)
		return 0;
	secure_outputs(arena, secured->taint, (size_t)step->facts.position, &outputs);
	directions = arena_array(arena, outputs.n, sizeof *directions);
	for (size_t i = 0; i < outputs.n; i++) {
		struct gathering gathering = {.core = core, .arena = arena};

		flow_goes_to(step->run->flow, step->flow_step->name, outputs.at[i], gather, &gathering);
		directions[i] = direction_of(&gathering, outputs.at[i]);
	}
	*ret = directions;
	return outputs.n;
}

/* Flows that one event starts. */
struct started {
	const struct flow **at;
	size_t n;
};

/* The secret fields of what starts flows: of one trigger, or by hand of all that they have. */
static void secret_fields(struct core *core, const char *trigger, const struct flow *flow, hst_arena *arena,
			  struct names *ret)
{
	const struct core_policy *policy = &core->policy;
	size_t n = trigger ? 1 : flow->on_count;
	hst_fields fields;

	for (size_t i = 0; policy->event && i < n; i++) {
		if (!policy->event(policy->arg, trigger ? trigger : flow->on[i], &fields))
			continue;
		for (size_t field = 0; field < fields.n; field++)
			if (field_type(&fields.at[field]) == HST_TYPE_SECRET)
				names_add(arena, ret, arena_text(arena, field_name(&fields.at[field])));
	}
}

static size_t directions_of(struct core *core, const char *trigger, const struct started *started, hst_arena *arena,
			    const struct core_direction **ret)
{
	struct names fields = {0};
	struct core_direction *directions;

	for (size_t i = 0; i < started->n; i++)
		secret_fields(core, trigger, started->at[i], arena, &fields);
	directions = arena_array(arena, fields.n, sizeof *directions);
	for (size_t i = 0; i < fields.n; i++) {
		struct gathering gathering = {.core = core, .arena = arena};

		for (size_t flow = 0; flow < started->n; flow++)
			flow_goes_to(started->at[flow], "trigger", fields.at[i], gather, &gathering);
		directions[i] = direction_of(&gathering, fields.at[i]);
	}
	*ret = directions;
	return fields.n;
}

static bool starts(const struct flow *flow, const char *trigger)
{
	for (size_t i = 0; i < flow->on_count; i++)
		if (strcmp(flow->on[i], trigger) == 0)
			return true;
	return false;
}

size_t core_event_directions(struct core *core, const char *trigger, hst_arena *arena, const struct core_direction **ret)
{
	struct started started = {.at = arena_array(arena, core->lineages.n, sizeof *started.at)};

	TABLE_EACH(&core->lineages, entry) {
		const struct flow *current = ((const struct core_lineage *)entry->value)->current;

		if (current && starts(current, trigger))
			started.at[started.n++] = current;
	}
	return directions_of(core, trigger, &started, arena, ret);
}

size_t core_flow_directions(struct core *core, const struct flow *flow, hst_arena *arena, const struct core_direction **ret)
{
	return directions_of(core, NULL, &(struct started){.at = &flow, .n = 1}, arena, ret);
}
