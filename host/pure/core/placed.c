/*
 * What clusters have placed on their members, kept so that a restart is no new beginning (queue/shares.h). Each share
 * is a row of its own, "CLUSTER/DEVICE", written once in a batch that changes it.
 */
#include "pure/core/internal.h"

#include "base/mem.h"
#include "base/text.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

/* So that counts stay numbers whatever is added to them. */
static const int64_t count_max = INT64_C(1) << 53;

/* Where the share stands among what this batch keeps: of several counts the last is the one. */
static struct core_standing *noted(const struct share *share, struct core_effects *effects)
{
	if (share->noted >= effects->standing_count || effects->standings[share->noted].share != share)
		return NULL;
	return &effects->standings[share->noted];
}

static struct core_standing *note(const struct placement_target *target, const char *device, struct share *share,
				  struct core_effects *effects)
{
	struct text *name = &effects->line;
	struct core_standing *standing;

	text_reset(name);
	text_add(name, target->order.name);
	text_add(name, "/");
	text_add(name, device);
	share->noted = effects->standing_count;
	standing = effects_standing(effects, "placed", name->s);
	standing->share = share;
	return standing;
}

static void keep(const struct placement_target *target, const char *device, struct share *share,
		 struct core_effects *effects)
{
	struct core_standing *standing = noted(share, effects);
	struct text *value = &effects->line;

	if (!standing)
		standing = note(target, device, share, effects);
	text_reset(value);
	text_add(value, "{\"placed\":");
	text_integer(value, share->placed);
	text_add(value, ",\"seq\":");
	text_integer(value, share->seq);
	text_add(value, ",\"floor\":");
	text_integer(value, target->floor);
	text_add(value, ",\"balancer\":");
	json_quote(value, target->balancer, strlen(target->balancer));
	text_add(value, "}");
	standing->value = arena_copy(effects->arena, value->s, value->length);
	standing->value_length = value->length;
}

void placed_take(const struct placement_target *target, const char *device, struct share *share,
		 struct core_effects *effects)
{
	/* Where there is nothing to choose from there is nothing to be even about. */
	if (share && target->balancer && target->device_count > 1)
		keep(target, device, share, effects);
}

void placed_back(struct core *core, const struct step *step, struct core_effects *effects)
{
	struct placement_target *target = desktop_target(core, step);
	const struct placement_device *device =
		step->facts.device ? placement_device(&core->placement, step->facts.device) : NULL;

	if (target && device)
		placed_take(target, device->name, shares_take_back(target, device), effects);
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
	struct share share = {0};
	int64_t floor;

	if (target && read_count(kept, "placed", &share.placed) && read_count(kept, "seq", &share.seq) &&
	    read_count(kept, "floor", &floor))
		shares_restore(target, device + 1, &share, floor, value_text(value_get(kept, "balancer")));
	free(target_name);
}
