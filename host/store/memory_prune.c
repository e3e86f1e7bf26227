#include "store/memory.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void empty(struct memory_run *run)
{
	free((char *)run->run.event.bytes);
	run->run.event = (struct store_bytes){NULL, 0};
	for (size_t i = 0; i < run->step_count; i++) {
		free((char *)run->steps[i].inputs.bytes);
		free((char *)run->steps[i].outputs.bytes);
		run->steps[i].inputs = run->steps[i].outputs = (struct store_bytes){NULL, 0};
	}
	memory_forget_sealed(run);
}

static bool has_ended_before(const struct memory_run *run, int64_t before_us)
{
	return run->there && run->run.ended_us && run->run.ended_us < before_us;
}

static void forget_events(struct memory_store *store, int64_t before_us)
{
	TABLE_EACH(&store->events, entry) {
		struct memory_event *event = entry->value;

		if (event->at_us >= before_us)
			continue;
		table_remove(&store->events, entry->key);
		free(event);
	}
}

static void forget_happenings(struct memory_run *run, int64_t before_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < run->happening_count; i++) {
		if (run->happenings[i].at_us < before_us)
			record_clear(&record_happening, &run->happenings[i]);
		else
			run->happenings[kept++] = run->happenings[i];
	}
	run->happening_count = kept;
}

static void note_emptied(struct memory_store *store, int64_t to_us)
{
	int64_t *counter = table_get(&store->counters, "emptied_us");

	if (!counter) {
		counter = mem_alloc(sizeof *counter);
		table_set(&store->counters, "emptied_us", counter);
	}
	if (to_us > *counter)
		*counter = to_us;
}

/* Everything at once: nobody waits for memory. */
int memory_prune(struct store *base, const struct store_prune *what, struct store_pruned *ret, hst_error *err)
{
	struct memory_store *store = memory_of(base);
	int64_t *emptied = table_get(&store->counters, "emptied_us"), from_us = emptied ? *emptied : 0;
	size_t kept = 0;

	if (!store->in_batch)
		return hst_fail(err, HST_INVALID, "a put outside of a batch");
	*ret = (struct store_pruned){.runs = 0};
	for (size_t i = 0; i < store->n; i++) {
		struct memory_run *run = store->runs[i];

		if (!run->there)
			forget_happenings(run, run->run.number == 0 ? what->rows_before_us : INT64_MIN);
		if (has_ended_before(run, what->rows_before_us)) {
			memory_free_run(run);
			ret->runs++;
			continue;
		}
		if (has_ended_before(run, what->values_before_us) && run->run.ended_us > from_us) {
			empty(run);
			ret->emptied++;
			note_emptied(store, run->run.ended_us);
		}
		store->runs[kept++] = run;
	}
	store->n = kept;
	forget_events(store, what->rows_before_us);
	return HST_OK;
}
