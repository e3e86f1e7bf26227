#include "parts.h"

#include <string.h>

/* What is looked at: some bytes of the mail, and those of its delimiter lines that lie within them. */
struct range {
	gsize begin, end;
	guint first, last;
};

/* Where a part lies. */
struct place {
	int depth;
	guint alternative;
	bool serves, of_digest;
};

struct walk {
	struct mail_parts *parts;
	struct mail_span from;
	GArray *lines; /* of guint32: where each line begins that begins with -- */
	GMimeParserOptions *options;
	guint alternatives;
};

static void part_clear(gpointer part)
{
	struct mail_part *it = part;

	g_free(it->type);
	g_free(it->charset);
	g_free(it->file_name);
}

static void find_lines(struct walk *walk, gsize begin)
{
	struct mail_span from = walk->from;

	while (begin < from.n) {
		if (from.n - begin >= 2 && from.at[begin] == '-' && from.at[begin + 1] == '-') {
			guint32 at = (guint32)begin;

			if (walk->lines->len == MAIL_DELIMITERS_MAX) {
				walk->parts->cut = true;
				return;
			}
			g_array_append_val(walk->lines, at);
		}
		begin = mail_line_end(from, begin);
	}
}

static gsize line_at(const struct walk *walk, guint i)
{
	return g_array_index(walk->lines, guint32, i);
}

enum delimiter { NO_DELIMITER, BETWEEN, CLOSING };

static enum delimiter delimiter_at(const struct walk *walk, gsize at, const char *boundary, gsize n)
{
	gsize end = mail_line_end(walk->from, at);
	enum delimiter kind = BETWEEN;

	at += 2;
	if (end - at < n || memcmp(walk->from.at + at, boundary, n) != 0)
		return NO_DELIMITER;
	at += n;
	if (end - at >= 2 && memcmp(walk->from.at + at, "--", 2) == 0) {
		kind = CLOSING;
		at += 2;
	}
	while (at < end && g_ascii_isspace(walk->from.at[at]))
		at++;
	return at == end ? kind : NO_DELIMITER;
}

/* The line break in front of a delimiter belongs to the delimiter. */
static gsize without_break(const struct walk *walk, gsize begin, gsize end)
{
	if (end > begin && walk->from.at[end - 1] == '\n')
		end--;
	if (end > begin && walk->from.at[end - 1] == '\r')
		end--;
	return end;
}

static void read_entity(struct walk *walk, struct range range, struct place place);

/* False when there is no such delimiter at all. */
static bool read_children(struct walk *walk, struct range range, const char *boundary, bool serving, struct place place)
{
	gsize n = strlen(boundary), begin = 0;
	guint first = 0, found = 0;

	for (guint i = range.first; i < range.last; i++) {
		enum delimiter kind = delimiter_at(walk, line_at(walk, i), boundary, n);

		if (kind == NO_DELIMITER)
			continue;
		if (found++ > 0) {
			place.serves = serving && found > 2;
			read_entity(walk, (struct range){begin, without_break(walk, begin, line_at(walk, i)), first, i}, place);
		}
		if (kind == CLOSING)
			return true;
		begin = mail_line_end(walk->from, line_at(walk, i));
		first = i + 1;
	}
	if (found > 0) {
		place.serves = serving && found > 1;
		read_entity(walk, (struct range){begin, range.end > begin ? range.end : begin, first, range.last}, place);
	}
	return found > 0;
}

