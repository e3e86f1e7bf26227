/* What is out of service until somebody puts it back. */
#include "pure/core/standing.h"

#include "base/arena.h"
#include "base/mem.h"
#include "pure/core/internal.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *happening;
	bool drain, stands;
} verbs[] = {
	[CORE_DISABLE] = {"disabled", false, true},
	[CORE_ENABLE] = {"enabled", false, false},
	[CORE_DRAIN] = {"drained", true, true},
	[CORE_UNDRAIN] = {"undrained", true, false},
};

static void stand_free(struct core_stand *stand)
{
	if (stand)
		free(stand->who);
	free(stand);
}

void standing_clear(struct core *core)
{
	TABLE_EACH(&core->disabled, entry)
		stand_free(entry->value);
	TABLE_EACH(&core->drained, entry)
		stand_free(entry->value);
	table_clear(&core->disabled);
	table_clear(&core->drained);
}

const struct core_stand *core_disabled(const struct core *core, const char *name)
{
	return table_get(&core->disabled, name);
}

bool core_all_enabled(const struct core *core)
{
	return core->disabled.n == 0;
}

const struct core_stand *core_drained(const struct core *core, const char *name)
{
	return table_get(&core->drained, name);
}

bool standing_disabled(const struct core *core, const char *kind, const char *name)
{
	char *full;
	bool stands;

	if (core_all_enabled(core) || !name)
		return false;
	full = mem_printf("%s:%s", kind, name);
	stands = core_disabled(core, full);
	free(full);
	return stands;
}

/* The device is in the target of its own name, too. */
const struct core_stand *core_device_drained(const struct core *core, const char *name, const char **ret_name)
{
	const struct placement_device *device = placement_device(&core->placement, name);
	const struct core_stand *stand = NULL;

	for (size_t i = 0; device && !stand && i < device->target_count; i++) {
		*ret_name = device->targets[i]->order.name;
		stand = core_drained(core, *ret_name);
	}
	if (stand)
		return stand;
	*ret_name = "host";
	return core_drained(core, *ret_name);
}

void standing_settle(struct core *core)
{
	TABLE_EACH(&core->placement.devices, entry) {
		struct placement_device *device = entry->value;
		const char *by;
		bool was = device->drained;

		device->drained = core_device_drained(core, device->name, &by) != NULL;
		if (was && !device->drained)
			turn_device(core, device);
	}
}

static void set(struct core *core, bool drain, const char *name, int64_t since_us, const char *who)
{
	struct table *table = drain ? &core->drained : &core->disabled;
	struct core_stand *stand = mem_alloc(sizeof *stand);

	stand->since_us = since_us;
	stand->who = mem_text(who);
	stand_free(table_get(table, name));
	table_set(table, name, stand);
}

bool core_stand(struct core *core, int64_t now_us, struct draw draw, enum core_stand_verb verb, const char *name,
		const char *who, struct core_effects *effects)
{
	bool drain = verbs[verb].drain, stands = verbs[verb].stands;
	struct table *table = drain ? &core->drained : &core->disabled;
	hst_value *value = NULL;

	core_begin(core, now_us, draw);
	if ((table_get(table, name) != NULL) == stands)
		return false;
	if (stands) {
		set(core, drain, name, now_us, who);
		value = value_make_record(core->scratch);
		value_set_integer(value, "at_us", now_us);
		value_set_text(value, "who", who);
	} else {
		stand_free(table_remove(table, name));
	}
	effects_stands(effects, drain ? "drained" : "disabled", name, value);
	effects_happened(core, effects, NULL, NULL, verbs[verb].happening, "name", name, "who", who, NULL);
	standing_settle(core);
	turn_take(core, effects);
	return true;
}

void core_note(struct core *core, int64_t now_us, const char *what, const char *name, const char *who,
	       struct core_effects *effects)
{
	core->now_us = now_us;
	effects_happened(core, effects, NULL, NULL, what, "name", name, "who", who, NULL);
}

static void restore(struct core *core, bool drain, const char *name, const hst_value *value)
{
	const hst_value *who = value_get(value, "who");
	int64_t since_us = 0;

	value_integer(value_get(value, "at_us"), &since_us);
	set(core, drain, name, since_us, value_kind(who) == HST_VALUE_TEXT ? value_text(who) : NULL);
}

void standing_restore_disabled(struct core *core, const char *name, const hst_value *value)
{
	restore(core, false, name, value);
}

void standing_restore_drained(struct core *core, const char *name, const hst_value *value)
{
	restore(core, true, name, value);
}
