/*
 * Envelopes of runs: taken with events, kept by the run, found again by the tokens that name them. The JSON beside them
 * only shows that there is one, and is written here, so that nothing readable is kept in its place.
 */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "base/text.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

static const struct flow_envelope *find(const struct flow_envelope *sealed, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(sealed[i].name, name) == 0)
			return &sealed[i];
	return NULL;
}

static struct flow_envelope copied(const struct flow_envelope *envelope)
{
	return (struct flow_envelope){.name = mem_text(envelope->name),
				      .bytes = mem_copy(envelope->bytes, envelope->length),
				      .length = envelope->length};
}

void sealed_clear(struct flow_envelope *sealed, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)sealed[i].name);
		free((void *)sealed[i].bytes);
	}
	free(sealed);
}

/* Of two with one name the first counts. */
static void keep(struct flow_envelope **at, size_t *n, const struct flow_envelope *sealed, size_t count)
{
	sealed_clear(*at, *n);
	*n = 0;
	*at = count ? mem_array(count, sizeof **at) : NULL;
	for (size_t i = 0; i < count; i++)
		if (!find(*at, *n, sealed[i].name))
			(*at)[(*n)++] = copied(&sealed[i]);
}

static void store(struct core_effects *effects, struct run *run, int64_t step, const struct flow_envelope *sealed,
		  size_t n)
{
	run->sealed = run->sealed || n;
	for (size_t i = 0; i < n; i++)
		effects_sealed(effects, run, step, &sealed[i]);
}

static const hst_value *shown(struct core *core, const char *source, const char *name)
{
	return flow_sealed_value(core->scratch, arena_printf(core->scratch, "%s.%s", source, name));
}

/* What came with an event: values in JSON and envelopes by name. */
struct coming {
	struct core *core;
	const struct flow *flow;
	const char *source;
	const struct flow_envelope *sealed;
	size_t sealed_count;
};

static bool is_readable(const struct coming *coming, const char *name, const hst_value *value)
{
	return value_kind(value) != HST_VALUE_NULL && !find(coming->sealed, coming->sealed_count, name) &&
	       secured_value(coming->core, coming->flow, coming->source, name);
}

/* The name of the first that is secure and came readable; NULL: there is none. */
static const char *readable(const struct coming *coming, const hst_value *values)
{
	for (size_t i = 0; i < value_count(values); i++)
		if (is_readable(coming, value_name_at(values, i), value_at(values, i)))
			return value_name_at(values, i);
	return NULL;
}

/* The same record without what is secure and readable, and with what there is an envelope for shown as sealed. */
static char *rewritten(const struct coming *coming, const hst_value *values, size_t *ret_length)
{
	hst_value *record = value_make_record(coming->core->scratch);
	struct text json;

	for (size_t i = 0; i < value_count(values); i++)
		if (!is_readable(coming, value_name_at(values, i), value_at(values, i)))
			value_set(record, value_name_at(values, i), value_at(values, i));
	for (size_t i = 0; i < coming->sealed_count; i++)
		value_set(record, coming->sealed[i].name,
			  shown(coming->core, coming->source, coming->sealed[i].name));
	text_init(&json, 2 * VALUE_BYTES_MAX);
	value_write_json(&json, record);
	*ret_length = json.length;
	return text_take(&json);
}

/* False: nothing of it is or ought to be sealed, and it can be kept as it came. */
static bool concerned(const struct coming *coming)
{
	return coming->sealed_count || secured_any(coming->core, coming->flow);
}

static const hst_value *read(struct core *core, const char *json, size_t length)
{
	const hst_value *values = NULL;

	if (!length || value_parse_json(core->scratch, json, length, &values, NULL) < 0 ||
	    value_kind(values) != HST_VALUE_RECORD)
		return value_make_record(core->scratch);
	return values;
}

const char *sealed_take_event(struct core *core, struct run *run, const struct core_event *event,
			      struct core_effects *effects)
{
	struct run_facts *facts = &run->facts;
	struct coming coming = {core, run->flow, "trigger", event->sealed, event->sealed_count};
	const hst_value *values;

	if (!concerned(&coming)) {
		facts->event = mem_copy(event->payload, event->payload_length);
		facts->event_length = event->payload_length;
		return NULL;
	}
	values = read(core, event->payload, event->payload_length);
	facts->event = rewritten(&coming, values, &facts->event_length);
	keep(&facts->sealed, &facts->sealed_count, event->sealed, event->sealed_count);
	store(effects, run, 0, facts->sealed, facts->sealed_count);
	return readable(&coming, values);
}

