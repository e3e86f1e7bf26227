/*
 * What a plugin says of itself, without the plugin: made from its descriptor in the process that loaded it,
 * written as JSON by `hostler-worker describe`, and read back by everybody who must not load it.
 */
#ifndef HOST_SCHEMA_MANIFEST_H
#define HOST_SCHEMA_MANIFEST_H

#include <hostler/plugin.h>
#include <hostler/value.h>

struct manifest_action {
	const char *name, *summary;
	hst_fields inputs, outputs;
	hst_duration deadline;
	bool idempotent;
};

struct manifest {
	hst_plugin_kind kind;
	const char *name, *version, *summary;
	const char *about; /* NULL: nothing beyond the tables */
	hst_fields options, event;
	const struct manifest_action *actions;
	size_t action_count;
	bool shaped;	  /* the op `fields` decides event, inputs and outputs per instance */
	bool pressable;	  /* a trigger with the op `press` */
	unsigned systems; /* strategies: a set of hst_system */
	unsigned reach;	  /* drivers: a set of hst_reach */
};

const char *manifest_kind_name(hst_plugin_kind kind);  /* "trigger" */
hst_plugin_kind manifest_kind_named(const char *name); /* 0: no such kind */

/* All memory in the arena; text of the plugin is copied, so the plugin may be gone afterwards. */
void manifest_from_plugin(hst_arena *arena, const hst_plugin *plugin, struct manifest *ret);

const hst_value *manifest_to_value(hst_arena *arena, const struct manifest *manifest);
int manifest_from_value(hst_arena *arena, const hst_value *value, struct manifest *ret, hst_error *err);

/* Fields as JSON, alone: used for shapes of instances and of desktop flows. */
const hst_value *fields_to_value(hst_arena *arena, hst_fields fields);
int fields_from_value(hst_arena *arena, const hst_value *value, hst_fields *ret, hst_error *err);

const struct manifest_action *manifest_action(const struct manifest *manifest,
					      const char *name); /* NULL: none */

#endif
