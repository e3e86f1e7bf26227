#include "seal/select.h"

#include "base/auto.h"

#include "schema/utf8.h"

#include <stdlib.h>
#include <string.h>

struct scan {
	const char *at, *end;
};

/* Bytes of a name or a text in JSON, between its quotes. */
struct span {
	const char *at;
	size_t length;
};

enum { CHARACTER_MAX = 4 };

static void skip_blanks(struct scan *scan)
{
	while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) && *scan->at)
		scan->at++;
}

static bool skip_byte(struct scan *scan, char byte)
{
	skip_blanks(scan);
	if (scan->at == scan->end || *scan->at != byte)
		return false;
	scan->at++;
	return true;
}

static bool take_string(struct scan *scan, struct span *ret)
{
	if (!skip_byte(scan, '"'))
		return false;
	ret->at = scan->at;
	while (scan->at < scan->end && *scan->at != '"')
		scan->at += *scan->at == '\\' && scan->end - scan->at > 1 ? 2 : 1;
	ret->length = (size_t)(scan->at - ret->at);
	return skip_byte(scan, '"');
}

/* Where a value ends. Which bracket closes which does not matter for that, since sealers write right JSON. */
static bool take_value(struct scan *scan, struct span *ret)
{
	struct span text;
	int depth = 0;

	skip_blanks(scan);
	ret->at = scan->at;
	do {
		const char *before = scan->at;

		if (scan->at == scan->end)
			return false;
		if (*scan->at == '"') {
			if (!take_string(scan, &text))
				return false;
		} else if (*scan->at == '{' || *scan->at == '[') {
			scan->at++;
			if (++depth > SELECT_DEPTH_MAX)
				return false;
		} else if (depth && (*scan->at == '}' || *scan->at == ']')) {
			scan->at++;
			depth--;
		} else if (depth && strchr(",: \t\r\n", *scan->at) && *scan->at) {
			scan->at++;
		} else {
			while (scan->at < scan->end && *scan->at && !strchr("\"{}[],: \t\r\n", *scan->at))
				scan->at++;
			if (scan->at == before)
				return false;
		}
	} while (depth);
	ret->length = (size_t)(scan->at - ret->at);
	return true;
}

static int digit_of(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return found ? (int)(found - digits) : -1;
}

static bool take_unit(struct scan *scan, unsigned *ret)
{
	*ret = 0;
	if (scan->end - scan->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		int digit = digit_of(*scan->at++);

		if (digit < 0)
			return false;
		*ret = *ret << 4 | (unsigned)digit;
	}
	return true;
}

static size_t put_character(unsigned point, char to[CHARACTER_MAX])
{
	static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; point >>= 6)
		to[i] = (char)(0x80 | (point & 0x3f));
	to[0] = (char)(n == 1 ? point : marks[n] | point);
	return n;
}

/* \uXXXX, of which two are one character beyond U+FFFF. */
static size_t take_point(struct scan *scan, char to[CHARACTER_MAX])
{
	unsigned point, low;

	if (!take_unit(scan, &point))
		return 0;
	if (point >= 0xd800 && point < 0xdc00) {
		if (scan->end - scan->at < 6 || scan->at[0] != '\\' || scan->at[1] != 'u')
			return 0;
		scan->at += 2;
		if (!take_unit(scan, &low) || low < 0xdc00 || low > 0xdfff)
			return 0;
		point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
	} else if (point >= 0xdc00 && point <= 0xdfff) {
		return 0;
	}
	return put_character(point, to);
}

/* The next character of a text as it is meant. Returns its bytes; 0: there is none that is right. */
static size_t take_character(struct scan *scan, char to[CHARACTER_MAX])
{
	static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *found;
	size_t n;

	if (*scan->at != '\\') {
		n = utf8_character(scan->at, (size_t)(scan->end - scan->at));
		memcpy(to, scan->at, n);
		scan->at += n;
		return n;
	}
	scan->at++;
	if (scan->at == scan->end || !*scan->at)
		return 0;
	if (*scan->at == 'u') {
		scan->at++;
		return take_point(scan, to);
	}
	found = strchr(escapes, *scan->at++);
	to[0] = found ? meant[found - escapes] : '\0';
	return found ? 1 : 0;
}

static bool is_name(const struct span *text, const char *name, size_t length)
{
	struct scan scan = {text->at, text->at + text->length};
	char character[CHARACTER_MAX];

	while (scan.at < scan.end) {
		size_t n = take_character(&scan, character);

		if (!n || n > length || memcmp(character, name, n) != 0)
			return false;
		name += n;
		length -= n;
	}
	return !length;
}

/* The member of that name; the first where there are several. */
static bool enter_record(struct scan *scan, const char *name, size_t length, struct span *ret)
{
	struct span text;

	if (!skip_byte(scan, '{'))
		return false;
	do {
		if (!take_string(scan, &text) || !skip_byte(scan, ':') || !take_value(scan, ret))
			return false;
		if (is_name(&text, name, length))
			return true;
	} while (skip_byte(scan, ','));
	return false;
}

