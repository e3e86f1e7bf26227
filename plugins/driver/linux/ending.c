#include "ending.h"

#include "containment.h"
#include "deadline.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	AT_ONCE_MAX = 256,   /* processes waited for in one go; the next round waits for the others */
	STOP_ROUNDS_MAX = 50,
	ROUNDS_MAX = 1000,   /* of SIGKILL, against programs that multiply */
	KILL_WAIT_MS = 5000, /* for a killed process to end: the kernel may have to finish a write */
	KILL_ALL_MS = 20000,
	BROKER_MS = 5000,    /* for it to take the session down after its leader has ended */
};

static bool same(const struct process *a, const struct process *b)
{
	return a->pid == b->pid && a->start == b->start;
}

static bool among(const struct process *processes, size_t count, const struct process *one)
{
	for (size_t i = 0; i < count; i++)
		if (same(&processes[i], one))
			return true;
	return false;
}

/* Children of this process that it did not start itself in its own kernel session: the session's orphans. */
static bool is_adopted(const struct remains *remains, const struct proc_entry *entry)
{
	return remains->own && entry->parent == getpid() && entry->kernel_session != getsid(0) &&
	       entry->uid == remains->uid;
}

static bool is_brokers(const struct remains *remains, const struct proc_entry *entry)
{
	return remains->broker.pid > 0 && entry->parent == remains->broker.pid && entry->uid == remains->uid &&
	       proc_lives(&remains->broker);
}

static bool is_root_of_tree(const struct remains *remains, const struct proc_entry *entry)
{
	char mark[sizeof MARK_NAME + MARK_SIZE];

	if (entry->uid != remains->uid)
		return false;
	if (among(remains->processes, remains->count, &entry->id) || is_adopted(remains, entry))
		return true;
	/* The programs of whoever has taken it may carry the mark, too. */
	if (remains->taken)
		return false;
	if (same(&remains->xserver, &entry->id) || same(&remains->leader, &entry->id) ||
	    is_brokers(remains, entry))
		return true;
	snprintf(mark, sizeof mark, MARK_NAME "=%s", remains->mark);
	return proc_has_environment(entry->id.pid, mark);
}

static const struct proc_entry *find(const struct proc_entry *entries, size_t n, pid_t pid)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (entries[middle].id.pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && entries[low].id.pid == pid ? &entries[low] : NULL;
}

static int by_pid(const void *a, const void *b)
{
	const struct proc_entry *left = a, *right = b;

	return (left->id.pid > right->id.pid) - (left->id.pid < right->id.pid);
}

/* Marks the descendants of what is marked; each round reaches one generation further. */
static void mark_descendants(const struct proc_entry *entries, size_t n, uid_t uid, bool *ours)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			const struct proc_entry *parent = find(entries, n, entries[i].parent);

			if (ours[i] || entries[i].uid != uid || !parent || !ours[parent - entries])
				continue;
			ours[i] = more = true;
		}
	}
}

/*
 * What a session manager started is not asked to end at first: with its leader the display would go, and with that
 * programs that have work to put away.
 */
static void leave_out_brokers(const struct remains *remains, const struct proc_entry *entries, size_t n, bool *ours)
{
	bool *brokers = calloc(n + 1, sizeof *brokers);

	if (!brokers)
		abort();
	for (size_t i = 0; i < n; i++)
		brokers[i] = is_brokers(remains, &entries[i]);
	mark_descendants(entries, n, remains->uid, brokers);
	for (size_t i = 0; i < n; i++)
		ours[i] = ours[i] && !brokers[i];
	free(brokers);
}

/* The session's processes, ended ones that are children of this process included; the caller frees. */
static size_t belonging(const struct remains *remains, bool all, struct proc_entry **ret)
{
	struct proc_entry *entries;
	size_t n = proc_scan(&entries), kept = 0, member_count, next = 0;
	bool *ours = calloc(n + 1, sizeof *ours);
	pid_t *members;

	if (!ours)
		abort();
	/* After the scan: an id that has gone to a process of somebody else meanwhile is not among them. */
	member_count = containment_members(remains, &members);
	qsort(entries, n, sizeof *entries, by_pid);
	for (size_t i = 0; i < n; i++) {
		while (next < member_count && members[next] < entries[i].id.pid)
			next++;
		ours[i] = entries[i].id.pid != getpid() && ((next < member_count && members[next] == entries[i].id.pid) ||
							    is_root_of_tree(remains, &entries[i]));
	}
	free(members);
	mark_descendants(entries, n, remains->uid, ours);
	if (!all)
		leave_out_brokers(remains, entries, n, ours);
	for (size_t i = 0; i < n; i++) {
		bool ended = entries[i].state == 'Z' || entries[i].state == 'X';

		if (ours[i] && entries[i].id.pid != getpid() && (!ended || entries[i].parent == getpid()))
			entries[kept++] = entries[i];
	}
	free(ours);
	*ret = entries;
	return kept;
}

