#include "supervise/down.h"

#include "base/auto.h"
#include "base/clock.h"
#include "config/conf.h"
#include "os/failure.h"
#include "os/files.h"
#include "os/lock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>

enum { WAIT_MS = 60000, DOT_MS = 1000 };

/* True: it has ended. A pidfd speaks of that process alone, whoever gets its number next. */
static bool wait_for_end(int process)
{
	int64_t deadline_us = clock_steady_us() + WAIT_MS * 1000LL;
	struct pollfd polled = {.fd = process, .events = POLLIN};
	bool dots = false, ended = false;

	while (!ended && clock_steady_us() < deadline_us) {
		ended = poll(&polled, 1, DOT_MS) > 0;
		if (!ended) {
			fputc('.', stderr);
			dots = true;
		}
	}
	if (dots)
		fputc('\n', stderr);
	return ended;
}

static int end(pid_t pid, hst_error *err)
{
	AUTO_CLOSE int process = pidfd_open(pid, 0);

	if (process < 0 && errno == ESRCH)
		return HST_OK;
	if (process < 0 || pidfd_send_signal(process, SIGTERM, NULL, 0) < 0)
		return failure_of(errno, err, "signal", "the running hostlerd");
	if (!wait_for_end(process))
		return hst_fail(err, HST_TIMEOUT, "hostlerd with pid %d has not ended after %d s", (int)pid, WAIT_MS / 1000);
	return HST_OK;
}

int down_run(const struct conf *conf)
{
	AUTO_FREE char *path = files_join(conf->state_dir, "lock");
	hst_error err = {0};
	pid_t pid = 0;
	int code = lock_holder(path, &pid, &err);

	if (code == HST_OK)
		code = end(pid, &err);
	if (code == HST_OK)
		return 0;
	fprintf(stderr, "hostlerd: error: %s\n", err.text);
	return code == HST_NOT_FOUND ? 3 : 1;
}