static bool position_of(const char *name, size_t length, size_t *ret)
{
	*ret = 0;
	if (!length || length > 9 || (length > 1 && name[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		*ret = *ret * 10 + (size_t)(name[i] - '0');
	}
	return true;
}

static bool enter_list(struct scan *scan, const char *name, size_t length, struct span *ret)
{
	size_t position, at = 0;

	if (!position_of(name, length, &position) || !skip_byte(scan, '['))
		return false;
	do {
		if (!take_value(scan, ret))
			return false;
		if (at++ == position)
			return true;
	} while (skip_byte(scan, ','));
	return false;
}

static bool find(struct span *span, const char *path)
{
	while (*path) {
		size_t length = strcspn(path, ".");
		struct scan scan = {span->at, span->at + span->length};

		skip_blanks(&scan);
		if (scan.at == scan.end)
			return false;
		if (*scan.at == '[' ? !enter_list(&scan, path, length, span) : !enter_record(&scan, path, length, span))
			return false;
		path += length + (path[length] == '.');
	}
	return true;
}

bool select_path_right(const char *path)
{
	size_t names = 0;

	if (!*path)
		return true;
	for (;; path++) {
		size_t length = strcspn(path, ".");

		if (!length || length > SELECT_NAME_MAX || ++names > SELECT_PATH_MAX)
			return false;
		path += length;
		if (!*path)
			return true;
	}
}

static int unescaped(const struct span *text, hst_secret **ret, hst_error *err)
{
	struct scan scan = {text->at, text->at + text->length};
	AUTO(secret) hst_secret *room = NULL;
	int code = secret_room(text->length, &room, err);
	size_t length = 0;

	if (code != HST_OK)
		return code;
	while (scan.at < scan.end) {
		char character[CHARACTER_MAX];
		size_t n = take_character(&scan, character);

		if (!n)
			return hst_fail(err, HST_INVALID, "a sealed value is no JSON");
		memcpy(secret_fill(room) + length, character, n);
		length += n;
	}
	secret_cut(room, length);
	*ret = take(room);
	return HST_OK;
}

static int part_of(const struct span *span, hst_secret **ret, hst_error *err)
{
	struct scan scan = {span->at, span->at + span->length};
	struct span text;
	int code;

	if (take_string(&scan, &text))
		return unescaped(&text, ret, err);
	code = secret_new(span->at, span->length, ret, err);
	if (code == HST_OK)
		secret_set_form(*ret, SECRET_JSON);
	return code;
}

/* The whole of it, and nothing but blanks behind. */
static int whole_of(const hst_secret *from, struct span *ret, hst_error *err)
{
	size_t length;
	const char *bytes = secret_bytes(from, &length);
	struct scan scan = {bytes, bytes + length};

	if (!take_value(&scan, ret))
		return hst_fail(err, HST_INVALID, "a sealed value is no JSON");
	skip_blanks(&scan);
	return scan.at == scan.end ? HST_OK : hst_fail(err, HST_INVALID, "a sealed value is no JSON");
}

int select_part(const hst_secret *from, const char *path, hst_secret **ret, hst_error *err)
{
	struct span span;
	size_t length;
	int code;

	if (!select_path_right(path))
		return hst_fail(err, HST_INVALID, "the path into a sealed value is none");
	if (secret_form(from) == SECRET_TEXT) {
		if (*path)
			return hst_fail(err, HST_INVALID, "a sealed value is a text, and has no %s", path);
		span.at = secret_bytes(from, &length);
		return secret_new(span.at, length, ret, err);
	}
	code = whole_of(from, &span, err);
	if (code != HST_OK)
		return code;
	if (!find(&span, path) || (span.length == 4 && memcmp(span.at, "null", 4) == 0))
		return hst_fail(err, HST_NOT_FOUND, *path ? "a sealed value has no %s" : "a sealed value is null%s", path);
	return part_of(&span, ret, err);
}

static bool is_number(const char *at)
{
	return *at == '-' || (*at >= '0' && *at <= '9');
}

/* Texts that stand before a colon are names. */
int select_each(const hst_secret *from, int (*each)(void *arg, const hst_secret *part, hst_error *err), void *arg, hst_error *err)
{
	struct span span;
	struct scan scan;
	int code;

	if (secret_form(from) == SECRET_TEXT)
		return each(arg, from, err);
	code = whole_of(from, &span, err);
	scan = (struct scan){span.at, span.at + span.length};
	while (code == HST_OK && scan.at < scan.end) {
		AUTO(secret) hst_secret *part = NULL;
		struct span at;

		if (*scan.at != '"' && !is_number(scan.at)) {
			scan.at++;
			continue;
		}
		if (!take_value(&scan, &at))
			return hst_fail(err, HST_INVALID, "a sealed value is no JSON");
		skip_blanks(&scan);
		if (scan.at < scan.end && *scan.at == ':')
			continue;
		code = part_of(&at, &part, err);
		if (code == HST_OK)
			code = each(arg, part, err);
	}
	return code;
}
