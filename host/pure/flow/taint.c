/* Forward through the steps: what goes into each, and what of its outputs is secure because of that. */
#include "pure/flow/taint.h"

#include "base/arena.h"
#include "pure/flow/tokens.h"
#include "schema/fields.h"

#include <string.h>

static const struct flow_secure *secure(const struct flow_taint *taint, struct flow_secure why)
{
	struct flow_secure *ret = arena_alloc(taint->arena, sizeof *ret);

	*ret = why;
	return ret;
}

/* With several triggers one that says so is enough: the run may be of that one. */
static const struct flow_secure *field_of_event(const struct flow_taint *taint, const char *name)
{
	for (size_t i = 0; i < taint->flow->on_count; i++) {
		const struct flow_declared *event = &taint->declared.events[i];
		const hst_field *field = event->known ? fields_find(event->fields, name) : NULL;

		if (field && field_type(field) == HST_TYPE_SECRET)
			return secure(taint, (struct flow_secure){.why = FLOW_SECURE_FIELD,
			                                          .owner = taint->flow->on[i],
			                                          .name = name});
	}
	return NULL;
}

const struct flow_secure *flow_taint_of(const struct flow_taint *taint, const char *source, const char *name)
{
	const struct flow_declared *outputs;
	const struct flow_taint_step *step;
	int position;

	if (strcmp(source, "trigger") == 0)
		return field_of_event(taint, name);
	position = flow_step_named(taint->flow, source);
	if (position < 0)
		return NULL;
	step = &taint->steps[position];
	outputs = &taint->declared.outputs[position];
	/* A step that is not reached yet has none; that it is named is another problem. */
	for (size_t i = 0; step->outputs && outputs->known && i < outputs->fields.n; i++)
		if (field_answers(&outputs->fields.at[i], name))
			return step->outputs[i];
	return step->all;
}

static const hst_field *field_of_input(const struct flow_taint *taint, size_t step, const char *name)
{
	const struct flow_declared *inputs = &taint->declared.inputs[step];

	return inputs->known ? fields_find(inputs->fields, name) : NULL;
}

static const struct flow_secure *value_of(const struct flow_taint *taint, const struct flow_step *step,
                                          const struct flow_input *input)
{
	const struct flow_secure *found = NULL;

	if (input->secret)
		return secure(taint, (struct flow_secure){.why = FLOW_SECURE_NAMED,
		                                          .owner = step->name,
		                                          .line = input->line,
		                                          .name = input->secret});
	for (size_t i = 0; !found && i < input->value.part_count; i++) {
		const struct flow_token *token = &input->value.parts[i].token;

		if (!input->value.parts[i].literal && token->path_count)
			found = flow_taint_of(taint, token->source, token->path[0]);
	}
	return found;
}

/* What makes an input count as secure for the outputs that are derived from it; declassified, nothing does. */
static const struct flow_secure *input_counts(const struct flow_taint *taint, size_t position, size_t i)
{
	const struct flow_step *step = &taint->flow->steps[position];
	const struct flow_input *input = &step->inputs[i];
	const hst_field *field = field_of_input(taint, position, input->name);
	struct flow_secure why = {.owner = step->name, .line = step->line};

	if (input->declassify)
		return NULL;
	if (taint->steps[position].inputs[i])
		return taint->steps[position].inputs[i];
	if (field && field_type(field) == HST_TYPE_SECRET)
		why.why = FLOW_SECURE_TYPE;
	else if (step->secure_inputs)
		why.why = FLOW_SECURE_INPUTS;
	return why.why ? secure(taint, why) : NULL;
}

static const struct flow_secure *output_of(const struct flow_taint *taint, size_t position,
                                           const hst_field *field)
{
	const struct flow_step *step = &taint->flow->steps[position];
	struct flow_secure why = {.owner = step->name, .line = step->line, .name = field_name(field)};

	if (field_type(field) == HST_TYPE_SECRET)
		why.why = FLOW_SECURE_OUTPUT;
	else if (step->secure_outputs)
		return taint->steps[position].all;
	for (size_t i = 0; !why.why && field->derived && i < step->input_count; i++) {
		why.from = input_counts(taint, position, i);
		if (!why.from)
			continue;
		why.why = FLOW_SECURE_DERIVED;
		why.input = step->inputs[i].name;
	}
	return why.why ? secure(taint, why) : NULL;
}

static void step_taint(struct flow_taint *taint, size_t position)
{
	const struct flow_step *step = &taint->flow->steps[position];
	const struct flow_declared *outputs = &taint->declared.outputs[position];
	struct flow_taint_step *own = &taint->steps[position];
	size_t n = outputs->known ? outputs->fields.n : 0;

	own->inputs = arena_array(taint->arena, step->input_count, sizeof *own->inputs);
	own->outputs = arena_array(taint->arena, n, sizeof *own->outputs);
	if (step->secure_outputs)
		own->all = secure(taint, (struct flow_secure){.why = FLOW_SECURE_OUTPUTS,
		                                              .owner = step->name,
		                                              .line = step->line});
	for (size_t i = 0; i < step->input_count; i++)
		own->inputs[i] = value_of(taint, step, &step->inputs[i]);
	for (size_t i = 0; i < n; i++)
		own->outputs[i] = output_of(taint, position, &outputs->fields.at[i]);
}

struct flow_taint *flow_taint(hst_arena *arena, const struct flow *flow,
                              const struct flow_declarations *declarations)
{
	struct flow_taint *taint = arena_alloc(arena, sizeof *taint);

	taint->flow = flow;
	taint->declared = *declarations;
	taint->steps = arena_array(arena, flow->step_count, sizeof *taint->steps);
	taint->arena = arena;
	for (size_t i = 0; i < flow->step_count; i++)
		step_taint(taint, i);
	return taint;
}
