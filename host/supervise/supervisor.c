#include "supervise/supervisor.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/conf.h"
#include "os/crash.h"
#include "os/files.h"
#include "os/spawn.h"
#include "supervise/child.h"
#include "supervise/keys.h"
#include "supervise/notify.h"
#include "supervise/plan.h"
#include "supervise/process.h"
#include "supervise/sessions.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_MAX = 1 << 20, SESSIONS_STOP_MS = 10000 };

struct supervisor;

/* A child with what it takes to run it. */
struct role_child {
	struct child child; /* first: its callbacks get it back */
	struct supervisor *of;
	const struct plan_child *plan;
	struct process *process;
	struct loop_timer *timer;
	int64_t since_us; /* wall clock, of its state */
	char *last_words; /* how its last process ended and what it printed; NULL: none has ended */
};

struct supervisor {
	const struct supervisor_arguments *arguments;
	struct loop *loop;
	struct processes *processes;
	struct sessions *sessions;
	struct plan plan;
	struct role_child *children;
	uint8_t host[KEY_BYTES];
	struct loop_timer *sessions_timer;
	char *status_path;
	bool others_started, announced, stopping, sessions_told;
	int status;
};

/* What a child that gave up left behind, each line behind a tab. */
static void add_last_words(struct text *text, const struct role_child *child)
{
	bool fresh = true;

	if (child->child.state != CHILD_DEGRADED || !child->last_words)
		return;
	for (const char *c = child->last_words; *c; c++) {
		if (fresh && *c != '\n')
			text_add(text, "\t");
		fresh = *c == '\n';
		text_bytes(text, (unsigned char)*c < ' ' && *c != '\n' ? "?" : c, 1);
	}
	if (!fresh)
		text_add(text, "\n");
}

/* A child's standing for people and scripts. Rewritten as a whole, so that a reader never sees half of it. */
static void write_status(struct supervisor *supervisor)
{
	AUTO(text) struct text text;
	hst_error err = {0};

	text_init(&text, STATUS_MAX);
	for (size_t i = 0; i < supervisor->plan.n; i++) {
		const struct role_child *child = &supervisor->children[i];
		uint64_t restarts = child->child.launches ? child->child.launches - 1 : 0;

		text_addf(&text, "%s %s %d %lld %llu\n", child->child.name, child_state_name(child->child.state),
			  child->process ? (int)process_pid(child->process) : 0, (long long)(child->since_us / 1000000),
			  (unsigned long long)restarts);
		add_last_words(&text, child);
	}
	crash_point(CRASH_hostlerd_before_status);
	if (files_replace(supervisor->status_path, text.s, text.length, 0640, false, &err) != HST_OK)
		log_warning("%s", err.text);
}

static void event(struct role_child *child, enum child_event what)
{
	child_event(&child->child, what, clock_steady_us());
}

static void on_said(void *arg, struct process *process, const char *bad)
{
	struct role_child *child = arg;

	(void)process;
	if (bad)
		log_error("%s is misconfigured: %s", child->child.name, bad);
	crash_point(CRASH_hostlerd_child_ready);
	event(child, bad ? CHILD_SAID_BAD : CHILD_SAID_READY);
}

static void on_ended(void *arg, struct process *process, int status)
{
	struct role_child *child = arg;
	char text[64];

	spawn_status_text(status, text, sizeof text);
	if (child->child.state != CHILD_STOPPING)
		log_warning("%s (pid %d) ended with %s", child->child.name, (int)process_pid(process), text);
	free(child->last_words);
	child->last_words = mem_printf("%s\n%s", text, process_tail(process));
	child->process = NULL;
	crash_point(CRASH_hostlerd_child_ended);
	event(child, CHILD_EXIT);
	if (child->child.state == CHILD_DEGRADED)
		write_status(child->of);
}

