#include "headers.h"

#include <string.h>

static void header_clear(gpointer header)
{
	struct mail_header *it = header;

	g_free(it->name);
	g_free(it->value);
}

gsize mail_line_end(struct mail_span from, gsize at)
{
	const char *end = memchr(from.at + at, '\n', from.n - at);

	return end ? (gsize)(end - from.at) + 1 : from.n;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Without the line's end. */
static struct mail_span line_of(struct mail_span from, gsize at, gsize end)
{
	while (end > at && (from.at[end - 1] == '\n' || from.at[end - 1] == '\r'))
		end--;
	return (struct mail_span){from.at + at, end - at};
}

/* Length of the name before the colon; 0 where the line is no header. */
static gsize name_of(struct mail_span line)
{
	gsize n = 0;

	while (n < line.n && n < 256 && line.at[n] > ' ' && line.at[n] < 0x7f && line.at[n] != ':')
		n++;
	for (gsize i = n; i < line.n && i < 256; i++) {
		if (line.at[i] == ':')
			return n;
		if (!is_blank(line.at[i]))
			break;
	}
	return 0;
}

/* A carriage return within a line, and a NUL, are blanks: whoever takes them for an end would read a header that is none. */
static void append(GString *value, struct mail_span more)
{
	for (gsize i = 0; i < more.n; i++)
		g_string_append_c(value, more.at[i] == '\r' || more.at[i] == '\0' ? ' ' : more.at[i]);
}

static bool append_within(GString *value, struct mail_span more)
{
	gsize left = MAIL_HEADER_VALUE_MAX - value->len;
	bool fits = more.n <= left;

	if (!fits)
		more.n = left;
	append(value, more);
	return fits;
}

/* The lines of one header, from `at` to where the next begins. */
static gsize read_one(struct mail_section *section, struct mail_span from, gsize at, gsize *left)
{
	gsize end = mail_line_end(from, at);
	struct mail_span line = line_of(from, at, end);
	gsize n = name_of(line);
	g_autoptr(GString) value = g_string_new(NULL);
	bool whole = true;

	if (n > 0) {
		const char *colon = memchr(line.at + n, ':', line.n - n);

		whole = append_within(value, (struct mail_span){colon + 1, (gsize)(line.at + line.n - colon) - 1});
	}
	while (end < from.n && is_blank(from.at[end])) {
		gsize next = mail_line_end(from, end);

		if (n > 0)
			whole = append_within(value, line_of(from, end, next)) && whole;
		end = next;
	}
	section->cut = section->cut || !whole;
	if (n > 0 && value->len + n <= *left) {
		struct mail_header header = {g_strndup(line.at, n), NULL};

		*left -= value->len + n;
		header.value = g_strdup(g_strstrip(value->str));
		g_array_append_val(section->headers, header);
	} else if (n > 0) {
		section->cut = true;
	}
	return end;
}

static bool is_empty(struct mail_span from, gsize at)
{
	return from.at[at] == '\n' || (from.at[at] == '\r' && at + 1 < from.n && from.at[at + 1] == '\n');
}

/* What a mailbox file puts in front of a mail. */
static gsize skip_mark(struct mail_span from)
{
	return from.n >= 5 && memcmp(from.at, "From ", 5) == 0 ? mail_line_end(from, 0) : 0;
}

void mail_section_read(struct mail_section *section, struct mail_span from, bool whole)
{
	gsize most = whole ? MAIL_HEADERS_MAX : MAIL_HEADERS_MAX / 100;
	gsize left = whole ? MAIL_HEADERS_BYTES_MAX : MAIL_HEADERS_BYTES_MAX / 20;
	gsize at = whole ? skip_mark(from) : 0;

	*section = (struct mail_section){.headers = g_array_new(FALSE, FALSE, sizeof(struct mail_header))};
	g_array_set_clear_func(section->headers, header_clear);
	while (at < from.n && !is_empty(from, at)) {
		if (section->headers->len < most) {
			at = read_one(section, from, at, &left);
		} else {
			section->cut = true;
			at = mail_line_end(from, at);
		}
	}
	section->body = at < from.n ? mail_line_end(from, at) : from.n;
}

void mail_section_clear(struct mail_section *section)
{
	if (section->headers)
		g_array_unref(section->headers);
	section->headers = NULL;
}

const char *mail_section_get(const struct mail_section *section, const char *name)
{
	for (guint i = 0; i < section->headers->len; i++) {
		const struct mail_header *header = &g_array_index(section->headers, struct mail_header, i);

		if (g_ascii_strcasecmp(header->name, name) == 0)
			return header->value;
	}
	return NULL;
}
