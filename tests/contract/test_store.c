/*
 * One suite for both homes of the store, and what only the one on disk has to keep: whole batches after a crash, its
 * file's mode, its versions, one owner.
 */
#include "base/mem.h"
#include "store/record.h"
#include "store/sqlite_schema.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct room {
	char directory[64], path[128];
	struct store *store;
};

#define OPS(room) ((room)->store->ops)

static void opened(struct room *room)
{
	hst_error err;

	if (store_open_sqlite(room->path, &room->store, &err))
		fail_msg("%s", err.text);
}

static int setup_sqlite(void **state)
{
	struct room *room = calloc(1, sizeof *room);

	strcpy(room->directory, "/tmp/test_store.XXXXXX");
	assert_non_null(mkdtemp(room->directory));
	snprintf(room->path, sizeof room->path, "%s/store.db", room->directory);
	opened(room);
	*state = room;
	return 0;
}

static int setup_memory(void **state)
{
	struct room *room = calloc(1, sizeof *room);

	room->store = store_new_memory();
	*state = room;
	return 0;
}

static int teardown(void **state)
{
	struct room *room = *state;
	static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".v1", ".v2"};
	char path[160];

	if (room->store)
		OPS(room)->free(room->store);
	for (size_t i = 0; room->path[0] && i < sizeof endings / sizeof *endings; i++) {
		snprintf(path, sizeof path, "%s%s", room->path, endings[i]);
		unlink(path);
	}
	if (room->directory[0])
		assert_int_equal(rmdir(room->directory), 0);
	free(room);
	return 0;
}

static void begin(struct room *room)
{
	assert_int_equal(OPS(room)->begin(room->store, NULL), HST_OK);
}

static void commit(struct room *room)
{
	hst_error err;

	if (OPS(room)->commit(room->store, &err))
		fail_msg("%s", err.text);
}

/* Ids as they are made, so that endings are tried on the real form; they differ in their last characters. */
static struct store_run a_run(int64_t number, char id[32])
{
	snprintf(id, 32, "r-0123456789abcdefghjkm%05d", (int)number);
	return (struct store_run){.number = number, .id = id, .flow = number % 2 ? "odd" : "even", .state = "running",
	                          .requested_us = number * 1000};
}

static void put_runs(struct room *room, int64_t from, int64_t to)
{
	begin(room);
	for (int64_t number = from; number <= to; number++) {
		char id[32];
		struct store_run run = a_run(number, id);

		assert_int_equal(OPS(room)->put_run(room->store, &run, NULL), HST_OK);
	}
	commit(room);
}

/* Visitors keep copies of what they saw. */
struct seen {
	struct store_run runs[32];
	struct store_step steps[32];
	struct store_happening happenings[32];
	char order[256]; /* "#1 2 3 #2": runs and the steps behind them */
	size_t run_count, step_count, happening_count, stop_after;
};

static bool see_run(void *arg, const struct store_run *run)
{
	struct seen *seen = arg;

	record_copy(&record_run, &seen->runs[seen->run_count++], run);
	snprintf(seen->order + strlen(seen->order), 20, "#%d ", (int)run->number);
	return seen->run_count != seen->stop_after;
}

static bool see_step(void *arg, const struct store_step *step)
{
	struct seen *seen = arg;

	record_copy(&record_step, &seen->steps[seen->step_count++], step);
	snprintf(seen->order + strlen(seen->order), 20, "%d ", (int)step->id);
	return seen->step_count != seen->stop_after;
}

static bool see_happening(void *arg, const struct store_happening *happening)
{
	struct seen *seen = arg;

	record_copy(&record_happening, &seen->happenings[seen->happening_count++], happening);
	return seen->happening_count != seen->stop_after;
}

static void seen_clear(struct seen *seen)
{
	for (size_t i = 0; i < seen->run_count; i++)
		record_clear(&record_run, &seen->runs[i]);
	for (size_t i = 0; i < seen->step_count; i++)
		record_clear(&record_step, &seen->steps[i]);
	for (size_t i = 0; i < seen->happening_count; i++)
		record_clear(&record_happening, &seen->happenings[i]);
	*seen = (struct seen){0};
}

