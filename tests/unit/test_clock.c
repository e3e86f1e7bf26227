#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static int64_t set_wall(void)
{
	return 42;
}

static int64_t set_steady(void)
{
	return 43;
}

static void clocks_are_the_systems(void **state)
{
	struct timespec before, after;
	int64_t steady, wall;

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &before);
	steady = clock_steady_us();
	clock_gettime(CLOCK_BOOTTIME, &after);
	assert_true(steady >= before.tv_sec * 1000000 + before.tv_nsec / 1000);
	assert_true(steady <= after.tv_sec * 1000000 + after.tv_nsec / 1000);
	wall = clock_wall_us() / 1000000;
	assert_true(wall >= time(NULL) - 2 && wall <= time(NULL) + 2);
}

static void clocks_can_be_set_and_put_back(void **state)
{
	static const struct clock_source set = {set_wall, set_steady};

	(void)state;
	clock_replace(&set);
	assert_int_equal(clock_wall_us(), 42);
	assert_int_equal(clock_steady_us(), 43);
	clock_replace(NULL);
	assert_true(clock_wall_us() > 1000000);
}

static void times_are_written_in_utc(void **state)
{
	static const struct {
		int64_t us;
		const char *iso;
	} times[] = {
		{0, "1970-01-01T00:00:00.000000Z"},
		{1795303912123456, "2026-11-21T23:31:52.123456Z"},
		{951782400000001, "2000-02-29T00:00:00.000001Z"},
		{-1, "1969-12-31T23:59:59.999999Z"},
		{-1000000, "1969-12-31T23:59:59.000000Z"},
	};
	char iso[28];

	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		clock_iso(times[i].us, iso, sizeof iso);
		assert_string_equal(iso, times[i].iso);
	}
}

static void absurd_times_stay_within_the_buffer(void **state)
{
	char iso[28];

	(void)state;
	clock_iso(INT64_MAX, iso, sizeof iso);
	assert_true(strlen(iso) < sizeof iso);
	clock_iso(INT64_MIN, iso, sizeof iso);
	assert_true(strlen(iso) < sizeof iso);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_are_the_systems),
		cmocka_unit_test(clocks_can_be_set_and_put_back),
		cmocka_unit_test(times_are_written_in_utc),
		cmocka_unit_test(absurd_times_stay_within_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
