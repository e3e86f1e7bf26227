#include "cli/restore_store.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "pure/core/held.h"
#include "schema/value.h"
#include "store/copy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VALUE_MAX = 4096 };

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A host that was never restored is in its first. */
static int64_t generation_of(hst_arena *arena, const struct store_look *look)
{
	const hst_value *value = NULL;
	int64_t generation = 1;

	if (look->restored && value_parse_json(arena, look->restored, strlen(look->restored), &value, NULL) == HST_OK)
		value_integer(value_get(value, "generation"), &generation);
	return generation;
}

/* What was there may be damaged, or gone with its disk: then nobody knows its numbers. */
static void look_at_present(const char *path, struct store_look *ret)
{
	if (store_look(path, false, ret, NULL) != HST_OK)
		*ret = (struct store_look){0};
}

static bool see_run(void *arg, const struct store_run *run)
{
	struct restore_next *next = arg;
	hst_value *record = value_make_record(next->arena);

	value_set_integer(record, "number", run->number);
	value_set_text(record, "id", run->id);
	value_set_text(record, "flow", run->flow);
	value_set_text(record, "label", run->label);
	value_set_text(record, "state", run->state);
	value_append(next->unfinished, record);
	return true;
}

static bool see_step(void *arg, const struct store_step *step)
{
	(void)arg;
	(void)step;
	return true;
}

static int put(struct store *store, const struct store_look *old, const struct store_look *present,
	       const struct restore_next *next, hst_error *err)
{
	const struct core_hold hold = {
		.generation = next->generation, .at_us = next->now_us, .made_us = next->made_us, .run = old->run};
	/* Every token of a former life is smaller than the time at which it was given. */
	int64_t token = most(next->now_us, most(old->token, present->token) + 1);
	struct store_happening happening = {.at_us = next->now_us, .what = "restored"};
	AUTO(text) struct text json;
	int code = store->ops->begin(store, err);

	text_init(&json, VALUE_MAX);
	value_write_json(&json, core_hold_value(next->arena, &hold));
	if (!code)
		code = store->ops->put_standing(store, "restored", "host", (struct store_bytes){json.s, json.length}, err);
	if (!code)
		code = store->ops->put_counter(store, "token", token, err);
	if (!code)
		code = store->ops->put_counter(store, "run", most(old->run, present->run), err);
	if (!code)
		code = store->ops->put_counter(store, "step", most(old->step, present->step), err);
	if (!code)
		code = store->ops->put_counter(store, "seq", most(old->seq, present->seq), err);
	if (!code)
		code = store->ops->put_happening(store, &happening, err);
	return code ? code : store->ops->commit(store, NULL, err);
}

/* The copy that is made before a store is brought forward is the backup itself. */
static void remove_older(const char *path, int64_t version)
{
	AUTO_FREE char *copy = mem_printf("%s.v%lld", path, (long long)version);

	unlink(copy);
}

int restore_store(const char *path, struct restore_next *next, hst_error *err)
{
	struct store_look old = {0}, present = {0};
	struct store *store = NULL;
	int code = store_look(path, true, &old, err);

	if (code)
		return code;
	look_at_present(next->present, &present);
	next->generation = most(generation_of(next->arena, &old), generation_of(next->arena, &present)) + 1;
	code = store_open_sqlite(path, &store, err);
	if (!code)
		code = store->ops->unfinished(store, see_run, see_step, next, err);
	if (!code)
		code = put(store, &old, &present, next, err);
	if (store)
		store->ops->free(store);
	remove_older(path, old.version);
	free(old.restored);
	free(present.restored);
	return code;
}
