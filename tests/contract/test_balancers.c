/* What every balancer must do, tried on every balancer there is; and what each of them promises besides. */
#include "staged.h"

#include "plugin/balancer.h"
#include "plugin/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CANDIDATES_MAX = 40 };

static const hst_placement_demand demand = {.target = "cluster:finance", .user = "bot1", .attended = false};

/* Seeded from $HOSTLER_SEED, else from the clock, and printed, so that a failure can be had again. */
static uint64_t seed;

static uint64_t draw_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static int print_seed(void **unused)
{
	const char *given = getenv("HOSTLER_SEED");

	(void)unused;
	seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	print_message("HOSTLER_SEED=%llu\n", (unsigned long long)seed);
	return 0;
}

static const char *const names[] = {"ts-01", "ts-02", "ts-03", "ts-04", "ts-05", "ts-06", "ts-07", "ts-08"};

static void make_candidates(hst_candidate *candidates, size_t n, uint64_t *state)
{
	for (size_t i = 0; i < n; i++)
		candidates[i] = (hst_candidate){
			.device = names[i % 8],
			.running = (int64_t)(draw_next(state) % 5),
			.slots = 5 + (int64_t)(draw_next(state) % 5),
			.placed_by_this_target = (int64_t)(draw_next(state) % 1000),
			.last_placed_seq = (int64_t)(draw_next(state) % 100000),
			.load_milli = (int64_t)(draw_next(state) % 3000) - 1,
			.memory_milli = (int64_t)(draw_next(state) % 1002) - 1,
		};
}

static size_t choose(struct staged *staged, const hst_candidate *candidates, size_t n, uint64_t draw)
{
	size_t index = SIZE_MAX;
	hst_error err = {0};

	if (balancer_choose(staged->instance, candidates, n, &demand, draw, &index, &err) != HST_OK)
		fail_msg("%s: %s", staged->plugin->name, err.text);
	return index;
}

static void for_each_balancer(void (*check)(struct staged *staged))
{
	char **all = registry_names(staged_directory(), HST_BALANCER);

	assert_non_null(all[0]);
	for (size_t i = 0; all[i]; i++) {
		struct staged staged;

		staged_load(&staged, HST_BALANCER, all[i]);
		staged_open(&staged, NULL);
		check(&staged);
		staged_close(&staged);
	}
	registry_names_free(all);
}

/*
 * The candidates lie at the end of a block of exactly their size, so that a look behind them is caught by
 * ASan.
 */
static void check_index_in_range(struct staged *staged)
{
	static const uint64_t edges[] = {
		0, 1, 2, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, UINT64_MAX / 2 + 1};
	uint64_t state = seed;

	for (size_t n = 1; n <= CANDIDATES_MAX; n++) {
		hst_candidate *candidates = calloc(n, sizeof *candidates);

		make_candidates(candidates, n, &state);
		for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
			assert_in_range(choose(staged, candidates, n, edges[i]), 0, n - 1);
		for (size_t i = 0; i < 200; i++)
			assert_in_range(choose(staged, candidates, n, draw_next(&state)), 0, n - 1);
		free(candidates);
	}
}

static void every_balancer_picks_one_of_the_candidates(void **unused)
{
	(void)unused;
	for_each_balancer(check_index_in_range);
}

static void check_repeatable(struct staged *staged)
{
	hst_candidate candidates[CANDIDATES_MAX], before[CANDIDATES_MAX];
	uint64_t state = seed;
	struct staged again;

	staged_load(&again, HST_BALANCER, staged->plugin->name);
	staged_open(&again, NULL);
	for (size_t i = 0; i < 2000; i++) {
		size_t n = 1 + draw_next(&state) % CANDIDATES_MAX;
		uint64_t draw = draw_next(&state);
		size_t index;

		make_candidates(candidates, n, &state);
		memcpy(before, candidates, n * sizeof *before);
		index = choose(staged, candidates, n, draw);
		choose(staged, candidates, n, draw_next(&state));
		assert_int_equal(choose(staged, candidates, n, draw), index);
		assert_int_equal(choose(&again, candidates, n, draw), index);
		assert_memory_equal(before, candidates, n * sizeof *before);
	}
	staged_close(&again);
}

static void every_balancer_answers_the_same_for_the_same_draw(void **unused)
{
	(void)unused;
	for_each_balancer(check_repeatable);
}

static void no_candidate_is_an_error_and_never_reaches_the_plugin(void **unused)
{
	struct staged staged;
	size_t index = 7;
	hst_error err = {0};

	(void)unused;
	staged_load(&staged, HST_BALANCER, "random");
	staged_open(&staged, NULL);
	assert_int_equal(balancer_choose(staged.instance, NULL, 0, &demand, 1, &index, &err), HST_INVALID);
	assert_int_equal(index, 7);
	staged_close(&staged);
}

