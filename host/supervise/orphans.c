#include "supervise/orphans.h"

#include "base/log.h"

#include <signal.h>
#include <sys/prctl.h>

void orphans_begin(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static bool is_in(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static size_t keep_those(pid_t *pids, size_t n, const pid_t *there, size_t there_count)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (is_in(there, there_count, pids[i]))
			pids[kept++] = pids[i];
	return kept;
}

static void end(struct orphans *orphans, pid_t pid)
{
	log_warning("process %d was left behind and is ended", (int)pid);
	kill(pid, SIGKILL);
	if (orphans->ended_count < CHILDREN_MAX)
		orphans->ended[orphans->ended_count++] = pid;
}

void orphans_look(struct orphans *orphans, const struct orphans_role *role, bool end_them)
{
	pid_t children[CHILDREN_MAX];
	size_t n = children_list(children, CHILDREN_MAX);

	if (end_them && role->spare(role->arg))
		end_them = false;
	orphans->left_count = keep_those(orphans->left, orphans->left_count, children, n);
	orphans->ended_count = keep_those(orphans->ended, orphans->ended_count, children, n);
	for (size_t i = 0; i < n; i++) {
		pid_t pid = children[i];

		if (role->ours(role->arg, pid) || is_in(orphans->left, orphans->left_count, pid) ||
		    is_in(orphans->ended, orphans->ended_count, pid))
			continue;
		if (end_them)
			end(orphans, pid);
		else if (orphans->left_count < CHILDREN_MAX)
			orphans->left[orphans->left_count++] = pid;
	}
}

bool orphans_was_ended(const struct orphans *orphans, pid_t pid)
{
	return is_in(orphans->ended, orphans->ended_count, pid);
}
