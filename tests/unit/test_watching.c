/* When a trigger is woken by the clock: at its time, and soon when the clock was set back. */
#include "base/clock.h"
#include "loop/loop.h"
#include "odd_plugin.h"
#include "worker/watching.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static int64_t wall_us, steady_us;
static struct services services;
static struct watching watching;

static int64_t set_wall(void)
{
	return wall_us;
}

static int64_t set_steady(void)
{
	return steady_us;
}

/* Waiting is what moves the clocks. */
static int wait_by_setting(struct loop_item *items, size_t n, int64_t timeout_ms)
{
	(void)items, (void)n;
	assert_true(timeout_ms >= 0);
	wall_us += timeout_ms * 1000;
	steady_us += timeout_ms * 1000;
	return 0;
}

static int begin(void **unused)
{
	static const struct clock_source source = {set_wall, set_steady};
	hst_error err = {0};

	wall_us = 1795303912123456;
	steady_us = 5000000;
	clock_replace(&source);
	if (odd_begin(unused) != 0 || odd_open(HST_TRIGGER, &odd_trigger, &err) != HST_OK)
		fail_msg("%s", err.text);
	services_init(&services, odd->plugin, "odd-one", odd_call.arena);
	watching_init(&watching, loop_new(wait_by_setting), &services, odd);
	return 0;
}

static int end(void **unused)
{
	watching_end(&watching);
	loop_free(watching.loop);
	services_clear(&services);
	clock_replace(NULL);
	return odd_end(unused);
}

/* Turns until it is due; the minutes that passed. */
static int64_t minutes_until_due(void)
{
	int64_t from_us = steady_us;

	while (!watching.due && steady_us - from_us < 600 * 60000000LL)
		loop_turn(watching.loop, -1);
	assert_true(watching.due);
	return (steady_us - from_us) / 60000000;
}

static void it_is_woken_at_its_time(void **unused)
{
	(void)unused;
	next.watch = (hst_watch){.fd = -1, .at.us = wall_us + 90 * 60000000LL};
	watching_ask(&watching);
	assert_int_equal(minutes_until_due(), 90);
	assert_int_equal(wall_us, next.watch.at.us);
}

static void a_clock_that_was_set_forward_is_noticed(void **unused)
{
	(void)unused;
	next.watch = (hst_watch){.fd = -1, .at.us = wall_us + 90 * 60000000LL};
	watching_ask(&watching);
	wall_us += 80 * 60000000LL;
	assert_int_equal(minutes_until_due(), 10);
}

/* Otherwise it would sleep for as long as the clock was wrong. */
static void a_clock_that_was_set_back_wakes_it_within_a_minute(void **unused)
{
	(void)unused;
	next.watch = (hst_watch){.fd = -1, .at.us = wall_us + 90 * 60000000LL};
	watching_ask(&watching);
	loop_turn(watching.loop, -1);
	assert_false(watching.due);
	wall_us -= 365 * 86400000000LL;
	assert_true(minutes_until_due() <= 1);
	/* It is asked anew, and what it says counts. */
	next.watch.at.us = wall_us + 5 * 60000000LL;
	assert_true(watching_work(&watching));
	assert_int_equal(minutes_until_due(), 5);
}

/* What the host is told then is told by the worker's own test. */
static void since_when_it_fails_is_known_until_it_goes_well_again(void **unused)
{
	int64_t since_us;

	(void)unused;
	next.watch = (hst_watch){.fd = -1, .at.us = wall_us};
	watching_ask(&watching);
	assert_int_equal(watching.failing_us, 0);
	next.code = HST_RETRY;
	loop_turn(watching.loop, -1);
	assert_true(watching_work(&watching));
	since_us = watching.failing_us;
	assert_true(since_us > 0);
	minutes_until_due();
	assert_true(watching_work(&watching));
	assert_int_equal(watching.failing_us, since_us);
	next.code = HST_OK;
	minutes_until_due();
	assert_true(watching_work(&watching));
	assert_int_equal(watching.failing_us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_woken_at_its_time, begin, end),
		cmocka_unit_test_setup_teardown(a_clock_that_was_set_forward_is_noticed, begin, end),
		cmocka_unit_test_setup_teardown(a_clock_that_was_set_back_wakes_it_within_a_minute, begin, end),
		cmocka_unit_test_setup_teardown(since_when_it_fails_is_known_until_it_goes_well_again, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
