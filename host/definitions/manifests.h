/*
 * What plugins say of themselves, asked once per plugin. Strategies, which only decide and without which no device works,
 * are loaded in this process; all others are described by `hostler-worker describe`, so that no code of theirs runs here.
 * Each such plugin has one process, which is there until manifests_free.
 */
#ifndef HOST_DEFINITIONS_MANIFESTS_H
#define HOST_DEFINITIONS_MANIFESTS_H

#include "schema/manifest.h"

struct manifests;

/* Memory of manifests and shapes lives in the arena. `directory` is where plugins lie and must live on. */
struct manifests *manifests_new(hst_arena *arena, const char *directory);
void manifests_free(struct manifests *manifests);

/* It will be asked for: its process begins now, beside those of others. */
void manifests_foresee(struct manifests *manifests, hst_plugin_kind kind, const char *plugin);

/* HST_NOT_FOUND names the nearest plugin. The answer is kept, a failure too. */
int manifests_get(struct manifests *manifests, hst_plugin_kind kind, const char *plugin, const struct manifest **ret,
                  hst_error *err);

/* Event, inputs and outputs that these options give an instance, for plugins whose manifest is `shaped`. */
int manifests_shape(struct manifests *manifests, hst_plugin_kind kind, const char *plugin, const hst_value *options,
                    hst_shape *ret, hst_error *err);

/* What the plugin at this path says, in a process of its own whatever its kind is. Memory lives in the arena. */
int manifests_of_file(hst_arena *arena, const char *path, struct manifest *ret, hst_error *err);

#endif
