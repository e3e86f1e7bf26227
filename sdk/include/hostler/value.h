/*
 * Values: read-only trees of what flows pass around.
 *
 * A value is never changed once another can see it; the makers below are for building a new one. Every value lives
 * in the arena of the call it was made for and is released with it. All functions work in the process of the plugin,
 * on its only thread. A NULL value is treated as absent: asking it anything gives the empty answer.
 */
#ifndef HOSTLER_VALUE_H
#define HOSTLER_VALUE_H

#include <hostler/host.h>

typedef enum hst_value_kind {
	HST_VALUE_ABSENT = 0,
	HST_VALUE_NULL,
	HST_VALUE_BOOLEAN,
	HST_VALUE_NUMBER, /* decimal text; integers too */
	HST_VALUE_TEXT,
	HST_VALUE_LIST,
	HST_VALUE_RECORD, /* ordered names, each once */
} hst_value_kind;

/* The host's half of this header, called through the functions below. Members are only ever appended. */
struct hst_value_table {
	size_t size;
	hst_value_kind (*kind)(const hst_value *value);
	const char *(*text)(const hst_value *value);
	size_t (*length)(const hst_value *value);
	bool (*boolean)(const hst_value *value);
	bool (*integer)(const hst_value *value, int64_t *ret);
	size_t (*count)(const hst_value *value);
	const hst_value *(*at)(const hst_value *value, size_t index);
	const char *(*name_at)(const hst_value *value, size_t index);
	const hst_value *(*get)(const hst_value *value, const char *name);
	hst_value *(*make_text)(hst_arena *arena, const char *text, size_t length);
	hst_value *(*make_number)(hst_arena *arena, const char *decimal);
	hst_value *(*make_boolean)(hst_arena *arena, bool value);
	hst_value *(*make_list)(hst_arena *arena);
	hst_value *(*make_record)(hst_arena *arena);
	void (*append)(hst_value *list, const hst_value *item);
	void (*set)(hst_value *record, const char *name, const hst_value *item);
	int (*read_json)(hst_arena *arena, const char *bytes, size_t length, const hst_value **ret, hst_error *err); /* since 1.3 */
	const char *(*write_json)(hst_arena *arena, const hst_value *value, size_t *ret_length);		      /* since 1.3 */
};

/* HST_VALUE_ABSENT for NULL. */
static inline hst_value_kind hst_kind(hst_call *call, const hst_value *value)
{
	return call->host->values->kind(value);
}

/* Text of a text or number, without copying; "" for anything else. May hold NUL bytes: see hst_length. */
static inline const char *hst_text(hst_call *call, const hst_value *value)
{
	return call->host->values->text(value);
}

/* Bytes of the text, the final NUL not counted. */
static inline size_t hst_length(hst_call *call, const hst_value *value)
{
	return call->host->values->length(value);
}

/* True for the boolean true alone. */
static inline bool hst_boolean(hst_call *call, const hst_value *value)
{
	return call->host->values->boolean(value);
}

/* False, and *ret untouched, when the value is no whole number of 64 bits. */
static inline bool hst_integer(hst_call *call, const hst_value *value, int64_t *ret)
{
	return call->host->values->integer(value, ret);
}

/* Items of a list, members of a record, else 0. */
static inline size_t hst_count(hst_call *call, const hst_value *value)
{
	return call->host->values->count(value);
}

/* The item or member at `index`, or NULL beyond the end. */
static inline const hst_value *hst_at(hst_call *call, const hst_value *value, size_t index)
{
	return call->host->values->at(value, index);
}

/* The name of a record's member at `index`, or NULL. */
static inline const char *hst_name_at(hst_call *call, const hst_value *value, size_t index)
{
	return call->host->values->name_at(value, index);
}

/* The member called `name` of a record, or NULL. */
static inline const hst_value *hst_get(hst_call *call, const hst_value *value, const char *name)
{
	return call->host->values->get(value, name);
}

/* New values, in the call's arena; never NULL. `length` bytes of UTF-8 are copied. */
static inline hst_value *hst_make_text(hst_call *call, const char *text, size_t length)
{
	return call->host->values->make_text(call->arena, text, length);
}

/* `decimal` must be a number as JSON writes it; anything else makes the number 0. */
static inline hst_value *hst_make_number(hst_call *call, const char *decimal)
{
	return call->host->values->make_number(call->arena, decimal);
}

/* The boolean `value`. */
static inline hst_value *hst_make_boolean(hst_call *call, bool value)
{
	return call->host->values->make_boolean(call->arena, value);
}

/* An empty list, for hst_append. */
static inline hst_value *hst_make_list(hst_call *call)
{
	return call->host->values->make_list(call->arena);
}

/* An empty record, for hst_set. */
static inline hst_value *hst_make_record(hst_call *call)
{
	return call->host->values->make_record(call->arena);
}

/* `item` becomes part of the list and must live as long; it is not copied. */
static inline void hst_append(hst_call *call, hst_value *list, const hst_value *item)
{
	call->host->values->append(list, item);
}

/* Replaces the member if the name is there already. The name is copied, the item is not. */
static inline void hst_set(hst_call *call, hst_value *record, const char *name, const hst_value *item)
{
	call->host->values->set(record, name, item);
}

/*
 * The tree that a JSON text stands for: UTF-8, at most 1 MiB, 100,000 values and 32 levels, no name twice in a record. HST_INVALID
 * says where it is wrong. Since 1.3; an older host has no reader.
 */
static inline int hst_read_json(hst_call *call, const char *bytes, size_t length, const hst_value **ret, hst_error *err)
{
	if (call->host->values->size <= offsetof(struct hst_value_table, read_json))
		return hst_fail(err, HST_INVALID, "this host reads no JSON for plugins");
	return call->host->values->read_json(call->arena, bytes, length, ret, err);
}

/* JSON on one line, ended by a NUL that *ret_length does not count. NULL: it is larger than 1 MiB, or the host is older than 1.3. */
static inline const char *hst_write_json(hst_call *call, const hst_value *value, size_t *ret_length)
{
	if (call->host->values->size <= offsetof(struct hst_value_table, write_json))
		return NULL;
	return call->host->values->write_json(call->arena, value, ret_length);
}

#endif
