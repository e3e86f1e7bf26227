#include "engine/answers.h"
#include "engine/steer.h"

#include "base/mem.h"
#include "plugin/registry.h"
#include "schema/facts.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

static int by_order(const void *a, const void *b)
{
	const struct order_item *left = *(struct order_item *const *)a, *right = *(struct order_item *const *)b;

	return order_before(left, right) ? -1 : order_before(right, left);
}

static const hst_value *waiting_record(struct engine *engine, struct step *step, int64_t position)
{
	hst_value *record = value_make_record(engine->scratch);

	core_explain(engine->core, step);
	value_set_text(record, "run", step->run->facts.id);
	value_set_integer(record, "number", step->run->facts.number);
	value_set_text(record, "flow", step->run->flow->name);
	value_set_text(record, "step", step->flow_step->name);
	value_set_text(record, "state", state_name(step->facts.state));
	value_set_text(record, "shown", position == 1 ? "Next to run" : "Queued");
	value_set_text(record, "priority", step->facts.high ? "high" : "normal");
	value_set_integer(record, "position", position);
	value_set_text(record, "user", step->facts.user);
	value_set_text(record, "mode", step->facts.attended ? "attended" : "unattended");
	answer_set_time(engine->scratch, record, "requested", step->facts.requested_us);
	answer_set_sign_in(engine->scratch, record, step->facts.reason, step->facts.text, step->facts.connection);
	return record;
}

enum { QUEUE_SHOWN_MAX = 500 };

static const hst_value *target_record(struct engine *engine, const struct order_target *target)
{
	struct order_item **items = mem_array(target->count + 1, sizeof *items);
	hst_value *record = value_make_record(engine->scratch), *waiting = value_make_list(engine->scratch);
	size_t n = 0;

	for (size_t i = 0; i < target->lanes.n; i++) {
		const struct order_lane *lane = target->lanes.at[i];

		for (size_t j = 0; j < lane->items.n; j++)
			items[n++] = lane->items.at[j];
	}
	qsort(items, n, sizeof *items, by_order);
	for (size_t i = 0; i < n && i < QUEUE_SHOWN_MAX; i++)
		value_append(waiting, waiting_record(engine, (struct step *)(void *)items[i], (int64_t)i + 1));
	free(items);
	value_set_text(record, "target", target->name);
	value_set_boolean(record, "strict", target->strict);
	value_set_integer(record, "count", (int64_t)target->count);
	value_set(record, "waiting", waiting);
	return record;
}

int answer_queue(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	const struct placement *placement = core_placement(engine->core);
	const char *only = value_kind(value_get(filters, "target")) == HST_VALUE_TEXT ? value_text(value_get(filters, "target")) : NULL;
	hst_value *answer = value_make_record(engine->scratch), *targets = value_make_list(engine->scratch);

	TABLE_EACH(&placement->targets, entry) {
		const struct placement_target *target = entry->value;
		const char *short_name = strchr(target->order.name, ':') + 1;

		if (!only || strcmp(only, target->order.name) == 0 || strcmp(only, short_name) == 0)
			value_append(targets, target_record(engine, &target->order));
	}
	if (only && value_count(targets) == 0)
		return hst_fail(err, HST_NOT_FOUND, "there is no device or cluster \"%s\"", only);
	value_set(answer, "targets", targets);
	*ret = answer;
	return HST_OK;
}

static hst_value *names_list(hst_arena *arena, const char *const *names, size_t n)
{
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < n; i++)
		value_append(list, value_make_text(arena, names[i], strlen(names[i])));
	return list;
}

void answer_set_disabled(struct engine *engine, hst_value *record, const char *kind, const char *name)
{
	const char *full = arena_printf(engine->scratch, "%s:%s", kind, name);

	stand_set(engine, record, "disabled", full, core_disabled(engine->core, full));
}

int answer_flows(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	hst_value *list = value_make_list(engine->scratch);

	(void)filters;
	(void)err;
	TABLE_EACH(&engine->definitions->flows, entry) {
		const struct flow *flow = entry->value;
		hst_value *record = value_make_record(engine->scratch);

		value_set_text(record, "name", flow->name);
		value_set_text(record, "summary", flow->summary);
		value_set_text(record, "file", flow->file);
		value_set(record, "on", names_list(engine->scratch, flow->on, flow->on_count));
		value_set_integer(record, "steps", (int64_t)flow->step_count);
		value_set_integer(record, "active", core_flow_active(engine->core, flow->name));
		value_set_text(record, "digest", flow->digest);
		answer_set_disabled(engine, record, "flow", flow->name);
		value_append(list, record);
	}
	*ret = list;
	return HST_OK;
}