/* A descriptor for exactly this process, or -1 when it has ended or its id has gone to another. */
static int hold(const struct process *process)
{
	int fd = pidfd_open(process->pid, 0);

	if (fd >= 0 && !proc_lives(process)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Signals the processes and waits for their end, until the deadline. */
static void signal_and_wait(const struct proc_entry *entries, size_t n, const struct process *spared,
			    int number, int64_t wait_ms)
{
	struct deadline deadline = deadline_in(NULL, wait_ms);
	struct pollfd waits[AT_ONCE_MAX];
	nfds_t held = 0;

	for (size_t i = 0; i < n; i++) {
		int fd = spared && same(spared, &entries[i].id) ? -1 : hold(&entries[i].id);

		if (fd < 0)
			continue;
		pidfd_send_signal(fd, number, NULL, 0);
		if (held < AT_ONCE_MAX)
			waits[held++] = (struct pollfd){.fd = fd, .events = POLLIN};
		else
			close(fd);
	}
	for (nfds_t open = held; open > 0;) {
		if (deadline_poll(&deadline, waits, held) != HST_OK)
			break;
		for (nfds_t i = 0; i < held; i++) {
			if (waits[i].fd < 0 || !waits[i].revents)
				continue;
			close(waits[i].fd);
			waits[i].fd = -1;
			open--;
		}
	}
	for (nfds_t i = 0; i < held; i++)
		if (waits[i].fd >= 0)
			close(waits[i].fd);
}

static void take_status(const struct proc_entry *entries, size_t n, const struct process *waited_for,
			size_t count)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].parent == getpid() && !among(waited_for, count, &entries[i].id))
			waitpid(entries[i].id.pid, NULL, WNOHANG);
}

void ending_collect(const struct remains *remains, const struct process *waited_for, size_t count)
{
	struct proc_entry *entries;
	size_t n = proc_scan(&entries);

	for (size_t i = 0; i < n; i++)
		if (entries[i].state == 'Z' && is_adopted(remains, &entries[i]) &&
		    !among(waited_for, count, &entries[i].id))
			waitpid(entries[i].id.pid, NULL, WNOHANG);
	free(entries);
}

/* How many of the session are alive, `spared` not counted. Takes the status of what has ended. */
static size_t look(const struct remains *remains, const struct process *spared,
		   const struct process *waited_for, size_t count, struct proc_entry **ret)
{
	size_t n = belonging(remains, !spared, ret), alive = 0;

	take_status(*ret, n, waited_for, count);
	for (size_t i = 0; i < n; i++)
		if ((!spared || !same(spared, &(*ret)[i].id)) && proc_lives(&(*ret)[i].id))
			(*ret)[alive++] = (*ret)[i];
	return alive;
}

/*
 * Stops them all first, since where one of those that multiply is killed, another takes its place at once: what stands
 * still forks no more. Replaces the list by that of all who are there then.
 */
static size_t stop_all(const struct remains *remains, const struct process *spared, const struct process *waited_for,
		       size_t count, struct proc_entry **entries, size_t n)
{
	size_t running = n;

	for (int round = 0; running > 0 && round < STOP_ROUNDS_MAX; round++) {
		running = 0;
		for (size_t i = 0; i < n; i++) {
			int fd = (*entries)[i].state == 'T' ? -1 : hold(&(*entries)[i].id);

			if (fd < 0)
				continue;
			pidfd_send_signal(fd, SIGSTOP, NULL, 0);
			close(fd);
			running++;
		}
		if (running == 0)
			break;
		free(*entries);
		n = look(remains, spared, waited_for, count, entries);
	}
	return n;
}

/* SIGTERM and grace once, then SIGKILL until a look finds nothing. */
static size_t end_all(const struct remains *remains, const struct process *spared,
		      const struct process *waited_for, size_t count, int64_t grace_ms)
{
	struct deadline whole = deadline_in(NULL, grace_ms + KILL_ALL_MS);
	struct proc_entry *entries;
	size_t n = look(remains, spared, waited_for, count, &entries);

	for (int round = 0; n > 0 && round < ROUNDS_MAX && !deadline_passed(&whole); round++) {
		bool asked = round == 0;

		/* All at once first: nothing can be faster than the kernel. */
		if (!asked) {
			containment_kill(remains);
			n = stop_all(remains, spared, waited_for, count, &entries, n);
		}
		signal_and_wait(entries, n, spared, asked ? SIGTERM : SIGKILL,
				asked ? grace_ms : KILL_WAIT_MS);
		free(entries);
		n = look(remains, spared, waited_for, count, &entries);
	}
	free(entries);
	return n;
}

/* With its leader a session that has a broker ends, which the broker sees to: PAM's session, the display, sockets. */
static void sign_out(const struct remains *remains, int64_t grace_ms)
{
	struct deadline deadline = deadline_in(NULL, grace_ms + BROKER_MS);
	struct pollfd wait = {.fd = hold(&remains->broker), .events = POLLIN};
	int leader = hold(&remains->leader);

	if (leader >= 0) {
		pidfd_send_signal(leader, SIGTERM, NULL, 0);
		close(leader);
	}
	if (wait.fd < 0)
		return;
	deadline_poll(&deadline, &wait, 1);
	close(wait.fd);
}

int ending_processes(const struct remains *remains, const struct process *waited_for, size_t count,
		     int64_t grace_ms, hst_error *err)
{
	size_t left;

	if (!remains->mark[0] || remains->other_boot)
		return HST_OK;
	left = end_all(remains, &remains->xserver, waited_for, count, grace_ms);
	if (!remains->taken) {
		sign_out(remains, grace_ms);
		left = end_all(remains, NULL, waited_for, count, grace_ms);
	}
	if (left > 0)
		return hst_fail_as(
			err, HST_TIMEOUT, "SessionCloseFailed",
			"%zu processes of uid %u outlive SIGKILL: look for them with `ps -u %u`, and at what "
			"they wait for (a network file system that does not answer)",
			left, (unsigned)remains->uid, (unsigned)remains->uid);
	return HST_OK;
}
