/*
 * Reading JSON. json-c knows the grammar; three things it cannot do are done around it:
 * - It keeps a number's text only where the number is a double; integers are clamped at 64 bits without a
 * word and "-0" becomes "0". So json_scan gives it the offset of each number instead, and the text is taken
 * from there.
 * - It keeps the last of two members of one name without a word. Then the finished tree has fewer members
 * than the text has colons outside strings, and nothing else makes these two numbers differ.
 * - It takes NaN and Infinity, overlong UTF-8 and control characters in strings, all refused by json_scan.
 *
 * What is read may be a secret, and json-c wipes nothing. So every text in its memory is overwritten before it gives that back; names of
 * members are not secret, and of numbers it has offsets alone.
 */
#include "schema/json_scan.h"
#include "schema/value.h"

#include "base/arena.h"

#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <string.h>

struct builder {
	hst_arena *arena;
	const char *bytes; /* the original text */
	size_t length;
	size_t members;
};

static hst_value *build(struct builder *builder, struct json_object *from);

static hst_value *build_number(struct builder *builder, struct json_object *from)
{
	size_t at = (size_t)json_object_get_int64(from);
	size_t n = json_number_length(builder->bytes + at, builder->length - at);

	return value_make_number(builder->arena, arena_copy(builder->arena, builder->bytes + at, n));
}

static hst_value *build_record(struct builder *builder, struct json_object *from)
{
	hst_value *record = value_make_record(builder->arena);

	json_object_object_foreach(from, name, member)
	{
		builder->members++;
		value_add(record, name, build(builder, member));
	}
	return record;
}

static hst_value *build_list(struct builder *builder, struct json_object *from)
{
	hst_value *list = value_make_list(builder->arena);

	for (size_t i = 0; i < json_object_array_length(from); i++)
		value_append(list, build(builder, json_object_array_get_idx(from, i)));
	return list;
}

/* As deep as the tokener lets the text be, VALUE_DEPTH_MAX. */
static hst_value *build(struct builder *builder, struct json_object *from)
{
	switch (json_object_get_type(from)) {
	case json_type_boolean:
		return value_make_boolean(builder->arena, json_object_get_boolean(from));
	case json_type_double: /* cannot come: json_scan leaves integers alone */
	case json_type_int:
		return build_number(builder, from);
	case json_type_string:
		return value_make_text(builder->arena, json_object_get_string(from),
				       (size_t)json_object_get_string_len(from));
	case json_type_array:
		return build_list(builder, from);
	case json_type_object:
		return build_record(builder, from);
	case json_type_null:
		break;
	}
	return value_make_null(builder->arena);
}

static void wipe(struct json_object *from)
{
	switch (json_object_get_type(from)) {
	case json_type_string:
		explicit_bzero((char *)(uintptr_t)json_object_get_string(from), (size_t)json_object_get_string_len(from));
		break;
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(from); i++)
			wipe(json_object_array_get_idx(from, i));
		break;
	case json_type_object: {
		json_object_object_foreach(from, name, member)
		{
			(void)name;
			wipe(member);
		}
		break;
	}
	default:
		break;
	}
}

/* *ret is NULL for the text "null" too, as json-c has it. `bytes` is the original. */
static int parse(const struct text *text, const char *bytes, size_t length, struct json_object **ret, hst_error *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(VALUE_DEPTH_MAX);
	struct json_object *object;
	enum json_tokener_error error;
	int code = HST_OK;

	if (!tokener)
		abort();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* Where each text is put together. It never has to grow, which would leave copies behind. */
	if (printbuf_memset(tokener->pb, 0, 0, (int)text->length + 1) < 0)
		abort();
	printbuf_reset(tokener->pb);
	/* The final NUL is given too: without it json-c would wait for more digits of a number. */
	object = json_tokener_parse_ex(tokener, text->s, (int)text->length + 1);
	error = json_tokener_get_error(tokener);
	if (error != json_tokener_success) {
		code = json_refuse(bytes, json_scan_original(text->s, json_tokener_get_parse_end(tokener), bytes, length),
				   error == json_tokener_error_depth ? "nested more than 32 deep" : json_tokener_error_desc(error), err);
		json_object_put(object);
	} else {
		*ret = object;
	}
	explicit_bzero(tokener->pb->buf, (size_t)tokener->pb->size);
	json_tokener_free(tokener);
	return code;
}

int value_parse_json(hst_arena *arena, const char *bytes, size_t length, const hst_value **ret,
		     hst_error *err)
{
	struct builder builder = {.arena = arena, .bytes = bytes, .length = length};
	struct json_object *object = NULL;
	struct json_scan scan;
	hst_value *value;
	int code;

	_Static_assert(VALUE_DEPTH_MAX == 32, "the message of parse() says it");
	if (length > VALUE_BYTES_MAX)
		return hst_fail(err, HST_INVALID,
				"not JSON for this house: %zu bytes, at most %d are allowed", length,
				VALUE_BYTES_MAX);
	/* Most presses and many steps come with nothing else, and for json-c it is as much work as a whole record. */
	if (length == 2 && memcmp(bytes, "{}", 2) == 0) {
		*ret = value_make_record(arena);
		return HST_OK;
	}
	code = json_scan(bytes, length, &scan, err);
	if (!code)
		code = parse(&scan.rewritten, bytes, length, &object, err);
	text_clear(&scan.rewritten);
	if (code)
		return code;
	value = build(&builder, object);
	wipe(object);
	json_object_put(object);
	if (builder.members != scan.names)
		return hst_fail(err, HST_INVALID,
				"not JSON for this house: a record has two members of one name");
	*ret = value;
	return HST_OK;
}
