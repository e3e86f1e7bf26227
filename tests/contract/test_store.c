/* What is put into a store comes back: one suite for both homes. */
#include "store_house.h"

#include "base/mem.h"

static void a_run_comes_back_as_it_was_put(void **state)
{
	struct room *room = *state;
	struct store_run run;
	struct seen seen = {0};

	fill(&record_run, &run);
	run.number = 7;
	begin(room);
	assert_int_equal(store_put_run(room->store, &run, NULL), HST_OK);
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
	step.run = 7;
	step.position = 3;
	begin(room);
	assert_int_equal(store_put_step(room->store, &step, NULL), HST_OK);
	commit(room);
	assert_int_equal(OPS(room)->steps(room->store, step.run, see_step, &seen, NULL), HST_OK);
	assert_int_equal(seen.step_count, 1);
	assert_same(&record_step, &step, &seen.steps[0]);
	seen_clear(&seen);
}

static void texts_and_payloads_may_be_missing_or_empty(void **state)
{
	struct room *room = *state;
	struct store_run run = {.number = 1, .id = "r-1", .label = ""},
			 other = {.number = 2, .id = "r-2", .event = {"", 0}};
	struct seen seen = {0};

	begin(room);
	assert_int_equal(store_put_run(room->store, &run, NULL), HST_OK);
	assert_int_equal(store_put_run(room->store, &other, NULL), HST_OK);
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
	struct store_run run = {
		.number = 1, .id = "r-1", .state = "running", .text = "x", .event = {"{}", 2}};
	struct store_step step = {
		.id = 5, .run = 1, .state = "queued", .reason = "AllSlotsTaken", .inputs = {"{\"a\":1}", 7}};
	struct seen seen = {0};

	begin(room);
	store_put_run(room->store, &run, NULL);
	store_put_step(room->store, &step, NULL);
	commit(room);
	run.state = "succeeded";
	run.text = NULL;
	run.ended_us = 9;
	step.state = "succeeded";
	step.reason = NULL;
	step.outputs = (struct store_bytes){"{\"b\":2}", 7};
	begin(room);
	assert_int_equal(store_put_run(room->store, &run, NULL), HST_OK);
	assert_int_equal(store_put_step(room->store, &step, NULL), HST_OK);
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
	store_put_run(room->store, &run, NULL);
	store_put_step(room->store, &step, NULL);
	commit(room);
	run.event = step.inputs = step.outputs = (struct store_bytes){0};
	run.state = step.state = "lost";
	begin(room);
	store_put_run(room->store, &run, NULL);
	store_put_step(room->store, &step, NULL);
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
	assert_int_equal(store_put_step(room->store, &step, NULL), HST_OK);
	commit(room);
	OPS(room)->steps(room->store, 1, see_step, &seen, NULL);
	assert_same(&record_step, &step, &seen.steps[0]);
	seen_clear(&seen);
	free(bytes);
}

