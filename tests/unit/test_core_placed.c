/* What clusters count of their members, and that it outlives the engine (rule R22). */
#include "core_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What the balancer was shown last, and the number of the candidate that it takes. */
static hst_candidate shown[8];
static size_t shown_count, answer;

static int choose(void *arg, const char *target, const hst_candidate *candidates, size_t n,
		  const hst_placement_demand *demand, uint64_t draw, size_t *ret)
{
	(void)arg, (void)target, (void)demand, (void)draw;
	for (size_t i = 0; i < n && i < 8; i++)
		shown[i] = candidates[i];
	shown_count = n;
	*ret = answer;
	return HST_OK;
}

static void three_members_of(struct core *core, const char *balancer, size_t n)
{
	char *members[] = {"a", "b", "c"};

	core_add_device(core, "a", false);
	core_add_device(core, "b", false);
	core_add_device(core, "c", false);
	core_add_cluster(core, "pool", balancer, members, n, false);
}

static void three(struct core *core)
{
	three_members_of(core, "cluster", 3);
}

static void two(struct core *core)
{
	three_members_of(core, "cluster", 2);
}

static void by_another(struct core *core)
{
	three_members_of(core, "primary", 3);
}

static void init(struct core_house *house)
{
	core_house_init(house, three);
	house->policy.placement.choose = choose;
	core_house_restart(house);
	core_house_desktop_flow(house, "one", "bot1-pool", NULL);
	for (const char *const *name = (const char *const[]){"a", "b", "c", NULL}; *name; name++)
		house_fresh(house, *name, 4, 1, NULL, 0);
}

/* A run goes to the candidate of this number, and ends. */
static int64_t run_on(struct core_house *house, size_t candidate)
{
	int64_t run;

	answer = candidate;
	run = house_fire(house, "one");
	house_taken(house, run, STATE_RUNNING);
	house_finished(house, run, STATE_SUCCEEDED, NULL, "{}", true);
	return run;
}

static void counts_are(int64_t a, int64_t b, int64_t c)
{
	assert_int_equal(shown_count, 3);
	assert_int_equal(shown[0].placed_by_this_target, a);
	assert_int_equal(shown[1].placed_by_this_target, b);
	assert_int_equal(shown[2].placed_by_this_target, c);
}

static void there(struct core_house *house)
{
	house_fresh(house, "a", 4, 1, NULL, 0);
	house_fresh(house, "b", 4, 1, NULL, 0);
	house_fresh(house, "c", 4, 1, NULL, 0);
}

static void a_restart_is_no_new_beginning(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	run_on(&house, 1);
	run_on(&house, 1);
	run_on(&house, 2);
	run_on(&house, 0);
	counts_are(0, 2, 1);
	core_house_restart(&house);
	there(&house);
	run_on(&house, 0);
	counts_are(1, 2, 1);
	assert_int_equal(shown[0].last_placed_seq, 4);
	assert_int_equal(shown[1].last_placed_seq, 2);
	assert_int_equal(shown[2].last_placed_seq, 3);
	core_house_clear(&house);
}

static void who_was_away_makes_nothing_up(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	house_time(&house, 20 * SECOND_US);
	house_device(&house, "a", 4, 1);
	house_device(&house, "b", 4, 1);
	for (size_t i = 0; i < 10; i++)
		run_on(&house, i % 2);
	/* Those that were there had four turns each when the last one began: so had c. */
	there(&house);
	run_on(&house, 2);
	counts_are(5, 5, 4);
	/* As little after a restart at which it comes first. */
	core_house_restart(&house);
	there(&house);
	run_on(&house, 2);
	counts_are(5, 5, 5);
	core_house_clear(&house);
}

static void a_new_member_starts_with_the_others(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	core_house_reload(&house, two);
	for (size_t i = 0; i < 10; i++)
		run_on(&house, i % 2);
	core_house_reload(&house, three);
	run_on(&house, 2);
	counts_are(5, 5, 4);
	/* It left and came while the engine was down, and its old share is still in the store. */
	core_house_reload(&house, two);
	for (size_t i = 0; i < 10; i++)
		run_on(&house, i % 2);
	house.configure = three;
	core_house_restart(&house);
	there(&house);
	run_on(&house, 2);
	counts_are(10, 10, 9);
	core_house_clear(&house);
}

