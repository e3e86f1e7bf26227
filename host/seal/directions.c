#include "seal/directions.h"

#include "seal/envelope.h"
#include "seal/form.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char magic[] = "HSD1\n";

/* The words of lines, and which lines may come before each: none stands there twice with the same name, and names rise. */
enum line { LINE_OUTPUT, LINE_TO, LINE_SINK, LINE_COUNT };

static const struct {
	const char *word;
	size_t most;
} lines[LINE_COUNT] = {{"output ", DIRECTIONS_OUTPUTS_MAX}, {"to ", DIRECTIONS_TO_MAX}, {"sink ", DIRECTIONS_SINKS_MAX}};

_Static_assert((int)DIRECTIONS_SINKS_MAX == (int)ENVELOPE_SINKS_MAX, "an envelope has room for what directions say");

struct reader {
	hst_arena *arena;
	char *at; /* a copy with a NUL at its end */
	struct direction *all;
	size_t count;
	const char **lists[LINE_COUNT]; /* of the direction that is read */
	size_t counts[LINE_COUNT];
	hst_error *err;
};

static int wrong(const struct reader *reader, const char *what)
{
	return FORM_REFUSE(reader->err, "directions have %s", what);
}

static bool names_sinks(const struct reader *reader)
{
	return !reader->count || reader->all[reader->count - 1].sink_count;
}

static int begin_output(struct reader *reader, const char *name)
{
	if (!names_sinks(reader))
		return wrong(reader, "an output without a sink");
	if (reader->count == DIRECTIONS_OUTPUTS_MAX)
		return wrong(reader, "too many outputs");
	if (reader->count && strcmp(reader->all[reader->count - 1].output, name) >= 0)
		return wrong(reader, "an output in the wrong place, or twice");
	for (enum line line = LINE_TO; line < LINE_COUNT; line++) {
		reader->lists[line] = NULL;
		reader->counts[line] = 0;
	}
	reader->all[reader->count++] = (struct direction){.output = name};
	return HST_OK;
}

static int add_name(struct reader *reader, enum line line, const char *name)
{
	struct direction *direction = reader->count ? &reader->all[reader->count - 1] : NULL;
	size_t n = reader->counts[line];

	if (!direction || (line == LINE_TO && direction->sink_count))
		return wrong(reader, "a line in the wrong place");
	if (n == lines[line].most)
		return wrong(reader, "too many names for an output");
	if (n && strcmp(reader->lists[line][n - 1], name) >= 0)
		return wrong(reader, "a name in the wrong place, or twice");
	if (!n)
		reader->lists[line] = arena_array(reader->arena, lines[line].most, sizeof *reader->lists[line]);
	reader->lists[line][reader->counts[line]++] = name;
	direction->to = reader->lists[LINE_TO];
	direction->to_count = reader->counts[LINE_TO];
	direction->sinks = reader->lists[LINE_SINK];
	direction->sink_count = reader->counts[LINE_SINK];
	return HST_OK;
}

static int read_line(struct reader *reader)
{
	char *line_at = reader->at, *end = strchr(line_at, '\n');

	if (!end)
		return wrong(reader, "a last line without its end");
	*end = '\0';
	reader->at = end + 1;
	for (enum line line = 0; line < LINE_COUNT; line++) {
		size_t length = strlen(lines[line].word);
		const char *name = line_at + length;

		if (strncmp(line_at, lines[line].word, length) != 0)
			continue;
		if (!form_text_right(name, strlen(name)))
			return wrong(reader, "a name that is none");
		return line == LINE_OUTPUT ? begin_output(reader, name) : add_name(reader, line, name);
	}
	return wrong(reader, "a line that is none of output, to and sink");
}

int directions_read(hst_arena *arena, const void *bytes, size_t length, struct directions *ret, hst_error *err)
{
	struct reader reader = {.arena = arena, .err = err};
	int code = HST_OK;

	if (length > DIRECTIONS_BYTES_MAX)
		return wrong(&reader, "too many bytes");
	if (length < sizeof magic - 1 || memcmp(bytes, magic, sizeof magic - 1) != 0 || memchr(bytes, '\0', length))
		return FORM_REFUSE(err, "these bytes are no directions");
	reader.at = arena_copy(arena, bytes, length) + sizeof magic - 1;
	reader.all = arena_array(arena, DIRECTIONS_OUTPUTS_MAX, sizeof *reader.all);
	while (*reader.at && code == HST_OK)
		code = read_line(&reader);
	if (code == HST_OK && !reader.count)
		code = wrong(&reader, "no output");
	if (code == HST_OK && !names_sinks(&reader))
		code = wrong(&reader, "an output without a sink");
	if (code == HST_OK)
		*ret = (struct directions){.all = reader.all, .count = reader.count};
	return code;
}

const struct direction *directions_find(const struct directions *directions, const char *output)
{
	const struct direction *others = NULL;

	for (size_t i = 0; i < directions->count; i++) {
		if (strcmp(directions->all[i].output, output) == 0)
			return &directions->all[i];
		if (strcmp(directions->all[i].output, "*") == 0)
			others = &directions->all[i];
	}
	return others;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A line end in a name would make two lines of it. */
static int write_name(struct text *to, enum line line, const char *name, hst_error *err)
{
	if (!form_text_right(name, strlen(name)))
		return FORM_REFUSE(err, "directions have a name that is none");
	text_addf(to, "%s%s\n", lines[line].word, name);
	return HST_OK;
}

static int write_names(struct text *to, enum line line, const char *const *names, size_t n, hst_error *err)
{
	AUTO_FREE const char **sorted = mem_array(n, sizeof *sorted);
	int code = HST_OK;

	for (size_t i = 0; i < n; i++)
		sorted[i] = names[i];
	if (n)
		qsort(sorted, n, sizeof *sorted, by_text);
	for (size_t i = 0; i < n && code == HST_OK; i++)
		if (!i || strcmp(sorted[i - 1], sorted[i]) != 0)
			code = write_name(to, line, sorted[i], err);
	return code;
}

static int by_output(const void *a, const void *b)
{
	return strcmp(((const struct direction *)a)->output, ((const struct direction *)b)->output);
}

int directions_write(struct text *to, const struct directions *directions, hst_error *err)
{
	AUTO_FREE struct direction *sorted = mem_array(directions->count, sizeof *sorted);
	struct directions again;
	hst_arena *arena;
	int code = HST_OK;

	for (size_t i = 0; i < directions->count; i++)
		sorted[i] = directions->all[i];
	if (directions->count)
		qsort(sorted, directions->count, sizeof *sorted, by_output);
	text_add(to, magic);
	for (size_t i = 0; i < directions->count && code == HST_OK; i++) {
		code = write_name(to, LINE_OUTPUT, sorted[i].output, err);
		if (code == HST_OK)
			code = write_names(to, LINE_TO, sorted[i].to, sorted[i].to_count, err);
		if (code == HST_OK)
			code = write_names(to, LINE_SINK, sorted[i].sinks, sorted[i].sink_count, err);
	}
	if (code != HST_OK)
		return code;
	if (to->over)
		return FORM_REFUSE(err, "directions would be too long");
	/* What is right is decided in one place. */
	arena = arena_new();
	code = directions_read(arena, to->s, to->length, &again, err);
	arena_free(arena);
	return code;
}
