/* Between the core's structs and the store's records, both ways. */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/ini.h"
#include "os/crash.h"

#include <stdlib.h>
#include <string.h>

static void must(int rc, const hst_error *err)
{
	if (rc >= 0)
		return;
	log_error("the store could not be written: %s", err->text);
	abort();
}

static void persist_run(struct engine *engine, const struct run *run)
{
	const struct run_facts *facts = &run->facts;
	struct store_run record = {.number = facts->number, .id = facts->id, .flow = run->flow->name, .flow_digest = run->flow->digest,
	                           .label = facts->label, .trigger = facts->trigger, .who = facts->who,
	                           .state = state_name(facts->state), .reason = facts->reason, .text = facts->text,
	                           .requested_us = facts->requested_us, .started_us = facts->started_us, .ended_us = facts->ended_us,
	                           .origin = facts->origin, .event = {.bytes = facts->event, .length = facts->event_length}};
	hst_error err = {{0}, {0}};

	must(engine->store->ops->put_run(engine->store, &record, &err), &err);
}

static void persist_step(struct engine *engine, const struct step *step)
{
	const struct step_facts *facts = &step->facts;
	bool desktop = step->flow_step->use == FLOW_USE_DESKTOP;
	struct store_step record = {.id = facts->id, .run = step->run->facts.number, .position = facts->position,
	                            .name = step->flow_step->name, .use = step->flow_step->use_text,
	                            .state = state_name(facts->state), .reason = facts->reason, .text = facts->text,
	                            .connection = facts->connection, .target = facts->target, .device = facts->device,
	                            .user = facts->user, .mode = !desktop ? NULL : facts->attended ? "attended" : "unattended",
	                            .priority = facts->high ? "high" : "normal", .seq = facts->seq, .token = facts->token,
	                            .attempt = facts->attempt, .requested_us = facts->requested_us, .placed_us = facts->placed_us,
	                            .started_us = facts->started_us, .ended_us = facts->ended_us, .journal = facts->journal,
	                            .top = facts->top, .lost_us = facts->lost_us, .subflow = facts->subflow,
	                            .action = facts->action, .inputs = {.bytes = facts->inputs, .length = facts->inputs_length},
	                            .outputs = {.bytes = facts->outputs, .length = facts->outputs_length}};
	hst_error err = {{0}, {0}};

	must(engine->store->ops->put_step(engine->store, &record, &err), &err);
}

static void persist_counter(struct engine *engine, const char *name, int64_t *stored, int64_t value)
{
	hst_error err = {{0}, {0}};

	if (*stored == value)
		return;
	must(engine->store->ops->put_counter(engine->store, name, value, &err), &err);
	*stored = value;
}

void engine_persist(struct engine *engine)
{
	const struct core_effects *effects = &engine->effects;
	const struct core_counters *now = core_counters(engine->core);
	struct core_counters *stored = &engine->stored_counters;
	hst_error err = {{0}, {0}};

	engine_begin(engine);
	for (size_t i = 0; i < effects->run_count; i++)
		persist_run(engine, effects->runs[i]);
	crash_point(CRASH_engine_persisting);
	for (size_t i = 0; i < effects->step_count; i++)
		persist_step(engine, effects->steps[i]);
	for (size_t i = 0; i < effects->happening_count; i++) {
		const struct core_happening *happening = &effects->happenings[i];
		struct store_happening record = {.at_us = happening->at_us, .run = happening->run->facts.number,
		                                 .step = happening->step ? happening->step->facts.id : 0, .what = happening->what,
		                                 .detail = happening->detail};

		must(engine->store->ops->put_happening(engine->store, &record, &err), &err);
	}
	for (size_t i = 0; i < effects->standing_count; i++) {
		const struct core_standing *standing = &effects->standings[i];
		struct store_bytes value = {.bytes = standing->value, .length = standing->value_length};

		must(engine->store->ops->put_standing(engine->store, standing->kind, standing->name, value, &err), &err);
	}
	persist_counter(engine, "run", &stored->run, now->run);
	persist_counter(engine, "step", &stored->step, now->step);
	persist_counter(engine, "seq", &stored->seq, now->seq);
	persist_counter(engine, "token", &stored->token, now->token);
}

struct restoring {
	struct engine *engine;
	struct run *run; /* the one whose steps come now; NULL: it could not be restored */
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
	if (core_restore_standing(engine->core, standing->kind, standing->name, standing->value.bytes, standing->value.length, &err) < 0)
		log_warning("%s %s is left out: %s", standing->kind, standing->name, err.text);
	return true;
}

/* The text a run was accepted with, parsed again; the folder's files may have changed since. */
static const struct flow *restore_flow(struct engine *engine, const char *name, const char *digest)
{
	const struct flow *known = core_flow_of_digest(engine->core, digest);
	struct problems problems;
	struct document *document;
	struct flow *flow = NULL;
	hst_error err = {{0}, {0}};
	size_t length;
	char *text;

	if (known)
		return known;
	if (engine->store->ops->get_flow(engine->store, digest, &text, &length, &err) < 0) {
		log_error("flow %s: its text of the time is not in the store: %s", name, err.text);
		return NULL;
	}
	problems_init(&problems);
	document = ini_read_text(name, text, length, &problems);
	if (document)
		flow = flow_parse(document, &problems);
	document_free(document);
	free(text);
	if (flow) {
		snprintf(flow->digest, sizeof flow->digest, "%s", digest);
		core_add_flow(engine->core, flow, false);
	} else {
		log_error("flow %s: its text of the time cannot be read by this version", name);
	}
	problems_clear(&problems);
	return flow;
}

static bool restore_run(void *arg, const struct store_run *record)
{
	struct restoring *restoring = arg;
	const struct flow *flow = restore_flow(restoring->engine, record->flow, record->flow_digest);
	struct run_facts facts = {.number = record->number, .label = (char *)record->label, .trigger = (char *)record->trigger,
	                          .who = (char *)record->who, .state = state_named(record->state), .reason = (char *)record->reason,
	                          .text = (char *)record->text, .requested_us = record->requested_us,
	                          .started_us = record->started_us, .ended_us = record->ended_us, .origin = record->origin,
	                          .event = (char *)record->event.bytes, .event_length = record->event.length};

	restoring->run = NULL;
	if (!flow)
		return true;
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
	return true;
}

int engine_store_definitions(struct engine *engine, hst_error *err)
{
	int rc = HST_OK;

	TABLE_EACH(&engine->definitions->flows, entry) {
		const struct flow *flow = entry->value;
		struct store_bytes text = {.bytes = flow->text, .length = flow->text_length};

		if (rc >= 0)
			rc = engine->store->ops->put_flow(engine->store, flow->digest, text, err);
	}
	TABLE_EACH(&engine->definitions->packages, entry) {
		const struct package *package = entry->value;

		if (rc >= 0)
			rc = engine->store->ops->put_package(engine->store, package->digest, package->name, package->version,
			                                     clock_wall_us(), err);
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
		rc = engine->store->ops->commit(engine->store, err);
	if (rc >= 0)
		rc = engine->store->ops->counters(engine->store, restore_counter, engine, err);
	if (rc >= 0)
		rc = engine->store->ops->standings(engine->store, restore_standing, engine, err);
	if (rc >= 0)
		rc = engine->store->ops->unfinished(engine->store, restore_run, restore_step, &restoring, err);
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
