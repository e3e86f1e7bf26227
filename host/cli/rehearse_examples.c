#include "cli/rehearse_examples.h"

#include "base/arena.h"
#include "pure/flow/conditions.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <string.h>

enum { LOOKS_MAX = 512 };

static const char example_file[] = "trigger/example.txt";

/* One place of the flow that looks at what a source gives: how, and what it gives it on as. */
struct look {
	const struct flow_token *token;
	const hst_field *as; /* NULL: as text, or only to compare it */
};

struct looks {
	struct look at[LOOKS_MAX];
	size_t n;
	const char *source;
};

static void note(struct looks *looks, const struct flow_token *token, const hst_field *as)
{
	if (looks->n < LOOKS_MAX && strcmp(token->source, looks->source) == 0)
		looks->at[looks->n++] = (struct look){token, as};
}

static void note_compared(void *arg, const struct flow_token *token)
{
	note(arg, token, NULL);
}

/* Only a template of one token keeps the type of its value. */
static void note_template(struct looks *looks, const struct flow_template *template, const hst_field *as)
{
	for (size_t i = 0; i < template->part_count; i++)
		if (!template->parts[i].literal)
			note(looks, &template->parts[i].token, template->part_count == 1 ? as : NULL);
}

static void look_everywhere(const struct examples *examples, struct looks *looks)
{
	const struct flow *flow = examples->flow;

	note_template(looks, &flow->label, NULL);
	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_step *step = &flow->steps[i];
		hst_fields inputs = {0};

		examples->policy->inputs(examples->policy->arg, step, &inputs);
		for (size_t k = 0; k < step->input_count; k++)
			note_template(looks, &step->inputs[k].value, fields_find(inputs, step->inputs[k].name));
		if (step->when)
			flow_condition_tokens(step->when, note_compared, looks);
	}
}

static const hst_value *text_value(const struct examples *examples, const char *text)
{
	return value_make_text(examples->arena, text, strlen(text));
}

/* A whole number within the field's bounds, and 1 where that is one. */
static const hst_value *number_value(const struct examples *examples, const hst_field *field)
{
	const bool bounded = field->min || field->max;
	int64_t number = 1;

	if (bounded && number < field->min)
		number = field->min;
	if (bounded && number > field->max)
		number = field->max;
	return value_make_integer(examples->arena, number);
}

/* Names that say what a text is. */
static const char *plausible(const char *name)
{
	static const char *const people[] = {"to", "cc", "bcc", "reply_to"};
	static const struct {
		const char *part, *example;
	} words[] = {{"mail", "someone@example.com"}, {"from", "someone@example.com"}, {"sender", "someone@example.com"}, {"url", "https://example.com/"},
		     {"date", "2026-01-15"},	      {"user", "someone"}};

	for (size_t i = 0; i < sizeof people / sizeof people[0]; i++)
		if (strcmp(name, people[i]) == 0)
			return "someone@example.com";
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strstr(name, words[i].part))
			return words[i].example;
	return NULL;
}

static const char *bounded_text(const struct examples *examples, const hst_field *field, const char *text)
{
	const size_t length = strlen(text);
	char *longer;

	if (field->max > 0 && length > (size_t)field->max)
		return arena_copy(examples->arena, text, (size_t)field->max);
	if (field->min <= 0 || length >= (size_t)field->min || field->min > 4096)
		return text;
	longer = arena_alloc(examples->arena, (size_t)field->min + 1);
	memset(longer, 'x', (size_t)field->min);
	memcpy(longer, text, length);
	return longer;
}

/* A text goes on as something else now and then: then it reads like that. NULL: as a text, or as what is made of texts. */
static const char *reads_like(const struct examples *examples, const hst_field *as)
{
	switch (as ? field_type(as) : HST_TYPE_TEXT) {
	case HST_TYPE_INTEGER:
	case HST_TYPE_NUMBER:
		return value_text(number_value(examples, as));
	case HST_TYPE_BOOLEAN:
		return "yes";
	case HST_TYPE_CHOICE:
		return as->choices ? as->choices[0] : NULL;
	case HST_TYPE_DATE:
		return "2026-01-15";
	case HST_TYPE_DURATION:
		return "1m";
	default:
		return NULL;
	}
}

static const hst_value *text_example(const struct examples *examples, const hst_field *field, const hst_field *as, const char *name)
{
	const char *like = reads_like(examples, as), *known = like ? like : plausible(name);

	return text_value(examples, bounded_text(examples, field, known ? known : arena_printf(examples->arena, "example %s", name)));
}

static const hst_value *list_of(const struct examples *examples, const hst_value *item)
{
	hst_value *list = value_make_list(examples->arena);

	value_append(list, item);
	return list;
}

