/* hostler-session: the sessions of one device. */
#include "base/log.h"
#include "os/harden.h"
#include "os/inherited.h"
#include "session/hold.h"
#include "session/watch.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: hostler-session watch --device NAME -c FILE\n"
			    "       hostler-session hold --device NAME -c FILE\n"
			    "\n"
			    "Started by hostlerd for a gateway, which it speaks to on descriptor 6. watch "
			    "lists the sessions of the device;\n"
			    "hold opens one, runs desktop flows in it and closes it.\n";

static int complain(void)
{
	fputs(usage, stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"device", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
	struct session_settings settings = {0};
	const char *what = argc > 1 ? argv[1] : "";
	int option;

	harden_undumpable();
	harden_start(INHERITED_HANDOVER);
	log_open("hostler-session", LOG_LEVEL_INFO);
	if (strcmp(what, "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (strcmp(what, "watch") != 0 && strcmp(what, "hold") != 0)
		return complain();
	for (optind = 2; (option = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
		if (option == 'c')
			settings.configuration = optarg;
		else if (option == 'd')
			settings.device = optarg;
		else
			return complain();
	}
	if (!settings.configuration || !settings.device || optind != argc)
		return complain();
	if (!inherited_has(INHERITED_PEER)) {
		fputs("hostler-session: there is no gateway on descriptor 6; hostlerd starts this program\n",
		      stderr);
		return 2;
	}
	return strcmp(what, "watch") == 0 ? session_watch(&settings) : session_hold(&settings);
}
