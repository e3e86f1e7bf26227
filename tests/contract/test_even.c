/*
 * The balancer `cluster` in the core that counts for it: whatever happens to members, and whenever the engine is
 * started again, those that can take runs get them evenly, and nobody is flooded when it comes back (rule R22).
 */
#include "../unit/core_house.h"
#include "staged.h"

#include "plugin/balancer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { DEVICES = 5, USERS = 9, OPERATIONS = 10000, STRETCHES = 100 };

static char *const names[DEVICES] = {"d0", "d1", "d2", "d3", "d4"};
static bool member[DEVICES] = {true, true, true, true, true};

struct even {
	struct core_house house;
	struct staged staged;
	uint64_t random;
	bool away[DEVICES];
	int64_t slots[DEVICES], revision[DEVICES];

	/* A stretch: placements one after the other with the same candidates. */
	const char *able[DEVICES];
	int64_t got[DEVICES]; /* from where each stood */
	int64_t counted[DEVICES]; /* as the core should count by now */
	size_t able_count, length;
	int64_t seq; /* of the target, when the last placement was chosen */
	size_t long_stretches, choices;
};

static size_t below(struct even *even, size_t n)
{
	uint64_t z = even->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (size_t)((z ^ z >> 31) % n);
}

static void new_stretch(struct even *even)
{
	even->able_count = even->length = 0;
}

static bool same_candidates(const struct even *even, const hst_candidate *candidates, size_t n)
{
	if (n != even->able_count)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(candidates[i].device, even->able[i]) != 0)
			return false;
	return true;
}

static const char *name_of(const char *device)
{
	return names[device[1] - '0'];
}

/* A run that was asked back, such as from a device that was away, is no longer its device's, and so not of the stretch. */
static bool taken_back(const struct even *even, const hst_candidate *candidates, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (candidates[i].placed_by_this_target < even->counted[i])
			return true;
	return false;
}

/* Where one device alone could take a run nobody was asked: the target's number tells. */
static void follow_stretch(struct even *even, const hst_candidate *candidates, size_t n)
{
	const struct placement_target *pool = placement_target(core_placement(even->house.core), "cluster:pool");

	if (pool->seq != even->seq + 1 || !same_candidates(even, candidates, n) || taken_back(even, candidates, n)) {
		new_stretch(even);
		even->able_count = n;
		for (size_t i = 0; i < n; i++) {
			even->able[i] = name_of(candidates[i].device);
			even->got[i] = candidates[i].placed_by_this_target; /* they may begin one apart */
		}
	}
	even->seq = pool->seq;
}

static void is_even(const char *what, const int64_t *counts, size_t n)
{
	int64_t most = counts[0], least = counts[0];

	for (size_t i = 1; i < n; i++) {
		most = counts[i] > most ? counts[i] : most;
		least = counts[i] < least ? counts[i] : least;
	}
	if (most - least > 1)
		fail_msg("%s: from %lld to %lld", what, (long long)least, (long long)most);
}

static int choose(void *arg, const char *target, const hst_candidate *candidates, size_t n,
		  const hst_placement_demand *demand, uint64_t draw, size_t *ret)
{
	struct even *even = arg;
	int64_t counts[DEVICES] = {0};

	(void)target;
	assert_in_range(n, 2, DEVICES);
	assert_int_equal(balancer_choose(even->staged.instance, candidates, n, demand, draw, ret, NULL), HST_OK);
	for (size_t i = 0; i < n; i++)
		counts[i] = candidates[i].placed_by_this_target;
	is_even("the counts of all that can take the run", counts, n);
	follow_stretch(even, candidates, n);
	for (size_t i = 0; i < n; i++)
		even->counted[i] = counts[i] + (i == *ret);
	even->got[*ret]++;
	even->length++;
	even->choices++;
	even->long_stretches += even->length == n + 1;
	is_even("what each got while the same could take runs", even->got, n);
	return HST_OK;
}

static void configure(struct core *core)
{
	char *members[DEVICES];
	size_t n = 0;

	for (size_t i = 0; i < DEVICES; i++) {
		core_add_device(core, names[i], false);
		if (member[i])
			members[n++] = names[i];
	}
	core_add_cluster(core, "pool", "cluster", members, n, false);
}

static void say(struct even *even, size_t device)
{
	even->away[device] = false;
	house_device(&even->house, names[device], even->slots[device], even->revision[device]);
}

static void there(struct even *even, bool all)
{
	for (size_t i = 0; i < DEVICES; i++)
		if (all || !even->away[i])
			say(even, i);
}

