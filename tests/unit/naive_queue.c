#include "naive_queue.h"

#include <stdlib.h>

size_t naive_running(const struct naive_queue *queue, size_t device)
{
	size_t n = 0;

	for (size_t i = 0; i < NAIVE_ITEMS; i++)
		n += queue->items[i].where == NAIVE_PLACED && queue->items[i].device == device;
	return n;
}

size_t naive_waiting(const struct naive_queue *queue, size_t target)
{
	size_t n = 0;

	for (size_t i = 0; i < NAIVE_ITEMS; i++)
		n += queue->items[i].where == NAIVE_WAITS && queue->items[i].target == target;
	return n;
}

static bool user_is_busy(const struct naive_queue *queue, size_t device, size_t user)
{
	for (size_t i = 0; i < NAIVE_ITEMS; i++)
		if (queue->items[i].where == NAIVE_PLACED && queue->items[i].device == device &&
		    queue->items[i].user == user)
			return true;
	return false;
}

const char *naive_obstacle(const struct naive_queue *queue, size_t device, const struct naive_item *item)
{
	const struct naive_device *at = &queue->devices[device];
	const struct naive_refusal *refusal = &at->refusals[item->user][item->attended];

	if (!at->known)
		return "DeviceNeverConnected";
	if (!at->online)
		return "DeviceOffline";
	if (at->drained)
		return "DeviceDraining";
	if (user_is_busy(queue, device, item->user))
		return "UIFlowAlreadyRunning";
	if (refusal->given && at->revision <= refusal->revision)
		return "SessionFactUnknown";
	if ((int64_t)naive_running(queue, device) >= at->slots)
		return "AllSlotsTaken";
	return NULL;
}

/* The greatest top first, then high before normal, then the least seq. */
static int earlier_first(const void *left, const void *right)
{
	const struct naive_item *a = *(const struct naive_item *const *)left;
	const struct naive_item *b = *(const struct naive_item *const *)right;
	int64_t of_a[] = {-a->top, a->high ? 0 : 1, a->seq}, of_b[] = {-b->top, b->high ? 0 : 1, b->seq};

	for (size_t i = 0; i < 3; i++)
		if (of_a[i] != of_b[i])
			return of_a[i] < of_b[i] ? -1 : 1;
	return 0;
}

static size_t in_order(const struct naive_queue *queue, const struct naive_item *ret_items[NAIVE_ITEMS])
{
	size_t n = 0;

	for (size_t i = 0; i < NAIVE_ITEMS; i++)
		if (queue->items[i].where == NAIVE_WAITS)
			ret_items[n++] = &queue->items[i];
	qsort(ret_items, n, sizeof *ret_items, earlier_first);
	return n;
}

static bool contains(const struct naive_target *target, size_t device)
{
	for (size_t i = 0; i < target->member_count; i++)
		if (target->members[i] == device)
			return true;
	return false;
}

const struct naive_item *naive_next_on(const struct naive_queue *queue, size_t device)
{
	const struct naive_item *items[NAIVE_ITEMS];
	bool seen[NAIVE_TARGETS] = {false};
	size_t n = in_order(queue, items);

	for (size_t i = 0; i < n; i++) {
		const struct naive_target *target = &queue->targets[items[i]->target];
		bool held_up = target->strict && seen[items[i]->target];

		seen[items[i]->target] = true;
		if (!held_up && contains(target, device) && !naive_obstacle(queue, device, items[i]))
			return items[i];
	}
	return NULL;
}

const struct naive_item *naive_next_for(const struct naive_queue *queue, size_t target)
{
	const struct naive_item *items[NAIVE_ITEMS];
	size_t n = in_order(queue, items), devices[NAIVE_DEVICES];

	for (size_t i = 0; i < n; i++) {
		if (items[i]->target != target)
			continue;
		if (naive_able(queue, items[i], devices) > 0)
			return items[i];
		if (queue->targets[target].strict)
			return NULL;
	}
	return NULL;
}

size_t naive_able(const struct naive_queue *queue, const struct naive_item *item, size_t ret_devices[NAIVE_DEVICES])
{
	const struct naive_target *target = &queue->targets[item->target];
	size_t n = 0;

	for (size_t i = 0; i < target->member_count; i++)
		if (!naive_obstacle(queue, target->members[i], item))
			ret_devices[n++] = target->members[i];
	return n;
}

int64_t naive_placed(const struct naive_target *target, size_t place)
{
	return target->placed[place] > target->floor ? target->placed[place] : target->floor;
}

static size_t place_of(const struct naive_target *target, size_t device)
{
	size_t place = 0;

	while (target->members[place] != device)
		place++;
	return place;
}

void naive_could_take(struct naive_target *target, const size_t *devices, size_t n)
{
	int64_t lowest = INT64_MAX;

	for (size_t i = 0; i < n; i++) {
		int64_t placed = naive_placed(target, place_of(target, devices[i]));

		lowest = placed < lowest ? placed : lowest;
	}
	target->floor = lowest;
}

void naive_place(struct naive_queue *queue, struct naive_item *item, size_t device)
{
	struct naive_target *target = &queue->targets[item->target];
	size_t place = place_of(target, device);

	target->placed[place] = naive_placed(target, place) + 1;
	target->last_placed[place] = ++target->placements;
	item->where = NAIVE_PLACED;
	item->device = device;
}
