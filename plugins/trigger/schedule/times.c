#include "times.h"

#include "calendar.h"

enum {
	OFF_DAYS_MAX = 36525, /* a hundred years of them in a row */
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

int64_t times_shown(const struct times *times, int64_t local)
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

/* Whatever the end and days off are. */
static bool due_after(const struct times *times, int64_t after_us, int64_t *ret_us)
{
	int64_t local;

	if (times->start_us && after_us < times->start_us)
		after_us = times->start_us - 1;
	if (times->every_us) {
		*ret_us = times->start_us + (whole(after_us - times->start_us, times->every_us) + 1) * times->every_us;
		return true;
	}
	if (!cron_after(&times->cron, shown_until(times, whole(after_us, SECOND_US)), &local))
		return false;
	*ret_us = times_shown(times, local) * SECOND_US;
	return true;
}

/* The finalizer of splitmix64: each bit of what comes out depends on each of what goes in. */
static uint64_t mixed(uint64_t bits)
{
	bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
	return bits ^ bits >> 31;
}

/* Whole seconds, as people read them. */
static int64_t delay_us(const struct times *times, int64_t due_us)
{
	int64_t most_us = times->jitter_us, next_us;

	if (due_after(times, due_us, &next_us) && next_us - due_us < most_us)
		most_us = next_us - due_us;
	if (most_us < SECOND_US)
		return 0;
	return (int64_t)(mixed(times->salt ^ mixed((uint64_t)due_us)) % (uint64_t)(most_us / SECOND_US)) * SECOND_US;
}

static int64_t day_of(const struct times *times, int64_t at_us)
{
	return whole(local_at(times, whole(at_us, SECOND_US)), DAY_S);
}

bool times_slot(const struct times *times, int64_t after_us, struct slot *ret)
{
	struct slot slot;

	if (!due_after(times, after_us, &slot.due_us) || (times->end_us && slot.due_us > times->end_us))
		return false;
	slot.off = times->off && days_has(times->off, day_of(times, slot.due_us));
	slot.at_us = slot.due_us + (times->jitter_us && !slot.off ? delay_us(times, slot.due_us) : 0);
	*ret = slot;
	return true;
}

int64_t times_day_end(const struct times *times, int64_t at_us)
{
	int64_t end_us = times_shown(times, (day_of(times, at_us) + 1) * DAY_S) * SECOND_US;

	/* Clocks that go back over midnight show the evening again, whose end has been already. */
	return end_us > at_us ? end_us : at_us + 1;
}

bool times_last(const struct times *times, int64_t after_us, int64_t until_us, int64_t *ret_us)
{
	int64_t low = after_us, high = until_us, last, due_us;

	if (!due_after(times, low, &last) || last > until_us)
		return false;
	/* `last` is the first after `low`; the first after `high` is after `until_us`. */
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (due_after(times, middle, &due_us) && due_us <= until_us) {
			last = due_us;
			low = middle;
		} else {
			high = middle;
		}
	}
	*ret_us = last;
	return true;
}

bool times_after(const struct times *times, int64_t after_us, struct slot *ret)
{
	int64_t from_us = after_us, last_us, days = 0;

	/* One that is due already may be yet to fire. */
	if (times->jitter_us && times_last(times, after_us - times->jitter_us, after_us, &last_us))
		from_us = last_us - 1;
	while (times_slot(times, from_us, ret)) {
		from_us = ret->due_us;
		if (!ret->off && ret->at_us > after_us)
			return true;
		if (ret->off && ++days > OFF_DAYS_MAX)
			return false;
		if (ret->off)
			from_us = times_day_end(times, ret->due_us) - 1;
	}
	return false;
}
