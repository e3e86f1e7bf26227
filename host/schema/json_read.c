/*
 * Reading JSON: one pass that checks and builds. What a text may hold here is a little less than JSON allows: UTF-8 as it
 * is strictly, no name twice in a record and none with \u0000, and the ceilings of value.h. Numbers keep their text.
 */
#include "schema/types.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include "base/arena.h"
#include "base/table.h"

#include <string.h>

/* Records up to this size are searched for a name that is there twice; larger ones get a table for it. */
enum { SEARCHED_MAX = 16 };

struct reader {
	hst_arena *arena;
	const char *bytes, *at, *end;
	size_t values; /* begun so far */
	int depth;     /* lists and records that `at` is in */
	hst_error *err;
};

static const hst_value *refuse(const struct reader *reader, const char *what)
{
	int line = 1;

	for (const char *at = reader->bytes; at < reader->at; at++)
		line += *at == '\n';
	hst_fail(reader->err, HST_INVALID, "not JSON: line %d: %s", line, what);
	return NULL;
}

static const hst_value *refuse_here(const struct reader *reader, const char *what)
{
	hst_fail(reader->err, HST_INVALID, "not JSON for this house: %s", what);
	return NULL;
}

static void skip_blanks(struct reader *reader)
{
	while (reader->at < reader->end &&
	       (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\t' || *reader->at == '\r'))
		reader->at++;
}

/* Takes the byte if it is the next one that is not blank. */
static bool take_byte(struct reader *reader, char byte)
{
	skip_blanks(reader);
	if (reader->at == reader->end || *reader->at != byte)
		return false;
	reader->at++;
	return true;
}

static bool take_hex(struct reader *reader, unsigned *ret)
{
	unsigned code = 0;

	if (reader->end - reader->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = reader->at[i], low = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			code = code << 4 | (unsigned)(c - '0');
		else if (low >= 'a' && low <= 'f')
			code = code << 4 | (unsigned)(low - 'a' + 10);
		else
			return false;
	}
	reader->at += 4;
	*ret = code;
	return true;
}

static size_t put_character(char *to, unsigned code)
{
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; code >>= 6)
		to[i] = (char)(0x80 | (code & 0x3f));
	to[0] = (char)(first[n] | code);
	return n;
}

/* Behind "\u". Half of a pair that is alone becomes U+FFFD. */
static bool take_code(struct reader *reader, unsigned *ret)
{
	struct reader ahead;
	unsigned code, low;

	if (!take_hex(reader, &code))
		return false;
	if ((code & 0xf800) == 0xd800) {
		ahead = *reader;
		if ((code & 0x400) == 0 && ahead.end - ahead.at >= 2 && memcmp(ahead.at, "\\u", 2) == 0 &&
		    (ahead.at += 2, take_hex(&ahead, &low)) && (low & 0xfc00) == 0xdc00) {
			code = 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff));
			reader->at = ahead.at;
		} else {
			code = 0xfffd;
		}
	}
	*ret = code;
	return true;
}

/* One escape, written as UTF-8, which is never longer than the escape. 0: it is none of JSON's. */
static size_t take_escape(struct reader *reader, char *to)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *name;
	unsigned code;

	if (++reader->at == reader->end)
		return 0;
	if (*reader->at == 'u') {
		reader->at++;
		return take_code(reader, &code) ? put_character(to, code) : 0;
	}
	name = memchr(names, *reader->at, sizeof names - 1);
	if (!name)
		return 0;
	reader->at++;
	*to = bytes[name - names];
	return 1;
}

/* The rest of a text from its first escape on; `plain` bytes stand before that. */
static char *take_escaped(struct reader *reader, const char *start, size_t *ret_length)
{
	size_t plain = (size_t)(reader->at - start), room = plain;
	char *text, *to;

	for (const char *at = reader->at; at < reader->end && *at != '"'; at++, room++)
		if (*at == '\\' && at + 1 < reader->end)
			at++, room++;
	text = arena_alloc(reader->arena, room + 1);
	memcpy(text, start, plain);
	to = text + plain;
	while (reader->at < reader->end && *reader->at != '"' && (unsigned char)*reader->at >= 0x20) {
		size_t n = 1;

		if (*reader->at == '\\')
			n = take_escape(reader, to);
		else
			*to = *reader->at++;
		if (!n) {
			refuse(reader, "an escape in a text that JSON does not have");
			return NULL;
		}
		to += n;
	}
	*ret_length = (size_t)(to - text);
	return text;
}

/* A text from its first quote on, in the arena and with a NUL behind it; NULL: it is none. */
static char *take_text(struct reader *reader, size_t *ret_length)
{
	const char *start = ++reader->at;
	char *text;

	while (reader->at < reader->end && *reader->at != '"' && *reader->at != '\\' &&
	       (unsigned char)*reader->at >= 0x20)
		reader->at++;
	if (reader->at < reader->end && *reader->at == '\\') {
		text = take_escaped(reader, start, ret_length);
		if (!text)
			return NULL;
	} else {
		*ret_length = (size_t)(reader->at - start);
		text = arena_copy(reader->arena, start, *ret_length);
	}
	if (reader->at == reader->end) {
		refuse(reader, "a text that does not end");
		return NULL;
	}
	if (*reader->at != '"') {
		refuse(reader, "a control character in a text; write it as \\u00XX");
		return NULL;
	}
	reader->at++;
	return text;
}

