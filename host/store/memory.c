/* The store in memory, for tests and the simulator: the same answers, nothing durable. Puts within a batch
 * never fail. */
#include "store/memory.h"

#include "base/auto.h"
#include "base/mem.h"

#include <string.h>

size_t memory_position(const struct memory_store *store, int64_t number)
{
	size_t low = 0, high = store->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (store->runs[middle]->run.number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct memory_run *memory_make(struct memory_store *store, int64_t number)
{
	size_t at = memory_position(store, number);
	struct memory_run *run;

	if (at < store->n && store->runs[at]->run.number == number)
		return store->runs[at];
	run = mem_alloc(sizeof *run);
	run->run.number = number;
	store->runs = mem_grow(store->runs, &store->room, store->n + 1, sizeof(struct memory_run *));
	memmove(store->runs + at + 1, store->runs + at, (store->n - at) * sizeof(struct memory_run *));
	store->runs[at] = run;
	store->n++;
	return run;
}

static int memory_in_batch(const struct memory_store *store, hst_error *err)
{
	return store->in_batch ? HST_OK : hst_fail(err, HST_INVALID, "a put outside of a batch");
}

static int memory_begin(struct store *base, hst_error *err)
{
	if (memory_of(base)->in_batch)
		return hst_fail(err, HST_INVALID, "a batch within a batch");
	memory_of(base)->in_batch = true;
	return HST_OK;
}

static int memory_commit(struct store *base, const struct store_work *meanwhile, hst_error *err)
{
	if (!memory_of(base)->in_batch)
		return hst_fail(err, HST_INVALID, "a commit without a batch");
	if (meanwhile)
		meanwhile->work(meanwhile->arg);
	memory_of(base)->in_batch = false;
	return HST_OK;
}

static bool memory_idle(struct store *base)
{
	(void)base;
	return false;
}

static int memory_copy(struct store *base, const char *path, struct store_copy **ret, hst_error *err)
{
	(void)base;
	(void)ret;
	return hst_fail(err, HST_INVALID, "%s: a store in memory has no copies", path);
}

static int memory_put_run(struct store *base, const struct store_run *run, hst_error *err)
{
	int code = memory_in_batch(memory_of(base), err);
	struct memory_run *kept;

	if (code)
		return code;
	kept = memory_make(memory_of(base), run->number);
	if (kept->there)
		record_replace(&record_run, &kept->run, run);
	else
		record_copy(&record_run, &kept->run, run);
	kept->there = true;
	return HST_OK;
}

static int memory_put_step(struct store *base, const struct store_step *step, hst_error *err)
{
	int code = memory_in_batch(memory_of(base), err);
	struct memory_run *run;
	size_t at;

	if (code)
		return code;
	run = memory_make(memory_of(base), step->run);
	for (size_t i = 0; i < run->step_count; i++)
		if (run->steps[i].position == step->position) {
			record_replace(&record_step, &run->steps[i], step);
			return HST_OK;
		}
	for (at = run->step_count; at > 0 && run->steps[at - 1].position > step->position; at--)
		;
	run->steps = mem_grow(run->steps, &run->step_room, run->step_count + 1, sizeof *run->steps);
	memmove(run->steps + at + 1, run->steps + at, (run->step_count - at) * sizeof *run->steps);
	record_copy(&record_step, &run->steps[at], step);
	run->step_count++;
	return HST_OK;
}

static int memory_put_runs(struct store *base, const struct store_run *runs, size_t n, hst_error *err)
{
	int code = HST_OK;

	for (size_t i = 0; i < n && !code; i++)
		code = memory_put_run(base, &runs[i], err);
	return code;
}

static int memory_put_steps(struct store *base, const struct store_step *steps, size_t n, hst_error *err)
{
	int code = HST_OK;

	for (size_t i = 0; i < n && !code; i++)
		code = memory_put_step(base, &steps[i], err);
	return code;
}

static int memory_put_happening(struct store *base, const struct store_happening *happening, hst_error *err)
{
	int code = memory_in_batch(memory_of(base), err);
	struct memory_run *run;

	if (code)
		return code;
	run = memory_make(memory_of(base), happening->run);
	run->happenings = mem_grow(run->happenings, &run->happening_room, run->happening_count + 1,
				   sizeof *run->happenings);
	record_copy(&record_happening, &run->happenings[run->happening_count++], happening);
	return HST_OK;
}

static int memory_put_sealed(struct store *base, const struct store_sealed *sealed, hst_error *err)
{
	static const char magic[] = {'H', 'S', 'E', '1'};
	int code = memory_in_batch(memory_of(base), err), compared = 1;
	struct store_sealed *all;
	struct memory_run *run;
	size_t at = 0;

	if (!code && (sealed->bytes.length < sizeof magic || memcmp(sealed->bytes.bytes, magic, sizeof magic) != 0))
		code = hst_fail(err, HST_INVALID, "what is to be kept as sealed is no envelope");
	if (code)
		return code;
	run = memory_make(memory_of(base), sealed->run);
	run->sealed = all = mem_grow(run->sealed, &run->sealed_room, run->sealed_count + 1, sizeof *all);
	for (; at < run->sealed_count; at++) {
		compared = (all[at].step > sealed->step) - (all[at].step < sealed->step);
		compared = compared ? compared : strcmp(all[at].name, sealed->name);
		if (compared >= 0)
			break;
	}
	if (at < run->sealed_count && compared == 0) {
		free((char *)all[at].bytes.bytes);
	} else {
		memmove(all + at + 1, all + at, (run->sealed_count++ - at) * sizeof *all);
		all[at] = (struct store_sealed){.run = sealed->run, .step = sealed->step, .name = mem_text(sealed->name)};
	}
	all[at].bytes = (struct store_bytes){mem_copy(sealed->bytes.bytes, sealed->bytes.length), sealed->bytes.length};
	return HST_OK;
}

static struct memory_event *memory_event(const struct store_event *event)
{
	struct memory_event *kept = mem_alloc(sizeof *kept);

	*kept = (struct memory_event){.at_us = event->at_us, .run = event->run, .runs = event->runs};
	return kept;
}

static int memory_put_event(struct store *base, const struct store_event *event, bool *ret_new,
			    hst_error *err)
{
	struct memory_store *store = memory_of(base);
	AUTO_FREE char *key = event->key ? mem_printf("%s\n%s", event->instance, event->key) : NULL;
	int code = key ? memory_in_batch(store, err) : HST_OK;

	if (code)
		return code;
	*ret_new = !key || !table_get(&store->events, key);
	if (key && *ret_new)
		table_set(&store->events, key, memory_event(event));
	return HST_OK;
}

static int memory_get_event(struct store *base, const char *instance, const char *key, int64_t *ret_run, int64_t *ret_runs,
			    hst_error *err)
{
	AUTO_FREE char *whole = mem_printf("%s\n%s", instance, key);
	const struct memory_event *kept = table_get(&memory_of(base)->events, whole);

	if (!kept)
		return hst_fail(err, HST_NOT_FOUND, "no event has that key");
	*ret_run = kept->run;
	*ret_runs = kept->runs;
	return HST_OK;
}

static void memory_set_bytes(struct table *table, const char *key, struct store_bytes bytes)
{
	struct memory_bytes *kept = table_get(table, key);

	if (!kept) {
		kept = mem_alloc(sizeof *kept);
		table_set(table, key, kept);
	}
	free(kept->bytes);
	kept->bytes = mem_copy(bytes.bytes, bytes.length);
	kept->length = bytes.length;
}

static int memory_get_bytes(const struct table *table, const char *key, const char *what, char **ret,
			    size_t *ret_length, hst_error *err)
{
	const struct memory_bytes *kept = table_get(table, key);

	if (!kept)
		return hst_fail(err, HST_NOT_FOUND, "there is no %s of that name in the store", what);
	*ret = mem_copy(kept->bytes, kept->length);
	*ret_length = kept->length;
	return HST_OK;
}

static int memory_put_flow(struct store *base, const char *digest, struct store_bytes text, hst_error *err)
{
	int code = memory_in_batch(memory_of(base), err);

	if (!code && !table_get(&memory_of(base)->flows, digest))
		memory_set_bytes(&memory_of(base)->flows, digest, text);
	return code;
}

static int memory_get_flow(struct store *base, const char *digest, char **ret_text, size_t *ret_length,
			   hst_error *err)
{
	return memory_get_bytes(&memory_of(base)->flows, digest, "flow", ret_text, ret_length, err);
}

static int memory_put_state(struct store *base, const char *instance, const char *name,
			    struct store_bytes bytes, hst_error *err)
{
	AUTO_FREE char *key = mem_printf("%s\n%s", instance, name);
	int code = memory_in_batch(memory_of(base), err);

	if (!code)
		memory_set_bytes(&memory_of(base)->states, key, bytes);
	return code;
}

static int memory_get_state(struct store *base, const char *instance, const char *name, char **ret_bytes,
			    size_t *ret_length, hst_error *err)
{
	AUTO_FREE char *key = mem_printf("%s\n%s", instance, name);

	return memory_get_bytes(&memory_of(base)->states, key, "state", ret_bytes, ret_length, err);
}

static int memory_put_counter(struct store *base, const char *name, int64_t value, hst_error *err)
{
	struct memory_store *store = memory_of(base);
	int64_t *kept = table_get(&store->counters, name);
	int code = memory_in_batch(store, err);

	if (code)
		return code;
	if (!kept) {
		kept = mem_alloc(sizeof *kept);
		table_set(&store->counters, name, kept);
	}
	*kept = value;
	return HST_OK;
}

static int memory_counters(struct store *base, bool (*visit)(void *arg, const char *name, int64_t value),
			   void *arg, hst_error *err)
{
	(void)err;
	TABLE_EACH (&memory_of(base)->counters, entry)
		if (!visit(arg, entry->key, *(int64_t *)entry->value))
			break;
	return HST_OK;
}

static int memory_put_package(struct store *base, const char *digest, const char *name, const char *version,
			      int64_t at_us, hst_error *err)
{
	struct memory_store *store = memory_of(base);
	struct memory_package *kept = table_get(&store->packages, digest);
	int code = memory_in_batch(store, err);

	if (code)
		return code;
	if (!kept) {
		kept = mem_alloc(sizeof *kept);
		table_set(&store->packages, digest, kept);
	}
	free(kept->name);
	free(kept->version);
	*kept = (struct memory_package){mem_text(name), mem_text(version), at_us};
	return HST_OK;
}

static void memory_free_standing(struct memory_standing *standing)
{
	free(standing->kind);
	free(standing->name);
	free(standing->value);
}

static int memory_put_standing(struct store *base, const char *kind, const char *name,
			       struct store_bytes value, hst_error *err)
{
	struct memory_store *store = memory_of(base);
	struct memory_standing *all = store->standings;
	int code = memory_in_batch(store, err), compared = 1;
	size_t at = 0;

	if (code)
		return code;
	for (; at < store->standing_count; at++) {
		compared = strcmp(all[at].kind, kind);
		compared = compared ? compared : strcmp(all[at].name, name);
		if (compared >= 0)
			break;
	}
	if (at < store->standing_count && compared == 0) {
		memory_free_standing(&all[at]);
		memmove(all + at, all + at + 1, (--store->standing_count - at) * sizeof *all);
	}
	if (!value.bytes)
		return HST_OK;
	all = mem_grow(all, &store->standing_room, store->standing_count + 1, sizeof *all);
	memmove(all + at + 1, all + at, (store->standing_count++ - at) * sizeof *all);
	all[at] = (struct memory_standing){mem_text(kind), mem_text(name),
					   mem_copy(value.bytes, value.length), value.length};
	store->standings = all;
	return HST_OK;
}

void memory_forget_sealed(struct memory_run *run)
{
	for (size_t i = 0; i < run->sealed_count; i++) {
		free((char *)run->sealed[i].name);
		free((char *)run->sealed[i].bytes.bytes);
	}
	run->sealed_count = 0;
}

void memory_free_run(struct memory_run *run)
{
	memory_forget_sealed(run);
	free(run->sealed);
	for (size_t i = 0; i < run->step_count; i++)
		record_clear(&record_step, &run->steps[i]);
	for (size_t i = 0; i < run->happening_count; i++)
		record_clear(&record_happening, &run->happenings[i]);
	record_clear(&record_run, &run->run);
	free(run->steps);
	free(run->happenings);
	free(run);
}

static void memory_free_bytes(struct table *table)
{
	TABLE_EACH (table, entry) {
		free(((struct memory_bytes *)entry->value)->bytes);
		free(entry->value);
	}
	table_clear(table);
}

static void memory_free(struct store *base)
{
	struct memory_store *store = memory_of(base);

	if (!store)
		return;
	for (size_t i = 0; i < store->n; i++)
		memory_free_run(store->runs[i]);
	free(store->runs);
	for (size_t i = 0; i < store->standing_count; i++)
		memory_free_standing(&store->standings[i]);
	free(store->standings);
	memory_free_bytes(&store->flows);
	memory_free_bytes(&store->states);
	TABLE_EACH (&store->counters, counter)
		free(counter->value);
	TABLE_EACH (&store->events, event)
		free(event->value);
	TABLE_EACH (&store->packages, package) {
		free(((struct memory_package *)package->value)->name);
		free(((struct memory_package *)package->value)->version);
		free(package->value);
	}
	table_clear(&store->counters);
	table_clear(&store->packages);
	table_clear(&store->events);
	free(store);
}

static const struct store_ops memory_ops = {
	.free = memory_free,
	.begin = memory_begin,
	.commit = memory_commit,
	.idle = memory_idle,
	.copy = memory_copy,
	.prune = memory_prune,
	.put_runs = memory_put_runs,
	.put_steps = memory_put_steps,
	.put_happening = memory_put_happening,
	.put_sealed = memory_put_sealed,
	.put_event = memory_put_event,
	.put_flow = memory_put_flow,
	.put_counter = memory_put_counter,
	.put_state = memory_put_state,
	.put_package = memory_put_package,
	.put_standing = memory_put_standing,
	.counters = memory_counters,
	.get_flow = memory_get_flow,
	.get_state = memory_get_state,
	.get_event = memory_get_event,
	.standings = memory_standings,
	.unfinished = memory_unfinished,
	.runs = memory_runs,
	.run = memory_run,
	.steps = memory_steps,
	.happenings = memory_happenings,
	.sealed = memory_sealed,
	.lately = memory_lately,
	.find_run = memory_find_run,
};

struct store *store_new_memory(void)
{
	struct memory_store *store = mem_alloc(sizeof *store);

	store->store.ops = &memory_ops;
	table_init(&store->events);
	table_init(&store->flows);
	table_init(&store->states);
	table_init(&store->counters);
	table_init(&store->packages);
	return &store->store;
}