static void init(struct even *even)
{
	static const char *const flows[USERS] = {"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"};

	memset(member, true, sizeof member);
	core_house_init(&even->house, configure);
	even->house.policy.placement.choose = choose;
	even->house.policy.placement.arg = even;
	core_house_restart(&even->house);
	for (size_t i = 0; i < USERS; i++) {
		char connection[16];

		snprintf(connection, sizeof connection, "%s-pool", flows[i]);
		core_house_desktop_flow(&even->house, flows[i], connection, NULL);
	}
	for (size_t i = 0; i < DEVICES; i++) {
		even->slots[i] = USERS;
		even->revision[i] = 1;
	}
	there(even, true);
}

/* One that is at a device; 0: none is. */
static int64_t some_step(struct even *even)
{
	int64_t found = 0;
	size_t n = 0;

	TABLE_EACH(&even->house.steps, entry) {
		const struct step_facts *facts = &((const struct kept_step *)entry->value)->facts;

		if ((facts->state == STATE_OFFERED || facts->state == STATE_RUNNING) && below(even, ++n) == 0)
			found = facts->id;
	}
	return found;
}

static void finish(struct even *even, int64_t step)
{
	if (house_step(&even->house, step)->state == STATE_OFFERED)
		house_taken(&even->house, step, STATE_RUNNING);
	house_finished(&even->house, step, STATE_SUCCEEDED, NULL, "{}", true);
}

static void carry_on(struct even *even)
{
	int64_t step = some_step(even);
	size_t device;

	if (!step)
		return;
	if (house_step(&even->house, step)->state == STATE_RUNNING || below(even, 8)) {
		finish(even, step);
		return;
	}
	/* Taken back, it no longer belongs to the stretch. */
	device = (size_t)(house_step(&even->house, step)->device[1] - '0');
	new_stretch(even);
	house_refused(&even->house, step, REASON_WAIT, "TooManyActiveSessions", even->revision[device]);
	new_stretch(even);
}

static void change_members(struct even *even)
{
	size_t n = 0;

	member[below(even, DEVICES)] ^= true;
	for (size_t i = 0; i < DEVICES; i++)
		n += member[i];
	if (n < 2)
		memset(member, true, sizeof member);
	core_house_reload(&even->house, configure);
}

static void drain(struct even *even)
{
	char name[16];
	enum core_stand_verb verb = below(even, 3) ? CORE_UNDRAIN : CORE_DRAIN;

	snprintf(name, sizeof name, "device:d%zu", below(even, DEVICES));
	house_stand(&even->house, verb, name);
}

static void restart(struct even *even)
{
	core_house_restart(&even->house);
	there(even, false);
}

static void operation(struct even *even)
{
	static const char flow[USERS][3] = {"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"};
	size_t device = below(even, DEVICES), what = below(even, 100);

	if (what < 35)
		house_fire(&even->house, flow[below(even, USERS)]);
	else if (what < 88)
		carry_on(even);
	else if (what < 90)
		drain(even);
	else if (what < 91)
		even->away[device] = true;
	else if (what < 94)
		house_time(&even->house, 7 * SECOND_US), there(even, false);
	else if (what < 96)
		say(even, device);
	else if (what < 97)
		even->slots[device] = 1 + (int64_t)below(even, USERS), even->revision[device]++, say(even, device);
	else if (what < 98)
		change_members(even);
	else
		restart(even);
}

static void finish_all(struct even *even)
{
	int64_t step;

	while ((step = some_step(even)))
		finish(even, step);
}

static void all_are_free(struct even *even)
{
	memset(member, true, sizeof member);
	core_house_reload(&even->house, configure);
	for (size_t i = 0; i < DEVICES; i++) {
		char name[16];

		snprintf(name, sizeof name, "device:d%zu", i);
		house_stand(&even->house, CORE_UNDRAIN, name);
		even->slots[i] = USERS;
		even->revision[i]++;
	}
	there(even, true);
	finish_all(even);
}

static void whatever_happens_the_able_share_evenly(void **state)
{
	const char *given = getenv("HOSTLER_SEED");
	struct even even = {.random = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL)};

	(void)state;
	print_message("HOSTLER_SEED=%llu\n", (unsigned long long)even.random);
	staged_load(&even.staged, HST_BALANCER, "cluster");
	staged_open(&even.staged, NULL);
	init(&even);
	for (size_t i = 1; i <= OPERATIONS; i++) {
		operation(&even);
		if (i % (OPERATIONS / 10))
			continue;
		all_are_free(&even);
		new_stretch(&even);
		for (size_t run = 0; run < 3 * DEVICES; run++) {
			house_fire(&even.house, "u0");
			finish_all(&even);
			if (run == DEVICES)
				restart(&even);
		}
		assert_int_equal(even.able_count, DEVICES);
		assert_int_equal(even.length, 3 * DEVICES);
	}
	print_message("%zu choices, %zu times the same for long\n", even.choices, even.long_stretches);
	assert_true(even.long_stretches > STRETCHES / 4);
	core_house_clear(&even.house);
	staged_close(&even.staged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_happens_the_able_share_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
