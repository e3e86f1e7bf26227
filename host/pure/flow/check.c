/*
 * First the house is asked for everything the flow names, then each step is gone through with what the
 * answers declare. What the house does not know, or knows to be bad, is said once: nothing is concluded from
 * it.
 */
#include "pure/flow/check.h"

#include "base/arena.h"
#include "pure/flow/conditions.h"
#include "pure/flow/fit.h"
#include "pure/flow/taint.h"
#include "pure/flow/tokens.h"
#include "schema/fields.h"
#include "schema/nearest.h"
#include "schema/types.h"
#include "schema/value.h"

#include <string.h>

struct check {
	const struct flow *flow;
	const struct flow_world *world;
	struct problems *problems;
	hst_arena *arena;
	struct flow_declared *events;           /* of flow->on */
	struct flow_declared *inputs, *outputs; /* of flow->steps */
	size_t step;                       /* the one looked at: tokens may name those before it */
	bool label;                        /* the label is looked at: tokens may name no step */
	int line;                          /* where the tokens that are looked at stand */
};

static const hst_field run_fields[] = {
	{.name = "id", .type = HST_TYPE_TEXT},
	{.name = "number", .type = HST_TYPE_INTEGER},
	{.name = "requested", .type = HST_TYPE_DATE},
};

static const hst_field flow_fields[] = {
	{.name = "name", .type = HST_TYPE_TEXT},
};

#define PROBLEM(check, line, ...) problems_add((check)->problems, (check)->flow->file, line, __VA_ARGS__)

/* The end of a message: which known word was meant, if one is near. */
static const char *meant(const struct check *check, const char *near)
{
	return near ? arena_printf(check->arena, "; did you mean \"%s\"?", near) : "";
}

/* Asks about a name; says so where there is none. */
static void refuse_unknown(const struct check *check, int line, const char *kind, const char *word,
                           const char *name)
{
	PROBLEM(check, line, "there is no %s \"%s\"%s", word, name,
	        meant(check, check->world->nearest(check->world->arg, kind, name)));
}

static void ask_triggers(struct check *check)
{
	const struct flow_world *world = check->world;

	for (size_t i = 0; i < check->flow->on_count; i++) {
		const char *name = check->flow->on[i];
		enum flow_known known = world->trigger(world->arg, name, &check->events[i].fields);

		check->events[i].known = known == FLOW_KNOWN;
		if (known == FLOW_UNKNOWN)
			refuse_unknown(check, check->flow->on_line, "trigger", "trigger", name);
	}
}

static enum flow_known ask_action(const struct check *check, const struct flow_step *step,
                                  struct flow_declared *inputs, struct flow_declared *outputs)
{
	const struct flow_world *world = check->world;
	enum flow_known known = world->connector(world->arg, step->target);
	const char *near = NULL;

	if (known == FLOW_UNKNOWN)
		refuse_unknown(check, step->use_line, "connector", "connector", step->target);
	if (known != FLOW_KNOWN)
		return known;
	known = world->action(world->arg, step->target, step->action, &inputs->fields, &outputs->fields,
	                      &near);
	if (known == FLOW_UNKNOWN)
		PROBLEM(check, step->use_line, "connector \"%s\" has no action \"%s\"%s", step->target,
		        step->action, meant(check, near));
	return known;
}

static enum flow_known ask_package(const struct check *check, const struct flow_step *step,
                                   struct flow_declared *inputs, struct flow_declared *outputs)
{
	const struct flow_world *world = check->world;
	enum flow_known known = world->package(world->arg, step->target, &inputs->fields, &outputs->fields);

	if (known == FLOW_UNKNOWN)
		refuse_unknown(check, step->use_line, "package", "desktop flow", step->target);
	return known;
}

static void ask_steps(struct check *check)
{
	for (size_t i = 0; i < check->flow->step_count; i++) {
		const struct flow_step *step = &check->flow->steps[i];
		struct flow_declared *inputs = &check->inputs[i], *outputs = &check->outputs[i];
		enum flow_known known = FLOW_KNOWN_BAD;

		if (step->use == FLOW_USE_CONNECTOR && step->action)
			known = ask_action(check, step, inputs, outputs);
		else if (step->use == FLOW_USE_DESKTOP)
			known = ask_package(check, step, inputs, outputs);
		inputs->known = outputs->known = known == FLOW_KNOWN;
	}
}

/* Steps before the one looked at, and what is there besides. */
static const char *nearest_source(const struct check *check, const char *name)
{
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (size_t i = 0; !check->label && i < check->step; i++)
		nearest_offer(&nearest, check->flow->steps[i].name);
	for (size_t i = 0; flow_reserved_sources[i]; i++)
		nearest_offer(&nearest, flow_reserved_sources[i]);
	return nearest.best;
}

/*
 * A field of an event. With several triggers one that declares it is enough: in runs of the others it is
 * absent.
 */
