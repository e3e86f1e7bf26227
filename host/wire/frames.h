/* Parcels as ZeroMQ messages of one part, behind a routing id at a ROUTER. Sizes are checked before sending, because
 * libzmq would cut the connection. */
#ifndef HOST_WIRE_FRAMES_H
#define HOST_WIRE_FRAMES_H

#include "wire/parcel.h"

#include <zmq.h>

/* A received multipart message, kept as long as what was read from it is used. */
struct frames {
	zmq_msg_t parts[2];
	size_t n;
	bool too_many;
};

/* HST_RETRY: nothing is there. Never blocks. The caller clears frames that it got. */
int frames_receive(void *socket, struct frames *ret, hst_error *err);
void frames_clear(struct frames *frames);

/* `first`: index of the parcel's part (1 behind a routing id, else 0). *ret borrows the bytes and is not cleared.
 * HST_INVALID: that is not how a message looks. */
int frames_open(const struct frames *frames, size_t first, struct parcel *ret, hst_error *err);

/* `routing` NULL: a DEALER. Takes what is left in the parcel, some portions of it (parcel_portion) also when it
 * fails. HST_RETRY: the peer's queue is full; HST_NOT_FOUND: it is gone. */
int frames_send(void *socket, const void *routing, size_t routing_length, struct parcel *parcel, hst_error *err);

/* One message at once, as a parcel of its own. */
int frames_send_message(void *socket, const void *routing, size_t routing_length, const struct message *message, hst_error *err);

#endif
