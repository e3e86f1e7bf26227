/*
 * Batches: events in, one transaction, then replies and actions out. Where little has changed a turn of the loop is a batch,
 * and its end waits for the disk. Where much has, the store's thread waits; what the batch says is put together meanwhile and
 * held in the hub, and what comes in these turns grows into the next batch, which begins its way when this one is over.
 */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "schema/value.h"

#include <poll.h>
#include <sodium.h>
#include <stdlib.h>

enum {
	APART_LEAST = 16,  /* changes: with fewer, telling a thread and being told by it takes longer than the disk */
	BATCH_MOST = 10000, /* changes: then nothing more is heard until the batch before is over */
};

void engine_begin(struct engine *engine)
{
	hst_error err = {{0}, {0}};

	if (engine->batch_open)
		return;
	if (engine->store->ops->begin(engine->store, &err) < 0) {
		log_error("the store does not take a transaction: %s", err.text);
		abort();
	}
	engine->batch_open = true;
}

/* Many at once, because each time is a call of the system. */
static struct draw draw(struct engine *engine)
{
	if (!engine->draw_count) {
		engine->draw_count = sizeof engine->draws / sizeof *engine->draws;
		randombytes_buf(engine->draws, sizeof engine->draws);
	}
	return engine->draws[--engine->draw_count];
}

void engine_event(struct engine *engine, struct core_event *event)
{
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

static void must(int rc, const hst_error *err)
{
	if (rc >= 0)
		return;
	/* Without the commit nothing may be said; the supervisor starts a new engine from what is on disk. */
	log_error("the store could not commit: %s", err->text);
	abort();
}

static size_t changes(const struct engine *engine)
{
	const struct core_effects *effects = &engine->effects;

	return effects->run_count + effects->step_count + effects->happening_count + effects->standing_count;
}

void engine_passed(struct engine *engine, enum crash_point point)
{
	_Static_assert(CRASH_engine_called < 64, "each is a bit");
	if (engine->committing)
		engine->passed |= UINT64_C(1) << point;
	else
		crash_point(point);
}

/* True: no batch is on its way to the disk, and what the one before had to say is said. `wait`: until then. */
static bool batch_over(struct engine *engine, bool wait)
{
	hst_error err = {{0}, {0}};
	bool over = true;

	if (!engine->committing)
		return true;
	must(engine->store->ops->commit_end(engine->store, wait, &over, &err), &err);
	if (!over)
		return false;
	engine->committing = false;
	crash_point(CRASH_engine_committed);
	hub_hold(engine->hub, false);
	for (unsigned point = 0; engine->passed; point++, engine->passed >>= 1)
		if (engine->passed & 1)
			crash_point((enum crash_point)point);
	return true;
}

/* The end of the turn that it wakes the loop for does the rest. */
static void committed(void *arg, int fd, short ready)
{
	(void)arg;
	(void)fd;
	(void)ready;
}

static void commit_apart(struct engine *engine)
{
	int fd = engine->store->ops->commit_begin(engine->store, engine_put, engine);

	engine->committing = true;
	hub_hold(engine->hub, true);
	if (fd < 0) {
		batch_over(engine, true);
	} else if (fd != engine->committed_fd) {
		loop_fd(engine->loop, fd, POLLIN, committed, engine);
		engine->committed_fd = fd;
	}
}

static void commit(struct engine *engine, size_t count)
{
	hst_error err = {{0}, {0}};

	engine_keep(engine);
	engine->kept_within = engine->batch_open;
	engine->batch_open = false;
	if (engine->hub && count >= APART_LEAST) {
		commit_apart(engine);
		return;
	}
	must(engine_put(engine, engine->store, &err), &err);
	must(engine->store->ops->commit(engine->store, &err), &err);
	crash_point(CRASH_engine_committed);
}

void engine_after(void *arg)
{
	struct engine *engine = arg;
	size_t count = changes(engine);

	if (!batch_over(engine, count >= BATCH_MOST)) {
		engine_arm(engine);
		return;
	}
	if (count || engine->batch_open)
		commit(engine, count);
	engine_perform(engine);
	core_settle(engine->core, &engine->effects);
	engine_arm(engine);
	arena_reset(engine->scratch);
}

void engine_settle(struct engine *engine)
{
	batch_over(engine, true);
	engine_after(engine);
	batch_over(engine, true);
}
