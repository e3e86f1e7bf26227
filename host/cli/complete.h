/*
 * What may stand next on the command line, for completion: `hostler --complete WORD…`, the last word being
 * the one under the cursor. Prints one candidate a line, a tab behind it and what it is where that is known; or
 * "FILES" or "FOLDERS" alone. It starts nothing, and says nothing of what goes wrong.
 */
#ifndef HOST_CLI_COMPLETE_H
#define HOST_CLI_COMPLETE_H

#include "cli/cli.h"

enum { COMPLETE_ARGUMENTS_MAX = 8 };

/* What stands before the cursor, and what of the word under it is there already. */
struct completion {
	struct cli *cli;
	const struct command *command; /* NULL: none yet */
	const char *typed;
	const char *arguments[COMPLETE_ARGUMENTS_MAX]; /* of the command */
	size_t argument_count;
};

int complete_words(struct cli *cli, int count, char *const *words); /* returns the exit status */

/* One candidate, `before` and `word` together, where what is typed fits. `what` may be NULL. */
void complete_offer(const struct completion *completion, const char *before, const char *word, const char *what);

/* complete_names.c: names behind a word of the table, such as RUN or FLOW: what the host has where it answers at once, else what
 * the configuration names. */
void complete_names(const struct completion *completion, const char *word);

#endif