/* `as` is what a text goes on as. */
static const hst_value *scalar(const struct examples *examples, const hst_field *field, const hst_field *as, const char *name)
{
	hst_value *row;

	if (field->def && *field->def)
		return text_value(examples, field->def);
	switch (field_type(field)) {
	case HST_TYPE_INTEGER:
	case HST_TYPE_NUMBER:
		return number_value(examples, field);
	case HST_TYPE_BOOLEAN:
		return value_make_boolean(examples->arena, true);
	case HST_TYPE_CHOICE:
		return text_value(examples, field->choices && field->choices[0] ? field->choices[0] : "");
	case HST_TYPE_DATE:
		return text_value(examples, "2026-01-15");
	case HST_TYPE_DURATION:
		return text_value(examples, "1m");
	case HST_TYPE_LIST:
		return list_of(examples, text_value(examples, plausible(name) ? plausible(name) : arena_printf(examples->arena, "example %s", name)));
	case HST_TYPE_TABLE:
		row = value_make_record(examples->arena);
		value_set_text(row, "column", "example");
		return list_of(examples, row);
	case HST_TYPE_FILE:
		return text_value(examples, example_file);
	case HST_TYPE_FILES:
		return list_of(examples, text_value(examples, example_file));
	default:
		return text_example(examples, field, as, name);
	}
}

/* Whether the look goes through `path`, the first of which is the field. */
static bool goes_through(const struct flow_token *token, const char *const *path, size_t depth)
{
	if (token->path_count < depth)
		return false;
	for (size_t i = 0; i < depth; i++)
		if (strcmp(token->path[i], path[i]) != 0)
			return false;
	return true;
}

/* What is looked into has what is looked for; at the end of each way stands something that can be given on. */
static const hst_value *looked_into(const struct examples *examples, const struct looks *looks, const hst_field *field, const char **path,
				    size_t depth)
{
	hst_value *record = NULL, *list = NULL;
	const hst_field *as = NULL;
	size_t position;

	for (size_t i = 0; i < looks->n; i++) {
		const struct flow_token *token = looks->at[i].token;

		if (!goes_through(token, path, depth))
			continue;
		if (token->path_count == depth) {
			as = as ? as : looks->at[i].as;
			continue;
		}
		path[depth] = token->path[depth];
		if (flow_is_position(token->path[depth], &position)) {
			list = list ? list : value_make_list(examples->arena);
			while (position < 100 && value_count(list) <= position)
				value_append(list, looked_into(examples, looks, field, path, depth + 1));
		} else {
			record = record ? record : value_make_record(examples->arena);
			if (!value_get(record, token->path[depth]))
				value_set(record, token->path[depth], looked_into(examples, looks, field, path, depth + 1));
		}
	}
	if (list || record)
		return list ? list : record;
	if (depth > 1 && field_type(field) == HST_TYPE_FILES)
		return text_value(examples, example_file);
	if (depth > 1) {
		const hst_field inner = {.name = path[depth - 1], .type = HST_TYPE_TEXT};

		return text_example(examples, &inner, as, path[depth - 1]);
	}
	return scalar(examples, field, as, field_name(field));
}

const hst_value *examples_looked_at(const struct examples *examples, const char *source, const hst_value *record)
{
	struct looks *looks = arena_alloc(examples->arena, sizeof *looks);
	hst_value *looked_at = value_make_record(examples->arena);

	looks->source = source;
	look_everywhere(examples, looks);
	for (size_t i = 0; i < value_count(record); i++)
		for (size_t k = 0; k < looks->n; k++)
			if (looks->at[k].token->path_count && strcmp(looks->at[k].token->path[0], value_name_at(record, i)) == 0)
				value_set(looked_at, value_name_at(record, i), value_at(record, i));
	return looked_at;
}

static bool is_sealed(const hst_field *field, const struct core_direction *directions, size_t n)
{
	if (field_type(field) == HST_TYPE_SECRET)
		return true;
	for (size_t i = 0; i < n; i++)
		if (strcmp(directions[i].output, "*") == 0 || strcmp(directions[i].output, field_name(field)) == 0)
			return true;
	return false;
}

int examples_record(const struct examples *examples, const char *source, hst_fields fields, const hst_value *given,
		    const struct core_direction *directions, size_t direction_count, const hst_value **ret,
		    struct flow_envelope **ret_sealed, size_t *ret_sealed_count, hst_error *err)
{
	struct flow_envelope *sealed = arena_array(examples->arena, fields.n + 1, sizeof *sealed);
	hst_value *record = value_make_record(examples->arena);
	struct looks *looks = arena_alloc(examples->arena, sizeof *looks);
	size_t sealed_count = 0;
	int code;

	looks->source = source;
	look_everywhere(examples, looks);
	for (size_t i = 0; i < fields.n; i++) {
		const hst_field *field = &fields.at[i];
		const char *path[FLOW_PATH_MAX + 1] = {field_name(field)};
		const hst_value *said = value_get(given, field_name(field));

		if (field_prefix(field))
			continue;
		if (is_sealed(field, directions, direction_count))
			sealed[sealed_count++] = (struct flow_envelope){.name = field_name(field), .bytes = "stand-in", .length = 8};
		else
			value_set(record, field_name(field), said ? said : looked_into(examples, looks, field, path, 1));
	}
	code = fields_check(examples->arena, fields, strcmp(source, "trigger") == 0 ? "field" : "output", record, true, ret, err);
	if (code == HST_OK) {
		*ret_sealed = sealed;
		*ret_sealed_count = sealed_count;
	}
	return code;
}
