/*
 * The host's end of the wire: one ROUTER, bound at ipc:// and tcp:// endpoints, CURVE on each, and the ZAP
 * handler that admits only keys of the ring. Who a peer is comes from the key it proved (User-Id), never from
 * a routing id or a field. Every message is checked against the list (messages.h): sender, right, members,
 * size. What does not pass is answered with `error` where it can be, counted, and logged once per peer and
 * cause.
 *
 * A link leaves when a message cannot be sent to it, when its key is taken from the ring, when a newer
 * connection of the same worker says hello, and when a gateway was not heard of for 15 s. A link
 * that is silent is sent a `done` with id 0 now and then, which finds out about connections that have ended.
 * A worker may be silent for long: it may be busy in a plugin.
 *
 * Two connections of one gateway are either one that came back, or two that have the same key. The older is asked
 * whether it is there (`alive`): when it answers, the newer is refused with GatewayCloned; when it does not within 3 s,
 * or its connection has ended, the newer takes its place.
 */
#ifndef HOST_WIRE_HUB_H
#define HOST_WIRE_HUB_H

#include "loop/loop.h"
#include "wire/keys.h"
#include "wire/message.h"

#include <stdbool.h>

struct hub;

/* One live connection of a peer. A peer may have several (an operator's terminals). Owned by the hub, valid
 * until `left`. */
struct hub_link {
	const char *name;     /* "operator/felix", "worker/connector/orders", "gateway/ts-01" */
	enum speaker speaker; /* from the first part of the name */
	unsigned rights;
	uint64_t number; /* of this connection, never reused */
	char address[64]; /* of the other machine; "" on this one */
	int64_t since_us; /* wall clock */
	bool retired;	 /* hub_retire */
	void *role;	 /* the role's own; NULL at first */
};

struct hub_handler {
	enum word word;
	void (*handle)(void *arg, struct hub_link *from, const struct message *message);
};

struct hub_role {
	const struct hub_handler *handlers; /* ends with WORD_NONE; words without a handler are refused */
	void (*joined)(void *arg, struct hub_link *link); /* after hello was answered */
	void (*left)(void *arg, struct hub_link *link);	  /* it sends no more; the link is freed afterwards */
	/* Who proves the key of an invitation says `enrol`. HST_OK: it was let in, and the ring knows it now. NULL: nobody is. */
	int (*enrol)(void *arg, const char *invited, const char *address, const struct message *enrol, hst_error *err);
	/* Who has, or had, the key of this gateway was refused, with GatewayCloned or GatewayRevoked. NULL: nobody asks. */
	void (*turned_away)(void *arg, const char *name, const char *reason, const char *address);
	void *arg;
};

struct hub_counts {
	uint64_t received, sent, refused_keys, malformed, denied, undeliverable;
};

/* `ring` is read here and by hub_ring_changed, and must live on. One hub per ZeroMQ context: it is the one
 * that answers ZAP. */
int hub_new(struct loop *loop, void *zmq, const struct key_ring *ring, const struct hub_role *role,
	    struct hub **ret, hst_error *err);
void hub_free(struct hub *hub); /* links end without `left`; not from a handler. What was sent has 200 ms to
				   leave, in zmq_ctx_term */

/* After the ring has changed. Links of a key that has gone are told why and leave in the next turn; rights hold from the
 * next message on. */
void hub_ring_changed(struct hub *hub);

/* ipc paths: the socket is made with mode 0660 of the process's group; a path over 100 bytes is HST_INVALID.
 */
int hub_bind(struct hub *hub, const char *endpoint, hst_error *err);

/* What was bound last, with the port that stands for "tcp://127.0.0.1:*". Lives until the next bind. */
const char *hub_endpoint(const struct hub *hub);

/* Sent before the loop waits again, with what else there is for this peer. False: the message is over its size, which is
 * logged, or the peer is known to be gone. A peer that turns out to be gone or too slow leaves in the next turn. Valid for a
 * link that is about to leave: then nothing is sent. */
bool hub_send(struct hub *hub, struct hub_link *to, const struct message *message);

/* Between these two nothing leaves that hub_send is given: it leaves before the next wait that follows. */
void hub_hold(struct hub *hub);
void hub_release(struct hub *hub);

/* The links of this name give it up, to whoever says hello under it next. They finish what they are at: what they say is
 * heard as before, but hub_next finds them no more. */
void hub_retire(struct hub *hub, const char *name);

/* The links of a name, one after the other: start with NULL. */
struct hub_link *hub_next(struct hub *hub, const char *name, struct hub_link *after);

/* Reads at most this many messages per turn, so that timers and commits are never starved; default 1,000. */
void hub_limit(struct hub *hub, size_t messages_per_turn);

const struct hub_counts *hub_counts(const struct hub *hub);

#endif
