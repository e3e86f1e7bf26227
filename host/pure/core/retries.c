/*
 * Refusals of class retry (rule R23): the device is not asked for this user and mode until a while has
 * passed, which doubles with every further refusal. Other devices of the target are asked meanwhile, and the
 * step keeps its place.
 */
#include "pure/core/internal.h"

#include "pure/core/candidates.h"

#include "base/mem.h"

#include <stddef.h>
#include <stdlib.h>

/* A refusal by time alone: no change of the device's sessions lifts it. */
static const int64_t whatever_changes = INT64_MAX;

void retry_free(struct core_retry *retry)
{
	free(retry->user);
	free(retry);
}

static char *retry_key(const struct step *step)
{
	return mem_printf("%s/%s", step->folded_user, step->facts.attended ? "attended" : "unattended");
}

static struct core_retry *retry_of(struct core_device *device, const struct step *step)
{
	char *key = retry_key(step);
	struct core_retry *retry = table_get(&device->retries, key);

	if (!retry) {
		retry = mem_alloc(sizeof *retry);
		retry->device = device->placed;
		retry->user = mem_text(step->folded_user);
		retry->attended = step->facts.attended;
		table_set(&device->retries, key, retry);
	}
	free(key);
	return retry;
}

/* A refusal of a revision that is long gone stands in nobody's way. */
static void retry_lift(const struct core_retry *retry)
{
	placement_refuse(retry->device, retry->user, retry->attended, -1, NULL, NULL);
}

static void retry_due(struct core *core, struct core_timer *timer, struct core_effects *effects)
{
	struct core_retry *retry = (void *)((char *)timer - offsetof(struct core_retry, timer));

	(void)effects;
	retry_lift(retry);
	turn_device(core, retry->device);
}

void retries_refused(struct core *core, struct core_device *device, const struct step *step)
{
	struct core_retry *retry = retry_of(device, step);

	retry->delay_ms = retry->delay_ms ? 2 * retry->delay_ms : RETRY_FIRST_MS;
	if (retry->delay_ms > RETRY_MOST_MS)
		retry->delay_ms = RETRY_MOST_MS;
	core_arm(core, &retry->timer, core->now_us + retry->delay_ms * 1000, retry_due);
	placement_refuse(device->placed, step->folded_user, step->facts.attended, whatever_changes,
			 step->facts.reason, step->facts.text);
}

int64_t core_asked_again_us(const struct core *core, const struct step *step, const struct placement_device *device)
{
	char *key = retry_key(step);
	const struct core_retry *retry = table_get(&devices_of(core, device->name)->retries, key);

	free(key);
	return retry ? retry->timer.at_us : 0;
}

void retries_went_well(struct core *core, struct core_device *device, const struct step *step)
{
	char *key = retry_key(step);
	struct core_retry *retry = table_remove(&device->retries, key);

	free(key);
	if (!retry)
		return;
	core_disarm(core, &retry->timer);
	retry_lift(retry);
	retry_free(retry);
}

void retries_clear(struct core *core, struct core_device *device)
{
	TABLE_EACH(&device->retries, entry) {
		struct core_retry *retry = entry->value;

		core_disarm(core, &retry->timer);
		retry_lift(retry);
		retry_free(retry);
	}
	table_clear(&device->retries);
}
