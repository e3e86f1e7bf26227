#include "supervise/internal.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "os/files.h"
#include "os/limits.h"
#include "supervise/carried.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECK_LATE_MS = 120000, TRY_LATE_MS = 60000, REST_LATE_MS = 60000, START_LATE_MS = 30000 };

static void fail(struct supervisor *supervisor, int status, const char *line)
{
	struct upgrade *upgrade = &supervisor->upgrade;

	if (line)
		reload_say(supervisor, line);
	loop_cancel(supervisor->loop, &upgrade->late);
	upgrade->stage = UPGRADE_NONE;
	reload_finish(supervisor, status);
}

/* The engine goes on with what it had put off. */
static void wake(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n; i++)
		if (supervisor->children[i]->plan.part == PLAN_ENGINE && supervisor->children[i]->process)
			process_tell(supervisor->children[i]->process, "wake");
}

static void carry(const struct supervisor *supervisor, struct carried *to)
{
	*to = (struct carried){.house = {.lock_fd = supervisor->arguments->lock, .announced = supervisor->announced}};
	processes_carry(supervisor->processes, to);
	sessions_carry(supervisor->sessions, to);
	children_carry(supervisor, to);
	reload_carry(supervisor, to);
}

/* A file in memory with what would be handed on; -1: none could be made. */
static int carried_file(const struct carried *carried, hst_error *err)
{
	AUTO_CLOSE int fd = memfd_create("hostlerd", MFD_CLOEXEC);
	AUTO(text) struct text text;

	text_init(&text, CARRIED_BYTES_MAX);
	carried_write(carried, &text);
	if (fd < 0 || text.over || write(fd, text.s, text.length) != (ssize_t)text.length || lseek(fd, 0, SEEK_SET) < 0) {
		hst_fail(err, HST_RETRY, "what is to be handed on cannot be written: %s", fd < 0 || !text.over ? strerror(errno) : "too much");
		return -1;
	}
	return take_fd(&fd);
}

static void on_tried(void *arg, int status, const char *said);
static void on_checked(void *arg, int status, const char *said);

static void start_trial(struct supervisor *supervisor, const struct trial_spec *spec,
			void (*done)(void *arg, int status, const char *said))
{
	struct upgrade *upgrade = &supervisor->upgrade;
	hst_error err = {0};

	upgrade->trial = (struct trial){.loop = supervisor->loop, .done = done, .arg = supervisor};
	if (trial_start(&upgrade->trial, supervisor->processes, spec, &err) != HST_OK)
		fail(supervisor, STATUS_FAILED, err.text);
}

static void begin_checking(struct supervisor *supervisor)
{
	AUTO_FREE char *program = files_join(supervisor->upgrade.folder, "hostler");
	char *const argv[] = {"hostler", "check", "-c", (char *)supervisor->arguments->file, NULL};

	supervisor->upgrade.stage = UPGRADE_CHECKING;
	start_trial(supervisor, &(struct trial_spec){.name = "check", .program = program, .argv = argv, .late_ms = CHECK_LATE_MS},
		    on_checked);
}

static void begin_trying(struct supervisor *supervisor)
{
	char *const argv[] = {"hostlerd", "--check-upgrade", "-c", (char *)supervisor->arguments->file, NULL};
	struct carried carried;
	AUTO_CLOSE int file = -1;
	hst_error err = {0};

	supervisor->upgrade.stage = UPGRADE_TRYING;
	carry(supervisor, &carried);
	file = carried_file(&carried, &err);
	carried_clear(&carried);
	if (file < 0)
		fail(supervisor, STATUS_FAILED, err.text);
	else
		start_trial(supervisor,
			    &(struct trial_spec){.name = "check-upgrade", .program = supervisor->upgrade.program, .argv = argv,
						 .input_fd = file, .late_ms = TRY_LATE_MS},
			    on_tried);
}

