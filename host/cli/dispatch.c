#include "cli/dispatch.h"

#include "base/arena.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/complete.h"
#include "cli/triggers.h"
#include "cli/usage.h"
#include "os/harden.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of what starts work by the name of a trigger, also what that one takes. */
static int help(struct cli *cli, const struct command *command)
{
	int status = usage_command(cli, command);

	if (!cli->json && cli->options.argument_count && (command->run == press_command || command->run == post_command))
		triggers_help(cli, cli->options.arguments[0]);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	const struct command *command;
	hst_error err = {0};

	if (options_read(argc, argv, &cli->options, &err) != HST_OK)
		return cli_fail(cli, CLI_USAGE, err.reason, "%s", err.text);
	command = cli->options.command;
	if (cli->options.version)
		return usage_version(cli);
	if (options_has(&cli->options, "help"))
		return command ? help(cli, command) : usage_all(cli);
	return command->run(cli);
}

int cli_main(int argc, char **argv)
{
	struct cli cli = {.json = options_want_json(argc, argv), .arena = arena_new()};
	mode_t own = umask(077);
	int status;

	/* What `get` writes is the person's own file, so it gets the mode the person has chosen. */
	harden_start(STDERR_FILENO);
	umask(own);
	log_open("hostler", LOG_LEVEL_WARNING);
	if (sodium_init() < 0)
		status = cli_fail(&cli, CLI_FAILED, "Broken", "libsodium cannot be initialised");
	else if (argc > 1 && strcmp(argv[1], "--complete") == 0)
		status = complete_words(&cli, argc - 2, argv + 2);
	else
		status = run(&cli, argc, argv);
	/* An answer that did not arrive, as on a full disk, is none. */
	if (fflush(stdout) != 0 || ferror(stdout))
		status = status ? status : CLI_FAILED;
	options_clear(&cli.options);
	arena_free(cli.arena);
	return status;
}
