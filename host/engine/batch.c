/* One turn of the loop is one batch: events in, one transaction, then replies and actions out. */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "schema/value.h"

#include <sodium.h>
#include <stdlib.h>

enum { QUICK_US = 1500, TURN_QUICK = 200, TURN_SLOW = 1000 }; /* messages that are heard in one turn */

/* The store is at its commit then, and the core's effects are being walked through. */
static void refuse_while_saying(const struct engine *engine)
{
	if (!engine->saying)
		return;
	log_error("the engine's core or store was used while what follows from a batch was put together; this is a mistake in hostler");
	abort();
}

void engine_begin(struct engine *engine)
{
	hst_error err = {{0}, {0}};

	refuse_while_saying(engine);
	if (engine->batch_open)
		return;
	if (engine->store->ops->begin(engine->store, &err) < 0) {
		log_error("the store does not take a transaction: %s", err.text);
		abort();
	}
	engine->batch_open = true;
}

/* Many at once, from a seed that is new each time: the system gives few bytes to a call. */
static struct draw draw(struct engine *engine)
{
	if (!engine->draw_count) {
		unsigned char seed[randombytes_SEEDBYTES];

		randombytes_buf(seed, sizeof seed);
		randombytes_buf_deterministic(engine->draws, sizeof engine->draws, seed);
		engine->draw_count = sizeof engine->draws / sizeof *engine->draws;
	}
	return engine->draws[--engine->draw_count];
}

void engine_event(struct engine *engine, struct core_event *event)
{
	refuse_while_saying(engine);
	event->now_us = clock_wall_us();
	event->draw = draw(engine);
	core_step(engine->core, event, &engine->effects);
}

struct message *engine_reply(struct engine *engine, const struct hub_link *to, enum word word, uint64_t id)
{
	struct engine_reply *reply;

	engine->replies = mem_grow(engine->replies, &engine->reply_size, engine->reply_count + 1, sizeof *engine->replies);
	reply = &engine->replies[engine->reply_count++];
	reply->link = to->number;
	reply->payload = NULL;
	message_init(&reply->message, word, id);
	return &reply->message;
}

void engine_answer(struct engine *engine, const struct hub_link *to, uint64_t id, const hst_value *answer)
{
	engine_answer_as(engine, to, WORD_answer, id, answer);
}

void engine_answer_as(struct engine *engine, const struct hub_link *to, enum word word, uint64_t id, const hst_value *answer)
{
	struct message *message = engine_reply(engine, to, word, id);
	struct text json;

	text_init(&json, PAYLOAD_BYTES_MAX);
	value_write_json(&json, answer);
	message_set_payload(message, json.s, json.length);
	engine->replies[engine->reply_count - 1].payload = text_take(&json);
}

static void engine_wake(void *arg)
{
	struct engine *engine = arg;
	struct core_event event = {.kind = CORE_TIME};

	engine->wake = NULL;
	engine->wake_at_us = 0;
	engine_event(engine, &event);
}

/* The core names a time of the wall clock; the loop runs on the steady one. The difference is taken anew each time. */
static void engine_arm(struct engine *engine)
{
	int64_t at_us = core_wake_us(engine->core);

	if (at_us == engine->wake_at_us && (engine->wake || at_us == 0))
		return;
	loop_cancel(engine->loop, &engine->wake);
	engine->wake_at_us = at_us;
	if (at_us) {
		int64_t in_us = at_us - clock_wall_us();

		engine->wake = loop_in(engine->loop, in_us > 0 ? in_us / 1000 + 1 : 0, engine_wake, engine);
	}
}

/*
 * A commit that waits long for its disk is shared by as many as possible. One that does not is soon worth less than what the other
 * processes could do with the first part of a batch while the engine is at the next.
 */
static void pace(struct engine *engine, int64_t commit_us)
{
	if (engine->hub)
		hub_limit(engine->hub, commit_us < QUICK_US ? TURN_QUICK : TURN_SLOW);
}

struct saying {
	struct engine *engine;
	int64_t took_us;
};

/* What follows from the batch is put together while the disk is at it; nothing of it leaves before that is done. */
static void say(void *arg)
{
	struct saying *saying = arg;
	struct engine *engine = saying->engine;
	int64_t began_us = clock_steady_us();

	if (engine->hub)
		hub_hold(engine->hub);
	engine->saying = true;
	engine_perform(engine);
	engine->saying = false;
	saying->took_us = clock_steady_us() - began_us;
}

static void commit(struct engine *engine)
{
	int64_t began_us = clock_steady_us();
	struct saying saying = {.engine = engine};
	hst_error err = {{0}, {0}};

	crash_point(CRASH_engine_before_commit);
	/* Without the commit nothing may be said; the supervisor starts a new engine from what is on disk. */
	if (engine->store->ops->commit(engine->store, &(struct store_work){say, &saying}, &err) < 0) {
		log_error("the store could not commit: %s", err.text);
		abort();
	}
	if (engine->hub)
		hub_release(engine->hub);
	engine->batch_open = false;
	crash_point(CRASH_engine_committed);
	pace(engine, clock_steady_us() - began_us - saying.took_us);
}

void engine_after(void *arg)
{
	struct engine *engine = arg;
	struct core_effects *effects = &engine->effects;

	if (effects->run_count || effects->step_count || effects->happening_count || effects->standing_count)
		engine_persist(engine);
	if (engine->batch_open)
		commit(engine);
	else
		engine_perform(engine);
	core_settle(engine->core, effects);
	engine_arm(engine);
	arena_reset(engine->scratch);
}
