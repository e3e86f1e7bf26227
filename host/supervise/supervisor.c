/* Up in order, down in reverse order, and what signals mean. */
#include "supervise/internal.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/conf.h"
#include "os/crash.h"
#include "os/files.h"
#include "supervise/carried.h"
#include "supervise/keys.h"
#include "supervise/notify.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

/* Who waits for the house to be up is not kept waiting by one that does not come up. */
enum { SESSIONS_STOP_MS = 10000, ANNOUNCE_MS = 30000 };

static void announce(struct supervisor *supervisor)
{
	AUTO_FREE char *names = children_missing(supervisor);

	supervisor->announced = true;
	loop_cancel(supervisor->loop, &supervisor->announce_timer);
	notify_send("READY=1");
	supervisor->arguments->announce(supervisor->arguments->arg, names);
}

static void on_announce_late(void *arg)
{
	struct supervisor *supervisor = arg;

	supervisor->announce_timer = NULL;
	if (!supervisor->announced && !supervisor->stopping)
		announce(supervisor);
}

/*
 * A worker needs the engine only to connect to, so it can start beside it. More than there are processors would take
 * the engine's time, and all of them wait for it.
 */
static bool workers_start_beside(const struct supervisor *supervisor)
{
	long workers = 0;

	for (size_t i = 0; i < supervisor->n; i++)
		workers += supervisor->children[i]->plan.part == PLAN_WORKER;
	return workers <= sysconf(_SC_NPROCESSORS_ONLN);
}

static void start_workers(struct supervisor *supervisor)
{
	children_tell_part(supervisor, PLAN_WORKER, CHILD_START);
	supervisor->workers_started = true;
}

/* Those that were started beside the engine need not find out for themselves that it is there. */
static void tell_workers(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n; i++)
		if (supervisor->children[i]->plan.part == PLAN_WORKER && supervisor->children[i]->process)
			process_tell(supervisor->children[i]->process, "engine");
}

static void go_up(struct supervisor *supervisor)
{
	bool engine_ready = children_are(supervisor, PLAN_ENGINE, child_is_ready);

	if (!supervisor->others_started && engine_ready) {
		supervisor->others_started = true;
		if (supervisor->workers_started)
			tell_workers(supervisor);
		else
			start_workers(supervisor);
		children_tell_part(supervisor, PLAN_GATEWAY, CHILD_START);
		supervisor->announce_timer = loop_in(supervisor->loop, ANNOUNCE_MS, on_announce_late, supervisor);
	}
	if (!supervisor->announced && supervisor->others_started && children_are(supervisor, PLAN_WORKER, child_is_settled) &&
	    children_are(supervisor, PLAN_GATEWAY, child_is_settled))
		announce(supervisor);
	/* A house whose engine never came up is no house. */
	if (!supervisor->others_started && !engine_ready && children_are(supervisor, PLAN_ENGINE, child_is_settled)) {
		supervisor->stopping = true;
		supervisor->status = 1;
	}
}

static void on_sessions_late(void *arg)
{
	struct supervisor *supervisor = arg;

	supervisor->sessions_timer = NULL;
	log_warning("%zu session processes do not end and are killed", sessions_count(supervisor->sessions));
	sessions_signal(supervisor->sessions, SIGKILL);
}

/* Sessions that the gateway left behind. True: there are none any more. */
static bool sessions_gone(struct supervisor *supervisor)
{
	if (sessions_count(supervisor->sessions) == 0) {
		loop_cancel(supervisor->loop, &supervisor->sessions_timer);
		return true;
	}
	if (!supervisor->sessions_told) {
		supervisor->sessions_told = true;
		sessions_signal(supervisor->sessions, SIGTERM);
		supervisor->sessions_timer = loop_in(supervisor->loop, SESSIONS_STOP_MS, on_sessions_late, supervisor);
	}
	return false;
}

/* In reverse order, each part once the one before it is gone: the gateway closes its sessions while the engine still listens. */
static void go_down(struct supervisor *supervisor)
{
	children_tell_part(supervisor, PLAN_GATEWAY, CHILD_STOP);
	if (!children_are(supervisor, PLAN_GATEWAY, child_is_stopped) || !sessions_gone(supervisor))
		return;
	children_tell_part(supervisor, PLAN_WORKER, CHILD_STOP);
	if (!children_are(supervisor, PLAN_WORKER, child_is_stopped))
		return;
	children_tell_part(supervisor, PLAN_ENGINE, CHILD_STOP);
	if (children_are(supervisor, PLAN_ENGINE, child_is_stopped))
		loop_stop(supervisor->loop, supervisor->status);
}

