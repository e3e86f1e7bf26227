#include "base/arena.h"
#include "base/auto.h"
#include "plugin/name.h"
#include "plugin/verify.h"
#include "schema/fields.h"
#include "schema/sentence.h"
#include "schema/types.h"
#include "schema/value.h"

#include <string.h>

enum { FIELDS_MAX = 256, CHOICES_MAX = 100, DOC_MAX = 200, WORD_MAX = 100, DEFAULT_MAX = 4096 };

/* clang-format off */
/* What a C member of each deduced type takes up, and what `.as` may narrow it to. */
static const struct shape {
	size_t size;
	hst_type as[4];
} shapes[HST_TYPE_COUNT] = {
	[HST_TYPE_TEXT] = {sizeof(const char *), {HST_TYPE_TEXT, HST_TYPE_NUMBER}},
	[HST_TYPE_INTEGER] = {sizeof(int64_t), {HST_TYPE_INTEGER}},
	[HST_TYPE_NUMBER] = {sizeof(double), {HST_TYPE_NUMBER}},
	[HST_TYPE_BOOLEAN] = {sizeof(bool), {HST_TYPE_BOOLEAN}},
	[HST_TYPE_CHOICE] = {sizeof(hst_choice), {HST_TYPE_CHOICE}},
	[HST_TYPE_DATE] = {sizeof(hst_time), {HST_TYPE_DATE}},
	[HST_TYPE_DURATION] = {sizeof(hst_duration), {HST_TYPE_DURATION}},
	[HST_TYPE_LIST] = {sizeof(hst_texts), {HST_TYPE_LIST}},
	[HST_TYPE_FILE] = {sizeof(hst_file *), {HST_TYPE_FILE}},
	[HST_TYPE_FILES] = {sizeof(hst_files), {HST_TYPE_FILES}},
	[HST_TYPE_SECRET] = {sizeof(hst_secret *), {HST_TYPE_SECRET}},
	[HST_TYPE_JSON] = {sizeof(const hst_value *), {HST_TYPE_JSON, HST_TYPE_TABLE, HST_TYPE_LIST}},
};
/* clang-format on */

/* Everything a rule may look at. */
struct subject {
	hst_fields fields;
	const hst_field *field;
	enum verify_place place;
	size_t size;	 /* SIZE_MAX: no struct */
	hst_error wrong; /* a rule may leave a detail here */
};

static bool is_map(const char *name)
{
	size_t length = strlen(name);

	return length > 2 && strcmp(name + length - 2, ".*") == 0;
}

static bool has_name(struct subject *at)
{
	const char *name = at->field->name ? at->field->name : at->field->member;
	char prefix[NAME_FIELD_MAX + 1] = "";
	size_t length;

	if (!name)
		return false;
	if (!is_map(name))
		return name_fits(name, NAME_FIELD_MAX, false);
	length = strlen(name) - 2;
	if (length > NAME_FIELD_MAX)
		return false;
	memcpy(prefix, name, length);
	return name_fits(prefix, NAME_FIELD_MAX, false);
}

static bool has_own_name(struct subject *at)
{
	for (const hst_field *other = at->fields.at; other < at->field; other++)
		if (strcmp(field_name(other), field_name(at->field)) == 0)
			return false;
	return true;
}

/* Fields made at run time have no member, so the type they say is any of the list. */
static bool has_type(struct subject *at)
{
	if ((int)at->field->type <= HST_TYPE_NONE || at->field->type >= HST_TYPE_COUNT)
		return false;
	return at->size == SIZE_MAX || shapes[at->field->type].size > 0;
}

static bool narrows_well(struct subject *at)
{
	/* Each member of a map is checked by itself, as whatever type the table says. */
	if (at->field->as == HST_TYPE_NONE || is_map(field_name(at->field)))
		return (int)at->field->as >= HST_TYPE_NONE && at->field->as < HST_TYPE_COUNT;
	for (size_t i = 0; i < sizeof shapes[0].as / sizeof shapes[0].as[0]; i++)
		if (shapes[at->field->type].as[i] == at->field->as)
			return true;
	return false;
}

