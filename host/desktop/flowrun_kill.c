#include "desktop/flowrun_kill.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENVIRONMENT_MAX = 4 << 20, STRAY_LOOKS_MAX = 20, LOOKS_AT_ONCE = 50 };

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

void flow_orphans_begin(struct flow_orphans *orphans)
{
	orphans->before_count = children_list(orphans->before, CHILDREN_MAX);
}

static bool was_before(const struct flow_orphans *orphans, pid_t pid)
{
	for (size_t i = 0; i < orphans->before_count; i++)
		if (orphans->before[i] == pid)
			return true;
	return false;
}

/* Kills what it finds; what the killed ones leave behind is found the next time. True: it found none. */
static bool kill_orphans(const char *variable, const struct flow_orphans *orphans)
{
	pid_t children[CHILDREN_MAX];
	size_t n = children_list(children, CHILDREN_MAX);
	bool none = true;
	int status;

	for (size_t i = 0; i < n; i++) {
		if (was_before(orphans, children[i]) && !carries(children[i], variable))
			continue;
		kill(children[i], SIGKILL);
		if (waitpid(children[i], &status, WNOHANG) == 0)
			none = false;
	}
	return none;
}

/*
 * Something that goes from one process to the next is there for less than the blink between two calls; looking again at
 * once meets it sooner or later.
 */
static bool orphans_are_gone(const char *work, const struct flow_orphans *orphans)
{
	AUTO_FREE char *variable = mem_printf("HOSTLER_WORK=%s", work);

	/* A list that was made while they came and went may have missed one. */
	for (int i = 0, none = 0; i < LOOKS_AT_ONCE; i++) {
		none = kill_orphans(variable, orphans) ? none + 1 : 0;
		if (none == 2)
			return true;
	}
	return false;
}

bool flow_kill_rest(pid_t leader, const char *work, const struct flow_orphans *orphans)
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
