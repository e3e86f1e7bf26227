/* Devices: configured, heard of, silent. */
#include "pure/core/internal.h"
#include "pure/core/standing.h"

#include "base/mem.h"
#include "schema/types.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* So that sums of them stay numbers; no device changes so often. */
static const int64_t revision_max = INT64_C(1) << 40;

void core_add_device(struct core *core, const char *name, bool strict)
{
	struct core_device *device = table_get(&core->devices, name);
	const char *drained_by;

	if (!device) {
		device = mem_alloc(sizeof *device);
		table_init(&device->retries);
		table_set(&core->devices, name, device);
	}
	core->configured++;
	device->placed = placement_add_device(&core->placement, name, strict);
	device->placed->drained = core_device_drained(core, name, &drained_by) != NULL;
}

void core_add_cluster(struct core *core, const char *name, const char *balancer, char *const *members, size_t n, bool strict)
{
	core->configured++;
	placement_add_cluster(&core->placement, name, balancer, members, n, strict);
}

void core_note_device(struct core *core, const char *name, bool revoked, bool known, const char *note)
{
	struct core_device *device = table_get(&core->devices, name);

	if (!device)
		return;
	device->placed->revoked = revoked;
	device->placed->known |= known;
	free(device->placed->note);
	device->placed->note = mem_text(note);
}

void core_note_cluster(struct core *core, const char *name, const char *fault)
{
	char *full = mem_printf("cluster:%s", name);
	struct placement_target *target = placement_target(&core->placement, full);

	if (target) {
		free(target->fault);
		target->fault = mem_text(fault);
	}
	free(full);
}

struct core_device *devices_of(const struct core *core, const char *name)
{
	return name ? table_get(&core->devices, name) : NULL;
}

bool devices_there(const struct core *core, const char *name)
{
	const struct core_device *device = devices_of(core, name);

	return device && device->heard;
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
		core_disarm(core, &device->lost);
		retries_clear(core, device);
		table_remove(&core->devices, placed->name);
		devices_free(device);
		placement_remove(&core->placement, placed);
	}
}

static void device_silent(struct core *core, struct core_timer *timer, struct core_effects *effects)
{
	struct core_device *device = (void *)((char *)timer - offsetof(struct core_device, silence));

	if (device->placed->online)
		effects_happened(core, effects, NULL, NULL, "device_offline", "name", device->placed->name, NULL);
	device->placed->online = false;
	device->heard = false;
}

static void device_lost(struct core *core, struct core_timer *timer, struct core_effects *effects)
{
	struct core_device *device = (void *)((char *)timer - offsetof(struct core_device, lost));
	char span[32], *why;

	type_write_duration((hst_duration){core->policy.lost_after_ms(core->policy.arg)}, span, sizeof span);
	why = mem_printf("nothing was heard of %s for %s while it had the run", device->placed->name, span);
	lost_with(core, device->placed, why, effects);
	free(why);
}

static void device_awaited(struct core *core, struct core_device *device)
{
	core_arm(core, &device->lost, core->now_us + core->policy.lost_after_ms(core->policy.arg) * 1000,
		 device_lost);
}

void devices_restored(struct core *core)
{
	TABLE_EACH(&core->devices, entry)
		device_awaited(core, entry->value);
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

/* Placed there, or lost there without a slot of its own any more. */
static bool is_there(const struct step *step, const struct core_device *device)
{
	if (step->device)
		return step->device == device->placed;
	return step->facts.state == STATE_LOST && step->facts.device &&
	       strcmp(step->facts.device, device->placed->name) == 0;
}

static void reconcile_step(struct core *core, struct step *step, bool is_held, struct core_effects *effects)
{
	bool ended = state_row(step->facts.state)->ended, lost = step->facts.state == STATE_LOST;

	if (!is_held && (ended || lost))
		desktop_release(core, step);
	if (is_held)
		steer_again(step, effects);
	if (ended)
		return;
	if (lost && is_held)
		desktop_occupy(core, step);
	if (lost || step->unsure || !is_held)
		ask_back(core, step, effects);
}

/* What it runs and nobody waits for any more: an earlier attempt, or one that a person has decided about. */
static void disown(const struct core *core, const struct core_event *event, const struct core_device *device,
		   struct core_effects *effects)
{
	for (size_t i = 0; i < event->holding_count; i++) {
		const struct core_holding *holding = &event->holding[i];
		const struct step *step = core_step_of(core, holding->step);

		if (!step || step->facts.token != holding->token || step->disowned ||
		    step->facts.state == STATE_QUEUED)
			ask_disown(device->placed, holding->step, holding->token, effects);
	}
}

/*
 * A gateway that connects anew says which runs it knows. What became of any other that is placed there it is asked;
 * a session that it does not know is gone. One that was merely silent is asked for what was given up meanwhile.
 */
static void reconcile(struct core *core, const struct core_event *event, const struct core_device *device,
		      struct core_effects *effects)
{
	TABLE_EACH(&core->steps, entry) {
		struct step *step = entry->value;

		if (!is_there(step, device))
			continue;
		if (event->fresh)
			reconcile_step(core, step, held(event, step), effects);
		else if (step->unsure || step->facts.state == STATE_LOST)
			ask_back(core, step, effects);
	}
	if (event->fresh)
		disown(core, event, device, effects);
}

void devices_event(struct core *core, const struct core_event *event, struct core_effects *effects)
{
	struct core_device *device = devices_of(core, event->device);
	bool back;

	if (!device)
		return;
	if (event->online != device->placed->online)
		effects_happened(core, effects, NULL, NULL, event->online ? "device_online" : "device_blind", "name",
				 device->placed->name, NULL);
	back = event->fresh || !device->heard;
	device->heard = true;
	device->journal = event->journal;
	device->placed->known = true;
	if (event->online)
		free(device->placed->note), device->placed->note = NULL;
	device->placed->online = event->online;
	device->placed->heard_us = core->now_us;
	device->placed->slots = event->slots;
	device->placed->load_milli = event->load_milli;
	device->placed->memory_milli = event->memory_milli;
	device->placed->system = event->system;
	device_revised(core, device, event);
	core_arm(core, &device->silence, core->now_us + DEVICE_SILENCE_US, device_silent);
	device_awaited(core, device);
	if (back)
		reconcile(core, event, device, effects);
	turn_device(core, device->placed);
}