static void assert_same_text(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

/* Every column, by the table of columns: one that is added is compared too. */
static void assert_same(const struct record_shape *shape, const void *a, const void *b)
{
	for (size_t i = 0; i < shape->n; i++) {
		const void *left = record_at(a, &shape->columns[i]), *right = record_at(b, &shape->columns[i]);

		if (shape->columns[i].kind == RECORD_INTEGER) {
			assert_true(*(const int64_t *)left == *(const int64_t *)right);
		} else if (shape->columns[i].kind == RECORD_TEXT) {
			assert_same_text(*(char *const *)left, *(char *const *)right);
		} else {
			const struct store_bytes *x = left, *y = right;

			assert_int_equal(!x->bytes, !y->bytes);
			assert_int_equal(x->length, y->length);
			if (x->length)
				assert_memory_equal(x->bytes, y->bytes, x->length);
		}
	}
}

/* A record with something different in every column; the names of the columns serve as texts. */
static void fill(const struct record_shape *shape, void *record)
{
	memset(record, 0, shape->size);
	for (size_t i = 0; i < shape->n; i++) {
		void *member = record_at(record, &shape->columns[i]);

		if (shape->columns[i].kind == RECORD_INTEGER)
			*(int64_t *)member = INT64_C(1000000000000) + (int64_t)i;
		else if (shape->columns[i].kind == RECORD_TEXT)
			*(const char **)member = shape->columns[i].name;
		else
			*(struct store_bytes *)member = (struct store_bytes){shape->columns[i].name, strlen(shape->columns[i].name)};
	}
}

static void a_run_comes_back_as_it_was_put(void **state)
{
	struct room *room = *state;
	struct store_run run;
	struct seen seen = {0};

	fill(&record_run, &run);
	run.number = 7;
	begin(room);
	assert_int_equal(OPS(room)->put_run(room->store, &run, NULL), HST_OK);
	commit(room);
	assert_int_equal(OPS(room)->run(room->store, 7, see_run, &seen, NULL), HST_OK);
	assert_int_equal(seen.run_count, 1);
	assert_same(&record_run, &run, &seen.runs[0]);
	seen_clear(&seen);
	assert_int_equal(OPS(room)->run(room->store, 8, see_run, &seen, NULL), HST_NOT_FOUND);
}

static void a_step_comes_back_as_it_was_put(void **state)
{
	struct room *room = *state;
	struct store_step step;
	struct seen seen = {0};

	fill(&record_step, &step);
	begin(room);
	assert_int_equal(OPS(room)->put_step(room->store, &step, NULL), HST_OK);
	commit(room);
	assert_int_equal(OPS(room)->steps(room->store, step.run, see_step, &seen, NULL), HST_OK);
	assert_int_equal(seen.step_count, 1);
	assert_same(&record_step, &step, &seen.steps[0]);
	seen_clear(&seen);
}

static void texts_and_payloads_may_be_missing_or_empty(void **state)
{
	struct room *room = *state;
	struct store_run run = {.number = 1, .id = "r-1", .label = ""}, other = {.number = 2, .id = "r-2", .event = {"", 0}};
	struct seen seen = {0};

	begin(room);
	assert_int_equal(OPS(room)->put_run(room->store, &run, NULL), HST_OK);
	assert_int_equal(OPS(room)->put_run(room->store, &other, NULL), HST_OK);
	commit(room);
	OPS(room)->run(room->store, 1, see_run, &seen, NULL);
	OPS(room)->run(room->store, 2, see_run, &seen, NULL);
	assert_same(&record_run, &run, &seen.runs[0]);
	assert_same(&record_run, &other, &seen.runs[1]);
	seen_clear(&seen);
}

static void putting_again_replaces(void **state)
{
	struct room *room = *state;
	struct store_run run = {.number = 1, .id = "r-1", .state = "running", .text = "x", .event = {"{}", 2}};
	struct store_step step = {.id = 5, .run = 1, .state = "queued", .reason = "AllSlotsTaken", .inputs = {"{\"a\":1}", 7}};
	struct seen seen = {0};

	begin(room);
	OPS(room)->put_run(room->store, &run, NULL);
	OPS(room)->put_step(room->store, &step, NULL);
	commit(room);
	run.state = "succeeded";
	run.text = NULL;
	run.ended_us = 9;
	step.state = "succeeded";
	step.reason = NULL;
	step.outputs = (struct store_bytes){"{\"b\":2}", 7};
	begin(room);
	assert_int_equal(OPS(room)->put_run(room->store, &run, NULL), HST_OK);
	assert_int_equal(OPS(room)->put_step(room->store, &step, NULL), HST_OK);
	commit(room);
	OPS(room)->run(room->store, 1, see_run, &seen, NULL);
	OPS(room)->steps(room->store, 1, see_step, &seen, NULL);
	assert_int_equal(seen.run_count, 1);
	assert_int_equal(seen.step_count, 1);
	assert_same(&record_run, &run, &seen.runs[0]);
	assert_same(&record_step, &step, &seen.steps[0]);
	seen_clear(&seen);
}

static void payloads_that_are_not_given_stay(void **state)
{
	struct room *room = *state;
	struct store_step step = {.id = 5, .run = 1, .inputs = {"in", 2}, .outputs = {"out", 3}};
	struct store_run run = {.number = 1, .id = "r-1", .event = {"{}", 2}};
	struct seen seen = {0};

	begin(room);
	OPS(room)->put_run(room->store, &run, NULL);
	OPS(room)->put_step(room->store, &step, NULL);
	commit(room);
	run.event = step.inputs = step.outputs = (struct store_bytes){0};
	run.state = step.state = "lost";
	begin(room);
	OPS(room)->put_run(room->store, &run, NULL);
	OPS(room)->put_step(room->store, &step, NULL);
	commit(room);
	OPS(room)->run(room->store, 1, see_run, &seen, NULL);
	OPS(room)->steps(room->store, 1, see_step, &seen, NULL);
	assert_string_equal(seen.runs[0].state, "lost");
	assert_memory_equal(seen.runs[0].event.bytes, "{}", 2);
	assert_string_equal(seen.steps[0].state, "lost");
	assert_memory_equal(seen.steps[0].inputs.bytes, "in", 2);
	assert_memory_equal(seen.steps[0].outputs.bytes, "out", 3);
	seen_clear(&seen);
}

static void payloads_may_be_large(void **state)
{
	struct room *room = *state;
	char *bytes = mem_alloc(1 << 20);
	struct store_step step = {.id = 1, .run = 1, .outputs = {bytes, 1 << 20}};
	struct seen seen = {0};

	memset(bytes, 'x', 1 << 20);
	begin(room);
	assert_int_equal(OPS(room)->put_step(room->store, &step, NULL), HST_OK);
	commit(room);
	OPS(room)->steps(room->store, 1, see_step, &seen, NULL);
	assert_same(&record_step, &step, &seen.steps[0]);
	seen_clear(&seen);
	free(bytes);
}

static void steps_come_in_the_order_of_the_flow(void **state)
{
	struct room *room = *state;
	static const struct {
		int64_t id, position;
	} steps[] = {{9, 2}, {4, 1}, {7, 2}, {8, 0}, {3, 2}};
	struct seen seen = {0};

	begin(room);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct store_step step = {.id = steps[i].id, .run = 1, .position = steps[i].position};
		struct store_step other = {.id = 100 + steps[i].id, .run = 2};

		OPS(room)->put_step(room->store, &step, NULL);
		OPS(room)->put_step(room->store, &other, NULL);
	}
	commit(room);
	assert_int_equal(OPS(room)->steps(room->store, 1, see_step, &seen, NULL), HST_OK);
	assert_string_equal(seen.order, "8 4 3 7 9 ");
	seen_clear(&seen);
	seen.stop_after = 2;
	OPS(room)->steps(room->store, 1, see_step, &seen, NULL);
	assert_int_equal(seen.step_count, 2);
	seen_clear(&seen);
	assert_int_equal(OPS(room)->steps(room->store, 3, see_step, &seen, NULL), HST_OK);
	assert_int_equal(seen.step_count, 0);
}

