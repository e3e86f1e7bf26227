/* One key after another, by its row in the table: its text becomes a member of the section's struct. */
#include "config/conf_parts.h"

#include "base/auto.h"
#include "base/mem.h"
#include "config/secret_files.h"
#include "os/files.h"
#include "schema/types.h"

#include <string.h>

struct key_reading {
	struct conf_reading *reading;
	const struct section *section;
	const struct conf_key *row;
	const char *value;
	int line;
	void *member;
};

/* Reports that the key's value is not what it must be. */
static void key_wrong(const struct key_reading *key, const char *must)
{
	problems_add(key->reading->problems, key->section->file, key->line,
		     "\"%s\" must be %s, got \"%.100s\"", key->row->key, must, key->value);
}

static void set_text(const struct key_reading *key, char *text_take)
{
	char **at = key->member;

	free(*at);
	*at = text_take;
}

static void read_text(const struct key_reading *key)
{
	if (!*key->value || strchr(key->value, '\n'))
		key_wrong(key, "one line of text");
	else
		set_text(key, mem_text(key->value));
}

static void read_name(const struct key_reading *key)
{
	if (!conf_name_is_fit(key->value))
		key_wrong(key, "a name of at most 64 letters, digits, \"_\", \"-\" and \".\"");
	else
		set_text(key, mem_text(key->value));
}

static void read_word(const struct key_reading *key)
{
	if (!conf_word_is_fit(key->value))
		key_wrong(key, "a name of at most 32 small letters, digits, \"_\" and \"-\"");
	else
		set_text(key, mem_text(key->value));
}

static void read_path(const struct key_reading *key)
{
	if (!*key->value || strchr(key->value, '\n'))
		key_wrong(key, "a path");
	else if (strcmp(key->row->section, "store") == 0)
		set_text(key, mem_text(key->value)); /* relative to state_dir, which may be read later */
	else
		set_text(key, files_beside(key->reading->conf->path, key->value));
}

static void read_patterns(const struct key_reading *key)
{
	size_t *n = (size_t *)((char *)key->reading->conf + key->row->count_at);

	conf_match_files(key->reading, key->row->key, key->line, key->value, key->member, n);
}

static void read_duration(const struct key_reading *key)
{
	hst_duration duration;
	hst_error why;

	if (type_read_duration(key->value, &duration, &why))
		problems_add(key->reading->problems, key->section->file, key->line, "\"%s\" %s",
			     key->row->key, why.text);
	else if (duration.ms < 1000 && !(key->row->never && duration.ms == 0))
		key_wrong(key, key->row->never ? "at least 1s, or 0s" : "at least 1s");
	else
		*(hst_duration *)key->member = duration;
}

static void read_boolean(const struct key_reading *key)
{
	if (!type_read_boolean(key->value, key->member))
		key_wrong(key, "yes or no");
}

static void read_integer(const struct key_reading *key)
{
	int64_t integer;

	if (!type_read_integer(key->value, &integer) || integer < key->row->min || integer > key->row->max) {
		AUTO_FREE char *must = mem_printf("an integer, %lld to %lld", (long long)key->row->min,
						  (long long)key->row->max);

		key_wrong(key, must);
		return;
	}
	*(int64_t *)key->member = integer;
}

static void read_choice(const struct key_reading *key)
{
	const char *const *choices = key->row->choices;
	AUTO_FREE char *must = mem_text("one of");

	for (int64_t i = 0; choices[i]; i++) {
		char *longer;

		if (strcmp(choices[i], key->value) == 0) {
			if (!key->row->accepted_only)
				*(int64_t *)key->member = i;
			return;
		}
		longer = mem_printf("%s%s%s", must, i ? ", " : " ", choices[i]);
		free(must);
		must = longer;
	}
	key_wrong(key, must);
}

static void read_words(const struct key_reading *key)
{
	char ***words = key->member;
	size_t *n = (size_t *)((char *)key->member - key->row->at + key->row->count_at);

	conf_words_free(*words, *n);
	*words = conf_split(key->value, n);
	/* An empty list of members has its own message, which names the rule. */
	if (!*n && strcmp(key->row->key, "members") != 0)
		key_wrong(key, "a list that is not empty");
	for (size_t i = 0; i < *n; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp((*words)[i], (*words)[k]) == 0) {
				problems_add(key->reading->problems, key->section->file, key->line,
					     "\"%s\" names \"%.100s\" twice", key->row->key, (*words)[i]);
				return;
			}
}

