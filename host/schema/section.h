/* Sections of an .ini file as config reads them and pure/flow and desktop receive them: keys in order, each
 * with its line. */
#ifndef HOST_SCHEMA_SECTION_H
#define HOST_SCHEMA_SECTION_H

#include <stdbool.h>
#include <stddef.h>

struct section_key {
	char *name;
	char *value; /* joined continuation lines; quotes that keep outer blanks are removed */
	int line;
	bool used; /* set by section_take: what is left over is an unknown key */
};

struct section {
	char *file;
	int line;
	char *kind; /* "step" of [step find], or the whole of [flow] */
	char *name; /* "find", or NULL */
	struct section_key *keys;
	size_t key_count;
};

/* All sections of one file, and its text as it stood there. */
struct document {
	char *file;
	char *text;
	size_t text_length;
	struct section *sections;
	size_t section_count;
};

void document_free(struct document *document);

/* The key, marked as used, or NULL. */
struct section_key *section_take(struct section *section, const char *name);

/* The same without marking. */
const struct section_key *section_find(const struct section *section, const char *name);

struct problems;

/* Every unused key becomes an "unknown key" with the nearest of `known` (ends with NULL), except those
 * starting with one of the prefixes in `known` that end in '.'. */
void section_refuse_rest(const struct section *section, const char *const *known, struct problems *problems);

/* The nearest word of a list that ends with NULL, or NULL when none is near enough to be meant. */
const char *nearest_word(const char *const *known, const char *word);

#endif
