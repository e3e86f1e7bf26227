/* What the kernel and systemd allow the house: descriptors for its sessions, and processes. */
#include "cli/doctor.h"

#include "base/arena.h"
#include "base/auto.h"
#include "os/files.h"
#include "os/lock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* hostlerd has three descriptors for each session process; and whoever plans for fewer sessions than this has reasons. */
enum { FILE_BYTES_MAX = 64 << 10, PER_SESSION = 3, OTHERS = 64, SESSIONS_MOST = 1024, SESSIONS_FEW = 100, PROCESSES_FEW = 1000 };

/* Of the hostlerd that runs, which may have been started under other limits; else of this process. */
static pid_t whose(const struct doctor *doctor)
{
	AUTO_FREE char *lock = doctor->conf && doctor->conf->state_dir ? files_join(doctor->conf->state_dir, "lock") : NULL;
	pid_t pid = 0;

	return lock && lock_holder(lock, &pid, NULL) == HST_OK ? pid : getpid();
}

static char *proc_file(const struct doctor *doctor, pid_t pid, const char *name)
{
	char *text = NULL;

	if (files_read(arena_printf(doctor->arena, "/proc/%d/%s", (int)pid, name), FILE_BYTES_MAX, &text, NULL, NULL) != HST_OK)
		return NULL;
	return text;
}

/* The hard limit of that row of /proc/PID/limits; -1: none, or it is not told. */
static long long hard_limit(const char *limits, const char *row)
{
	const char *line = limits ? strstr(limits, row) : NULL;
	char soft[24], hard[24];

	if (!line || sscanf(line + strlen(row), "%23s %23s", soft, hard) != 2 || strcmp(hard, "unlimited") == 0)
		return -1;
	return strtoll(hard, NULL, 10);
}

static void look_at_files(struct doctor *doctor, const char *limits)
{
	long long files = hard_limit(limits, "Max open files"), sessions = (files - OTHERS) / PER_SESSION;

	if (files < 0)
		return;
	if (sessions > SESSIONS_MOST)
		sessions = SESSIONS_MOST;
	if (sessions < SESSIONS_FEW)
		doctor_problem(doctor, "files", "Raise it: LimitNOFILE= of the unit, or `ulimit -Hn`.",
			       "a process may have %lld files open, which is enough for %lld sessions", files,
			       sessions > 0 ? sessions : 0);
	else
		doctor_good(doctor, "files", "a process may have %lld files open: enough for %lld sessions", files, sessions);
}

/* pids.max of the cgroup, which is what TasksMax= of a unit sets; -1: none. */
static long long tasks_max(const struct doctor *doctor, pid_t pid)
{
	AUTO_FREE char *cgroup = proc_file(doctor, pid, "cgroup");
	AUTO_FREE char *text = NULL;
	char *path = cgroup ? strstr(cgroup, "0::/") : NULL;

	if (!path)
		return -1;
	path[strcspn(path, "\n")] = '\0';
	path = arena_printf(doctor->arena, "/sys/fs/cgroup%s/pids.max", path + strlen("0::"));
	if (files_read(path, FILE_BYTES_MAX, &text, NULL, NULL) != HST_OK || strncmp(text, "max", 3) == 0)
		return -1;
	return strtoll(text, NULL, 10);
}

static void look_at_processes(struct doctor *doctor, const char *limits, pid_t pid)
{
	/* Of root's processes the kernel counts none. */
	long long of_user = geteuid() == 0 ? -1 : hard_limit(limits, "Max processes"), tasks = tasks_max(doctor, pid);
	long long least = of_user < 0 || (tasks >= 0 && tasks < of_user) ? tasks : of_user;

	if (least >= 0 && least < PROCESSES_FEW)
		doctor_problem(doctor, "tasks", "Raise it: TasksMax= of the unit, or `ulimit -Hu`.",
			       "%lld processes and threads are allowed in all; a session with its programs takes some twenty", least);
	else if (least >= 0)
		doctor_good(doctor, "tasks", "%lld processes and threads are allowed in all", least);
}

void doctor_limits(struct doctor *doctor)
{
	const pid_t pid = whose(doctor);
	AUTO_FREE char *limits = proc_file(doctor, pid, "limits");

	look_at_files(doctor, limits);
	look_at_processes(doctor, limits, pid);
}