static const hst_field *event_field(const struct check *check, const char *name, bool *ret_known,
                                    const char **ret_near)
{
	const hst_field *found = NULL;

	*ret_known = check->flow->on_count > 0;
	for (size_t i = 0; i < check->flow->on_count; i++) {
		const struct flow_declared *event = &check->events[i];
		const hst_field *field = event->known ? fields_find(event->fields, name) : NULL;

		if (!event->known || (field && found && field_type(field) != field_type(found)))
			*ret_known = false;
		if (field)
			found = field;
		else if (event->known && !*ret_near)
			*ret_near = fields_nearest(event->fields, name);
	}
	return found;
}

/* The declared outputs of the step a token names; false: it must not name that, which was said. */
static bool step_outputs(const struct check *check, const struct flow_token *token, struct flow_declared *ret)
{
	int position = flow_step_named(check->flow, token->source);

	if (position < 0)
		PROBLEM(check, check->line, "%s names no step%s", token->text,
		        meant(check, nearest_source(check, token->source)));
	else if (check->label)
		PROBLEM(check, check->line,
		        "%s names a step: the label is made before any step, from ${trigger…}, ${run…} "
		        "and ${flow…}",
		        token->text);
	else if ((size_t)position == check->step)
		PROBLEM(check, check->line, "%s names its own step; only earlier ones have outputs",
		        token->text);
	else if ((size_t)position > check->step)
		PROBLEM(check, check->line, "%s names a later step: \"%s\" is in line %d", token->text,
		        token->source, check->flow->steps[position].line);
	else
		*ret = check->outputs[position];
	return position >= 0 && !check->label && (size_t)position < check->step;
}

/* The field a token's first name stands for. NULL: not known, or not there, which was said. */
static const hst_field *token_field(const struct check *check, const struct flow_token *token)
{
	struct flow_declared declared = {0};
	const hst_field *field = NULL;
	const char *name = token->path_count ? token->path[0] : NULL, *near = NULL;

	if (strcmp(token->source, "trigger") == 0) {
		if (name)
			field = event_field(check, name, &declared.known, &near);
	} else {
		if (strcmp(token->source, "run") == 0)
			declared = (struct flow_declared){true, HST_FIELDS(run_fields)};
		else if (strcmp(token->source, "flow") == 0)
			declared = (struct flow_declared){true, HST_FIELDS(flow_fields)};
		else if (!step_outputs(check, token, &declared))
			return NULL;
		if (name && declared.known) {
			field = fields_find(declared.fields, name);
			near = fields_nearest(declared.fields, name);
		}
	}
	if (!name || !declared.known)
		return NULL;
	if (!field)
		PROBLEM(check, check->line, "%s: \"%s\" has no \"%s\"%s", token->text, token->source, name,
		        meant(check, near));
	return field;
}

/* Looks at one token and returns the type of what it stands for; HST_TYPE_NONE: not known. */
static hst_type check_token(const struct check *check, const struct flow_token *token)
{
	const hst_field *field = token_field(check, token);
	hst_type type = field ? field_type(field) : HST_TYPE_NONE;
	size_t position, part = 1;

	if (!token->path_count)
		return HST_TYPE_JSON;
	if (part < token->path_count && (type == HST_TYPE_LIST || type == HST_TYPE_FILES || type == HST_TYPE_TABLE)) {
		if (!flow_is_position(token->path[part], &position)) {
			PROBLEM(check, check->line,
			        "%s: \"%s\" is a %s: a position is expected behind it, as in ${%s.%s.0}",
			        token->text, token->path[0], type_name(type), token->source, token->path[0]);
			return HST_TYPE_NONE;
		}
		type = type == HST_TYPE_LIST ? HST_TYPE_TEXT : type == HST_TYPE_FILES ? HST_TYPE_FILE : HST_TYPE_JSON;
		part++;
	}
	if (part == token->path_count || type == HST_TYPE_NONE)
		return type;
	if (type != HST_TYPE_JSON)
		PROBLEM(check, check->line, "%s: \"%s\" is of type %s and has no parts", token->text,
		        token->path[part - 1], type_name(type));
	return HST_TYPE_NONE;
}

/* The type of a template's value, its tokens looked at on the way. */
static hst_type check_template(struct check *check, const struct flow_template *template)
{
	hst_type type = HST_TYPE_TEXT;

	check->line = template->line;
	for (size_t i = 0; i < template->part_count; i++)
		if (!template->parts[i].literal)
			type = check_token(check, &template->parts[i].token);
	return template->part_count == 1 ? type : HST_TYPE_TEXT;
}

static bool is_literal(const struct flow_template *template)
{
	return !template->part_count || (template->part_count == 1 && template->parts[0].literal);
}

/*
 * The field an input is checked against. A member of a map has its own name and is text unless the table says
 * otherwise.
 */
static hst_field input_field(const hst_field *field, const char *name)
{
	hst_field own = *field;

	if (strcmp(field_name(field), name) != 0 && !field->as)
		own.as = HST_TYPE_TEXT;
	own.name = name;
	return own;
}

