#include "schema/json_scan.h"

#include "schema/types.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include <string.h>

struct scanner {
	const char *bytes;
	size_t length, at;
	size_t values; /* begun so far, names of members included */
	bool zero;     /* the last string held \u0000 */
	struct json_scan *scan;
};

static int refuse(const struct scanner *scanner, hst_error *err, const char *what)
{
	return json_refuse(scanner->bytes, scanner->at < scanner->length ? scanner->at : scanner->length, what, err);
}

int json_refuse(const char *bytes, size_t at, const char *what, hst_error *err)
{
	size_t line = 1, begin = 0;

	for (size_t i = 0; i < at; i++)
		if (bytes[i] == '\n') {
			line++;
			begin = i + 1;
		}
	return hst_fail(err, HST_INVALID, "not JSON: line %zu, column %zu: %s", line, at - begin + 1, what);
}

/* Both are the same but for their numbers, which no string has any part in. */
size_t json_scan_original(const char *rewritten, size_t at, const char *bytes, size_t length)
{
	size_t from = 0, to = 0;
	bool text = false;

	while (from < at && to < length) {
		if (!text && strchr("-0123456789", bytes[to]) && bytes[to]) {
			to += json_number_length(bytes + to, length - to);
			from += json_number_length(rewritten + from, at - from);
			continue;
		}
		if (text && bytes[to] == '\\') {
			from++;
			to++;
		} else if (bytes[to] == '"') {
			text = !text;
		}
		from++;
		to++;
	}
	return to < length ? to : length;
}

size_t json_number_length(const char *bytes, size_t n)
{
	size_t length = 0;

	while (length < n && bytes[length] && strchr("+-.0123456789Ee", bytes[length]))
		length++;
	return length;
}

/* Escapes are checked by json-c; here it matters only where the string ends and whether it holds \u0000. */
static int scan_string(struct scanner *scanner, hst_error *err)
{
	const char *bytes = scanner->bytes;

	scanner->zero = false;
	for (scanner->at++; scanner->at < scanner->length; scanner->at++) {
		char c;

		scanner->at += utf8_plain_length(bytes + scanner->at, scanner->length - scanner->at);
		if (scanner->at == scanner->length)
			break;
		c = bytes[scanner->at];
		if ((unsigned char)c < 0x20)
			return refuse(scanner, err, "a control character in a text; write it as \\u00XX");
		if (c == '"') {
			scanner->at++;
			return HST_OK;
		}
		if (c != '\\')
			continue;
		scanner->at++;
		if (scanner->length - scanner->at >= 5 && memcmp(bytes + scanner->at, "u0000", 5) == 0)
			scanner->zero = true;
	}
	return refuse(scanner, err, "a text that does not end");
}

static int scan_number(struct scanner *scanner, hst_error *err)
{
	const char *number = scanner->bytes + scanner->at;
	size_t length = json_number_length(number, scanner->length - scanner->at);

	if (!type_is_number(number, length))
		return refuse(scanner, err, "a number must look like 12, -0.5 or 1e3");
	text_addf(&scanner->scan->rewritten, "%zu", scanner->at);
	scanner->at += length;
	return HST_OK;
}

static int scan_mark(struct scanner *scanner, hst_error *err)
{
	char c = scanner->bytes[scanner->at];

	/* The letters of true, false and null; whether they make one of these words is for json-c. */
	if (!c || !strchr(" \t\r\n[]{},:truefalsn", c))
		return refuse(scanner, err, "a character that may stand in a text only");
	if (c == ':') {
		/* json-c ends a name there, so that two names could become one. */
		if (scanner->zero)
			return refuse(scanner, err, "a name with \\u0000");
		scanner->scan->names++;
	}
	text_bytes(&scanner->scan->rewritten, &c, 1);
	scanner->at++;
	return HST_OK;
}

static int scan_next(struct scanner *scanner, hst_error *err)
{
	size_t from = scanner->at;
	char c = scanner->bytes[from];
	int code;

	/* The letters t, f and n only ever begin their words. */
	scanner->values += strchr("\"-0123456789[{tfn", c) != NULL;
	if (scanner->values > VALUE_COUNT_MAX + scanner->scan->names + 1)
		return hst_fail(err, HST_INVALID, "not JSON for this house: more than %d values",
				VALUE_COUNT_MAX);
	if (c == '-' || (c >= '0' && c <= '9'))
		return scan_number(scanner, err);
	if (c != '"')
		return scan_mark(scanner, err);
	code = scan_string(scanner, err);
	if (!code)
		text_bytes(&scanner->scan->rewritten, scanner->bytes + from, scanner->at - from);
	return code;
}

int json_scan(const char *bytes, size_t length, struct json_scan *ret, hst_error *err)
{
	struct scanner scanner = {.bytes = bytes, .length = length, .scan = ret};
	size_t valid = utf8_valid(bytes, length);
	int code = HST_OK;

	/* The shortest number with its comma, "1,", becomes at most "1048575,". */
	text_init_wiping(&ret->rewritten, 8 * length + 16);
	ret->names = 0;
	if (valid < length) {
		scanner.at = valid;
		return refuse(&scanner, err, "bytes that are not UTF-8");
	}
	while (!code && scanner.at < length)
		code = scan_next(&scanner, err);
	return code;
}