static void on_checked(void *arg, int status, const char *said)
{
	struct supervisor *supervisor = arg;

	/* 1: nothing but plugins, without which the rest can work, and which the old programs may lack as well. */
	if (status == 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 1)) {
		begin_trying(supervisor);
		return;
	}
	text_add(&supervisor->reload.said, said);
	fail(supervisor, STATUS_FAILED, "the new programs cannot work with this configuration");
}

static void on_rest_late(void *arg)
{
	struct supervisor *supervisor = arg;

	supervisor->upgrade.late = NULL;
	wake(supervisor);
	fail(supervisor, STATUS_FAILED,
	     "a connector's call, or a start of a session process, has been under way for a minute; try again later");
}

static void begin_resting(struct supervisor *supervisor)
{
	supervisor->upgrade.stage = UPGRADE_RESTING;
	supervisor->upgrade.late = loop_in(supervisor->loop, REST_LATE_MS, on_rest_late, supervisor);
	for (size_t i = 0; i < supervisor->n; i++) {
		struct role_child *child = supervisor->children[i];

		if (child->plan.part == PLAN_ENGINE && child_is_ready(&child->child) && process_tell(child->process, "rest"))
			child->answer = ANSWER_AWAITED;
	}
}

static void on_tried(void *arg, int status, const char *said)
{
	struct supervisor *supervisor = arg;

	if (status == 0) {
		begin_resting(supervisor);
		return;
	}
	text_add(&supervisor->reload.said, said);
	fail(supervisor, STATUS_FAILED, "the new hostlerd cannot take the place of the one that runs");
}

/* Who is only just starting could not be handed on as what it will be. */
static bool is_quiet(const struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n; i++)
		if (supervisor->children[i]->child.state == CHILD_STARTING || supervisor->children[i]->answer == ANSWER_AWAITED)
			return false;
	return sessions_are_quiet(supervisor->sessions);
}

/* Returns only when it cannot be done; then nothing has changed. */
static void become(struct supervisor *supervisor, const struct carried *carried, hst_error *err)
{
	AUTO_CLOSE int file = carried_file(carried, err);
	char number[16];
	char *const argv[] = {"hostlerd", "--resume", number, supervisor->arguments->detached ? "--detached" : "--foreground",
			      "-c", (char *)supervisor->arguments->file, NULL};

	if (file < 0 || carried_pass(carried, true, err) != HST_OK)
		return;
	snprintf(number, sizeof number, "%d", file);
	fcntl(file, F_SETFD, 0);
	log_info("%s takes over", supervisor->upgrade.program);
	crash_point(CRASH_hostlerd_before_exec);
	limits_lift();
	execve(supervisor->upgrade.program, argv, environ);
	hst_fail(err, HST_BROKEN, "%s cannot be started: %s", supervisor->upgrade.program, strerror(errno));
	limits_lower();
	carried_pass(carried, false, NULL);
}

static void exec_new(struct supervisor *supervisor)
{
	struct carried carried;
	hst_error err = {0};

	loop_cancel(supervisor->loop, &supervisor->upgrade.late);
	carry(supervisor, &carried);
	become(supervisor, &carried, &err);
	carried_clear(&carried);
	wake(supervisor);
	fail(supervisor, STATUS_FAILED, err.text);
}

/* The programs beside the new hostlerd, wherever a link leads now. */
void upgrade_begin(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	AUTO_FREE char *resolved = NULL;

	upgrade_clear(supervisor);
	upgrade->program = files_program_called("hostlerd");
	resolved = realpath(upgrade->program, NULL);
	if (!resolved) {
		AUTO_FREE char *line = mem_printf("%s: %s", upgrade->program, strerror(errno));

		fail(supervisor, STATUS_FAILED, line);
		return;
	}
	upgrade->folder = files_beside(resolved, ".");
	begin_checking(supervisor);
}

/* In the new program */

static void say_replaced(struct supervisor *supervisor, const char *name)
{
	const char *slash = strchr(name, '/');
	AUTO_FREE char *line = mem_printf("replaced %.*s%s%s", (int)strcspn(name, "/"), name, slash ? " " : "", slash ? slash + 1 : "");

	reload_say(supervisor, line);
}

