/*
 * What becomes of slots that have come: what is made up for, what is told of the rest; and that each of them is dealt with
 * once, however often and late somebody looks.
 */
#include "../../plugins/trigger/schedule/due.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const int64_t hour = 3600 * (int64_t)SECOND_US, now = 500000 * 3600 * (int64_t)SECOND_US + 5 * SECOND_US;
static uint64_t seed;

static int64_t draw(int64_t below)
{
	/* xorshift64: good enough to pick cases, and the same everywhere. */
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int64_t)(seed % (uint64_t)below);
}

/* As in a zone whose clocks go forward and back every ten days. */
static int64_t ahead(void *unused, int64_t at_s)
{
	(void)unused;
	return at_s / 864000 % 2 ? 7200 : 3600;
}

static struct due due_of(const struct times *times, int64_t after_us, int64_t now_us, enum missed missed, int64_t within_us)
{
	static struct due due;

	times_due(times, after_us, now_us, &(struct missed_policy){missed, within_us, 100}, &due);
	return due;
}

static void what_is_on_time_was_not_missed(void **unused)
{
	struct times times = {.every_us = hour, .ahead = ahead};
	struct due due = due_of(&times, now - hour, now, MISSED_NONE, 0);

	(void)unused;
	assert_int_equal(due.n, 1);
	assert_int_equal(due.late, 0);
	assert_int_equal(due.missed.n, 0);
	assert_int_equal(due.slots[0].at_us, 500000 * hour);
	assert_int_equal(due.reached_us, 500000 * hour);
}

static void what_is_missed_is_made_up_for_as_said(void **unused)
{
	struct times times = {.every_us = hour, .ahead = ahead};
	struct due due = due_of(&times, now - 3 * hour, now + hour / 6, MISSED_NONE, 7 * hour);

	(void)unused;
	assert_int_equal(due.n, 0);
	assert_int_equal(due.missed.n, 3);
	assert_int_equal(due.missed.first_us, 499998 * hour);
	assert_int_equal(due.missed.last_us, 500000 * hour);
	due = due_of(&times, now - 3 * hour, now + hour / 6, MISSED_LAST, hour);
	assert_int_equal(due.n, 1);
	assert_int_equal(due.late, 1);
	assert_int_equal(due.slots[0].due_us, 500000 * hour);
	assert_int_equal(due.missed.n, 2);
	assert_int_equal(due.missed.last_us, 499999 * hour);
	due = due_of(&times, now - 3 * hour, now + hour / 6, MISSED_ALL, 90 * hour / 60);
	assert_int_equal(due.n, 2);
	assert_int_equal(due.late, 2);
	assert_int_equal(due.slots[0].due_us, 499999 * hour);
	assert_int_equal(due.missed.n, 1);
	/* Too old is too old. */
	due = due_of(&times, now - 3 * hour, now + hour / 6, MISSED_LAST, hour / 7);
	assert_int_equal(due.n, 0);
	assert_int_equal(due.missed.n, 3);
	/* What is due now stands for the last one, too. */
	due = due_of(&times, now - 3 * hour, now, MISSED_LAST, 7 * hour);
	assert_int_equal(due.n, 1);
	assert_int_equal(due.late, 0);
	assert_int_equal(due.slots[0].due_us, 500000 * hour);
	assert_int_equal(due.missed.n, 2);
	/* All, with one on time behind them. */
	due = due_of(&times, now - 3 * hour, now, MISSED_ALL, 7 * hour);
	assert_int_equal(due.n, 3);
	assert_int_equal(due.late, 2);
}

static void the_most_that_can_be_due_has_room(void **unused)
{
	struct times times = {.every_us = SECOND_US, .ahead = ahead};
	const struct missed_policy policy = {MISSED_ALL, 5000 * (int64_t)SECOND_US, MADE_UP_MAX};
	static struct due due;

	(void)unused;
	times_due(&times, now - 5000 * (int64_t)SECOND_US, now, &policy, &due);
	assert_int_equal(due.n, DUE_MAX);
	assert_int_equal(due.late, MADE_UP_MAX);
	assert_int_equal(due.missed.n, 5000 - DUE_MAX);
	assert_int_equal(due.missed.first_us, now - 4999 * (int64_t)SECOND_US);
	for (size_t i = 0; i < due.n; i++)
		assert_int_equal(due.slots[i].at_us, now - (int64_t)(due.n - 1 - i) * SECOND_US);
	assert_int_equal(due.missed.last_us, due.slots[0].at_us - SECOND_US);
}

