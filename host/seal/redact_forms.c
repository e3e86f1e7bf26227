#include "seal/redact_forms.h"

#include "seal/secret.h"

#include "base/auto.h"

#include "schema/utf8.h"

#include <ctype.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

enum {
	/* \u and four digits for each byte, and base64 of UTF-16 with two bytes in front of it, take less. */
	ROOM = 6 * REDACT_FORMS_MAX + 64,
};

struct forms {
	const char *bytes;
	size_t n;
	char *room, *wide; /* what is made; UTF-16LE */
	size_t wide_n;
	int (*add)(void *arg, const char *bytes, size_t n, hst_error *err);
	void *arg;
	hst_error *err;
};

static int add_room(const struct forms *forms, size_t from, size_t to)
{
	return forms->add(forms->arg, forms->room + from, to - from, forms->err);
}

static size_t put_hex(char *to, unsigned number, size_t digits, bool upper)
{
	for (size_t i = 0; i < digits; i++)
		to[i] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[number >> 4 * (digits - 1 - i) & 15];
	return digits;
}

/* The character at the front of what is UTF-8. */
static unsigned point_of(const char *at, size_t bytes)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	unsigned point = (unsigned char)at[0] & masks[bytes];

	for (size_t i = 1; i < bytes; i++)
		point = point << 6 | ((unsigned char)at[i] & 0x3f);
	return point;
}

/* One or two units of UTF-16. */
static size_t units_of(unsigned point, unsigned units[2])
{
	if (point < 0x10000) {
		units[0] = point;
		return 1;
	}
	units[0] = 0xd800 + ((point - 0x10000) >> 10);
	units[1] = 0xdc00 + ((point - 0x10000) & 0x3ff);
	return 2;
}

static size_t put_escape(char *to, unsigned point, bool upper)
{
	unsigned units[2];
	size_t count = units_of(point, units), at = 0;

	for (size_t i = 0; i < count; i++) {
		to[at++] = '\\';
		to[at++] = 'u';
		at += put_hex(to + at, units[i], 4, upper);
	}
	return at;
}

/* How somebody writes a text in JSON. */
struct json_style {
	bool slashes; /* \/ */
	bool ascii;   /* \u for all that is not ASCII */
	bool upper;   /* digits of \u */
};

static size_t put_json(char *to, const char *at, size_t bytes, const struct json_style *style)
{
	static const char plain[] = "\"\\\b\f\n\r\t/", escaped[] = "\"\\bfnrt/";
	const char *found = *at ? strchr(plain, *at) : NULL;

	if (found && (*at != '/' || style->slashes)) {
		to[0] = '\\';
		to[1] = escaped[found - plain];
		return 2;
	}
	if ((unsigned char)*at < ' ' || (style->ascii && (unsigned char)*at > '~'))
		return put_escape(to, point_of(at, bytes), style->upper);
	memcpy(to, at, bytes);
	return bytes;
}

static int add_json(const struct forms *forms, const struct json_style *style)
{
	size_t length = 0, bytes;

	for (size_t at = 0; at < forms->n; at += bytes) {
		bytes = utf8_character(forms->bytes + at, forms->n - at);
		length += put_json(forms->room + length, forms->bytes + at, bytes, style);
	}
	return add_room(forms, 0, length);
}

static int add_all_json(const struct forms *forms)
{
	static const struct json_style styles[] = {
		{false, false, false}, {true, false, false}, {false, true, false}, {true, true, false}, {false, false, true},
		{true, false, true},   {false, true, true},  {true, true, true},
	};
	int code = HST_OK;

	for (size_t i = 0; i < sizeof styles / sizeof *styles && code == HST_OK; i++)
		code = add_json(forms, &styles[i]);
	return code;
}

/* Behind none, one or two bytes of something else. Characters that depend on what stands beside it are left out. */
static int add_base64(const struct forms *forms, const char *bytes, size_t n, int variant)
{
	static const unsigned char before[2];
	int code = HST_OK;

	for (size_t shift = 0; shift < 3 && code == HST_OK; shift++) {
		AUTO(secret) hst_secret *room = NULL;

		code = secret_room(shift + n, &room, forms->err);
		if (code != HST_OK)
			return code;
		memcpy(secret_fill(room), before, shift);
		memcpy(secret_fill(room) + shift, bytes, n);
		sodium_bin2base64(forms->room, ROOM, secret_fill(room), shift + n, variant);
		code = add_room(forms, (8 * shift + 5) / 6, 8 * (shift + n) / 6);
	}
	return code;
}

