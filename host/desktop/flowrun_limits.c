/* What a flow may take of the machine: processes, the size of a file, and its work folder. */
#include "desktop/flowrun_life.h"

#include "base/clock.h"

#include <signal.h>
#include <sys/resource.h>

enum {
	PROCESSES_MAX = 4096, /* and threads, of its user, whatever started them */
	LOOK_EACH_MS = 1000,
	LOOK_REST = 20, /* a look rests so many times as long as it took */
};

static const rlim_t file_bytes_max = (rlim_t)16 << 30;

static const struct {
	int what;
	const rlim_t *max;
} limits[] = {
	{RLIMIT_NPROC, &(const rlim_t){PROCESSES_MAX}},
	{RLIMIT_FSIZE, &file_bytes_max},
	{RLIMIT_CORE, &(const rlim_t){0}},
};

enum { LIMITS = sizeof limits / sizeof limits[0] };

/* Only the soft ones, which can be raised again: they are against mistakes. Who means harm has no session here. */
static void lower(struct rlimit before[LIMITS])
{
	for (size_t i = 0; i < LIMITS; i++) {
		struct rlimit now = {0};

		getrlimit(limits[i].what, &before[i]);
		now = before[i];
		if (now.rlim_cur > *limits[i].max)
			now.rlim_cur = *limits[i].max;
		setrlimit(limits[i].what, &now);
	}
}

/* This process lends them to its child by having them itself for a moment, whoever makes the child. */
int flow_start_limited(struct flowrun *run, const struct flowrun_start *start, hst_error *err)
{
	struct rlimit before[LIMITS];
	int code;

	lower(before);
	code = run->role.start(run->role.arg, start, &run->pid, err);
	for (size_t i = 0; i < LIMITS; i++)
		setrlimit(limits[i].what, &before[i]);
	return code;
}

static void look(void *arg);

static void look_later(struct flowrun *run, int64_t took_us)
{
	int64_t rest_ms = took_us * LOOK_REST / 1000;

	run->quota_look = loop_in(run->loop, rest_ms > LOOK_EACH_MS ? rest_ms : LOOK_EACH_MS, look, run);
}

static void look(void *arg)
{
	struct flowrun *run = arg;
	const struct flow_quota quota = {run->spec.work_bytes_max, run->spec.work_files_max};
	int64_t began_us = clock_steady_us();
	char text[64];

	run->quota_look = NULL;
	if (!flow_quota_exceeded(run->spec.place->work_fd, &quota, text, sizeof text)) {
		look_later(run, clock_steady_us() - began_us);
		return;
	}
	snprintf(run->refused.reason, sizeof run->refused.reason, "FlowFailed");
	snprintf(run->refused.text, sizeof run->refused.text, "It has %s in its work folder and was ended.", text);
	flow_log_note(&run->log, "the flow has %s in its work folder and is ended", text);
	/* Asking it to end would give it time to write on. */
	flow_kill_group(run->pid, SIGKILL);
}

void flow_quota_watch(struct flowrun *run)
{
	look_later(run, 0);
}

void flow_quota_stop(struct flowrun *run)
{
	loop_cancel(run->loop, &run->quota_look);
}
