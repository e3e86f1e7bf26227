/*
 * A press whose event has a key: from whoever pressed, who may say the same twice because an answer was lost, or from the trigger,
 * which takes a double press for one. The same key of the same trigger is the same event: it is answered with the runs that the
 * first one made. A key is kept with them, in their transaction, so that there is never one without the other; an event that made no
 * run leaves none, and may be sent again.
 */
#include "engine/engine.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 128, RUNS_MAX = 1000 };

int keyed_check(const char *key, hst_error *err)
{
	size_t length = strlen(key);

	if (length > KEY_MAX)
		return hst_fail_as(err, HST_INVALID, "InputInvalid", "the key has %zu bytes, and at most %d are taken", length, KEY_MAX);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)key[i] < ' ' || key[i] == 0x7f)
			return hst_fail_as(err, HST_INVALID, "InputInvalid", "the key has a control character in it");
	return HST_OK;
}

/* Keys of people and keys that a trigger makes do not meet. */
static const char *stored_key(struct engine *engine, const struct engine_request *request, const char *key)
{
	return request->key ? arena_printf(engine->scratch, "posted/%s", request->key) : key;
}

static bool see_run(void *arg, const struct store_run *run)
{
	hst_value *record = arg;

	value_set_text(record, "id", run->id);
	value_set_text(record, "flow", run->flow);
	return false;
}

/* One that is no longer known, because of its age, has its number alone. */
static hst_value *run_record(struct engine *engine, int64_t number)
{
	hst_value *record = value_make_record(engine->scratch);
	const struct run *run = core_run(engine->core, number);

	value_set_text(record, "id", run ? run->facts.id : NULL);
	value_set_integer(record, "number", number);
	value_set_text(record, "flow", run ? run->flow->name : NULL);
	value_set_boolean(record, "again", true);
	if (!run)
		engine->store->ops->run(engine->store, number, see_run, record, NULL);
	return record;
}

/* Behind the commit, since these runs may be of the very batch. */
static void answer(struct engine *engine, const struct engine_request *request, int64_t first, int64_t runs)
{
	struct hub_link *client = engine_link(engine, request->client);
	hst_value *list = value_make_list(engine->scratch);

	for (int64_t i = 0; i < runs && i < RUNS_MAX; i++)
		value_append(list, run_record(engine, first + i));
	if (client)
		engine_answer_as(engine, client, WORD_accepted, request->client_id, list);
}

bool keyed_again(struct engine *engine, struct engine_request *request, const char *key)
{
	const char *stored = stored_key(engine, request, key);
	int64_t first = 0, runs = 0;

	if (!*stored || engine->store->ops->get_event(engine->store, request->trigger, stored, &first, &runs, NULL) != HST_OK)
		return false;
	answer(engine, request, first, runs);
	workers_request_free(request);
	return true;
}

static const struct core_action *accepted(const struct engine *engine, uint64_t tag)
{
	for (size_t i = engine->effects.action_count; i-- > 0;)
		if (engine->effects.actions[i].kind == CORE_ACCEPTED && engine->effects.actions[i].tag == tag)
			return &engine->effects.actions[i];
	return NULL;
}

void keyed_keep(struct engine *engine, const struct engine_request *request, const char *key)
{
	const char *stored = stored_key(engine, request, key);
	const struct core_action *action = *stored ? accepted(engine, request->id) : NULL;
	struct store_event record = {.instance = request->trigger, .key = stored, .at_us = clock_wall_us()};
	hst_error err = {{0}, {0}};
	bool new = true;

	if (!action || !action->run_count)
		return;
	record.run = action->runs[0]->facts.number;
	record.runs = (int64_t)action->run_count;
	engine_begin(engine);
	if (engine->store->ops->put_event(engine->store, &record, &new, &err) != HST_OK) {
		log_error("the store does not take a key: %s", err.text);
		abort();
	}
}
