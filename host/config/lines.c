#include "config/lines.h"

#include "base/mem.h"
#include "base/text.h"
#include "config/ini.h"
#include "schema/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the file, without the end of the line. */
struct slice {
	const char *at;
	size_t n;
};

/* What an indented line would continue. */
enum open { OPEN_NOTHING, OPEN_KEY, OPEN_BAD };

struct reader {
	const char *file;
	struct problems *problems;
	struct lines *lines;
	int number;
	enum open open;
	struct slice *block; /* continuation lines of the open key */
	size_t block_n, block_size;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t indentation(struct slice line)
{
	size_t n = 0;

	while (n < line.n && is_blank(line.at[n]))
		n++;
	return n;
}

static struct slice without_end_blanks(struct slice line)
{
	while (line.n && is_blank(line.at[line.n - 1]))
		line.n--;
	return line;
}

static struct slice trimmed(struct slice line)
{
	size_t n = indentation(line);

	return without_end_blanks((struct slice){line.at + n, line.n - n});
}

/* A line that holds nothing but "|" stands for an empty one, since an empty one would end the value. */
static bool is_empty_mark(struct slice line)
{
	line = trimmed(line);
	return line.n == 1 && *line.at == '|';
}

/* How many blanks all lines of the block begin with, the same ones in each. */
static size_t common_indentation(const struct slice *block, size_t n)
{
	const struct slice *first = NULL;
	size_t common = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		if (is_empty_mark(block[i]))
			continue;
		if (!first) {
			first = &block[i];
			common = indentation(*first);
		}
		while (at < common && block[i].at[at] == first->at[at])
			at++;
		common = at;
	}
	return common;
}

/* The value of the open key is complete: its continuation lines are put behind it. */
static void close_value(struct reader *reader)
{
	struct line *line = reader->open == OPEN_KEY ? &reader->lines->at[reader->lines->n - 1] : NULL;
	size_t common = common_indentation(reader->block, reader->block_n);
	bool begun =
		line && *line->value; /* a value that begins below its key has no first line of its own */
	struct text value;

	reader->open = OPEN_NOTHING;
	if (!line || !reader->block_n)
		return;
	text_init(&value, INI_VALUE_MAX);
	text_add(&value, line->value);
	for (size_t i = 0; i < reader->block_n; i++) {
		struct slice next = reader->block[i];

		if (i || begun)
			text_add(&value, "\n");
		if (!is_empty_mark(next))
			text_bytes(&value, next.at + common, next.n - common);
	}
	if (value.over)
		problems_add(reader->problems, reader->file, line->number,
			     "the value of \"%s\" is longer than %d bytes", line->key, INI_VALUE_MAX);
	free(line->value);
	line->value = text_take(&value);
	reader->block_n = 0;
}

static void add_line(struct reader *reader, struct slice key, struct slice value)
{
	struct lines *lines = reader->lines;

	lines->at = mem_grow(lines->at, &lines->size, lines->n + 1, sizeof *lines->at);
	lines->at[lines->n++] = (struct line){.key = key.at ? mem_copy(key.at, key.n) : NULL,
					      .value = mem_copy(value.at, value.n),
					      .number = reader->number};
}

/* Says what is wrong with this line; lines that continue it are passed over without a word. */
__attribute__((format(printf, 2, 3))) static void refuse(struct reader *reader, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	problems_add(reader->problems, reader->file, reader->number, "%s", text);
	reader->open = OPEN_BAD;
}

static void read_continuation(struct reader *reader, struct slice line)
{
	char first = line.at[indentation(line)];

	if (reader->open == OPEN_KEY) {
		reader->block = mem_grow(reader->block, &reader->block_size, reader->block_n + 1,
					 sizeof *reader->block);
		reader->block[reader->block_n++] = without_end_blanks(line);
	} else if (reader->open == OPEN_NOTHING && first != '#' && first != ';') {
		refuse(reader,
		       "an indented line continues the value of the line above it, and there is none; remove "
		       "the blanks, or write \"|\" for an empty line in a value");
	}
}

static void read_header(struct reader *reader, struct slice line)
{
	const char *end = memchr(line.at, ']', line.n);

	if (!end)
		refuse(reader, "the section's \"]\" is missing");
	else if (end != line.at + line.n - 1)
		refuse(reader, "nothing may stand behind \"]\"; a comment needs a line of its own");
	else
		add_line(reader, (struct slice){0}, trimmed((struct slice){line.at + 1, line.n - 2}));
}

/* Letters, digits and "_-." behind a letter: what inih hands through unchanged, ':' and ';' not among it. */
static bool key_is_fit(struct slice key)
{
	for (size_t i = 0; i < key.n; i++) {
		char c = key.at[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && !(i && ((c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.')))
			return false;
	}
	return key.n && key.n <= LINE_KEY_LENGTH_MAX;
}

static void read_key(struct reader *reader, struct slice line)
{
	const char *equals = memchr(line.at, '=', line.n);
	struct slice key, value;

	if (!equals) {
		refuse(reader, "expected \"key = value\", \"[section]\" or a comment%s",
		       memchr(line.at, ':', line.n)
			       ? "; \":\" does not separate a key from its value, \"=\" does"
			       : "");
		return;
	}
	key = trimmed((struct slice){line.at, (size_t)(equals - line.at)});
	value = trimmed((struct slice){equals + 1, line.n - (size_t)(equals - line.at) - 1});
	if (!key_is_fit(key)) {
		refuse(reader,
		       "\"%.*s\" is no key: keys are letters, digits, \"_\", \"-\" and \".\", begin with a "
		       "letter and "
		       "have at most %d characters",
		       (int)(key.n < 64 ? key.n : 64), key.at, LINE_KEY_LENGTH_MAX);
		return;
	}
	add_line(reader, key, value);
	reader->open = OPEN_KEY;
}

static bool line_is_readable(struct reader *reader, struct slice line)
{
	if (memchr(line.at, '\0', line.n))
		refuse(reader, "the line has a NUL byte");
	else if (utf8_valid(line.at, line.n) < line.n)
		refuse(reader, "byte %zu of the line is not UTF-8", utf8_valid(line.at, line.n) + 1);
	else if (line.n > INI_VALUE_MAX)
		refuse(reader, "the line is longer than %d bytes", INI_VALUE_MAX);
	else
		return true;
	return false;
}

static void read_line(struct reader *reader, struct slice line)
{
	bool indented = indentation(line) > 0, blank = trimmed(line).n == 0;

	if (blank || !indented)
		close_value(reader);
	if (blank || !line_is_readable(reader, line))
		return;
	if (indented)
		read_continuation(reader, line);
	else if (*line.at == '[')
		read_header(reader, without_end_blanks(line));
	else if (*line.at != '#' && *line.at != ';')
		read_key(reader, line);
}

void lines_read(struct lines *ret, const char *file, const char *bytes, size_t length,
		struct problems *problems)
{
	struct reader reader = {.file = file, .problems = problems, .lines = ret};
	size_t at = 0;

	*ret = (struct lines){0};
	/* Some editors begin every UTF-8 file with this mark. */
	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	while (at < length) {
		const char *end = memchr(bytes + at, '\n', length - at);
		struct slice line = {bytes + at, end ? (size_t)(end - bytes) - at : length - at};

		at += line.n + 1;
		if (line.n && line.at[line.n - 1] == '\r')
			line.n--;
		reader.number++;
		read_line(&reader, line);
	}
	close_value(&reader);
	free(reader.block);
}

void lines_clear(struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		free(lines->at[i].key);
		free(lines->at[i].value);
	}
	free(lines->at);
	*lines = (struct lines){0};
}