static bool lies_inside(struct subject *at)
{
	size_t need = shapes[at->field->type].size;

	return at->size == SIZE_MAX || (at->size >= need && at->field->offset <= at->size - need);
}

static bool lies_well(struct subject *at)
{
	size_t size = shapes[at->field->type].size;

	/* Of every member type the size is a multiple of what it has to lie at. */
	return at->size == SIZE_MAX || at->field->offset % (size < sizeof(void *) ? size : sizeof(void *)) == 0;
}

static bool lies_alone(struct subject *at)
{
	for (const hst_field *other = at->fields.at; at->size != SIZE_MAX && other < at->field; other++)
		if (other->offset < at->field->offset + shapes[at->field->type].size &&
		    at->field->offset < other->offset + shapes[other->type].size)
			return false;
	return true;
}

static bool is_line(const char *text, size_t max)
{
	size_t length = strnlen(text, max + 1);

	return length && length <= max && sentence_fits(text, length);
}

/* Fields made at run time may come from a file of the user's, who may write as much as they like. */
static bool doc_is_line(struct subject *at)
{
	return at->size == SIZE_MAX || !at->field->doc || is_line(at->field->doc, DOC_MAX);
}

static bool label_is_line(struct subject *at)
{
	return at->size == SIZE_MAX || !at->field->label || is_line(at->field->label, WORD_MAX);
}

static bool choices_are_lines(struct subject *at)
{
	const char *const *choices = at->field->choices;

	for (size_t i = 0; choices && choices[i]; i++)
		if (!is_line(choices[i], WORD_MAX))
			return false;
	return true;
}

static bool bounds_fit_type(struct subject *at)
{
	static const hst_type with_bounds[] = {HST_TYPE_TEXT, HST_TYPE_INTEGER, HST_TYPE_NUMBER, HST_TYPE_DURATION,
						HST_TYPE_SECRET};
	const hst_type type = field_type(at->field);

	for (size_t i = 0; i < sizeof with_bounds / sizeof with_bounds[0]; i++)
		if (type == with_bounds[i])
			return type == HST_TYPE_INTEGER || type == HST_TYPE_NUMBER || at->field->min >= 0;
	return !at->field->min && !at->field->max;
}

static bool default_is_short(struct subject *at)
{
	return !at->field->def || strnlen(at->field->def, DEFAULT_MAX + 1) <= DEFAULT_MAX;
}

/* What goes in may have names that nobody foresaw; what comes out is declared. */
static bool map_goes_in(struct subject *at)
{
	return !is_map(field_name(at->field)) ||
	       ((at->place == VERIFY_OPTION || at->place == VERIFY_INPUT) && at->field->type == HST_TYPE_JSON);
}

/* Outside options a number is decimal text, because a double cannot hold every amount of money. */
static bool double_is_option(struct subject *at)
{
	return at->size == SIZE_MAX || at->field->type != HST_TYPE_NUMBER || at->place == VERIFY_OPTION;
}

static bool file_is_no_option(struct subject *at)
{
	return at->place != VERIFY_OPTION || !type_is_file(at->field->type);
}

static bool choices_fit_type(struct subject *at)
{
	const char *const *choices = at->field->choices;
	size_t n = 0;

	if (at->field->type != HST_TYPE_CHOICE)
		return !choices;
	if (!choices)
		return false;
	while (n <= CHOICES_MAX && choices[n])
		n++;
	return n >= 1 && n <= CHOICES_MAX;
}

static bool choices_differ(struct subject *at)
{
	const char *const *choices = at->field->choices;

	for (size_t i = 0; choices && choices[i]; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(choices[i], choices[j]) == 0)
				return false;
	return true;
}

static bool bounds_are_ordered(struct subject *at)
{
	return at->field->min <= at->field->max;
}

