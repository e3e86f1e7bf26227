/*
 * Shares: how many runs a target has placed on each of its devices, which is what balancers go by.
 *
 * A device is never counted lower than the lowest of those that could take the target's last run, the floor. So all
 * that could take it stay together, and whoever could not (because it was away, drained, busy, or no member yet)
 * makes nothing up when it is back. What another balancer has placed says nothing about whose turn it is: after a
 * change of the balancer all members start from the highest count.
 *
 * The floor only grows, and every share that is kept in the store has it; so the highest floor of all that is kept,
 * be it of members that have left, is the target's.
 */
#ifndef HOST_PURE_QUEUE_SHARES_H
#define HOST_PURE_QUEUE_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct placement_device;
struct placement_target;

/* One device's, of one target. */
struct share {
	int64_t placed; /* runs that were placed there; to be read by shares_of */
	int64_t seq;	/* of the target's last placement there; the greater the later, 0: never */
	size_t noted;	/* where whoever keeps it has put it down (pure/core/placed.c) */
};

int64_t shares_of(const struct placement_target *target, size_t i);

/* The balancer that counts from now on; NULL, of a device, has none. */
void shares_balancer(struct placement_target *target, const char *balancer);

/* `lowest` count among those that could take the run that is placed now. */
void shares_could_take(struct placement_target *target, int64_t lowest);

/* Both return the device's share as it is now; NULL: the device is no member. A run that was never begun is taken back. */
struct share *shares_take(struct placement_target *target, const struct placement_device *device);
struct share *shares_take_back(struct placement_target *target, const struct placement_device *device);

/* As it was kept: of the device with that name, if it is a member still. */
void shares_restore(struct placement_target *target, const char *device, const struct share *kept, int64_t floor,
		   const char *balancer);

#endif
