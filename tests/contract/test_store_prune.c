/* Retention: what is old enough goes, a little at a time; times are inputs, and what depends on chance is seeded. */
#include "store_house.h"

#include <stdint.h>

enum { RUNS = 400, MANY = 9000, DAY = 1000 };

static int64_t ended_of[RUNS + 1];

static void put_house(struct room *room, unsigned *seed)
{
	struct store_bytes value = {"{\"a\":1}", 7};

	begin(room);
	for (int64_t number = 1; number <= RUNS; number++) {
		char id[32];
		struct store_run run = a_run(number, id);

		/* Every tenth still goes on; moments are few, so that several end in the same one. */
		ended_of[number] = number % 10 == 0 ? 0 : 1 + rand_r(seed) % (100 * DAY) / 50 * 50;
		run.ended_us = ended_of[number];
		run.event = value;
		assert_int_equal(store_put_run(room->store, &run, NULL), HST_OK);
		for (int64_t step = 0; step < 2; step++)
			store_put_step(room->store,
					    &(struct store_step){.id = number * 10 + step, .run = number, .position = step, .name = "s",
								 .ended_us = run.ended_us, .inputs = value, .outputs = value},
					    NULL);
		OPS(room)->put_happening(room->store,
					 &(struct store_happening){.run = number, .at_us = run.ended_us, .what = "ended", .run_us = run.requested_us},
					 NULL);
		OPS(room)->put_happening(room->store, &(struct store_happening){.run = 0, .at_us = number * 100, .what = "not_started"}, NULL);
	}
	commit(room);
}

static bool see_one(void *arg, const struct store_run *run)
{
	*(int *)arg = run->event.bytes ? 2 : 1;
	return true;
}

static bool see_values(void *arg, const struct store_step *step)
{
	*(int *)arg += !!step->inputs.bytes + !!step->outputs.bytes;
	return true;
}

static bool count_happening(void *arg, const struct store_happening *happening)
{
	(void)happening;
	++*(int *)arg;
	return true;
}

/* 0: it is gone with all that belonged to it; 1: it has no values; 2: it is whole. */
static int stands(struct room *room, int64_t number)
{
	int run = 0, values = 0, happenings = 0;

	OPS(room)->run(room->store, number, see_one, &run, NULL);
	OPS(room)->steps(room->store, number, see_values, &values, NULL);
	OPS(room)->happenings(room->store, number, count_happening, &happenings, NULL);
	assert_int_equal(values, run == 2 ? 4 : 0);
	assert_int_equal(happenings, run ? 1 : 0);
	return run;
}

static void prune(struct room *room, int64_t rows, int64_t values)
{
	struct store_prune what = {.rows_before_us = rows, .values_before_us = values, .limit = 7};
	struct store_pruned pruned = {.more = true};

	for (int slices = 0; pruned.more; slices++) {
		assert_true(slices < MANY);
		begin(room);
		assert_int_equal(OPS(room)->prune(room->store, &what, &pruned, NULL), HST_OK);
		commit(room);
		assert_true(pruned.runs <= what.limit || room->path[0] == '\0');
	}
}

static void what_is_old_enough_goes_and_nothing_else(void **state)
{
	struct room *room = *state;
	unsigned seed = 4711;

	put_house(room, &seed);
	for (int64_t now = 100 * DAY; now < 200 * DAY; now += 1 + rand_r(&seed) % (40 * DAY)) {
		int64_t rows = now - 90 * DAY, values = now - 30 * DAY;

		prune(room, rows, values);
		for (int64_t number = 1; number <= RUNS; number++) {
			int64_t ended = ended_of[number];

			assert_int_equal(stands(room, number), !ended || ended >= values ? 2 : ended >= rows ? 1 : 0);
		}
	}
	prune(room, INT64_MAX, INT64_MAX);
	for (int64_t number = 1; number <= RUNS; number++)
		assert_int_equal(stands(room, number), ended_of[number] ? 0 : 2);
}

static void put_ended(struct room *room, int64_t number, int64_t ended_us)
{
	char id[32];
	struct store_run run = a_run(number, id);

	run.ended_us = ended_us;
	assert_int_equal(store_put_run(room->store, &run, NULL), HST_OK);
}

