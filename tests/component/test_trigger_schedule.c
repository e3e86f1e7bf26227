/* The trigger "schedule": what it tells, what becomes of times that were missed, and of a clock that is set. */
#include "../contract/emitted.h"

#include "base/clock.h"
#include "plugin/trigger.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const int64_t second = 1000000, hour = 3600 * 1000000LL;
static int64_t now_us;
static struct emitted emitted;
static struct staged staged;

static int64_t set_clock(void)
{
	return now_us;
}

static int begin(void **unused)
{
	static const struct clock_source source = {set_clock, set_clock};

	(void)unused;
	now_us = 1774746000 * second; /* 2026-03-29T01:00:00Z: clocks in Berlin go from 2:00 to 3:00 */
	clock_replace(&source);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	staged_close(&staged);
	emitted_clear(&emitted);
	clock_replace(NULL);
	return 0;
}

static void wake(void)
{
	hst_error err = {0};

	if (emitted_wake(&emitted, &err) != HST_OK)
		fail_msg("%s", err.text);
}

/* A process of the trigger, after the last one if there was one. */
static void start(const char *const *options)
{
	if (staged.arena)
		staged_close(&staged);
	staged_load(&staged, HST_TRIGGER, "schedule");
	emitted_serve(&emitted, &staged);
	staged_open(&staged, options);
	wake();
}

static const char *told(size_t i, const char *name)
{
	assert_true(i < emitted.n);
	return value_text(value_get(emitted.values[i], name));
}

static void an_event_tells_when_it_was_due_there_and_here(void **unused)
{
	(void)unused;
	now_us -= hour;
	start(PAIRS("cron", "30 2 * * *", "zone", "Europe/Berlin"));
	now_us += hour;
	wake();
	assert_int_equal(emitted.n, 1);
	assert_string_equal(told(0, "due"), "2026-03-29T01:00:00Z");
	assert_string_equal(told(0, "local"), "2026-03-29T03:00:00+02:00");
	assert_string_equal(told(0, "date"), "2026-03-29");
	assert_false(value_boolean(value_get(emitted.values[0], "late")));
	now_us += 24 * hour;
	wake();
	assert_string_equal(told(1, "local"), "2026-03-30T02:30:00+02:00");
}

static void the_last_missed_time_is_made_up_for(void **unused)
{
	static const char *const options[] = {"every", "10m", NULL};

	(void)unused;
	start(options);
	now_us += hour + 5 * 60 * second;
	start(options);
	assert_int_equal(emitted.n, 1);
	assert_string_equal(told(0, "due"), "2026-03-29T02:00:00Z");
	assert_true(value_boolean(value_get(emitted.values[0], "late")));
	assert_non_null(strstr(emitted.log, "5 missed times"));
	assert_non_null(strstr(emitted.log, "missed = last"));
	/* After two hours and a quarter the last one is not older than an hour, but this option says less. */
	now_us += 2 * hour;
	start(PAIRS("every", "10m", "missed_within", "2m"));
	assert_int_equal(emitted.n, 1);
}

static void all_or_none_are_made_up_for_where_that_is_said(void **unused)
{
	static const char *const all[] = {"every", "10m", "missed", "all", "missed_within", "1d", NULL};
	static const char *const none[] = {"every", "10m", "missed", "none", NULL};

	(void)unused;
	start(all);
	now_us += hour;
	start(all);
	/* The sixth is due now. */
	assert_int_equal(emitted.n, 6);
	assert_true(value_boolean(value_get(emitted.values[4], "late")));
	assert_false(value_boolean(value_get(emitted.values[5], "late")));
	now_us += hour + 120 * second;
	start(none);
	assert_int_equal(emitted.n, 6);
	assert_non_null(strstr(emitted.log, "6 missed times"));
}

static void how_many_are_made_up_for_can_be_said(void **unused)
{
	static const char *const options[] = {"every", "1m", "missed", "all", "missed_most", "5", NULL};

	(void)unused;
	start(options);
	now_us += hour;
	start(options);
	/* Two are on time, the one that is due now and the one a minute ago. */
	assert_int_equal(emitted.n, 7);
	assert_int_equal(emitted.passed, 1);
	assert_non_null(strstr(emitted.log, "53 missed times"));
	assert_non_null(strstr(emitted.log, "missed_most = 5"));
}

static void a_day_off_makes_no_run_and_is_told_of(void **unused)
{
	static const char *const options[] = {"cron", "0 * * * *", "zone", "Europe/Berlin", "days_off", "03-29", NULL};

	(void)unused;
	start(options);
	for (int i = 0; i < 20; i++) {
		now_us += hour;
		wake();
	}
	assert_null(emitted.log);
	now_us += hour;
	wake();
	assert_int_equal(emitted.n, 1);
	assert_int_equal(emitted.passed, 1);
	assert_string_equal(told(0, "local"), "2026-03-30T00:00:00+02:00");
	assert_string_equal(emitted.log, "20 scheduled times from 2026-03-29T04:00:00+02:00 to 2026-03-29T23:00:00+02:00 make no run: "
					 "a day off");
}

/* The days off may be written anew while the day goes on: nothing of it is given up early. */
static void a_day_that_is_no_day_off_any_more_goes_on(void **unused)
{
	(void)unused;
	start(PAIRS("cron", "0 * * * *", "zone", "Europe/Berlin", "days_off", "03-29"));
	now_us += 4 * hour;
	wake();
	assert_int_equal(emitted.n, 0);
	start(PAIRS("cron", "0 * * * *", "zone", "Europe/Berlin", "days_off", "04-01"));
	assert_int_equal(emitted.n, 1);
	now_us += hour;
	wake();
	assert_int_equal(emitted.n, 2);
	assert_string_equal(told(1, "local"), "2026-03-29T08:00:00+02:00");
}

