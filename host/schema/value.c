/* Trees of values. A list or record grows in its arena by doubling; what it outgrows stays there until the
 * arena goes. */
#include "schema/value.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "schema/types.h"

#include <string.h>

struct value_items {
	hst_arena *arena; /* where the list or record grows */
	size_t size;
	const hst_value **at;
	const char **names; /* records only */
};

struct hst_value {
	hst_value_kind kind;
	bool boolean;
	size_t n; /* bytes of a text or number; items of a list; members of a record */
	union {
		const char *text;
		struct value_items *items;
	};
};

static const hst_value null_value = {.kind = HST_VALUE_NULL};

hst_value_kind value_kind(const hst_value *value)
{
	return value ? value->kind : HST_VALUE_ABSENT;
}

static bool value_has_text(const hst_value *value)
{
	return value_kind(value) == HST_VALUE_TEXT || value_kind(value) == HST_VALUE_NUMBER;
}

static bool value_has_items(const hst_value *value)
{
	return value_kind(value) == HST_VALUE_LIST || value_kind(value) == HST_VALUE_RECORD;
}

const char *value_text(const hst_value *value)
{
	return value_has_text(value) ? value->text : "";
}

size_t value_length(const hst_value *value)
{
	return value_has_text(value) ? value->n : 0;
}

bool value_boolean(const hst_value *value)
{
	return value_kind(value) == HST_VALUE_BOOLEAN && value->boolean;
}

bool value_integer(const hst_value *value, int64_t *ret)
{
	return value_kind(value) == HST_VALUE_NUMBER && type_read_integer(value->text, ret);
}

size_t value_count(const hst_value *value)
{
	return value_has_items(value) ? value->n : 0;
}

const hst_value *value_at(const hst_value *value, size_t index)
{
	return index < value_count(value) ? value->items->at[index] : NULL;
}

const char *value_name_at(const hst_value *value, size_t index)
{
	return value_kind(value) == HST_VALUE_RECORD && index < value->n ? value->items->names[index] : NULL;
}

/* The position of a member, or the number of members. Records are short; callers that fill long ones use
 * value_add. */
static size_t value_position(const hst_value *record, const char *name)
{
	size_t i = 0;

	while (i < record->n && strcmp(record->items->names[i], name) != 0)
		i++;
	return i;
}

const hst_value *value_get(const hst_value *value, const char *name)
{
	if (value_kind(value) != HST_VALUE_RECORD || !name)
		return NULL;
	return value_at(value, value_position(value, name));
}

static hst_value *value_make(hst_arena *arena, hst_value_kind kind)
{
	hst_value *value = arena_alloc(arena, sizeof *value);

	value->kind = kind;
	return value;
}

hst_value *value_make_null(hst_arena *arena)
{
	return value_make(arena, HST_VALUE_NULL);
}

hst_value *value_make_text(hst_arena *arena, const char *text, size_t length)
{
	hst_value *value = value_make(arena, HST_VALUE_TEXT);

	value->text = arena_copy(arena, text, length);
	value->n = length;
	return value;
}

hst_value *value_make_text_of(hst_arena *arena, const char *text, size_t length)
{
	hst_value *value = value_make(arena, HST_VALUE_TEXT);

	value->text = text;
	value->n = length;
	return value;
}

hst_value *value_make_number(hst_arena *arena, const char *decimal)
{
	hst_value *value = value_make(arena, HST_VALUE_NUMBER);

	if (!decimal || !type_is_number(decimal, strlen(decimal)))
		decimal = "0";
	value->text = arena_text(arena, decimal);
	value->n = strlen(decimal);
	return value;
}

hst_value *value_make_integer(hst_arena *arena, int64_t integer)
{
	hst_value *value = value_make(arena, HST_VALUE_NUMBER);
	char digits[INTEGER_SIZE];

	value->text = arena_text(arena, integer_text(integer, digits));
	value->n = strlen(value->text);
	return value;
}

hst_value *value_make_boolean(hst_arena *arena, bool boolean)
{
	hst_value *value = value_make(arena, HST_VALUE_BOOLEAN);

	value->boolean = boolean;
	return value;
}

static hst_value *value_make_items(hst_arena *arena, hst_value_kind kind)
{
	hst_value *value = value_make(arena, kind);

	value->items = arena_alloc(arena, sizeof *value->items);
	value->items->arena = arena;
	return value;
}

hst_value *value_make_list(hst_arena *arena)
{
	return value_make_items(arena, HST_VALUE_LIST);
}

hst_value *value_make_record(hst_arena *arena)
{
	return value_make_items(arena, HST_VALUE_RECORD);
}

static void value_grow(hst_value *value)
{
	struct value_items *items = value->items;
	const hst_value **at = items->at;
	const char **names = items->names;

	if (value->n < items->size)
		return;
	items->size = items->size ? 2 * items->size : 8;
	items->at = arena_array(items->arena, items->size, sizeof *items->at);
	if (value->n)
		memcpy(items->at, at, value->n * sizeof *at);
	if (value->kind != HST_VALUE_RECORD)
		return;
	items->names = arena_array(items->arena, items->size, sizeof *items->names);
	if (value->n)
		memcpy(items->names, names, value->n * sizeof *names);
}

void value_append(hst_value *list, const hst_value *item)
{
	if (value_kind(list) != HST_VALUE_LIST)
		return;
	value_grow(list);
	list->items->at[list->n++] = item ? item : &null_value;
}

void value_add(hst_value *record, const char *name, const hst_value *item)
{
	if (value_kind(record) != HST_VALUE_RECORD || !name)
		return;
	value_grow(record);
	record->items->names[record->n] = arena_text(record->items->arena, name);
	record->items->at[record->n++] = item ? item : &null_value;
}

void value_set(hst_value *record, const char *name, const hst_value *item)
{
	size_t position;

	if (value_kind(record) != HST_VALUE_RECORD || !name)
		return;
	position = value_position(record, name);
	if (position < record->n)
		record->items->at[position] = item ? item : &null_value;
	else
		value_add(record, name, item);
}

void value_set_text(hst_value *record, const char *name, const char *text)
{
	if (value_kind(record) == HST_VALUE_RECORD)
		value_set(record, name,
			  text ? value_make_text(record->items->arena, text, strlen(text)) : NULL);
}

void value_set_integer(hst_value *record, const char *name, int64_t integer)
{
	if (value_kind(record) == HST_VALUE_RECORD)
		value_set(record, name, value_make_integer(record->items->arena, integer));
}

void value_set_boolean(hst_value *record, const char *name, bool boolean)
{
	if (value_kind(record) == HST_VALUE_RECORD)
		value_set(record, name, value_make_boolean(record->items->arena, boolean));
}

static const char *json_for_plugin(hst_arena *arena, const hst_value *value, size_t *ret_length)
{
	AUTO(text) struct text json;

	text_init_wiping(&json, VALUE_BYTES_MAX);
	value_write_json(&json, value);
	if (json.over)
		return NULL;
	*ret_length = json.length;
	return arena_copy(arena, json.s, json.length);
}

const struct hst_value_table value_table = {
	.size = sizeof(struct hst_value_table),
	.kind = value_kind,
	.text = value_text,
	.length = value_length,
	.boolean = value_boolean,
	.integer = value_integer,
	.count = value_count,
	.at = value_at,
	.name_at = value_name_at,
	.get = value_get,
	.make_text = value_make_text,
	.make_number = value_make_number,
	.make_boolean = value_make_boolean,
	.make_list = value_make_list,
	.make_record = value_make_record,
	.append = value_append,
	.set = value_set,
	.read_json = value_parse_json,
	.write_json = json_for_plugin,
};
