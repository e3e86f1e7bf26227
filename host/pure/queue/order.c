#include "pure/queue/order.h"

#include "base/mem.h"

#include <ctype.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 64 };

bool order_before(const struct order_item *a, const struct order_item *b)
{
	if (a->top != b->top)
		return a->top > b->top;
	if (a->high != b->high)
		return a->high;
	return a->seq < b->seq;
}

static bool item_less(const void *a, const void *b)
{
	return order_before(a, b);
}

static void item_moved(void *item, size_t position)
{
	((struct order_item *)item)->position = position;
}

static bool lane_less(const void *a, const void *b)
{
	const struct order_lane *left = a, *right = b;

	return order_before(heap_top(&left->items), heap_top(&right->items));
}

static void lane_moved(void *lane, size_t position)
{
	((struct order_lane *)lane)->position = position;
}

void order_target_init(struct order_target *target, const char *name, bool strict)
{
	target->name = mem_text(name);
	target->strict = strict;
	target->count = 0;
	heap_init(&target->lanes, lane_less, lane_moved);
	table_init(&target->by_key);
	text_init(&target->key, INT_MAX);
}

static void lane_free(struct order_lane *lane)
{
	heap_clear(&lane->items);
	free(lane->key);
	free(lane->user);
	free(lane);
}

void order_target_forget(struct order_target *target)
{
	TABLE_EACH(&target->by_key, entry)
		lane_free(entry->value);
	table_clear(&target->by_key);
}

void order_target_clear(struct order_target *target)
{
	heap_clear(&target->lanes);
	order_target_forget(target);
	text_clear(&target->key);
	free(target->name);
	target->name = NULL;
}

static const char *mode_of(bool attended)
{
	return attended ? "attended" : "unattended";
}

static struct order_lane *lane_of(struct order_target *target, const char *user, bool attended, const struct order_gate *gate)
{
	struct text *key = &target->key;
	struct order_lane *lane;

	text_reset(key);
	text_add(key, user);
	text_add(key, "/");
	text_add(key, mode_of(attended));
	text_add(key, "/");
	text_add(key, gate ? gate->name : "");
	lane = table_get(&target->by_key, key->s);
	if (lane) {
		lane->gate = gate;
		return lane;
	}
	lane = mem_alloc(sizeof *lane);
	lane->target = target;
	lane->key = mem_printf("%s/%s", user, mode_of(attended));
	lane->gate = gate;
	lane->user = mem_text(user);
	lane->user_hash = table_hash(user);
	lane->attended = attended;
	lane->position = HEAP_NOWHERE;
	heap_init(&lane->items, item_less, item_moved);
	table_set(&target->by_key, key->s, lane);
	return lane;
}

/* Puts the lane where its first item belongs among its target's lanes. An empty lane is not among them. */
static void lane_settle(struct order_lane *lane)
{
	struct heap *lanes = &lane->target->lanes;

	if (lane->items.n == 0) {
		if (lane->position != HEAP_NOWHERE)
			heap_remove(lanes, lane->position);
		/* After a long queue its memory is given back. */
		if (lane->items.size > FEW)
			heap_clear(&lane->items);
	} else if (lane->position == HEAP_NOWHERE) {
		heap_push(lanes, lane);
	} else {
		heap_update(lanes, lane->position);
	}
}

void order_add(struct order_target *target, const char *user, bool attended, struct order_item *item)
{
	struct order_lane *lane = lane_of(target, user, attended, item->gate);

	item->lane = lane;
	heap_push(&lane->items, item);
	target->count++;
	lane_settle(lane);
}

void order_remove(struct order_item *item)
{
	struct order_lane *lane = item->lane;

	if (!lane)
		return;
	/* The lanes are compared by their first items, so a lane leaves its heap while it is still comparable. */
	if (lane->items.n == 1) {
		heap_remove(&lane->target->lanes, lane->position);
		lane->position = HEAP_NOWHERE;
	}
	heap_remove(&lane->items, item->position);
	lane->target->count--;
	item->lane = NULL;
	lane_settle(lane);
}

void order_changed(struct order_item *item)
{
	if (!item->lane)
		return;
	heap_update(&item->lane->items, item->position);
	lane_settle(item->lane);
}

/* Walks down the heap only below lanes that may not start: what hangs below one that may is later than it. */
static void first_below(const struct heap *lanes, size_t at, bool (*may)(void *, const struct order_lane *), void *arg,
                        struct order_item **best)
{
	struct order_lane *lane;
	struct order_item *head;

	if (at >= lanes->n)
		return;
	lane = lanes->at[at];
	head = heap_top(&lane->items);
	if (*best && !order_before(head, *best))
		return;
	if (may(arg, lane)) {
		*best = head;
		return;
	}
	first_below(lanes, 2 * at + 1, may, arg, best);
	first_below(lanes, 2 * at + 2, may, arg, best);
}

struct order_item *order_first(const struct order_target *target, bool (*may)(void *, const struct order_lane *), void *arg)
{
	struct order_item *best = NULL;

	if (target->strict) {
		const struct order_lane *lane = heap_top(&target->lanes);

		return lane && may(arg, lane) ? heap_top(&lane->items) : NULL;
	}
	first_below(&target->lanes, 0, may, arg, &best);
	return best;
}

int64_t order_place(const struct order_item *item)
{
	const struct order_target *target = item->lane ? item->lane->target : NULL;
	int64_t before = 0;

	if (!target)
		return 0;
	for (size_t i = 0; i < target->lanes.n; i++) {
		const struct order_lane *lane = target->lanes.at[i];

		for (size_t j = 0; j < lane->items.n; j++)
			if (order_before(lane->items.at[j], item))
				before++;
	}
	return before + 1;
}

char *order_fold_user(const char *user)
{
	const char *start = strrchr(user, '\\');
	char *folded = mem_text(start ? start + 1 : user);

	folded[strcspn(folded, "@")] = '\0';
	for (char *c = folded; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return folded;
}
