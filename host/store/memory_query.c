#include "store/memory.h"

#include "base/mem.h"
#include "store/said.h"

#include <stdlib.h>
#include <string.h>

static struct memory_run *memory_find(const struct memory_store *store, int64_t number)
{
	size_t at = memory_position(store, number);

	return at < store->n && store->runs[at]->run.number == number ? store->runs[at] : NULL;
}

static bool memory_visit_steps(const struct memory_run *run,
			       bool (*visit)(void *arg, const struct store_step *step), void *arg)
{
	for (size_t i = 0; i < run->step_count; i++)
		if (!visit(arg, &run->steps[i]))
			return false;
	return true;
}

int memory_unfinished(struct store *base, bool (*visit_run)(void *arg, const struct store_run *run),
		      bool (*visit_step)(void *arg, const struct store_step *step), void *arg, hst_error *err)
{
	struct memory_store *store = memory_of(base);

	(void)err;
	for (size_t i = 0; i < store->n; i++) {
		const struct memory_run *run = store->runs[i];

		if (!run->there || run->run.ended_us)
			continue;
		if (!visit_run(arg, &run->run) || (visit_step && !memory_visit_steps(run, visit_step, arg)))
			break;
	}
	return HST_OK;
}

static bool memory_same(const char *asked, const char *text)
{
	return !asked || (text && strcmp(asked, text) == 0);
}

static bool memory_fits(const struct store_filter *filter, const struct store_run *run)
{
	return memory_same(filter->flow, run->flow) && memory_same(filter->state, run->state) &&
	       memory_same(filter->reason, run->reason) && run->requested_us >= filter->since_us &&
	       (!filter->label || (run->label && strstr(run->label, filter->label)));
}

/* Newest first: the run before the position, or NULL when `within` runs were passed. */
static const struct store_run *memory_before(const struct memory_store *store, size_t *at, size_t within)
{
	while (*at > 0 && store->n - *at < within)
		if (store->runs[--*at]->there)
			return &store->runs[*at]->run;
	return NULL;
}

int memory_runs(struct store *base, const struct store_filter *filter,
		bool (*visit)(void *arg, const struct store_run *run), void *arg, hst_error *err)
{
	struct memory_store *store = memory_of(base);
	const struct store_run *run;
	size_t at = store->n;
	int64_t n = 0;

	(void)err;
	while ((filter->limit <= 0 || n < filter->limit) &&
	       (run = memory_before(store, &at, RUNS_LOOKED_AT)) != NULL) {
		if (!memory_fits(filter, run))
			continue;
		n++;
		if (!visit(arg, run))
			break;
	}
	return HST_OK;
}

int memory_run(struct store *base, int64_t number, bool (*visit)(void *arg, const struct store_run *run),
	       void *arg, hst_error *err)
{
	const struct memory_run *run = memory_find(memory_of(base), number);

	if (!run || !run->there)
		return hst_fail(err, HST_NOT_FOUND, "there is no run #%lld", (long long)number);
	visit(arg, &run->run);
	return HST_OK;
}

int memory_steps(struct store *base, int64_t number, bool (*visit)(void *arg, const struct store_step *step),
		 void *arg, hst_error *err)
{
	const struct memory_run *run = memory_find(memory_of(base), number);

	(void)err;
	if (run)
		memory_visit_steps(run, visit, arg);
	return HST_OK;
}

int memory_happenings(struct store *base, int64_t number,
		      bool (*visit)(void *arg, const struct store_happening *happening), void *arg,
		      hst_error *err)
{
	const struct memory_run *run = memory_find(memory_of(base), number);

	(void)err;
	for (size_t i = 0; run && i < run->happening_count; i++)
		if (!visit(arg, &run->happenings[i]))
			break;
	return HST_OK;
}

int memory_standings(struct store *base, bool (*visit)(void *arg, const struct store_standing *standing),
		     void *arg, hst_error *err)
{
	const struct memory_store *store = memory_of(base);

	(void)err;
	for (size_t i = 0; i < store->standing_count; i++) {
		const struct memory_standing *kept = &store->standings[i];
		struct store_standing standing = {kept->kind, kept->name, {kept->value, kept->length}};

		if (!visit(arg, &standing))
			break;
	}
	return HST_OK;
}

/* A happening in the order in which they are told: what was put later comes first. */
struct memory_moment {
	const struct memory_run *run;
	size_t at;
};

