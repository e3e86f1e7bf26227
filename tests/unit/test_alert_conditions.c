/* What `when` of [alert NAME] may say, and what is said of everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pure/alerts/conditions.h"

#include <string.h>

static void every_condition_is_read(void **state)
{
	static const struct {
		const char *text;
		enum alert_kind kind;
		int64_t limit;
	} rows[] = {
		{"failed", ALERT_FAILED, 0},
		{"lost", ALERT_LOST, 0},
		{"waiting", ALERT_WAITING, 900000},
		{"waiting > 90s", ALERT_WAITING, 90000},
		{"waiting>1h", ALERT_WAITING, 3600000},
		{"no progress > 20m", ALERT_QUIET, 1200000},
		{"no  \t progress >2d", ALERT_QUIET, 172800000},
		{"device offline > 10m", ALERT_OFFLINE, 600000},
		{"instance degraded", ALERT_DEGRADED, 0},
		{"trigger failing", ALERT_TRIGGER, 60000},
		{"trigger failing > 5m", ALERT_TRIGGER, 300000},
		{"slot missed", ALERT_MISSED, 0},
		{"connection blocked", ALERT_BLOCKED, 0},
		{"disk", ALERT_DISK, INT64_C(1) << 30},
		{"disk < 500M", ALERT_DISK, INT64_C(500) << 20},
		{"disk<2T", ALERT_DISK, INT64_C(2) << 40},
		{"disk < 64K", ALERT_DISK, INT64_C(64) << 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct alert_condition got = {ALERT_KIND_COUNT, -1};
		hst_error err = {{0}, {0}};

		if (alert_condition_parse(rows[i].text, &got, &err) != HST_OK)
			fail_msg("%s: %s", rows[i].text, err.text);
		assert_int_equal(got.kind, rows[i].kind);
		assert_int_equal(got.limit, rows[i].limit);
	}
}

static void everything_else_is_refused_with_what_was_meant(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{"", "is no condition"},
		{"faild", "did you mean \"failed\"?"},
		{"no progres > 20m", "did you mean \"no progress\"?"},
		{"connection blockd", "did you mean \"connection blocked\"?"},
		{"something altogether different", "there are failed, lost, waiting > 15m"},
		{"failed > 3m", "\"failed\" is compared with nothing"},
		{"waiting < 15m", "\"waiting\" is compared by \">\""},
		{"waiting >= 15m", "\"waiting\" is compared by \">\""},
		{"waiting > soon", "\"waiting\" is compared with a duration"},
		{"waiting > ", "\"waiting\" is compared with a duration"},
		{"waiting > 10ms", "at least 1s"},
		{"disk > 1G", "\"disk\" is compared by \"<\""},
		{"disk < 1", "a size such as 500M or 1G, got \"1\""},
		{"disk < 1GiB", "a size such as 500M"},
		{"disk < 0G", "a size such as 500M"},
		{"disk < 12345678G", "a size such as 500M"},
		{"disk < -1G", "a size such as 500M"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct alert_condition got;
		hst_error err = {{0}, {0}};

		assert_int_equal(alert_condition_parse(rows[i].text, &got, &err), HST_INVALID);
		if (!strstr(err.text, rows[i].said))
			fail_msg("\"%s\": said \"%s\"", rows[i].text, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_condition_is_read),
		cmocka_unit_test(everything_else_is_refused_with_what_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
