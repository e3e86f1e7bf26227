#include "header.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

enum { COLUMNS = 76, ENCODED_BYTES = 45, PLAIN_MAX = 900, PARAMETER_BYTES = 60 };

/* A text that grows at its end, in the call's arena; `size` is known before. */
struct line {
	char *at;
	size_t n, size;
};

static struct line line_of(hst_call *call, size_t size)
{
	return (struct line){.at = hst_alloc(call, size), .size = size};
}

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->at + line->n, line->size - line->n, format, args);
	va_end(args);
	if (n > 0)
		line->n += (size_t)n < line->size - line->n ? (size_t)n : line->size - line->n - 1;
}

int mail_check_line(const char *field, const char *text, hst_error *err)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return hst_fail(err, HST_INVALID, "%s must be one line, without line breaks and control characters", field);
	return HST_OK;
}

/* What nobody takes for an encoded word, and what fits on lines that are not too long. */
static bool is_plain(const char *text)
{
	if (strstr(text, "=?") || strlen(text) > PLAIN_MAX)
		return false;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c >= 0x80)
			return false;
	return text[0] != ' ';
}

/* Where a piece of at most `max` bytes ends without cutting a character in two. */
static size_t piece_of(const char *text, size_t max)
{
	size_t n = strnlen(text, max + 1);

	if (n <= max)
		return n;
	n = max;
	while (n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void add_base64(struct line *line, const char *bytes, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		unsigned b = (unsigned)(unsigned char)bytes[i] << 16;

		b |= i + 1 < n ? (unsigned)(unsigned char)bytes[i + 1] << 8 : 0;
		b |= i + 2 < n ? (unsigned char)bytes[i + 2] : 0;
		add(line, "%c%c%c%c", letters[b >> 18], letters[b >> 12 & 63], i + 1 < n ? letters[b >> 6 & 63] : '=',
		    i + 2 < n ? letters[b & 63] : '=');
	}
}

static size_t encoded_size(const char *text)
{
	return 3 * strlen(text) + 64;
}

static void add_encoded(struct line *line, const char *text)
{
	for (const char *end = text + strlen(text); text < end;) {
		size_t n = piece_of(text, ENCODED_BYTES);

		add(line, "=?UTF-8?B?");
		add_base64(line, text, n);
		text += n;
		add(line, "?=%s", text < end ? "\r\n " : "");
	}
}

/* Breaks at blanks, each of which begins the line after it. */
static void add_folded(struct line *line, const char *text)
{
	size_t column = line->n;

	while (*text) {
		size_t blanks = strspn(text, " "), word = strcspn(text + blanks, " ");

		if (word && blanks && column + blanks + word > COLUMNS) {
			add(line, "\r\n");
			column = 0;
		}
		add(line, "%.*s", (int)(blanks + word), text);
		column += blanks + word;
		text += blanks + word;
	}
}

const char *mail_text_header(hst_call *call, const char *name, const char *text)
{
	struct line line = line_of(call, strlen(name) + encoded_size(text));

	add(&line, "%s: ", name);
	if (is_plain(text))
		add_folded(&line, text);
	else
		add_encoded(&line, text);
	return line.at;
}

static bool is_words(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr(" !#$%&'*+-/^_`{|}~", *c)))
			return false;
	return true;
}

static void add_name(struct line *line, const char *name)
{
	if (!is_plain(name)) {
		add_encoded(line, name);
	} else if (is_words(name)) {
		add(line, "%s", name);
	} else {
		add(line, "\"");
		for (; *name; name++)
			add(line, "%s%c", *name == '"' || *name == '\\' ? "\\" : "", *name);
		add(line, "\"");
	}
	add(line, "%s", line->at[line->n - 1] == '=' ? "\r\n " : " ");
}

const char *mail_address_header(hst_call *call, const char *name, const struct mail_addresses *addresses)
{
	struct line line;
	size_t size = strlen(name) + 8;

	for (size_t i = 0; i < addresses->n; i++)
		size += encoded_size(addresses->at[i].name) + strlen(addresses->at[i].address) + 16;
	line = line_of(call, size);
	add(&line, "%s: ", name);
	for (size_t i = 0; i < addresses->n; i++) {
		const struct mail_address *one = &addresses->at[i];

		if (*one->name)
			add_name(&line, one->name);
		add(&line, *one->name ? "<%s>" : "%s", one->address);
		add(&line, "%s", i + 1 < addresses->n ? ",\r\n " : "");
	}
	return line.at;
}

/* As RFC 2231 has it: in pieces, none of which cuts a byte's three characters apart. */
static void add_parameter(struct line *line, const char *name)
{
	size_t column = 0, piece = 0;

	add(line, ";\r\n filename*0*=UTF-8''");
	for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("-._", *c);

		if (column >= PARAMETER_BYTES) {
			add(line, ";\r\n filename*%zu*=", ++piece);
			column = 0;
		}
		add(line, plain ? "%c" : "%%%02X", *c);
		column += plain ? 1 : 3;
	}
}

const char *mail_attachment_header(hst_call *call, const char *filename)
{
	struct line line = line_of(call, 8 * strlen(filename) + 128);
	bool plain = strlen(filename) <= PARAMETER_BYTES;

	for (const char *c = filename; *c && plain; c++)
		plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("-._ ()", *c);
	add(&line, "Content-Disposition: attachment");
	if (plain)
		add(&line, "; filename=\"%s\"", filename);
	else
		add_parameter(&line, filename);
	return line.at;
}

static void add_id(hst_call *call, struct mail_ids *to, const char *id, size_t n)
{
	for (size_t i = 0; i < to->n; i++)
		if (strlen(to->at[i]) == n && memcmp(to->at[i], id, n) == 0)
			return;
	/* Of a long conversation the first one and the last ones count. */
	if (to->n == MAIL_IDS_MAX) {
		memmove(&to->at[1], &to->at[2], (MAIL_IDS_MAX - 2) * sizeof to->at[0]);
		to->n--;
	}
	to->at[to->n++] = hst_copy(call, id, n);
}

int mail_ids_read(hst_call *call, const char *field, const char *text, struct mail_ids *to, hst_error *err)
{
	int code = mail_check_line(field, text, err);

	while (code == HST_OK && *(text += strspn(text, " <>"))) {
		size_t n = strcspn(text, " <>");

		for (size_t i = 0; i < n; i++)
			if ((unsigned char)text[i] >= 0x80)
				return hst_fail(err, HST_INVALID, "%s: the id of a mail has no letters beyond ASCII", field);
		if (n > MAIL_ID_MAX)
			return hst_fail(err, HST_INVALID, "%s: the id of a mail has at most %d bytes", field, MAIL_ID_MAX);
		add_id(call, to, text, n);
		text += n;
	}
	return code;
}

const char *mail_ids_header(hst_call *call, const char *name, const struct mail_ids *ids)
{
	struct line line = line_of(call, strlen(name) + 8 + ids->n * (MAIL_ID_MAX + 8));

	add(&line, "%s:", name);
	for (size_t i = 0; i < ids->n; i++)
		add(&line, "%s <%s>", i ? "\r\n" : "", ids->at[i]);
	return line.at;
}

/* By tables of its own: the words are English, whatever language the process speaks. */
const char *mail_date_header(hst_call *call, int64_t now_us)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct line line = line_of(call, 80);
	time_t now = (time_t)(now_us / 1000000);
	struct tm tm;

	gmtime_r(&now, &tm);
	add(&line, "Date: %s, %02d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
	return line.at;
}
