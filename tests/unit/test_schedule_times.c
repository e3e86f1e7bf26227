/* When a schedule fires: clock changes, start and end, jitter and days off. */
#include "../../plugins/trigger/schedule/options.h"
#include "../../plugins/trigger/schedule/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>

#define WANT(...) ((const char *const[]){__VA_ARGS__, NULL})
#define WORDS(...) {.n = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), .at = (const char *const[]){__VA_ARGS__}}

static struct days_off off;

static struct times times_of(const struct schedule_config *config)
{
	struct times times;
	hst_error err = {0};

	if (options_read(config, "nightly", &off, &times, &err) != HST_OK)
		fail_msg("%s", err.text);
	return times;
}

static int64_t moment_us(const char *text)
{
	struct tm parts = {0};

	assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts));
	return (int64_t)timegm(&parts) * SECOND_US;
}

/* `want` are the times that come one after the other, as the clock of the zone shows them; after "end" there are none. */
static void check(const struct schedule_config *config, const char *after, const char *const *want)
{
	struct times times = times_of(config);
	struct slot slot = {.at_us = moment_us(after)};

	for (size_t i = 0; want[i]; i++) {
		bool found = times_after(&times, slot.at_us, &slot);
		char got[40] = "end";

		if (found)
			zone_write(slot.at_us / SECOND_US, got, sizeof got);
		assert_string_equal(got, want[i]);
	}
}

static void check_cron(const char *zone, const char *cron, const char *after, const char *const *want)
{
	check(&(struct schedule_config){.zone = zone, .cron = cron}, after, want);
}

static void a_time_in_the_gap_comes_once_at_its_end(void **unused)
{
	(void)unused;
	check_cron("Europe/Berlin", "30 2 * * *", "2026-03-28T00:00:00Z",
		   WANT("2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"));
	check_cron("Europe/Berlin", "*/20 2,3 * * *", "2026-03-29T00:00:00Z",
		   WANT("2026-03-29T03:00:00+02:00", "2026-03-29T03:20:00+02:00", "2026-03-29T03:40:00+02:00"));
	check_cron("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z",
		   WANT("2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"));
	/* The whole of 30 December 2011 is left out. */
	check_cron("Pacific/Apia", "0 9 * * *", "2011-12-29T12:00:00Z",
		   WANT("2011-12-29T09:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T09:00:00+14:00"));
}

static void a_time_in_the_doubled_hour_comes_once(void **unused)
{
	(void)unused;
	check_cron("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z",
		   WANT("2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"));
	check_cron("America/New_York", "*/30 1-2 * * *", "2026-11-01T05:00:00Z",
		   WANT("2026-11-01T01:30:00-04:00", "2026-11-01T02:00:00-05:00", "2026-11-01T02:30:00-05:00"));
	/* Asked in the middle of the second of the two hours. */
	check_cron("Europe/Berlin", "40 2 * * *", "2026-10-25T01:10:00Z", WANT("2026-10-26T02:40:00+01:00"));
	check_cron("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T14:00:00Z",
		   WANT("2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"));
}

static void every_counts_from_1970_or_from_its_start(void **unused)
{
	struct schedule_config config = {.every = {900000}, .zone = "Europe/Berlin"};

	(void)unused;
	check(&config, "2026-11-21T23:31:52Z", WANT("2026-11-22T00:45:00+01:00", "2026-11-22T01:00:00+01:00"));
	check(&config, "2026-11-21T23:45:00Z", WANT("2026-11-22T01:00:00+01:00"));
	config.start = "2026-12-01T08:05";
	check(&config, "2026-11-21T23:45:00Z", WANT("2026-12-01T08:05:00+01:00", "2026-12-01T08:20:00+01:00"));
	check(&config, "2026-12-02T00:00:00Z", WANT("2026-12-02T01:05:00+01:00", "2026-12-02T01:20:00+01:00"));
	/* A day of 24 hours, whatever the clocks do. */
	config.every.ms = 86400000;
	config.start = "2026-10-24";
	check(&config, "2026-10-01T00:00:00Z",
	      WANT("2026-10-24T00:00:00+02:00", "2026-10-25T00:00:00+02:00", "2026-10-25T23:00:00+01:00"));
}

