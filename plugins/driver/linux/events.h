/*
 * When it is worth listing the sessions again. A display comes and goes with its socket, and an X server that is killed leaves
 * the socket behind: one descriptor that becomes readable for either. Whether a screen is locked, nobody tells everybody: while
 * people have sessions they are looked at often.
 */
#ifndef LINUX_EVENTS_H
#define LINUX_EVENTS_H

#include <hostler/session.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { EVENTS_SERVERS_MAX = 256 };

struct events {
	int fd, folder; /* -1: cannot be had */
	pid_t servers[EVENTS_SERVERS_MAX];
	int ends[EVENTS_SERVERS_MAX]; /* of those, each readable once it has ended */
	size_t n;
	bool often;
};

void events_init(struct events *events);
void events_clear(struct events *events);

/* Before a list: what happens from now on is news. */
void events_begin(struct events *events);

/* After it: these are there, their ids end with the process of their X server. */
void events_follow(struct events *events, const hst_session *sessions, size_t n);

#endif
