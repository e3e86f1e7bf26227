#include "desktop/flowrun_kill.h"

#include "base/auto.h"
#include "base/mem.h"
#include "desktop/children.h"
#include "os/files.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENVIRONMENT_MAX = 4 << 20, STRAY_LOOKS_MAX = 20 };

void flow_kill_group(pid_t leader, int signal)
{
	/* A child has its own group before `start` returns; 1 and 0 would mean something else altogether. */
	if (leader <= 1)
		return;
	kill(-leader, signal);
	if (signal == SIGTERM)
		kill(-leader, SIGCONT);
}

static bool group_is_gone(pid_t leader)
{
	int status;

	flow_kill_group(leader, SIGKILL);
	/* Members that were left by their parents have become our children. */
	while (waitpid(-leader, &status, WNOHANG) > 0)
		;
	return kill(-leader, 0) < 0 && errno == ESRCH;
}

/* The variable is one that every descendant inherits and no other program has with this value. */
static bool carries(pid_t pid, const char *variable)
{
	AUTO_FREE char *environment = NULL;
	char path[48];
	size_t length, size = strlen(variable) + 1;

	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	if (files_read(path, ENVIRONMENT_MAX, &environment, &length, NULL) != 0)
		return false;
	for (const char *at = environment; at < environment + length; at += strlen(at) + 1)
		if (strcmp(at, variable) == 0 && (size_t)(environment + length - at) + 1 >= size)
			return true;
	return false;
}

static void reap_killed(struct flow_orphans *orphans)
{
	size_t kept = 0;

	for (size_t i = 0; i < orphans->n; i++) {
		int status;

		if (waitpid(orphans->killed[i], &status, WNOHANG) == 0)
			orphans->killed[kept++] = orphans->killed[i];
	}
	orphans->n = kept;
}

static bool orphans_are_gone(const char *work, struct flow_orphans *orphans)
{
	AUTO_FREE char *variable = mem_printf("HOSTLER_WORK=%s", work);
	pid_t children[CHILDREN_MAX];
	size_t n = children_list(children, CHILDREN_MAX);

	reap_killed(orphans);
	for (size_t i = 0; i < n && orphans->n < FLOW_ORPHANS_MAX; i++) {
		if (!carries(children[i], variable))
			continue;
		kill(children[i], SIGKILL);
		orphans->killed[orphans->n++] = children[i];
	}
	return orphans->n == 0;
}

bool flow_kill_rest(pid_t leader, const char *work, struct flow_orphans *orphans)
{
	bool group_gone = group_is_gone(leader);

	return orphans_are_gone(work, orphans) && group_gone;
}

static size_t kill_strays_once(const char *variable)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	while (processes && (entry = readdir(processes)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 1 && pid != getpid() && carries(pid, variable) && kill(pid, SIGKILL) == 0)
			n++;
	}
	if (processes)
		closedir(processes);
	return n;
}

void flow_kill_strays(const char *work)
{
	AUTO_FREE char *variable = mem_printf("HOSTLER_WORK=%s", work);

	/* One that is just starting another is seen with it the next time. */
	for (int i = 0; i < STRAY_LOOKS_MAX && kill_strays_once(variable) > 0; i++)
		;
}
