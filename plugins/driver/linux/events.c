#include "events.h"

#include "leftovers.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

static void look_at(const struct events *events, int fd)
{
	struct epoll_event wanted = {.events = EPOLLIN};

	if (fd >= 0)
		epoll_ctl(events->fd, EPOLL_CTL_ADD, fd, &wanted);
}

void events_init(struct events *events)
{
	*events = (struct events){.fd = -1, .folder = -1};
}

static void forget_servers(struct events *events)
{
	for (size_t i = 0; i < events->n; i++)
		if (events->ends[i] >= 0)
			close(events->ends[i]);
	events->n = 0;
}

void events_clear(struct events *events)
{
	forget_servers(events);
	if (events->folder >= 0)
		close(events->folder);
	if (events->fd >= 0)
		close(events->fd);
	events_init(events);
}

/* The folder is made by the first X server of a machine, and may be made anew. */
static void watch_folder(struct events *events)
{
	events->folder = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (events->folder >= 0 && inotify_add_watch(events->folder, LEFTOVERS_SOCKETS,
						     IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR) < 0) {
		close(events->folder);
		events->folder = -1;
	}
	look_at(events, events->folder);
}

void events_begin(struct events *events)
{
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t n;

	if (events->fd < 0)
		events->fd = epoll_create1(EPOLL_CLOEXEC);
	if (events->fd < 0)
		return;
	while (events->folder >= 0 && (n = read(events->folder, buffer, sizeof buffer)) > 0) {
		const struct inotify_event *last = (const struct inotify_event *)(const void *)buffer;

		for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof *last + last->len)) {
			last = (const struct inotify_event *)(const void *)(buffer + at);
			if (!(last->mask & (IN_IGNORED | IN_DELETE_SELF)))
				continue;
			close(events->folder);
			events->folder = -1;
			break;
		}
		if (events->folder < 0)
			break;
	}
	if (events->folder < 0)
		watch_folder(events);
}

static pid_t server_of(const hst_session *session)
{
	const char *last = strrchr(session->id, ':');
	long pid = last ? strtol(last + 1, NULL, 10) : 0;

	return pid > 0 && pid < INT_MAX ? (pid_t)pid : 0;
}

static bool are_the_same(const struct events *events, const hst_session *sessions, size_t n)
{
	if (n != events->n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (events->servers[i] != server_of(&sessions[i]))
			return false;
	return true;
}

void events_follow(struct events *events, const hst_session *sessions, size_t n)
{
	/* Without a descriptor, or with too many to follow, there is nothing but to look. */
	events->often = events->fd < 0 || events->folder < 0 || n > EVENTS_SERVERS_MAX;
	for (size_t i = 0; i < n; i++)
		events->often |= !sessions[i].ours;
	if (events->fd < 0 || are_the_same(events, sessions, n))
		return;
	forget_servers(events);
	for (size_t i = 0; i < n && i < EVENTS_SERVERS_MAX; i++) {
		pid_t pid = server_of(&sessions[i]);

		events->servers[i] = pid;
		events->ends[i] = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
		look_at(events, events->ends[i]);
		events->n++;
	}
}
