/* What is decided about a run from outside: its time-out, pause, safe stop, cancel. */
#include "desktop/flowrun_life.h"

#include "base/clock.h"

#include <signal.h>

static void kill_now(void *arg)
{
	struct flowrun *run = arg;

	run->kill = NULL;
	flow_kill_group(run->pid, SIGKILL);
}

static void term_now(void *arg)
{
	struct flowrun *run = arg;

	run->term = NULL;
	flow_kill_group(run->pid, SIGTERM);
}

static void write_control(struct flowrun *run, const char *word)
{
	hst_error err = {0};

	if (flow_place_control(run->spec.place, word, &err) != HST_OK)
		flow_log_note(&run->log, "the flow could not be told to %s: %s", word, err.text);
}

static void time_out(void *arg)
{
	struct flowrun *run = arg;

	run->deadline = NULL;
	run->forced = FLOWRUN_TIMED_OUT;
	write_control(run, "stop");
	flow_pictures_error(&run->pictures);
	run->term = loop_in(run->loop, run->spec.grace_ms - run->spec.grace_ms / 6, term_now, run);
	run->kill = loop_in(run->loop, run->spec.grace_ms, kill_now, run);
}

static void run_clock(struct flowrun *run, int64_t ms)
{
	if (run->spec.timeout_ms <= 0 || run->deadline || run->forced)
		return;
	run->deadline_at_us = clock_steady_us() + ms * 1000;
	run->deadline = loop_at(run->loop, run->deadline_at_us, time_out, run);
}

static void cancel(struct flowrun *run)
{
	/* A second word of it must not put off the KILL of the first. */
	if (run->cancel_asked)
		return;
	run->cancel_asked = true;
	if (!run->forced)
		run->forced = FLOWRUN_STOPPED;
	write_control(run, "stop");
	flow_clock_cancel(run);
	flow_kill_group(run->pid, SIGTERM);
	run->kill = loop_in(run->loop, run->spec.cancel_ms, kill_now, run);
}

static void pause_run(struct flowrun *run)
{
	if (run->pause_asked || run->stop_asked || run->forced)
		return;
	run->pause_asked = true;
	write_control(run, "pause");
}

static void say_paused(struct flowrun *run, bool paused)
{
	run->paused = paused;
	if (run->role.paused)
		run->role.paused(run->role.arg, paused);
}

void flow_checkpoint(struct flowrun *run)
{
	if (!run->pause_asked || run->paused || run->forced)
		return;
	if (run->deadline)
		run->left_ms = (run->deadline_at_us - clock_steady_us()) / 1000 + 1;
	loop_cancel(run->loop, &run->deadline);
	say_paused(run, true);
}

static void go_on(struct flowrun *run, const char *word)
{
	run->pause_asked = false;
	write_control(run, word);
	if (!run->paused)
		return;
	run_clock(run, run->left_ms > 0 ? run->left_ms : 0);
	say_paused(run, false);
}

static void safe_stop(struct flowrun *run)
{
	if (run->stop_asked || run->forced)
		return;
	run->stop_asked = true;
	run->checkpoint_since = false;
	go_on(run, "stop");
}

void flowrun_steer(struct flowrun *run, enum flowrun_how how)
{
	if (run->phase != PHASE_RUNNING)
		return;
	switch (how) {
	case FLOWRUN_CANCEL:
		cancel(run);
		break;
	case FLOWRUN_SAFE_STOP:
		safe_stop(run);
		break;
	case FLOWRUN_PAUSE:
		pause_run(run);
		break;
	case FLOWRUN_RESUME:
		if (run->pause_asked)
			go_on(run, "run");
		break;
	}
}

void flow_clock_start(struct flowrun *run)
{
	run_clock(run, run->spec.timeout_ms);
}

void flow_clock_judge(struct flowrun *run)
{
	if (run->deadline && clock_steady_us() >= run->deadline_at_us)
		run->forced = FLOWRUN_TIMED_OUT;
}

void flow_clock_cancel(struct flowrun *run)
{
	loop_cancel(run->loop, &run->deadline);
	loop_cancel(run->loop, &run->term);
	loop_cancel(run->loop, &run->kill);
}
