/*
 * Descriptors by the hundred. They wait in an epoll set, of which a loop watches one descriptor: a wait costs what is
 * ready, and not what is there. For loop.c alone, which says what callbacks may do (loop/loop.h).
 */
#ifndef HOST_LOOP_CROWD_H
#define HOST_LOOP_CROWD_H

#include <stdbool.h>

struct crowd;

struct crowd *crowd_new(void); /* NULL: the system has no room for one */
void crowd_free(struct crowd *crowd); /* NULL is fine */

int crowd_descriptor(const struct crowd *crowd); /* readable when something in it is ready */

/* As loop_fd. False: this descriptor is not, or cannot be, in the crowd, as a file cannot. */
bool crowd_watch(struct crowd *crowd, int fd, short events, void (*call)(void *arg, int fd, short ready), void *arg);

/* Calls for what is ready now, or for some of it; the rest stays ready. */
void crowd_serve(struct crowd *crowd);

#endif
