/*
 * What somebody typed, held against the table of commands. Nothing is done here but reading: texts are
 * borrowed from argv. Options may stand anywhere; "--" ends them.
 */
#ifndef HOST_CLI_OPTIONS_H
#define HOST_CLI_OPTIONS_H

#include "cli/commands.h"

#include <hostler/error.h>

#include <stdbool.h>

struct option_given {
	const struct command_option *option;
	const char *value; /* NULL: a switch */
};

struct options {
	const struct command *command; /* NULL: none, which only --help and --version may do */
	bool version;
	const char **arguments;
	size_t argument_count;
	struct option_given *given;
	size_t given_count;
};

/*
 * HST_INVALID with the reason "Usage" or "NotInThisVersion". Also on failure *ret holds what was understood
 * so far, and is cleared by the caller.
 */
int options_read(int argc, char *const *argv, struct options *ret, hst_error *err);
void options_clear(struct options *options);

bool options_has(const struct options *options, const char *name);
const char *options_value(const struct options *options, const char *name); /* NULL: not given */

/* Whether --json stands there: known before anything else is, because also errors answer to it. */
bool options_want_json(int argc, char *const *argv);

#endif
