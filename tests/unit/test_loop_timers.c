#include "base/clock.h"
#include "loop_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Timers run on a clock that only the waiter moves: it passes the time it was asked to wait. */
static int64_t set_us;

static int64_t set_clock(void)
{
	return set_us;
}

static int wait_by_setting(struct loop_item *items, size_t n, int64_t timeout_ms)
{
	(void)items;
	(void)n;
	/* With nothing to wait for a test would hang here. */
	assert_true(timeout_ms >= 0);
	set_us += timeout_ms * 1000;
	return 0;
}

static int set_up_clock(void **state)
{
	static const struct clock_source source = {set_clock, set_clock};

	(void)state;
	set_us = 1000000;
	clock_replace(&source);
	return set_up(wait_by_setting);
}

static void timers_are_called_in_their_order(void **state)
{
	(void)state;
	loop_in(fixture.loop, 30, on_time, "c");
	loop_in(fixture.loop, 10, on_time, "a");
	loop_in(fixture.loop, 20, on_time, "b");
	loop_in(fixture.loop, 20, on_time, "B");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "a");
	assert_int_equal(set_us, 1010000);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "abB");
	loop_turn(fixture.loop, 5);
	assert_string_equal(trace, "abB");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "abBc");
	assert_int_equal(set_us, 1030000);
}

static void wait_is_rounded_up_to_the_timer(void **state)
{
	(void)state;
	loop_at(fixture.loop, set_us + 1, on_time, "a");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "a");
}

static void far_timer_is_waited_for_in_parts(void **state)
{
	(void)state;
	loop_in(fixture.loop, 3600 * 1000, on_time, "a");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "");
	assert_true(set_us <= 1000000 + 10 * 1000000);
	/* The machine was suspended: the clock has run on. */
	set_us += INT64_C(3600) * 1000000;
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "a");
}

static void cancelled_timer_is_not_called(void **state)
{
	struct loop_timer *timer = loop_in(fixture.loop, 1, on_time, "a");

	(void)state;
	loop_in(fixture.loop, 2, on_time, "b");
	loop_cancel(fixture.loop, &timer);
	assert_null(timer);
	loop_cancel(fixture.loop, &timer);
	loop_turn(fixture.loop, -1);
	loop_turn(fixture.loop, 5);
	assert_string_equal(trace, "b");
}

static void on_time_cancel(void *arg)
{
	on_time(arg);
	loop_cancel(fixture.loop, &fixture.timer);
}

static void timer_may_cancel_itself_or_another(void **state)
{
	(void)state;
	fixture.timer = loop_in(fixture.loop, 1, on_time_cancel, "a");
	loop_turn(fixture.loop, -1);
	assert_null(fixture.timer);
	loop_in(fixture.loop, 1, on_time_cancel, "b");
	fixture.timer = loop_in(fixture.loop, 1, on_time, "c");
	loop_turn(fixture.loop, -1);
	loop_turn(fixture.loop, 5);
	assert_string_equal(trace, "ab");
}

static void on_time_again(void *arg)
{
	on_time(arg);
	loop_at(fixture.loop, 0, on_time_again, arg);
}

static void timer_made_again_and_again_keeps_nobody_waiting(void **state)
{
	(void)state;
	loop_in(fixture.loop, 1, on_time_again, "a");
	loop_turn(fixture.loop, -1);
	loop_in(fixture.loop, 0, on_time, "b");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "aab");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "aaba");
}

static void endless_time_is_no_time(void **state)
{
	(void)state;
	loop_in(fixture.loop, INT64_MAX, on_time, "a");
	loop_at(fixture.loop, INT64_MAX, on_time, "b");
	loop_turn(fixture.loop, 100);
	assert_string_equal(trace, "");
	loop_at(fixture.loop, INT64_MIN, on_time, "c");
	loop_in(fixture.loop, INT64_MIN, on_time, "d");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "cd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(set_up_clock, timers_are_called_in_their_order),
		WITH(set_up_clock, wait_is_rounded_up_to_the_timer),
		WITH(set_up_clock, far_timer_is_waited_for_in_parts),
		WITH(set_up_clock, cancelled_timer_is_not_called),
		WITH(set_up_clock, timer_may_cancel_itself_or_another),
		WITH(set_up_clock, timer_made_again_and_again_keeps_nobody_waiting),
		WITH(set_up_clock, endless_time_is_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
