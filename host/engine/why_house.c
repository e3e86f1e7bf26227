/* Why a flow or a trigger starts nothing, or what it would start. */
#include "engine/alerting.h"
#include "engine/steer.h"
#include "engine/why.h"

#include "schema/value.h"

#include <string.h>

enum { RUNS_SHOWN = 5 };

static const char *remedy_of_process(const char *state)
{
	if (strcmp(state, "degraded") == 0)
		return "Mend what the process says, then `hostler reload`, which starts it again.";
	if (strcmp(state, "away") == 0)
		return "`hostler doctor` says how the processes of the house stand.";
	return "Wait: hostlerd starts it by itself.";
}

/* As hostlerd has it; "away" where it says nothing or something else than what the engine sees. */
static const char *state_of_process(struct engine *engine, const char *child)
{
	const struct standing *standings, *one = NULL;
	size_t n = 0;

	if (standing_read(engine->scratch, engine->definitions->conf->state_dir, &standings, &n, NULL) == HST_OK)
		one = standing_of(standings, n, child);
	return one && strcmp(one->state, "ready") != 0 ? one->state : "away";
}

void why_trigger(struct engine *engine, const struct definition *trigger, hst_value *to)
{
	hst_arena *arena = engine->scratch;
	const char *name = trigger->instance->name, *flows = alerting_flows_on(engine, name);
	const char *child = arena_printf(arena, "worker/trigger/%s", name), *process = why_process(engine, child);
	bool ready = hub_next(engine->hub, child, NULL) != NULL;
	const char *disabled = stand_sentence(engine, "trigger", name);
	const struct alerting_failing *failing = alerting_fails(engine, name);
	const char *state = disabled ? "disabled" : !ready ? state_of_process(engine, child) : failing ? "failing" : "ready";

	value_set_text(to, "kind", "trigger");
	value_set_text(to, "subject", name);
	value_set_text(to, "state", state);
	value_set_text(to, "code", disabled ? "Disabled" : NULL);
	value_set(to, "candidates", value_make_list(arena));
	value_set(to, "looked", why_looked(engine, name));
	value_set_text(to, "remedy", NULL);
	if (disabled) {
		value_set_text(to, "sentence", disabled);
		value_set_text(to, "remedy", arena_printf(arena, "Say `hostler enable trigger:%s`.", name));
	} else if (!ready) {
		value_set_text(to, "sentence", arena_printf(arena, "%s cannot fire: %s", name,
		                                            process ? process : "its process is not there"));
		value_set_text(to, "remedy", remedy_of_process(state));
	} else if (failing) {
		value_set_text(to, "sentence", arena_printf(arena, "%s has failed since %s: %s", name, why_moment(arena, failing->since_us),
		                                            failing->text));
		value_set_text(to, "remedy", "Mend what it says; it is tried again at least once a minute.");
	} else if (!flows) {
		value_set_text(to, "sentence", arena_printf(arena, "%s is ready, but starts nothing: no flow says on = %s", name, name));
		value_set_text(to, "remedy", arena_printf(arena, "Write on = %s into the [flow] that it is to start.", name));
	} else {
		value_set_text(to, "sentence", arena_printf(arena, "%s is ready, and starts %s when it %s", name, flows,
		                                            trigger->manifest.pressable ? "is pressed or fires" : "fires"));
	}
}

/* Fills `list`; "hello (ready), other (degraded)". NULL: it has none. */
static const char *triggers_of(struct engine *engine, const struct flow *flow, hst_value *list, const char **ret_remedy)
{
	const char *names = NULL;

	for (size_t i = 0; i < flow->on_count; i++) {
		const struct definition *trigger = definitions_instance(engine->definitions, HST_TRIGGER, flow->on[i]);
		hst_value *record = value_make_record(engine->scratch);
		const char *one;

		if (!trigger)
			continue;
		why_trigger(engine, trigger, record);
		value_append(list, record);
		one = arena_printf(engine->scratch, "%s (%s)", flow->on[i], value_text(value_get(record, "state")));
		names = names ? arena_printf(engine->scratch, "%s, %s", names, one) : one;
		if (value_kind(value_get(record, "remedy")) == HST_VALUE_TEXT && !*ret_remedy)
			*ret_remedy = value_text(value_get(record, "remedy"));
	}
	return names;
}

static int64_t count_waiting(struct engine *engine, const struct flow *flow)
{
	int64_t n = 0;

	TABLE_EACH(core_runs(engine->core), entry) {
		const struct run *run = entry->value;

		n += run->facts.state == STATE_QUEUED && strcmp(run->flow->name, flow->name) == 0;
	}
	return n;
}

static const hst_value *last_runs(struct engine *engine, const struct flow *flow)
{
	hst_value *filters = value_make_record(engine->scratch);
	const hst_value *runs = NULL;

	value_set_text(filters, "flow", flow->name);
	value_set_integer(filters, "limit", RUNS_SHOWN);
	return answer_runs(engine, filters, &runs, NULL) >= 0 ? runs : value_make_list(engine->scratch);
}

void why_flow(struct engine *engine, const struct flow *flow, hst_value *to)
{
	hst_arena *arena = engine->scratch;
	hst_value *triggers = value_make_list(arena);
	int64_t active = core_flow_active(engine->core, flow->name), waiting = count_waiting(engine, flow);
	const char *remedy = NULL, *names = triggers_of(engine, flow, triggers, &remedy), *most = "";
	const char *disabled = stand_sentence(engine, "flow", flow->name), *says = disabled;

	if (flow->concurrency > 0)
		most = arena_printf(arena, " for its concurrency of %lld", (long long)flow->concurrency);
	value_set_text(to, "kind", "flow");
	value_set_text(to, "subject", flow->name);
	value_set_text(to, "state", disabled ? "disabled" : "enabled");
	value_set_text(to, "code", disabled ? "Disabled" : NULL);
	if (disabled)
		remedy = arena_printf(arena, "Say `hostler enable flow:%s`.", flow->name);
	else
		says = arena_printf(arena, "%s is enabled and starts %s", flow->name,
		                    names ? arena_printf(arena, "on %s", names) : "by hand alone");
	value_set_text(to, "sentence",
	               arena_printf(arena, "%s; %lld of its runs %s under way, %lld wait%s%s", says, (long long)active,
	                            active == 1 ? "is" : "are", (long long)waiting, waiting == 1 ? "s" : "",
	                            waiting ? most : ""));
	value_set_text(to, "remedy", remedy);
	value_set(to, "candidates", value_make_list(arena));
	value_set(to, "triggers", triggers);
	value_set_integer(to, "active", active);
	value_set_integer(to, "waiting", waiting);
	value_set(to, "runs", last_runs(engine, flow));
}