/* `values` NULL: nothing is or ought to be sealed, and the JSON is kept as it came. */
static void keep_outputs(struct step *step, const struct coming *coming, const hst_value *values, const char *json,
			 size_t length, struct core_effects *effects)
{
	struct step_facts *facts = &step->facts;

	free(facts->outputs);
	facts->outputs_length = length;
	facts->outputs = values ? rewritten(coming, values, &facts->outputs_length) :
			 json	? mem_copy(json, length)
				: NULL;
	keep(&facts->sealed, &facts->sealed_count, coming->sealed, coming->sealed_count);
	store(effects, step->run, facts->id, facts->sealed, facts->sealed_count);
}

const char *sealed_take_outputs(struct core *core, struct step *step, const struct core_event *event,
				struct core_effects *effects)
{
	struct coming coming = {core, step->run->flow, step->flow_step->name, event->sealed, event->sealed_count};
	const hst_value *values = NULL;
	const char *name = NULL;

	if (event->payload_length == 0 && !event->sealed_count)
		return NULL;
	if (concerned(&coming)) {
		values = read(core, event->payload, event->payload_length);
		name = readable(&coming, values);
	}
	if (!name)
		keep_outputs(step, &coming, values, event->payload, event->payload_length, effects);
	return name;
}

void sealed_keep(struct core *core, struct step *step, const struct step_facts *facts, struct core_effects *effects)
{
	struct coming coming = {core, step->run->flow, step->flow_step->name, facts->sealed, facts->sealed_count};
	const hst_value *values =
		facts->outputs && concerned(&coming) ? read(core, facts->outputs, facts->outputs_length) : NULL;

	keep_outputs(step, &coming, values, facts->outputs, facts->outputs_length, effects);
}

const char *sealed_readable(struct core *core, const struct step *step, const char *outputs, size_t length)
{
	struct coming coming = {.core = core, .flow = step->run->flow, .source = step->flow_step->name};

	return concerned(&coming) ? readable(&coming, read(core, outputs, length)) : NULL;
}

const struct flow_envelope *sealed_of(const struct run *run, const char *source, const char *output)
{
	const struct step *step;
	int position;

	if (strcmp(source, "trigger") == 0)
		return find(run->facts.sealed, run->facts.sealed_count, output);
	position = flow_step_named(run->flow, source);
	step = position < 0 ? NULL : run->steps[position];
	if (!step || run->standing[position] != FLOW_STEP_SUCCEEDED)
		return NULL;
	return find(step->facts.sealed, step->facts.sealed_count, output);
}

static void restore(struct flow_envelope **at, size_t *n, const struct flow_envelope *envelope)
{
	struct flow_envelope *more = mem_array(*n + 1, sizeof *more);

	if (find(*at, *n, envelope->name)) {
		free(more);
		return;
	}
	for (size_t i = 0; i < *n; i++)
		more[i] = (*at)[i];
	more[(*n)++] = copied(envelope);
	free(*at);
	*at = more;
}

void core_restore_sealed(struct core *core, struct run *run, int64_t step, const struct flow_envelope *envelope)
{
	struct step *of = step ? core_step_of(core, step) : NULL;

	run->sealed = true;
	if (!step)
		restore(&run->facts.sealed, &run->facts.sealed_count, envelope);
	else if (of && of->run == run)
		restore(&of->facts.sealed, &of->facts.sealed_count, envelope);
}

/* The JSON without what is secure and has no envelope: that which stands in its place is no value. */
static void drop_readable(const struct coming *coming, char **json, size_t *length)
{
	const hst_value *values = *json ? read(coming->core, *json, *length) : NULL;
	char *whole = *json;

	if (!readable(coming, values))
		return;
	*json = rewritten(coming, values, length);
	free(whole);
}

void sealed_restored(struct core *core, struct run *run)
{
	struct coming coming = {core, run->flow, "trigger", run->facts.sealed, run->facts.sealed_count};

	if (!secured_any(core, run->flow))
		return;
	drop_readable(&coming, &run->facts.event, &run->facts.event_length);
	for (size_t i = 0; i < run->flow->step_count; i++) {
		struct step *step = run->steps[i];

		if (!step)
			continue;
		coming.source = step->flow_step->name;
		coming.sealed = step->facts.sealed;
		coming.sealed_count = step->facts.sealed_count;
		drop_readable(&coming, &step->facts.outputs, &step->facts.outputs_length);
	}
}
