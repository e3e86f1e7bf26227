/* The end of a run: what it left behind is read, killed, collected and told. */
#include "desktop/flowrun_life.h"

#include "base/arena.h"
#include "base/clock.h"
#include "desktop/flowrun_files.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

enum {
	CLEAR_EACH_MS = 10, /* how often we look whether everything is gone */
	CLEAR_TRIES = 1000, /* then it cannot be killed, and waiting longer would not help */
};

static void release(struct flowrun *run)
{
	flow_clock_cancel(run);
	flow_quota_stop(run);
	flow_pictures_stop(&run->pictures);
	loop_cancel(run->loop, &run->next);
	flow_streams_release(run);
}

static void finish(void *arg)
{
	struct flowrun *run = arg;
	struct flowrun_result result;

	run->next = NULL;
	flow_streams_rest(run);
	/* First, because an output whose file cannot be kept is none. */
	if (run->no_files)
		flow_log_note(&run->log, "files in out/ are not kept: too many of them were said to be secret outputs");
	else
		flow_files_collect(run->spec.place, run->spec.results, run->output_files, &run->outputs, &run->log);
	result = flow_verdict(run);
	result.ended_us = clock_wall_us();
	flow_log_close(&run->log, run->log.held ? flow_redact_by(&run->redact) : NULL);
	release(run);
	run->phase = PHASE_OVER;
	run->role.ended(run->role.arg, &result);
}

static void clear_rest(void *arg)
{
	struct flowrun *run = arg;

	run->next = NULL;
	if (flow_kill_rest(run->pid, run->spec.place->work, &run->spec.place->orphans)) {
		finish(run);
		return;
	}
	if (++run->clear_tries == CLEAR_TRIES) {
		flow_log_note(&run->log, "something the flow started could not be killed");
		finish(run);
		return;
	}
	run->next = loop_in(run->loop, CLEAR_EACH_MS, clear_rest, run);
}

static void begin_clearing(void *arg)
{
	struct flowrun *run = arg;

	run->phase = PHASE_CLEARING;
	clear_rest(run);
}

/* Pictures are taken before what the flow left on the screen is killed. */
static void take_last_pictures(struct flowrun *run)
{
	if (flow_verdict(run).end == FLOWRUN_FAILED)
		flow_pictures_error(&run->pictures);
	flow_pictures_end(&run->pictures);
}

void flow_finish_soon(struct flowrun *run)
{
	run->next = loop_in(run->loop, 0, finish, run);
}

void flow_output_closed(struct flowrun *run)
{
	if (run->phase != PHASE_DRAINING)
		return;
	loop_cancel(run->loop, &run->next);
	begin_clearing(run);
}

bool flowrun_reaped(struct flowrun *run, pid_t pid, int status)
{
	if (run->pid <= 0 || pid != run->pid || run->phase != PHASE_RUNNING)
		return false;
	flow_clock_judge(run);
	flow_clock_cancel(run);
	flow_quota_stop(run);
	run->status = status;
	run->phase = PHASE_DRAINING;
	flow_streams_events(run);
	take_last_pictures(run);
	/* Even where nobody is left to write, `ended` is never called from here. */
	run->next = loop_in(run->loop, run->output_fd < 0 ? 0 : run->spec.drain_ms, begin_clearing, run);
	return true;
}

/* Only for a run that is given up half-way: after `ended` there is nothing left to kill. */
static void kill_what_is_left(struct flowrun *run)
{
	const struct timespec pause = {.tv_nsec = CLEAR_EACH_MS * 1000000};
	int status;

	if (run->pid <= 0 || run->phase == PHASE_OVER)
		return;
	flow_kill_group(run->pid, SIGKILL);
	for (int i = 0; i < CLEAR_TRIES; i++) {
		if (run->phase == PHASE_RUNNING && waitpid(run->pid, &status, WNOHANG) != 0)
			run->phase = PHASE_CLEARING;
		if (run->phase != PHASE_RUNNING && flow_kill_rest(run->pid, run->spec.place->work, &run->spec.place->orphans))
			return;
		nanosleep(&pause, NULL);
	}
}

void flowrun_free(struct flowrun *run)
{
	if (!run)
		return;
	kill_what_is_left(run);
	release(run);
	flow_log_close(&run->log, run->log.held ? flow_redact_by(&run->redact) : NULL);
	flow_events_clear(&run->events);
	flow_redact_clear(&run->redact);
	flow_pictures_clear(&run->pictures);
	arena_free(run->given);
	arena_free(run->arena);
	free(run);
}