static void are_there(struct room *room, const char *expected)
{
	struct seen seen = {0};

	OPS(room)->runs(room->store, &(struct store_filter){.limit = 20}, see_run, &seen, NULL);
	assert_string_equal(seen.order, expected);
	seen_clear(&seen);
}

/* Of many runs most end at once, some late, some go on again and end later than they first did: each goes by its last end. */
static void many_go_by_when_they_ended_last(void **state)
{
	struct room *room = *state;

	for (int64_t from = 1; from < MANY; from += 1000) {
		put_runs(room, from, from + 999);
		begin(room);
		for (int64_t number = from; number < from + 1000; number++)
			put_ended(room, number, number % 3000 ? 1 + number % 7 : 0);
		commit(room);
	}
	begin(room);
	put_ended(room, 3000, 500); /* late */
	put_ended(room, 10, 0);	    /* goes on again … */
	put_ended(room, 11, 0);
	put_ended(room, 8999, 0);
	commit(room);
	begin(room);
	put_ended(room, 11, 600); /* … and ends later */
	put_ended(room, 8999, 400);
	commit(room);
	if (room->path[0]) {
		OPS(room)->free(room->store);
		opened(room);
	}
	prune(room, 300, 300);
	are_there(room, "#9000 #8999 #6000 #3000 #11 #10 ");
	prune(room, 401, 401);
	are_there(room, "#9000 #6000 #3000 #11 #10 ");
	prune(room, 501, 501);
	are_there(room, "#9000 #6000 #11 #10 ");
	begin(room);
	put_ended(room, 10, 700);
	put_ended(room, 9000, 700);
	commit(room);
	prune(room, 601, 601);
	are_there(room, "#9000 #6000 #10 ");
	prune(room, 701, 701);
	are_there(room, "#6000 ");
}

static void what_happened_to_the_house_goes_by_its_own_age(void **state)
{
	struct room *room = *state;
	unsigned seed = 17;
	int n = 0;

	put_house(room, &seed);
	prune(room, 200 * 100, 0);
	OPS(room)->happenings(room->store, 0, count_happening, &n, NULL);
	assert_int_equal(n, RUNS - 199);
}

static bool has_key(struct room *room, const char *instance, const char *key)
{
	bool new = false;

	begin(room);
	assert_int_equal(OPS(room)->put_event(room->store, &(struct store_event){.instance = instance, .key = key, .at_us = 1}, &new, NULL), HST_OK);
	commit(room);
	return !new;
}

static void keys_of_events_go_by_their_age(void **state)
{
	static const char *const instances[] = {"inbox", "orders"};
	struct room *room = *state;
	char key[16];
	bool new;

	begin(room);
	for (int i = 0; i < 600; i++) {
		snprintf(key, sizeof key, "m%d", i);
		assert_int_equal(OPS(room)->put_event(room->store,
						      &(struct store_event){.instance = instances[i % 2], .key = key, .at_us = i + 1}, &new, NULL),
				 HST_OK);
	}
	commit(room);
	prune(room, 301, 0);
	for (int i = 0; i < 600; i++) {
		snprintf(key, sizeof key, "m%d", i);
		assert_int_equal(has_key(room, instances[i % 2], key), i + 1 >= 301);
	}
}

static void a_counter_says_what_has_no_values_any_more(void **state)
{
	struct room *room = *state;
	char counters[128] = "", id[32], expected[64];
	struct store_run run = a_run(1, id);

	begin(room);
	run.ended_us = 500;
	store_put_run(room->store, &run, NULL);
	commit(room);
	prune(room, 0, 500);
	OPS(room)->counters(room->store, see_counter, counters, NULL);
	assert_string_equal(counters, "");
	prune(room, 0, 501);
	OPS(room)->counters(room->store, see_counter, counters, NULL);
	snprintf(expected, sizeof expected, "emptied_us=500 ");
	assert_string_equal(counters, expected);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		BOTH(what_is_old_enough_goes_and_nothing_else),
		BOTH(many_go_by_when_they_ended_last),
		BOTH(what_happened_to_the_house_goes_by_its_own_age),
		BOTH(keys_of_events_go_by_their_age),
		BOTH(a_counter_says_what_has_no_values_any_more),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
