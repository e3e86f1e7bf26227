/*
 * The facade of triggers: the one place that calls their ops. An absent op: watch says never, press is
 * HST_INVALID.
 */
#ifndef HOST_PLUGIN_TRIGGER_H
#define HOST_PLUGIN_TRIGGER_H

#include "plugin/instance.h"

#include <hostler/trigger.h>

bool trigger_pressable(const struct plugin_instance *trigger);
int trigger_watch(struct plugin_instance *trigger, hst_call *call, hst_watch *ret, hst_error *err);
int trigger_ready(struct plugin_instance *trigger, hst_call *call, hst_error *err);

/*
 * *ret_values: the event as a record, whichever way the plugin gave it. *ret_key may be NULL. In the call's
 * arena.
 */
int trigger_press(struct plugin_instance *trigger, hst_call *call, const hst_value *inputs,
		  const char **ret_key, const hst_value **ret_values, hst_error *err);

enum { TRIGGER_NEXT_MAX = 1000 };

/*
 * When it will fire by itself: a list of at most `n` records {"at","local"}, in the call's arena. HST_INVALID
 * where only the world knows.
 */
int trigger_next(struct plugin_instance *trigger, hst_call *call, hst_time after, size_t n,
		 const hst_value **ret, hst_error *err);

/* One event as a record, whichever way the plugin gave it. */
int trigger_event_values(const hst_plugin *plugin, hst_arena *arena, const hst_event *event,
			 const hst_value **ret, hst_error *err);

/* "queue"; NULL: it is none. The word of none is HST_OVERLAP_ALLOW. */
const char *trigger_overlap_word(hst_overlap overlap);
hst_overlap trigger_overlap_of(const char *word);

#endif
