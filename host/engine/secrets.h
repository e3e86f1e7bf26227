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

/* Rule R29: the serial of a connection's password as it is now; 0: it has none, or none that can be used. */
int64_t secrets_serial(struct engine *engine, const char *connection);

/* Of the password that this step was offered with, so that a block knows which one has failed. */
int64_t secrets_failed(struct engine *engine, const struct step *step);

/* Blocked connections whose password has been sealed again since it failed are tried again: now, and every few seconds
 * while one is blocked. */
void secrets_look(struct engine *engine);

void secrets_clear(struct engine *engine);

#endif
