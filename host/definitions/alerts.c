#include "definitions/alerts.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "definitions/world.h"
#include "pure/flow/tokens.h"
#include "schema/fields.h"
#include "schema/nearest.h"

#include <string.h>

/* Its step's name stands in no message, and a step called "alert" comes before it. */
#define TELLING "telling"

static const hst_field fields[] = {
	{.name = "name", .type = HST_TYPE_TEXT},    {.name = "when", .type = HST_TYPE_TEXT},
	{.name = "state", .type = HST_TYPE_TEXT},   {.name = "subject", .type = HST_TYPE_TEXT},
	{.name = "text", .type = HST_TYPE_TEXT},    {.name = "remedy", .type = HST_TYPE_TEXT},
	{.name = "flow", .type = HST_TYPE_TEXT},    {.name = "run", .type = HST_TYPE_TEXT},
	{.name = "device", .type = HST_TYPE_TEXT},  {.name = "since", .type = HST_TYPE_TEXT},
	{.name = "count", .type = HST_TYPE_INTEGER}, {.name = "host", .type = HST_TYPE_TEXT},
};

const hst_fields alert_fields = HST_FIELDS(fields);

/* Inputs that are filled where the section says nothing of them, by what they are called. */
static const struct {
	const char *input, *value;
} defaults[] = {
	{"subject", "${alert.subject}"}, {"title", "${alert.subject}"}, {"text", "${alert.text}"},
	{"body", "${alert.text}"},	 {"message", "${alert.text}"},
};

struct reading {
	struct definitions *made;
	const struct table *flows;
	struct problems *problems;
	struct alert_definition *alert;
	struct flow_step *step;
};

#define PROBLEM(reading, line, ...) problems_add((reading)->problems, (reading)->alert->conf->section->file, line, __VA_ARGS__)

static int line_of(const struct reading *reading, const char *key)
{
	const struct section_key *found = section_find(reading->alert->conf->section, key);

	return found ? found->line : reading->alert->conf->line;
}

static bool has_kind(const struct alert_definition *alert, enum alert_kind kind)
{
	for (size_t i = 0; i < alert->condition_count; i++)
		if (alert->conditions[i].kind == kind)
			return true;
	return false;
}

static void read_conditions(struct reading *reading)
{
	struct alert_definition *alert = reading->alert;
	const struct conf_alert *conf = alert->conf;
	int line = line_of(reading, "when");

	alert->conditions = arena_array(reading->made->arena, conf->when_count, sizeof *alert->conditions);
	for (size_t i = 0; i < conf->when_count; i++) {
		struct alert_condition condition;
		hst_error why;

		if (alert_condition_parse(conf->when[i], &condition, &why) != HST_OK)
			PROBLEM(reading, line, "when: %s", why.text);
		else if (has_kind(alert, condition.kind))
			PROBLEM(reading, line, "when has \"%s\" twice; a second limit belongs into an [alert] of its own",
				alert_kind_row(condition.kind)->word);
		else
			alert->conditions[alert->condition_count++] = condition;
	}
}

static void check_flows(struct reading *reading)
{
	const struct conf_alert *conf = reading->alert->conf;

	for (size_t i = 0; i < conf->flow_count; i++) {
		struct nearest nearest;

		if (table_get(reading->flows, conf->flows[i]))
			continue;
		nearest_init(&nearest, conf->flows[i]);
		TABLE_EACH(reading->flows, entry)
			nearest_offer(&nearest, entry->key);
		PROBLEM(reading, line_of(reading, "flows"), "there is no flow \"%s\"%s%s%s", conf->flows[i],
			nearest.best ? "; did you mean \"" : "", nearest.best ? nearest.best : "", nearest.best ? "\"?" : "");
	}
}

static struct section *made_section(struct reading *reading, const char *kind, const char *name, size_t keys)
{
	struct section *section = arena_alloc(reading->made->arena, sizeof *section);

	*section = (struct section){.file = reading->alert->conf->section->file,
				    .line = reading->alert->conf->line,
				    .kind = arena_text(reading->made->arena, kind),
				    .name = arena_text(reading->made->arena, name),
				    .keys = arena_array(reading->made->arena, keys, sizeof *section->keys)};
	return section;
}

static void add_key(struct reading *reading, struct section *to, const char *name, const char *value, int line)
{
	to->keys[to->key_count++] = (struct section_key){.name = arena_text(reading->made->arena, name),
							 .value = arena_text(reading->made->arena, value), .line = line};
}

/* The section as the flow it stands for. */
static struct flow *make_flow(struct reading *reading)
{
	const struct conf_alert *conf = reading->alert->conf;
	struct section sections[3], *telling = made_section(reading, "step", TELLING, conf->section->key_count + 1);
	struct document document = {.file = conf->section->file, .text = arena_text(reading->made->arena, ""), .sections = sections,
				    .section_count = 3};

