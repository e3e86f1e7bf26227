/*
 * Messages over a socketpair between gateway and session process, one behind the other (parcel.h). No ZeroMQ.
 * Sending never blocks: what the peer does not take is kept, up to 4 MiB.
 */
#ifndef HOST_WIRE_STREAM_H
#define HOST_WIRE_STREAM_H

#include "loop/loop.h"
#include "wire/message.h"

struct stream;

struct stream_role {
	enum speaker peer; /* what the other side is: its words are checked against the list */
	void (*message)(void *arg, struct stream *stream, const struct message *message);
	void (*ended)(void *arg, struct stream *stream,
		      const hst_error *why); /* end-of-file or a malformed message; called once */
	void *arg;
};

/* Freeing the stream is allowed in both callbacks; the message is valid until its callback returns. */
struct stream *stream_new(struct loop *loop, int fd_take, const struct stream_role *role);
void stream_free(struct stream *stream); /* closes the descriptor */

/* HST_INVALID: the message itself is wrong; HST_RETRY: 4 MiB wait already; HST_NOT_FOUND: the other side is
 * gone, and `ended` is called in a later turn. */
int stream_send(struct stream *stream, const struct message *message, hst_error *err);

#endif
