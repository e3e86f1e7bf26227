/*
 * The one order of everything that waits for a device: (top, priority, seq). Items wait in lanes, one per (target, user,
 * mode, gate); a lane is a heap of its items, a target a heap of its lanes by their first item. So the first item that a
 * device may take is found without looking at every item, and any item can leave at once.
 *
 * Pure memory; a lane stays when its last item leaves, since the next one is of the same few users. An item is embedded in
 * whatever waits.
 */
#ifndef HOST_PURE_QUEUE_ORDER_H
#define HOST_PURE_QUEUE_ORDER_H

#include "base/heap.h"
#include "base/table.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct order_lane;

/* What all items of one connection pass, whatever their target. While it is shut none of its lanes may start. */
struct order_gate {
	char *name;
	const char *shut; /* a reason code; NULL: open */
	char *text;       /* the sentence for it, or NULL */
	bool passing;     /* it is shut only until somebody has passed, which other obstacles say better */
};

struct order_item {
	int64_t top; /* 0: not moved to the top; else the greater the later it was moved, and the earlier it starts */
	bool high;   /* priority */
	int64_t seq; /* given when it became ready, kept through refusals */
	const struct order_gate *gate; /* NULL: none; set before it is added, and it outlives the waiting */
	struct order_lane *lane; /* NULL: it does not wait */
	size_t position;
};

struct order_target {
	char *name; /* "cluster:finance" */
	struct heap lanes; /* those with items */
	struct table by_key; /* "user/unattended/gate" -> struct order_lane */
	struct text key;     /* that is looked for */
	bool strict; /* its first item holds up the others (DESIGN: strict_order) */
	size_t count;
};

struct order_lane {
	struct order_target *target;
	char *key;      /* "user/unattended", as devices refuse it */
	const struct order_gate *gate; /* NULL: none */
	char *user; /* folded */
	uint64_t user_hash; /* as tables have it: every device of the target is asked for it */
	bool attended;
	struct heap items;
	size_t position;
};

void order_target_init(struct order_target *target, const char *name, bool strict);
void order_target_clear(struct order_target *target); /* items must have left */
void order_target_forget(struct order_target *target); /* its lanes, while nothing waits in them */

bool order_before(const struct order_item *a, const struct order_item *b);
void order_add(struct order_target *target, const char *user, bool attended, struct order_item *item);
void order_remove(struct order_item *item); /* fine when it does not wait */
void order_changed(struct order_item *item); /* after top, high or seq has changed */

/* The first item of the target whose lane passes `may`; NULL: none. With `strict` only the very first item is asked. */
struct order_item *order_first(const struct order_target *target, bool (*may)(void *arg, const struct order_lane *lane), void *arg);

/* Its place among the waiting of its target, counted from 1; 0: it does not wait. Looks at all of them. */
int64_t order_place(const struct order_item *item);

/* "DOMAIN\\Bot1", "bot1@domain" and "bot1" are all "bot1": users that may be the same are kept apart, never joined. Caller frees. */
char *order_fold_user(const char *user);

#endif
