/* What an event leaves to be done: runs that may have a next step, devices and targets where something may
 * start now. */
#include "pure/core/internal.h"

#include "base/mem.h"

#include <stdlib.h>

static void queue_put(struct core_queue *queue, void *item)
{
	queue->at = mem_grow(queue->at, &queue->size, queue->n + 1, sizeof *queue->at);
	queue->at[queue->n++] = item;
}

/* For queues that stay short: what is in it is not put into it again. */
static void queue_put_once(struct core_queue *queue, void *item)
{
	for (size_t i = queue->first; i < queue->n; i++)
		if (queue->at[i] == item)
			return;
	queue_put(queue, item);
}

static void *queue_take(struct core_queue *queue)
{
	void *item = NULL;

	if (queue->first < queue->n)
		item = queue->at[queue->first++];
	if (queue->first == queue->n)
		queue->first = queue->n = 0;
	return item;
}

static void queue_clear(struct core_queue *queue)
{
	free(queue->at);
	*queue = (struct core_queue){0};
}

void turn_run(struct core *core, struct run *run)
{
	if (run->ready)
		return;
	run->ready = true;
	queue_put(&core->runs_ready, run);
}

void turn_device(struct core *core, struct placement_device *device)
{
	queue_put_once(&core->devices_stirred, device);
}

void turn_target(struct core *core, struct placement_target *target)
{
	queue_put_once(&core->targets_stirred, target);
}

void turn_explain(struct core *core, struct step *step)
{
	queue_put(&core->steps_queued, step);
}

/* Runs first: a step that becomes ready takes part in the order before a place is given away. */
static bool turn_one(struct core *core, struct core_effects *effects)
{
	struct placement_device *device;
	struct placement_target *target;
	struct run *run = queue_take(&core->runs_ready);

	if (run) {
		run->ready = false;
		core_forget_values(core);
		runs_advance(core, run, effects);
		return true;
	}
	device = queue_take(&core->devices_stirred);
	if (device) {
		desktop_place_on(core, device, effects);
		return true;
	}
	target = queue_take(&core->targets_stirred);
	if (target)
		desktop_place_for(core, target, effects);
	return target != NULL;
}

void turn_take(struct core *core, struct core_effects *effects)
{
	struct step *step;

	while (turn_one(core, effects))
		continue;
	while ((step = queue_take(&core->steps_queued)))
		core_explain(core, step);
}

void turn_clear(struct core *core)
{
	queue_clear(&core->runs_ready);
	queue_clear(&core->devices_stirred);
	queue_clear(&core->targets_stirred);
	queue_clear(&core->steps_queued);
}
