#include "pure/queue/shares.h"

#include "base/mem.h"
#include "pure/queue/placement.h"

#include <stdlib.h>
#include <string.h>

int64_t shares_of(const struct placement_target *target, size_t i)
{
	return target->shares[i].placed > target->floor ? target->shares[i].placed : target->floor;
}

static struct share *share_of(struct placement_target *target, const struct placement_device *device)
{
	for (size_t i = 0; i < target->device_count; i++)
		if (target->devices[i] == device)
			return &target->shares[i];
	return NULL;
}

static void raise_floor(struct placement_target *target, int64_t to)
{
	if (to > target->floor)
		target->floor = to;
}

static bool is_of(const struct placement_target *target, const char *balancer)
{
	return target->balancer && balancer && strcmp(target->balancer, balancer) == 0;
}

void shares_balancer(struct placement_target *target, const char *balancer)
{
	if (!balancer || is_of(target, balancer))
		return;
	for (size_t i = 0; i < target->device_count; i++)
		raise_floor(target, target->shares[i].placed);
	free(target->balancer);
	target->balancer = mem_text(balancer);
}

void shares_could_take(struct placement_target *target, int64_t lowest)
{
	raise_floor(target, lowest);
}

struct share *shares_take(struct placement_target *target, const struct placement_device *device)
{
	struct share *share = share_of(target, device);

	if (!share)
		return NULL;
	share->placed = shares_of(target, (size_t)(share - target->shares)) + 1;
	share->seq = ++target->seq;
	return share;
}

struct share *shares_take_back(struct placement_target *target, const struct placement_device *device)
{
	struct share *share = share_of(target, device);

	if (share && share->placed > target->floor)
		share->placed--;
	return share;
}

void shares_restore(struct placement_target *target, const char *device, const struct share *kept, int64_t floor,
		   const char *balancer)
{
	if (kept->seq > target->seq)
		target->seq = kept->seq;
	raise_floor(target, is_of(target, balancer) ? floor : kept->placed);
	for (size_t i = 0; i < target->device_count; i++)
		if (strcmp(target->devices[i]->name, device) == 0)
			target->shares[i] = *kept;
}
