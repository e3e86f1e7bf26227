/* The question "watch": what runs, what waits, the devices, and what is wrong, as it is at this moment. */
#include "engine/answers.h"

#include "config/standing.h"
#include "schema/value.h"

#include <string.h>

enum { RUNNING_SHOWN = 500, WAITING_SHOWN = 100 };

struct picture {
	struct engine *engine;
	hst_arena *arena;
	hst_value *running, *waiting, *wrong;
	int64_t runs_waiting; /* over the concurrency of their flow */
	int64_t steps_waiting;
};

static void add_wrong(struct picture *picture, const char *subject, const char *sentence, const char *remedy)
{
	hst_value *record = value_make_record(picture->arena);

	value_set_text(record, "subject", subject);
	value_set_text(record, "sentence", sentence);
	value_set_text(record, "remedy", remedy);
	value_append(picture->wrong, record);
}

static hst_value *step_record(const struct picture *picture, const struct step *step)
{
	hst_value *record = value_make_record(picture->arena);

	value_set_integer(record, "number", step->run->facts.number);
	value_set_text(record, "flow", step->run->flow->name);
	value_set_text(record, "label", step->run->facts.label);
	value_set_text(record, "step", step->flow_step->name);
	value_set_text(record, "state", state_name(step->facts.state));
	value_set_text(record, "user", step->facts.user);
	return record;
}

static void add_running(struct picture *picture, const struct step *step)
{
	hst_value *record;

	if (value_count(picture->running) == RUNNING_SHOWN)
		return;
	record = step_record(picture, step);
	value_set_text(record, "device", step->facts.device);
	answer_set_time(picture->arena, record, "since",
	                step->facts.started_us ? step->facts.started_us : step->facts.placed_us);
	value_set_text(record, "subflow", step->facts.subflow);
	value_set_text(record, "action", step->facts.action);
	value_append(picture->running, record);
}

static void add_waiting(struct picture *picture, struct step *step)
{
	hst_value *record;

	picture->steps_waiting++;
	if (value_count(picture->waiting) == WAITING_SHOWN)
		return;
	core_explain(picture->engine->core, step);
	record = step_record(picture, step);
	value_set_text(record, "target", step->facts.target);
	answer_set_time(picture->arena, record, "since", step->facts.requested_us);
	answer_set_sign_in(picture->arena, record, step->facts.reason, step->facts.text, step->facts.connection);
	value_append(picture->waiting, record);
}

static void add_lost(struct picture *picture, const struct step *step)
{
	const char *name = arena_printf(picture->arena, "#%lld/%s", (long long)step->run->facts.number, step->flow_step->name);

	add_wrong(picture, name,
	          arena_printf(picture->arena, "lost on %s: nobody knows how it went on",
	                       step->facts.device ? step->facts.device : "a device"),
	          arena_printf(picture->arena, "hostler resolve %s succeeded|failed|requeue", name + 1));
}

/* Desktop runs are what is watched; calls of connectors are over in a moment. */
static void look_at_run(struct picture *picture, const struct run *run)
{
	picture->runs_waiting += run->facts.state == STATE_QUEUED;
	for (size_t i = 0; i < run->flow->step_count; i++) {
		struct step *step = run->standing[i] == FLOW_STEP_ACTIVE ? run->steps[i] : NULL;

		if (!step || step->flow_step->use != FLOW_USE_DESKTOP)
			continue;
		if (step->facts.state == STATE_QUEUED)
			add_waiting(picture, step);
		else if (step->facts.state == STATE_LOST)
			add_lost(picture, step);
		else if (!state_row(step->facts.state)->ended)
			add_running(picture, step);
	}
}

static void look_at_devices(struct picture *picture, const hst_value *devices)
{
	for (size_t i = 0; i < value_count(devices); i++) {
		const hst_value *device = value_at(devices, i);
		const char *state = value_text(value_get(device, "state")), *text = value_text(value_get(device, "text"));

		if (strcmp(state, "online") != 0 && strcmp(state, "draining") != 0)
			add_wrong(picture, value_text(value_get(device, "name")),
			          arena_printf(picture->arena, "%s%s%s", state, *text ? ": " : "", text), NULL);
	}
}

static void look_at_connections(struct picture *picture)
{
	const struct conf *conf = picture->engine->definitions->conf;

	for (size_t i = 0; i < conf->connection_count; i++) {
		const char *name = conf->connections[i].name;
		const struct core_block *block = core_blocked(picture->engine->core, name);

		if (block)
			add_wrong(picture, arena_printf(picture->arena, "connection %s", name),
			          arena_printf(picture->arena, "blocked since a sign-in of %s on %s failed with %s", block->user,
			                       block->device ? block->device : "a device", block->reason),
			          arena_printf(picture->arena, "hostler connection unblock %s", name));
	}
}

static void look_at_processes(struct picture *picture)
{
	const struct standing *children;
	size_t n = 0;

	if (standing_read(picture->arena, picture->engine->definitions->conf->state_dir, &children, &n, NULL) != HST_OK)
		return;
	for (size_t i = 0; i < n; i++) {
		const char *complaint = standing_complaint(picture->arena, &children[i]);

		if (strcmp(children[i].state, "degraded") == 0 || strcmp(children[i].state, "backoff") == 0)
			add_wrong(picture, children[i].name,
			          arena_printf(picture->arena, "%s%s%s%s%s", children[i].state, children[i].ended ? ": it ended with " : "",
			                       children[i].ended ? children[i].ended : "", complaint ? ": " : "",
			                       complaint ? complaint : ""),
			          "hostler doctor");
	}
}

int answer_watch(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	struct picture picture = {.engine = engine, .arena = engine->scratch, .running = value_make_list(engine->scratch),
	                          .waiting = value_make_list(engine->scratch), .wrong = value_make_list(engine->scratch)};
	hst_value *answer = value_make_record(engine->scratch);
	const hst_value *devices = NULL;
	int rc = answer_devices(engine, filters, &devices, err);

	if (rc < 0)
		return rc;
	TABLE_EACH(core_runs(engine->core), entry)
		look_at_run(&picture, entry->value);
	look_at_devices(&picture, devices);
	look_at_connections(&picture);
	look_at_processes(&picture);
	value_set(answer, "running", picture.running);
	value_set(answer, "waiting", picture.waiting);
	value_set_integer(answer, "steps_waiting", picture.steps_waiting);
	value_set_integer(answer, "runs_waiting", picture.runs_waiting);
	value_set(answer, "devices", devices);
	value_set(answer, "wrong", picture.wrong);
	*ret = answer;
	return HST_OK;
}
