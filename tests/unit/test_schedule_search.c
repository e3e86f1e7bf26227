/*
 * The times of cron expressions against an obviously right search, which looks at the clock of the zone minute by minute;
 * the expressions, zones and moments are random, half of the moments close to a change of the clocks.
 */
#include "../../plugins/trigger/schedule/times.h"
#include "../../plugins/trigger/schedule/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MINUTE = 60, DAY = 86400, SEARCH_DAYS = 40, CASES = 8 };

/*
 * Those that leave out a day (Apia, Kwajalein, Kiritimati), change by half an hour or two (Lord_Howe, Troll), at midnight
 * (Sao_Paulo, Beirut, Havana), for a month (Casablanca) or by another calendar (Gaza, Cairo), and those that most people have.
 */
static const char *const zones[] = {
	"Europe/Berlin",   "America/New_York",  "Australia/Lord_Howe", "Pacific/Apia",      "UTC",
	"Africa/Cairo",	   "Africa/Casablanca", "America/Havana",      "America/Sao_Paulo", "America/St_Johns",
	"Antarctica/Troll", "Asia/Beirut",	"Asia/Gaza",	       "Asia/Kathmandu",    "Pacific/Chatham",
	"Pacific/Kiritimati", "Pacific/Kwajalein"};

static uint64_t seed;

static int64_t draw(int64_t below)
{
	/* xorshift64: good enough to pick cases, and the same everywhere. */
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int64_t)(seed % (uint64_t)below);
}

/* An expression as text, and the same as plain lists of yes and no for the slow search. */
struct expression {
	char text[400];
	bool fits[5][61];
	bool star[5];
};

static const struct {
	int64_t min, max;
} bounds[5] = {{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}};

static void add_item(struct expression *expression, int field)
{
	int64_t min = bounds[field].min, span = bounds[field].max - min + 1;
	int64_t first = min + draw(span), last = first + draw(min + span - first), step = 1 + draw(span > 7 ? 7 : span - 1);
	char *end = expression->text + strlen(expression->text);
	size_t room = sizeof expression->text - strlen(expression->text);

	switch (draw(4)) {
	case 0:
		last = first;
		step = 1;
		snprintf(end, room, "%lld", (long long)first);
		break;
	case 1:
		step = 1;
		snprintf(end, room, "%lld-%lld", (long long)first, (long long)last);
		break;
	case 2:
		snprintf(end, room, "%lld-%lld/%lld", (long long)first, (long long)last, (long long)step);
		break;
	default:
		first = min;
		last = bounds[field].max;
		snprintf(end, room, "*/%lld", (long long)step);
	}
	for (int64_t value = first; value <= last; value += step)
		expression->fits[field][value] = true;
}

/* `daily`: every day will do, so that many times come close to a moment. */
static void make_expression(struct expression *expression, bool daily)
{
	memset(expression, 0, sizeof *expression);
	for (int field = 0; field < 5; field++) {
		/* Minutes are mostly given, dates mostly free, so that something happens within days. */
		bool free_field = (daily && field >= 2) || draw(4) < (field < 2 ? 1 : 3);
		char *start;

		if (field)
			strcat(expression->text, " ");
		start = expression->text + strlen(expression->text);
		if (free_field) {
			strcat(expression->text, "*");
			for (int64_t value = bounds[field].min; value <= bounds[field].max; value++)
				expression->fits[field][value] = true;
		} else {
			for (int64_t n = 1 + draw(3); n > 0; n--) {
				add_item(expression, field);
				if (n > 1)
					strcat(expression->text, ",");
			}
		}
		expression->star[field] = *start == '*';
	}
	if (expression->fits[4][7])
		expression->fits[4][0] = true;
}

/* What the clock shows at a number of minutes that is counted as if it were UTC. */
static bool fits(const struct expression *expression, int64_t local)
{
	time_t at = (time_t)local;
	struct tm parts;
	bool day, weekday;

	gmtime_r(&at, &parts);
	day = expression->fits[2][parts.tm_mday];
	weekday = expression->fits[4][parts.tm_wday];
	return expression->fits[0][parts.tm_min] && expression->fits[1][parts.tm_hour] &&
	       expression->fits[3][parts.tm_mon + 1] &&
	       (expression->star[2] || expression->star[4] ? day && weekday : day || weekday);
}

static int64_t shown(int64_t at)
{
	return at + zone_ahead(NULL, at);
}

/*
 * Minute by minute: whenever the clock shows more than it ever has, what it has come to or jumped over is looked
 * at. `after` and the answer are whole minutes; -1: nothing within the days searched.
 */
static int64_t slow_search(const struct expression *expression, int64_t after)
{
	int64_t highest = 0;

	for (int64_t at = after - DAY - 2 * 3600; at <= after + SEARCH_DAYS * DAY; at += MINUTE) {
		int64_t now = shown(at);

		for (int64_t local = highest + MINUTE; highest && at > after && local <= now; local += MINUTE)
			if (fits(expression, local))
				return at;
		if (now > highest)
			highest = now;
	}
	return -1;
}

static void check_case(const char *zone, const struct expression *expression, int64_t after, int steps)
{
	struct times times = {.ahead = zone_ahead};
	hst_error err = {0};

	if (cron_parse(expression->text, &times.cron, &err) != HST_OK) {
		/* The reader knows a day that never comes without a search. */
		assert_non_null(strstr(err.text, "never comes"));
		assert_int_equal(slow_search(expression, after), -1);
		return;
	}
	for (int step = 0; step < steps; step++) {
		int64_t want = slow_search(expression, after), got;
		struct slot slot;

		assert_true(times_after(&times, after * SECOND_US, &slot));
		assert_int_equal(slot.at_us, slot.due_us);
		got = slot.at_us;
		if (want >= 0 ? got != want * SECOND_US : got <= (after + SEARCH_DAYS * DAY) * SECOND_US)
			fail_msg("%s in %s after %lld: got %lld, wanted %lld", expression->text, zone, (long long)after,
				 (long long)(got / SECOND_US), (long long)want);
		if (want < 0)
			return;
		after = want;
	}
}

/* A moment about a change of the clocks, or any where the zone has none. */
static int64_t near_change(int64_t from)
{
	for (int64_t at = from; at < from + 400 * DAY; at += DAY)
		if (zone_ahead(NULL, at) != zone_ahead(NULL, at + DAY))
			return at + DAY - draw(DAY / MINUTE) * MINUTE;
	return from;
}

static void every_found_time_is_that_of_the_slow_search(void **unused)
{
	/* 1975 to 2105; the day that Apia left out is in it, and looked at each time. */
	const int64_t first = 157766400, span_days = 47482, apia = 1325066400;

	(void)unused;
	for (size_t z = 0; z < sizeof zones / sizeof zones[0]; z++) {
		zone_use(zones[z]);
		for (int i = 0; i < CASES; i++) {
			struct expression expression;
			int64_t after = first + draw(span_days) * DAY + draw(DAY / MINUTE) * MINUTE;

			make_expression(&expression, i % 2);
			if (i % 2)
				after = near_change(after / DAY * DAY);
			if (strcmp(zones[z], "Pacific/Apia") == 0 && i % 4 == 0)
				after = apia + draw(3 * DAY / MINUTE) * MINUTE;
			check_case(zones[z], &expression, after, i % 2 ? 24 : 3);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_found_time_is_that_of_the_slow_search)};
	const char *given = getenv("HOSTLER_TEST_SEED");

	seed = given ? strtoull(given, NULL, 10) : 20261122;
	print_message("HOSTLER_TEST_SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
