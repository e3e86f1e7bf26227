/* Sockets with every option set that must not be left to libzmq's defaults; the defaults are in brackets in
 * socket.c. */
#ifndef HOST_WIRE_SOCKET_H
#define HOST_WIRE_SOCKET_H

#include "wire/keys.h"

/*
 * The window that the host grants, in requests that have no answer yet, and what may wait in one direction of
 * one connection, in messages: more, because other messages go the same way and libzmq tells a sender late
 * what was taken.
 */
enum { SOCKET_WINDOW = 1000, SOCKET_QUEUE = 2 * SOCKET_WINDOW };

/* `server` NULL: this end is the CURVE server (bind), else the server's public key (connect). HST_BROKEN. */
int socket_new(void *zmq, int type, const struct key_pair *self, const uint8_t *server, void **ret,
	       hst_error *err);

/* What was sent may still leave within `linger_ms`; it is zmq_ctx_term that waits. NULL is fine. */
void socket_close(void *socket, int linger_ms);

#endif