/*
 * Every change of a child comes out of the loop, so the end of its turn is the place to see what follows from it. How
 * they stand is on disk before anybody is told.
 */
static void on_turn(void *arg)
{
	struct supervisor *supervisor = arg;

	children_write(supervisor);
	if (!supervisor->stopping)
		go_up(supervisor);
	reload_turn(supervisor);
	children_sweep(supervisor);
	if (supervisor->stopping)
		go_down(supervisor);
	children_write(supervisor);
}

/* The second time nobody wants to wait any more. */
static void on_end(struct supervisor *supervisor)
{
	if (!supervisor->stopping) {
		log_info("stopping");
		notify_send("STOPPING=1");
		supervisor->stopping = true;
		crash_point(CRASH_hostlerd_stopping);
		return;
	}
	sessions_signal(supervisor->sessions, SIGKILL);
	for (size_t i = 0; i < supervisor->n; i++)
		if (supervisor->children[i]->child.state == CHILD_STOPPING)
			children_event(supervisor->children[i], CHILD_TIMER);
}

static void on_signal(void *arg, int signal)
{
	struct supervisor *supervisor = arg;

	if (signal == SIGCHLD)
		processes_reap(supervisor->processes);
	else if (signal == SIGHUP || signal == SIGUSR2)
		reload_ask(supervisor, signal == SIGUSR2);
	else
		on_end(supervisor);
}

static void plan_children(struct supervisor *supervisor)
{
	struct plan plan;

	plan_make(&plan, supervisor->conf, supervisor->arguments->file, supervisor->arguments->root);
	for (size_t i = 0; i < plan.n; i++)
		children_add(supervisor, &plan.children[i]);
	plan_clear(&plan);
}

static void supervisor_clear(struct supervisor *supervisor)
{
	upgrade_clear(supervisor);
	reload_clear(supervisor);
	children_clear(supervisor);
	sessions_free(supervisor->sessions);
	processes_free(supervisor->processes);
	loop_cancel(supervisor->loop, &supervisor->sessions_timer);
	loop_cancel(supervisor->loop, &supervisor->announce_timer);
	loop_free(supervisor->loop);
	unlink(supervisor->status_path);
	free(supervisor->status_path);
	believing_clear(supervisor);
}

static bool begin(struct supervisor *supervisor)
{
	hst_error err = {0};

	supervisor->processes = processes_new(supervisor->loop, supervisor->arguments->check, &err);
	if (!supervisor->processes) {
		log_error("%s", err.text);
		return false;
	}
	supervisor->sessions = sessions_new(supervisor->loop, supervisor->processes, supervisor->arguments->file, believing_keys_of_hold, supervisor);
	children_tell_part(supervisor, PLAN_ENGINE, CHILD_START);
	if (workers_start_beside(supervisor))
		start_workers(supervisor);
	processes_reap(supervisor->processes); /* the check may have ended before its signal was listened for */
	return true;
}

/* The signals of what ended meanwhile may have been the other program's to hear. */
static bool go_on(struct supervisor *supervisor, const struct carried *carried)
{
	supervisor->workers_started = supervisor->others_started = true;
	supervisor->announced = carried->house.announced;
	supervisor->processes = processes_resume(supervisor->loop, carried);
	supervisor->sessions = sessions_new(supervisor->loop, supervisor->processes, supervisor->arguments->file, believing_keys_of_hold, supervisor);
	sessions_resume(supervisor->sessions, carried);
	children_resume(supervisor, carried);
	upgrade_resume(supervisor);
	children_changed(supervisor);
	processes_reap(supervisor->processes);
	return true;
}

int supervisor_run(const struct supervisor_arguments *arguments)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR2, 0};
	struct supervisor supervisor = {.arguments = arguments, .conf = arguments->conf, .loop = loop_new(loop_wait_poll)};
	int status = 1;

	keys_host(arguments->seed, supervisor.host);
	believing_open(&supervisor);
	supervisor.status_path = files_join(arguments->conf->state_dir, "children");
	plan_children(&supervisor);
	if (arguments->carried)
		reload_resume(&supervisor, arguments->carried);
	reload_open(&supervisor);
	loop_signals(supervisor.loop, signals, on_signal, &supervisor);
	loop_after(supervisor.loop, on_turn, &supervisor);
	if (arguments->carried ? go_on(&supervisor, arguments->carried) : begin(&supervisor)) {
		on_turn(&supervisor); /* without an engine nothing would ever happen */
		status = loop_run(supervisor.loop);
	}
	supervisor_clear(&supervisor);
	return status;
}