static void nothing_is_due_before_the_start_or_after_the_end(void **unused)
{
	struct schedule_config config = {.cron = "0 9 * * *", .zone = "Europe/Berlin", .start = "2026-12-01", .end = "2026-12-02"};

	(void)unused;
	check(&config, "2026-11-21T00:00:00Z", WANT("2026-12-01T09:00:00+01:00", "2026-12-02T09:00:00+01:00", "end"));
	config.start = "2026-12-01T08:00:00Z";
	config.end = "2026-12-02T09:00:01+02:00";
	check(&config, "2026-11-21T00:00:00Z", WANT("2026-12-01T09:00:00+01:00", "end"));
	config.end = "2026-12-03T09:00";
	check(&config, "2026-12-02T00:00:00Z", WANT("2026-12-02T09:00:00+01:00", "2026-12-03T09:00:00+01:00", "end"));
}

static void days_off_are_left_out(void **unused)
{
	struct schedule_config config = {.cron = "0 9 * * *", .zone = "Europe/Berlin",
					 .days_off = WORDS("12-25", "2026-12-31..2027-01-02", "2027-12-24")};

	(void)unused;
	check(&config, "2026-12-24T00:00:00Z",
	      WANT("2026-12-24T09:00:00+01:00", "2026-12-26T09:00:00+01:00", "2026-12-27T09:00:00+01:00"));
	check(&config, "2026-12-30T12:00:00Z", WANT("2027-01-03T09:00:00+01:00"));
	check(&config, "2027-12-23T12:00:00Z", WANT("2027-12-26T09:00:00+01:00"));
	/* It is the day in the zone that counts. */
	config.cron = NULL;
	config.every.ms = 3600000;
	check(&config, "2026-12-24T21:30:00Z", WANT("2026-12-24T23:00:00+01:00", "2026-12-26T00:00:00+01:00"));
	/* Clocks that go back over midnight show the evening of the day off once more. */
	config = (struct schedule_config){.every = {1800000}, .zone = "America/Sao_Paulo", .days_off = WORDS("2017-02-18")};
	check(&config, "2017-02-18T01:45:00Z", WANT("2017-02-19T00:00:00-03:00", "2017-02-19T00:30:00-03:00"));
	/* What falls on days off alone never fires. */
	config = (struct schedule_config){.cron = "0 0 25 12 *", .zone = "UTC", .days_off = WORDS("12-25")};
	check(&config, "2026-01-01T00:00:00Z", WANT("end"));
}

static void check_jitter(const struct times *times, int64_t from_us, int64_t most_us)
{
	int64_t delays = 0, last_us = from_us, due_us = from_us;
	struct slot slot, next;

	for (int i = 0; i < 500; i++, due_us = slot.due_us, last_us = slot.at_us) {
		assert_true(times_slot(times, due_us, &slot));
		assert_true(times_slot(times, slot.due_us, &next));
		assert_in_range(slot.at_us, slot.due_us, slot.due_us + most_us - 1);
		assert_true(slot.at_us < next.due_us && slot.at_us > last_us);
		assert_int_equal((slot.at_us - slot.due_us) % SECOND_US, 0);
		delays += slot.at_us != slot.due_us;
		/* Whenever it is asked, the answer is the same; before the first, one from before it may be to come. */
		for (int64_t at_us = last_us; i && at_us < slot.at_us; at_us += (slot.at_us - last_us) / 3 + 1) {
			assert_true(times_after(times, at_us, &next));
			assert_int_equal(next.due_us, slot.due_us);
			assert_int_equal(next.at_us, slot.at_us);
		}
	}
	assert_true(delays > 400);
}

