/* Effects: lists of what a batch has changed and wants done. A run or step stands in its list once per batch.
 */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "base/text.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

/* A detail, and what stands, has at most a reason and two texts, each byte of which may take six as JSON. */
enum { TEXT_MAX = 2000, LINE_MAX = 32 << 10 };

void core_effects_init(struct core_effects *effects)
{
	*effects = (struct core_effects){.arena = arena_new()};
	text_init(&effects->line, LINE_MAX);
}

void core_effects_clear(struct core_effects *effects)
{
	free(effects->runs);
	free(effects->steps);
	free(effects->happenings);
	free(effects->standings);
	free(effects->sealed);
	free(effects->actions);
	text_clear(&effects->line);
	arena_free(effects->arena);
	*effects = (struct core_effects){0};
}

void effects_run(struct core_effects *effects, struct run *run)
{
	if (run->dirty)
		return;
	run->dirty = true;
	effects->runs =
		mem_grow(effects->runs, &effects->run_size, effects->run_count + 1, sizeof *effects->runs);
	effects->runs[effects->run_count++] = run;
}

void effects_step(struct core_effects *effects, struct step *step)
{
	if (step->dirty)
		return;
	step->dirty = true;
	effects->steps = mem_grow(effects->steps, &effects->step_size, effects->step_count + 1,
				  sizeof *effects->steps);
	effects->steps[effects->step_count++] = step;
}

struct core_action *effects_action(struct core_effects *effects, enum core_action_kind kind)
{
	struct core_action *action;

	effects->actions = mem_grow(effects->actions, &effects->action_size, effects->action_count + 1,
				    sizeof *effects->actions);
	action = &effects->actions[effects->action_count++];
	*action = (struct core_action){.kind = kind};
	return action;
}

void effects_happened(struct core *core, struct core_effects *effects, struct run *run, struct step *step,
		      const char *what, ...)
{
	struct core_happening *happening;
	struct text *line = &effects->line;
	const char *name;
	va_list args;

	text_reset(line);
	va_start(args, what);
	while ((name = va_arg(args, const char *))) {
		const char *value = va_arg(args, const char *);

		if (!value)
			continue;
		text_add(line, line->length ? ",\"" : "{\"");
		text_add(line, name);
		text_add(line, "\":");
		json_quote(line, value, strlen(value));
	}
	va_end(args);
	effects->happenings = mem_grow(effects->happenings, &effects->happening_size,
				       effects->happening_count + 1, sizeof *effects->happenings);
	happening = &effects->happenings[effects->happening_count++];
	*happening = (struct core_happening){.at_us = core->now_us, .run = run, .step = step, .what = what};
	if (line->length && !line->over) {
		text_add(line, "}");
		happening->detail = arena_copy(effects->arena, line->s, line->length);
	}
}

void effects_sealed(struct core_effects *effects, const struct run *run, int64_t step,
		    const struct flow_envelope *envelope)
{
	effects->sealed = mem_grow(effects->sealed, &effects->sealed_size, effects->sealed_count + 1,
				   sizeof *effects->sealed);
	effects->sealed[effects->sealed_count++] =
		(struct core_sealed){.run = run->facts.number, .step = step, .envelope = envelope};
}

struct core_standing *effects_standing(struct core_effects *effects, const char *kind, const char *name)
{
	struct core_standing *standing;

	effects->standings = mem_grow(effects->standings, &effects->standing_size, effects->standing_count + 1,
				      sizeof *effects->standings);
	standing = &effects->standings[effects->standing_count++];
	*standing = (struct core_standing){.kind = kind, .name = arena_text(effects->arena, name)};
	return standing;
}

void effects_stands(struct core_effects *effects, const char *kind, const char *name, const hst_value *value)
{
	struct core_standing *standing = effects_standing(effects, kind, name);

	if (!value)
		return;
	text_reset(&effects->line);
	value_write_json(&effects->line, value);
	standing->value = arena_copy(effects->arena, effects->line.s, effects->line.length);
	standing->value_length = effects->line.length;
}

char *text_within(const char *text, size_t max)
{
	size_t length = text ? strlen(text) : 0;

	if (length <= max)
		return mem_text(text);
	for (length = max; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
		length--;
	return mem_copy(text, length);
}

void text_replace(char **at, const char *text)
{
	char *copy = text_within(text, TEXT_MAX);

	free(*at);
	*at = copy;
}

/* What a step waits for is said afresh whenever somebody asks (core_explain), and until then it takes no memory. */
static void settle_step(struct step *step)
{
	step->dirty = false;
	if (step->facts.state == STATE_QUEUED && step->item.lane)
		text_replace(&step->facts.text, NULL);
}

void core_settle(struct core *core, struct core_effects *effects)
{
	for (size_t i = 0; i < effects->run_count; i++)
		effects->runs[i]->dirty = false;
	for (size_t i = 0; i < effects->step_count; i++)
		settle_step(effects->steps[i]);
	effects->run_count = effects->step_count = effects->happening_count = effects->action_count = 0;
	effects->standing_count = effects->sealed_count = 0;
	arena_reset(effects->arena);
	for (size_t i = 0; i < core->ended_count; i++) {
		core->ended[i]->leaving = false;
		runs_forget(core, core->ended[i]);
	}
	core->ended_count = 0;
}
