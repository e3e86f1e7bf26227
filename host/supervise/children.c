/* The children of the house: each as a state machine (child.h) with the process it runs. */
#include "supervise/internal.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/conf.h"
#include "os/crash.h"
#include "os/files.h"
#include "os/spawn.h"
#include "supervise/keys.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>

enum { STATUS_MAX = 8 << 20 };

/* What the process before this one left behind, each line behind a tab. */
static void add_last_words(struct text *text, const struct role_child *child)
{
	bool fresh = true;

	if (!child->last_words)
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
static void write_standing(struct supervisor *supervisor)
{
	AUTO(text) struct text text;
	hst_error err = {0};

	text_init(&text, STATUS_MAX);
	for (size_t i = 0; i < supervisor->n; i++) {
		const struct role_child *child = supervisor->children[i];
		uint64_t restarts = child->child.launches ? child->child.launches - 1 : 0;

		text_addf(&text, "%s %s %d %lld %llu\n", child->child.name, child_state_name(child->child.state),
			  child->process ? (int)process_pid(child->process) : 0, (long long)(child->since_us / 1000000),
			  (unsigned long long)restarts);
		if (*child->hung)
			text_addf(&text, "\t%s\n", child->hung);
		add_last_words(&text, child);
	}
	crash_point(CRASH_hostlerd_before_status);
	if (files_replace_fleeting(supervisor->status_path, text.s, text.length, 0640, &err) != HST_OK)
		log_warning("%s", err.text);
}

void children_changed(struct supervisor *supervisor)
{
	supervisor->standing_is_old = true;
}

void children_write(struct supervisor *supervisor)
{
	if (!supervisor->standing_is_old)
		return;
	supervisor->standing_is_old = false;
	write_standing(supervisor);
}

void children_event(struct role_child *child, enum child_event what)
{
	child_event(&child->child, what, clock_steady_us());
}

/* "ready", "bad TEXT", "roster" (a newer one was left for us), or what concerns a reload. Anything else is not ours to understand, and says nothing. */
static void on_said(void *arg, struct process *process, const char *line)
{
	struct role_child *child = arg;

	(void)process;
	if (silence_heard(child, line))
		return;
	if (strcmp(line, "roster") == 0) {
		believing_look(child->of);
	} else if (strcmp(line, "ready") == 0) {
		crash_point(CRASH_hostlerd_child_ready);
		children_event(child, CHILD_SAID_READY);
	} else if (strncmp(line, "bad ", 4) == 0) {
		log_error("%s is misconfigured: %s", child->child.name, line + 4);
		free(child->bad);
		child->bad = mem_text(line + 4);
		children_event(child, CHILD_SAID_BAD);
	} else if (!reload_heard(child, line)) {
		log_debug("%s says \"%s\", which means nothing here", child->child.name, line);
	}
}

static void on_ended(void *arg, struct process *process, int status)
{
	struct role_child *child = arg;
	char text[64];

	spawn_status_text(status, text, sizeof text);
	if (child->child.state != CHILD_STOPPING && (child->child.state != CHILD_DRAINING || status != 0))
		log_warning("%s (pid %d) ended with %s", child->child.name, (int)process_pid(process), text);
	silence_end(child);
	free(child->last_words);
	child->last_words = child->bad ? mem_printf("misconfigured: %s\n%s", child->bad, process_tail(process))
				       : mem_printf("%s\n%s", text, process_tail(process));
	free(take(child->bad));
	child->process = NULL;
	crash_point(CRASH_hostlerd_child_ended);
	children_event(child, CHILD_EXIT);
	if (child->child.state == CHILD_DEGRADED)
		children_changed(child->of);
	reload_child_ended(child);
}

struct process_role children_role(struct role_child *child)
{
	return (struct process_role){.said = on_said, .ended = on_ended, .arg = child};
}

static int start_process(struct role_child *child, hst_error *err)
{
	const struct process_role role = children_role(child);
	AUTO_CLOSE int channel = -1;
	char *keys;
	int code;

	if (child->plan.part == PLAN_GATEWAY) {
		channel = sessions_channel(child->of->sessions, err);
		if (channel < 0)
			return HST_RETRY;
	}
	keys = believing_keys(child);
	code = process_start(child->of->processes,
			     &(struct process_spec){.name = child->plan.name,
						    .program = child->plan.program,
						    .argv = child->plan.argv,
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

	child->old = false;
	if (start_process(child, &err) == HST_OK) {
		silence_begin(child);
		return true;
	}
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

static void role_drain(struct child *plain)
{
	struct role_child *child = (struct role_child *)plain;

	if (!process_tell(child->process, "drain"))
		process_signal(child->process, SIGTERM);
}

static void on_timer(void *arg)
{
	struct role_child *child = arg;

	child->timer = NULL;
	children_event(child, CHILD_TIMER);
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
		log_error("%s is not started again: mend what it says, then `hostler reload`", plain->name);
	children_changed(child->of);
}

static const struct child_role child_role = {role_launch, role_signal, role_drain, role_timer, role_changed};

bool children_are(const struct supervisor *supervisor, enum plan_part part, bool (*is)(const struct child *))
{
	for (size_t i = 0; i < supervisor->n; i++)
		if (supervisor->children[i]->plan.part == part && !is(&supervisor->children[i]->child))
			return false;
	return true;
}

bool child_is_ready(const struct child *child)
{
	return child->state == CHILD_READY;
}

bool child_is_settled(const struct child *child)
{
	return child->state == CHILD_READY || child->state == CHILD_DEGRADED;
}

bool child_is_stopped(const struct child *child)
{
	return child->state == CHILD_STOPPED;
}

void children_tell_part(struct supervisor *supervisor, enum plan_part part, enum child_event what)
{
	for (size_t i = 0; i < supervisor->n; i++)
		if (supervisor->children[i]->plan.part == part)
			children_event(supervisor->children[i], what);
}

/* Names those that gave up, or NULL. */
char *children_missing(const struct supervisor *supervisor)
{
	struct text text;

	text_init(&text, 1024);
	for (size_t i = 0; i < supervisor->n; i++)
		if (!supervisor->children[i]->leaving && !child_is_ready(&supervisor->children[i]->child))
			text_addf(&text, "%s%s", text.length ? ", " : "", supervisor->children[i]->child.name);
	if (text.length)
		return text_take(&text);
	text_clear(&text);
	return NULL;
}

struct role_child *children_add(struct supervisor *supervisor, struct plan_child *plan_take)
{
	struct role_child *child = mem_alloc(sizeof *child);
	size_t room = supervisor->n;
	uint64_t draw;

	randombytes_buf(&draw, sizeof draw);
	child->of = supervisor;
	child->plan = *plan_take;
	*plan_take = (struct plan_child){0};
	child->since_us = clock_wall_us();
	child_init(&child->child, child->plan.name, &child_role, child->plan.stop_ms, draw);
	supervisor->children = mem_grow(supervisor->children, &room, supervisor->n + 1, sizeof *supervisor->children);
	supervisor->children[supervisor->n++] = child;
	return child;
}

struct role_child *children_named(const struct supervisor *supervisor, const char *name)
{
	for (size_t i = 0; i < supervisor->n; i++)
		if (!supervisor->children[i]->leaving && strcmp(supervisor->children[i]->plan.name, name) == 0)
			return supervisor->children[i];
	return NULL;
}

static void child_free(struct role_child *child)
{
	loop_cancel(child->of->loop, &child->timer);
	silence_end(child);
	plan_child_clear(&child->plan);
	free(child->bad);
	free(child->last_words);
	free(child);
}

static void start_after(struct supervisor *supervisor, const struct role_child *gone)
{
	for (size_t i = 0; i < supervisor->n; i++) {
		struct role_child *child = supervisor->children[i];

		if (child->after != gone)
			continue;
		child->after = NULL;
		if (!supervisor->stopping)
			children_event(child, CHILD_START);
	}
}

void children_sweep(struct supervisor *supervisor)
{
	size_t kept = 0, before = supervisor->n;

	for (size_t i = 0; i < before; i++)
		if (supervisor->children[i]->leaving && child_is_stopped(&supervisor->children[i]->child))
			start_after(supervisor, supervisor->children[i]);
	for (size_t i = 0; i < before; i++) {
		struct role_child *child = supervisor->children[i];

		if (child->leaving && child_is_stopped(&child->child))
			child_free(child);
		else
			supervisor->children[kept++] = child;
	}
	supervisor->n = kept;
	if (kept < before)
		children_changed(supervisor);
}

void children_clear(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n; i++)
		child_free(supervisor->children[i]);
	free(supervisor->children);
	supervisor->n = 0;
}
