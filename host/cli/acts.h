/* Commands whose first argument says what is to be done, `hostler gateway invite NAME`: one table of acts each. */
#ifndef HOST_CLI_ACTS_H
#define HOST_CLI_ACTS_H

#include "cli/cli.h"

struct act {
	const char *word, *arguments; /* what it needs, for people */
	size_t count;                 /* of arguments, the word among them */
	int (*run)(struct cli *cli);
};

/* Runs the one that the first argument names, in as many forms as it has; else a usage error that names what was meant. */
int acts_run(struct cli *cli, const char *command, const struct act *acts, size_t n);

#endif