static void jitter_delays_each_slot_by_what_is_its_own(void **unused)
{
	struct schedule_config config = {.cron = "*/5 8-17 * * mon-fri", .zone = "Europe/Berlin", .jitter = {600000}};
	int64_t from_us = moment_us("2026-10-20T00:00:00Z");
	struct times times = times_of(&config), other;
	struct slot one, two;
	int same = 0;

	(void)unused;
	check_jitter(&times, from_us, 600 * (int64_t)SECOND_US);
	config.jitter.ms = 86400000;
	times = times_of(&config);
	check_jitter(&times, from_us, 86400 * (int64_t)SECOND_US);
	/* Two instances of the same times do not fire together. */
	assert_int_equal(options_read(&config, "other", &off, &other, NULL), HST_OK);
	for (int i = 0; i < 100; i++, from_us = one.due_us) {
		assert_true(times_slot(&times, from_us, &one));
		assert_true(times_slot(&other, from_us, &two));
		assert_int_equal(one.due_us, two.due_us);
		same += one.at_us == two.at_us;
	}
	assert_true(same < 10);
	/* Slots of a second have no room for it. */
	config = (struct schedule_config){.every = {1000}, .jitter = {60000}};
	times = times_of(&config);
	assert_true(times_after(&times, from_us, &one));
	assert_int_equal(one.at_us, from_us + SECOND_US);
}

static void options_that_are_none_are_refused_by_their_name(void **unused)
{
	const struct {
		struct schedule_config config;
		const char *says;
	} wants[] = {
		{{.every = {1000}, .start = "soon"}, "\"start\": \"soon\" is no time"},
		{{.every = {1000}, .start = "2026-02-29"}, "\"start\": "},
		{{.every = {1000}, .start = "2026-12-01T24:00"}, "\"start\": "},
		{{.every = {1000}, .start = "2026-12-01T08"}, "\"start\": "},
		{{.every = {1000}, .start = "2026-12-01T08:00:"}, "\"start\": "},
		{{.every = {1000}, .start = "2026-12-01T08:00+1"}, "\"start\": "},
		{{.every = {1000}, .start = "2026-12-01Z"}, "\"start\": "},
		{{.every = {1000}, .start = "1969-12-31"}, "\"start\": "},
		{{.every = {1000}, .end = "2026-12-01T08:00 CET"}, "\"end\": "},
		{{.every = {1000}, .start = "2026-12-01", .end = "2026-11-30"}, "\"end\": it is before the start"},
		{{.every = {1000}, .days_off = WORDS("2026-12-24", "02-30")}, "\"days_off\": \"02-30\" is no day off"},
		{{.every = {1000}, .days_off = WORDS("2026-12-24..2026-12-23")}, "\"days_off\": "},
		{{.every = {1000}, .days_off = WORDS("2026-12-24..12-26")}, "\"days_off\": "},
		{{.every = {1000}, .days_off = WORDS("12-24-25")}, "\"days_off\": "},
		{{.every = {1000}, .days_off_file = "/nowhere/days.txt"}, "\"days_off_file\": /nowhere/days.txt cannot be read: No such"},
		{{.every = {1000}, .days_off_file = "/dev/null"}, "\"days_off_file\": /dev/null is no file"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
		struct times times;
		hst_error err = {0};

		assert_int_equal(options_read(&wants[i].config, "x", &off, &times, &err), HST_INVALID);
		if (strncmp(err.text, wants[i].says, strlen(wants[i].says)) != 0)
			fail_msg("\"%s\" does not say \"%s\"", err.text, wants[i].says);
	}
}

static void zones_that_are_none_are_refused(void **unused)
{
	static const char *const good[] = {"Europe/Berlin", "America/New_York", "Etc/GMT+5", "UTC"};
	static const char *const bad[] = {"", "Europe/Berlinn", "Europe", "/etc/localtime", "../../etc/passwd", "right/UTC",
					  "tzdata.zi", "Europe/Berlin ", "CET-1CEST"};

	(void)unused;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_int_equal(zone_check(good[i], NULL), HST_OK);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		hst_error err = {0};

		assert_int_equal(zone_check(bad[i], &err), HST_INVALID);
		assert_non_null(strstr(err.text, "\"zone\": there is no zone"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_in_the_gap_comes_once_at_its_end),
		cmocka_unit_test(a_time_in_the_doubled_hour_comes_once),
		cmocka_unit_test(every_counts_from_1970_or_from_its_start),
		cmocka_unit_test(nothing_is_due_before_the_start_or_after_the_end),
		cmocka_unit_test(days_off_are_left_out),
		cmocka_unit_test(jitter_delays_each_slot_by_what_is_its_own),
		cmocka_unit_test(options_that_are_none_are_refused_by_their_name),
		cmocka_unit_test(zones_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
