/*
 * From a document's sections to a flow. Every section is looked at even when an earlier one is wrong, so that
 * one reading of a file shows all that is wrong with it.
 */
#include "pure/flow/model.h"

#include "base/arena.h"
#include "pure/flow/conditions.h"
#include "pure/flow/keys.h"
#include "pure/flow/tokens.h"
#include "schema/types.h"

#include <string.h>

enum { NAME_MAX_LENGTH = 48, REFERENCE_MAX_LENGTH = 64, INPUT_NAME_MAX_LENGTH = 100, REASON_WORDS_MIN = 3 };

#define BLANKS " \t\n"
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz"
#define NAME_RULE "a name begins with a lower-case letter and has up to 48 of a-z, 0-9, \"_\" and \"-\""

enum { FLOW_RESERVED = 3 };

const char *const flow_reserved_sources[FLOW_RESERVED + 1] = {"trigger", "run", "flow", NULL};

/* Where parsing stands: the flow that is filled and the section that is read. */
struct parse {
	struct flow *flow;
	struct section *section;
	struct problems *problems;
};

static bool is_name(const char *text, size_t length)
{
	if (!length || length > NAME_MAX_LENGTH || !strchr(NAME_LETTERS, text[0]))
		return false;
	return strspn(text, NAME_LETTERS "0123456789_-") >= length;
}

/*
 * What others named: instances and packages. Their own rooms say which names are good; this only has to find
 * the ends.
 */
static bool is_reference(const char *text, size_t length)
{
	static const char letters[] = NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	return length && length <= REFERENCE_MAX_LENGTH && strspn(text, letters) >= length;
}

static struct section_key *take_key(struct parse *parse, const char *name, int *ret_line)
{
	struct section_key *key = section_take(parse->section, name);

	if (key && ret_line)
		*ret_line = key->line;
	return key;
}

static const char *copy_value(struct parse *parse, const struct section_key *key)
{
	return arena_text(parse->flow->arena, key->value);
}

#define PROBLEM(parse, line, ...) problems_add((parse)->problems, (parse)->flow->file, line, __VA_ARGS__)

/* One of two words; `second` is what is true. Anything else is a problem, and false. */
static bool read_word(struct parse *parse, const struct section_key *key, const char *first,
                      const char *second)
{
	if (strcmp(key->value, second) == 0)
		return true;
	if (strcmp(key->value, first) != 0)
		PROBLEM(parse, key->line, "%s must be %s or %s, got \"%.64s\"", key->name, first, second,
		        key->value);
	return false;
}

static enum flow_on_lost read_on_lost(struct parse *parse, const struct section_key *key)
{
	static const char *const words[] = {"ask", "fail", "again"}; /* in the order of enum flow_on_lost */

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(key->value, words[i]) == 0)
			return (enum flow_on_lost)i;
	PROBLEM(parse, key->line, "on_lost must be ask, fail or again, got \"%.64s\"", key->value);
	return FLOW_LOST_ASK;
}

static hst_duration read_duration(struct parse *parse, const struct section_key *key)
{
	hst_duration duration = {0};
	hst_error err;

	if (type_read_duration(key->value, &duration, &err) != HST_OK)
		PROBLEM(parse, key->line, "%s %s", key->name, err.text);
	else if (duration.ms == 0)
		PROBLEM(parse, key->line, "%s must be longer than 0; leave it out for the default",
		        key->name);
	return duration;
}

static int64_t read_concurrency(struct parse *parse, const struct section_key *key)
{
	size_t length = strlen(key->value);
	int64_t number = 0;

	/* Six digits are more than the greatest number allowed, and fit. */
	if (length && length <= 6 && strspn(key->value, "0123456789") == length)
		for (const char *at = key->value; *at; at++)
			number = 10 * number + (*at - '0');
	if (number < 1 || number > FLOW_CONCURRENCY_MAX)
		PROBLEM(parse, key->line,
		        "concurrency must be a whole number from 1 to %d, got \"%.64s\"; "
		        "leave it out for no limit",
		        FLOW_CONCURRENCY_MAX, key->value);
	return number;
}