static void check_literal(const struct check *check, const struct flow_input *input, const hst_field *field)
{
	const char *text = input->value.part_count ? input->value.parts[0].literal : "";
	const hst_value *given = value_make_text(check->arena, text, strlen(text)), *normal;
	hst_error why;

	if (type_check(check->arena, field, given, &normal, &why) != HST_OK)
		PROBLEM(check, input->line, "input %s", why.text);
}

static void check_input(struct check *check, const struct flow_step *step, const struct flow_input *input)
{
	const struct flow_declared *inputs = &check->inputs[check->step];
	const hst_field *known = inputs->known ? fields_find(inputs->fields, input->name) : NULL;
	hst_type type = check_template(check, &input->value);
	hst_field field;

	if (!inputs->known)
		return;
	if (!known) {
		PROBLEM(check, input->line, "%s has no input \"%s\"%s", step->use_text, input->name,
		        meant(check, fields_nearest(inputs->fields, input->name)));
		return;
	}
	field = input_field(known, input->name);
	if (input->secret)
		type = HST_TYPE_SECRET;
	if (!input->secret && is_literal(&input->value) && field_type(&field) != HST_TYPE_SECRET)
		check_literal(check, input, &field);
	else if (!flow_type_fits(field_type(&field), type))
		PROBLEM(check, input->line, "input \"%s\" is of type %s, %s is of type %s", input->name,
		        type_name(field_type(&field)), input->value.text, type_name(type));
}

static bool has_input(const struct flow_step *step, const char *name)
{
	for (size_t i = 0; i < step->input_count; i++)
		if (strcmp(step->inputs[i].name, name) == 0)
			return true;
	return false;
}

static void check_missing(const struct check *check, const struct flow_step *step)
{
	const struct flow_declared *inputs = &check->inputs[check->step];

	for (size_t i = 0; inputs->known && !step->broken_input && i < inputs->fields.n; i++) {
		const hst_field *field = &inputs->fields.at[i];

		if (field->required && !field->def && !has_input(step, field_name(field)))
			PROBLEM(check, step->line, "step \"%s\" needs input.%s (%s%s%s)", step->name,
			        field_name(field), type_name(field_type(field)), field->doc ? ": " : "",
			        field->doc ? field->doc : "");
	}
}

/* Keys that only one kind of step has. */
static void check_keys(const struct check *check, const struct flow_step *step)
{
	const struct {
		const char *name;
		int line;
		bool required;
	} desktop_keys[] = {
		{"connection", step->connection_line, true},
		{"mode", step->mode_line, true},
		{"priority", step->priority_line, false},
		{"queue_timeout", step->queue_timeout_line, false},
	};
	bool desktop = step->use == FLOW_USE_DESKTOP;

	if (!step->use)
		return; /* what it uses could not be read */
	for (size_t i = 0; i < sizeof desktop_keys / sizeof *desktop_keys; i++) {
		if (desktop && desktop_keys[i].required && !desktop_keys[i].line)
			PROBLEM(check, step->line, "step \"%s\" runs a desktop flow and needs the key \"%s\"",
			        step->name, desktop_keys[i].name);
		else if (!desktop && desktop_keys[i].line)
			PROBLEM(check, desktop_keys[i].line,
			        "step \"%s\" calls a connector: \"%s\" is for desktop flows", step->name,
			        desktop_keys[i].name);
	}
	if (desktop && step->connection &&
	    check->world->connection(check->world->arg, step->connection) == FLOW_UNKNOWN)
		refuse_unknown(check, step->connection_line, "connection", "connection", step->connection);
}

static void check_condition_token(void *arg, const struct flow_token *token)
{
	check_token(arg, token);
}

static void check_step(struct check *check, const struct flow_step *step)
{
	check_keys(check, step);
	check_missing(check, step);
	for (size_t i = 0; i < step->input_count; i++)
		check_input(check, step, &step->inputs[i]);
	check->line = step->when_line;
	if (step->when)
		flow_condition_tokens(step->when, check_condition_token, check);
}

void flow_check(const struct flow *flow, const struct flow_world *world, struct problems *problems)
{
	hst_arena *arena = arena_new();
	struct check check = {
		.flow = flow,
		.world = world,
		.problems = problems,
		.arena = arena,
		.events = arena_array(arena, flow->on_count, sizeof *check.events),
		.inputs = arena_array(arena, flow->step_count, sizeof *check.inputs),
		.outputs = arena_array(arena, flow->step_count, sizeof *check.outputs),
	};

	ask_triggers(&check);
	ask_steps(&check);
	check.label = true;
	check_template(&check, &flow->label);
	check.label = false;
	for (check.step = 0; check.step < flow->step_count; check.step++)
		check_step(&check, &flow->steps[check.step]);
	flow_taint_check(flow_taint(arena, flow,
	                            &(struct flow_declarations){check.events, check.inputs, check.outputs}),
	                 problems);
	arena_free(arena);
}