static void happenings_come_in_the_order_they_were_put(void **state)
{
	struct room *room = *state;
	static const char *const what[] = {"queued", "offered", "refused", "ended"};
	struct seen seen = {0};

	for (size_t i = 0; i < 4; i++) {
		begin(room);
		for (int64_t run = 1; run <= 3; run++) {
			struct store_happening happening = {.at_us = 100 - (int64_t)i,
							    .run = run,
							    .step = run * 10,
							    .what = what[i],
							    .detail = i ? "{}" : NULL};

			assert_int_equal(OPS(room)->put_happening(room->store, &happening, NULL), HST_OK);
		}
		commit(room);
	}
	assert_int_equal(OPS(room)->happenings(room->store, 2, see_happening, &seen, NULL), HST_OK);
	assert_int_equal(seen.happening_count, 4);
	for (size_t i = 0; i < 4; i++) {
		struct store_happening happening = {.at_us = 100 - (int64_t)i,
						    .run = 2,
						    .step = 20,
						    .what = what[i],
						    .detail = i ? "{}" : NULL};

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

enum { MOMENTS = 24 };

static void happened(struct room *room, int64_t run, int64_t moment, const char *detail)
{
	char id[32];
	struct store_happening happening = {.at_us = moment, .run = run, .what = "progress", .detail = detail,
					    .run_us = a_run(run, id).requested_us};

	assert_int_equal(OPS(room)->put_happening(room->store, &happening, NULL), HST_OK);
}

/* However they are put: with their run, before it and after it, without it, more at once than its row takes, in a store that was
 * closed between, and asked for within the batch. */
static void happenings_of_a_run_stay_in_order_however_they_come(void **state)
{
	struct room *room = *state;
	char id[32], other[32], detail[600] = "{\"text\":\"";
	struct store_run run = a_run(1, id), neighbour = a_run(1 + 4096, other);
	struct seen seen = {0};

	memset(detail + strlen(detail), 'x', 500);
	strcat(detail, "\"}");
	for (int64_t moment = 1, batch = 0; moment <= MOMENTS; batch++) {
		begin(room);
		happened(room, 1, moment++, batch % 3 ? "{}" : NULL);
		happened(room, neighbour.number, batch, NULL);
		if (batch != 1)
			assert_int_equal(store_put_run(room->store, &run, NULL), HST_OK);
		happened(room, 1, moment++, batch % 2 ? detail : "{\"a\":[1,\"\\u0001\\n\"]}");
		store_put_run(room->store, &neighbour, NULL);
		if (batch == 2)
			OPS(room)->happenings(room->store, 1, see_happening, &seen, NULL);
		happened(room, 1, moment++, NULL);
		commit(room);
		if (batch == 4 && room->path[0]) {
			OPS(room)->free(room->store);
			opened(room);
		}
	}
	assert_int_equal(seen.happening_count, 8);
	seen_clear(&seen);
	assert_int_equal(OPS(room)->happenings(room->store, 1, see_happening, &seen, NULL), HST_OK);
	assert_int_equal(seen.happening_count, MOMENTS);
	for (int64_t moment = 1; moment <= MOMENTS; moment++)
		assert_int_equal(seen.happenings[moment - 1].at_us, moment);
	assert_string_equal(seen.happenings[1].detail, "{\"a\":[1,\"\\u0001\\n\"]}");
	assert_string_equal(seen.happenings[4].detail, detail);
	seen_clear(&seen);
	OPS(room)->happenings(room->store, neighbour.number, see_happening, &seen, NULL);
	assert_int_equal(seen.happening_count, MOMENTS / 3);
	seen_clear(&seen);
}

/* With the time of its run or without it, before it, long after it, and of a run that is not there. */
static void happenings_have_the_time_they_were_put_with(void **state)
{
	enum { MONTH = 30 * 24 * 3600 };
	static const int64_t now = INT64_C(1795426622109294), month = INT64_C(1000000) * MONTH;
	const struct store_happening put[] = {
		{.run = 1, .at_us = now, .what = "accepted", .run_us = now},
		{.run = 1, .at_us = now - 3600, .what = "queued", .run_us = now},
		{.run = 1, .at_us = now + month, .what = "progress"},
		{.run = 1, .at_us = now + 30 * month, .what = "lost", .run_us = now},
		{.run = 1, .at_us = now + 50 * month, .what = "ended", .run_us = now},
		{.run = 2, .at_us = now + 1, .what = "ended"},
		{.run = 0, .at_us = now + 2, .what = "drained"},
	};
	struct room *room = *state;
	struct seen seen = {0};
	char id[32];
	struct store_run run = a_run(1, id);

	run.requested_us = now;
	for (size_t i = 0; i < sizeof put / sizeof put[0]; i++) {
		begin(room);
		OPS(room)->put_happening(room->store, &put[i], NULL);
		if (i < 2)
			store_put_run(room->store, &run, NULL);
		commit(room);
	}
	for (int64_t number = 0; number < 3; number++) {
		OPS(room)->happenings(room->store, (number + 1) % 3, see_happening, &seen, NULL);
		for (size_t n = 0; n < seen.happening_count; n++)
			assert_int_equal(seen.happenings[n].at_us, put[number == 0 ? (int64_t)n : number + 4].at_us);
		assert_int_equal(seen.happening_count, number == 0 ? 5 : 1);
		seen_clear(&seen);
	}
}

static void an_event_is_new_once(void **state)
{
	struct room *room = *state;
	struct store_event event = {.instance = "trigger/inbox", .key = "mail-1", .at_us = 1, .run = 7, .runs = 2};
	struct store_event other = {.instance = "trigger/other", .key = "mail-1", .at_us = 1};
	struct store_event nameless = {.instance = "trigger/inbox", .at_us = 1};
	int64_t run = -1, runs = -1;
	bool new = false;

	assert_int_equal(OPS(room)->get_event(room->store, "trigger/inbox", "mail-1", &run, &runs, NULL), HST_NOT_FOUND);
	begin(room);
	assert_int_equal(OPS(room)->put_event(room->store, &event, &new, NULL), HST_OK);
	assert_true(new);
	assert_int_equal(OPS(room)->get_event(room->store, "trigger/inbox", "mail-1", &run, &runs, NULL), HST_OK);
	assert_int_equal(run, 7);
	assert_int_equal(runs, 2);
	event.run = 9; /* the first stays */
	assert_int_equal(OPS(room)->put_event(room->store, &event, &new, NULL), HST_OK);
	assert_false(new);
	commit(room);
	begin(room);
	OPS(room)->put_event(room->store, &event, &new, NULL);
	assert_false(new);
	OPS(room)->put_event(room->store, &other, &new, NULL);
	assert_true(new);
	assert_int_equal(OPS(room)->get_event(room->store, "trigger/inbox", "mail-1", &run, &runs, NULL), HST_OK);
	assert_int_equal(run, 7);
	assert_int_equal(OPS(room)->get_event(room->store, "trigger/other", "mail-1", &run, &runs, NULL), HST_OK);
	assert_int_equal(run + runs, 0);
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
	assert_int_equal(OPS(room)->put_flow(room->store, "d1", (struct store_bytes){"[flow]\n", 7}, NULL),
			 HST_OK);
	assert_int_equal(OPS(room)->put_flow(room->store, "d1", (struct store_bytes){"[flow]\n", 7}, NULL),
			 HST_OK);
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
	assert_int_equal(OPS(room)->put_state(room->store, "trigger/inbox", "cursor",
					      (struct store_bytes){"old", 3}, NULL),
			 0);
	assert_int_equal(OPS(room)->put_state(room->store, "trigger/inbox", "cursor",
					      (struct store_bytes){bytes, 5}, NULL),
			 0);
	assert_int_equal(
		OPS(room)->put_state(room->store, "trigger/inbox", "empty", (struct store_bytes){0}, NULL),
		HST_OK);
	commit(room);
	assert_int_equal(OPS(room)->get_state(room->store, "trigger/inbox", "cursor", &got, &length, NULL),
			 HST_OK);
	assert_int_equal(length, 5);
	assert_memory_equal(got, bytes, 5);
	free(got);
	assert_int_equal(OPS(room)->get_state(room->store, "trigger/inbox", "empty", &got, &length, NULL),
			 HST_OK);
	assert_int_equal(length, 0);
	free(got);
	assert_int_equal(OPS(room)->get_state(room->store, "trigger/other", "cursor", &got, &length, NULL),
			 HST_NOT_FOUND);
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

static bool see_standing(void *arg, const struct store_standing *standing)
{
	char *text = arg;

	snprintf(text + strlen(text), 64, "%s/%s=%.*s ", standing->kind, standing->name,
		 (int)standing->value.length, standing->value.bytes);
	return strcmp(standing->name, "stop") != 0;
}

static void assert_standings(struct room *room, const char *expected)
{
	char text[256] = "";

	assert_int_equal(OPS(room)->standings(room->store, see_standing, text, NULL), HST_OK);
	assert_string_equal(text, expected);
}

static void put_standing(struct room *room, const char *kind, const char *name, const char *value)
{
	struct store_bytes bytes = {value, value ? strlen(value) : 0};

	assert_int_equal(OPS(room)->put_standing(room->store, kind, name, bytes, NULL), HST_OK);
}

static void what_stands_does_so_until_it_is_taken_back(void **state)
{
	struct room *room = *state;

	assert_standings(room, "");
	begin(room);
	put_standing(room, "drained", "host", "");
	put_standing(room, "disabled", "trigger:inbox", "{\"who\":\"night\"}");
	put_standing(room, "disabled", "flow:order", "");
	put_standing(room, "drained", "device:a", "1");
	put_standing(room, "drained", "device:a", "22");
	put_standing(room, "blocked", "device:a", "3");
	commit(room);
	assert_standings(room, "blocked/device:a=3 disabled/flow:order= disabled/trigger:inbox={\"who\":\"night\"} "
			       "drained/device:a=22 drained/host= ");
	begin(room);
	put_standing(room, "drained", "device:a", NULL);
	put_standing(room, "drained", "nobody", NULL);
	put_standing(room, "disabled", "stop", "");
	put_standing(room, "blocked", "device:a", NULL);
	commit(room);
	assert_standings(room, "disabled/flow:order= disabled/stop= ");
}

static void puts_belong_to_batches(void **state)
{
	struct room *room = *state;
	struct store_run run = {.number = 1, .id = "r-1"};
	struct seen seen = {0};

	assert_int_equal(store_put_run(room->store, &run, NULL), HST_INVALID);
	assert_int_equal(OPS(room)->put_standing(room->store, "drained", "host", (struct store_bytes){"", 0}, NULL),
			 HST_INVALID);
	assert_int_equal(OPS(room)->commit(room->store, NULL, NULL), HST_INVALID);
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
	store_put_run(room->store, &run, NULL);
	assert_int_equal(OPS(room)->run(room->store, 1, see_run, &seen, NULL), HST_OK);
	commit(room);
	seen_clear(&seen);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_run_comes_back_as_it_was_put),
		BOTH(a_step_comes_back_as_it_was_put),
		BOTH(texts_and_payloads_may_be_missing_or_empty),
		BOTH(putting_again_replaces),
		BOTH(payloads_that_are_not_given_stay),
		BOTH(payloads_may_be_large),
		BOTH(happenings_come_in_the_order_they_were_put),
		BOTH(happenings_of_a_run_stay_in_order_however_they_come),
		BOTH(happenings_have_the_time_they_were_put_with),
		BOTH(an_event_is_new_once),
		BOTH(a_flow_is_kept_once),
		BOTH(state_is_any_bytes),
		BOTH(counters_keep_their_last_value),
		BOTH(packages_are_put),
		BOTH(what_stands_does_so_until_it_is_taken_back),
		BOTH(puts_belong_to_batches),
		BOTH(a_batch_sees_itself),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
