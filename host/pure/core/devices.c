/* Devices: configured, heard of, silent. */
#include "pure/core/internal.h"

#include "base/mem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void core_add_device(struct core *core, const char *name, bool strict)
{
	struct core_device *device = mem_alloc(sizeof *device);

	device->placed = placement_add_device(&core->placement, name, strict);
	table_set(&core->devices, name, device);
}

void core_add_cluster(struct core *core, const char *name, char *const *members, size_t n, bool strict)
{
	placement_add_cluster(&core->placement, name, members, n, strict);
}

static void device_silent(struct core *core, struct core_timer *timer, struct core_effects *effects)
{
	struct core_device *device = (void *)((char *)timer - offsetof(struct core_device, silence));

	(void)core;
	(void)effects;
	device->placed->online = false;
}

static bool held(const struct core_event *event, const struct step *step)
{
	for (size_t i = 0; i < event->holding_count; i++)
		if (event->holding[i].step == step->facts.id && event->holding[i].token == step->facts.token)
			return true;
	return false;
}

/*
 * A gateway that connects anew says which runs it knows. An offer it does not know never reached it and is made again
 * with the same token; a run it had taken and no longer knows is lost.
 */
static void reconcile(struct core *core, const struct core_event *event, struct core_effects *effects)
{
	struct placement_device *device = placement_device(&core->placement, event->device);

	TABLE_EACH(&core->steps, entry) {
		struct step *step = entry->value;

		if (step->device != device || held(event, step))
			continue;
		if (step->facts.state == STATE_OFFERED)
			desktop_offer_again(core, step, effects);
		else
			desktop_lost(core, step, "the device's gateway was restarted and no longer knows of the run", effects);
	}
}

void devices_event(struct core *core, const struct core_event *event, struct core_effects *effects)
{
	struct core_device *device = table_get(&core->devices, event->device);

	if (!device)
		return;
	device->placed->known = true;
	device->placed->online = event->online;
	device->placed->slots = event->slots;
	device->placed->revision = event->revision;
	device->placed->load_milli = event->load_milli;
	device->placed->system = event->system;
	if (event->online)
		core_arm(core, &device->silence, core->now_us + DEVICE_SILENCE_US, device_silent);
	else
		core_disarm(core, &device->silence);
	if (event->fresh)
		reconcile(core, event, effects);
	desktop_place_on(core, device->placed, effects);
}
