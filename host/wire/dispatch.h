/* Which handler gets a message: the list of messages says who may send it and with which right, the role has
 * the rest. */
#ifndef HOST_WIRE_DISPATCH_H
#define HOST_WIRE_DISPATCH_H

#include "wire/hub.h"

typedef void (*dispatch_handle)(void *arg, struct hub_link *from, const struct message *message);

struct dispatch {
	dispatch_handle by_word[WORD_COUNT];
};

void dispatch_init(struct dispatch *dispatch, const struct hub_handler *handlers);

/* HST_DENIED: not this peer's to say, or a right is missing. HST_INVALID: nobody handles it here. */
int dispatch_find(const struct dispatch *dispatch, const struct hub_link *from, enum word word,
		  dispatch_handle *ret, hst_error *err);

#endif