static void happenings_come_in_the_order_they_were_put(void **state)
{
	struct room *room = *state;
	static const char *const what[] = {"queued", "offered", "refused", "ended"};
	struct seen seen = {0};

	for (size_t i = 0; i < 4; i++) {
		begin(room);
		for (int64_t run = 1; run <= 3; run++) {
			struct store_happening happening = {
				.at_us = 100 - (int64_t)i, .run = run, .step = run * 10, .what = what[i], .detail = i ? "{}" : NULL};

			assert_int_equal(OPS(room)->put_happening(room->store, &happening, NULL), HST_OK);
		}
		commit(room);
	}
	assert_int_equal(OPS(room)->happenings(room->store, 2, see_happening, &seen, NULL), HST_OK);
	assert_int_equal(seen.happening_count, 4);
	for (size_t i = 0; i < 4; i++) {
		struct store_happening happening = {
			.at_us = 100 - (int64_t)i, .run = 2, .step = 20, .what = what[i], .detail = i ? "{}" : NULL};

		assert_same(&record_happening, &happening, &seen.happenings[i]);
	}
	seen_clear(&seen);
	seen.stop_after = 1;
	OPS(room)->happenings(room->store, 3, see_happening, &seen, NULL);
	assert_int_equal(seen.happening_count, 1);
	seen_clear(&seen);
	OPS(room)->happenings(room->store, 4, see_happening, &seen, NULL);
	assert_int_equal(seen.happening_count, 0);
}

static void an_event_is_new_once(void **state)
{
	struct room *room = *state;
	struct store_event event = {.instance = "trigger/inbox", .key = "mail-1", .at_us = 1};
	struct store_event other = {.instance = "trigger/other", .key = "mail-1", .at_us = 1};
	struct store_event nameless = {.instance = "trigger/inbox", .at_us = 1};
	bool new = false;

	begin(room);
	assert_int_equal(OPS(room)->put_event(room->store, &event, &new, NULL), HST_OK);
	assert_true(new);
	assert_int_equal(OPS(room)->put_event(room->store, &event, &new, NULL), HST_OK);
	assert_false(new);
	commit(room);
	begin(room);
	OPS(room)->put_event(room->store, &event, &new, NULL);
	assert_false(new);
	OPS(room)->put_event(room->store, &other, &new, NULL);
	assert_true(new);
	for (int i = 0; i < 2; i++) {
		new = false;
		OPS(room)->put_event(room->store, &nameless, &new, NULL);
		assert_true(new);
	}
	commit(room);
}