/* Ten years of seconds and of minutes: nobody waits until all of them are counted. */
static void years_are_leapt_over(void **unused)
{
	struct times times = {.every_us = SECOND_US, .ahead = ahead};
	struct due due = due_of(&times, now - 87660 * hour, now, MISSED_LAST, hour);

	(void)unused;
	assert_int_equal(due.n, 61);
	assert_true(due.missed.more);
	assert_int_equal(due.missed.first_us, now - 87660 * hour + SECOND_US);
	assert_int_equal(due.missed.last_us, now - 61 * (int64_t)SECOND_US);
	assert_int_equal(due.reached_us, now);
	times.every_us = 0;
	assert_int_equal(cron_parse("* * * * *", &times.cron, NULL), HST_OK);
	due = due_of(&times, now - 87660 * hour, now + 30 * (int64_t)SECOND_US, MISSED_LAST, hour);
	assert_int_equal(due.n, 1);
	assert_true(due.missed.more);
	assert_int_equal(due.reached_us, 500000 * hour);
}

static void a_day_off_is_told_of_when_it_has_passed(void **unused)
{
	static struct days_off off;
	struct times times = {.every_us = hour, .ahead = ahead, .off = &off};
	int64_t number = (now / SECOND_US + ahead(NULL, now / SECOND_US)) / 86400, end_us = times_day_end(&times, now);
	struct due due;

	(void)unused;
	off.n = 1;
	off.spans[0] = (struct days_span){number, number};
	assert_int_equal(times_wake(&times, now), end_us);
	due = due_of(&times, end_us - 25 * hour, end_us, MISSED_LAST, hour);
	/* The hour before the day, the day, and midnight behind it. */
	assert_int_equal(due.n, 1);
	assert_int_equal(due.slots[0].due_us, end_us);
	assert_int_equal(due.off.n, 24);
	assert_int_equal(due.off.last_us, end_us - hour);
	assert_int_equal(due.missed.n, 0);
}

static struct times some_times(const struct days_off *off)
{
	static const char *const crons[] = {"*/7 * * * *", "0 * * * *", "30 2 * * *", "*/20 2-4 * * *", "5,6,7 */3 */2 * *"};
	struct times times = {.ahead = ahead, .salt = (uint64_t)draw(1000), .off = draw(2) ? off : NULL};

	if (draw(3))
		assert_int_equal(cron_parse(crons[draw(5)], &times.cron, NULL), HST_OK);
	else
		times.every_us = (1 + draw(5000)) * SECOND_US;
	if (draw(2))
		times.jitter_us = draw(7200) * SECOND_US;
	if (draw(3) == 0)
		times.start_us = now + draw(48) * hour;
	if (draw(3) == 0)
		times.end_us = now + (48 + draw(480)) * hour;
	return times;
}

/* Whoever looks at a slot for the first time takes it; nobody takes it again, nobody leaves one. */
static void every_slot_is_dealt_with_once_however_often_somebody_looks(void **unused)
{
	static struct days_off off;
	static struct due due;

	(void)unused;
	off.n = 1;
	off.spans[0] = (struct days_span){now / SECOND_US / 86400 + 3, now / SECOND_US / 86400 + 5};
	for (int round = 0; round < 200; round++) {
		struct times times = some_times(&off);
		struct missed_policy policy = {(enum missed)draw(3), draw(8) * hour, 1 + draw(20)};
		int64_t reached_us = now, at_us = now, dealt = 0, slots = 0, fired_us = now;
		struct slot slot = {.due_us = now};

		while (at_us < now + 300 * hour) {
			int64_t wake_us = times_wake(&times, reached_us);

			if (!wake_us)
				break;
			/* Nearly always at once, else a while later. */
			at_us = wake_us + (draw(4) ? 0 : draw(2 * 3600) * SECOND_US);
			times_due(&times, reached_us, at_us, &policy, &due);
			assert_true(due.reached_us > reached_us);
			for (size_t i = 0; i < due.n; i++) {
				assert_true(due.slots[i].at_us > fired_us && due.slots[i].at_us <= at_us);
				fired_us = due.slots[i].at_us;
			}
			dealt += (int64_t)due.n + due.missed.n + due.off.n;
			assert_false(due.missed.more);
			reached_us = due.reached_us;
		}
		while (times_slot(&times, slot.due_us, &slot) && slot.due_us <= reached_us)
			slots++;
		assert_int_equal(dealt, slots);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_on_time_was_not_missed),
		cmocka_unit_test(what_is_missed_is_made_up_for_as_said),
		cmocka_unit_test(the_most_that_can_be_due_has_room),
		cmocka_unit_test(years_are_leapt_over),
		cmocka_unit_test(a_day_off_is_told_of_when_it_has_passed),
		cmocka_unit_test(every_slot_is_dealt_with_once_however_often_somebody_looks),
	};
	const char *given = getenv("HOSTLER_TEST_SEED");

	seed = given ? strtoull(given, NULL, 10) : 20261122;
	print_message("HOSTLER_TEST_SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