/*
 * Chi-square against the uniform distribution. The bound is the quantile that a fair choice passes once in
 * 10^7 tries (Wilson and Hilferty's approximation).
 */
static void random_is_uniform(void **unused)
{
	enum { DRAWS = 40000 };
	static const size_t sizes[] = {2, 3, 5, 7, 8, 13, 40};
	hst_candidate candidates[CANDIDATES_MAX];
	uint64_t state = seed;
	struct staged staged;

	(void)unused;
	staged_load(&staged, HST_BALANCER, "random");
	staged_open(&staged, NULL);
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
		size_t n = sizes[s], counts[CANDIDATES_MAX] = {0};
		double freedom = (double)(n - 1), expected = (double)DRAWS / (double)n, chi = 0, bound;

		make_candidates(candidates, n, &state);
		for (size_t i = 0; i < DRAWS; i++)
			counts[choose(&staged, candidates, n, draw_next(&state))]++;
		for (size_t i = 0; i < n; i++)
			chi += ((double)counts[i] - expected) * ((double)counts[i] - expected) / expected;
		bound = freedom * pow(1 - 2 / (9 * freedom) + 5.2 * sqrt(2 / (9 * freedom)), 3);
		if (chi > bound)
			fail_msg("chi-square %.1f over %.1f with %zu devices, seed %llu", chi, bound, n,
				 (unsigned long long)seed);
	}
	staged_close(&staged);
}

/*
 * With 3 * 2^62 candidates a plain remainder would give the first quarter of all draws twice. The plugin
 * never looks at the candidates, so none have to be there.
 */
static void random_has_no_bias_of_a_remainder(void **unused)
{
	enum { DRAWS = 20000 };
	const size_t n = (size_t)3 << 62;
	const hst_candidate candidate = {.device = "ts-01"};
	uint64_t state = seed;
	size_t low = 0;
	struct staged staged;

	(void)unused;
	staged_load(&staged, HST_BALANCER, "random");
	staged_open(&staged, NULL);
	for (size_t i = 0; i < DRAWS; i++)
		low += choose(&staged, &candidate, n, draw_next(&state)) < n / 3;
	/* A third, and not a half; the bounds are more than ten standard deviations wide. */
	assert_in_range(low, DRAWS * 30 / 100, DRAWS * 37 / 100);
	staged_close(&staged);
}

/* Opens one balancer, lets it choose among these, and closes it. */
static const char *chosen_by(const char *balancer, const hst_candidate *candidates, size_t n)
{
	struct staged staged;
	size_t index;

	staged_load(&staged, HST_BALANCER, balancer);
	staged_open(&staged, NULL);
	index = choose(&staged, candidates, n, seed);
	staged_close(&staged);
	return candidates[index].device;
}

#define CHOSEN(balancer, ...)                                                            \
	chosen_by(balancer, (const hst_candidate[]){__VA_ARGS__},                        \
		  sizeof((const hst_candidate[]){__VA_ARGS__}) / sizeof(hst_candidate))

static void primary_takes_the_first_whatever_else_there_is(void **unused)
{
	hst_candidate candidates[CANDIDATES_MAX];
	uint64_t state = seed;

	(void)unused;
	for (size_t i = 0; i < 200; i++) {
		size_t n = 1 + draw_next(&state) % CANDIDATES_MAX;

		make_candidates(candidates, n, &state);
		assert_ptr_equal(chosen_by("primary", candidates, n), candidates[0].device);
	}
}

static void cluster_takes_who_had_the_fewest(void **unused)
{
	(void)unused;
	assert_string_equal(CHOSEN("cluster", {.device = "a", .slots = 9, .placed_by_this_target = 3},
				   {.device = "b", .slots = 9, .placed_by_this_target = 2, .running = 2, .load_milli = 900},
				   {.device = "c", .slots = 9, .placed_by_this_target = 4}),
			    "b");
	/* Of equals whoever had no run for longest, then the first. */
	assert_string_equal(CHOSEN("cluster", {.device = "a", .placed_by_this_target = 3, .last_placed_seq = 8},
				   {.device = "b", .placed_by_this_target = 3, .last_placed_seq = 7},
				   {.device = "c", .placed_by_this_target = 3, .last_placed_seq = 9}),
			    "b");
	assert_string_equal(CHOSEN("cluster", {.device = "a"}, {.device = "b"}), "a");
}

