/* What the core wants kept, put into the store. restore.c has the way back. */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/log.h"
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

static struct store_run run_record(const struct run *run)
{
	const struct run_facts *facts = &run->facts;

	return (struct store_run){.number = facts->number, .id = facts->id, .flow = run->flow->name, .flow_digest = run->flow->digest,
	                           .label = facts->label, .trigger = facts->trigger, .who = facts->who,
	                           .state = state_name(facts->state), .reason = facts->reason, .text = facts->text,
	                           .requested_us = facts->requested_us, .started_us = facts->started_us, .ended_us = facts->ended_us,
	                           .origin = facts->origin, .event = {.bytes = facts->event, .length = facts->event_length}};
}

static struct store_step step_record(const struct step *step)
{
	const struct step_facts *facts = &step->facts;
	bool desktop = step->flow_step->use == FLOW_USE_DESKTOP;

	return (struct store_step){.id = facts->id, .run = step->run->facts.number, .position = facts->position,
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
}

static void persist_runs(struct engine *engine)
{
	const struct core_effects *effects = &engine->effects;
	struct store_run *records = arena_alloc(engine->scratch, effects->run_count * sizeof *records);
	hst_error err = {{0}, {0}};

	for (size_t i = 0; i < effects->run_count; i++)
		records[i] = run_record(effects->runs[i]);
	must(engine->store->ops->put_runs(engine->store, records, effects->run_count, &err), &err);
}

static void persist_steps(struct engine *engine)
{
	const struct core_effects *effects = &engine->effects;
	struct store_step *records = arena_alloc(engine->scratch, effects->step_count * sizeof *records);
	hst_error err = {{0}, {0}};

	for (size_t i = 0; i < effects->step_count; i++)
		records[i] = step_record(effects->steps[i]);
	must(engine->store->ops->put_steps(engine->store, records, effects->step_count, &err), &err);
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
	/* Before the runs, which take what is told of them into their rows. */
	for (size_t i = 0; i < effects->happening_count; i++) {
		const struct core_happening *happening = &effects->happenings[i];
		struct store_happening record = {.at_us = happening->at_us, .run = happening->run ? happening->run->facts.number : 0,
		                                 .step = happening->step ? happening->step->facts.id : 0, .what = happening->what,
		                                 .detail = happening->detail,
		                                 .run_us = happening->run ? happening->run->facts.requested_us : 0};

		must(engine->store->ops->put_happening(engine->store, &record, &err), &err);
	}
	if (effects->run_count)
		persist_runs(engine);
	crash_point(CRASH_engine_persisting);
	if (effects->step_count)
		persist_steps(engine);
	for (size_t i = 0; i < effects->sealed_count; i++) {
		const struct core_sealed *sealed = &effects->sealed[i];
		struct store_sealed record = {.run = sealed->run, .step = sealed->step, .name = sealed->envelope->name,
		                              .bytes = {.bytes = sealed->envelope->bytes, .length = sealed->envelope->length}};

		must(engine->store->ops->put_sealed(engine->store, &record, &err), &err);
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
