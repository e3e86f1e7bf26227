/*
 * A peer's end of the wire: one DEALER to the host, CURVE, `hello` first. ZeroMQ reconnects by itself; after
 * a break `hello` is said again. Requests have ids; replies find their callback by id. The ids of a link have
 * their highest bit set and those of the host have not, so that the two never meet.
 *
 * A link says `hello` also when it has sent nothing for 5 s, so that both ends hear of each other. What was
 * sent when a connection broke may be lost: who sent it repeats it, and what it asks for is done once. A request that
 * was under way then is over, unanswered, as soon as the next connection is there.
 */
#ifndef HOST_WIRE_LINK_H
#define HOST_WIRE_LINK_H

#include "loop/loop.h"
#include "wire/keys.h"
#include "wire/message.h"

struct link;

struct link_role {
	void (*up)(void *arg); /* a new connection was welcomed: at the start and, also without `down`, after
				  every break */
	void (*down)(void *arg); /* nothing was heard for 15 s although asked, or the host refused: link_why
				    says it */
	void (*message)(void *arg, const struct message *message); /* what is no reply to a request */
	void *arg;
};

/* Called once: with the reply (an `error` too), or with NULL when `timeout_ms` passed, the connection broke and another is
 * there, or the link was freed. */
typedef void (*link_reply)(void *arg, const struct message *reply);

/* Says hello at once; what is sent before the welcome follows behind it. Takes its keys out of the ring and
 * keeps none of it. */
int link_new(struct loop *loop, void *zmq, const char *endpoint, const struct key_ring *ring,
	     const struct link_role *role, struct link **ret, hst_error *err);
void link_free(struct link *link); /* allowed in callbacks, but not during link_call */

/* Something has changed for which it was refused, or the host is there now: it tries again at once. */
void link_hurry(struct link *link);

/* Why it is not up, as an error of that code; HST_OK while it is. */
int link_why(const struct link *link, hst_error *err);

/* Whether the last attempt to connect found nobody who listens; one that hangs listens, and says nothing. */
bool link_nobody(const struct link *link);

/* When the host was heard last (steady); 0: never. */
int64_t link_heard_us(const struct link *link);

/* Sends without expecting a reply (the message's id is sent as it is: used for replies too). HST_RETRY: down,
 * or the queue is full. */
int link_send(struct link *link, const struct message *message, hst_error *err);

/* As link_send, for news that nobody waits for: it leaves together with what is sent next, and at the latest after 5 ms. */
int link_send_soon(struct link *link, const struct message *message, hst_error *err);

/* Sends with an id of the link's own and calls back. HST_RETRY also when the host's window of unanswered
 * requests is full. */
int link_request(struct link *link, struct message *message, int64_t timeout_ms, link_reply reply, void *arg,
		 hst_error *err);

/* For programs that do one thing at a time: turns the loop until the reply is there. *ret lives until the
 * next call. HST_TIMEOUT, what link_why says when the host refuses, or what an `error` that came as the reply
 * says. */
int link_call(struct link *link, struct message *message, int64_t timeout_ms, const struct message **ret,
	      hst_error *err);

#endif
