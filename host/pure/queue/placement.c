#include "pure/queue/placement.h"

#include "base/mem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES_MAX = 4096 };

void placement_init(struct placement *placement, const struct placement_policy *policy)
{
	*placement = (struct placement){.policy = *policy};
	table_init(&placement->devices);
	table_init(&placement->targets);
}

static void refusal_free(struct placement_refusal *refusal)
{
	if (!refusal)
		return;
	free(refusal->reason);
	free(refusal->text);
	free(refusal);
}

static void target_free(struct placement_target *target)
{
	order_target_clear(&target->order);
	free(target->devices);
	free(target->shares);
	free(target->balancer);
	free(target->fault);
	free(target);
}

static void device_free(struct placement_device *device)
{
	TABLE_EACH(&device->refusals, refusal)
		refusal_free(refusal->value);
	table_clear(&device->refusals);
	table_clear(&device->busy);
	free(device->targets);
	free(device->note);
	free(device->name);
	free(device);
}

void placement_clear(struct placement *placement)
{
	TABLE_EACH(&placement->targets, entry)
		target_free(entry->value);
	TABLE_EACH(&placement->devices, entry)
		device_free(entry->value);
	table_clear(&placement->targets);
	table_clear(&placement->devices);
	free(placement->candidates);
	free(placement->able);
}

static void target_contains(struct placement_target *target, struct placement_device *device)
{
	size_t device_room = target->device_count, share_room = target->device_count, target_room = device->target_count;

	target->devices = mem_grow(target->devices, &device_room, target->device_count + 1, sizeof *target->devices);
	target->shares = mem_grow(target->shares, &share_room, target->device_count + 1, sizeof *target->shares);
	device->targets = mem_grow(device->targets, &target_room, device->target_count + 1, sizeof *device->targets);
	target->shares[target->device_count] = (struct share){0};
	target->devices[target->device_count++] = device;
	device->targets[device->target_count++] = target;
}

static struct placement_target *add_target(struct placement *placement, const char *kind, const char *name, bool strict)
{
	char *full = mem_printf("%s:%s", kind, name);
	struct placement_target *target = table_get(&placement->targets, full);

	if (!target) {
		target = mem_alloc(sizeof *target);
		order_target_init(&target->order, full, strict);
		table_set(&placement->targets, full, target);
	}
	target->order.strict = strict;
	target->retired = false;
	free(full);
	return target;
}

/* A device that was a member before keeps its share. */
static void set_members(struct placement_target *target, struct placement_device *const *devices, size_t n)
{
	struct placement_target before = *target;

	target->devices = NULL;
	target->shares = NULL;
	target->device_count = 0;
	for (size_t i = 0; i < n; i++) {
		target_contains(target, devices[i]);
		for (size_t j = 0; j < before.device_count; j++)
			if (before.devices[j] == devices[i])
				target->shares[i] = before.shares[j];
	}
	free(before.devices);
	free(before.shares);
}

struct placement_device *placement_add_device(struct placement *placement, const char *name, bool strict)
{
	struct placement_device *device = placement_device(placement, name);

	if (!device) {
		device = mem_alloc(sizeof *device);
		device->name = mem_text(name);
		device->load_milli = device->memory_milli = -1;
		device->system = HST_LINUX;
		table_init(&device->busy);
		table_init(&device->refusals);
		table_set(&placement->devices, name, device);
	}
	device->retired = false;
	set_members(add_target(placement, "device", name, strict), &device, 1);
	return device;
}

struct placement_target *placement_add_cluster(struct placement *placement, const char *name, const char *balancer,
                                               char *const *members, size_t n, bool strict)
{
	struct placement_target *target = add_target(placement, "cluster", name, strict);
	struct placement_device **devices = mem_array(n + 1, sizeof *devices);
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		devices[found] = placement_device(placement, members[i]);
		found += devices[found] && !devices[found]->retired;
	}
	set_members(target, devices, found);
	shares_balancer(target, balancer);
	free(devices);
	return target;
}

void placement_retire(struct placement *placement)
{
	TABLE_EACH(&placement->devices, entry) {
		struct placement_device *device = entry->value;

		device->retired = true;
		device->target_count = 0;
	}
	TABLE_EACH(&placement->targets, entry) {
		struct placement_target *target = entry->value;

		target->retired = true;
		order_target_forget(&target->order);
	}
}

void placement_sweep(struct placement *placement)
{
	TABLE_EACH(&placement->targets, entry) {
		struct placement_target *target = entry->value;

		if (!target->retired)
			continue;
		table_remove(&placement->targets, entry->key);
		target_free(target);
	}
}

void placement_remove(struct placement *placement, struct placement_device *device)
{
	table_remove(&placement->devices, device->name);
	device_free(device);
}

struct placement_device *placement_device(const struct placement *placement, const char *name)
{
	return table_get(&placement->devices, name);
}

struct placement_target *placement_target(const struct placement *placement, const char *name)
{
	return table_get(&placement->targets, name);
}

struct placement_target *placement_of_lane(const struct order_lane *lane)
{
	_Static_assert(offsetof(struct placement_target, order) == 0, "one is cast to the other");
	return (struct placement_target *)(void *)lane->target;
}

