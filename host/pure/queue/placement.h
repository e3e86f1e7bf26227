/*
 * Devices, targets, and which waiting item goes where. A device has slots and busy users; a target (a device or a
 * cluster) is a view of devices with an order of its own; a free slot goes to the first item, in the one order of the
 * host, among all targets that contain the device (rule R12), and for a target with several devices the balancer
 * chooses among those that can take the item now (rule R22).
 *
 * Pure: the balancer is a function pointer, randomness an argument. Names are borrowed from the target and device
 * structs, which live as long as the placement.
 */
#ifndef HOST_PURE_QUEUE_PLACEMENT_H
#define HOST_PURE_QUEUE_PLACEMENT_H

#include "pure/queue/order.h"
#include "pure/queue/shares.h"

#include <hostler/balancer.h>
#include <hostler/session.h>

struct placement_device {
	char *name;
	bool known;   /* a gateway has spoken for it at least once */
	bool online;
	bool drained;
	bool retired; /* no longer configured: it belongs to no target and is there until its last run is released */
	int64_t heard_us; /* when its gateway last said something of it */
	bool revoked; /* its gateway was removed */
	char *note;   /* why it is not there, as queue/presence.h says it; NULL: nothing to say */
	int64_t slots;    /* how many runs of hostler it may have at once, as its gateway last said */
	int64_t running;  /* runs placed there and not yet released */
	int64_t revision; /* raised by the gateway at every change of its sessions */
	int64_t load_milli, memory_milli; /* as its gateway last said; -1: unknown */
	hst_system system;
	struct table busy;     /* folded user -> item placed there: one run of a user at a time (rule R9) */
	struct table refusals; /* lane key -> struct placement_refusal */
	struct placement_target **targets; /* those that contain it */
	size_t target_count;
};

/* What a gateway said about (device, user, mode), standing until the device's revision moves. */
struct placement_refusal {
	int64_t revision;
	char *reason;
	char *text;
};

struct placement_target {
	struct order_target order;
	struct placement_device **devices; /* in the order of the cluster's list */
	struct share *shares;                /* per device, for the balancer */
	size_t device_count;
	int64_t floor, seq;                /* shares.h; of its last placement */
	char *balancer;                    /* NULL: a single device has none */
	char *fault;                       /* why there is nobody to choose, and nothing is placed; NULL: nothing is wrong */
	bool retired; /* between placement_retire and placement_sweep: not configured again so far */
};

struct placement_policy {
	/* The balancer of a cluster; called with at least two candidates. On failure the first is taken. */
	int (*choose)(void *arg, const char *target, const hst_candidate *candidates, size_t n,
	              const hst_placement_demand *demand, uint64_t draw, size_t *ret);
	void *arg;
};

struct placement {
	hst_candidate *candidates; /* of the choice that is being made, and the devices that they are */
	struct placement_device **able;
	size_t candidate_size, able_size;
	struct table devices; /* name -> struct placement_device */
	struct table targets; /* "device:NAME", "cluster:NAME" -> struct placement_target */
	struct placement_policy policy;
};

void placement_init(struct placement *placement, const struct placement_policy *policy);
void placement_clear(struct placement *placement); /* items must have left */

/* Adds a device, with the target device:NAME. One that was retired is configured again and keeps how it stands. */
struct placement_device *placement_add_device(struct placement *placement, const char *name, bool strict);
/* Adds cluster:NAME, or configures a retired one again; members must have been added. `balancer` is an instance. */
struct placement_target *placement_add_cluster(struct placement *placement, const char *name, const char *balancer,
                                               char *const *members, size_t n, bool strict);
struct placement_device *placement_device(const struct placement *placement, const char *name); /* NULL: none */
struct placement_target *placement_target(const struct placement *placement, const char *name); /* NULL: none */

/* The target in whose order the lane is. */
struct placement_target *placement_of_lane(const struct order_lane *lane);

/*
 * What is configured changes: first everything is retired, while no item waits; then what is still configured is added
 * again; then placement_sweep frees the targets that were not. A retired device goes by placement_remove, once nothing
 * runs there.
 */
void placement_retire(struct placement *placement);
void placement_sweep(struct placement *placement);
void placement_remove(struct placement *placement, struct placement_device *device);

/* The next item that can start, with the device chosen for it; NULL: none can. `device` or `target` limits the search to what may have changed. */
struct order_item *placement_next_on(struct placement *placement, struct placement_device *device, uint64_t draw,
                                     struct placement_device **ret_device);
struct order_item *placement_next_for(struct placement *placement, struct placement_target *target, uint64_t draw,
                                      struct placement_device **ret_device);

/* Takes the item out of the order and marks slot and user as taken. Returns the device's share as it is now. */
struct share *placement_take(struct order_item *item, struct placement_device *device);

/* Takes a slot for an item that is already running there (after a restart). */
void placement_occupy(struct placement_device *device, const char *user, struct order_item *item);
void placement_release(struct placement_device *device, const char *user);

/* Remembers a refusal of class wait. */
void placement_refuse(struct placement_device *device, const char *user, bool attended, int64_t revision, const char *reason,
                      const char *text);

/* Why this lane's first item cannot go to the device now: a reason code; NULL: it can. *ret_text is the gateway's sentence or NULL. */
const char *placement_obstacle(const struct placement_device *device, const struct order_lane *lane, const char **ret_text);

#endif
