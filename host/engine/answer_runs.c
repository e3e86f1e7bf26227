#include "engine/answers.h"
#include "engine/files.h"

#include "base/clock.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

/* A NAME in other remedies is not the connection's. */
static const char *remedy_of(hst_arena *arena, const struct reason *row, const char *connection)
{
	static const char end[] = "hostler connection unblock NAME";
	const char *at = row ? row->remedy : NULL, *place = at ? strstr(at, end) : NULL;

	if (!place || !connection || !*connection)
		return at;
	place += sizeof end - 1 - strlen("NAME");
	return arena_printf(arena, "%.*s%s%s", (int)(place - at), at, connection, place + strlen("NAME"));
}

void answer_set_reason(hst_arena *arena, hst_value *to, const char *code, const char *text)
{
	answer_set_sign_in(arena, to, code, text, NULL);
}

void answer_set_sign_in(hst_arena *arena, hst_value *to, const char *code, const char *text, const char *connection)
{
	const struct reason *row = reason_named(code);
	hst_value *reason;

	if (!code || !*code) {
		value_set(to, "reason", value_make_null(arena));
		return;
	}
	reason = value_make_record(arena);
	value_set_text(reason, "code", code);
	value_set_text(reason, "text", text && *text ? text : row ? row->cause : NULL);
	value_set_text(reason, "remedy", remedy_of(arena, row, connection));
	value_set_text(reason, "class", row ? reason_class_name(row->class) : NULL);
	value_set(to, "reason", reason);
}

void answer_set_time(hst_arena *arena, hst_value *to, const char *name, int64_t us)
{
	char iso[40];

	if (us == 0) {
		value_set(to, name, value_make_null(arena));
		return;
	}
	clock_iso(us, iso, sizeof iso);
	value_set_text(to, name, iso);
}

struct asking {
	struct engine *engine;
	hst_arena *arena;
	hst_value *list;
	hst_value *record;
	const char *run_id;
	const char *only_step;
	struct table *names; /* step id -> name */
	const hst_value *files;
};

static hst_value *run_record(hst_arena *arena, const struct store_run *run)
{
	hst_value *record = value_make_record(arena);

	value_set_text(record, "id", run->id);
	value_set_integer(record, "number", run->number);
	value_set_text(record, "flow", run->flow);
	value_set_text(record, "label", run->label);
	value_set_text(record, "trigger", run->trigger);
	value_set_text(record, "who", run->who);
	if (run->origin)
		value_set_integer(record, "origin", run->origin);
	else
		value_set(record, "origin", value_make_null(arena));
	value_set_text(record, "state", run->state);
	answer_set_reason(arena, record, run->reason, run->text);
	answer_set_time(arena, record, "requested", run->requested_us);
	answer_set_time(arena, record, "started", run->started_us);
	answer_set_time(arena, record, "ended", run->ended_us);
	return record;
}

/* The step that an unfinished run is at: {"name","state","reason"}; what waits for a device says why. Null when it has ended. */
static void set_present_step(struct engine *engine, hst_value *record, int64_t number)
{
	const struct run *run = core_run(engine->core, number);
	hst_value *present = NULL;

	for (size_t i = 0; run && i < run->flow->step_count; i++) {
		struct step *step = run->standing[i] == FLOW_STEP_ACTIVE ? run->steps[i] : NULL;

		if (!step)
			continue;
		core_explain(engine->core, step);
		present = value_make_record(engine->scratch);
		value_set_text(present, "name", step->flow_step->name);
		value_set_text(present, "state", state_name(step->facts.state));
		answer_set_sign_in(engine->scratch, present, step->facts.reason, step->facts.text, step->facts.connection);
	}
	value_set(record, "present", present ? present : value_make_null(engine->scratch));
}

static bool visit_run_row(void *arg, const struct store_run *run)
{
	struct asking *asking = arg;
	hst_value *record = run_record(asking->arena, run);

	set_present_step(asking->engine, record, run->number);
	value_append(asking->list, record);
	return true;
}

/* NULL where the filter has no text of that name. */
static const char *filter_text(const hst_value *filters, const char *name)
{
	const hst_value *value = value_get(filters, name);

	return value_kind(value) == HST_VALUE_TEXT && *value_text(value) ? value_text(value) : NULL;
}