static void what_another_balancer_placed_is_no_turn(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	core_house_reload(&house, by_another);
	for (size_t i = 0; i < 10; i++)
		run_on(&house, 0);
	counts_are(9, 0, 0);
	core_house_reload(&house, three);
	run_on(&house, 1);
	counts_are(10, 10, 10);
	/* The same where the engine was down meanwhile. */
	core_house_reload(&house, by_another);
	for (size_t i = 0; i < 10; i++)
		run_on(&house, 0);
	house.configure = three;
	core_house_restart(&house);
	there(&house);
	run_on(&house, 1);
	counts_are(21, 21, 21);
	core_house_clear(&house);
}

static void a_run_that_was_refused_is_none(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	answer = 0;
	house_fire(&house, "one");
	house_refused(&house, 1, REASON_WAIT, "TooManyActiveSessions", 1);
	assert_int_equal(shown_count, 2);
	house_taken(&house, 1, STATE_RUNNING);
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, "{}", true);
	core_house_restart(&house);
	there(&house);
	run_on(&house, 0);
	counts_are(0, 1, 0);
	run_on(&house, 0);
	counts_are(1, 1, 0);
	core_house_clear(&house);
}

static void a_share_that_makes_no_sense_is_left_out(void **state)
{
	static const char *const odd[] = {"{\"placed\":-4,\"seq\":1,\"floor\":0,\"balancer\":\"cluster\"}",
					  "{\"placed\":4,\"seq\":1,\"floor\":9223372036854775807,\"balancer\":\"cluster\"}",
					  "{\"placed\":\"many\"}", "[]", "null"};
	struct core_house house;
	hst_error err;

	(void)state;
	init(&house);
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
		assert_int_equal(core_restore_standing(house.core, "placed", "cluster:pool/a", odd[i], strlen(odd[i]), &err),
				 HST_OK);
	core_restore_standing(house.core, "placed", "cluster:pool", "{}", 2, &err);
	core_restore_standing(house.core, "placed", "cluster:gone/a", "{}", 2, &err);
	run_on(&house, 0);
	counts_are(0, 0, 0);
	core_house_clear(&house);
}

/* Nobody can choose: what names the cluster waits and says so, even where one device alone could take it. */
static void without_its_balancer_a_cluster_waits(void **state)
{
	struct core_house house;

	(void)state;
	init(&house);
	core_house_desktop_flow(&house, "direct", "bot2-a", NULL);
	core_note_cluster(house.core, "pool", "cluster pool: its balancer mine cannot choose: it is gone");
	core_note_cluster(house.core, "nowhere", "there is no such cluster");
	house_fire(&house, "one");
	house_said(&house, "");
	house_step_is(&house, 1, STATE_QUEUED, "BalancerUnusable");
	assert_string_equal(house_step(&house, 1)->text, "cluster pool: its balancer mine cannot choose: it is gone");
	house_device(&house, "b", 4, 2);
	house_said(&house, "");
	house_fire(&house, "direct");
	house_said(&house, "offer 2/1 a bot2\n");
	house_taken(&house, 2, STATE_RUNNING);
	house_finished(&house, 2, STATE_SUCCEEDED, NULL, "{}", true);
	core_note_cluster(house.core, "pool", NULL);
	answer = 0;
	core_house_reload(&house, three);
	house_said(&house, "offer 1/2 a bot1\n");
	house_taken(&house, 1, STATE_RUNNING);
	house_finished(&house, 1, STATE_SUCCEEDED, NULL, "{}", true);
	core_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restart_is_no_new_beginning),
		cmocka_unit_test(who_was_away_makes_nothing_up),
		cmocka_unit_test(a_new_member_starts_with_the_others),
		cmocka_unit_test(what_another_balancer_placed_is_no_turn),
		cmocka_unit_test(a_run_that_was_refused_is_none),
		cmocka_unit_test(without_its_balancer_a_cluster_waits),
		cmocka_unit_test(a_share_that_makes_no_sense_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