static int add_all_base64(const struct forms *forms, const char *bytes, size_t n)
{
	int code = add_base64(forms, bytes, n, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);

	return code == HST_OK ? add_base64(forms, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING) : code;
}

static int add_hex(const struct forms *forms, bool upper)
{
	size_t length = 0;

	for (size_t i = 0; i < forms->n; i++)
		length += put_hex(forms->room + length, (unsigned char)forms->bytes[i], 2, upper);
	return add_room(forms, 0, length);
}

/* What somebody leaves as it is besides letters and digits. */
struct percent_style {
	const char *kept;
	bool plus; /* for a blank */
	bool upper;
};

static int add_percent(const struct forms *forms, const struct percent_style *style)
{
	size_t length = 0;

	for (size_t i = 0; i < forms->n; i++) {
		unsigned char c = (unsigned char)forms->bytes[i];

		if ((c < 0x80 && isalnum(c)) || (c && strchr(style->kept, c))) {
			forms->room[length++] = (char)c;
		} else if (c == ' ' && style->plus) {
			forms->room[length++] = '+';
		} else {
			forms->room[length++] = '%';
			length += put_hex(forms->room + length, c, 2, style->upper);
		}
	}
	return add_room(forms, 0, length);
}

static int add_all_percent(const struct forms *forms)
{
	static const struct percent_style styles[] = {
		{"-._~", false, true},	{"-._~", false, false},	 {"-._~/", false, true},     {"-._~/", false, false},
		{"-._~", true, true},	{"-._*", true, true},	 {"-._~!'()*", false, true}, {"-._~!'()*", false, false},
		{"-._~!'()*;,/?:@&=+$#", false, true},
	};
	int code = HST_OK;

	for (size_t i = 0; i < sizeof styles / sizeof *styles && code == HST_OK; i++)
		code = add_percent(forms, &styles[i]);
	return code;
}

static void make_wide(struct forms *forms)
{
	size_t bytes;

	for (size_t at = 0; at < forms->n; at += bytes) {
		unsigned units[2];
		size_t count;

		bytes = utf8_character(forms->bytes + at, forms->n - at);
		count = units_of(point_of(forms->bytes + at, bytes), units);
		for (size_t i = 0; i < count; i++) {
			forms->wide[forms->wide_n++] = (char)(units[i] & 0xff);
			forms->wide[forms->wide_n++] = (char)(units[i] >> 8);
		}
	}
}

/* Those that only a text has. */
static int add_of_text(struct forms *forms)
{
	int code;

	if (utf8_valid(forms->bytes, forms->n) != forms->n)
		return HST_OK;
	make_wide(forms);
	code = add_all_json(forms);
	if (code == HST_OK)
		code = forms->add(forms->arg, forms->wide, forms->wide_n, forms->err);
	return code == HST_OK ? add_all_base64(forms, forms->wide, forms->wide_n) : code;
}

int redact_forms(const char *bytes, size_t n, int (*add)(void *arg, const char *bytes, size_t n, hst_error *err), void *arg, hst_error *err)
{
	struct forms forms = {.bytes = bytes, .n = n, .add = add, .arg = arg, .err = err};
	AUTO(secret) hst_secret *room = NULL;
	AUTO(secret) hst_secret *wide = NULL;
	int code;

	if (n > REDACT_FORMS_MAX)
		return hst_fail(err, HST_INVALID, "a piece of a secret has over %d bytes", REDACT_FORMS_MAX);
	code = secret_room(ROOM, &room, err);
	if (code == HST_OK)
		code = secret_room(2 * n, &wide, err);
	if (code != HST_OK)
		return code;
	forms.room = (char *)secret_fill(room);
	forms.wide = (char *)secret_fill(wide);
	code = add(arg, bytes, n, err);
	if (code == HST_OK)
		code = add_all_base64(&forms, bytes, n);
	if (code == HST_OK)
		code = add_hex(&forms, false);
	if (code == HST_OK)
		code = add_hex(&forms, true);
	if (code == HST_OK)
		code = add_all_percent(&forms);
	return code == HST_OK ? add_of_text(&forms) : code;
}
