/*
 * What the core wants kept: copied, since the core goes on while it is put into the store, perhaps by another thread.
 * restore.c has the way back.
 */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/mem.h"
#include "store/record.h"

enum engine_put { PUT_HAPPENING, PUT_RUN, PUT_MIDST, PUT_STEP, PUT_SEALED, PUT_STANDING, PUT_COUNTER };

struct engine_kept {
	enum engine_put how;
	union {
		const void *record;
		const struct store_sealed *sealed;
		const struct store_standing *standing;
	};
	const char *counter;
	int64_t value;
};

static struct engine_kept *keep(struct engine *engine, enum engine_put how)
{
	struct engine_kept *kept;

	engine->kept = mem_grow(engine->kept, &engine->kept_size, engine->kept_count + 1, sizeof *engine->kept);
	kept = &engine->kept[engine->kept_count++];
	*kept = (struct engine_kept){.how = how};
	return kept;
}

static void keep_run(struct engine *engine, const struct run *run)
{
	const struct run_facts *facts = &run->facts;
	struct store_run record = {.number = facts->number, .id = facts->id, .flow = run->flow->name, .flow_digest = run->flow->digest,
	                           .label = facts->label, .trigger = facts->trigger, .who = facts->who,
	                           .state = state_name(facts->state), .reason = facts->reason, .text = facts->text,
	                           .requested_us = facts->requested_us, .started_us = facts->started_us, .ended_us = facts->ended_us,
	                           .origin = facts->origin, .event = {.bytes = facts->event, .length = facts->event_length}};

	keep(engine, PUT_RUN)->record = record_keep(&record_run, engine->kept_arena, &record);
}

static void keep_step(struct engine *engine, const struct step *step)
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

	keep(engine, PUT_STEP)->record = record_keep(&record_step, engine->kept_arena, &record);
}

static void keep_happening(struct engine *engine, const struct core_happening *happening)
{
	struct store_happening record = {.at_us = happening->at_us, .run = happening->run ? happening->run->facts.number : 0,
	                                 .step = happening->step ? happening->step->facts.id : 0, .what = happening->what,
	                                 .detail = happening->detail};

	keep(engine, PUT_HAPPENING)->record = record_keep(&record_happening, engine->kept_arena, &record);
}

static struct store_bytes keep_bytes(struct engine *engine, const char *bytes, size_t length)
{
	return (struct store_bytes){.bytes = bytes ? arena_copy(engine->kept_arena, bytes, length) : NULL, .length = length};
}

static void keep_sealed(struct engine *engine, const struct core_sealed *sealed)
{
	struct store_sealed *record = arena_alloc(engine->kept_arena, sizeof *record);

	*record = (struct store_sealed){.run = sealed->run, .step = sealed->step,
	                                .name = arena_text(engine->kept_arena, sealed->envelope->name),
	                                .bytes = keep_bytes(engine, sealed->envelope->bytes, sealed->envelope->length)};
	keep(engine, PUT_SEALED)->sealed = record;
}

static void keep_standing(struct engine *engine, const struct core_standing *standing)
{
	struct store_standing *record = arena_alloc(engine->kept_arena, sizeof *record);

	*record = (struct store_standing){.kind = standing->kind, .name = arena_text(engine->kept_arena, standing->name),
	                                  .value = keep_bytes(engine, standing->value, standing->value_length)};
	keep(engine, PUT_STANDING)->standing = record;
}

static void keep_counter(struct engine *engine, const char *name, int64_t *stored, int64_t value)
{
	struct engine_kept *kept;

	if (*stored == value)
		return;
	kept = keep(engine, PUT_COUNTER);
	kept->counter = name;
	kept->value = value;
	*stored = value;
}

void engine_keep(struct engine *engine)
{
	const struct core_effects *effects = &engine->effects;
	const struct core_counters *now = core_counters(engine->core);
	struct core_counters *stored = &engine->stored_counters;

	engine->kept_count = 0;
	arena_reset(engine->kept_arena);
	/* Before the runs, which take what is told of them into their rows. */
	for (size_t i = 0; i < effects->happening_count; i++)
		keep_happening(engine, &effects->happenings[i]);
	for (size_t i = 0; i < effects->run_count; i++)
		keep_run(engine, effects->runs[i]);
	keep(engine, PUT_MIDST);
	for (size_t i = 0; i < effects->step_count; i++)
		keep_step(engine, effects->steps[i]);
	for (size_t i = 0; i < effects->sealed_count; i++)
		keep_sealed(engine, &effects->sealed[i]);
	for (size_t i = 0; i < effects->standing_count; i++)
		keep_standing(engine, &effects->standings[i]);
	keep_counter(engine, "run", &stored->run, now->run);
	keep_counter(engine, "step", &stored->step, now->step);
	keep_counter(engine, "seq", &stored->seq, now->seq);
	keep_counter(engine, "token", &stored->token, now->token);
}

static int put(struct store *store, const struct engine_kept *kept, hst_error *err)
{
	switch (kept->how) {
	case PUT_HAPPENING:
		return store->ops->put_happening(store, kept->record, err);
	case PUT_RUN:
		return store->ops->put_run(store, kept->record, err);
	case PUT_MIDST:
		crash_point(CRASH_engine_persisting);
		return HST_OK;
	case PUT_STEP:
		return store->ops->put_step(store, kept->record, err);
	case PUT_SEALED:
		return store->ops->put_sealed(store, kept->sealed, err);
	case PUT_STANDING:
		return store->ops->put_standing(store, kept->standing->kind, kept->standing->name, kept->standing->value, err);
	case PUT_COUNTER:
		return store->ops->put_counter(store, kept->counter, kept->value, err);
	}
	return HST_OK;
}

int engine_put(void *arg, struct store *store, hst_error *err)
{
	const struct engine *engine = arg;
	int rc = engine->kept_within ? HST_OK : store->ops->begin(store, err);

	for (size_t i = 0; rc >= 0 && i < engine->kept_count; i++)
		rc = put(store, &engine->kept[i], err);
	crash_point(CRASH_engine_before_commit);
	return rc;
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
