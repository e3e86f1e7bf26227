#include "plugin/trigger.h"

#include "base/arena.h"
#include "plugin/guard.h"
#include "plugin/present.h"
#include "schema/fields.h"
#include "schema/types.h"
#include "schema/value.h"

#include <fcntl.h>
#include <string.h>

enum { EVENT_KEY_MAX = 200 };

static const char *const overlap_words[HST_OVERLAP_COUNT] = {
	[HST_OVERLAP_ALLOW] = "allow", [HST_OVERLAP_QUEUE] = "queue", [HST_OVERLAP_SKIP] = "skip", [HST_OVERLAP_REPLACE] = "replace"};

const char *trigger_overlap_word(hst_overlap overlap)
{
	return (unsigned)overlap < HST_OVERLAP_COUNT ? overlap_words[overlap] : NULL;
}

hst_overlap trigger_overlap_of(const char *word)
{
	for (int i = 0; word && i < HST_OVERLAP_COUNT; i++)
		if (strcmp(overlap_words[i], word) == 0)
			return (hst_overlap)i;
	return HST_OVERLAP_ALLOW;
}

bool trigger_pressable(const struct plugin_instance *trigger)
{
	const hst_trigger_ops *ops = trigger->plugin->ops;

	return PRESENT(ops, press);
}

int trigger_watch(struct plugin_instance *trigger, hst_call *call, hst_watch *ret, hst_error *err)
{
	const hst_trigger_ops *ops = trigger->plugin->ops;
	hst_watch watch = {.fd = -1};
	hst_error said = {0};
	int code = HST_OK;

	if (PRESENT(ops, watch)) {
		plugin_begin(trigger, "watch", guard_limit(call));
		code = ops->watch(trigger->state, call, &watch, &said);
	}
	if ((code = plugin_answer(trigger->plugin, "watch", code, &said, err)) != HST_OK)
		return code;
	if (watch.fd < -1 || watch.at.us < 0)
		return plugin_broke(trigger->plugin, "watch", err, "gave fd %d and time %lld", watch.fd,
				    (long long)watch.at.us);
	/* Waiting for a descriptor that is not open would be waiting for nothing, without end and without pause. */
	if (watch.fd >= 0 && fcntl(watch.fd, F_GETFD) < 0)
		return plugin_broke(trigger->plugin, "watch", err, "gave fd %d, which is not open", watch.fd);
	*ret = watch;
	return HST_OK;
}

int trigger_ready(struct plugin_instance *trigger, hst_call *call, hst_error *err)
{
	const hst_trigger_ops *ops = trigger->plugin->ops;
	hst_error said = {0};

	if (!PRESENT(ops, ready))
		return hst_fail(err, HST_INVALID,
				"trigger plugin \"%s\" has nothing to look at: it has no op ready",
				trigger->plugin->name);
	plugin_begin(trigger, "ready", guard_limit(call));
	return plugin_answer(trigger->plugin, "ready", ops->ready(trigger->state, call, &said), &said, err);
}

int trigger_event_values(const hst_plugin *plugin, hst_arena *arena, const hst_event *event,
			 const hst_value **ret, hst_error *err)
{
	if (event->key && strnlen(event->key, EVENT_KEY_MAX + 1) > EVENT_KEY_MAX)
		return plugin_broke(plugin, "an event", err, "has a key of more than %d bytes",
				    EVENT_KEY_MAX);
	if (!event->data == !event->values)
		return plugin_broke(plugin, "an event", err, "must set exactly one of .data and .values");
	if (event->data)
		return fields_unbind(arena, plugin->event, event->data, ret, err);
	*ret = event->values;
	return HST_OK;
}

int trigger_press(struct plugin_instance *trigger, hst_call *call, const hst_value *inputs,
		  const char **ret_key, const hst_value **ret_values, hst_error *err)
{
	const hst_trigger_ops *ops = trigger->plugin->ops;
	hst_event event = {0};
	hst_error said = {0};
	int code;

	if (!PRESENT(ops, press))
		return hst_fail(err, HST_INVALID,
				"\"%s\" cannot be pressed: a trigger of plugin \"%s\" fires by itself; `hostler run FLOW` runs a flow by hand",
				trigger->host->instance, trigger->plugin->name);
	plugin_begin(trigger, "press", guard_limit(call));
	code = ops->press(trigger->state, call, inputs, &event, &said);
	if ((code = plugin_answer(trigger->plugin, "press", code, &said, err)) != HST_OK)
		return code;
	if ((code = trigger_event_values(trigger->plugin, call->arena, &event, ret_values, err)) != HST_OK)
		return code;
	*ret_key = event.key;
	return HST_OK;
}

static hst_value *coming_value(hst_arena *arena, const hst_coming *coming)
{
	hst_value *record = value_make_record(arena);
	char at[40];

	type_write_date(coming->at, at, sizeof at);
	value_set_text(record, "at", at);
	if (coming->local)
		value_set_text(record, "local", coming->local);
	return record;
}

int trigger_next(struct plugin_instance *trigger, hst_call *call, hst_time after, size_t n,
		 const hst_value **ret, hst_error *err)
{
	const hst_trigger_ops *ops = trigger->plugin->ops;
	hst_coming *coming;
	hst_value *list;
	hst_error said = {0};
	size_t found = 0;
	int code;

	if (!PRESENT(ops, next))
		return hst_fail(err, HST_INVALID,
				"nobody can know when \"%s\" will fire: trigger plugin \"%s\" does not go by the clock",
				trigger->host->instance, trigger->plugin->name);
	n = n < TRIGGER_NEXT_MAX ? n : TRIGGER_NEXT_MAX;
	coming = arena_alloc(call->arena, (n + 1) * sizeof *coming);
	plugin_begin(trigger, "next", guard_limit(call));
	code = ops->next(trigger->state, call, after, n, coming, &found, &said);
	if ((code = plugin_answer(trigger->plugin, "next", code, &said, err)) != HST_OK)
		return code;
	if (found > n)
		return plugin_broke(trigger->plugin, "next", err, "gave %zu times where %zu were wanted", found, n);
	list = value_make_list(call->arena);
	for (size_t i = 0; i < found; i++) {
		if (coming[i].at.us <= (i ? coming[i - 1].at.us : after.us))
			return plugin_broke(trigger->plugin, "next", err, "gave times that are not in order");
		value_append(list, coming_value(call->arena, &coming[i]));
	}
	*ret = list;
	return HST_OK;
}
