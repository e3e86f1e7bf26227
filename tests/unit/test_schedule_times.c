/*
 * When a schedule fires. The found times are held against an obviously right search, which looks at the clock
 * of the zone minute by minute; the expressions, zones and moments are random, half of the moments close to a
 * change of the clocks.
 */
#include "../../plugins/trigger/schedule_times.h"
#include "../../plugins/trigger/schedule_zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MINUTE = 60, DAY = 86400, SECOND_US = 1000000, SEARCH_DAYS = 40, CASES = 40 };

static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"};

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

static struct times by_cron(const char *text)
{
	struct times times = {.ahead = zone_ahead};
	hst_error err = {0};

	if (cron_parse(text, &times.cron, &err) != HST_OK)
		fail_msg("%s: %s", text, err.text);
	return times;
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
		int64_t want = slow_search(expression, after), got = 0;

		assert_true(times_after(&times, after * SECOND_US, &got));
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
	/* 1990 to 2040; the day that Apia left out is in it, and looked at each time. */
	const int64_t first = 631152000, span_days = 18262, apia = 1325066400;

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

/* `want` are the times that come one after the other, as the clock of the zone shows them. */
static void check_times(const char *zone, const char *cron, const char *after, const char *const *want)
{
	struct times times = by_cron(cron);
	int64_t at_us;
	struct tm parts = {0};

	zone_use(zone);
	assert_non_null(strptime(after, "%Y-%m-%dT%H:%M:%SZ", &parts));
	at_us = (int64_t)timegm(&parts) * SECOND_US;
	for (size_t i = 0; want[i]; i++) {
		char got[40];

		assert_true(times_after(&times, at_us, &at_us));
		zone_write(at_us / SECOND_US, got, sizeof got);
		assert_string_equal(got, want[i]);
	}
}

#define WANT(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_time_in_the_gap_comes_once_at_its_end(void **unused)
{
	(void)unused;
	check_times("Europe/Berlin", "30 2 * * *", "2026-03-28T00:00:00Z",
		    WANT("2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"));
	check_times("Europe/Berlin", "*/20 2,3 * * *", "2026-03-29T00:00:00Z",
		    WANT("2026-03-29T03:00:00+02:00", "2026-03-29T03:20:00+02:00", "2026-03-29T03:40:00+02:00"));
	check_times("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z",
		    WANT("2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"));
	/* The whole of 30 December 2011 is left out. */
	check_times("Pacific/Apia", "0 9 * * *", "2011-12-29T12:00:00Z",
		    WANT("2011-12-29T09:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T09:00:00+14:00"));
}

static void a_time_in_the_doubled_hour_comes_once(void **unused)
{
	(void)unused;
	check_times("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z",
		    WANT("2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"));
	check_times("America/New_York", "*/30 1-2 * * *", "2026-11-01T05:00:00Z",
		    WANT("2026-11-01T01:30:00-04:00", "2026-11-01T02:00:00-05:00", "2026-11-01T02:30:00-05:00"));
	/* Asked in the middle of the second of the two hours. */
	check_times("Europe/Berlin", "40 2 * * *", "2026-10-25T01:10:00Z", WANT("2026-10-26T02:40:00+01:00"));
	check_times("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T14:00:00Z",
		    WANT("2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"));
}

static void every_counts_from_1970(void **unused)
{
	struct times times = {.every_us = 900 * (int64_t)SECOND_US};
	int64_t at_us = 0;

	(void)unused;
	assert_true(times_after(&times, 1795303912123456, &at_us));
	assert_int_equal(at_us, 1795304700000000);
	assert_true(times_after(&times, at_us, &at_us));
	assert_int_equal(at_us, 1795305600000000);
	assert_true(times_after(&times, at_us - 1, &at_us));
	assert_int_equal(at_us, 1795305600000000);
}

static void what_is_missed_is_made_up_for_as_said(void **unused)
{
	const int64_t hour = 3600 * (int64_t)SECOND_US, now = 500000 * hour + 5 * SECOND_US;
	struct times times = {.every_us = hour};
	struct due due;

	(void)unused;
	/* On time: nothing was missed, whatever the policy. */
	times_due(&times, now - hour, now, MISSED_NONE, 0, &due);
	assert_int_equal(due.n, 1);
	assert_int_equal(due.late, 0);
	assert_int_equal(due.dropped, 0);
	assert_int_equal(due.at_us[0], 500000 * hour);
	/* Ten minutes later three have passed, the last of them within the hour. */
	times_due(&times, now - 3 * hour, now + hour / 6, MISSED_NONE, 7 * hour, &due);
	assert_int_equal(due.n, 0);
	assert_int_equal(due.dropped, 3);
	assert_int_equal(due.dropped_first_us, 499998 * hour);
	assert_int_equal(due.dropped_last_us, 500000 * hour);
	times_due(&times, now - 3 * hour, now + hour / 6, MISSED_LAST, hour, &due);
	assert_int_equal(due.n, 1);
	assert_int_equal(due.late, 1);
	assert_int_equal(due.at_us[0], 500000 * hour);
	assert_int_equal(due.dropped, 2);
	assert_int_equal(due.dropped_last_us, 499999 * hour);
	times_due(&times, now - 3 * hour, now + hour / 6, MISSED_ALL, 90 * hour / 60, &due);
	assert_int_equal(due.n, 2);
	assert_int_equal(due.late, 2);
	assert_int_equal(due.at_us[0], 499999 * hour);
	assert_int_equal(due.dropped, 1);
	/* Too old is too old. */
	times_due(&times, now - 3 * hour, now + hour / 6, MISSED_LAST, hour / 7, &due);
	assert_int_equal(due.n, 0);
	assert_int_equal(due.dropped, 3);
	/* What is due now stands for the last one, too. */
	times_due(&times, now - 3 * hour, now, MISSED_LAST, 7 * hour, &due);
	assert_int_equal(due.n, 1);
	assert_int_equal(due.late, 0);
	assert_int_equal(due.at_us[0], 500000 * hour);
	assert_int_equal(due.dropped, 2);
	/* All, with one on time behind them. */
	times_due(&times, now - 3 * hour, now, MISSED_ALL, 7 * hour, &due);
	assert_int_equal(due.n, 3);
	assert_int_equal(due.late, 2);
}

static void the_most_that_can_be_due_has_room(void **unused)
{
	struct times times = {.every_us = SECOND_US};
	const int64_t now = 1795303912 * (int64_t)SECOND_US;
	struct due due;

	(void)unused;
	times_due(&times, now - 5000 * (int64_t)SECOND_US, now, MISSED_ALL, 5000 * (int64_t)SECOND_US, &due);
	assert_int_equal(due.n, DUE_MAX);
	assert_int_equal(due.late, MADE_UP_MAX);
	assert_int_equal(due.dropped, 5000 - DUE_MAX);
	assert_int_equal(due.dropped_first_us, now - 4999 * (int64_t)SECOND_US);
	for (size_t i = 0; i < due.n; i++)
		assert_int_equal(due.at_us[i], now - (int64_t)(due.n - 1 - i) * SECOND_US);
	assert_int_equal(due.dropped_last_us, due.at_us[0] - SECOND_US);
}

static void zones_that_are_none_are_refused(void **unused)
{
	static const char *const bad[] = {"", "Europe/Berlinn", "Europe", "/etc/localtime", "../../etc/passwd", "right/UTC",
					  "tzdata.zi", "Europe/Berlin ", "CET-1CEST"};

	(void)unused;
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
		assert_int_equal(zone_check(zones[i], NULL), HST_OK);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		hst_error err = {0};

		assert_int_equal(zone_check(bad[i], &err), HST_INVALID);
		assert_non_null(strstr(err.text, "\"zone\": there is no zone"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_found_time_is_that_of_the_slow_search),
		cmocka_unit_test(a_time_in_the_gap_comes_once_at_its_end),
		cmocka_unit_test(a_time_in_the_doubled_hour_comes_once),
		cmocka_unit_test(every_counts_from_1970),
		cmocka_unit_test(what_is_missed_is_made_up_for_as_said),
		cmocka_unit_test(the_most_that_can_be_due_has_room),
		cmocka_unit_test(zones_that_are_none_are_refused),
	};
	const char *given = getenv("HOSTLER_TEST_SEED");

	seed = given ? strtoull(given, NULL, 10) : 20261122;
	print_message("HOSTLER_TEST_SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
