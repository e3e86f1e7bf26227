#include "cli/acts.h"

#include "schema/nearest.h"

#include <string.h>

static int refuse(const struct cli *cli, const char *command, const struct act *acts, size_t n, const char *word)
{
	struct nearest nearest;

	nearest_init(&nearest, word);
	for (size_t i = 0; i < n; i++)
		nearest_offer(&nearest, acts[i].word);
	if (nearest.best)
		return cli_fail(cli, CLI_USAGE, "Usage", "there is no \"%s %.40s\"; did you mean \"%s %s\"?", command, word, command, nearest.best);
	return cli_fail(cli, CLI_USAGE, "Usage", "there is no \"%s %.40s\"; `hostler %s --help` lists them", command, word, command);
}

int acts_run(struct cli *cli, const char *command, const struct act *acts, size_t n)
{
	const char *word = cli->options.argument_count ? cli->options.arguments[0] : "", *arguments = NULL;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(acts[i].word, word) != 0)
			continue;
		if (cli->options.argument_count == acts[i].count)
			return acts[i].run(cli);
		arguments = acts[i].arguments;
	}
	if (arguments)
		return cli_fail(cli, CLI_USAGE, "Usage", "%s %s needs %s", command, word, arguments);
	return refuse(cli, command, acts, n, word);
}
