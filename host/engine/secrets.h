/*
 * Named secrets as they lie sealed beside the configuration. A file is looked at each time its secret is wanted, and read
 * again once it has changed, so that a secret that was sealed again is what the next call or offer gets. Nothing here can
 * open one.
 */
#ifndef HOST_ENGINE_SECRETS_H
#define HOST_ENGINE_SECRETS_H

#include "engine/engine.h"

#include <stdint.h>

struct secret_envelope {
	const void *bytes; /* until the same secret is asked for again */
	size_t length;
	int64_t serial;
};

/* HST_DENIED with the reason SecretUnusable, the file and the remedy: it is not there, or not as it must be. */
int secrets_get(struct engine *engine, const char *name, struct secret_envelope *ret, hst_error *err);

/*
 * Rule R29: what a connection's password was when it was last offered, so that a block knows which one has failed.
 * secrets_failed is 0 for a connection without a password.
 */
void secrets_offered(struct engine *engine, const char *connection, int64_t serial);
int64_t secrets_failed(struct engine *engine, const char *connection);

/* Blocked connections whose password has been sealed again since it failed are tried again: now, and every few seconds
 * while one is blocked. */
void secrets_look(struct engine *engine);

void secrets_clear(struct engine *engine);

#endif