static void a_flow_is_kept_once(void **state)
{
	struct room *room = *state;
	char *text = NULL;
	size_t length = 0;

	begin(room);
	assert_int_equal(OPS(room)->put_flow(room->store, "d1", (struct store_bytes){"[flow]\n", 7}, NULL), HST_OK);
	assert_int_equal(OPS(room)->put_flow(room->store, "d1", (struct store_bytes){"[flow]\n", 7}, NULL), HST_OK);
	commit(room);
	assert_int_equal(OPS(room)->get_flow(room->store, "d1", &text, &length, NULL), HST_OK);
	assert_int_equal(length, 7);
	assert_string_equal(text, "[flow]\n");
	free(text);
	assert_int_equal(OPS(room)->get_flow(room->store, "d2", &text, &length, NULL), HST_NOT_FOUND);
}

static void state_is_any_bytes(void **state)
{
	struct room *room = *state;
	static const char bytes[] = "a\0\xff\n";
	char *got = NULL;
	size_t length = 0;

	begin(room);
	assert_int_equal(OPS(room)->put_state(room->store, "trigger/inbox", "cursor", (struct store_bytes){"old", 3}, NULL), 0);
	assert_int_equal(OPS(room)->put_state(room->store, "trigger/inbox", "cursor", (struct store_bytes){bytes, 5}, NULL), 0);
	assert_int_equal(OPS(room)->put_state(room->store, "trigger/inbox", "empty", (struct store_bytes){0}, NULL), HST_OK);
	commit(room);
	assert_int_equal(OPS(room)->get_state(room->store, "trigger/inbox", "cursor", &got, &length, NULL), HST_OK);
	assert_int_equal(length, 5);
	assert_memory_equal(got, bytes, 5);
	free(got);
	assert_int_equal(OPS(room)->get_state(room->store, "trigger/inbox", "empty", &got, &length, NULL), HST_OK);
	assert_int_equal(length, 0);
	free(got);
	assert_int_equal(OPS(room)->get_state(room->store, "trigger/other", "cursor", &got, &length, NULL), HST_NOT_FOUND);
}

static bool see_counter(void *arg, const char *name, int64_t value)
{
	char *text = arg;

	snprintf(text + strlen(text), 64, "%s=%lld ", name, (long long)value);
	return true;
}

static void counters_keep_their_last_value(void **state)
{
	struct room *room = *state;
	char text[256] = "";

	begin(room);
	OPS(room)->put_counter(room->store, "generation", 1, NULL);
	OPS(room)->put_counter(room->store, "run", 4711, NULL);
	OPS(room)->put_counter(room->store, "run", 4712, NULL);
	commit(room);
	assert_int_equal(OPS(room)->counters(room->store, see_counter, text, NULL), HST_OK);
	assert_string_equal(text, "generation=1 run=4712 ");
}

static void packages_are_put(void **state)
{
	struct room *room = *state;

	begin(room);
	assert_int_equal(OPS(room)->put_package(room->store, "d1", "enter", "1.4", 5, NULL), HST_OK);
	assert_int_equal(OPS(room)->put_package(room->store, "d1", "enter", NULL, 6, NULL), HST_OK);
	commit(room);
}

static void what_has_not_ended_is_found_oldest_first(void **state)
{
	struct room *room = *state;
	struct seen seen = {0};
	char id[32];

	put_runs(room, 1, 5);
	begin(room);
	for (int64_t run = 5; run >= 1; run--)
		for (int64_t position = 0; position < 2; position++) {
			struct store_step step = {.id = run * 10 + position, .run = run, .position = position};

			OPS(room)->put_step(room->store, &step, NULL);
		}
	for (int64_t number = 2; number <= 4; number += 2) {
		struct store_run run = a_run(number, id);

		run.ended_us = 1;
		OPS(room)->put_run(room->store, &run, NULL);
	}
	commit(room);
	assert_int_equal(OPS(room)->unfinished(room->store, see_run, see_step, &seen, NULL), HST_OK);
	assert_string_equal(seen.order, "#1 10 11 #3 30 31 #5 50 51 ");
	seen_clear(&seen);
	seen.stop_after = 1;
	assert_int_equal(OPS(room)->unfinished(room->store, see_run, see_step, &seen, NULL), HST_OK);
	assert_string_equal(seen.order, "#1 ");
	seen_clear(&seen);
	seen.stop_after = 3;
	assert_int_equal(OPS(room)->unfinished(room->store, see_run, see_step, &seen, NULL), HST_OK);
	assert_string_equal(seen.order, "#1 10 11 #3 30 ");
	seen_clear(&seen);
}

/* A run that was resolved wrongly may be taken up again. */
static void a_run_can_be_unfinished_again(void **state)
{
	struct room *room = *state;
	struct seen seen = {0};
	char id[32];
	struct store_run run = a_run(1, id);

	for (int i = 0; i < 3; i++) {
		run.ended_us = i == 1;
		begin(room);
		OPS(room)->put_run(room->store, &run, NULL);
		commit(room);
		OPS(room)->unfinished(room->store, see_run, see_step, &seen, NULL);
		assert_int_equal(seen.run_count, i != 1);
		seen_clear(&seen);
	}
}

