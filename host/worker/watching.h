/*
 * A trigger's own wish to be woken: asks `watch` after open and after every `ready`, waits for its descriptor and its
 * time, and calls `ready`. A `ready` that fails is asked again after a pause that doubles from 1 s to 60 s.
 * While it fails the host is told why, so that it can say why the trigger fires nothing.
 * When the wall clock was set back, `ready` is called within a minute, since the time that was wished for may be far off.
 */
#ifndef HOST_WORKER_WATCHING_H
#define HOST_WORKER_WATCHING_H

#include "worker/services.h"

#include <hostler/trigger.h>

struct plugin_instance;

struct watching {
	struct loop *loop;
	struct services *services;
	struct plugin_instance *instance;
	int fd; /* watched now; -1: none */
	struct loop_timer *timer;
	int64_t at_us; /* wall clock; 0: none */
	int64_t armed_us; /* when the timer was last set; an earlier time since then is a clock that was set back */
	int64_t pause_ms;
	int64_t failing_us; /* wall clock: since when it fails; 0: it does not */
	bool due;
	bool broken;
};

void watching_init(struct watching *watching, struct loop *loop, struct services *services,
                   struct plugin_instance *instance);
void watching_ask(struct watching *watching); /* the op `watch`; also the beginning */
void watching_end(struct watching *watching);

/* Calls `ready` when it is due. False: it was not. */
bool watching_work(struct watching *watching);

#endif
