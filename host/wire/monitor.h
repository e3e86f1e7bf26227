/* What libzmq tells about the one connection of a DEALER, as far as a link can do something about it. */
#ifndef HOST_WIRE_MONITOR_H
#define HOST_WIRE_MONITOR_H

#include "loop/loop.h"

#include <hostler/error.h>

enum monitor_event {
	MONITOR_REACHED,     /* somebody listens there */
	MONITOR_CONNECTED,   /* the handshake has succeeded */
	MONITOR_BROKEN,	     /* the connection has ended, or its handshake has failed */
	MONITOR_NOBODY,	     /* nobody listens there; libzmq tries again by itself */
	MONITOR_KEY_REFUSED, /* the other side does not know our key */
	MONITOR_NOT_HOST,    /* the other side ended the handshake: it has not the key we expect, or is no host */
	MONITOR_SILENT,	     /* the other side listens and does not answer */
};

struct monitor;

/* Before the socket is connected. To be freed before the socket is closed. */
int monitor_new(struct loop *loop, void *zmq, void *socket,
		void (*happened)(void *arg, enum monitor_event event), void *arg, struct monitor **ret,
		hst_error *err);

/* Tells at once what there is to tell, without waiting for the loop. */
void monitor_read(struct monitor *monitor);

void monitor_free(struct monitor *monitor);

#endif
