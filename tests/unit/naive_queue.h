/*
 * What the queue has to be, written down so plainly that it can be seen to be right: one list of everything that
 * waits, sorted again for every question and walked from its first item to its last. It shares no code with
 * pure/queue and knows users by number, not by name.
 */
#ifndef TESTS_UNIT_NAIVE_QUEUE_H
#define TESTS_UNIT_NAIVE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAIVE_ITEMS = 90, NAIVE_DEVICES = 6, NAIVE_TARGETS = 11, NAIVE_USERS = 7 };

enum naive_place { NAIVE_NOWHERE, NAIVE_WAITS, NAIVE_PLACED };

struct naive_item {
	enum naive_place where;
	int64_t top, seq;
	bool high, attended;
	size_t target, user;
	size_t device; /* when placed */
};

struct naive_refusal {
	bool given;
	int64_t revision;
};

struct naive_device {
	bool known, online, drained;
	int64_t slots, revision;
	struct naive_refusal refusals[NAIVE_USERS][2]; /* [user][attended] */
};

struct naive_target {
	bool strict;
	size_t members[NAIVE_DEVICES];
	int64_t placed[NAIVE_DEVICES], last_placed[NAIVE_DEVICES]; /* by place in the list of members */
	int64_t floor; /* the lowest count among those that could take the last item: nobody is counted lower */
	int64_t placements;
	size_t member_count;
};

struct naive_queue {
	struct naive_item items[NAIVE_ITEMS];
	struct naive_device devices[NAIVE_DEVICES];
	struct naive_target targets[NAIVE_TARGETS]; /* the first NAIVE_DEVICES of them are the devices themselves */
};

size_t naive_running(const struct naive_queue *queue, size_t device);
size_t naive_waiting(const struct naive_queue *queue, size_t target);

/* The reason for which this item cannot go to the device now; NULL: it can. */
const char *naive_obstacle(const struct naive_queue *queue, size_t device, const struct naive_item *item);

/* The item that a free slot of the device goes to, the item of the target that can start; NULL: none. */
const struct naive_item *naive_next_on(const struct naive_queue *queue, size_t device);
const struct naive_item *naive_next_for(const struct naive_queue *queue, size_t target);

/* The devices that can take the item, in the order of its target's list; returns how many. */
size_t naive_able(const struct naive_queue *queue, const struct naive_item *item, size_t ret_devices[NAIVE_DEVICES]);

/* How often the target has placed on its member, as the balancer counts it. */
int64_t naive_placed(const struct naive_target *target, size_t place);

/* These devices could take the item that is placed next. */
void naive_could_take(struct naive_target *target, const size_t *devices, size_t n);

void naive_place(struct naive_queue *queue, struct naive_item *item, size_t device);

#endif