/* Ends those of the part that are of the old program, and starts them anew. True: that has come to its end, good or bad. */
static bool renew(struct supervisor *supervisor, enum plan_part part)
{
	bool done = true;

	for (size_t i = 0; i < supervisor->n; i++) {
		struct role_child *child = supervisor->children[i];

		if (child->plan.part != part || child->leaving)
			continue;
		if (child->child.state == CHILD_STOPPED || (child->child.state == CHILD_DEGRADED && !child->child.alive && child->old)) {
			child->child.launches = 0;
			children_event(child, CHILD_START);
			say_replaced(supervisor, child->plan.name);
		} else if (child->old) {
			children_event(child, CHILD_STOP);
		}
		done &= !child->old && child_is_settled(&child->child);
	}
	return done;
}

static void on_start_late(void *arg)
{
	struct supervisor *supervisor = arg;

	supervisor->upgrade.late = NULL;
	supervisor->upgrade.patient = false;
	if (supervisor->upgrade.stage == UPGRADE_DRAINING)
		children_tell_part(supervisor, PLAN_WORKER, CHILD_STOP);
}

static void be_patient(struct supervisor *supervisor)
{
	supervisor->upgrade.patient = true;
	supervisor->upgrade.late = loop_in(supervisor->loop, START_LATE_MS, on_start_late, supervisor);
}

/* The engine still listens to triggers, and gives no work to connectors. */
void upgrade_resume(struct supervisor *supervisor)
{
	crash_point(CRASH_hostlerd_resumed);
	supervisor->upgrade.stage = UPGRADE_DRAINING;
	be_patient(supervisor);
	children_tell_part(supervisor, PLAN_WORKER, CHILD_DRAIN);
}

static void begin_workers(struct supervisor *supervisor)
{
	supervisor->upgrade.stage = UPGRADE_WORKERS;
	be_patient(supervisor);
	for (size_t i = 0; i < supervisor->n; i++) {
		struct role_child *child = supervisor->children[i];

		if (child->plan.part != PLAN_WORKER || child->leaving || child->after)
			continue;
		child->fresh = true;
		child->child.launches = 0;
		say_replaced(supervisor, child->plan.name);
	}
	workers_begin(supervisor);
}

static void say_missing(struct supervisor *supervisor)
{
	AUTO_FREE char *missing = children_missing(supervisor);
	AUTO_FREE char *line = missing ? mem_printf("not ready: %s; the log says more", missing) : NULL;

	fail(supervisor, missing ? STATUS_HALF : STATUS_DONE, line);
}

void upgrade_turn(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;

	switch (upgrade->stage) {
	case UPGRADE_NONE:
	case UPGRADE_CHECKING:
	case UPGRADE_TRYING:
		break;
	case UPGRADE_RESTING:
		if (is_quiet(supervisor))
			exec_new(supervisor);
		break;
	case UPGRADE_DRAINING:
		if (!children_are(supervisor, PLAN_WORKER, child_is_stopped))
			break;
		loop_cancel(supervisor->loop, &upgrade->late);
		upgrade->stage = UPGRADE_ENGINE;
		/* fall through */
	case UPGRADE_ENGINE:
		if (renew(supervisor, PLAN_ENGINE))
			begin_workers(supervisor);
		break;
	case UPGRADE_WORKERS:
		if (upgrade->patient && workers_are_coming(supervisor))
			break;
		loop_cancel(supervisor->loop, &upgrade->late);
		workers_have_come(supervisor);
		upgrade->stage = UPGRADE_GATEWAY;
		/* fall through */
	case UPGRADE_GATEWAY:
		if (renew(supervisor, PLAN_GATEWAY))
			say_missing(supervisor);
		break;
	}
}

void upgrade_clear(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;

	trial_forget(&upgrade->trial);
	loop_cancel(supervisor->loop, &upgrade->late);
	free(upgrade->program);
	free(upgrade->folder);
	*upgrade = (struct upgrade){0};
}