static void filtered(struct room *room, struct store_filter filter, const char *expected)
{
	struct seen seen = {0};

	assert_int_equal(OPS(room)->runs(room->store, &filter, see_run, &seen, NULL), HST_OK);
	assert_string_equal(seen.order, expected);
	seen_clear(&seen);
}

static void runs_are_listed_newest_first(void **state)
{
	struct room *room = *state;
	struct store_run labelled = {.number = 7, .id = "r-7", .flow = "odd", .label = "Invoice A-17 of May", .state = "failed",
	                             .reason = "FlowFailed", .requested_us = 7000};

	filtered(room, (struct store_filter){0}, "");
	put_runs(room, 1, 6);
	begin(room);
	OPS(room)->put_run(room->store, &labelled, NULL);
	commit(room);
	filtered(room, (struct store_filter){0}, "#7 #6 #5 #4 #3 #2 #1 ");
	filtered(room, (struct store_filter){.limit = 2}, "#7 #6 ");
	filtered(room, (struct store_filter){.flow = "odd"}, "#7 #5 #3 #1 ");
	filtered(room, (struct store_filter){.flow = "odd", .limit = 3, .state = "running"}, "#5 #3 #1 ");
	filtered(room, (struct store_filter){.state = "failed"}, "#7 ");
	filtered(room, (struct store_filter){.reason = "FlowFailed"}, "#7 ");
	filtered(room, (struct store_filter){.label = "A-17"}, "#7 ");
	filtered(room, (struct store_filter){.label = "A%17"}, "");
	filtered(room, (struct store_filter){.since_us = 5000}, "#7 #6 #5 ");
	filtered(room, (struct store_filter){.flow = "none"}, "");
}

static void assert_found(struct room *room, const char *said, int64_t expected)
{
	int64_t number = -1;
	hst_error err = {0};

	if (OPS(room)->find_run(room->store, said, &number, &err))
		fail_msg("%s: %s", said, err.text);
	assert_int_equal(number, expected);
}

static void assert_not_found(struct room *room, const char *said, int code)
{
	int64_t number = -1;
	hst_error err = {0};

	assert_int_equal(OPS(room)->find_run(room->store, said, &number, &err), code);
	assert_int_equal(number, -1);
	assert_non_null(strstr(err.text, said));
}

static void runs_are_found_by_what_people_say(void **state)
{
	struct room *room = *state;
	struct store_run other = {.number = 5000, .id = "r-zzzzzzzzzzzzzzzzzzzzzzz003", .flow = "other"};

	assert_not_found(room, "last", HST_NOT_FOUND);
	put_runs(room, 1, 12);
	begin(room);
	OPS(room)->put_run(room->store, &other, NULL);
	commit(room);
	assert_found(room, "#12", 12);
	assert_found(room, "12", 12);
	assert_found(room, "last", 5000);
	assert_found(room, "last:odd", 11);
	assert_found(room, "last:even", 12);
	assert_found(room, "r-0123456789abcdefghjkm00007", 7);
	assert_found(room, "m00007", 7);
	assert_found(room, "0007", 7);
	assert_found(room, "0012", 12);
	assert_found(room, "5000", 5000);
	assert_not_found(room, "#13", HST_NOT_FOUND);
	assert_not_found(room, "13", HST_NOT_FOUND);
	assert_not_found(room, "last:none", HST_NOT_FOUND);
	assert_not_found(room, "m00099", HST_NOT_FOUND);
	assert_not_found(room, "n99", HST_INVALID);
	assert_not_found(room, "last:", HST_INVALID);
	assert_not_found(room, "%%%%", HST_INVALID);
	assert_not_found(room, "____", HST_INVALID);
	assert_not_found(room, "99999999999999999999999999", HST_NOT_FOUND);
}

static void an_ending_that_fits_several_names_two(void **state)
{
	struct room *room = *state;
	struct store_run one = {.number = 1, .id = "r-aaaaaaaaaaaaaaaaaaaaaa7777"};
	struct store_run two = {.number = 2, .id = "r-bbbbbbbbbbbbbbbbbbbbbb7777"};
	int64_t number = -1;
	hst_error err = {0};

	begin(room);
	OPS(room)->put_run(room->store, &one, NULL);
	OPS(room)->put_run(room->store, &two, NULL);
	commit(room);
	assert_int_equal(OPS(room)->find_run(room->store, "7777", &number, &err), HST_INVALID);
	assert_non_null(strstr(err.text, one.id));
	assert_non_null(strstr(err.text, two.id));
	assert_found(room, "a7777", 1);
}

