/*
 * The host's half of hst_value: read-only trees in an arena. Values are built once and never changed
 * afterwards; `value_append` and `value_set` are for the builder alone. A NULL value is absent.
 */
#ifndef HOST_SCHEMA_VALUE_H
#define HOST_SCHEMA_VALUE_H

#include <hostler/value.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

/* Ceilings for everything that is parsed from outside. */
enum { VALUE_DEPTH_MAX = 32, VALUE_COUNT_MAX = 100000, VALUE_BYTES_MAX = 1 << 20 };

hst_value_kind value_kind(const hst_value *value);
const char *value_text(const hst_value *value);
size_t value_length(const hst_value *value);
bool value_boolean(const hst_value *value);
bool value_integer(const hst_value *value, int64_t *ret);
size_t value_count(const hst_value *value);
const hst_value *value_at(const hst_value *value, size_t index);
const char *value_name_at(const hst_value *value, size_t index);
const hst_value *value_get(const hst_value *value, const char *name);

hst_value *value_make_null(hst_arena *arena);
hst_value *value_make_text(hst_arena *arena, const char *text, size_t length);
/* Not copied: the bytes, which have a NUL behind them, live at least as long. */
hst_value *value_make_text_of(hst_arena *arena, const char *text, size_t length);
hst_value *value_make_number(hst_arena *arena, const char *decimal);
hst_value *value_make_integer(hst_arena *arena, int64_t value);
hst_value *value_make_boolean(hst_arena *arena, bool value);
hst_value *value_make_list(hst_arena *arena);
hst_value *value_make_record(hst_arena *arena);
void value_append(hst_value *list, const hst_value *item);
void value_set(hst_value *record, const char *name, const hst_value *item); /* replaces */

/* The same without a search, for who knows that the name is new. */
void value_add(hst_value *record, const char *name, const hst_value *item);

/* Shorter ways for answers that are built member by member. Text NULL sets null. */
void value_set_text(hst_value *record, const char *name, const char *text);
void value_set_integer(hst_value *record, const char *name, int64_t value);
void value_set_boolean(hst_value *record, const char *name, bool value);

/* What value.h of the SDK reaches through hst_host. */
extern const struct hst_value_table value_table;

/*
 * JSON as json-c reads it, made strict: UTF-8, no duplicate names, no trailing bytes, the ceilings above.
 * Numbers keep their text. HST_INVALID names the line of the text and what is wrong there.
 */
int value_parse_json(hst_arena *arena, const char *bytes, size_t length, const hst_value **ret,
		     hst_error *err);

/*
 * Appends JSON on one line. A tree nested deeper than VALUE_DEPTH_MAX is cut there and sets `to->over`; bytes
 * that are no UTF-8 become U+FFFD, so that what is written can always be read.
 */
void value_write_json(struct text *to, const hst_value *value);

/* Appends a JSON string with its quotes. */
void json_quote(struct text *to, const char *bytes, size_t length);

/* How people see a value: text as it is, lists and records as JSON. */
void value_write_plain(struct text *to, const hst_value *value);

#endif
