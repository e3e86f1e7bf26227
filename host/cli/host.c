/* up and down: hostlerd does the work; the command line only finds it and the configuration. */
#include "cli/cli.h"

#include "base/auto.h"
#include "base/mem.h"
#include "config/conf.h"
#include "os/files.h"
#include "os/spawn.h"
#include "schema/value.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Becomes hostlerd; returns only when it cannot. */
static int become(const struct cli *cli, const char *how)
{
	/* By the name of the place, so that an upgrade finds what is there then. */
	AUTO_FREE char *program = files_program_called("hostlerd");
	AUTO_FREE char *found = conf_find(options_value(&cli->options, "conf"));
	AUTO_FREE char *file = found ? files_beside("", found) : NULL;
	char *const argv[] = {"hostlerd", (char *)how, "-c", file, NULL};

	if (!file)
		return cli_fail(cli, CLI_USAGE, "NoConfiguration",
				"there is no configuration: name one with -c FILE, or write ./hostler.ini");
	execv(program, argv);
	return cli_fail(cli, CLI_FAILED, "Broken", "%s cannot be started: %s", program, strerror(errno));
}

int host_up(struct cli *cli)
{
	return become(cli, "--foreground");
}

/* What hostlerd says is for people; who wants JSON is told what its exit status means. */
static int down_as_json(const struct cli *cli, const char *file)
{
	AUTO_FREE char *program = files_join(files_program_directory(), "hostlerd");
	char *const argv[] = {"hostlerd", "--down", "-c", (char *)file, NULL};
	const struct spawn_fd nowhere[] = {{-1, 0}, {-1, 1}, {-1, 2}};
	const struct spawn spawn = {.path = program, .argv = argv, .environment = environ, .fds = nowhere, .fd_count = 3};
	hst_value *answer = value_make_record(cli->arena);
	hst_error err = {0};
	pid_t pid;
	int status = 0;

	if (spawn_start(&spawn, &pid, &err) != HST_OK)
		return cli_fail(cli, CLI_FAILED, "Broken", "%s", err.text);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : CLI_FAILED;
	if (status == CLI_AWAY)
		return cli_fail(cli, CLI_AWAY, "NotRunning", "no hostlerd runs for %s", file);
	if (status == CLI_USAGE)
		return cli_fail(cli, CLI_USAGE, "ConfigurationInvalid", "%s does not say where the house is; `hostler check` lists its errors",
				file);
	if (status != CLI_DONE)
		return cli_fail(cli, CLI_FAILED, "NotEnded", "the hostlerd of %s has not ended; `hostler down` says why", file);
	value_set_boolean(answer, "ended", true);
	cli_print_json(answer);
	return CLI_DONE;
}

int host_down(struct cli *cli)
{
	AUTO_FREE char *found = cli->json ? conf_find(options_value(&cli->options, "conf")) : NULL;
	AUTO_FREE char *file = found ? files_beside("", found) : NULL;

	return file ? down_as_json(cli, file) : become(cli, "--down");
}
