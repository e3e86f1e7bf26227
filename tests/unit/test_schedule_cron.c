/* Cron expressions: what is one, what is none and how that is said, and which minute of the calendar comes next. */
#include "../../plugins/trigger/schedule/cron.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>

static int64_t moment(const char *text)
{
	struct tm parts = {0};

	assert_non_null(strptime(text, "%Y-%m-%d %H:%M", &parts));
	return timegm(&parts);
}

static struct cron parse(const char *text)
{
	struct cron cron;
	hst_error err = {0};

	if (cron_parse(text, &cron, &err) != HST_OK)
		fail_msg("%s", err.text);
	return cron;
}

static void each_expression_gives_the_minute_that_is_meant(void **unused)
{
	static const struct {
		const char *cron, *after, *want;
	} wants[] = {
		{"* * * * *", "2026-01-01 00:00", "2026-01-01 00:01"},
		{"*/15 * * * *", "2026-01-01 00:00", "2026-01-01 00:15"},
		{"*/15 * * * *", "2026-12-31 23:45", "2027-01-01 00:00"},
		{"5-50/20 * * * *", "2026-01-01 00:26", "2026-01-01 00:45"},
		{"30 2 * * *", "2026-01-01 02:29", "2026-01-01 02:30"},
		{"30 2 * * *", "2026-01-01 02:30", "2026-01-02 02:30"},
		{" 0\t9-17  * * mon-fri ", "2026-11-20 17:00", "2026-11-23 09:00"},
		{"0 9 * * 0", "2026-11-20 17:00", "2026-11-22 09:00"},
		{"0 9 * * 7", "2026-11-20 17:00", "2026-11-22 09:00"},
		{"0 9 * * 5-7", "2026-11-21 17:00", "2026-11-22 09:00"},
		{"0 0 31 * *", "2026-01-31 00:00", "2026-03-31 00:00"},
		{"0 0 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00"},
		{"0 0 29 feb *", "2096-02-29 00:00", "2104-02-29 00:00"},
		/* Neither day field is free: either of them will do. */
		{"0 0 13 * fri", "2026-11-01 00:00", "2026-11-06 00:00"},
		{"0 0 13 * fri", "2026-12-11 00:00", "2026-12-13 00:00"},
		/* One begins with a star: both must fit. */
		{"0 0 */2 * mon", "2026-11-01 00:00", "2026-11-09 00:00"},
		{"0 0 29 2 */7", "2026-01-01 00:00", "2032-02-29 00:00"},
		{"0 12 1 JAN,jul *", "2026-01-01 12:00", "2026-07-01 12:00"},
		{"@hourly", "2026-01-01 00:00", "2026-01-01 01:00"},
		{"@daily", "2026-01-01 00:00", "2026-01-02 00:00"},
		{"@midnight", "2026-01-01 00:00", "2026-01-02 00:00"},
		{"@weekly", "2026-11-20 00:00", "2026-11-22 00:00"},
		{"@monthly", "2026-11-20 00:00", "2026-12-01 00:00"},
		{"@yearly", "2026-11-20 00:00", "2027-01-01 00:00"},
		{"@Annually", "2026-11-20 00:00", "2027-01-01 00:00"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
		struct cron cron = parse(wants[i].cron);
		int64_t got = 0;

		assert_true(cron_after(&cron, moment(wants[i].after), &got));
		if (got != moment(wants[i].want))
			fail_msg("%s after %s: got %lld, wanted %s", wants[i].cron, wants[i].after, (long long)got,
				 wants[i].want);
		/* A second before the next minute is before it. */
		assert_true(cron_after(&cron, moment(wants[i].want) - 1, &got));
		assert_int_equal(got, moment(wants[i].want));
	}
}

static void wrong_expressions_say_the_field_and_the_remedy(void **unused)
{
	static const struct {
		const char *cron;
		const char *says[2];
	} wants[] = {
		{"", {"0 fields", "minute hour day month weekday"}},
		{"30 2 * *", {"4 fields", "five"}},
		{"0 30 2 * * *", {"6 fields", "five"}},
		{"60 * * * *", {"minute field", "from 0 to 59"}},
		{"* 24 * * *", {"hour field", "from 0 to 23"}},
		{"* * 0 * *", {"day field", "from 1 to 31"}},
		{"* * * 13 *", {"month field", "from 1 to 12"}},
		{"* * * * 8", {"weekday field", "from 0 to 7"}},
		{"* * * * lun", {"weekday field", "three letters"}},
		{"* * * january *", {"month field", "three letters"}},
		{"x * * * *", {"minute field", "a number is missing"}},
		{"-5 * * * *", {"minute field", "a number is missing"}},
		{"5- * * * *", {"minute field", "a number is missing"}},
		{"1,,2 * * * *", {"minute field", "a number is missing"}},
		{"1, * * * *", {"minute field", "a number is missing"}},
		{"*/0 * * * *", {"minute field", "a step from 1"}},
		{"* * */0 * *", {"day field", "a step from 1 to 31"}},
		{"*/60 * * * *", {"minute field", "a step from 1 to 59"}},
		{"*/ * * * *", {"minute field", "a number is missing"}},
		{"5/15 * * * *", {"minute field", "a step needs * or a range"}},
		{"50-10 * * * *", {"minute field", "50-59,0-10"}},
		{"* * * * fri-mon", {"weekday field", "5-7,0-1"}},
		{"*5 * * * *", {"minute field", "cannot be read on"}},
		{"1;2 * * * *", {"minute field", "cannot be read on"}},
		{"99999999999999999999 * * * *", {"minute field", "from 0 to 59"}},
		{"0 0 31 2 *", {"never comes", "31 2"}},
		{"0 0 31 4,6,9,11 *", {"never comes", "31"}},
		{"0 0 30-31 feb *", {"never comes", "feb"}},
		{"@reboot", {"there is no \"@reboot\"", "@daily"}},
		{"@", {"there is no", "@hourly"}},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
		struct cron cron = {.minutes = 4711};
		hst_error err = {0};

		if (cron_parse(wants[i].cron, &cron, &err) != HST_INVALID)
			fail_msg("\"%s\" is taken", wants[i].cron);
		assert_int_equal(cron.minutes, 4711);
		assert_int_equal(strncmp(err.text, "\"cron\": ", 8), 0);
		for (size_t s = 0; s < 2; s++)
			if (!strstr(err.text, wants[i].says[s]))
				fail_msg("\"%s\": \"%s\" does not say \"%s\"", wants[i].cron, err.text, wants[i].says[s]);
	}
}

/* A leap day that fits one weekday only comes every 28 years, or 40 round 2100. */
static void the_rarest_day_is_found(void **unused)
{
	struct cron cron = parse("0 0 29 2 */7");
	int64_t at = moment("2060-03-01 00:00"), got = 0;

	(void)unused;
	assert_true(cron_after(&cron, at, &got));
	assert_int_equal(got, moment("2088-02-29 00:00"));
	assert_true(cron_after(&cron, got, &got));
	assert_int_equal(got, moment("2128-02-29 00:00"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_expression_gives_the_minute_that_is_meant),
		cmocka_unit_test(wrong_expressions_say_the_field_and_the_remedy),
		cmocka_unit_test(the_rarest_day_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