static void jitter_delays_the_run_and_not_what_it_is_told(void **unused)
{
	(void)unused;
	start(PAIRS("cron", "30 9 * * *", "zone", "UTC", "jitter", "4h"));
	now_us = 1774776600 * second;
	wake();
	assert_int_equal(emitted.n, 0);
	assert_true(emitted.at_us > now_us && emitted.at_us < now_us + 4 * hour);
	/* Without it the time that has not fired yet fires at once, and with it again it is not told twice. */
	start(PAIRS("cron", "30 9 * * *", "zone", "UTC"));
	assert_int_equal(emitted.n, 1);
	assert_string_equal(told(0, "due"), "2026-03-29T09:30:00Z");
	start(PAIRS("cron", "30 9 * * *", "zone", "UTC", "jitter", "4h"));
	now_us += 4 * hour;
	wake();
	assert_int_equal(emitted.n, 1);
	assert_int_equal(emitted.again, 0);
}

/* As `hostler next` says of a trigger that is new: what was due before it came and fires later is still to come. */
static void a_new_one_fires_what_jitter_has_delayed_until_now(void **unused)
{
	static const char *const options[] = {"cron", "30 9 * * *", "zone", "UTC", "jitter", "4h", NULL};
	int64_t at_us;

	(void)unused;
	start(options);
	at_us = emitted.at_us;
	assert_true(at_us > 1774776600 * second + second);
	staged_close(&staged);
	staged = (struct staged){0};
	emitted_clear(&emitted);
	now_us = at_us - second;
	start(options);
	assert_int_equal(emitted.n, 0);
	assert_int_equal(emitted.at_us, at_us);
	now_us = at_us;
	wake();
	assert_int_equal(emitted.n, 1);
	assert_string_equal(told(0, "due"), "2026-03-29T09:30:00Z");
}

static void after_its_end_nothing_is_waited_for(void **unused)
{
	(void)unused;
	start(PAIRS("every", "1h", "start", "2026-03-29T05:00Z", "end", "2026-03-29T06:00Z"));
	assert_int_equal(emitted.at_us, 1774760400 * second);
	now_us = 1774760400 * second;
	wake();
	now_us += hour;
	wake();
	assert_int_equal(emitted.n, 2);
	assert_int_equal(emitted.at_us, 0);
}

static void how_runs_overlap_is_said_with_each_event(void **unused)
{
	static const hst_overlap wants[] = {HST_OVERLAP_QUEUE, HST_OVERLAP_SKIP, HST_OVERLAP_REPLACE, HST_OVERLAP_ALLOW};
	static const char *const words[] = {"queue", "skip", "replace", "allow"};

	(void)unused;
	for (size_t i = 0; i < 4; i++) {
		start(PAIRS("every", "10m", "overlap", words[i]));
		now_us += 600 * second;
		wake();
		assert_int_equal(emitted.n, i + 1);
		assert_int_equal(emitted.overlap, wants[i]);
	}
}

/* Someone who writes another time into the section does not want the run of this morning. */
static void other_options_begin_anew(void **unused)
{
	(void)unused;
	start(PAIRS("cron", "30 2 * * *", "zone", "UTC"));
	now_us += 10 * 60 * second;
	start(PAIRS("cron", "5 1 * * *", "zone", "UTC"));
	assert_int_equal(emitted.n, 0);
	now_us += 24 * hour;
	wake();
	assert_int_equal(emitted.n, 1);
	assert_string_equal(told(0, "local"), "2026-03-30T01:05:00+00:00");
}

static void a_clock_that_is_set_back_repeats_nothing_and_stops_nothing(void **unused)
{
	hst_error err = {0};

	(void)unused;
	start(PAIRS("every", "10m"));
	for (int i = 0; i < 2; i++) {
		now_us += 600 * second;
		wake();
	}
	assert_int_equal(emitted.n, 2);
	now_us -= hour;
	assert_int_equal(emitted_ready(&emitted, &err), HST_OK);
	assert_non_null(strstr(emitted.log, "the clock was set back"));
	assert_int_equal(emitted.at_us, now_us + 600 * second);
	for (int i = 0; i < 7; i++) {
		now_us += 600 * second;
		wake();
	}
	/* Two of the seven are the very times that were told before. */
	assert_int_equal(emitted.again, 2);
	assert_int_equal(emitted.n, 7);
	assert_string_equal(told(6, "due"), "2026-03-29T01:30:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_event_tells_when_it_was_due_there_and_here, begin, end),
		cmocka_unit_test_setup_teardown(the_last_missed_time_is_made_up_for, begin, end),
		cmocka_unit_test_setup_teardown(all_or_none_are_made_up_for_where_that_is_said, begin, end),
		cmocka_unit_test_setup_teardown(how_many_are_made_up_for_can_be_said, begin, end),
		cmocka_unit_test_setup_teardown(a_day_off_makes_no_run_and_is_told_of, begin, end),
		cmocka_unit_test_setup_teardown(a_day_that_is_no_day_off_any_more_goes_on, begin, end),
		cmocka_unit_test_setup_teardown(jitter_delays_the_run_and_not_what_it_is_told, begin, end),
		cmocka_unit_test_setup_teardown(a_new_one_fires_what_jitter_has_delayed_until_now, begin, end),
		cmocka_unit_test_setup_teardown(after_its_end_nothing_is_waited_for, begin, end),
		cmocka_unit_test_setup_teardown(how_runs_overlap_is_said_with_each_event, begin, end),
		cmocka_unit_test_setup_teardown(other_options_begin_anew, begin, end),
		cmocka_unit_test_setup_teardown(a_clock_that_is_set_back_repeats_nothing_and_stops_nothing, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