/* Keys of the language that this version does not have, missing ones, and those that are none at all. */
static void finish_section(struct parse *parse)
{
	const char *known[FLOW_SECTION_KEYS_MAX];
	struct section *section = parse->section;
	size_t count;
	const struct flow_key *keys = flow_keys(&count);

	for (size_t i = 0; i < section->key_count; i++) {
		const struct flow_key *key = flow_key_named(section->kind, section->keys[i].name);

		if (key && key->kind == FLOW_KEY_LATER) {
			PROBLEM(parse, section->keys[i].line, "\"%.64s\" is not in this version",
			        section->keys[i].name);
			section->keys[i].used = true;
		}
	}
	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i].section, section->kind) == 0 && keys[i].kind == FLOW_KEY_REQUIRED &&
		    !section_find(section, keys[i].name))
			PROBLEM(parse, section->line, "[%s%s%s] needs the key \"%s\": %s", section->kind,
			        section->name ? " " : "", section->name ? section->name : "", keys[i].name,
			        keys[i].doc);
	flow_key_names(section->kind, known);
	section_refuse_rest(section, known, parse->problems);
}

static bool is_listed(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void read_on(struct parse *parse, const struct section_key *key)
{
	struct flow *flow = parse->flow;
	const char *at = key->value, **names;

	flow->on_line = key->line;
	if (!*at)
		return;
	names = arena_array(flow->arena, FLOW_ON_MAX, sizeof *names);
	flow->on = names;
	for (;;) {
		const char *name = at += strspn(at, BLANKS);
		size_t length = strcspn(at, ","), bare = length;

		while (bare && strchr(BLANKS, name[bare - 1]))
			bare--;
		if (!is_reference(name, bare)) {
			PROBLEM(parse, key->line,
			        "on has \"%.*s\" where a trigger's name is expected; triggers stand with "
			        "commas between them",
			        (int)(bare < 64 ? bare : 64), name);
			return;
		}
		if (flow->on_count == FLOW_ON_MAX) {
			PROBLEM(parse, key->line, "on has more than %d triggers", FLOW_ON_MAX);
			return;
		}
		name = arena_copy(flow->arena, name, bare);
		if (is_listed(flow->on, flow->on_count, name))
			PROBLEM(parse, key->line, "on names \"%s\" twice", name);
		else
			names[flow->on_count++] = name;
		at += length;
		if (!*at++)
			return;
	}
}

static void read_flow(struct parse *parse)
{
	struct flow *flow = parse->flow;
	const struct section_key *key;

	if (flow->line) {
		PROBLEM(parse, parse->section->line,
		        "[flow] is here twice, first in line %d; one file is one flow", flow->line);
		return;
	}
	flow->line = parse->section->line;
	if (parse->section->name)
		PROBLEM(parse, flow->line, "[flow] has no name in its brackets; write name = %.64s",
		        parse->section->name);
	if ((key = take_key(parse, "name", NULL)) != NULL) {
		flow->name = copy_value(parse, key);
		if (!is_name(key->value, strlen(key->value)))
			PROBLEM(parse, key->line, "\"%.64s\" is no name for a flow; " NAME_RULE, key->value);
	}
	if ((key = take_key(parse, "summary", NULL)) != NULL)
		flow->summary = copy_value(parse, key);
	if ((key = take_key(parse, "on", NULL)) != NULL)
		read_on(parse, key);
	if ((key = take_key(parse, "label", NULL)) != NULL)
		flow_template_parse(flow->arena, flow->file, key->line, key->value, &flow->label,
		                    parse->problems);
	if ((key = take_key(parse, "concurrency", NULL)) != NULL)
		flow->concurrency = read_concurrency(parse, key);
	finish_section(parse);
}

static void read_connector(struct parse *parse, struct flow_step *step, const char *text)
{
	/* Actions have no dots in their names, instances may. */
	const char *dot = strrchr(text, '.');

	step->use = FLOW_USE_CONNECTOR;
	if (!dot || !is_reference(text, (size_t)(dot - text)) || !is_reference(dot + 1, strlen(dot + 1))) {
		PROBLEM(parse, step->use_line, "\"%.128s\" names no action; write connector:INSTANCE.ACTION",
		        step->use_text);
		return;
	}
	step->target = arena_copy(parse->flow->arena, text, (size_t)(dot - text));
	step->action = arena_text(parse->flow->arena, dot + 1);
}

static void read_use(struct parse *parse, struct flow_step *step, const struct section_key *key)
{
	static const char connector[] = "connector:", desktop[] = "desktop:", flow[] = "flow:";
	const char *text = step->use_text = copy_value(parse, key);

	step->use_line = key->line;
	if (strncmp(text, connector, strlen(connector)) == 0) {
		read_connector(parse, step, text + strlen(connector));
	} else if (strncmp(text, desktop, strlen(desktop)) == 0) {
		step->use = FLOW_USE_DESKTOP;
		step->target = text + strlen(desktop);
		if (!is_reference(step->target, strlen(step->target)))
			PROBLEM(parse, key->line, "\"%.128s\" names no desktop flow; write desktop:NAME",
			        text);
	} else if (strncmp(text, flow, strlen(flow)) == 0) {
		step->use = FLOW_USE_FLOW;
		PROBLEM(parse, key->line, "\"flow:\" is not in this version");
	} else {
		PROBLEM(parse, key->line,
		        "\"%.128s\" is nothing to use; write connector:INSTANCE.ACTION or desktop:NAME",
		        text);
	}
}

/* The NAME of "secret:NAME"; NULL for everything else, a sentence that happens to begin with the word too. */
static const char *secret_named(const char *text)
{
	static const char front[] = "secret:";
	const char *name = text + strlen(front);

	return strncmp(text, front, strlen(front)) == 0 && is_name(name, strlen(name)) ? name : NULL;
}

static bool read_value(struct parse *parse, const struct section_key *key, struct flow_input *input)
{
	struct flow *flow = parse->flow;
	const char *secret = secret_named(key->value);

	if (!secret)
		return flow_template_parse(flow->arena, flow->file, key->line, key->value, &input->value,
		                           parse->problems);
	input->value = (struct flow_template){.text = copy_value(parse, key), .line = key->line};
	input->secret = input->value.text + (secret - key->value);
	return true;
}

static void read_inputs(struct parse *parse, struct flow_step *step)
{
	static const char front[] = "input.";
	struct flow *flow = parse->flow;

	step->inputs = arena_array(flow->arena, parse->section->key_count, sizeof *step->inputs);
	for (size_t i = 0; i < parse->section->key_count; i++) {
		struct section_key *key = &parse->section->keys[i];
		struct flow_input *input = &step->inputs[step->input_count];

		if (strncmp(key->name, front, strlen(front)) != 0)
			continue;
		key->used = true;
		input->name = arena_text(flow->arena, key->name + strlen(front));
		input->line = key->line;
		if (!*input->name || strlen(input->name) > INPUT_NAME_MAX_LENGTH) {
			PROBLEM(parse, key->line, "\"%.128s\" names no input; write input.NAME", key->name);
		} else if (step->input_count == FLOW_INPUTS_MAX) {
			PROBLEM(parse, key->line, "step \"%s\" has more than %d inputs", step->name,
			        FLOW_INPUTS_MAX);
			return;
		} else if (read_value(parse, key, input)) {
			step->input_count++;
		} else {
			step->broken_input = true;
		}
	}
}

static struct flow_input *input_named(const struct flow_step *step, const char *name)
{
	for (size_t i = 0; i < step->input_count; i++)
		if (strcmp(step->inputs[i].name, name) == 0)
			return &step->inputs[i];
	return NULL;
}

static size_t words_in(const char *text)
{
	size_t words = 0;

	for (const char *at = text + strspn(text, BLANKS); *at; at += strspn(at, BLANKS), words++)
		at += strcspn(at, BLANKS);
	return words;
}

/* Whoever reads the flow, or the history of its runs, is to learn why; one word is no reason. */
static void read_declassify(struct parse *parse, struct flow_step *step)
{
	static const char front[] = "declassify.";

	for (size_t i = 0; i < parse->section->key_count; i++) {
		struct section_key *key = &parse->section->keys[i];
		const char *name = key->name + strlen(front);
		struct flow_input *input;

		if (strncmp(key->name, front, strlen(front)) != 0)
			continue;
		key->used = true;
		input = input_named(step, name);
		if (!input && !step->broken_input)
			PROBLEM(parse, key->line, "\"%.128s\": step \"%s\" has no input.%.100s", key->name,
			        step->name, name);
		else if (words_in(key->value) < REASON_WORDS_MIN)
			PROBLEM(parse, key->line,
			        "\"%.128s\" needs a reason of %d words or more: why may the value be read by "
			        "everybody who sees this input?",
			        key->name, REASON_WORDS_MIN);
		else if (input)
			input->declassify = copy_value(parse, key);
		if (input)
			input->declassify_line = key->line;
	}
}

static void read_step_name(struct parse *parse, struct flow_step *step)
{
	const char *name = parse->section->name ? parse->section->name : "";
	int earlier = flow_step_named(parse->flow, name);

	step->name = arena_text(parse->flow->arena, name);
	step->line = parse->section->line;
	if (!is_name(name, strlen(name)))
		PROBLEM(parse, step->line, "\"%.64s\" is no name for a step, write [step NAME]; " NAME_RULE,
		        name);
	else if (is_listed(flow_reserved_sources, FLOW_RESERVED, name))
		PROBLEM(parse, step->line, "\"%s\" is no name for a step: ${%s…} stands for something else",
		        name, name);
	else if (earlier >= 0)
		PROBLEM(parse, step->line, "step \"%s\" is here twice, first in line %d", name,
		        parse->flow->steps[earlier].line);
}

static void read_step(struct parse *parse)
{
	struct flow *flow = parse->flow;
	struct flow_step *step = &flow->steps[flow->step_count];
	const struct section_key *key;

	read_step_name(parse, step);
	if ((key = take_key(parse, "use", NULL)) != NULL)
		read_use(parse, step, key);
	if ((key = take_key(parse, "when", &step->when_line)) != NULL)
		step->when =
			flow_condition_parse(flow->arena, flow->file, key->line, key->value, parse->problems);
	if ((key = take_key(parse, "connection", &step->connection_line)) != NULL)
		step->connection = copy_value(parse, key);
	if ((key = take_key(parse, "mode", &step->mode_line)) != NULL)
		step->attended = read_word(parse, key, "unattended", "attended");
	if ((key = take_key(parse, "priority", &step->priority_line)) != NULL)
		step->high = read_word(parse, key, "normal", "high");
	if ((key = take_key(parse, "timeout", NULL)) != NULL)
		step->timeout = read_duration(parse, key);
	if ((key = take_key(parse, "queue_timeout", &step->queue_timeout_line)) != NULL)
		step->queue_timeout = read_duration(parse, key);
	if ((key = take_key(parse, "on_lost", NULL)) != NULL)
		step->on_lost = read_on_lost(parse, key);
	if ((key = take_key(parse, "secure_inputs", NULL)) != NULL)
		step->secure_inputs = read_word(parse, key, "no", "yes");
	if ((key = take_key(parse, "secure_outputs", &step->secure_outputs_line)) != NULL)
		step->secure_outputs = read_word(parse, key, "no", "yes");
	read_inputs(parse, step);
	read_declassify(parse, step);
	finish_section(parse);
	/* Only now is the step there: its name was compared with those before it. */
	flow->step_count++;
}

static void read_section(struct parse *parse)
{
	static const char *const kinds[] = {"flow", "step", NULL};
	const char *kind = parse->section->kind, *near;

	if (strcmp(kind, "flow") == 0) {
		read_flow(parse);
	} else if (strcmp(kind, "step") != 0) {
		near = nearest_word(kinds, kind);
		PROBLEM(parse, parse->section->line,
		        "a flow's file has [flow] and [step NAME], not [%.64s]%s%s%s", kind,
		        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	} else if (parse->flow->step_count == FLOW_STEPS_MAX) {
		PROBLEM(parse, parse->section->line, "there are more than %d steps", FLOW_STEPS_MAX);
	} else {
		read_step(parse);
	}
}

static struct flow *flow_new(const struct document *document)
{
	hst_arena *arena = arena_new();
	struct flow *flow = arena_alloc(arena, sizeof *flow);
	size_t steps = document->section_count < FLOW_STEPS_MAX ? document->section_count : FLOW_STEPS_MAX;

	flow->arena = arena;
	flow->file = arena_text(arena, document->file);
	flow->text = arena_copy(arena, document->text, document->text_length);
	flow->text_length = document->text_length;
	flow->label.text = "";
	flow->steps = arena_array(arena, steps, sizeof *flow->steps);
	return flow;
}

struct flow *flow_parse_for_check(struct document *document, struct problems *problems)
{
	struct flow *flow = flow_new(document);
	struct parse parse = {.flow = flow, .problems = problems};

	for (size_t i = 0; i < document->section_count; i++) {
		parse.section = &document->sections[i];
		read_section(&parse);
	}
	if (!flow->line)
		problems_add(problems, flow->file, 0, "there is no [flow] section");
	else if (!flow->step_count)
		problems_add(problems, flow->file, flow->line,
		             "there is no [step NAME] section: a flow has a step at least");
	return flow;
}

struct flow *flow_parse(struct document *document, struct problems *problems)
{
	size_t before = problems->n + problems->dropped;
	struct flow *flow = flow_parse_for_check(document, problems);

	if (problems->n + problems->dropped == before)
		return flow;
	flow_free(flow);
	return NULL;
}

void flow_free(struct flow *flow)
{
	if (flow)
		arena_free(flow->arena);
}

int flow_step_named(const struct flow *flow, const char *name)
{
	for (size_t i = 0; i < flow->step_count; i++)
		if (strcmp(flow->steps[i].name, name) == 0)
			return (int)i;
	return -1;
}
