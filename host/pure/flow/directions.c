#include "pure/flow/directions.h"

#include "base/arena.h"

#include <string.h>

const char *flow_sink(hst_arena *arena, const struct flow_step *step, const char *input)
{
	return step->use == FLOW_USE_DESKTOP
	               ? arena_printf(arena, "desktop/%s.%s", step->target, input)
	               : arena_printf(arena, "connector/%s.%s.%s", step->target, step->action, input);
}

/* The output of `source` that a part names; NULL: none, or all of it, which is never sealed. */
static const char *named_by(const struct flow_part *part, const char *source)
{
	return !part->literal && part->token.path_count && strcmp(part->token.source, source) == 0
	               ? part->token.path[0]
	               : NULL;
}

static bool has(const struct flow_input *input, const char *source, const char *output)
{
	for (size_t i = 0; i < input->value.part_count; i++) {
		const char *name = named_by(&input->value.parts[i], source);

		if (name && strcmp(name, output) == 0)
			return true;
	}
	return false;
}

void flow_goes_to(const struct flow *flow, const char *source, const char *output,
                  void (*visit)(void *arg, const struct flow_step *step, const struct flow_input *input), void *arg)
{
	for (size_t i = 0; i < flow->step_count; i++)
		for (size_t n = 0; n < flow->steps[i].input_count; n++)
			if (has(&flow->steps[i].inputs[n], source, output))
				visit(arg, &flow->steps[i], &flow->steps[i].inputs[n]);
}

void flow_named_of(const struct flow *flow, const char *source, void (*visit)(void *arg, const char *output),
                   void *arg)
{
	for (size_t i = 0; i < flow->step_count; i++)
		for (size_t n = 0; n < flow->steps[i].input_count; n++) {
			const struct flow_template *value = &flow->steps[i].inputs[n].value;

			for (size_t part = 0; part < value->part_count; part++) {
				const char *name = named_by(&value->parts[part], source);

				if (name)
					visit(arg, name);
			}
		}
}

void flow_secrets(const struct flow *flow,
                  void (*visit)(void *arg, const char *secret, const struct flow_step *step,
                                const struct flow_input *input),
                  void *arg)
{
	for (size_t i = 0; i < flow->step_count; i++)
		for (size_t n = 0; n < flow->steps[i].input_count; n++)
			if (flow->steps[i].inputs[n].secret)
				visit(arg, flow->steps[i].inputs[n].secret, &flow->steps[i],
				      &flow->steps[i].inputs[n]);
}