int answer_runs(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	struct asking asking = {.engine = engine, .arena = engine->scratch, .list = value_make_list(engine->scratch)};
	struct store_filter filter = {.flow = filter_text(filters, "flow"), .state = filter_text(filters, "state"),
	                              .label = filter_text(filters, "label"), .reason = filter_text(filters, "reason"), .limit = 50};
	int rc;

	value_integer(value_get(filters, "since_us"), &filter.since_us);
	value_integer(value_get(filters, "limit"), &filter.limit);
	if (filter.limit < 1 || filter.limit > 1000)
		return hst_fail(err, HST_INVALID, "limit must be from 1 to 1000");
	rc = engine->store->ops->runs(engine->store, &filter, visit_run_row, &asking, err);
	*ret = asking.list;
	return rc;
}

static void set_bytes(hst_arena *arena, hst_value *to, const char *name, struct store_bytes bytes)
{
	const hst_value *value = NULL;

	if (bytes.length && value_parse_json(arena, bytes.bytes, bytes.length, &value, NULL) >= 0)
		value_set(to, name, value);
	else
		value_set(to, name, value_make_null(arena));
}

/* From one time to the other, or to now while the later is not there yet; null before the first. */
static void set_span(hst_arena *arena, hst_value *to, const char *name, int64_t from_us, int64_t to_us, bool ended)
{
	if (from_us == 0 || (to_us == 0 && ended)) {
		value_set(to, name, value_make_null(arena));
		return;
	}
	value_set_integer(to, name, ((to_us ? to_us : clock_wall_us()) - from_us) / 1000);
}

static void step_waiting(struct engine *engine, hst_value *record, const struct store_step *stored)
{
	struct step *step = core_step_of(engine->core, stored->id);

	if (!step || step->facts.state != STATE_QUEUED) {
		answer_set_reason(engine->scratch, record, stored->reason, stored->text);
		value_set(record, "position", value_make_null(engine->scratch));
		return;
	}
	core_explain(engine->core, step);
	answer_set_sign_in(engine->scratch, record, step->facts.reason, step->facts.text, step->facts.connection);
	value_set_integer(record, "position", order_place(&step->item));
}

static void set_files(struct asking *asking, hst_value *record, const char *step)
{
	hst_value *list = value_make_list(asking->arena);

	for (size_t i = 0; i < value_count(asking->files); i++) {
		const hst_value *file = value_at(asking->files, i);

		if (strcmp(value_text(value_get(file, "step")), step) == 0)
			value_append(list, file);
	}
	value_set(record, "files", list);
}

static hst_value *step_record(struct asking *asking, const struct store_step *step)
{
	hst_arena *arena = asking->arena;
	hst_value *record = value_make_record(arena), *progress;
	int64_t lost_for_us = asking->engine->definitions->conf->resolve_within.ms * 1000;
	bool ended = step->ended_us != 0;

	value_set_text(record, "name", step->name);
	value_set_text(record, "use", step->use);
	value_set_text(record, "state", step->state);
	step_waiting(asking->engine, record, step);
	value_set_text(record, "connection", step->connection);
	value_set_text(record, "target", step->target);
	value_set_text(record, "device", step->device);
	value_set_text(record, "mode", step->mode);
	value_set_text(record, "user", step->user);
	value_set_text(record, "priority", step->priority);
	value_set_integer(record, "attempt", step->attempt);
	answer_set_time(arena, record, "requested", step->requested_us);
	answer_set_time(arena, record, "started", step->started_us);
	answer_set_time(arena, record, "ended", step->ended_us);
	if (step->lost_us) {
		answer_set_time(arena, record, "lost", step->lost_us);
		answer_set_time(arena, record, "resolve_by", step->lost_us + lost_for_us);
	}
	set_span(arena, record, "waiting_ms", step->requested_us, step->placed_us ? step->placed_us : step->ended_us, ended);
	set_span(arena, record, "preparing_ms", step->placed_us, step->started_us, ended);
	set_span(arena, record, "executing_ms", step->started_us, step->ended_us, ended);
	if (step->action || step->subflow) {
		progress = value_make_record(arena);
		value_set_text(progress, "subflow", step->subflow);
		value_set_text(progress, "action", step->action);
		value_set(record, "progress", progress);
	} else {
		value_set(record, "progress", value_make_null(arena));
	}
	set_bytes(arena, record, "inputs", step->inputs);
	set_bytes(arena, record, "outputs", step->outputs);
	set_files(asking, record, step->name);
	return record;
}

