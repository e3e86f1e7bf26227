/* What is looked for in a store is found, in its order: one suite for both homes. */
#include "store_house.h"

static void steps_come_in_the_order_of_the_flow(void **state)
{
	struct room *room = *state;
	static const struct {
		int64_t id, position;
	} steps[] = {{9, 4}, {4, 1}, {7, 3}, {8, 0}, {3, 2}};
	struct seen seen = {0};

	begin(room);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct store_step step = {.id = steps[i].id, .run = 1, .position = steps[i].position};
		struct store_step other = {.id = 100 + steps[i].id, .run = 2, .position = (int64_t)i};

		store_put_step(room->store, &step, NULL);
		store_put_step(room->store, &other, NULL);
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

static void what_has_not_ended_is_found_oldest_first(void **state)
{
	struct room *room = *state;
	struct seen seen = {0};
	char id[32];

	put_runs(room, 1, 5);
	begin(room);
	for (int64_t run = 5; run >= 1; run--)
		for (int64_t position = 0; position < 2; position++) {
			struct store_step step = {
				.id = run * 10 + position, .run = run, .position = position};

			store_put_step(room->store, &step, NULL);
		}
	for (int64_t number = 2; number <= 4; number += 2) {
		struct store_run run = a_run(number, id);

		run.ended_us = 1;
		store_put_run(room->store, &run, NULL);
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

/* Every thousandth run goes on for long, some end late; what is found does not depend on how many came since. */
static void old_runs_that_have_not_ended_are_found_among_many(void **state)
{
	struct room *room = *state;
	struct seen seen = {0};
	char id[32];

	for (int64_t from = 1; from < 9000; from += 500) {
		put_runs(room, from, from + 499);
		begin(room);
		for (int64_t number = from; number < from + 500; number++) {
			struct store_run run = a_run(number, id);

			run.ended_us = number % 1000 ? 1 : 0;
			store_put_run(room->store, &run, NULL);
		}
		commit(room);
	}
	OPS(room)->unfinished(room->store, see_run, NULL, &seen, NULL);
	assert_string_equal(seen.order, "#1000 #2000 #3000 #4000 #5000 #6000 #7000 #8000 #9000 ");
	seen_clear(&seen);
	begin(room);
	for (int64_t number = 1000; number <= 9000; number += 2000) {
		struct store_run run = a_run(number, id);

		run.ended_us = 1;
		store_put_run(room->store, &run, NULL);
	}
	for (int64_t number = 1; number <= 6001; number += 6000) {
		struct store_run run = a_run(number, id);

		store_put_run(room->store, &run, NULL);
	}
	commit(room);
	OPS(room)->unfinished(room->store, see_run, NULL, &seen, NULL);
	assert_string_equal(seen.order, "#1 #2000 #4000 #6000 #6001 #8000 ");
	seen_clear(&seen);
	begin(room);
	OPS(room)->prune(room->store, &(struct store_prune){.rows_before_us = 2, .limit = 10000}, &(struct store_pruned){0}, NULL);
	commit(room);
	OPS(room)->unfinished(room->store, see_run, NULL, &seen, NULL);
	assert_string_equal(seen.order, "#1 #2000 #4000 #6000 #6001 #8000 ");
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
		store_put_run(room->store, &run, NULL);
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
	struct store_run labelled = {.number = 7,
				     .id = "r-7",
				     .flow = "odd",
				     .label = "Invoice A-17 of May",
				     .state = "failed",
				     .reason = "FlowFailed",
				     .requested_us = 7000};

	filtered(room, (struct store_filter){0}, "");
	put_runs(room, 1, 6);
	begin(room);
	store_put_run(room->store, &labelled, NULL);
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
	store_put_run(room->store, &other, NULL);
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

/* By its whole id also when it is older than the newest that endings are looked for among, and was put late. */
static void an_old_run_is_found_by_its_id(void **state)
{
	struct room *room = *state;

	put_runs(room, 1, 2000);
	put_runs(room, 2002, 9000);
	begin(room);
	store_put_run(room->store, &(struct store_run){.number = 2001, .id = "r-zzzzzzzzzzzzzzzzzzzzzzz001"}, NULL);
	store_put_run(room->store, &(struct store_run){.number = 200000, .id = "r-zzzzzzzzzzzzzzzzzzzzzzz002"}, NULL);
	commit(room);
	assert_found(room, "r-0123456789abcdefghjkm00001", 1);
	assert_found(room, "r-0123456789abcdefghjkm02048", 2048);
	assert_found(room, "r-0123456789abcdefghjkm02049", 2049);
	assert_found(room, "r-0123456789abcdefghjkm09000", 9000);
	assert_found(room, "r-zzzzzzzzzzzzzzzzzzzzzzz001", 2001);
	assert_found(room, "r-zzzzzzzzzzzzzzzzzzzzzzz002", 200000);
	assert_not_found(room, "m09000", HST_NOT_FOUND);
}

static void an_ending_that_fits_several_names_two(void **state)
{
	struct room *room = *state;
	struct store_run one = {.number = 1, .id = "r-aaaaaaaaaaaaaaaaaaaaaa7777"};
	struct store_run two = {.number = 2, .id = "r-bbbbbbbbbbbbbbbbbbbbbb7777"};
	int64_t number = -1;
	hst_error err = {0};

	begin(room);
	store_put_run(room->store, &one, NULL);
	store_put_run(room->store, &two, NULL);
	commit(room);
	assert_int_equal(OPS(room)->find_run(room->store, "7777", &number, &err), HST_INVALID);
	assert_non_null(strstr(err.text, one.id));
	assert_non_null(strstr(err.text, two.id));
	assert_found(room, "a7777", 1);
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

/* "#3 hello/greet running" of each, as a line. */
static bool see_told(void *arg, const struct store_told *told)
{
	char *said = arg;

	snprintf(said + strlen(said), 64, "#%d %s%s%s %s\n", (int)told->happening.run, told->run_id ? told->flow : "house", told->step ? "/" : "",
		 told->step ? told->step : "", told->happening.what);
	return true;
}

static void told_lately(struct room *room, struct store_span span, const char *expected)
{
	char said[4096] = "";
	hst_error err = {0};

	if (OPS(room)->lately(room->store, &span, see_told, said, &err))
		fail_msg("%s", err.text);
	assert_string_equal(said, expected);
}

/* Runs 1 to 4 are accepted at 1000 to 4000; 2 runs its step at 5000 and ends at 6000, 1 ends at 7000. */
static void put_a_day(struct room *room)
{
	struct store_step step = {.id = 20, .run = 2, .name = "greet"};
	static const struct {
		int64_t at_us, run, step;
		const char *what, *detail;
	} day[] = {
		{1000, 1, 0, "accepted", NULL}, {2000, 2, 0, "accepted", NULL}, {3000, 3, 0, "accepted", NULL},
		{4000, 4, 0, "accepted", NULL}, {5000, 2, 20, "running", "{}"}, {6000, 2, 20, "ended", NULL},
		{6000, 2, 0, "ended", NULL},	{7000, 1, 0, "ended", NULL},	{8000, 99, 0, "accepted", NULL},
	};
	char id[32];

	put_runs(room, 1, 4);
	begin(room);
	store_put_step(room->store, &step, NULL);
	for (size_t i = 0; i < sizeof day / sizeof day[0]; i++)
		OPS(room)->put_happening(room->store,
					 &(struct store_happening){.at_us = day[i].at_us, .run = day[i].run, .step = day[i].step,
								   .what = day[i].what, .detail = day[i].detail,
								   .run_us = a_run(day[i].run, id).requested_us},
					 NULL);
	for (int64_t number = 1; number <= 2; number++) {
		struct store_run run = a_run(number, id);

		run.ended_us = number == 1 ? 7000 : 6000;
		store_put_run(room->store, &run, NULL);
	}
	commit(room);
}

/* Of a run that is not there nothing is told. */
static void what_happened_lately_is_told_newest_first(void **state)
{
	struct room *room = *state;

	told_lately(room, (struct store_span){.limit = 10}, "");
	put_a_day(room);
	told_lately(room, (struct store_span){.limit = 10},
		    "#1 odd ended\n#2 even ended\n#2 even/greet ended\n#2 even/greet running\n#4 even accepted\n"
		    "#3 odd accepted\n#2 even accepted\n#1 odd accepted\n");
	told_lately(room, (struct store_span){.limit = 1}, "#1 odd ended\n");
	told_lately(room, (struct store_span){.limit = 3}, "#1 odd ended\n#2 even ended\n#2 even/greet ended\n");
	told_lately(room, (struct store_span){.limit = 10, .since_us = 6000},
		    "#1 odd ended\n#2 even ended\n#2 even/greet ended\n");
	told_lately(room, (struct store_span){.limit = 2, .flow = "even"}, "#2 even ended\n#2 even/greet ended\n");
	told_lately(room, (struct store_span){.limit = 10, .flow = "odd", .since_us = 2000},
		    "#1 odd ended\n#3 odd accepted\n");
	told_lately(room, (struct store_span){.limit = 10, .run = 1}, "#1 odd ended\n#1 odd accepted\n");
	told_lately(room, (struct store_span){.limit = 10, .run = 99}, "");
	told_lately(room, (struct store_span){.limit = 10, .flow = "none"}, "");
}

/* What happens to the house is told among the runs, but not where only some of them are asked for. */
static void what_happened_to_the_house_is_told_too(void **state)
{
	struct room *room = *state;
	const struct store_happening house[] = {{.at_us = 500, .what = "drained"}, {.at_us = 6500, .what = "undrained", .detail = "{}"}};

	put_a_day(room);
	begin(room);
	for (size_t i = 0; i < 2; i++)
		OPS(room)->put_happening(room->store, &house[i], NULL);
	commit(room);
	told_lately(room, (struct store_span){.limit = 3}, "#1 odd ended\n#0 house undrained\n#2 even ended\n");
	told_lately(room, (struct store_span){.limit = 10, .since_us = 6500}, "#1 odd ended\n#0 house undrained\n");
	told_lately(room, (struct store_span){.limit = 10, .run = 1}, "#1 odd ended\n#1 odd accepted\n");
	told_lately(room, (struct store_span){.limit = 2, .flow = "even"}, "#2 even ended\n#2 even/greet ended\n");
}

/* Among many runs that have ended only the last ones are looked at; a long one that ends last is among them. */
static void a_long_run_is_not_forgotten(void **state)
{
	struct room *room = *state;
	char id[32];

	put_runs(room, 1, 200);
	begin(room);
	for (int64_t number = 200; number >= 1; number--) {
		struct store_run run = a_run(number, id);
		struct store_happening ended = {.run = number, .what = "ended", .run_us = run.requested_us};

		run.ended_us = ended.at_us = number == 1 ? 20000 : 9000 + number;
		store_put_run(room->store, &run, NULL);
		OPS(room)->put_happening(room->store, &ended, NULL);
	}
	commit(room);
	told_lately(room, (struct store_span){.limit = 3}, "#1 odd ended\n#200 even ended\n#199 odd ended\n");
}

/* Runs end at moments that are not in the order of their numbers, some of them long after those that came later. */
static void what_ended_last_is_found_among_many(void **state)
{
	enum { RUNS = 9000, RARE = 3 };
	struct room *room = *state;
	char id[32];
	struct store_run rare = a_run(RARE, id);

	rare.flow = "rare";
	begin(room);
	store_put_run(room->store, &rare, NULL);
	commit(room);
	for (int64_t from = 1; from < RUNS; from += 500) {
		put_runs(room, from, from + 499);
		begin(room);
		for (int64_t number = from; number < from + 500; number++) {
			struct store_run run = a_run(number, id);

			if (number % 100 == 0)
				continue;
			run.ended_us = number * 1001;
			OPS(room)->put_happening(room->store,
						 &(struct store_happening){.run = number, .at_us = run.ended_us, .what = "ended",
									   .run_us = run.requested_us},
						 NULL);
			store_put_run(room->store, &run, NULL);
		}
		commit(room);
	}
	told_lately(room, (struct store_span){.limit = 2}, "#8999 odd ended\n#8998 even ended\n");
	told_lately(room, (struct store_span){.limit = 2, .since_us = 8999 * 1001}, "#8999 odd ended\n");
	told_lately(room, (struct store_span){.limit = 2, .flow = "rare"}, "#3 rare ended\n");
	told_lately(room, (struct store_span){.limit = 2, .flow = "rare", .since_us = 4000}, "");
	begin(room);
	for (int64_t number = 100; number <= 8900; number += 4400) {
		struct store_run run = a_run(number, id);

		run.ended_us = 20000000 - number;
		OPS(room)->put_happening(room->store,
					 &(struct store_happening){.run = number, .at_us = run.ended_us, .what = "late", .run_us = run.requested_us},
					 NULL);
		store_put_run(room->store, &run, NULL);
	}
	commit(room);
	told_lately(room, (struct store_span){.limit = 4}, "#100 even late\n#4500 even late\n#8900 even late\n#8999 odd ended\n");
	told_lately(room, (struct store_span){.limit = 1, .flow = "odd"}, "#8999 odd ended\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		BOTH(steps_come_in_the_order_of_the_flow),
		BOTH(what_has_not_ended_is_found_oldest_first),
		BOTH(old_runs_that_have_not_ended_are_found_among_many),
		BOTH(a_run_can_be_unfinished_again),
		BOTH(runs_are_listed_newest_first),
		BOTH(runs_are_found_by_what_people_say),
		DISK(an_old_run_is_found_by_its_id),
		BOTH(an_ending_that_fits_several_names_two),
		BOTH(many_runs_stay_in_order),
		BOTH(what_happened_lately_is_told_newest_first),
		BOTH(what_happened_to_the_house_is_told_too),
		BOTH(a_long_run_is_not_forgotten),
		BOTH(what_ended_last_is_found_among_many),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