/* Over any number of runs, whatever the draws, and from whatever numbers that are even. */
static void cluster_keeps_all_within_one(void **unused)
{
	uint64_t state = seed;
	struct staged staged;

	(void)unused;
	staged_load(&staged, HST_BALANCER, "cluster");
	staged_open(&staged, NULL);
	for (size_t n = 1; n <= 9; n++) {
		hst_candidate candidates[9] = {{0}};
		int64_t base = (int64_t)(draw_next(&state) % 1000), sequence = 0;

		for (size_t i = 0; i < n; i++)
			candidates[i] = (hst_candidate){.device = names[i % 8], .slots = 1000, .placed_by_this_target = base};
		for (size_t run = 1; run <= 500; run++) {
			size_t index = choose(&staged, candidates, n, draw_next(&state));

			candidates[index].placed_by_this_target++;
			candidates[index].last_placed_seq = ++sequence;
			for (size_t i = 0; i < n; i++)
				assert_in_range(candidates[i].placed_by_this_target - base, run / n, (run + n - 1) / n);
		}
	}
	staged_close(&staged);
}

static void least_loaded_weighs_the_scarcest_of_places_processors_and_memory(void **unused)
{
	(void)unused;
	/* Places: one of four is less than one of two. */
	assert_string_equal(CHOSEN("least-loaded", {.device = "a", .running = 1, .slots = 2, .load_milli = 100, .memory_milli = 100},
				   {.device = "b", .running = 1, .slots = 4, .load_milli = 100, .memory_milli = 100}),
			    "b");
	/* Processors: whoever has nothing running may be busy with something else. */
	assert_string_equal(CHOSEN("least-loaded", {.device = "a", .running = 0, .slots = 4, .load_milli = 900, .memory_milli = 100},
				   {.device = "b", .running = 2, .slots = 4, .load_milli = 500, .memory_milli = 100}),
			    "b");
	assert_string_equal(CHOSEN("least-loaded", {.device = "a", .running = 0, .slots = 4, .load_milli = 100, .memory_milli = 950},
				   {.device = "b", .running = 2, .slots = 4, .load_milli = 500, .memory_milli = 700}),
			    "b");
	/* Equally scarce: what is left of the rest; then who had fewer; then the first. */
	assert_string_equal(CHOSEN("least-loaded", {.device = "a", .running = 2, .slots = 4, .load_milli = 400, .memory_milli = 300},
				   {.device = "b", .running = 2, .slots = 4, .load_milli = 100, .memory_milli = 300}),
			    "b");
	assert_string_equal(CHOSEN("least-loaded", {.device = "a", .slots = 4, .memory_milli = 300, .placed_by_this_target = 2},
				   {.device = "b", .slots = 4, .memory_milli = 300, .placed_by_this_target = 1}),
			    "b");
	assert_string_equal(CHOSEN("least-loaded", {.device = "a", .slots = 4}, {.device = "b", .slots = 4}), "a");
}

static void least_loaded_does_not_weigh_what_not_all_report(void **unused)
{
	(void)unused;
	assert_string_equal(CHOSEN("least-loaded", {.device = "a", .running = 1, .slots = 4, .load_milli = 900, .memory_milli = 900},
				   {.device = "b", .running = 2, .slots = 4, .load_milli = -1, .memory_milli = -1}),
			    "a");
	assert_string_equal(CHOSEN("least-loaded", {.device = "a", .running = 2, .slots = 4, .load_milli = -1, .memory_milli = -1},
				   {.device = "b", .running = 1, .slots = 4, .load_milli = 900, .memory_milli = 900}),
			    "b");
	/* Memory is reported by both, and counts. */
	assert_string_equal(CHOSEN("least-loaded", {.device = "a", .running = 1, .slots = 4, .load_milli = -1, .memory_milli = 900},
				   {.device = "b", .running = 2, .slots = 4, .load_milli = 900, .memory_milli = 600}),
			    "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_balancer_picks_one_of_the_candidates),
		cmocka_unit_test(every_balancer_answers_the_same_for_the_same_draw),
		cmocka_unit_test(no_candidate_is_an_error_and_never_reaches_the_plugin),
		cmocka_unit_test(random_is_uniform),
		cmocka_unit_test(random_has_no_bias_of_a_remainder),
		cmocka_unit_test(primary_takes_the_first_whatever_else_there_is),
		cmocka_unit_test(cluster_takes_who_had_the_fewest),
		cmocka_unit_test(cluster_keeps_all_within_one),
		cmocka_unit_test(least_loaded_weighs_the_scarcest_of_places_processors_and_memory),
		cmocka_unit_test(least_loaded_does_not_weigh_what_not_all_report),
	};

	return cmocka_run_group_tests(tests, print_seed, NULL);
}
