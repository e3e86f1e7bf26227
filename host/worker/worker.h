/*
 * The worker of one instance: loads one plugin, opens it, and serves the engine until it is told to end. Single-threaded;
 * ops run in place and may block. It ends when the supervisor is gone (end-of-file on the life descriptor), on SIGTERM,
 * and when its plugin says HST_BROKEN.
 */
#ifndef HOST_WORKER_WORKER_H
#define HOST_WORKER_WORKER_H

#include <stdbool.h>

struct worker_arguments {
	const char *configuration; /* path of the .ini file */
	const char *instance;      /* "trigger/start" */
	bool for_root;             /* root started the house, so its defaults are root's, whoever this process is by now */
};

/* Exit status: 0 told to end, 1 failed (worth another try), 2 misconfigured (said on fd 3). */
int worker_run(const struct worker_arguments *arguments);

#endif
