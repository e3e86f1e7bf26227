/* The live connections of a hub, found by routing id and by name. */
#ifndef HOST_WIRE_CONNECTIONS_H
#define HOST_WIRE_CONNECTIONS_H

#include "base/table.h"
#include "wire/hub.h"
#include "wire/parcel.h"
#include "wire/peers.h"

/* libzmq makes routing ids of five bytes that begin with 0. Others are chosen by the peer and refused. */
enum { ROUTING_BYTES = 5 };

struct rival;

struct connection {
	struct hub_link link; /* first: a link is its connection */
	struct hub *hub;
	unsigned char routing[ROUTING_BYTES];
	char key[KEY_TEXT];	 /* what it proved when it said hello */
	struct connection *next; /* of the same name, by number */
	struct loop_timer *watch;
	int64_t heard_us, patience_us; /* steady; how long until the next look at its silence */
	bool joined, leaving;
	bool gone; /* nobody hears it any more; what it said before is heard to its end */
	struct rival *rival; /* a newer one of the same gateway, while this one is asked whether it is there */
	uint64_t question;   /* the id of that question; 0: none is open */
	struct parcel out;   /* sent before the next wait, or when it has grown */
};

struct connections {
	uint64_t changes; /* how often who is there has changed */
	struct table by_routing; /* to struct connection */
	struct table by_name;	 /* to the first of that name */
	uint64_t last_number;
};

void connections_init(struct connections *connections);
void connections_clear(struct connections *connections); /* frees them all */
struct connection *connections_find(const struct connections *connections,
				    const unsigned char routing[ROUTING_BYTES]);
struct connection *connections_first(const struct connections *connections, const char *name);
struct connection *connections_add(struct connections *connections,
				   const unsigned char routing[ROUTING_BYTES], const struct peer *peer,
				   const char *key);
void connections_unname(struct connections *connections, struct connection *connection); /* not found by name any more */
void connections_remove(struct connections *connections, struct connection *connection); /* frees it */

#endif