static void puts_belong_to_batches(void **state)
{
	struct room *room = *state;
	struct store_run run = {.number = 1, .id = "r-1"};
	struct seen seen = {0};

	assert_int_equal(OPS(room)->put_run(room->store, &run, NULL), HST_INVALID);
	assert_int_equal(OPS(room)->commit(room->store, NULL), HST_INVALID);
	begin(room);
	assert_int_equal(OPS(room)->begin(room->store, NULL), HST_INVALID);
	commit(room);
	assert_int_equal(OPS(room)->run(room->store, 1, see_run, &seen, NULL), HST_NOT_FOUND);
}

/* Within a batch everything is there already: the engine asks while it fills one. */
static void a_batch_sees_itself(void **state)
{
	struct room *room = *state;
	struct store_run run = {.number = 1, .id = "r-1"};
	struct seen seen = {0};

	begin(room);
	OPS(room)->put_run(room->store, &run, NULL);
	assert_int_equal(OPS(room)->run(room->store, 1, see_run, &seen, NULL), HST_OK);
	commit(room);
	seen_clear(&seen);
}

static void many_runs_stay_in_order(void **state)
{
	struct room *room = *state;
	struct seen seen = {0};

	put_runs(room, 501, 1000);
	put_runs(room, 1, 500);
	seen.stop_after = 3;
	OPS(room)->runs(room->store, &(struct store_filter){0}, see_run, &seen, NULL);
	assert_string_equal(seen.order, "#1000 #999 #998 ");
	seen_clear(&seen);
	seen.stop_after = 2;
	OPS(room)->unfinished(room->store, see_run, NULL, &seen, NULL);
	assert_string_equal(seen.order, "#1 #2 ");
	seen_clear(&seen);
	store_idle(room->store);
}

/* From here on: what only a store on disk has to keep. */

static void reopen(struct room *room)
{
	OPS(room)->free(room->store);
	room->store = NULL;
	opened(room);
}

static void what_was_committed_is_there_after_closing(void **state)
{
	struct room *room = *state;
	struct seen seen = {0};
	char text[64] = "";

	put_runs(room, 1, 3);
	begin(room);
	OPS(room)->put_counter(room->store, "run", 3, NULL);
	commit(room);
	begin(room);
	OPS(room)->put_counter(room->store, "run", 4, NULL);
	reopen(room);
	OPS(room)->runs(room->store, &(struct store_filter){0}, see_run, &seen, NULL);
	assert_string_equal(seen.order, "#3 #2 #1 ");
	seen_clear(&seen);
	OPS(room)->counters(room->store, see_counter, text, NULL);
	assert_string_equal(text, "run=3 ");
}

/* The 8th put breaks a rule of the tables: nothing of its batch may stay, and the next batch works. */
static void a_batch_with_a_failed_put_leaves_nothing(void **state)
{
	struct room *room = *state;
	struct store_run twin = {.number = 99, .id = "r-0123456789abcdefghjkm00001"};
	struct seen seen = {0};
	hst_error err;
	char id[32];

	put_runs(room, 1, 1);
	begin(room);
	for (int64_t number = 2; number <= 8; number++) {
		struct store_run run = a_run(number, id);

		assert_int_equal(OPS(room)->put_run(room->store, &run, NULL), HST_OK);
	}
	assert_int_equal(OPS(room)->put_run(room->store, &twin, &err), HST_INVALID);
	assert_int_equal(OPS(room)->commit(room->store, &err), HST_BROKEN);
	OPS(room)->runs(room->store, &(struct store_filter){0}, see_run, &seen, NULL);
	assert_string_equal(seen.order, "#1 ");
	seen_clear(&seen);
	put_runs(room, 2, 3);
	OPS(room)->runs(room->store, &(struct store_filter){0}, see_run, &seen, NULL);
	assert_string_equal(seen.order, "#3 #2 #1 ");
	seen_clear(&seen);
}

enum { BATCH_RUNS = 50, BATCH_STEPS = 3 };

/* The child: batches for ever, each of the same size; a byte says that one more is committed. */
__attribute__((noreturn)) static void crash_child(const struct room *room, int told)
{
	struct room own = *room;
	char id[32];

	if (store_open_sqlite(room->path, &own.store, NULL))
		_exit(1);
	for (int64_t number = 1;;) {
		if (OPS(&own)->begin(own.store, NULL))
			_exit(2);
		for (int i = 0; i < BATCH_RUNS; i++, number++) {
			struct store_run run = a_run(number, id);

			OPS(&own)->put_run(own.store, &run, NULL);
			for (int64_t step = 0; step < BATCH_STEPS; step++)
				OPS(&own)->put_step(own.store,
				                    &(struct store_step){.id = number * 10 + step, .run = number, .position = step}, NULL);
			OPS(&own)->put_happening(own.store, &(struct store_happening){.run = number, .what = "queued"}, NULL);
		}
		OPS(&own)->put_counter(own.store, "run", number - 1, NULL);
		if (OPS(&own)->commit(own.store, NULL) || write(told, "x", 1) != 1)
			_exit(3);
		store_idle(own.store);
	}
}