static bool derived_is_output(struct subject *at)
{
	return !at->field->derived || at->place == VERIFY_OUTPUT;
}

static bool required_has_no_default(struct subject *at)
{
	return !at->field->required || !at->field->def;
}

static bool default_is_showable(struct subject *at)
{
	return !at->field->def || (at->field->type != HST_TYPE_SECRET && !type_is_file(at->field->type));
}

static bool default_parses(struct subject *at)
{
	hst_arena *arena;
	const hst_value *normal;
	int code;

	if (!at->field->def)
		return true;
	arena = arena_new();
	code = type_check(arena, at->field, value_make_text(arena, at->field->def, strlen(at->field->def)),
			  &normal, &at->wrong);
	arena_free(arena);
	return code == HST_OK;
}

/* clang-format off */
/* In this order, so that a rule may rely on those above it. */
static const struct rule {
	const char *member;
	const char *text;
	bool (*holds)(struct subject *at);
} rules[] = {
	{"name", "must be a lower-case letter and up to 47 of a-z 0-9 _, options and inputs also NAME.*", has_name},
	{"name", "must not be used twice", has_own_name},
	{"type", "must be one of hst_type that HST_FIELD deduces", has_type},
	{"as", "must narrow the type of its member: text to number, a tree to a table or list", narrows_well},
	{"name", "may end in .* only for options and inputs of type const hst_value *", map_goes_in},
	{"type", "may be double only for options; elsewhere use const char * and .as = HST_TYPE_NUMBER",
	 double_is_option},
	{"type", "cannot be a file of the run, because options are read when there is no run",
	 file_is_no_option},
	{"offset", "must lie inside the struct; is it the right one in HST_FIELD?", lies_inside},
	{"offset", "must be where such a member can lie; is it the right struct in HST_FIELD?", lies_well},
	{"offset", "must not be another field's as well; is the same member in the table twice?", lies_alone},
	{"doc", "must be one line of 1 to 200 bytes of UTF-8, or NULL", doc_is_line},
	{"label", "must be one line of 1 to 100 bytes of UTF-8, or NULL", label_is_line},
	{"choices", "must be there for a choice and only there: 1 to 100 words, then NULL", choices_fit_type},
	{"choices", "must differ from each other", choices_differ},
	{"choices", "must each be one line of 1 to 100 bytes of UTF-8", choices_are_lines},
	{"min", "and .max are for integers, numbers, and durations and lengths of texts, which are never negative", bounds_fit_type},
	{"min", "must not be greater than .max", bounds_are_ordered},
	{"derived", "may be set only for outputs", derived_is_output},
	{"required", "makes no sense beside a default", required_has_no_default},
	{"def", "cannot be given for a secret or a file", default_is_showable},
	{"def", "must be at most 4096 bytes long", default_is_short},
	{"def", "must be a value of the field's type", default_parses},
};
/* clang-format on */

int verify_fields(const char *where, hst_fields fields, enum verify_place place, size_t size, hst_error *err)
{
	if (fields.n > FIELDS_MAX)
		return hst_fail(err, HST_INVALID, "%s: must have at most %d fields", where, FIELDS_MAX);
	if (fields.n && !fields.at)
		return hst_fail(err, HST_INVALID, "%s: .at must not be NULL where .n is not 0", where);
	for (size_t i = 0; i < fields.n; i++) {
		struct subject at = {.fields = fields, .field = &fields.at[i], .place = place, .size = size};
		const char *name = at.field->name ? at.field->name : at.field->member;

		for (size_t r = 0; r < sizeof rules / sizeof rules[0]; r++)
			if (!rules[r].holds(&at))
				return hst_fail(err, HST_INVALID, "%s[%zu] \"%.60s\": .%s %s%s%s", where, i,
						name ? name : "", rules[r].member, rules[r].text,
						at.wrong.text[0] ? ": " : "", at.wrong.text);
	}
	return HST_OK;
}
