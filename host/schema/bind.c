/* Records into C structs and back. The member's C type decides (field->type); `as` only narrows what is
 * allowed in it. */
#include "schema/fields.h"

#include "base/arena.h"
#include "schema/types.h"
#include "schema/value.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const struct hst_secret_table *secret_table;

void fields_use_secrets(const struct hst_secret_table *secrets)
{
	secret_table = secrets;
}

/* Numbers have a dot whatever locale a library may have set. */
static locale_t plain_locale(void)
{
	static locale_t plain;

	if (!plain)
		plain = newlocale(LC_NUMERIC_MASK, "C", NULL);
	if (!plain)
		abort();
	return plain;
}

static hst_texts bind_texts(hst_arena *arena, const hst_value *list)
{
	size_t n = value_count(list);
	const char **words = arena_array(arena, n + 1, sizeof *words);

	for (size_t i = 0; i < n; i++)
		words[i] = arena_text(arena, value_text(value_at(list, i)));
	return (hst_texts){.n = n, .at = words};
}

static hst_choice bind_choice(const hst_field *field, const hst_value *value)
{
	hst_choice choice = {0};

	for (int i = 0; field->choices && field->choices[i]; i++)
		if (strcmp(field->choices[i], value_text(value)) == 0)
			choice.index = i;
	return choice;
}

static hst_file *bind_file(hst_arena *arena, const hst_value *value)
{
	hst_file *file = arena_alloc(arena, sizeof *file);

	file->name = arena_text(arena, value_text(value));
	return file;
}

static hst_files bind_files(hst_arena *arena, const hst_value *list)
{
	size_t n = value_count(list);
	hst_file **files = arena_array(arena, n + 1, sizeof(hst_file *));

	for (size_t i = 0; i < n; i++)
		files[i] = bind_file(arena, value_at(list, i));
	return (hst_files){.n = n, .at = files};
}

static hst_secret *bind_secret(hst_arena *arena, const hst_value *value)
{
	return secret_table ? secret_table->make(arena, value_text(value), value_length(value)) : NULL;
}

/* The members "header.accept" of the record as a record of their own, "accept". */
static const hst_value *bind_map(hst_arena *arena, const hst_field *field, const hst_value *record)
{
	size_t prefix = field_prefix(field);
	hst_value *map = value_make_record(arena);

	for (size_t i = 0; i < value_count(record); i++)
		if (field_answers(field, value_name_at(record, i)))
			value_add(map, value_name_at(record, i) + prefix, value_at(record, i));
	return map;
}

/* False: there is no locked memory for a secret. */
static bool bind_member(hst_arena *arena, const hst_field *field, const hst_value *value, void *member)
{
	switch (field->type) {
	case HST_TYPE_BOOLEAN:
		*(bool *)member = value_boolean(value);
		break;
	case HST_TYPE_INTEGER:
		value_integer(value, member);
		break;
	case HST_TYPE_NUMBER:
		*(double *)member = strtod_l(value_text(value), NULL, plain_locale());
		break;
	case HST_TYPE_TEXT:
		*(const char **)member = arena_text(arena, value_text(value));
		break;
	case HST_TYPE_DURATION:
		value_integer(value, &((hst_duration *)member)->ms);
		break;
	case HST_TYPE_DATE:
		type_read_date(value_text(value), member, NULL);
		break;
	case HST_TYPE_CHOICE:
		*(hst_choice *)member = bind_choice(field, value);
		break;
	case HST_TYPE_LIST:
		*(hst_texts *)member = bind_texts(arena, value);
		break;
	case HST_TYPE_FILE:
		*(hst_file **)member = bind_file(arena, value);
		break;
	case HST_TYPE_FILES:
		*(hst_files *)member = bind_files(arena, value);
		break;
	case HST_TYPE_SECRET:
		*(hst_secret **)member = bind_secret(arena, value);
		return *(hst_secret **)member || !secret_table;
	case HST_TYPE_JSON:
		*(const hst_value **)member = value;
		break;
	case HST_TYPE_NONE: /* the others are names for `as`; no member has them */
	case HST_TYPE_TABLE:
	case HST_TYPE_COUNT:
		break;
	}
	return true;
}

bool fields_bind(hst_arena *arena, hst_fields fields, const hst_value *record, void *structure)
{
	bool bound = true;

	for (size_t i = 0; i < fields.n; i++) {
		const hst_field *field = &fields.at[i];
		const hst_value *value = value_get(record, field_name(field));
		void *member = (char *)structure + field->offset;

		if (field_prefix(field))
			*(const hst_value **)member = bind_map(arena, field, record);
		else if (value)
			bound = bind_member(arena, field, value, member) && bound;
	}
	return bound;
}

