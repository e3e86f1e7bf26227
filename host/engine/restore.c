/* What the store has, given back to the core when the engine starts. */
#include "engine/abandoned.h"
#include "engine/alerting.h"
#include "engine/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/ini.h"
#include "os/crash.h"

#include <stdlib.h>
#include <string.h>

struct restoring {
	struct engine *engine;
	struct run *run; /* the one whose steps come now; NULL: it cannot go on */
	struct abandoned abandoned;
	size_t runs;
};

static bool restore_counter(void *arg, const char *name, int64_t value)
{
	struct core_counters *counters = core_counters(((struct engine *)arg)->core);

	if (strcmp(name, "run") == 0)
		counters->run = value;
	else if (strcmp(name, "step") == 0)
		counters->step = value;
	else if (strcmp(name, "seq") == 0)
		counters->seq = value;
	else if (strcmp(name, "token") == 0)
		counters->token = value;
	return true;
}

static bool restore_standing(void *arg, const struct store_standing *standing)
{
	struct engine *engine = arg;
	hst_error err = {{0}, {0}};

	if (presences_restore(engine, standing->kind, standing->name, standing->value.bytes, standing->value.length))
		return true;
	if (alerting_restore(engine, standing->kind, standing->name, standing->value.bytes, standing->value.length))
		return true;
	if (core_restore_standing(engine->core, standing->kind, standing->name, standing->value.bytes, standing->value.length, &err) < 0)
		log_warning("%s %s is left out: %s", standing->kind, standing->name, err.text);
	return true;
}

/* The text a run was accepted with, parsed again; the folder's files may have changed since. */
static struct flow *read_flow(const char *name, const char *text, size_t length, hst_error *err)
{
	struct problems problems;
	struct document *document;
	struct flow *flow = NULL;

	problems_init(&problems);
	document = ini_read_text(name, text, length, &problems);
	if (document)
		flow = flow_parse(document, &problems);
	document_free(document);
	if (!flow)
		hst_fail(err, HST_INVALID, "this version cannot read the flow that the run was accepted with: line %d: %s",
		         problems.n ? problems.at[0].line : 0, problems.n ? problems.at[0].text : "");
	problems_clear(&problems);
	return flow;
}

const struct flow *engine_flow_of_then(struct engine *engine, const char *name, const char *digest, hst_error *err)
{
	const struct flow *known = core_flow_of_digest(engine->core, digest);
	struct flow *flow;
	size_t length;
	char *text;

	if (known)
		return known;
	if (engine->store->ops->get_flow(engine->store, digest, &text, &length, NULL) < 0) {
		hst_fail(err, HST_NOT_FOUND, "the store no longer has the flow that the run was accepted with");
		return NULL;
	}
	flow = read_flow(name, text, length, err);
	free(text);
	if (flow) {
		snprintf(flow->digest, sizeof flow->digest, "%s", digest);
		core_add_flow(engine->core, flow, false);
	}
	return flow;
}

static bool restore_run(void *arg, const struct store_run *record)
{
	struct restoring *restoring = arg;
	hst_error err = {{0}, {0}};
	const struct flow *flow = engine_flow_of_then(restoring->engine, record->flow, record->flow_digest, &err);
	struct run_facts facts = {.number = record->number, .label = (char *)record->label, .trigger = (char *)record->trigger,
	                          .who = (char *)record->who, .state = state_named(record->state), .reason = (char *)record->reason,
	                          .text = (char *)record->text, .requested_us = record->requested_us,
	                          .started_us = record->started_us, .ended_us = record->ended_us, .origin = record->origin,
	                          .event = (char *)record->event.bytes, .event_length = record->event.length};

	restoring->run = NULL;
	if (!flow) {
		abandon_run(&restoring->abandoned, record, err.text);
		return true;
	}
	snprintf(facts.id, sizeof facts.id, "%s", record->id);
	restoring->run = core_restore_run(restoring->engine->core, &facts, flow);
	restoring->runs++;
	return true;
}

