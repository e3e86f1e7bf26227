/*
 * Writing JSON. Done here and not by json-c, because a tree of values would first have to become a tree of
 * json-c's, and each number pass through a type that loses its text.
 */
#include "base/text.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include <string.h>

static void write_escaped(struct text *to, unsigned char c)
{
	static const char marks[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *mark = c ? strchr(marks, c) : NULL;

	if (mark)
		text_addf(to, "\\%c", letters[mark - marks]);
	else
		text_addf(to, "\\u%04x", c);
}

void json_quote(struct text *to, const char *bytes, size_t length)
{
	size_t plain = 0; /* from here to `at` nothing has to be changed */
	size_t at = utf8_plain_length(bytes, length);

	text_add(to, "\"");
	while (at < length) {
		unsigned char c = (unsigned char)bytes[at];
		size_t n = utf8_character(bytes + at, length - at);

		if (n && c >= 0x80) {
			at += n;
			at += utf8_plain_length(bytes + at, length - at);
			continue;
		}
		text_bytes(to, bytes + plain, at - plain);
		if (n)
			write_escaped(to, c);
		else
			text_add(to, "\xef\xbf\xbd");
		plain = ++at;
		at += utf8_plain_length(bytes + at, length - at);
	}
	text_bytes(to, bytes + plain, length - plain);
	text_add(to, "\"");
}

static void write_nested(struct text *to, const hst_value *value, int depth);

static void write_items(struct text *to, const hst_value *value, int depth)
{
	bool record = value_kind(value) == HST_VALUE_RECORD;

	if (depth >= VALUE_DEPTH_MAX) {
		text_add(to, "null");
		to->over = true;
		return;
	}
	text_add(to, record ? "{" : "[");
	for (size_t i = 0; i < value_count(value); i++) {
		if (i)
			text_add(to, ",");
		if (record) {
			const char *name = value_name_at(value, i);

			json_quote(to, name, strlen(name));
			text_add(to, ":");
		}
		write_nested(to, value_at(value, i), depth + 1);
	}
	text_add(to, record ? "}" : "]");
}

static void write_nested(struct text *to, const hst_value *value, int depth)
{
	switch (value_kind(value)) {
	case HST_VALUE_ABSENT:
	case HST_VALUE_NULL:
		text_add(to, "null");
		break;
	case HST_VALUE_BOOLEAN:
		text_add(to, value_boolean(value) ? "true" : "false");
		break;
	case HST_VALUE_NUMBER:
		text_bytes(to, value_text(value), value_length(value));
		break;
	case HST_VALUE_TEXT:
		json_quote(to, value_text(value), value_length(value));
		break;
	case HST_VALUE_LIST:
	case HST_VALUE_RECORD:
		write_items(to, value, depth);
		break;
	}
}

void value_write_json(struct text *to, const hst_value *value)
{
	write_nested(to, value, 0);
}

void value_write_plain(struct text *to, const hst_value *value)
{
	if (value_kind(value) == HST_VALUE_TEXT)
		text_bytes(to, value_text(value), value_length(value));
	else if (value_kind(value) == HST_VALUE_BOOLEAN)
		text_add(to, value_boolean(value) ? "yes" : "no");
	else if (value_kind(value) != HST_VALUE_ABSENT && value_kind(value) != HST_VALUE_NULL)
		value_write_json(to, value);
}