	sections[0] = *made_section(reading, "flow", NULL, 1);
	add_key(reading, &sections[0], "name", "alert", conf->line);
	sections[1] = *made_section(reading, "step", "alert", 1);
	add_key(reading, &sections[1], "use", "connector:" WORLD_ALERT ".is", conf->line);
	add_key(reading, telling, "use", conf->use, line_of(reading, "use"));
	for (size_t i = 0; i < conf->section->key_count; i++) {
		const struct section_key *key = &conf->section->keys[i];

		if (strncmp(key->name, "input.", 6) == 0)
			add_key(reading, telling, key->name, key->value, key->line);
	}
	sections[2] = *telling;
	return flow_parse_for_check(&document, reading->problems);
}

/* False: something stands there that an alert cannot have, which is said. */
static bool check_sources(struct reading *reading)
{
	const struct flow_step *step = reading->step;
	bool good = true;

	for (size_t i = 0; i < step->input_count; i++) {
		const struct flow_input *input = &step->inputs[i];

		if (input->secret)
			PROBLEM(reading, input->line,
				"input.%s: an alert is given no secrets; what its connector needs to sign in belongs into the options of that",
				input->name);
		good &= !input->secret;
		for (size_t k = 0; k < input->value.part_count; k++) {
			const struct flow_part *part = &input->value.parts[k];

			if (part->literal || strcmp(part->token.source, "alert") == 0)
				continue;
			PROBLEM(reading, input->line, "%s: an alert belongs to no run; it has ${alert.text}, ${alert.flow} and the like",
				part->token.text);
			good = false;
		}
	}
	return good;
}

static bool has_input(const struct flow_step *step, const char *name)
{
	for (size_t i = 0; i < step->input_count; i++)
		if (strcmp(step->inputs[i].name, name) == 0)
			return true;
	return false;
}

static void fill_input(struct reading *reading, const hst_field *field)
{
	struct flow_step *step = reading->step;
	const char *name = field_name(field), *value = NULL;

	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
		if (strcmp(defaults[i].input, name) == 0 && field_type(field) == HST_TYPE_TEXT)
			value = defaults[i].value;
	if (value) {
		struct flow_input *input = &step->inputs[step->input_count++];

		*input = (struct flow_input){.name = arena_text(reading->alert->flow->arena, name), .line = step->line};
		flow_template_parse(reading->alert->flow->arena, reading->alert->flow->file, step->line, value, &input->value,
				    reading->problems);
	} else if (field->required && !field->def) {
		PROBLEM(reading, step->line, "[alert %s] needs input.%s%s%s", reading->alert->conf->name, name, field->doc ? ": " : "",
			field->doc ? field->doc : "");
	}
}

/* What the section leaves out of what the action takes. */
static void fill_inputs(struct reading *reading)
{
	struct flow_step *step = reading->step;
	const struct definition *connector = definitions_instance(reading->made, HST_CONNECTOR, step->target);
	struct flow_input *given = step->inputs;
	hst_fields inputs, outputs;
	hst_duration deadline;

	if (!connector || connector->bad || !definitions_action(connector, step->action, &inputs, &outputs, &deadline))
		return;
	step->inputs = arena_array(reading->alert->flow->arena, step->input_count + inputs.n + 1, sizeof *step->inputs);
	for (size_t i = 0; i < step->input_count; i++)
		step->inputs[i] = given[i];
	for (size_t i = 0; i < inputs.n; i++)
		if (!has_input(step, field_name(&inputs.at[i])))
			fill_input(reading, &inputs.at[i]);
}

static void read_action(struct reading *reading)
{
	struct alert_definition *alert = reading->alert;
	size_t before = reading->problems->n + reading->problems->dropped;

	alert->flow = make_flow(reading);
	alert->step = reading->step = &alert->flow->steps[1];
	if (reading->problems->n + reading->problems->dropped != before || !check_sources(reading))
		return;
	if (reading->step->use != FLOW_USE_CONNECTOR) {
		PROBLEM(reading, line_of(reading, "use"), "\"%.128s\": an alert tells through an action; write connector:INSTANCE.ACTION",
			alert->conf->use);
		return;
	}
	fill_inputs(reading);
	/* What is missing has been said. */
	reading->step->broken_input = true;
	world_check_alert(reading->made, alert->flow, alert_fields, reading->problems);
}

void definitions_add_alerts(struct definitions *made, const struct table *flows, struct problems *problems)
{
	const struct conf *conf = made->conf;

	made->alerts = arena_array(made->arena, conf->alert_count, sizeof *made->alerts);
	for (size_t i = 0; i < conf->alert_count; i++) {
		struct reading reading = {.made = made, .flows = flows, .problems = problems, .alert = &made->alerts[i]};

		made->alert_count++;
		reading.alert->conf = &conf->alerts[i];
		read_conditions(&reading);
		check_flows(&reading);
		if (conf->alerts[i].use)
			read_action(&reading);
	}
}

void definitions_free_alerts(struct definitions *definitions)
{
	for (size_t i = 0; i < definitions->alert_count; i++)
		flow_free(definitions->alerts[i].flow);
}
