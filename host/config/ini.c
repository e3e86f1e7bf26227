/*
 * Sections and keys out of lines. inih gets each header as its index among the lines and each value as the
 * index of its line, because it cuts section names at 49 bytes and lines at 200; what comes back is looked up
 * here.
 */
#include "config/ini.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/table.h"
#include "config/lines.h"
#include "os/files.h"

#include <ini.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { KIND_LENGTH_MAX = 32, NAME_LENGTH_MAX = 64 };

struct ini_reader {
	struct lines lines;
	size_t next; /* the line inih gets next */
	struct document *document;
	struct section **of_line; /* the section each header line became; NULL for keys and refused headers */
	struct table seen;	  /* what must not come twice -> number of its line */
	struct problems *problems;
};

/* The line on which this was seen before, or 0; it is remembered with its own line otherwise. */
static int seen_before(struct ini_reader *reader, const char *what, int number)
{
	int before = (int)(intptr_t)table_get(&reader->seen, what);

	if (!before)
		table_set(&reader->seen, what, (void *)(intptr_t)number);
	return before;
}

static bool word_is_fit(const char *word, size_t n, size_t most)
{
	for (size_t i = 0; i < n; i++) {
		char c = word[i];
		bool inner = c == '_' || c == '-' || c == '.';

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    !(i && inner))
			return false;
	}
	return n && n <= most;
}

static void add_section(struct ini_reader *reader, size_t index)
{
	const struct line *line = &reader->lines.at[index];
	struct document *document = reader->document;
	size_t kind = strcspn(line->value, " \t");
	const char *name = line->value + kind + strspn(line->value + kind, " \t");
	struct section *section;
	int before;

	if (!word_is_fit(line->value, kind, KIND_LENGTH_MAX) ||
	    (*name && !word_is_fit(name, strlen(name), NAME_LENGTH_MAX))) {
		problems_add(reader->problems, document->file, line->number,
			     "[%.80s] must be [kind] or [kind NAME], a name being letters, digits, \"_\", "
			     "\"-\" and "
			     "\".\", at most %d",
			     line->value, NAME_LENGTH_MAX);
		return;
	}
	if (document->section_count == INI_SECTIONS_MAX) {
		problems_add(reader->problems, document->file, line->number, "more than %d sections",
			     INI_SECTIONS_MAX);
		return;
	}
	section = &document->sections[document->section_count++];
	*section = (struct section){.file = mem_text(document->file),
				    .line = line->number,
				    .kind = mem_copy(line->value, kind),
				    .name = *name ? mem_text(name) : NULL};
	reader->of_line[index] = section;
	AUTO_FREE char *header = mem_printf("[%s %s]", section->kind, name);
	before = seen_before(reader, header, line->number);
	if (before)
		problems_add(
			reader->problems, document->file, line->number,
			"[%s%s%s] stands here and in line %d; put them together or give one another name",
			section->kind, *name ? " " : "", name, before);
}

/* A value in quotes keeps its outer blanks. In `when`, quotes belong to the condition. */
static char *unquoted(const char *key, const char *value)
{
	size_t length = strlen(value);

	if (length < 2 || value[0] != '"' || value[length - 1] != '"' || strcmp(key, "when") == 0 ||
	    memchr(value + 1, '"', length - 2))
		return mem_text(value);
	return mem_copy(value + 1, length - 2);
}

static void add_key(struct ini_reader *reader, struct section *section, const struct line *line)
{
	AUTO_FREE char *what = mem_printf("%d %s", section->line, line->key);
	int before = seen_before(reader, what, line->number);
	size_t size = section->key_count;

	if (before) {
		problems_add(reader->problems, section->file, line->number,
			     "\"%s\" is given here and in line %d; remove one of them", line->key, before);
		return;
	}
	if (section->key_count == INI_KEYS_MAX) {
		problems_add(reader->problems, section->file, line->number,
			     "more than %d keys in one section", INI_KEYS_MAX);
		return;
	}
	/* Room is doubled whenever the count is a power of two from 8 on. */
	if (size == 0 || (size >= 8 && (size & (size - 1)) == 0))
		section->keys = mem_grow(section->keys, &size, size + 1, sizeof *section->keys);
	section->keys[section->key_count++] = (struct section_key){
		.name = mem_text(line->key), .value = unquoted(line->key, line->value), .line = line->number};
}

/* ini_reader of inih: one line into `to`, NULL at the end. */
static char *give_line(char *to, int size, void *context)
{
	struct ini_reader *reader = context;
	const struct line *line;

	if (reader->next == reader->lines.n)
		return NULL;
	line = &reader->lines.at[reader->next];
	if (line->key)
		snprintf(to, (size_t)size, "%s = %zu\n", line->key, reader->next);
	else
		snprintf(to, (size_t)size, "[%zu]\n", reader->next);
	reader->next++;
	return to;
}

/* ini_handler of inih: 1 goes on, 0 is an error. */
static int take_key(void *context, const char *header, const char *key, const char *value)
{
	struct ini_reader *reader = context;
	const struct line *line = &reader->lines.at[strtoul(value, NULL, 10)];
	struct section *section;

	if (!*header) {
		problems_add(reader->problems, reader->document->file, line->number,
			     "\"%s\" stands before the first [section]", key);
		return 1;
	}
	section = reader->of_line[strtoul(header, NULL, 10)];
	if (section)
		add_key(reader, section, line);
	return 1;
}

static void read_sections(struct ini_reader *reader)
{
	size_t headers = 0;
	int failed;

	for (size_t i = 0; i < reader->lines.n; i++)
		headers += !reader->lines.at[i].key;
	reader->document->sections = mem_array(headers, sizeof *reader->document->sections);
	reader->of_line = mem_array(reader->lines.n, sizeof *reader->of_line);
	table_init(&reader->seen);
	/* inih does not tell of sections without keys, so sections are made before it starts. */
	for (size_t i = 0; i < reader->lines.n; i++)
		if (!reader->lines.at[i].key)
			add_section(reader, i);
	failed = ini_parse_stream(give_line, reader, take_key, reader);
	if (failed > 0)
		problems_add(reader->problems, reader->document->file, reader->lines.at[failed - 1].number,
			     "the line cannot be read");
	else if (failed)
		problems_add(reader->problems, reader->document->file, 0, "the file cannot be read");
	table_clear(&reader->seen);
	free(reader->of_line);
}

struct document *ini_read_text(const char *name, const char *bytes, size_t length, struct problems *problems)
{
	size_t before = problems->n + problems->dropped;
	struct ini_reader reader = {.problems = problems};

	if (length > INI_BYTES_MAX) {
		problems_add(problems, name, 0, "the file is larger than %d bytes", INI_BYTES_MAX);
		return NULL;
	}
	reader.document = mem_alloc(sizeof *reader.document);
	reader.document->file = mem_text(name);
	reader.document->text = mem_copy(bytes, length);
	reader.document->text_length = length;
	lines_read(&reader.lines, name, bytes, length, problems);
	read_sections(&reader);
	lines_clear(&reader.lines);
	if (problems->n + problems->dropped == before)
		return reader.document;
	document_free(reader.document);
	return NULL;
}

struct document *ini_read(const char *path, struct problems *problems)
{
	AUTO_FREE char *bytes = NULL;
	size_t length;
	hst_error why;

	if (files_read(path, INI_BYTES_MAX, &bytes, &length, &why)) {
		problems_add(problems, path, 0, "%s", why.text);
		return NULL;
	}
	return ini_read_text(path, bytes, length, problems);
}
