/* hostlerd: starts, watches and restarts the programs of the house. */
#include "base/auto.h"
#include "base/log.h"
#include "config/conf.h"
#include "os/harden.h"
#include "os/limits.h"
#include "supervise/down.h"
#include "supervise/house.h"
#include "supervise/operator.h"
#include "supervise/upgrade.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: hostlerd [-c FILE] [--foreground]     starts the house; in the background unless told otherwise\n"
	"       hostlerd [-c FILE] --down             ends the one that runs, and waits for it\n"
	"\n"
	"Says \"ready\" on stdout once everything is up. Exit status: 0 done, 1 failed, 2 the configuration is wrong,\n"
	"3 none is running (--down).\n";

enum what { WHAT_BACKGROUND, WHAT_FOREGROUND, WHAT_DETACHED, WHAT_DOWN, WHAT_OPERATOR_KEY, WHAT_PREPARE, WHAT_CHECK_UPGRADE };

struct arguments {
	const char *file, *user;
	enum what what;
	int resume; /* what another hostlerd handed on; 0: nothing */
};

/* Exit status, or -1: go on. */
static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"detached", no_argument, NULL, 'd'}, /* how the background one starts itself */
		{"down", no_argument, NULL, 'D'},
		{"operator-key", no_argument, NULL, 'o'}, /* how the operator's key is made, as --as USER */
		{"prepare", no_argument, NULL, 'p'},	  /* how `hostler init` makes seed and roster beforehand */
		{"check-upgrade", no_argument, NULL, 'u'}, /* how a new one is tried, with what it would be handed on stdin */
		{"resume", required_argument, NULL, 'r'},  /* how a new one takes over */
		{"as", required_argument, NULL, 'a'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments->file = optarg;
			break;
		case 'f':
			arguments->what = WHAT_FOREGROUND;
			break;
		case 'd':
			arguments->what = WHAT_DETACHED;
			break;
		case 'D':
			arguments->what = WHAT_DOWN;
			break;
		case 'o':
			arguments->what = WHAT_OPERATOR_KEY;
			break;
		case 'p':
			arguments->what = WHAT_PREPARE;
			break;
		case 'u':
			arguments->what = WHAT_CHECK_UPGRADE;
			break;
		case 'r':
			arguments->resume = (int)strtol(optarg, NULL, 10);
			break;
		case 'a':
			arguments->user = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind != argc) {
		fputs(usage, stderr);
		return 2;
	}
	return -1;
}

static int down(const char *file)
{
	AUTO(problems) struct problems problems;
	struct conf *conf;
	int status;

	/* Who wants it to end need not have mended the file first. */
	problems_init(&problems);
	conf = conf_load_for_check(file, &problems);
	if (!conf)
		conf = conf_load_in_force(file);
	status = conf && conf->state_dir ? down_run(conf) : 2;
	for (size_t i = 0; status == 2 && i < problems.n; i++) {
		AUTO_FREE char *line = problem_line(&problems.at[i]);

		fprintf(stderr, "%s\n", line);
	}
	conf_free(conf);
	return status;
}

static int operator_key(const char *user)
{
	hst_error err = {0};

	if (harden_drop(user, &err) != HST_OK) {
		log_error("%s", err.text);
		return 1;
	}
	return operator_key_run();
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	AUTO_FREE char *file = NULL;
	int status;

	harden_undumpable();
	/* Who takes over has the descriptors of the one before; everybody else has none. */
	if (argc > 1 && strcmp(argv[1], "--resume") == 0)
		harden_resume();
	else
		harden_start(STDERR_FILENO);
	log_open("hostlerd", LOG_LEVEL_INFO);
	limits_descriptors();
	status = read_arguments(argc, argv, &arguments);
	if (status >= 0)
		return status;
	if (arguments.what == WHAT_OPERATOR_KEY)
		return operator_key(arguments.user);
	file = conf_find(arguments.file);
	if (!file) {
		fputs("hostlerd: error: there is no configuration: name one with -c FILE\n", stderr);
		return 2;
	}
	if (arguments.resume > STDERR_FILENO)
		return house_resume(file, arguments.what == WHAT_DETACHED, arguments.resume);
	switch (arguments.what) {
	case WHAT_CHECK_UPGRADE:
		return upgrade_check(file);
	case WHAT_PREPARE:
		return house_prepare(file);
	case WHAT_DOWN:
		return down(file);
	case WHAT_BACKGROUND:
		return house_background(file);
	default:
		return house_run(file, arguments.what == WHAT_DETACHED);
	}
}
