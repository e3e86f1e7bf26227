/* Lengths of time as people write them, a whole number and its unit, and the words for yes and no. */
#include "schema/types.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest first, so that writing picks the greatest unit that divides. */
static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};

enum { UNITS = sizeof units / sizeof *units };

#define DURATION_MAX_MS (3650 * INT64_C(86400000))

int type_read_duration(const char *text, hst_duration *ret, hst_error *err)
{
	size_t digits = strspn(text, "0123456789");
	size_t unit = 0;
	long long count;

	while (unit < UNITS && strcmp(text + digits, units[unit].name) != 0)
		unit++;
	if (!digits || unit == UNITS)
		return hst_fail(err, HST_INVALID,
				"must be a duration such as 90s, 30m, 3h or 2d, got \"%.64s\"", text);
	/* Eighteen digits always fit, so strtoll needs no further look. */
	count = digits <= 18 ? strtoll(text, NULL, 10) : INT64_MAX;
	if (count > DURATION_MAX_MS / units[unit].ms)
		return hst_fail(err, HST_INVALID, "must be at most 3650d, got \"%.64s\"", text);
	ret->ms = count * units[unit].ms;
	return HST_OK;
}

void type_write_duration(hst_duration duration, char *to, size_t size)
{
	size_t unit = 0;

	while (unit < UNITS - 1 && duration.ms % units[unit].ms != 0)
		unit++;
	/* Every unit divides 0; seconds read best. */
	if (duration.ms == 0)
		unit = UNITS - 2;
	snprintf(to, size, "%lld%s", (long long)(duration.ms / units[unit].ms), units[unit].name);
}

const char *type_span(hst_arena *arena, int64_t ms)
{
	long long seconds = ms / 1000;

	if (ms < 0)
		return "-";
	if (seconds < 10)
		return arena_printf(arena, "%.2f s", (double)ms / 1000);
	if (seconds < 60)
		return arena_printf(arena, "%.1f s", (double)ms / 1000);
	if (seconds < 3600)
		return arena_printf(arena, "%lld min %lld s", seconds / 60, seconds % 60);
	if (seconds < 86400)
		return arena_printf(arena, "%lld h %lld min", seconds / 3600, seconds / 60 % 60);
	return arena_printf(arena, "%lld d %lld h", seconds / 86400, seconds / 3600 % 24);
}

bool type_read_boolean(const char *text, bool *ret)
{
	static const char *const words[][2] = {{"no", "yes"}, {"false", "true"}, {"off", "on"}};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		for (int truth = 0; truth < 2; truth++)
			if (strcmp(text, words[i][truth]) == 0) {
				*ret = truth;
				return true;
			}
	return false;
}
