#include "supervise/orphans.h"

#include "base/log.h"
#include "supervise/carried.h"

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

static void carry(const pid_t *pids, size_t n, bool ended, struct carried *to)
{
	for (size_t i = 0; i < n; i++)
		*carried_add_orphan(to) = (struct carried_orphan){.pid = pids[i], .ended = ended};
}

void orphans_carry(const struct orphans *orphans, struct carried *to)
{
	carry(orphans->left, orphans->left_count, false, to);
	carry(orphans->ended, orphans->ended_count, true, to);
}

void orphans_resume(struct orphans *orphans, const struct carried *carried)
{
	for (size_t i = 0; i < carried->orphan_count; i++) {
		bool ended = carried->orphans[i].ended;
		size_t *n = ended ? &orphans->ended_count : &orphans->left_count;

		if (*n < CHILDREN_MAX)
			(ended ? orphans->ended : orphans->left)[(*n)++] = (pid_t)carried->orphans[i].pid;
	}
}

bool orphans_was_ended(const struct orphans *orphans, pid_t pid)
{
	return is_in(orphans->ended, orphans->ended_count, pid);
}
