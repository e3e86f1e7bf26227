/*
 * What clusters have placed on their members, kept so that a restart is no new beginning (queue/shares.h). Each share
 * is a row of its own, "CLUSTER/DEVICE", written when it changes: a placement costs one small row.
 */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

/* So that counts stay numbers whatever is added to them. */
static const int64_t count_max = INT64_C(1) << 53;

static void keep(struct core *core, const struct placement_target *target, const char *device, const struct share *share,
		 struct core_effects *effects)
{
	hst_value *value = value_make_record(core->scratch);
	char *name = mem_printf("%s/%s", target->order.name, device);

	value_set_integer(value, "placed", share->placed);
	value_set_integer(value, "seq", share->seq);
	value_set_integer(value, "floor", target->floor);
	value_set_text(value, "balancer", target->balancer);
	effects_stands(effects, "placed", name, value);
	free(name);
}

void placed_take(struct core *core, const struct placement_target *target, const char *device, const struct share *share,
		 struct core_effects *effects)
{
	/* Where there is nothing to choose from there is nothing to be even about. */
	if (share && target->balancer && target->device_count > 1)
		keep(core, target, device, share, effects);
}

void placed_back(struct core *core, const struct step *step, struct core_effects *effects)
{
	struct placement_target *target = desktop_target(core, step);
	const struct placement_device *device =
		step->facts.device ? placement_device(&core->placement, step->facts.device) : NULL;

	if (target && device)
		placed_take(core, target, device->name, shares_take_back(target, device), effects);
}

static bool read_count(const hst_value *kept, const char *name, int64_t *ret)
{
	return value_integer(value_get(kept, name), ret) && *ret >= 0 && *ret <= count_max;
}

void placed_restore(struct core *core, const char *name, const hst_value *kept)
{
	const char *device = strchr(name, '/');
	char *target_name = device ? mem_copy(name, (size_t)(device - name)) : NULL;
	struct placement_target *target = device ? placement_target(&core->placement, target_name) : NULL;
	struct share share;
	int64_t floor;

	if (target && read_count(kept, "placed", &share.placed) && read_count(kept, "seq", &share.seq) &&
	    read_count(kept, "floor", &floor))
		shares_restore(target, device + 1, &share, floor, value_text(value_get(kept, "balancer")));
	free(target_name);
}
