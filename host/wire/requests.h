/* The requests of a link that have no reply yet, found by their id. Each is called back exactly once. */
#ifndef HOST_WIRE_REQUESTS_H
#define HOST_WIRE_REQUESTS_H

#include "wire/link.h"

struct requests {
	struct loop *loop;
	struct request *by_id[256]; /* chains */
	size_t n;
	struct loop_timer *timer; /* at the time of the first that is due, or of one that has its answer; NULL: none waits */
	int64_t timer_us;
};

void requests_init(struct requests *requests, struct loop *loop);
void requests_clear(struct requests *requests); /* calls each back with NULL */
void requests_add(struct requests *requests, enum word word, uint64_t id, int64_t timeout_ms,
		  link_reply reply, void *arg);
void requests_forget(struct requests *requests, uint64_t id); /* without a call */

/* The connection has ended: whether those that were sent are answered is not known. */
void requests_doubt(struct requests *requests);

/* The next connection is there. What was in doubt will not be answered any more: each is called back with NULL. */
void requests_lost(struct requests *requests);

/* As that, of one that is known not to have been taken. */
void requests_unheard(struct requests *requests, uint64_t id);

/* True: it was waited for, and is called back. A word that is not the reply of the list to that request is
 * not. */
bool requests_answer(struct requests *requests, const struct message *reply);

#endif