struct tally {
	int64_t runs, steps, counter;
};

static bool tally_run(void *arg, const struct store_run *run)
{
	struct tally *tally = arg;

	assert_true(run->number == ++tally->runs);
	return true;
}

static bool tally_step(void *arg, const struct store_step *step)
{
	struct tally *tally = arg;

	assert_true(step->run == tally->runs);
	tally->steps++;
	return true;
}

static bool tally_counter(void *arg, const char *name, int64_t value)
{
	(void)name;
	((struct tally *)arg)->counter = value;
	return true;
}

/* kill -9 at any moment: whole batches only, and every one that was said to be committed. Seeded. */
static void a_crash_leaves_whole_batches(void **state)
{
	struct room *room = *state;
	unsigned seed = 4711;

	OPS(room)->free(room->store);
	room->store = NULL;
	for (int round = 0; round < 25; round++) {
		int wanted = 1 + rand_r(&seed) % 6, told = 0, spins = rand_r(&seed) % 20000, pair[2], status;
		struct tally tally = {0};
		struct seen seen = {0};
		char byte;
		pid_t child;

		unlink(room->path);
		assert_int_equal(pipe(pair), 0);
		child = fork();
		if (child == 0)
			crash_child(room, pair[1]);
		close(pair[1]);
		while (told < wanted && read(pair[0], &byte, 1) == 1)
			told++;
		for (volatile int i = 0; i < spins; i++)
			;
		kill(child, SIGKILL);
		while (read(pair[0], &byte, 1) == 1)
			told++;
		close(pair[0]);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		opened(room);
		assert_int_equal(OPS(room)->unfinished(room->store, tally_run, tally_step, &tally, NULL), HST_OK);
		assert_int_equal(OPS(room)->counters(room->store, tally_counter, &tally, NULL), HST_OK);
		assert_int_equal(tally.runs % BATCH_RUNS, 0);
		assert_true(tally.runs >= (int64_t)told * BATCH_RUNS);
		assert_int_equal(tally.steps, tally.runs * BATCH_STEPS);
		assert_int_equal(tally.counter, tally.runs);
		OPS(room)->happenings(room->store, tally.runs, see_happening, &seen, NULL);
		assert_int_equal(seen.happening_count, 1);
		seen_clear(&seen);
		OPS(room)->free(room->store);
		room->store = NULL;
	}
}

