/* hostler-worker: one plugin in a process of its own. */
#include "base/log.h"
#include "os/harden.h"
#include "os/inherited.h"
#include "worker/describe.h"
#include "worker/examine.h"
#include "worker/prove.h"
#include "worker/try.h"
#include "worker/worker.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: hostler-worker describe FILE [--options]\n"
	"       hostler-worker check [--as USER] FILE [USER]...\n"
	"       hostler-worker next FILE N\n"
	"       hostler-worker try KIND/NAME|FILE [WORD] [-o OPTION=VALUE]... [-n EVENTS] [INPUT=VALUE]...\n"
	"       hostler-worker test FILE [-o OPTION=VALUE]... [-i INPUT=VALUE]...\n"
	"       hostler-worker --instance KIND/NAME -c FILE [--number N] [--as USER]\n"
	"\n"
	"describe prints what the plugin FILE says of itself; with --options it reads checked options on stdin and\n"
	"prints the shape of each such instance, line by line. check reads checked options on stdin, and says whether the plugin\n"
	"could work with them here, and a driver also who each USER is. next reads them likewise and prints when a\n"
	"trigger will fire by itself. try lets a plugin work in the foreground: WORD is an action of a connector,\n"
	"press or watch of a trigger; of the other kinds there is one. test tries the contract of plugins on it, which\n"
	"`hostler plugin test` prints. The last form is the supervisor's: the worker of one instance.\n";

static int main_usage(FILE *to, int status)
{
	fputs(usage, to);
	return status;
}

static int main_worker(int argc, char **argv)
{
	static const struct option options[] = {
		{"instance", required_argument, NULL, 'i'}, {"number", required_argument, NULL, 'n'},
		{"as", required_argument, NULL, 'a'},       {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct worker_arguments arguments = {0};
	const char *user = NULL;
	hst_error err = {0};
	int option;

	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments.configuration = optarg;
			break;
		case 'i':
			arguments.instance = optarg;
			break;
		case 'n':
			break; /* tells the workers of one instance apart in a process list */
		case 'a':
			user = optarg;
			arguments.for_root = true;
			break;
		case 'h':
			return main_usage(stdout, 0);
		default:
			return main_usage(stderr, 2);
		}
	}
	if (harden_drop(user, &err) != HST_OK) {
		log_error("%s", err.text);
		return 1;
	}
	if (!arguments.configuration || !arguments.instance || optind != argc)
		return main_usage(stderr, 2);
	return worker_run(&arguments);
}

static int main_check(int n, char **words)
{
	bool as = n >= 3 && strcmp(words[0], "--as") == 0;
	hst_error err = {0};

	if (as && harden_drop(words[1], &err) != HST_OK) {
		log_error("%s", err.text);
		return 1;
	}
	words += as ? 2 : 0;
	n -= as ? 2 : 0;
	return examine_run(words[0], words + 1, (size_t)n - 1);
}

int main(int argc, char **argv)
{
	harden_undumpable();
	harden_start(INHERITED_LIFE);
	log_open("hostler-worker", LOG_LEVEL_INFO);
	if (argc >= 3 && argc <= 4 && strcmp(argv[1], "describe") == 0) {
		if (argc == 4 && strcmp(argv[3], "--options") != 0)
			return main_usage(stderr, 2);
		return describe_run(argv[2], argc == 4);
	}
	if (argc >= 3 && strcmp(argv[1], "check") == 0)
		return main_check(argc - 2, argv + 2);
	if (argc == 4 && strcmp(argv[1], "next") == 0) {
		long n = strtol(argv[3], NULL, 10);

		return n < 1 ? main_usage(stderr, 2) : examine_next(argv[2], (size_t)n);
	}
	if (argc >= 3 && strcmp(argv[1], "try") == 0)
		return try_run(argv + 2, argc - 2);
	if (argc >= 3 && strcmp(argv[1], "test") == 0)
		return prove_run(argv + 2, argc - 2);
	return main_worker(argc, argv);
}
