/*
 * What the engine asks of this worker: `fire` (a press), `next`, `call` (an action) and `cancel`. Requests are taken in at any
 * time, also while an op turns the loop, and worked off one after the other in the order they came.
 */
#ifndef HOST_WORKER_CALLS_H
#define HOST_WORKER_CALLS_H

#include "wire/message.h"
#include "worker/services.h"

#include <hostler/plugin.h>

struct plugin_instance;
struct request;
struct vault;

enum { REQUESTS_MAX = 256 };

struct calls {
	struct services *services;
	struct vault *vault;
	struct plugin_instance *instance;
	const hst_shape *shape; /* event, and for instances that configure them inputs and outputs */
	bool shaped;
	struct request *first, *last; /* waiting */
	size_t waiting;
	struct request *now; /* at work */
	hst_arena *arena;    /* of the call at work; NULL: there was none yet */
	bool broken; /* the plugin said that it can do no further work */
};

void calls_clear(struct calls *calls);

/* A message of the engine's. Copies what it needs, answers what is no work at once. */
void calls_take(struct calls *calls, const struct message *message);

/* Does the first waiting request. False: there was none. */
bool calls_work(struct calls *calls);

#endif
