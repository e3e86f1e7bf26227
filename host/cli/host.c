/* up and down: hostlerd does the work; the command line only finds it and the configuration. */
#include "cli/cli.h"

#include "base/auto.h"
#include "base/mem.h"
#include "config/conf.h"
#include "os/files.h"

#include <errno.h>
#include <string.h>
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

int host_down(struct cli *cli)
{
	return become(cli, "--down");
}