bool conf_endpoint_is_fit(const char *endpoint)
{
	static const char scheme[] = "tcp://";
	const char *host = endpoint + sizeof scheme - 1, *colon = strrchr(endpoint, ':');
	int64_t port;

	if (strncmp(endpoint, scheme, sizeof scheme - 1) != 0 || colon <= host ||
	    strpbrk(endpoint, " \t\n\"'"))
		return false;
	return type_read_integer(colon + 1, &port) && port >= 1 && port <= 65535;
}

static void read_endpoint(const struct key_reading *key)
{
	if (strcmp(key->value, "none") == 0 && strcmp(key->row->key, "listen") == 0)
		return;
	if (!conf_endpoint_is_fit(key->value))
		key_wrong(key, "an endpoint such as tcp://10.0.0.5:8421");
	else
		set_text(key, mem_text(key->value));
}

static void read_target(const struct key_reading *key)
{
	struct conf_target *target = key->member;
	bool cluster = strncmp(key->value, "cluster:", 8) == 0;
	const char *name = key->value + (cluster ? 8 : 7);

	if ((!cluster && strncmp(key->value, "device:", 7) != 0) || !*name) {
		key_wrong(key, "device:NAME or cluster:NAME");
		return;
	}
	*target = (struct conf_target){
		.cluster = cluster, .name = mem_text(name), .text = mem_text(key->value)};
}

static void read_secret(const struct key_reading *key)
{
	const char *name = secret_named(key->value);

	/* Never with the value: it may be the password itself. */
	if (name)
		set_text(key, mem_text(name));
	else if (secret_is_meant(key->value))
		problems_add(key->reading->problems, key->section->file, key->line,
			     "\"%s\" must be secret:NAME, where NAME is at most 48 small letters, digits, \"_\" and \"-\"", key->row->key);
	else
		problems_add(key->reading->problems, key->section->file, key->line,
			     "\"%s\" must be secret:NAME; a secret never stands in a file", key->row->key);
}

static void (*const readers[CONF_TYPE_COUNT])(const struct key_reading *key) = {
	[CONF_TEXT] = read_text,       [CONF_NAME] = read_name,		[CONF_WORD] = read_word,
	[CONF_PATH] = read_path,       [CONF_PATTERNS] = read_patterns, [CONF_DURATION] = read_duration,
	[CONF_BOOLEAN] = read_boolean, [CONF_INTEGER] = read_integer,	[CONF_CHOICE] = read_choice,
	[CONF_WORDS] = read_words,     [CONF_ENDPOINT] = read_endpoint, [CONF_TARGET] = read_target,
	[CONF_SECRET] = read_secret,
};

static void read_key(struct conf_reading *reading, struct section *section, const struct conf_key *row,
		     void *structure)
{
	const struct section_key *given = section_take(section, row->key);
	char *nowhere = NULL;
	struct key_reading key = {
		.reading = reading,
		.section = section,
		.row = row,
		.value = given ? given->value : row->def,
		.line = given ? given->line : section->line,
		.member = row->accepted_only ? (void *)&nowhere : (char *)structure + row->at,
	};

	if (key.value)
		readers[row->type](&key);
	else if (row->required)
		problems_add(reading->problems, section->file, section->line, "\"%s\" is missing in [%s%s%s]",
			     row->key, section->kind, section->name ? " " : "",
			     section->name ? section->name : "");
	free(nowhere);
}

void conf_read_keys(struct conf_reading *reading, struct section *section, void *structure,
		    bool others_are_options)
{
	size_t n, count = 0;
	const struct conf_key *rows = conf_keys(&n);
	AUTO_FREE const char **known = mem_array(n + 1, sizeof *known);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].section, section->kind) != 0)
			continue;
		known[count++] = rows[i].key;
		read_key(reading, section, &rows[i], structure);
	}
	if (!others_are_options)
		section_refuse_rest(section, known, reading->problems);
}
