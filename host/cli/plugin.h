/* `hostler plugin`: for people who pick plugins, and for people who write them. No host is asked. */
#ifndef HOST_CLI_PLUGIN_H
#define HOST_CLI_PLUGIN_H

#include "cli/cli.h"
#include "schema/manifest.h"

/* The word behind `plugin`; each returns the exit status. */
int plugin_doc(struct cli *cli);  /* plugin_doc.c */
int plugin_new(struct cli *cli);  /* plugin_new.c */
int plugin_test(struct cli *cli); /* plugin_test.c */

/*
 * The file that KIND/NAME or FILE means, absolute and in the command's arena: a plugin of the configuration's folder, where
 * there is a configuration, or an installed one. NULL: it was said why, and *ret_status is the exit status.
 */
const char *plugin_file(const struct cli *cli, const char *word, int *ret_status);

/* "connector/file" taken apart; the name is not checked. 0: it does not begin with a kind and a slash. */
hst_plugin_kind plugin_word(const char *word, const char **ret_name);

/* The type of a field as people read it: "choice: a, b", "integer 1 to 9", "text, required". In the arena. */
const char *plugin_type_text(hst_arena *arena, const hst_field *field);

/* The page about it in Markdown, on stdout. plugin_page.c */
void plugin_print_page(hst_arena *arena, const struct manifest *manifest);

#endif
