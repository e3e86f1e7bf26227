#include "schema/section.h"

#include "base/mem.h"
#include "base/text.h"
#include "schema/problems.h"

#include <string.h>

static void section_clear(struct section *section)
{
	for (size_t i = 0; i < section->key_count; i++) {
		free(section->keys[i].name);
		free(section->keys[i].value);
	}
	free(section->keys);
	free(section->file);
	free(section->kind);
	free(section->name);
}

void document_free(struct document *document)
{
	if (!document)
		return;
	for (size_t i = 0; i < document->section_count; i++)
		section_clear(&document->sections[i]);
	free(document->sections);
	free(document->file);
	free(document->text);
	free(document);
}

const struct section_key *section_find(const struct section *section, const char *name)
{
	for (size_t i = 0; i < section->key_count; i++)
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	return NULL;
}

struct section_key *section_take(struct section *section, const char *name)
{
	struct section_key *key = (struct section_key *)section_find(section, name);

	if (key)
		key->used = true;
	return key;
}

/* Whether the key starts with a known prefix such as "input." and says something behind it. */
static bool has_known_prefix(const char *name, const char *const *known)
{
	for (; *known; known++) {
		size_t length = strlen(*known);

		if (length && (*known)[length - 1] == '.' && strncmp(name, *known, length) == 0 &&
		    name[length])
			return true;
	}
	return false;
}

static void list_words(struct text *to, const char *const *known)
{
	for (size_t i = 0; known[i]; i++)
		text_addf(to, "%s%s", i ? " " : "", known[i]);
}

void section_refuse_rest(const struct section *section, const char *const *known, struct problems *problems)
{
	const char *blank = section->name ? " " : "", *name = section->name ? section->name : "";

	for (size_t i = 0; i < section->key_count; i++) {
		const struct section_key *key = &section->keys[i];
		const char *near;
		struct text words;

		if (key->used || has_known_prefix(key->name, known))
			continue;
		near = nearest_word(known, key->name);
		text_init(&words, 400);
		if (near)
			text_addf(&words, "did you mean \"%s\"?", near);
		else if (*known) {
			text_add(&words, "known are: ");
			list_words(&words, known);
		} else
			text_add(&words, "it has no keys");
		problems_add(problems, section->file, key->line, "unknown key \"%s\" in [%s%s%s]; %s",
			     key->name, section->kind, blank, name, words.s);
		text_clear(&words);
	}
}