static bool restore_step(void *arg, const struct store_step *record)
{
	struct restoring *restoring = arg;
	struct step_facts facts = {.id = record->id, .position = record->position, .state = state_named(record->state),
	                           .reason = (char *)record->reason, .text = (char *)record->text,
	                           .connection = (char *)record->connection, .target = (char *)record->target,
	                           .device = (char *)record->device, .user = (char *)record->user,
	                           .attended = record->mode && strcmp(record->mode, "attended") == 0,
	                           .high = record->priority && strcmp(record->priority, "high") == 0, .seq = record->seq,
	                           .token = record->token, .attempt = record->attempt, .requested_us = record->requested_us,
	                           .placed_us = record->placed_us, .started_us = record->started_us, .ended_us = record->ended_us,
	                           .journal = record->journal, .top = record->top, .lost_us = record->lost_us,
	                           .subflow = (char *)record->subflow, .action = (char *)record->action,
	                           .inputs = (char *)record->inputs.bytes, .inputs_length = record->inputs.length,
	                           .outputs = (char *)record->outputs.bytes, .outputs_length = record->outputs.length};

	if (restoring->run)
		core_restore_step(restoring->engine->core, restoring->run, &facts);
	else
		abandon_step(&restoring->abandoned, record);
	return true;
}

static bool see_id(void *arg, const struct store_run *record)
{
	snprintf(arg, ID_SIZE, "%s", record->id);
	return true;
}

void engine_run_id(struct engine *engine, int64_t number, char ret[ID_SIZE])
{
	hst_error err = {{0}, {0}};

	ret[0] = '\0';
	if (engine->store->ops->run(engine->store, number, see_id, ret, &err) < 0)
		log_debug("#%lld: %s", (long long)number, err.text);
}

static bool restore_envelope(void *arg, const struct store_sealed *record)
{
	struct restoring *restoring = arg;
	struct flow_envelope envelope = {.name = record->name, .bytes = record->bytes.bytes, .length = record->bytes.length};

	core_restore_sealed(restoring->engine->core, restoring->run, record->step, &envelope);
	return true;
}

/* Envelopes are bound to the first run of a chain. */
static int restore_sealed(struct restoring *restoring, hst_error *err)
{
	struct engine *engine = restoring->engine;
	int rc = HST_OK;

	TABLE_EACH(core_runs(engine->core), entry) {
		struct run *run = entry->value;

		if (run->facts.origin && !run->facts.chain[0])
			engine_run_id(engine, run->facts.origin, run->facts.chain);
		restoring->run = run;
		if (rc >= 0)
			rc = engine->store->ops->sealed(engine->store, run->facts.number, -1, restore_envelope, restoring, err);
	}
	return rc;
}

int engine_restore(struct engine *engine, hst_error *err)
{
	struct restoring restoring = {.engine = engine};
	int rc = engine->store->ops->begin(engine->store, err);

	crash_point(CRASH_engine_flows_stored);
	if (rc >= 0)
		rc = engine_store_definitions(engine, err);
	if (rc >= 0)
		rc = engine->store->ops->commit(engine->store, NULL, err);
	if (rc >= 0)
		rc = engine->store->ops->counters(engine->store, restore_counter, engine, err);
	if (rc >= 0)
		rc = engine->store->ops->standings(engine->store, restore_standing, engine, err);
	if (rc >= 0)
		rc = engine->store->ops->unfinished(engine->store, restore_run, restore_step, &restoring, err);
	if (rc >= 0)
		rc = abandoned_store(&restoring.abandoned, engine->store, clock_wall_us(), err);
	abandoned_clear(&restoring.abandoned);
	if (rc >= 0)
		rc = restore_sealed(&restoring, err);
	if (rc < 0)
		return rc;
	engine->stored_counters = *core_counters(engine->core);
	presences_note(engine);
	core_restored(engine->core, clock_wall_us(), &engine->effects);
	crash_point(CRASH_engine_restored);
	if (restoring.runs)
		log_info("%zu unfinished runs go on", restoring.runs);
	return HST_OK;
}
