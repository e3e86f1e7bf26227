/* Messages as parts of a ZeroMQ multipart message. Sizes are checked before sending, because libzmq would cut
 * the connection. */
#ifndef HOST_WIRE_FRAMES_H
#define HOST_WIRE_FRAMES_H

#include "wire/message.h"

#include <zmq.h>

/* A received multipart message, kept as long as the struct message made from it is used. */
struct frames {
	zmq_msg_t parts[8];
	size_t n;
	bool too_many;
};

/* HST_RETRY: nothing is there. Never blocks. The caller clears frames that it got. */
int frames_receive(void *socket, struct frames *ret, hst_error *err);
void frames_clear(struct frames *frames);

/* `first`: index of the word's part (1 behind a routing id, else 0). The payload points into the frames. */
/* HST_INVALID: it is no message of the list. *ret is then unspecified. */
int frames_decode(const struct frames *frames, size_t first, struct message *ret, hst_error *err);

/* The id of what could not be decoded, 0 when it has none: for the answer that says so. */
uint64_t frames_id(const struct frames *frames, size_t first);

/* `routing` NULL: a DEALER. HST_RETRY: the peer's queue is full; HST_NOT_FOUND: it is gone. */
int frames_send(void *socket, const void *routing, size_t routing_length, const struct message *message,
		hst_error *err);

#endif
