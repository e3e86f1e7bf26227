/*
 * The handler of ZAP (ZeroMQ RFC 27): libzmq asks it about every key before a connection to a CURVE server is
 * made. It must be there before the first bind, because without it libzmq admits every key.
 */
#ifndef HOST_WIRE_ZAP_H
#define HOST_WIRE_ZAP_H

#include "loop/loop.h"
#include "wire/keys.h"

struct zap;

enum { ZAP_CAUSE_BYTES = 200 };

struct zap_role {
	/* False: with the cause, and whose the key was until it was taken away ("" at first). */
	bool (*admits)(void *arg, const char *key_text, char cause[ZAP_CAUSE_BYTES], char revoked[ZAP_CAUSE_BYTES]);
	void (*refused)(void *arg, const char *address, const char *revoked, const char *cause);
	void *arg;
};

/* An address as people know it: one of IPv4 that came over a socket for both is not dressed as IPv6. "" for NULL. */
const char *zap_address(const char *address);

/* User-Id of an admitted connection is the text of its key. HST_BROKEN: the address is taken in this context.
 */
int zap_new(struct loop *loop, void *zmq, const struct zap_role *role, struct zap **ret, hst_error *err);
void zap_free(struct zap *zap);

#endif