/* As a file type may be written everywhere; what is none is bytes. */
static char *lower(const char *type, const char *subtype)
{
	static const char fit[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-";
	g_autofree char *both = g_strdup_printf("%s/%s", type ? type : "text", subtype ? subtype : "plain");
	char *made = g_ascii_strdown(both, -1);
	gsize first = strspn(made, fit);

	if (first > 0 && first < 64 && made[first] == '/') {
		gsize second = strspn(made + first + 1, fit);

		if (second > 0 && second < 64 + 32 && !made[first + 1 + second])
			return made;
	}
	g_free(made);
	return g_strdup("application/octet-stream");
}

static const char *parameter_of(GMimeParamList *list, const char *name)
{
	GMimeParam *parameter = list ? g_mime_param_list_get_parameter(list, name) : NULL;

	return parameter ? g_mime_param_get_value(parameter) : NULL;
}

static void read_leaf(struct walk *walk, const struct mail_section *section, GMimeContentType *type, struct range range, struct place place)
{
	const char *encoding = mail_section_get(section, "Content-Transfer-Encoding");
	const char *disposition = mail_section_get(section, "Content-Disposition");
	GMimeContentDisposition *how = disposition ? g_mime_content_disposition_parse(walk->options, disposition) : NULL;
	GMimeParamList *parameters = how ? g_mime_content_disposition_get_parameters(how) : NULL;
	const char *name = parameter_of(parameters, "filename");
	struct mail_part part = {0};

	if (!name)
		name = g_mime_content_type_get_parameter(type, "name");
	part.type = lower(g_mime_content_type_get_media_type(type), g_mime_content_type_get_media_subtype(type));
	part.charset = g_strdup(g_mime_content_type_get_parameter(type, "charset"));
	part.file_name = g_strdup(name);
	part.encoding = encoding ? g_mime_content_encoding_from_string(encoding) : GMIME_CONTENT_ENCODING_DEFAULT;
	part.attached = how && g_ascii_strcasecmp(g_mime_content_disposition_get_disposition(how), "attachment") == 0;
	part.inside = !part.attached && (place.serves || place.alternative || (how && mail_section_get(section, "Content-Id")));
	part.alternative = place.alternative;
	part.body = (struct mail_span){walk->from.at + range.begin, range.end - range.begin};
	g_array_append_val(walk->parts->at, part);
	g_clear_object(&how);
}

static bool read_multipart(struct walk *walk, GMimeContentType *type, struct range range, struct place place)
{
	const char *boundary = g_mime_content_type_get_parameter(type, "boundary");
	bool serving = g_mime_content_type_is_type(type, "multipart", "related") || g_mime_content_type_is_type(type, "multipart", "signed");

	if (!g_mime_content_type_is_type(type, "multipart", "*") || !boundary || !*boundary || strlen(boundary) > 200 ||
	    place.depth >= MAIL_DEPTH_MAX)
		return false;
	place.depth++;
	place.of_digest = g_mime_content_type_is_type(type, "multipart", "digest");
	if (!place.alternative && g_mime_content_type_is_type(type, "multipart", "alternative"))
		place.alternative = ++walk->alternatives;
	return read_children(walk, range, boundary, serving, place);
}

static void read_body(struct walk *walk, const struct mail_section *section, struct range range, struct place place)
{
	const char *value = mail_section_get(section, "Content-Type");
	GMimeContentType *type = NULL;

	/* Old programs write "text" alone. */
	if (value && (strchr(value, '/') || g_ascii_strncasecmp(value, "text", 4) != 0))
		type = g_mime_content_type_parse(walk->options, value);
	else if (!value && place.of_digest)
		type = g_mime_content_type_new("message", "rfc822");
	else
		type = g_mime_content_type_new("text", "plain");
	if (!read_multipart(walk, type, range, place))
		read_leaf(walk, section, type, range, place);
	g_object_unref(type);
}

static void read_entity(struct walk *walk, struct range range, struct place place)
{
	struct mail_section section;

	if (walk->parts->at->len >= MAIL_PARTS_MAX) {
		walk->parts->cut = true;
		return;
	}
	mail_section_read(&section, (struct mail_span){walk->from.at + range.begin, range.end - range.begin}, false);
	range.begin += section.body;
	/* Delimiters that stand in the section are none. */
	while (range.first < range.last && line_at(walk, range.first) < range.begin)
		range.first++;
	read_body(walk, &section, range, place);
	mail_section_clear(&section);
}

void mail_parts_read(struct mail_parts *parts, struct mail_span from, const struct mail_section *top, GMimeParserOptions *options)
{
	struct walk walk = {.parts = parts, .from = from, .options = options};

	*parts = (struct mail_parts){.at = g_array_new(FALSE, FALSE, sizeof(struct mail_part))};
	g_array_set_clear_func(parts->at, part_clear);
	walk.lines = g_array_new(FALSE, FALSE, sizeof(guint32));
	find_lines(&walk, top->body);
	read_body(&walk, top, (struct range){top->body, from.n, 0, walk.lines->len}, (struct place){0});
	g_array_unref(walk.lines);
}

void mail_parts_clear(struct mail_parts *parts)
{
	if (parts->at)
		g_array_unref(parts->at);
	parts->at = NULL;
}
