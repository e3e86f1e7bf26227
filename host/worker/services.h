/*
 * What the host hands a plugin in a worker process: the functions behind hst_host. A service that this process cannot
 * give (no engine in `try` and `describe`, no notes outside drivers) fails with a sentence that says so.
 */
#ifndef HOST_WORKER_SERVICES_H
#define HOST_WORKER_SERVICES_H

#include "base/table.h"
#include "loop/loop.h"
#include "wire/link.h"
#include "worker/call_files.h"

#include <hostler/plugin.h>

enum { STATE_BYTES_MAX = 64 << 10, STATES_PENDING_MAX = 64, EVENTS_PER_EMIT_MAX = 1000, PASSED_PER_EMIT_MAX = 16 };

struct vault;

struct services {
	hst_host host; /* first: a plugin's hst_host is the services it belongs to */
	const hst_plugin *plugin;
	void (*log)(hst_host *host, hst_level level, const char *text); /* of the plain host */
	hst_fields event; /* of triggers: of this instance */
	struct loop *loop; /* NULL: nothing is waited for */
	struct link *link; /* NULL: there is no engine */
	struct vault *vault; /* NULL: nothing can be sealed or opened */
	struct told *told; /* NULL: nobody waits for signs of life */
	bool ending;       /* the process was asked to end: calls are cancelled */
	struct service_call *current; /* the call at work; NULL: none */
	struct call_files files;
	struct table states; /* put since the last emit: name -> struct kept_state */
};

/* One call of an op, with what the worker must know of it. */
struct service_call {
	hst_call call; /* first, for the same reason */
	bool cancelled;
	bool sealed; /* it was given something that came sealed */
	int64_t looked_us;
};

/* `instance` must live on. */
void services_init(struct services *services, const hst_plugin *plugin, const char *instance, hst_arena *arena);
void services_clear(struct services *services);

/* Before anything of the plugin's runs: what it logs, and the secrets it makes, are seen to by desktop/masking.h. */
void services_mask(struct services *services);

/* Asks the engine and waits; HST_RETRY: it is away. The reply is there until the next message is read. */
int services_ask(struct services *services, struct message *message, const struct message **ret, hst_error *err);

/* Around every op: makes its call, whose memory goes to the arena; `timeout_ms` 0: no deadline. One at a time. */
void services_begin(struct services *services, struct service_call *call, hst_arena *arena, int64_t timeout_ms);
void services_done(struct services *services);

#endif
