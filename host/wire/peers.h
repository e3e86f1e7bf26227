/* Whose key it is, found by the key that was proved. Made from a ring, of which it keeps nothing. */
#ifndef HOST_WIRE_PEERS_H
#define HOST_WIRE_PEERS_H

#include "base/table.h"
#include "wire/keys.h"
#include "wire/messages.h"

struct peer {
	char *name;
	enum speaker speaker;
	unsigned rights;
	enum key_standing standing; /* only KEY_IN may connect, and KEY_INVITED to enrol */
	int64_t until_us;	    /* KEY_INVITED: wall clock */
};

struct peers {
	struct table by_key; /* text of the key to struct peer */
};

void peers_init(struct peers *peers, const struct key_ring *ring);
void peers_clear(struct peers *peers);
const struct peer *peers_find(const struct peers *peers,
			      const char *key_text); /* NULL: unknown, or NULL asked for */

#endif