/* What this child reads on fd 4. A gateway of another host gets that host's key. */
static char *keys_of(const struct role_child *child)
{
	const struct supervisor *supervisor = child->of;
	const struct conf *conf = supervisor->arguments->conf;
	AUTO_FREE const char **names = NULL;
	uint8_t other[KEY_BYTES];
	size_t n = 0;

	if (child->plan->part == PLAN_GATEWAY && conf->gateway_host && conf->gateway_host_key &&
	    keys_read_text(conf->gateway_host_key, other, NULL) == HST_OK)
		return keys_for_child(supervisor->arguments->seed, child->plan->name, other);
	if (child->plan->part != PLAN_ENGINE)
		return keys_for_child(supervisor->arguments->seed, child->plan->name, supervisor->host);
	names = mem_array(supervisor->plan.n + 1, sizeof *names);
	for (size_t i = 0; i < supervisor->plan.n; i++)
		if (supervisor->plan.children[i].part != PLAN_ENGINE)
			names[n++] = supervisor->plan.children[i].name;
	return keys_for_engine(supervisor->arguments->seed, names, n);
}

static int start_process(struct role_child *child, hst_error *err)
{
	const struct process_role role = {.said = on_said, .ended = on_ended, .arg = child};
	AUTO_CLOSE int channel = -1;
	char *keys;
	int code;

	if (child->plan->part == PLAN_GATEWAY) {
		channel = sessions_channel(child->of->sessions, err);
		if (channel < 0)
			return HST_RETRY;
	}
	keys = keys_of(child);
	code = process_start(child->of->processes,
			     &(struct process_spec){.name = child->plan->name,
						    .program = child->plan->program,
						    .argv = child->plan->argv,
						    .keys = keys,
						    .peer_fd = channel},
			     &role, &child->process, err);
	keys_forget(keys);
	return code;
}

static bool role_launch(struct child *plain)
{
	struct role_child *child = (struct role_child *)plain;
	hst_error err = {0};

	if (start_process(child, &err) == HST_OK)
		return true;
	log_error("%s cannot be started: %s", plain->name, err.text);
	return false;
}

static void role_signal(struct child *plain, int signal)
{
	struct role_child *child = (struct role_child *)plain;

	if (signal == SIGKILL)
		log_warning("%s does not end and is killed", plain->name);
	if (child->process)
		process_signal(child->process, signal);
}

static void on_timer(void *arg)
{
	struct role_child *child = arg;

	child->timer = NULL;
	event(child, CHILD_TIMER);
}

static void role_timer(struct child *plain, int64_t ms)
{
	struct role_child *child = (struct role_child *)plain;

	loop_cancel(child->of->loop, &child->timer);
	if (ms > 0)
		child->timer = loop_in(child->of->loop, ms, on_timer, child);
}

static void role_changed(struct child *plain, enum child_state before)
{
	struct role_child *child = (struct role_child *)plain;

	(void)before;
	child->since_us = clock_wall_us();
	if (plain->state == CHILD_DEGRADED)
		log_error("%s is not started again: mend what it says and restart", plain->name);
	write_status(child->of);
}

static const struct child_role child_role = {role_launch, role_signal, role_timer, role_changed};

static bool part_is(const struct supervisor *supervisor, enum plan_part part, bool (*is)(const struct child *))
{
	for (size_t i = 0; i < supervisor->plan.n; i++)
		if (supervisor->plan.children[i].part == part && !is(&supervisor->children[i].child))
			return false;
	return true;
}

static bool is_ready(const struct child *child)
{
	return child->state == CHILD_READY;
}

static bool is_settled(const struct child *child)
{
	return child->state == CHILD_READY || child->state == CHILD_DEGRADED;
}

static bool is_stopped(const struct child *child)
{
	return child->state == CHILD_STOPPED;
}

static void tell_part(struct supervisor *supervisor, enum plan_part part, enum child_event what)
{
	for (size_t i = 0; i < supervisor->plan.n; i++)
		if (supervisor->plan.children[i].part == part)
			event(&supervisor->children[i], what);
}

/* Names those that gave up, or NULL. */
static char *missing(const struct supervisor *supervisor)
{
	struct text text;

	text_init(&text, 1024);
	for (size_t i = 0; i < supervisor->plan.n; i++)
		if (!is_ready(&supervisor->children[i].child))
			text_addf(&text, "%s%s", text.length ? ", " : "", supervisor->children[i].child.name);
	if (text.length)
		return text_take(&text);
	text_clear(&text);
	return NULL;
}

static void announce(struct supervisor *supervisor)
{
	AUTO_FREE char *names = missing(supervisor);

	supervisor->announced = true;
	notify_send("READY=1");
	supervisor->arguments->announce(supervisor->arguments->arg, names);
}

