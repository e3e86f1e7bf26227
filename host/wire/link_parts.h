/* What link.c and link_out.c share. Nobody else includes this. */
#ifndef HOST_WIRE_LINK_PARTS_H
#define HOST_WIRE_LINK_PARTS_H

#include "wire/link.h"
#include "wire/parcel.h"
#include "wire/requests.h"

enum link_state { LINK_STARTING, LINK_UP, LINK_DOWN };

struct link {
	struct loop *loop;
	void *zmq;
	char *endpoint, *name;
	struct key_pair self;
	uint8_t host[KEY_BYTES];
	struct link_role role;

	void *socket;
	struct monitor *monitor;
	enum link_state state;
	bool connected;
	bool nobody; /* the last attempt found nobody who listens */
	int strangers; /* attempts in a row that ended in the handshake */
	bool greeted; /* a hello waits in the queue for the next connection */
	bool fresh;   /* the next welcome is the first of its connection */
	bool reopen; /* the key was refused: libzmq was told to stop, so that a new attempt needs a new socket */
	int64_t sent_us, heard_us, asked_us; /* steady; asked 0: nothing is open */
	struct loop_timer *beat;
	int code; /* why it is not up */
	hst_error why;

	uint64_t last_id, hello_id;
	int64_t window;
	struct requests requests;

	struct parcel out;	 /* leaves before the next wait, */
	struct loop_timer *late; /* or then, where nothing in it is in a hurry; NULL: it does not wait */
	struct message reply; /* of link_call */
	char *reply_payload;
	unsigned busy; /* callbacks under way; freed from within them: the memory goes when they return */
	bool freed;
};

/* link_out.c: what is sent waits in the parcel. */
void link_flush(void *arg); /* sends what waits and is in a hurry; before every wait */
int link_flush_now(struct link *link, hst_error *err);
int link_put(struct link *link, const struct message *message, hst_error *err); /* whatever state the link is in */

#endif
