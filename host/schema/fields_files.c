/* Which files of the run a record names. */
#include "schema/fields.h"
#include "schema/file_name.h"
#include "schema/types.h"
#include "schema/value.h"

#include <string.h>

bool fields_have_files(hst_fields fields)
{
	for (size_t i = 0; i < fields.n; i++)
		if (type_is_file(field_type(&fields.at[i])))
			return true;
	return false;
}

static void add(hst_arena *arena, hst_value *list, const hst_value *value)
{
	const char *name = value_text(value);

	if (value_kind(value) != HST_VALUE_TEXT || strlen(name) != value_length(value) || !file_value_fits(name))
		return;
	for (size_t i = 0; i < value_count(list); i++)
		if (strcmp(value_text(value_at(list, i)), name) == 0)
			return;
	value_append(list, value_make_text(arena, name, strlen(name)));
}

hst_value *fields_files(hst_arena *arena, hst_fields fields, const hst_value *record)
{
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < fields.n; i++) {
		const hst_field *field = &fields.at[i];
		const hst_value *value = value_get(record, field_name(field)), *normal = NULL;

		if (!value || !type_is_file(field_type(field)) || type_check(arena, field, value, &normal, NULL) != HST_OK)
			continue;
		if (value_kind(normal) != HST_VALUE_LIST)
			add(arena, list, normal);
		for (size_t k = 0; value_kind(normal) == HST_VALUE_LIST && k < value_count(normal); k++)
			add(arena, list, value_at(normal, k));
	}
	return list;
}

/* What is to be renamed, and how. */
struct renaming {
	hst_arena *arena;
	const char *(*other)(void *arg, const char *value);
	void *arg;
};

static const hst_value *renamed(const struct renaming *renaming, const hst_value *value)
{
	const char *name = value_kind(value) == HST_VALUE_TEXT ? renaming->other(renaming->arg, value_text(value)) : NULL;
	hst_value *list;

	if (value_kind(value) != HST_VALUE_LIST)
		return name ? value_make_text(renaming->arena, name, strlen(name)) : value;
	list = value_make_list(renaming->arena);
	for (size_t i = 0; i < value_count(value); i++)
		value_append(list, renamed(renaming, value_at(value, i)));
	return list;
}

const hst_value *fields_files_renamed(hst_arena *arena, hst_fields fields, const hst_value *record,
				      const char *(*other)(void *arg, const char *value), void *arg)
{
	const struct renaming renaming = {.arena = arena, .other = other, .arg = arg};
	hst_value *same = value_make_record(arena);

	if (!fields_have_files(fields))
		return record;
	for (size_t i = 0; i < value_count(record); i++) {
		const hst_field *field = fields_find(fields, value_name_at(record, i));
		const hst_value *value = value_at(record, i);

		value_add(same, value_name_at(record, i), field && type_is_file(field_type(field)) ? renamed(&renaming, value) : value);
	}
	return same;
}
