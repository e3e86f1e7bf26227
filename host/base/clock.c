#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t clock_read(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_wall_us(void)
{
	return clock_read(CLOCK_REALTIME);
}

static int64_t system_steady_us(void)
{
	return clock_read(CLOCK_BOOTTIME);
}

static const struct clock_source system_clocks = {system_wall_us, system_steady_us};
static const struct clock_source *clocks = &system_clocks;

int64_t clock_wall_us(void)
{
	return clocks->wall_us();
}

int64_t clock_steady_us(void)
{
	return clocks->steady_us();
}

void clock_replace(const struct clock_source *source)
{
	clocks = source ? source : &system_clocks;
}

void clock_iso(int64_t wall_us, char *to, unsigned long size)
{
	/* Rounded down, so that times before 1970 have a fraction that counts forward too. */
	int64_t seconds = wall_us / 1000000 - (wall_us % 1000000 < 0);
	int64_t fraction = wall_us % 1000000 + (wall_us % 1000000 < 0 ? 1000000 : 0);
	time_t when = (time_t)seconds;
	struct tm utc;
	char day[40];

	gmtime_r(&when, &utc);
	if (!strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc))
		day[0] = '\0';
	snprintf(to, size, "%s.%06dZ", day, (int)fraction);
}
