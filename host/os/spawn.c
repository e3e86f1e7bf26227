#include "os/spawn.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/failure.h"
#include "os/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Children get a handful of descriptors with small numbers; what goes beyond is a mistake. */
enum { SPAWN_FDS_MAX = 32, SPAWN_FD_HIGHEST = 63 };

/* What a child's descriptors are to be: by number, then as a plan that cannot step on its own feet. */
struct plan {
	int here[SPAWN_FD_HIGHEST + 1]; /* FD_NONE, FD_NULL or a descriptor of this process */
	int copies[SPAWN_FD_HIGHEST + 1];
	int highest, copy_count;
};

enum { FD_NULL = -1, FD_NONE = -2 };

static int plan_of(const struct spawn *spawn, struct plan *plan, hst_error *err)
{
	int standard_error = fcntl(STDERR_FILENO, F_GETFD) < 0 ? FD_NULL : STDERR_FILENO;

	*plan = (struct plan){.highest = 2};
	for (int i = 0; i <= SPAWN_FD_HIGHEST; i++)
		plan->here[i] = FD_NONE;
	if (spawn->fd_count > SPAWN_FDS_MAX)
		return hst_fail(err, HST_INVALID, "%zu descriptors for one child are too many",
				spawn->fd_count);
	for (size_t i = 0; i < spawn->fd_count; i++) {
		struct spawn_fd fd = spawn->fds[i];

		if (fd.there < 0 || fd.there > SPAWN_FD_HIGHEST || plan->here[fd.there] != FD_NONE)
			return hst_fail(err, HST_INVALID,
					"descriptor number %d for a child is taken or out of range",
					fd.there);
		plan->here[fd.there] = fd.here < 0 ? FD_NULL : fd.here;
		if (fd.there > plan->highest)
			plan->highest = fd.there;
	}
	if (plan->here[0] == FD_NONE)
		plan->here[0] = FD_NULL;
	for (int i = 1; i <= 2; i++)
		if (plan->here[i] == FD_NONE)
			plan->here[i] = standard_error;
	return HST_OK;
}

/*
 * The actions run one after the other in the child, so a source with a number that is also a target could be
 * overwritten before its turn. Such a source is copied, here, to a number above all targets.
 */
static int plan_lift(struct plan *plan, hst_error *err)
{
	for (int there = 0; there <= plan->highest; there++) {
		int here = plan->here[there];
		int copy;

		if (here < 0 || here > plan->highest)
			continue;
		copy = fcntl(here, F_DUPFD_CLOEXEC, plan->highest + 1);
		if (copy < 0)
			return failure_of(errno, err, "pass on", "a descriptor to a child");
		plan->copies[plan->copy_count++] = copy;
		plan->here[there] = copy;
	}
	return HST_OK;
}

static void plan_clear(struct plan *plan)
{
	while (plan->copy_count)
		close(plan->copies[--plan->copy_count]);
}

static void plan_add(const struct plan *plan, posix_spawn_file_actions_t *actions)
{
	for (int there = 0; there <= plan->highest; there++) {
		if (plan->here[there] == FD_NONE)
			posix_spawn_file_actions_addclose(actions, there);
		else if (plan->here[there] == FD_NULL)
			posix_spawn_file_actions_addopen(actions, there, "/dev/null", O_RDWR, 0);
		else
			posix_spawn_file_actions_adddup2(actions, plan->here[there], there);
	}
	/* Ours are all close-on-exec; a library's may not be. */
	posix_spawn_file_actions_addclosefrom_np(actions, plan->highest + 1);
}

static bool environment_kept(const char *entry)
{
	static const char *const kept[] = {"PATH=", "LANG=", "HOME=", "XDG_", "TZ=", "HOSTLER_ACCEPTED="};

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (strncmp(entry, kept[i], strlen(kept[i])) == 0)
			return true;
	return false;
}

/* Pointers into our own environment; the caller frees the array alone. */
static char **environment_minimal(void)
{
	static char default_path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	char **minimal;
	size_t n = 0;

	while (environ && environ[n])
		n++;
	minimal = mem_array(n + 2, sizeof *minimal);
	n = 0;
	for (char **entry = environ; entry && *entry; entry++)
		if (environment_kept(*entry))
			minimal[n++] = *entry;
	if (!getenv("PATH"))
		minimal[n] = default_path;
	return minimal;
}

/* A child starts with no signal blocked and none ignored, whatever this process does with them. */
static void spawn_attributes(const struct spawn *spawn, posix_spawnattr_t *attributes)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	if (spawn->new_group) {
		posix_spawnattr_setpgroup(attributes, 0);
		flags |= POSIX_SPAWN_SETPGROUP;
	}
	posix_spawnattr_setflags(attributes, flags);
}

/* posix_spawn says only that something failed: the directory is the one other thing that is named. */
static int spawn_failure(int number, const struct spawn *spawn, hst_error *err)
{
	if (spawn->directory && access(spawn->directory, X_OK) < 0)
		return failure_of(errno, err, "start a program in the directory", spawn->directory);
	return failure_of(number, err, "start", spawn->path);
}

int spawn_start(const struct spawn *spawn, pid_t *ret_pid, hst_error *err)
{
	AUTO_FREE char **minimal = spawn->environment ? NULL : environment_minimal();
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	struct plan plan;
	pid_t pid;
	int code, number;

	if (spawn->path[0] != '/')
		return hst_fail(err, HST_INVALID, "cannot start %s: programs are named by an absolute path",
				spawn->path);
	code = plan_of(spawn, &plan, err);
	if (code)
		return code;
	code = plan_lift(&plan, err);
	if (code) {
		plan_clear(&plan);
		return code;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	plan_add(&plan, &actions);
	if (spawn->directory)
		posix_spawn_file_actions_addchdir_np(&actions, spawn->directory);
	spawn_attributes(spawn, &attributes);
	limits_lift();
	number = posix_spawn(&pid, spawn->path, &actions, &attributes, spawn->argv,
			     spawn->environment ? spawn->environment : minimal);
	limits_lower();
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	plan_clear(&plan);
	if (number)
		return spawn_failure(number, spawn, err);
	*ret_pid = pid;
	return HST_OK;
}

void spawn_status_text(int status, char *to, size_t size)
{
	if (WIFEXITED(status)) {
		snprintf(to, size, "exit status %d", WEXITSTATUS(status));
	} else if (WIFSIGNALED(status)) {
		const char *name = sigdescr_np(WTERMSIG(status));

		snprintf(to, size, "signal %d (%s)", WTERMSIG(status), name ? name : "unknown");
	} else {
		snprintf(to, size, "wait status %d", status);
	}
}
