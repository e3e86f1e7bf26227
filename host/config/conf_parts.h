/* What the files conf_*.c share: the parts of conf_load, in the order in which it calls them. */
#ifndef HOST_CONFIG_CONF_PARTS_H
#define HOST_CONFIG_CONF_PARTS_H

#include "config/conf.h"

/* A configuration being read. */
struct conf_reading {
	struct conf *conf;
	const struct conf_person *person;
	struct problems *problems;
};

/* Reads the keys of a section by their rows into `structure`, and refuses the others unless they are a
 * plugin's options. */
void conf_read_keys(struct conf_reading *reading, struct section *section, void *structure,
		    bool others_are_options);

/* Every section into its struct. */
void conf_read_sections(struct conf_reading *reading);

/* Adds an instance for a plugin that is used by its bare name. `section` may be NULL. */
struct conf_instance *conf_add_instance(struct conf *conf, hst_plugin_kind kind, const char *name,
					const char *plugin, struct section *section, int line);

/* state_dir, run_dir, plugins and the store's path, where the file does not say them, and whether they can be
 * used. */
void conf_settle_paths(struct conf_reading *reading);

/* Devices with what they take from [gateway]; and those of other machines that clusters and connections name. */
void conf_settle_devices(struct conf_reading *reading);

/* Names that must lead somewhere, and what belongs together. */
void conf_check(struct conf_reading *reading);

/* The regular files that patterns match, sorted, each once; what *ret_files held before is freed. `key` is
 * for messages. */
void conf_match_files(struct conf_reading *reading, const char *key, int line, const char *patterns,
		      char ***ret_files, size_t *ret_n);

/* Words between commas and line ends, trimmed, empty ones left out; each is freed, then the array. */
char **conf_split(const char *text, size_t *ret_n);
void conf_words_free(char **words, size_t n);

/* A name that plugins and instances may have: ^[a-z][a-z0-9_-]{0,31}$. */
bool conf_word_is_fit(const char *word);

/* A name that other sections may have, as config/ini.c lets it through. */
bool conf_name_is_fit(const char *name);

void conf_device_clear(struct conf_device *device);

/* The section of a kind and name (NULL: without one) in the file, or NULL. */
const struct section *conf_section(const struct conf *conf, const char *kind, const char *name);

/* Line of a key in a section, the section's own when the key is not there, 0 when the section is not there.
 */
int conf_line(const struct conf *conf, const char *kind, const char *name, const char *key);

/* conf_paths.c; caller frees, NULL: the person has no home. */
char *conf_default_state_dir(const struct conf_person *person);

/* conf.c: the same of whoever runs this; and `path` as the text of the file `accepted` has it. */
char *conf_usual_state_dir(void);
struct conf *conf_load_text_of(const char *path, const char *accepted, struct problems *problems);

#endif