static int memory_later_first(const void *a, const void *b)
{
	const struct memory_moment *left = a, *right = b;
	int64_t left_us = left->run->happenings[left->at].at_us, right_us = right->run->happenings[right->at].at_us;

	if (left_us != right_us)
		return left_us > right_us ? -1 : 1;
	if (left->run != right->run)
		return left->run->run.number > right->run->run.number ? -1 : 1;
	return left->at > right->at ? -1 : 1;
}

static const char *memory_step_name(const struct memory_run *run, int64_t id)
{
	for (size_t i = 0; i < run->step_count; i++)
		if (run->steps[i].id == id)
			return run->steps[i].name;
	return NULL;
}

static bool memory_in_span(const struct memory_run *run, const struct store_span *span)
{
	if (!run->run.number)
		return !span->run && !span->flow;
	return run->there && (!span->run || span->run == run->run.number) && memory_same(span->flow, run->run.flow);
}

int memory_sealed(struct store *base, int64_t number, int64_t step,
		  bool (*visit)(void *arg, const struct store_sealed *sealed), void *arg, hst_error *err)
{
	const struct memory_run *run = memory_find(memory_of(base), number);

	(void)err;
	for (size_t i = 0; run && i < run->sealed_count; i++)
		if ((step < 0 || run->sealed[i].step == step) && !visit(arg, &run->sealed[i]))
			break;
	return HST_OK;
}

int memory_lately(struct store *base, const struct store_span *span,
		  bool (*visit)(void *arg, const struct store_told *told), void *arg, hst_error *err)
{
	const struct memory_store *store = memory_of(base);
	struct memory_moment *moments = NULL;
	size_t n = 0, room = 0;

	(void)err;
	for (size_t i = 0; i < store->n; i++)
		for (size_t j = 0; memory_in_span(store->runs[i], span) && j < store->runs[i]->happening_count; j++) {
			if (store->runs[i]->happenings[j].at_us < span->since_us)
				continue;
			moments = mem_grow(moments, &room, n + 1, sizeof *moments);
			moments[n++] = (struct memory_moment){store->runs[i], j};
		}
	if (n)
		qsort(moments, n, sizeof *moments, memory_later_first);
	for (size_t i = 0; i < n && (int64_t)i < span->limit; i++) {
		const struct memory_run *run = moments[i].run;
		bool house = !run->run.number;
		const struct store_told told = {.happening = run->happenings[moments[i].at], .run_id = house ? NULL : run->run.id,
						.flow = house ? NULL : run->run.flow,
						.step = memory_step_name(run, run->happenings[moments[i].at].step)};

		if (!visit(arg, &told))
			break;
	}
	free(moments);
	return HST_OK;
}

/* A whole id fits its own run alone, so it needs no way of its own here. */
static int memory_find_ending(const struct memory_store *store, const char *ending, int64_t *ret_number,
			      hst_error *err)
{
	const struct store_run *run, *found = NULL;
	size_t at = store->n, length = strlen(ending);

	while ((run = memory_before(store, &at, SAID_LOOKED_AT)) != NULL) {
		size_t whole = run->id ? strlen(run->id) : 0;

		if (whole < length || strcmp(run->id + whole - length, ending) != 0)
			continue;
		if (found)
			return said_several(ending, found->id, run->id, err);
		found = run;
	}
	if (!found)
		return HST_NOT_FOUND;
	*ret_number = found->number;
	return HST_OK;
}

int memory_find_run(struct store *base, const char *text, int64_t *ret_number, hst_error *err)
{
	struct memory_store *store = memory_of(base);
	const struct memory_run *kept;
	const struct store_run *run;
	size_t at = store->n;
	struct said said;
	int code = said_read(text, &said, err);

	if (code)
		return code;
	while (said.last && (run = memory_before(store, &at, RUNS_LOOKED_AT)) != NULL)
		if (memory_same(said.flow, run->flow)) {
			*ret_number = run->number;
			return HST_OK;
		}
	kept = said.number >= 0 ? memory_find(store, said.number) : NULL;
	if (kept && kept->there) {
		*ret_number = said.number;
		return HST_OK;
	}
	code = said.ending ? memory_find_ending(store, said.ending, ret_number, err) : HST_NOT_FOUND;
	return code == HST_NOT_FOUND ? said_nothing(text, err) : code;
}