static const hst_value *read_number(struct reader *reader)
{
	const char *start = reader->at;
	size_t length;

	while (reader->at < reader->end && *reader->at && strchr("+-.0123456789Ee", *reader->at))
		reader->at++;
	length = (size_t)(reader->at - start);
	if (!type_is_number(start, length))
		return refuse(reader, "a number must look like 12, -0.5 or 1e3");
	return value_take(reader->arena, HST_VALUE_NUMBER, arena_copy(reader->arena, start, length), length);
}

static const hst_value *read_word(struct reader *reader)
{
	static const struct {
		const char *word;
		size_t length;
	} words[] = {{"null", 4}, {"true", 4}, {"false", 5}};
	size_t left = (size_t)(reader->end - reader->at);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (left < words[i].length || memcmp(reader->at, words[i].word, words[i].length) != 0)
			continue;
		reader->at += words[i].length;
		return i ? value_make_boolean(reader->arena, i == 1) : value_make_null(reader->arena);
	}
	return refuse(reader, "a value is missing, or is none that JSON has");
}

static const hst_value *read_value(struct reader *reader);

static const hst_value *read_list(struct reader *reader)
{
	hst_value *list = value_make_list(reader->arena);
	const hst_value *item;

	if (take_byte(reader, ']'))
		return list;
	do {
		item = read_value(reader);
		if (!item)
			return NULL;
		value_append(list, item);
	} while (take_byte(reader, ','));
	return take_byte(reader, ']') ? list : refuse(reader, "a list needs , or ] here");
}

static bool has_name(const hst_value *record, const char *name, struct table *names)
{
	if (value_count(record) < SEARCHED_MAX)
		return value_get(record, name) != NULL;
	if (!names->n)
		for (size_t i = 0; i < value_count(record); i++)
			table_set(names, value_name_at(record, i), names);
	if (table_get(names, name))
		return true;
	table_set(names, name, names);
	return false;
}

static bool read_member(struct reader *reader, hst_value *record, struct table *names)
{
	const hst_value *value;
	size_t length;
	char *name;

	skip_blanks(reader);
	if (reader->at == reader->end || *reader->at != '"')
		return refuse(reader, "a record needs a name in quotes here") != NULL;
	name = take_text(reader, &length);
	if (!name)
		return false;
	if (strlen(name) != length)
		return refuse(reader, "a name with \\u0000") != NULL;
	if (!take_byte(reader, ':'))
		return refuse(reader, "a name needs a colon behind it") != NULL;
	if (has_name(record, name, names))
		return refuse_here(reader, "a record has two members of one name") != NULL;
	value = read_value(reader);
	if (value)
		value_add(record, name, value);
	return value != NULL;
}

static const hst_value *read_record(struct reader *reader)
{
	hst_value *record = value_make_record(reader->arena);
	struct table names;
	bool fine;

	if (take_byte(reader, '}'))
		return record;
	table_init(&names);
	do
		fine = read_member(reader, record, &names);
	while (fine && take_byte(reader, ','));
	table_clear(&names);
	if (!fine)
		return NULL;
	return take_byte(reader, '}') ? record : refuse(reader, "a record needs , or } here");
}

static const hst_value *read_items(struct reader *reader)
{
	const hst_value *value;

	if (reader->depth == VALUE_DEPTH_MAX)
		return refuse(reader, "nested more than 32 deep");
	reader->depth++;
	value = *reader->at++ == '{' ? read_record(reader) : read_list(reader);
	reader->depth--;
	return value;
}

static const hst_value *read_value(struct reader *reader)
{
	size_t length;
	char *text;

	if (++reader->values > VALUE_COUNT_MAX)
		return refuse_here(reader, "more than 100000 values");
	skip_blanks(reader);
	if (reader->at == reader->end)
		return refuse(reader, "it ends too early");
	switch (*reader->at) {
	case '{':
	case '[':
		return read_items(reader);
	case '"':
		text = take_text(reader, &length);
		return text ? value_take(reader->arena, HST_VALUE_TEXT, text, length) : NULL;
	case '-':
	case '0' ... '9':
		return read_number(reader);
	default:
		return read_word(reader);
	}
}

int value_parse_json(hst_arena *arena, const char *bytes, size_t length, const hst_value **ret, hst_error *err)
{
	struct reader reader = {.arena = arena, .bytes = bytes, .at = bytes, .end = bytes + length, .err = err};
	const hst_value *value;
	size_t valid;

	_Static_assert(VALUE_DEPTH_MAX == 32 && VALUE_COUNT_MAX == 100000, "the messages say it");
	if (length > VALUE_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "not JSON for this house: %zu bytes, at most %d are allowed", length,
				VALUE_BYTES_MAX);
	valid = utf8_valid(bytes, length);
	if (valid < length) {
		reader.at += valid;
		refuse(&reader, "bytes that are not UTF-8");
		return HST_INVALID;
	}
	value = read_value(&reader);
	if (!value)
		return HST_INVALID;
	skip_blanks(&reader);
	if (reader.at != reader.end) {
		refuse(&reader, "there is something behind its end");
		return HST_INVALID;
	}
	*ret = value;
	return HST_OK;
}