/* One row per thing that can be in the way, in the order in which people should hear of it. */
const char *placement_obstacle(const struct placement_device *device, const struct order_lane *lane, const char **ret_text)
{
	const struct placement_refusal *refusal;

	*ret_text = NULL;
	if (lane->gate && lane->gate->shut && !lane->gate->passing) {
		*ret_text = lane->gate->text;
		return lane->gate->shut;
	}
	*ret_text = placement_of_lane(lane)->fault;
	if (*ret_text)
		return "BalancerUnusable";
	*ret_text = device->note;
	if (device->revoked)
		return "GatewayRevoked";
	if (!device->known)
		return "DeviceNeverConnected";
	if (!device->online)
		return "DeviceOffline";
	*ret_text = NULL;
	if (device->drained)
		return "DeviceDraining";
	if (table_get_hashed(&device->busy, lane->user, lane->user_hash))
		return "UIFlowAlreadyRunning";
	refusal = table_get(&device->refusals, lane->key);
	if (refusal && refusal->revision >= device->revision) {
		*ret_text = refusal->text;
		return refusal->reason;
	}
	if (device->running >= device->slots)
		return "AllSlotsTaken";
	if (!lane->gate || !lane->gate->shut)
		return NULL;
	*ret_text = lane->gate->text;
	return lane->gate->shut;
}

/* In a busy house most devices are full, which is known at once. */
static bool device_may_take(void *arg, const struct order_lane *lane)
{
	const struct placement_device *device = arg;
	const char *text;

	return device->running < device->slots && placement_obstacle(device, lane, &text) == NULL;
}

static bool target_may_take(void *arg, const struct order_lane *lane)
{
	const struct placement_target *target = arg;

	for (size_t i = 0; i < target->device_count; i++)
		if (device_may_take(target->devices[i], lane))
			return true;
	return false;
}

/* Of the target's devices that can take the lane's first item, the one the balancer chooses. */
static struct placement_device *choose_device(struct placement *placement, const struct order_lane *lane, uint64_t draw)
{
	struct placement_target *target = placement_of_lane(lane);
	hst_candidate *candidates = mem_grow(placement->candidates, &placement->candidate_size, target->device_count,
	                                     sizeof *candidates);
	struct placement_device **able = mem_grow(placement->able, &placement->able_size, target->device_count, sizeof *able);
	hst_placement_demand demand = {.target = target->order.name, .user = lane->user, .attended = lane->attended};
	struct placement_device *chosen = NULL;
	size_t n = 0, index = 0;
	int64_t lowest = 0;

	placement->candidates = candidates;
	placement->able = able;
	for (size_t i = 0; i < target->device_count && n < CANDIDATES_MAX; i++) {
		struct placement_device *device = target->devices[i];

		if (!device_may_take(device, lane))
			continue;
		candidates[n] = (hst_candidate){.device = device->name, .running = device->running, .slots = device->slots,
		                                .placed_by_this_target = shares_of(target, i),
		                                .last_placed_seq = target->shares[i].seq, .load_milli = device->load_milli,
		                                .memory_milli = device->memory_milli};
		lowest = n && lowest < candidates[n].placed_by_this_target ? lowest : candidates[n].placed_by_this_target;
		able[n++] = device;
	}
	if (n > 1 && placement->policy.choose(placement->policy.arg, target->order.name, candidates, n, &demand, draw, &index))
		index = 0;
	shares_could_take(target, lowest);
	if (n > 0)
		chosen = able[index < n ? index : 0];
	return chosen;
}

struct order_item *placement_next_on(struct placement *placement, struct placement_device *device, uint64_t draw,
                                     struct placement_device **ret_device)
{
	struct order_item *best = NULL;

	if (device->revoked || !device->online || device->drained || device->running >= device->slots)
		return NULL;
	for (size_t i = 0; i < device->target_count; i++) {
		struct order_item *first = order_first(&device->targets[i]->order, device_may_take, device);

		if (first && (!best || order_before(first, best)))
			best = first;
	}
	if (best)
		*ret_device = choose_device(placement, best->lane, draw);
	return best;
}

struct order_item *placement_next_for(struct placement *placement, struct placement_target *target, uint64_t draw,
                                      struct placement_device **ret_device)
{
	struct order_item *first = order_first(&target->order, target_may_take, target);

	if (first)
		*ret_device = choose_device(placement, first->lane, draw);
	return first;
}

void placement_occupy(struct placement_device *device, const char *user, struct order_item *item)
{
	table_set(&device->busy, user, item);
	device->running++;
}

struct share *placement_take(struct order_item *item, struct placement_device *device)
{
	struct placement_target *target = placement_of_lane(item->lane);

	placement_occupy(device, item->lane->user, item);
	order_remove(item);
	return shares_take(target, device);
}

void placement_release(struct placement_device *device, const char *user)
{
	if (table_remove(&device->busy, user))
		device->running--;
}

void placement_refuse(struct placement_device *device, const char *user, bool attended, int64_t revision, const char *reason,
                      const char *text)
{
	struct placement_refusal *refusal = mem_alloc(sizeof *refusal);
	char *key = mem_printf("%s/%s", user, attended ? "attended" : "unattended");

	*refusal = (struct placement_refusal){.revision = revision, .reason = mem_text(reason), .text = mem_text(text)};
	refusal_free(table_remove(&device->refusals, key));
	table_set(&device->refusals, key, refusal);
	free(key);
}
