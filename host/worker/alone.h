/*
 * The services of a worker without an engine, for `try` and `test`: events go to a function instead, states are kept in
 * memory for as long as the process lives, and time can be set.
 */
#ifndef HOST_WORKER_ALONE_H
#define HOST_WORKER_ALONE_H

#include "worker/services.h"

struct alone {
	struct services services; /* first: a plugin's hst_host is the whole of it */
	struct table kept;	  /* name -> struct alone_state */
	int64_t now_us;		  /* wall clock that the plugin sees; 0: the real one */

	/* Each event as {"key","values"}, whose memory is gone afterwards. What it returns is what emit returns. */
	int (*event)(void *arg, const hst_value *event, hst_error *err);
	void *arg;
};

/* `instance` must live on. */
void alone_init(struct alone *alone, const hst_plugin *plugin, const char *instance, hst_arena *arena);
void alone_clear(struct alone *alone);

#endif
