/* What hub.c and entering.c share. Nobody else includes this. */
#ifndef HOST_WIRE_HUB_PARTS_H
#define HOST_WIRE_HUB_PARTS_H

#include "wire/connections.h"
#include "wire/dispatch.h"
#include "wire/refusals.h"
#include "wire/zap.h"

struct hub {
	struct loop *loop;
	const struct key_ring *ring;
	struct hub_role role;
	struct peers peers;
	struct dispatch dispatch;
	struct connections connections;
	struct refusals refusals;
	struct zap *zap;
	void *socket;
	struct loop_timer *reaping;
	struct connection **sending; /* those that have something to be sent before the next wait; NULL: it has ended */
	size_t sending_count, sending_room;
	bool held; /* they wait for hub_release */
	size_t limit;
	bool behind; /* the last turn ended at the limit, so silence proves nothing */
	uint64_t last_question;
	struct hub_counts counts;
	char endpoint[256];
};

/* Where a message came from: valid while it is handled. */
struct hub_source {
	const unsigned char *routing;
	const char *key;
	const char *address; /* "" on this machine */
};

/* At once, and behind what waits for this connection. */
int hub_put(struct hub *hub, const unsigned char routing[ROUTING_BYTES], const struct message *message, hst_error *err);
/* hub_out.c: what is said waits in the connection's parcel. */
void hub_flush(void *arg);				     /* sends what waits; before every wait */
void hub_out_end(struct hub *hub, struct connection *connection); /* sends what waits for one that is about to go */

void hub_leave(struct hub *hub, struct connection *connection); /* in the next turn: handlers hold links */
void hub_unheard(struct hub *hub, struct connection *connection); /* likewise, of one whose peer has ended it */
void hub_end(struct hub *hub, struct connection *connection);	/* now */

/* Answers with `error`, but never an answer: two who find each other's answers wrong would not come to an end. */
void hub_refuse(struct hub *hub, const unsigned char *routing, const char *peer, enum word word, uint64_t id, int code,
		const hst_error *why);

/* Starts looking at a connection's silence. */
void hub_watch_connection(struct hub *hub, struct connection *connection);

/* entering.c: `connection` NULL: it has not said hello before. */
void entering_hello(struct hub *hub, struct connection *connection, const struct hub_source *from, const struct peer *peer,
		    const struct message *hello);
void entering_enrol(struct hub *hub, const struct hub_source *from, const struct peer *peer, const struct message *enrol);

/* A connection says `done`. True: it is the answer to whether it is there, and who waited for its place was refused. */
bool entering_answered(struct hub *hub, struct connection *older, uint64_t question);

/* Takes the one that waits for this connection's place out of it; freed by entering_succeed or entering_forget. */
struct rival *entering_rival(struct hub *hub, struct connection *older);
void entering_succeed(struct hub *hub, struct rival *rival); /* NULL: nobody waited */

#endif