static bool visit_run(void *arg, const struct store_run *run)
{
	struct asking *asking = arg;

	asking->run_id = arena_text(asking->arena, run->id);
	asking->record = run_record(asking->arena, run);
	set_bytes(asking->arena, asking->record, "event", run->event);
	/* Every run is accepted with an event, be it an empty one; retention takes it. */
	value_set_boolean(asking->record, "values_removed", run->ended_us && !run->event.bytes);
	return true;
}

static bool visit_step(void *arg, const struct store_step *step)
{
	struct asking *asking = arg;

	table_set_number(asking->names, (uint64_t)step->id, arena_text(asking->arena, step->name));
	if (!asking->only_step || strcmp(asking->only_step, step->name) == 0)
		value_append(asking->list, step_record(asking, step));
	return true;
}

static bool visit_happening(void *arg, const struct store_happening *happening)
{
	struct asking *asking = arg;
	hst_value *row = value_make_record(asking->arena);
	const hst_value *detail = NULL;

	answer_set_time(asking->arena, row, "at", happening->at_us);
	value_set_text(row, "what", happening->what);
	value_set_text(row, "step", table_get_number(asking->names, (uint64_t)happening->step));
	if (happening->detail && value_parse_json(asking->arena, happening->detail, strlen(happening->detail), &detail, NULL) >= 0)
		for (size_t i = 0; i < value_count(detail); i++)
			value_set(row, value_name_at(detail, i), value_at(detail, i));
	value_append(asking->list, row);
	return value_count(asking->list) < 2000;
}

static int find_run(struct engine *engine, const hst_value *filters, int64_t *ret, hst_error *err)
{
	const char *said = filter_text(filters, "run");

	if (!said)
		return hst_fail(err, HST_INVALID, "which run? say its number, its id, or last");
	return engine->store->ops->find_run(engine->store, said, ret, err);
}

int answer_find(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	struct asking asking = {.engine = engine, .arena = engine->scratch};
	int64_t number;
	int rc = find_run(engine, filters, &number, err);

	if (rc >= 0)
		rc = engine->store->ops->run(engine->store, number, visit_run, &asking, err);
	*ret = asking.record;
	return rc;
}

int answer_files(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	const hst_value *run;
	hst_value *list = value_make_list(engine->scratch);
	int rc = answer_find(engine, filters, &run, err);

	if (rc < 0)
		return rc;
	files_list(engine->scratch, engine->files_dir, value_text(value_get(run, "id")), filter_text(filters, "step"), list);
	*ret = list;
	return HST_OK;
}

int answer_show(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	const struct store_ops *ops = engine->store->ops;
	struct table names;
	struct asking asking = {.engine = engine, .arena = engine->scratch, .only_step = filter_text(filters, "step"), .names = &names};
	hst_value *files = value_make_list(engine->scratch), *steps;
	int64_t number;
	int rc = find_run(engine, filters, &number, err);

	table_init(&names);
	if (rc >= 0)
		rc = ops->run(engine->store, number, visit_run, &asking, err);
	if (rc >= 0) {
		set_present_step(engine, asking.record, number);
		files_list(engine->scratch, engine->files_dir, asking.run_id, NULL, files);
		asking.files = files;
		asking.list = steps = value_make_list(engine->scratch);
		rc = ops->steps(engine->store, number, visit_step, &asking, err);
		if (rc >= 0 && asking.only_step && value_count(steps) == 0)
			rc = hst_fail(err, HST_NOT_FOUND, "run #%lld has no step \"%s\" that has begun", (long long)number, asking.only_step);
		value_set(asking.record, "steps", steps);
	}
	if (rc >= 0) {
		asking.list = value_make_list(engine->scratch);
		rc = ops->happenings(engine->store, number, visit_happening, &asking, err);
		value_set(asking.record, "history", asking.list);
	}
	table_clear(&names);
	*ret = asking.record;
	return rc;
}