static void go_up(struct supervisor *supervisor)
{
	bool engine_ready = part_is(supervisor, PLAN_ENGINE, is_ready);

	if (!supervisor->others_started && engine_ready) {
		supervisor->others_started = true;
		tell_part(supervisor, PLAN_WORKER, CHILD_START);
		tell_part(supervisor, PLAN_GATEWAY, CHILD_START);
	}
	if (!supervisor->announced && supervisor->others_started && part_is(supervisor, PLAN_WORKER, is_settled) &&
	    part_is(supervisor, PLAN_GATEWAY, is_settled))
		announce(supervisor);
	/* A house whose engine never came up is no house. */
	if (!supervisor->others_started && !engine_ready && part_is(supervisor, PLAN_ENGINE, is_settled)) {
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
	tell_part(supervisor, PLAN_GATEWAY, CHILD_STOP);
	if (!part_is(supervisor, PLAN_GATEWAY, is_stopped) || !sessions_gone(supervisor))
		return;
	tell_part(supervisor, PLAN_WORKER, CHILD_STOP);
	if (!part_is(supervisor, PLAN_WORKER, is_stopped))
		return;
	tell_part(supervisor, PLAN_ENGINE, CHILD_STOP);
	if (part_is(supervisor, PLAN_ENGINE, is_stopped))
		loop_stop(supervisor->loop, supervisor->status);
}

/* Every change of a child comes out of the loop, so the end of its turn is the place to see what follows from it. */
static void on_turn(void *arg)
{
	struct supervisor *supervisor = arg;

	if (!supervisor->stopping)
		go_up(supervisor);
	if (supervisor->stopping)
		go_down(supervisor);
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
	for (size_t i = 0; i < supervisor->plan.n; i++)
		if (supervisor->children[i].child.state == CHILD_STOPPING)
			event(&supervisor->children[i], CHILD_TIMER);
}

static void on_signal(void *arg, int signal)
{
	struct supervisor *supervisor = arg;

	if (signal == SIGCHLD)
		processes_reap(supervisor->processes);
	else
		on_end(supervisor);
}

static void make_children(struct supervisor *supervisor)
{
	uint64_t draw;

	supervisor->children = mem_array(supervisor->plan.n + 1, sizeof *supervisor->children);
	for (size_t i = 0; i < supervisor->plan.n; i++) {
		struct role_child *child = &supervisor->children[i];

		randombytes_buf(&draw, sizeof draw);
		child->of = supervisor;
		child->plan = &supervisor->plan.children[i];
		child->since_us = clock_wall_us();
		child_init(&child->child, child->plan->name, &child_role, child->plan->stop_ms, draw);
	}
}

static void supervisor_clear(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->plan.n; i++) {
		loop_cancel(supervisor->loop, &supervisor->children[i].timer);
		free(supervisor->children[i].last_words);
	}
	sessions_free(supervisor->sessions);
	processes_free(supervisor->processes);
	loop_cancel(supervisor->loop, &supervisor->sessions_timer);
	loop_free(supervisor->loop);
	unlink(supervisor->status_path);
	free(supervisor->status_path);
	free(supervisor->children);
	plan_clear(&supervisor->plan);
}

int supervisor_run(const struct supervisor_arguments *arguments)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, 0};
	struct supervisor supervisor = {.arguments = arguments, .loop = loop_new(loop_wait_poll)};
	hst_error err = {0};
	int status = 1;

	plan_make(&supervisor.plan, arguments->conf, arguments->file, arguments->root);
	keys_host(arguments->seed, supervisor.host);
	supervisor.status_path = files_join(arguments->conf->state_dir, "children");
	make_children(&supervisor);
	loop_signals(supervisor.loop, signals, on_signal, &supervisor);
	loop_after(supervisor.loop, on_turn, &supervisor);
	supervisor.processes = processes_new(supervisor.loop, &err);
	if (supervisor.processes) {
		supervisor.sessions = sessions_new(supervisor.loop, supervisor.processes, arguments->file);
		tell_part(&supervisor, PLAN_ENGINE, CHILD_START);
		status = loop_run(supervisor.loop);
	} else {
		log_error("%s", err.text);
	}
	supervisor_clear(&supervisor);
	return status;
}
