/* What happened in all runs, or in those of a flow, or in one: in the order in which it happened. */
#include "engine/answers.h"

#include "base/auto.h"
#include "base/text.h"
#include "schema/value.h"

#include <string.h>

enum { EVENTS_DEFAULT = 50, EVENTS_MAX = 1000, EVENT_BYTES_MAX = 64 << 10, EVENTS_BYTES_MAX = 900 << 10 };

struct collecting {
	hst_arena *arena;
	const hst_value **rows; /* newest first */
	size_t n;
	size_t bytes;
	int64_t limit;
};

static bool collect(void *arg, const struct store_told *told)
{
	struct collecting *collecting = arg;
	const hst_value *row;
	AUTO(text) struct text json;

	text_init(&json, EVENT_BYTES_MAX);
	engine_say_happening(&json, &(struct engine_happening){.run = told->happening.run, .at_us = told->happening.at_us,
	                                                       .run_id = told->run_id,
	                                                       .flow = told->flow ? told->flow : "",
	                                                       .step = told->step, .what = told->happening.what,
	                                                       .detail = told->happening.detail});
	collecting->bytes += json.length + 1;
	/* What is older is left out rather than the whole answer refused. */
	if (collecting->bytes > EVENTS_BYTES_MAX)
		return false;
	if (value_parse_json(collecting->arena, json.s, json.length, &row, NULL) >= 0)
		collecting->rows[collecting->n++] = row;
	return (int64_t)collecting->n < collecting->limit;
}

int answer_events(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	const struct store_ops *ops = engine->store->ops;
	const char *flow = value_text(value_get(filters, "flow")), *run = value_text(value_get(filters, "run"));
	struct store_span span = {.flow = *flow ? flow : NULL, .limit = EVENTS_DEFAULT};
	struct collecting collecting = {.arena = engine->scratch};
	hst_value *list = value_make_list(engine->scratch);
	int rc = *run ? ops->find_run(engine->store, run, &span.run, err) : HST_OK;

	value_integer(value_get(filters, "since_us"), &span.since_us);
	value_integer(value_get(filters, "limit"), &span.limit);
	if (rc >= 0 && (span.limit < 1 || span.limit > EVENTS_MAX))
		rc = hst_fail(err, HST_INVALID, "limit must be from 1 to %d", EVENTS_MAX);
	if (rc < 0)
		return rc;
	collecting.limit = span.limit;
	collecting.rows = arena_array(engine->scratch, (size_t)span.limit, sizeof *collecting.rows);
	rc = ops->lately(engine->store, &span, collect, &collecting, err);
	while (collecting.n > 0)
		value_append(list, collecting.rows[--collecting.n]);
	*ret = list;
	return rc;
}
