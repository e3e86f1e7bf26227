#include "schedule_times.h"

#include <string.h>

enum {
	SECOND_US = 1000000,
	/*
	 * Zones are less than 15 h ahead of or behind UTC, and no zone has changed its clocks twice within three
	 * days since 1970: in a window of this size on either side of a moment there is at most one change.
	 */
	WINDOW_S = 26 * 3600,
};

/* What the clock on the wall shows. */
static int64_t local_at(const struct times *times, int64_t at_s)
{
	return at_s + times->ahead(times->zone, at_s);
}

/* The first moment in (low, high] at which the clock is `then` ahead, and not any more what it was at `low`. */
static int64_t change_between(const struct times *times, int64_t low, int64_t high, int64_t then)
{
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (times->ahead(times->zone, middle) == then)
			high = middle;
		else
			low = middle;
	}
	return high;
}

/* The latest that the clock on the wall has shown so far, which it may have gone back from. */
static int64_t shown_until(const struct times *times, int64_t at_s)
{
	int64_t before = times->ahead(times->zone, at_s - WINDOW_S), now = times->ahead(times->zone, at_s);
	int64_t shown = at_s + now;

	if (before > now) {
		int64_t last = change_between(times, at_s - WINDOW_S, at_s, now) - 1 + before;

		shown = last > shown ? last : shown;
	}
	return shown;
}

/* The first moment at which the clock on the wall shows `local` or has gone past it. */
static int64_t reached_at(const struct times *times, int64_t local)
{
	int64_t before = times->ahead(times->zone, local - WINDOW_S);
	int64_t after = times->ahead(times->zone, local + WINDOW_S), change;

	if (before == after)
		return local - before;
	change = change_between(times, local - WINDOW_S, local + WINDOW_S, after);
	if (local - before < change)
		return local - before;
	return local_at(times, change) >= local ? change : local - after;
}

/* Rounds down, also where the clock has not reached 1970. */
static int64_t whole(int64_t value, int64_t unit)
{
	return value >= 0 ? value / unit : -((-value + unit - 1) / unit);
}

bool times_after(const struct times *times, int64_t after_us, int64_t *ret_us)
{
	int64_t local;

	if (times->every_us) {
		*ret_us = (whole(after_us, times->every_us) + 1) * times->every_us;
		return true;
	}
	if (!cron_after(&times->cron, shown_until(times, whole(after_us, SECOND_US)), &local))
		return false;
	*ret_us = reached_at(times, local) * SECOND_US;
	return true;
}

static void drop(struct due *due, int64_t at_us)
{
	if (!due->dropped++)
		due->dropped_first_us = at_us;
	due->dropped_last_us = at_us;
}

/* A missed time that may be made up for takes the place of the oldest such one where there are enough. */
static void keep(struct due *due, int64_t at_us, size_t most)
{
	if (due->n == most) {
		drop(due, due->at_us[0]);
		memmove(due->at_us, due->at_us + 1, (most - 1) * sizeof due->at_us[0]);
		due->n--;
	}
	due->at_us[due->n++] = at_us;
	due->late = due->n;
}

void times_due(const struct times *times, int64_t after_us, int64_t now_us, enum missed policy, int64_t within_us,
	       struct due *ret)
{
	const size_t most = policy == MISSED_ALL ? MADE_UP_MAX : 1;
	int64_t at_us = after_us;

	memset(ret, 0, sizeof *ret);
	while (times_after(times, at_us, &at_us) && at_us <= now_us && ret->n < DUE_MAX) {
		int64_t late_us = now_us - at_us;

		if (late_us <= (int64_t)ON_TIME_S * SECOND_US) {
			if (policy == MISSED_LAST && ret->late) {
				drop(ret, ret->at_us[0]);
				ret->late = ret->n = 0;
			}
			ret->at_us[ret->n++] = at_us;
		} else if (policy != MISSED_NONE && late_us <= within_us) {
			keep(ret, at_us, most);
		} else {
			drop(ret, at_us);
		}
	}
}