static const hst_value *unbind_double(hst_arena *arena, double number)
{
	locale_t before = uselocale(plain_locale());
	/* What is no number cannot pass the check of its type either. */
	char *text = arena_printf(arena, "%.17g", number);

	uselocale(before);
	return value_make_text(arena, text, strlen(text));
}

static const hst_value *unbind_texts(hst_arena *arena, const hst_texts *texts)
{
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < texts->n; i++)
		if (texts->at[i])
			value_append(list, value_make_text(arena, texts->at[i], strlen(texts->at[i])));
	return list;
}

static const hst_value *unbind_files(hst_arena *arena, const hst_files *files)
{
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < files->n; i++)
		if (files->at[i])
			value_append(list, value_make_text(arena, files->at[i]->name, strlen(files->at[i]->name)));
	return list;
}

static const hst_value *unbind_text(hst_arena *arena, const char *text)
{
	return text ? value_make_text(arena, text, strlen(text)) : NULL;
}

static const hst_value *unbind_date(hst_arena *arena, hst_time time)
{
	char text[40];

	if (!time.us)
		return NULL;
	type_write_date(time, text, sizeof text);
	return unbind_text(arena, text);
}

static const hst_value *unbind_choice(hst_arena *arena, const hst_field *field, hst_choice choice)
{
	int n = 0;

	while (field->choices && field->choices[n])
		n++;
	/* An index that is out of range becomes a number, which no choice is. */
	if (choice.index < 0 || choice.index >= n)
		return value_make_integer(arena, choice.index);
	return unbind_text(arena, field->choices[choice.index]);
}

static const hst_value *unbind_secret(hst_arena *arena, const hst_secret *secret)
{
	const void *bytes;
	size_t length;

	if (!secret || !secret_table)
		return NULL;
	/* It stays where it is, in locked memory, for as long as the arena it was made in. */
	bytes = secret_table->bytes(secret, &length);
	return value_make_text_of(arena, bytes, length);
}

/* NULL: left out. */
static const hst_value *unbind_member(hst_arena *arena, const hst_field *field, const void *member)
{
	switch (field->type) {
	case HST_TYPE_BOOLEAN:
		return value_make_boolean(arena, *(const bool *)member);
	case HST_TYPE_INTEGER:
		return value_make_integer(arena, *(const int64_t *)member);
	case HST_TYPE_NUMBER:
		return unbind_double(arena, *(const double *)member);
	case HST_TYPE_TEXT:
		return unbind_text(arena, *(const char *const *)member);
	case HST_TYPE_DURATION:
		return value_make_integer(arena, ((const hst_duration *)member)->ms);
	case HST_TYPE_DATE:
		return unbind_date(arena, *(const hst_time *)member);
	case HST_TYPE_CHOICE:
		return unbind_choice(arena, field, *(const hst_choice *)member);
	case HST_TYPE_LIST:
		return unbind_texts(arena, member);
	case HST_TYPE_FILE:
		return *(hst_file *const *)member ? unbind_text(arena, (*(hst_file *const *)member)->name)
						  : NULL;
	case HST_TYPE_FILES:
		return unbind_files(arena, member);
	case HST_TYPE_SECRET:
		return unbind_secret(arena, *(hst_secret *const *)member);
	case HST_TYPE_JSON:
		return *(const hst_value *const *)member;
	case HST_TYPE_NONE:
	case HST_TYPE_TABLE:
	case HST_TYPE_COUNT:
		break;
	}
	return NULL;
}

static void unbind_map(hst_arena *arena, const hst_field *field, const hst_value *map, hst_value *record)
{
	for (size_t i = 0; i < value_count(map); i++)
		value_add(record,
			  arena_printf(arena, "%.*s%s", (int)field_prefix(field), field_name(field),
				       value_name_at(map, i)),
			  value_at(map, i));
}

int fields_unbind(hst_arena *arena, hst_fields fields, const void *structure, const hst_value **ret,
		  hst_error *err)
{
	hst_value *record = value_make_record(arena);

	for (size_t i = 0; i < fields.n; i++) {
		const hst_field *field = &fields.at[i];
		const void *member = (const char *)structure + field->offset;
		const hst_value *value = field_prefix(field) ? NULL : unbind_member(arena, field, member);
		int code;

		if (field_prefix(field))
			unbind_map(arena, field, *(const hst_value *const *)member, record);
		if (!value)
			continue;
		code = type_check(arena, field, value, &value, err);
		if (code)
			return code;
		value_add(record, field_name(field), value);
	}
	*ret = record;
	return HST_OK;
}
