#include "charsets.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <string.h>

/* What real mails are written in. The C library has a module for each, which stays loaded as long as one of it is open. */
static const char *const used[] = {
	"ISO-8859-1", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-9",
	"ISO-8859-10", "ISO-8859-11", "ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16", "CP1250", "CP1251", "CP1252", "CP1253",
	"CP1254", "CP1255", "CP1256", "CP1257", "CP1258", "CP437", "CP850", "CP852", "CP855", "CP866", "CP874", "TIS-620", "KOI8-R", "KOI8-U",
	"MACINTOSH", "ISO-2022-JP", "ISO-2022-JP-1", "ISO-2022-JP-2", "EUC-JP", "SHIFT_JIS", "CP932", "ISO-2022-KR", "EUC-KR", "CP949",
	"JOHAB", "ISO-2022-CN", "GB2312", "GBK", "GB18030", "CP936", "BIG5", "BIG5-HKSCS", "EUC-TW", "TCVN", "VISCII", "GEORGIAN-PS",
	"ARMSCII-8", "UTF-7", "UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32", "US-ASCII", "UTF-8",
};

/* gmime makes its own choice of a name, so both are asked for. */
void mail_charsets_load(void)
{
	static iconv_t open[2 * G_N_ELEMENTS(used)];

	for (gsize i = 0; i < G_N_ELEMENTS(used); i++) {
		open[2 * i] = iconv_open("UTF-8", used[i]);
		open[2 * i + 1] = iconv_open("UTF-8", g_mime_charset_iconv_name(used[i]));
	}
	/* Nobody closes them, and no compiler may find that nobody needs them. */
	g_assert(open[0]);
}

gsize mail_charsets_fit(const char *text, gsize n, gsize max)
{
	if (n <= max)
		return n;
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

/* True when all of it fitted. */
static bool append_fitting(GString *to, const char *text, gsize n, gsize max)
{
	gsize left = to->len < max ? max - to->len : 0;
	gsize fits = mail_charsets_fit(text, n, left);

	g_string_append_len(to, text, (gssize)fits);
	return fits == n;
}

/* A NUL is no character of a text, though it is one of UTF-8. */
static bool append_valid(GString *to, const char *text, gsize n, gsize max)
{
	bool whole = true;

	while (n > 0 && whole) {
		const char *nul = memchr(text, 0, n);
		gsize part = nul ? (gsize)(nul - text) : n;

		whole = append_fitting(to, text, part, max) && (!nul || append_fitting(to, "\xef\xbf\xbd", 3, max));
		part += nul != NULL;
		text += part;
		n -= part;
	}
	return whole;
}

/* Whether an octet that could not be read was passed over; a rest that is the beginning of a character counts as one. */
static bool pass_over(GString *to, char **from, gsize *left, gsize max, bool *whole)
{
	if (*left == 0)
		return false;
	*whole = append_fitting(to, "\xef\xbf\xbd", 3, max);
	++*from;
	--*left;
	return true;
}

static bool append_converted(GString *to, const char *bytes, gsize n, iconv_t from, gsize max)
{
	char *in = (char *)bytes;
	gsize left = n;
	bool whole = true;

	while (whole) {
		char piece[8 << 10];
		char *out = piece;
		gsize room = sizeof piece;
		gsize failed = iconv(from, &in, &left, &out, &room);
		int why = errno;

		whole = append_valid(to, piece, (gsize)(out - piece), max);
		if (failed == (gsize)-1 && why == E2BIG)
			continue;
		if (failed != (gsize)-1 || !whole || !pass_over(to, &in, &left, max, &whole))
			break;
	}
	return whole && left == 0;
}

static bool append_in(GString *to, const char *bytes, gsize n, const char *charset, gsize max, bool *whole)
{
	iconv_t from = iconv_open("UTF-8", g_mime_charset_iconv_name(charset));

	if (from == (iconv_t)-1)
		return false;
	*whole = append_converted(to, bytes, n, from, max);
	iconv_close(from);
	return true;
}

/* Nothing that the C library would take for more than a name. */
static bool is_name(const char *charset)
{
	gsize n = strspn(charset, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+");

	return n > 0 && n <= 40 && !charset[n];
}

/* Whose bytes show by themselves whether they are it. */
static bool is_plain(const char *charset)
{
	return g_ascii_strcasecmp(charset, "utf-8") == 0 || g_ascii_strcasecmp(charset, "utf8") == 0 ||
	       g_ascii_strcasecmp(charset, "us-ascii") == 0;
}

static bool append_unsaid(GString *to, const char *bytes, gsize n, bool surely_utf8, gsize max)
{
	g_autofree char *made = NULL;
	bool whole;

	if (g_utf8_validate_len(bytes, n, NULL))
		return append_valid(to, bytes, n, max);
	if (!surely_utf8 && append_in(to, bytes, n, "CP1252", max, &whole))
		return whole;
	made = g_utf8_make_valid(bytes, (gssize)n);
	return append_valid(to, made, strlen(made), max);
}

bool mail_charsets_append(GString *to, const char *bytes, gsize n, const char *charset, gsize max)
{
	bool whole;

	if (charset && is_name(charset) && !is_plain(charset) && append_in(to, bytes, n, charset, max, &whole))
		return whole;
	return append_unsaid(to, bytes, n, charset && g_ascii_strncasecmp(charset, "utf", 3) == 0, max);
}

/* What ends a line somewhere, or is no character that shows. */
static bool is_control(gunichar c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

bool mail_charsets_line(GString *line, gsize max)
{
	g_autofree char *valid = g_utf8_make_valid(line->str, (gssize)line->len);
	gsize n = strlen(valid);

	g_string_truncate(line, 0);
	for (const char *at = valid; *at; at = g_utf8_next_char(at))
		g_string_append_unichar(line, is_control(g_utf8_get_char(at)) ? ' ' : g_utf8_get_char(at));
	n = line->len;
	g_string_truncate(line, mail_charsets_fit(line->str, n, max));
	return n <= max;
}
