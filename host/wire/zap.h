/*
 * The handler of ZAP (ZeroMQ RFC 27): libzmq asks it about every key before a connection to a CURVE server is
 * made. It must be there before the first bind, because without it libzmq admits every key.
 */
#ifndef HOST_WIRE_ZAP_H
#define HOST_WIRE_ZAP_H

#include "loop/loop.h"
#include "wire/keys.h"

struct zap;

struct zap_role {
	bool (*known)(void *arg, const char *key_text);
	void (*refused)(void *arg, const char *address, const char *cause);
	void *arg;
};

/* User-Id of an admitted connection is the text of its key. HST_BROKEN: the address is taken in this context.
 */
int zap_new(struct loop *loop, void *zmq, const struct zap_role *role, struct zap **ret, hst_error *err);
void zap_free(struct zap *zap);

#endif