static void its_files_are_for_the_owner_alone(void **state)
{
	struct room *room = *state;
	struct stat status;
	char wal[160];

	put_runs(room, 1, 1);
	assert_int_equal(stat(room->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	snprintf(wal, sizeof wal, "%s-wal", room->path);
	assert_int_equal(stat(wal, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	OPS(room)->free(room->store);
	assert_int_equal(chmod(room->path, 0644), 0);
	opened(room);
	assert_int_equal(stat(room->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static int64_t pragma(struct room *room, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	int64_t value;

	assert_int_equal(sqlite3_open(room->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	sqlite3_step(statement);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return value;
}

static void it_says_what_it_is(void **state)
{
	struct room *room = *state;

	put_runs(room, 1, 1);
	OPS(room)->free(room->store);
	room->store = NULL;
	assert_int_equal(pragma(room, "PRAGMA user_version"), STORE_VERSION);
	assert_int_equal(pragma(room, "PRAGMA application_id"), STORE_APPLICATION);
}

static void a_newer_store_is_refused(void **state)
{
	struct room *room = *state;
	hst_error err = {0};

	put_runs(room, 1, 1);
	OPS(room)->free(room->store);
	room->store = NULL;
	pragma(room, "PRAGMA user_version = 1000");
	assert_int_equal(store_open_sqlite(room->path, &room->store, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "has version 1000"));
	assert_null(room->store);
	assert_int_equal(pragma(room, "PRAGMA user_version"), 1000);
}

static void a_foreign_file_is_refused(void **state)
{
	struct room *room = *state;
	hst_error err = {0};
	FILE *file;

	OPS(room)->free(room->store);
	room->store = NULL;
	unlink(room->path);
	pragma(room, "CREATE TABLE theirs(x)");
	assert_int_equal(store_open_sqlite(room->path, &room->store, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "is no store"));
	unlink(room->path);
	file = fopen(room->path, "w");
	fputs("this is a letter to my aunt, and long enough to be taken for the beginning of a database file", file);
	fclose(file);
	assert_int_equal(store_open_sqlite(room->path, &room->store, &err), HST_INVALID);
	unlink(room->path);
	assert_int_equal(symlink("elsewhere", room->path), 0);
	assert_int_equal(store_open_sqlite(room->path, &room->store, &err), HST_INVALID);
	assert_int_equal(store_open_sqlite("/nowhere/at/all", &room->store, &err), HST_INVALID);
}

static void one_process_has_it(void **state)
{
	struct room *room = *state;
	pid_t child;
	int status;

	put_runs(room, 1, 1);
	child = fork();
	if (child == 0) {
		struct store *second;

		_exit(-store_open_sqlite(room->path, &second, NULL));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(-WEXITSTATUS(status), HST_RETRY);
}

static const char *const later_steps[] = {
	"CREATE TABLE thing(a INTEGER PRIMARY KEY); INSERT INTO thing VALUES(1)",
	"ALTER TABLE thing ADD COLUMN b INTEGER NOT NULL DEFAULT 7",
	"CREATE TABLE thing(wrong)",
};

static int bring(struct room *room, int versions, hst_error *err)
{
	sqlite3 *db;
	int code;

	assert_int_equal(sqlite3_open(room->path, &db), SQLITE_OK);
	code = sqlite_schema_bring(db, room->path, later_steps, versions, err);
	sqlite3_close(db);
	return code;
}

static void an_older_store_is_brought_forward_after_a_copy(void **state)
{
	struct room *room = *state, copy = *room;
	struct stat status;
	hst_error err = {0};

	OPS(room)->free(room->store);
	room->store = NULL;
	unlink(room->path);
	snprintf(copy.path, sizeof copy.path, "%.100s.v1", room->path);
	assert_int_equal(bring(room, 1, NULL), HST_OK);
	assert_int_equal(access(copy.path, F_OK), -1);
	assert_int_equal(bring(room, 2, NULL), HST_OK);
	assert_int_equal(pragma(room, "PRAGMA user_version"), 2);
	assert_int_equal(pragma(room, "SELECT b FROM thing"), 7);
	assert_int_equal(pragma(&copy, "PRAGMA user_version"), 1);
	assert_int_equal(pragma(&copy, "SELECT a FROM thing"), 1);
	assert_int_equal(stat(copy.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(bring(room, 3, &err), HST_BROKEN);
	assert_non_null(strstr(err.text, "thing"));
	assert_int_equal(pragma(room, "PRAGMA user_version"), 2);
	assert_int_equal(pragma(room, "SELECT b FROM thing"), 7);
	assert_int_equal(bring(room, 1, NULL), HST_INVALID);
}

/* Enough for the log to be moved in idle time, after which it is used from its beginning again. */
static void the_log_is_moved_into_the_file_in_idle_time(void **state)
{
	struct room *room = *state;
	struct stat before, after, log;
	char wal[160];

	snprintf(wal, sizeof wal, "%s-wal", room->path);
	put_runs(room, 1, 3000);
	put_runs(room, 3001, 6000);
	put_runs(room, 6001, 9999);
	assert_int_equal(stat(room->path, &before), 0);
	store_idle(room->store);
	assert_int_equal(stat(room->path, &after), 0);
	assert_true(after.st_size > before.st_size);
	assert_int_equal(stat(wal, &log), 0);
	put_runs(room, 10000, 10001);
	assert_int_equal(stat(wal, &after), 0);
	assert_int_equal(after.st_size, log.st_size);
	reopen(room);
	assert_found(room, "last", 10001);
}

#define BOTH(test)                                                                                              \
	cmocka_unit_test_setup_teardown(test, setup_sqlite, teardown),                                          \
		{#test " (memory)", test, setup_memory, teardown, NULL}
#define DISK(test) cmocka_unit_test_setup_teardown(test, setup_sqlite, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_run_comes_back_as_it_was_put),
		BOTH(a_step_comes_back_as_it_was_put),
		BOTH(texts_and_payloads_may_be_missing_or_empty),
		BOTH(putting_again_replaces),
		BOTH(payloads_that_are_not_given_stay),
		BOTH(payloads_may_be_large),
		BOTH(steps_come_in_the_order_of_the_flow),
		BOTH(happenings_come_in_the_order_they_were_put),
		BOTH(an_event_is_new_once),
		BOTH(a_flow_is_kept_once),
		BOTH(state_is_any_bytes),
		BOTH(counters_keep_their_last_value),
		BOTH(packages_are_put),
		BOTH(what_has_not_ended_is_found_oldest_first),
		BOTH(a_run_can_be_unfinished_again),
		BOTH(runs_are_listed_newest_first),
		BOTH(runs_are_found_by_what_people_say),
		BOTH(an_ending_that_fits_several_names_two),
		BOTH(puts_belong_to_batches),
		BOTH(a_batch_sees_itself),
		BOTH(many_runs_stay_in_order),
		DISK(what_was_committed_is_there_after_closing),
		DISK(a_batch_with_a_failed_put_leaves_nothing),
		DISK(a_crash_leaves_whole_batches),
		DISK(its_files_are_for_the_owner_alone),
		DISK(it_says_what_it_is),
		DISK(a_newer_store_is_refused),
		DISK(a_foreign_file_is_refused),
		DISK(one_process_has_it),
		DISK(an_older_store_is_brought_forward_after_a_copy),
		DISK(the_log_is_moved_into_the_file_in_idle_time),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
