#include "wire/child.h"

#include "base/log.h"
#include "loop/zmq.h"
#include "os/harden.h"
#include "os/inherited.h"
#include "os/limits.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

/* A store may have to be brought to a new version, or a journal be read. */
enum { OPEN_MS = 600 * 1000 };

static int usage(FILE *to, const char *program, const char *does, int status)
{
	fprintf(to, "usage: %s -c FILE [--as USER]\n%s It is started by hostlerd, with its keys on descriptor 4.\n", program, does);
	return status;
}

int child_start(struct child *child, int argc, char **argv, const char *program, const char *does, int highest_fd)
{
	static const struct option options[] = {{"as", required_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *as = NULL;
	hst_error err = {{0}, {0}};
	int option;

	*child = (struct child){0};
	harden_start(highest_fd);
	log_open(program, LOG_LEVEL_INFO);
	limits_descriptors();
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c')
			child->conf_path = optarg;
		else if (option == 'a')
			as = optarg;
		else
			return option == 'h' ? usage(stdout, program, does, 0) : usage(stderr, program, does, 2);
	}
	if (!child->conf_path || optind != argc)
		return usage(stderr, program, does, 2);
	child->for_root = as != NULL;
	harden_no_new_privileges();
	if (sodium_init() < 0)
		hst_fail(&err, HST_BROKEN, "libsodium cannot be initialised");
	else if (harden_drop(as, &err) >= 0 && keys_read_fd(&child->ring, INHERITED_KEYS, &err) >= 0)
		return -1;
	log_error("%s", err.text);
	return 1;
}

static void stop_on_signal(void *arg, int signal)
{
	log_info("ending on %s", strsignal(signal));
	loop_stop(((struct child *)arg)->loop, 0);
}

static void stop_on_orphaned(void *arg, int fd, short ready)
{
	struct child *child = arg;

	(void)ready;
	loop_fd(child->loop, fd, 0, NULL, NULL);
	log_warning("the supervisor is gone; ending");
	loop_stop(child->loop, 0);
}

void child_open(struct child *child)
{
	static const int signals[] = {SIGTERM, SIGINT, 0};

	told_beginning(OPEN_MS);
	child->loop = loop_new(loop_wait_zmq);
	loop_signals(child->loop, signals, stop_on_signal, child);
	child->zmq = zmq_ctx_new();
}

int child_run(struct child *child, void (*word)(void *arg, const char *word), void *arg)
{
	if (inherited_has(INHERITED_LIFE))
		loop_fd(child->loop, INHERITED_LIFE, POLLIN, stop_on_orphaned, child);
	told_open(&child->told, child->loop, word, arg);
	inherited_line("ready", NULL);
	log_info("ready");
	return loop_run(child->loop);
}

void child_close(struct child *child)
{
	told_close(&child->told);
	if (child->zmq)
		zmq_ctx_term(child->zmq);
	if (child->loop)
		loop_free(child->loop);
	keys_clear(&child->ring);
}
