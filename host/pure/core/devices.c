/* Devices: configured, heard of, silent. */
#include "pure/core/internal.h"

#include "base/mem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* So that sums of them stay numbers; no device changes so often. */
static const int64_t revision_max = INT64_C(1) << 40;

void core_add_device(struct core *core, const char *name, bool strict)
{
	struct core_device *device = table_get(&core->devices, name);

	if (!device) {
		device = mem_alloc(sizeof *device);
		table_init(&device->retries);
		table_set(&core->devices, name, device);
	}
	device->placed = placement_add_device(&core->placement, name, strict);
}

void core_add_cluster(struct core *core, const char *name, char *const *members, size_t n, bool strict)
{
	placement_add_cluster(&core->placement, name, members, n, strict);
}

struct core_device *devices_of(const struct core *core, const struct placement_device *device)
{
	return table_get(&core->devices, device->name);
}

void devices_free(struct core_device *device)
{
	TABLE_EACH(&device->retries, entry)
		retry_free(entry->value);
	table_clear(&device->retries);
	free(device);
}

void devices_sweep(struct core *core)
{
	TABLE_EACH(&core->devices, entry) {
		struct core_device *device = entry->value;
		struct placement_device *placed = device->placed;

		if (!placed->retired || placed->running > 0)
			continue;
		core_disarm(core, &device->silence);
		retries_clear(core, device);
		table_remove(&core->devices, placed->name);
		devices_free(device);
		placement_remove(&core->placement, placed);
	}
}

static void device_silent(struct core *core, struct core_timer *timer, struct core_effects *effects)
{
	struct core_device *device = (void *)((char *)timer - offsetof(struct core_device, silence));

	(void)core;
	(void)effects;
	device->placed->online = false;
}

int64_t devices_revision(const struct core_device *device, int64_t said)
{
	if (said < 0)
		return device->base;
	return device->base + (said < revision_max ? said : revision_max);
}

/*
 * A gateway counts revisions from the start of its process. What an earlier one refused says nothing about
 * what this one would, so its first word raises the revision whatever its number is.
 */
static void device_revised(struct core *core, struct core_device *device, const struct core_event *event)
{
	if (event->fresh || event->revision < device->said_revision) {
		device->base = device->placed->revision + 1;
		retries_clear(core, device);
	}
	device->said_revision = event->revision;
	device->placed->revision = devices_revision(device, event->revision);
}

static bool held(const struct core_event *event, const struct step *step)
{
	for (size_t i = 0; i < event->holding_count; i++)
		if (event->holding[i].step == step->facts.id && event->holding[i].token == step->facts.token)
			return true;
	return false;
}

/*
 * A gateway that connects anew says which runs it knows. An offer it does not know never reached it and is
 * made again with the same token; a run it had taken and no longer knows is lost; a session it does not know
 * is gone.
 */
static void reconcile(struct core *core, const struct core_event *event,
		      const struct placement_device *device, struct core_effects *effects)
{
	TABLE_EACH(&core->steps, entry) {
		struct step *step = entry->value;

		if (step->device != device)
			continue;
		if (held(event, step)) {
			steer_again(step, effects);
			continue;
		}
		if (state_row(step->facts.state)->ended)
			desktop_release(core, step);
		else if (step->facts.state == STATE_OFFERED)
			desktop_offer_again(core, step, effects);
		else
			desktop_lost(core, step,
				     "the device's gateway was restarted and no longer knows of the run",
				     effects);
	}
}

void devices_event(struct core *core, const struct core_event *event, struct core_effects *effects)
{
	struct core_device *device = table_get(&core->devices, event->device);

	if (!device)
		return;
	device->placed->known = true;
	device->placed->online = event->online;
	device->placed->heard_us = core->now_us;
	device->placed->slots = event->slots;
	device->placed->load_milli = event->load_milli;
	device->placed->system = event->system;
	device_revised(core, device, event);
	if (event->online)
		core_arm(core, &device->silence, core->now_us + DEVICE_SILENCE_US, device_silent);
	else
		core_disarm(core, &device->silence);
	if (event->fresh)
		reconcile(core, event, device->placed, effects);
	turn_device(core, device->placed);
}
