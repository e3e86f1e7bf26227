/* A table of fields against a record: what is unknown, what is missing, what is left to its default. */
#include "schema/fields.h"

#include "base/arena.h"
#include "schema/nearest.h"
#include "schema/types.h"
#include "schema/value.h"

#include <string.h>

const char *field_name(const hst_field *field)
{
	return field->name ? field->name : field->member;
}

hst_type field_type(const hst_field *field)
{
	return field->as ? field->as : field->type;
}

size_t field_prefix(const hst_field *field)
{
	const char *name = field_name(field);
	size_t length = strlen(name);

	return length > 2 && strcmp(name + length - 2, ".*") == 0 ? length - 1 : 0;
}

bool field_answers(const hst_field *field, const char *name)
{
	size_t prefix = field_prefix(field);

	if (prefix)
		return strncmp(name, field_name(field), prefix) == 0 && name[prefix];
	return strcmp(name, field_name(field)) == 0;
}

const hst_field *fields_find(hst_fields fields, const char *name)
{
	for (size_t i = 0; i < fields.n; i++)
		if (field_answers(&fields.at[i], name))
			return &fields.at[i];
	return NULL;
}

const char *fields_nearest(hst_fields fields, const char *name)
{
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (size_t i = 0; i < fields.n; i++)
		nearest_offer(&nearest, field_name(&fields.at[i]));
	return nearest.best;
}

/* One check of a whole record, so that its parts need few parameters. */
struct checking {
	hst_arena *arena;
	const char *what;
	const hst_value *given;
	bool lenient_missing, unshown;
	hst_value *checked;
	hst_error *err;
};

/* Few enough to be read in one sentence; of more there are other lists. */
static const char *known(hst_arena *arena, hst_fields fields)
{
	enum { FEW = 16 };
	const char *names = "";

	for (size_t i = 0; fields.n <= FEW && i < fields.n; i++)
		names = arena_printf(arena, "%s%s%s", names, i ? ", " : "; known are: ", field_name(&fields.at[i]));
	return names;
}

static int refuse_unknown(const struct checking *checking, hst_fields fields)
{
	for (size_t i = 0; i < value_count(checking->given); i++) {
		const char *name = value_name_at(checking->given, i);
		const char *near;

		if (fields_find(fields, name))
			continue;
		if (checking->unshown)
			return hst_fail(checking->err, HST_INVALID, "there is an unknown %s", checking->what);
		near = fields_nearest(fields, name);
		if (near)
			return hst_fail(checking->err, HST_INVALID,
					"unknown %s \"%.64s\"; did you mean \"%s\"?", checking->what, name,
					near);
		return hst_fail(checking->err, HST_INVALID, "unknown %s \"%.64s\"%s", checking->what, name, known(checking->arena, fields));
	}
	return HST_OK;
}

static int check_one(const struct checking *checking, const hst_field *field, const hst_value *given)
{
	const hst_value *normal;
	hst_error why;
	int code = type_check(checking->arena, field, given, &normal, &why);

	if (code && checking->unshown)
		return hst_fail_as(checking->err, code, why.reason, "%s \"%s\" must be of type %s; what was given is not shown",
				   checking->what, field_name(field), type_name(field_type(field)));
	if (code)
		return hst_fail_as(checking->err, code, why.reason, "%s %s", checking->what, why.text);
	value_add(checking->checked, field_name(field), normal);
	return HST_OK;
}

/* Each member of a map is checked like a field of its own; text unless the table says otherwise. */
static int check_map(const struct checking *checking, const hst_field *field)
{
	int code = HST_OK;

	for (size_t i = 0; !code && i < value_count(checking->given); i++) {
		hst_field member = *field;

		member.name = value_name_at(checking->given, i);
		member.as = field->as ? field->as : HST_TYPE_TEXT;
		if (field_answers(field, member.name))
			code = check_one(checking, &member, value_at(checking->given, i));
	}
	return code;
}

static int check_field(const struct checking *checking, const hst_field *field)
{
	const hst_value *given = value_get(checking->given, field_name(field));

	/* null means "not given", but for trees, where it is a value. */
	if (value_kind(given) == HST_VALUE_NULL && field_type(field) != HST_TYPE_JSON)
		given = NULL;
	if (given)
		return check_one(checking, field, given);
	if (field->def)
		return check_one(checking, field,
				 value_make_text(checking->arena, field->def, strlen(field->def)));
	if (field->required && !checking->lenient_missing)
		return hst_fail(checking->err, HST_INVALID, "%s \"%s\" is missing", checking->what,
				field_name(field));
	return HST_OK;
}

static int check(struct checking *checking, hst_fields fields, const hst_value **ret)
{
	int code;

	if (checking->given && value_kind(checking->given) != HST_VALUE_RECORD)
		return hst_fail(checking->err, HST_INVALID, "%ss must be a record", checking->what);
	checking->checked = value_make_record(checking->arena);
	code = refuse_unknown(checking, fields);
	for (size_t i = 0; !code && i < fields.n; i++) {
		if (field_prefix(&fields.at[i]))
			code = check_map(checking, &fields.at[i]);
		else
			code = check_field(checking, &fields.at[i]);
	}
	if (!code)
		*ret = checking->checked;
	return code;
}

int fields_check(hst_arena *arena, hst_fields fields, const char *what, const hst_value *given,
		 bool lenient_missing, const hst_value **ret, hst_error *err)
{
	struct checking checking = {.arena = arena, .what = what, .given = given, .lenient_missing = lenient_missing, .err = err};

	return check(&checking, fields, ret);
}

int fields_check_unshown(hst_arena *arena, hst_fields fields, const char *what, const hst_value *given,
			 bool lenient_missing, const hst_value **ret, hst_error *err)
{
	struct checking checking = {
		.arena = arena, .what = what, .given = given, .lenient_missing = lenient_missing, .unshown = true, .err = err};

	return check(&checking, fields, ret);
}
