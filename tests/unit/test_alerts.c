/* Facts and times in, notifications out. Times are seconds from a start that is not 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "pure/alerts/alerts.h"
#include "pure/alerts/words.h"

#include <stdio.h>
#include <string.h>

#define SECONDS INT64_C(1000000)

enum { HOUR = 3600, START = 1000000 };

static const struct alert_condition all_conditions[] = {
	{ALERT_FAILED, 0}, {ALERT_WAITING, 60000}, {ALERT_OFFLINE, 120000}, {ALERT_DEGRADED, 0}, {ALERT_MISSED, 0}, {ALERT_DISK, 1000},
};
static const struct alert_section night = {.name = "night", .conditions = all_conditions, .condition_count = 6,
					   .process = "worker/connector/post", .repeat_ms = 4 * HOUR * 1000, .closing = true};

struct house {
	struct alerts *alerts;
	struct text said;
};

static int64_t at(int64_t seconds)
{
	return (START + seconds) * SECONDS;
}

static void setup(struct house *house, const struct alert_section *sections, size_t n)
{
	house->alerts = alerts_new();
	alerts_configure(house->alerts, sections, n);
	text_init(&house->said, 1 << 16);
}

static void teardown(struct house *house)
{
	alerts_free(house->alerts);
	text_clear(&house->said);
}

/* All that is due now, told well unless `error`: "night begun failed/hello, …". */
static const char *told(struct house *house, int64_t seconds, const char *error)
{
	struct alert_notice notice;

	text_reset(&house->said);
	while (alerts_next(house->alerts, at(seconds), &notice)) {
		text_addf(&house->said, "%s%zu %s ", house->said.length ? ", " : "", notice.section, alert_state_name(notice.state));
		if (notice.n == 1)
			text_addf(&house->said, "%s/%s", alert_kind_row(notice.items[0].cause->kind)->word, notice.items[0].cause->subject);
		else
			text_addf(&house->said, "%zu", notice.n);
		alerts_told(house->alerts, notice.id, error, at(seconds));
	}
	return house->said.s;
}

static void failed(struct house *house, const char *flow, int64_t seconds)
{
	alerts_happened(house->alerts, &(struct alert_fact){.kind = ALERT_FAILED, .subject = flow, .flow = flow, .since_us = at(seconds),
							    .count = 1, .text = "it failed"}, at(seconds));
}

/* A look that finds one thing, or nothing (`subject` NULL). */
static void found(struct house *house, int64_t seconds, enum alert_kind kind, const char *subject, int64_t since)
{
	alerts_look(house->alerts);
	if (subject)
		alerts_stands(house->alerts, &(struct alert_fact){.kind = kind, .subject = subject, .since_us = at(since), .count = 1,
								  .process = kind == ALERT_DEGRADED ? subject : NULL});
	alerts_looked(house->alerts, at(seconds), 0);
}

static void disk(struct house *house, int64_t seconds, int64_t free_bytes)
{
	alerts_look(house->alerts);
	alerts_stands(house->alerts, &(struct alert_fact){.kind = ALERT_DISK, .subject = "state_dir", .since_us = at(seconds),
							  .free_bytes = free_bytes});
	alerts_looked(house->alerts, at(seconds), 0);
}

static void a_cause_is_told_once_again_after_repeat_and_closed(void **state)
{
	struct house house;

	(void)state;
	setup(&house, &night, 1);
	failed(&house, "hello", 0);
	assert_string_equal(told(&house, 0, NULL), "0 begun failed/hello");
	failed(&house, "hello", 5);
	assert_string_equal(told(&house, 5, NULL), "");
	assert_int_equal(alerts_cause(house.alerts, ALERT_FAILED, "hello")->count, 2);
	assert_string_equal(told(&house, 4 * HOUR - 1, NULL), "");
	assert_string_equal(told(&house, 4 * HOUR, NULL), "0 again failed/hello");
	assert_string_equal(told(&house, 4 * HOUR + 1, NULL), "");
	alerts_over(house.alerts, ALERT_FAILED, "hello", at(5 * HOUR));
	assert_string_equal(told(&house, 5 * HOUR, NULL), "0 ended failed/hello");
	assert_string_equal(told(&house, 9 * HOUR, NULL), "");
	/* It begins anew. */
	failed(&house, "hello", 10 * HOUR);
	assert_string_equal(told(&house, 10 * HOUR, NULL), "0 begun failed/hello");
	assert_int_equal(alerts_cause(house.alerts, ALERT_FAILED, "hello")->count, 1);
	teardown(&house);
}

/* A flow whose every second run fails. */
static void what_comes_and_goes_is_closed_when_it_has_been_calm_for_a_while(void **state)
{
	struct house house;

	(void)state;
	setup(&house, &night, 1);
	failed(&house, "hello", 0);
	assert_string_equal(told(&house, 0, NULL), "0 begun failed/hello");
	alerts_over(house.alerts, ALERT_FAILED, "hello", at(10));
	assert_string_equal(told(&house, 10, NULL), "0 ended failed/hello");
	failed(&house, "hello", 20);
	assert_string_equal(told(&house, 20, NULL), "0 begun failed/hello");
	for (int64_t now = 30; now < HOUR; now += 20) {
		alerts_over(house.alerts, ALERT_FAILED, "hello", at(now));
		found(&house, now, ALERT_KIND_COUNT, NULL, 0);
		assert_string_equal(told(&house, now, NULL), "");
		failed(&house, "hello", now + 10);
		assert_string_equal(told(&house, now + 10, NULL), "");
	}
	assert_int_equal(alerts_cause(house.alerts, ALERT_FAILED, "hello")->count, 180);
	assert_int_equal(alerts_cause(house.alerts, ALERT_FAILED, "hello")->since_us, at(20));
	alerts_over(house.alerts, ALERT_FAILED, "hello", at(HOUR));
	assert_string_equal(told(&house, HOUR, NULL), "");
	assert_string_equal(told(&house, HOUR + 599, NULL), "");
	assert_string_equal(told(&house, HOUR + 600, NULL), "0 ended failed/hello");
	/* It was calm, and is closed at once the next time. */
	failed(&house, "hello", 2 * HOUR);
	assert_string_equal(told(&house, 2 * HOUR, NULL), "0 begun failed/hello");
	alerts_over(house.alerts, ALERT_FAILED, "hello", at(2 * HOUR + 1));
	assert_string_equal(told(&house, 2 * HOUR + 1, NULL), "0 ended failed/hello");
	teardown(&house);
}

static void what_is_heard_of_is_over_after_a_day(void **state)
{
	struct house house;

	(void)state;
	setup(&house, &night, 1);
	failed(&house, "hello", 0);
	told(&house, 0, NULL);
	found(&house, 23 * HOUR, ALERT_KIND_COUNT, NULL, 0);
	assert_true(alerts_any(house.alerts, ALERT_FAILED));
	found(&house, 24 * HOUR, ALERT_KIND_COUNT, NULL, 0);
	assert_false(alerts_any(house.alerts, ALERT_FAILED));
	assert_string_equal(told(&house, 24 * HOUR, NULL), "0 ended failed/hello");
	teardown(&house);
}

static void what_waits_is_told_when_it_is_over_the_limit(void **state)
{
	struct house house;
	size_t from = 0;

	(void)state;
	setup(&house, &night, 1);
	assert_int_equal(alerts_limit(house.alerts, ALERT_WAITING), 60000);
	assert_int_equal(alerts_limit(house.alerts, ALERT_QUIET), 1200000);
	found(&house, 60, ALERT_WAITING, "hello", 0);
	assert_string_equal(told(&house, 60, NULL), "");
	assert_null(alerts_wrong(house.alerts, &from, at(60)));
	found(&house, 61, ALERT_WAITING, "hello", 0);
	from = 0;
	assert_non_null(alerts_wrong(house.alerts, &from, at(61)));
	assert_string_equal(told(&house, 61, NULL), "0 begun waiting/hello");
	/* The oldest has gone, and the next one waits not long enough. */
	found(&house, 100, ALERT_WAITING, "hello", 90);
	assert_string_equal(told(&house, 100, NULL), "0 ended waiting/hello");
	found(&house, 110, ALERT_KIND_COUNT, NULL, 0);
	assert_string_equal(told(&house, 110, NULL), "");
	teardown(&house);
}

static void what_was_over_before_it_was_told_is_not_told(void **state)
{
	struct house house;

	(void)state;
	setup(&house, &night, 1);
	found(&house, 200, ALERT_OFFLINE, "ts-01", 0);
	assert_string_equal(told(&house, 200, "no network"), "0 begun device offline/ts-01");
	found(&house, 210, ALERT_KIND_COUNT, NULL, 0);
	assert_string_equal(told(&house, HOUR, NULL), "");
	teardown(&house);
}

static void a_kind_that_could_not_be_looked_at_stays_as_it_is(void **state)
{
	struct house house;

	(void)state;
	setup(&house, &night, 1);
	found(&house, 200, ALERT_WAITING, "hello", 0);
	told(&house, 200, NULL);
	alerts_look(house.alerts);
	alerts_looked(house.alerts, at(210), 1u << ALERT_WAITING);
	assert_string_equal(told(&house, 210, NULL), "");
	alerts_look(house.alerts);
	alerts_looked(house.alerts, at(220), 0);
	assert_string_equal(told(&house, 220, NULL), "0 ended waiting/hello");
	teardown(&house);
}

static void a_notification_that_fails_is_tried_again_ever_more_seldom_and_given_up(void **state)
{
	struct house house;
	int64_t delay = 30, now = 0;

	(void)state;
	setup(&house, &night, 1);
	failed(&house, "hello", 0);
	for (int i = 0; i < ALERT_ATTEMPTS_MOST; i++) {
		assert_string_equal(told(&house, now, "no network"), "0 begun failed/hello");
		assert_string_equal(told(&house, now + delay - 1, NULL), "");
		assert_string_equal(alerts_cause(house.alerts, ALERT_FAILED, "hello")->tellings[0].error, "no network");
		now += delay;
		delay = delay < 900 ? 2 * delay : 1800;
	}
	assert_string_equal(told(&house, now + 3 * HOUR, NULL), "");
	/* When it would be repeated, it is tried anew. */
	assert_string_equal(told(&house, now + 4 * HOUR, NULL), "0 begun failed/hello");
	assert_null(alerts_cause(house.alerts, ALERT_FAILED, "hello")->tellings[0].error);
	teardown(&house);
}

static void a_section_hears_of_its_flows_and_its_conditions_alone(void **state)
{
	static char *flows[] = {"pay", "hello"};
	struct alert_condition only = {ALERT_FAILED, 0};
	struct alert_section sections[] = {
		{.name = "day", .conditions = &only, .condition_count = 1, .flows = flows, .flow_count = 2},
		{.name = "night", .conditions = all_conditions, .condition_count = 6, .repeat_ms = 1000},
	};
	struct house house;

	(void)state;
	setup(&house, sections, 2);
	failed(&house, "hello", 0);
	assert_string_equal(told(&house, 0, NULL), "0 begun failed/hello, 1 begun failed/hello");
	failed(&house, "other", 1);
	assert_string_equal(told(&house, 1, NULL), "1 again failed/hello, 1 begun failed/other");
	/* Neither closes; the first does not repeat. */
	alerts_over(house.alerts, ALERT_FAILED, "hello", at(2));
	alerts_over(house.alerts, ALERT_FAILED, "other", at(2));
	assert_string_equal(told(&house, HOUR, NULL), "");
	/* Of a trigger that starts several flows. */
	alerts_happened(house.alerts, &(struct alert_fact){.kind = ALERT_FAILED, .subject = "x", .flow = "a, hello, b", .count = 1},
			at(2 * HOUR));
	alerts_happened(house.alerts, &(struct alert_fact){.kind = ALERT_FAILED, .subject = "y", .flow = "hello2, ahello", .count = 1},
			at(2 * HOUR));
	assert_string_equal(told(&house, 2 * HOUR, NULL), "0 begun failed/x, 1 begun failed/x, 1 begun failed/y");
	teardown(&house);
}

static void what_is_wrong_with_its_own_way_a_section_cannot_tell(void **state)
{
	struct house house;
	const struct alert_cause *cause;

	(void)state;
	setup(&house, &night, 1);
	found(&house, 0, ALERT_DEGRADED, "worker/connector/post", 0);
	assert_string_equal(told(&house, 0, NULL), "");
	cause = alerts_cause(house.alerts, ALERT_DEGRADED, "worker/connector/post");
	assert_true(alerts_concern(house.alerts, 0, cause, at(0)));
	assert_true(alerts_through_itself(house.alerts, 0, cause));
	found(&house, 10, ALERT_DEGRADED, "worker/connector/other", 0);
	assert_string_equal(told(&house, 10, NULL), "0 begun instance degraded/worker/connector/other");
	teardown(&house);
}

static void a_trigger_that_was_given_up_fails(void **state)
{
	static const struct alert_condition failing = {ALERT_TRIGGER, 60000};
	const struct alert_section section = {.name = "only", .conditions = &failing, .condition_count = 1};
	struct house house;

	(void)state;
	setup(&house, &section, 1);
	found(&house, 0, ALERT_DEGRADED, "worker/connector/post", 0);
	assert_string_equal(told(&house, 0, NULL), "");
	found(&house, 0, ALERT_DEGRADED, "worker/trigger/inbox", 0);
	assert_string_equal(told(&house, 0, NULL), "0 begun instance degraded/worker/trigger/inbox");
	teardown(&house);
}

static void a_storm_is_summed_up(void **state)
{
	struct house house;
	char flow[16];

	(void)state;
	setup(&house, &night, 1);
	for (int i = 0; i < 100; i++) {
		snprintf(flow, sizeof flow, "flow%d", i);
		failed(&house, flow, 0);
	}
	assert_non_null(strstr(told(&house, 0, NULL), "0 begun failed/flow8, 0 several 91"));
	failed(&house, "late", 1);
	assert_string_equal(told(&house, 59, NULL), "");
	assert_string_equal(told(&house, 60, NULL), "0 begun failed/late");
	/* Each of those that were summed up is closed. */
	for (int i = 0; i < 100; i++) {
		snprintf(flow, sizeof flow, "flow%d", i);
		alerts_over(house.alerts, ALERT_FAILED, flow, at(100));
	}
	assert_non_null(strstr(told(&house, 300, NULL), "0 ended failed/flow8, 0 several 91"));
	teardown(&house);
}

static void a_full_disk_that_is_cleared_a_little_is_told_once(void **state)
{
	struct house house;

	(void)state;
	setup(&house, &night, 1);
	disk(&house, 0, 1001);
	assert_string_equal(told(&house, 0, NULL), "");
	disk(&house, 1, 999);
	assert_string_equal(told(&house, 1, NULL), "0 begun disk/state_dir");
	disk(&house, 2, 1050);
	assert_string_equal(told(&house, 2, NULL), "");
	disk(&house, 3, 1100);
	assert_string_equal(told(&house, 3, NULL), "0 ended disk/state_dir");
	teardown(&house);
}

/* Everything that was kept, given to another. */
static struct alerts *restarted(struct alerts *before, const struct alert_section *sections, size_t n)
{
	struct alerts *after = alerts_new();
	hst_arena *arena = arena_new();
	struct text name, value;

	text_init(&name, 1000);
	text_init(&value, 1 << 16);
	alerts_configure(after, sections, n);
	while (alerts_unkept(before, &name, &value))
		if (value.length)
			alerts_restore(after, arena, name.s, value.s, value.length);
	assert_false(alerts_unkept(before, &name, &value));
	assert_false(alerts_unkept(after, &name, &value));
	text_clear(&name);
	text_clear(&value);
	arena_free(arena);
	alerts_free(before);
	return after;
}

static void a_restart_tells_nothing_twice_and_closes_all_the_same(void **state)
{
	struct house house;

	(void)state;
	setup(&house, &night, 1);
	failed(&house, "hello", 0);
	found(&house, 200, ALERT_OFFLINE, "ts-01", 0);
	assert_string_equal(told(&house, 200, NULL), "0 begun failed/hello, 0 begun device offline/ts-01");
	house.alerts = restarted(house.alerts, &night, 1);
	/* As of the restart it is away for a shorter time than the limit, but it was before. */
	found(&house, 300, ALERT_OFFLINE, "ts-01", 299);
	assert_string_equal(told(&house, 300, NULL), "");
	assert_int_equal(alerts_cause(house.alerts, ALERT_OFFLINE, "ts-01")->since_us, at(0));
	found(&house, 400, ALERT_KIND_COUNT, NULL, 0);
	alerts_over(house.alerts, ALERT_FAILED, "hello", at(400));
	assert_string_equal(told(&house, 400, NULL), "0 ended failed/hello, 0 ended device offline/ts-01");
	teardown(&house);
}

static void a_closing_one_that_could_not_be_sent_is_sent_after_a_restart(void **state)
{
	struct house house;

	(void)state;
	setup(&house, &night, 1);
	failed(&house, "hello", 0);
	told(&house, 0, NULL);
	alerts_over(house.alerts, ALERT_FAILED, "hello", at(10));
	assert_string_equal(told(&house, 10, "no network"), "0 ended failed/hello");
	house.alerts = restarted(house.alerts, &night, 1);
	assert_false(alerts_any(house.alerts, ALERT_FAILED));
	assert_string_equal(told(&house, 20, NULL), "0 ended failed/hello");
	teardown(&house);
}

static void sections_are_the_same_by_their_names(void **state)
{
	struct alert_section sections[2] = {{.name = "new", .conditions = all_conditions, .condition_count = 6}, night};
	struct house house;

	(void)state;
	setup(&house, &night, 1);
	failed(&house, "hello", 0);
	told(&house, 0, NULL);
	alerts_configure(house.alerts, sections, 2);
	assert_string_equal(told(&house, 1, NULL), "0 begun failed/hello");
	/* A section that is no longer about it says nothing more of it. */
	sections[1].condition_count = 0;
	alerts_configure(house.alerts, sections, 2);
	assert_string_equal(told(&house, 5 * HOUR, NULL), "");
	alerts_over(house.alerts, ALERT_FAILED, "hello", at(6 * HOUR));
	assert_string_equal(told(&house, 6 * HOUR, NULL), "");
	teardown(&house);
}

static void what_is_over_and_closed_is_kept_no_more(void **state)
{
	struct house house;
	struct text name, value;

	(void)state;
	setup(&house, &night, 1);
	text_init(&name, 1000);
	text_init(&value, 1 << 16);
	failed(&house, "hello", 0);
	told(&house, 0, NULL);
	assert_true(alerts_unkept(house.alerts, &name, &value));
	assert_string_equal(name.s, "failed/hello");
	assert_non_null(strstr(value.s, "\"night\""));
	assert_false(alerts_unkept(house.alerts, &name, &value));
	alerts_over(house.alerts, ALERT_FAILED, "hello", at(1));
	told(&house, 1, NULL);
	assert_true(alerts_unkept(house.alerts, &name, &value));
	assert_string_equal(name.s, "failed/hello");
	assert_int_equal(value.length, 0);
	assert_false(alerts_unkept(house.alerts, &name, &value));
	/* And then forgotten. */
	found(&house, 2, ALERT_KIND_COUNT, NULL, 0);
	found(&house, 3, ALERT_KIND_COUNT, NULL, 0);
	assert_string_equal(told(&house, 3, NULL), "");
	text_clear(&name);
	text_clear(&value);
	teardown(&house);
}

static void a_notification_says_what_since_when_and_what_to_do(void **state)
{
	struct house house;
	struct alert_notice notice;

	(void)state;
	setup(&house, &night, 1);
	alerts_happened(house.alerts, &(struct alert_fact){.kind = ALERT_FAILED, .subject = "hello", .since_us = at(0), .count = 1,
							   .text = "#3 of hello has failed", .remedy = "hostler show 3"}, at(0));
	assert_true(alerts_next(house.alerts, at(0), &notice));
	alert_say_subject(&notice, "box", &house.said);
	assert_string_equal(house.said.s, "hostler on box: failed: hello");
	text_reset(&house.said);
	alert_say_text(&notice, &house.said);
	assert_string_equal(house.said.s, "failed: #3 of hello has failed\nsince 1970-01-12T13:46:40Z\nhostler show 3");
	alerts_told(house.alerts, notice.id, NULL, at(0));
	alerts_over(house.alerts, ALERT_FAILED, "hello", at(60));
	assert_true(alerts_next(house.alerts, at(60), &notice));
	text_reset(&house.said);
	alert_say_text(&notice, &house.said);
	assert_string_equal(house.said.s,
			    "over: failed: #3 of hello has failed\nsince 1970-01-12T13:46:40Z until 1970-01-12T13:47:40Z");
	teardown(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cause_is_told_once_again_after_repeat_and_closed),
		cmocka_unit_test(what_comes_and_goes_is_closed_when_it_has_been_calm_for_a_while),
		cmocka_unit_test(what_is_heard_of_is_over_after_a_day),
		cmocka_unit_test(what_waits_is_told_when_it_is_over_the_limit),
		cmocka_unit_test(what_was_over_before_it_was_told_is_not_told),
		cmocka_unit_test(a_kind_that_could_not_be_looked_at_stays_as_it_is),
		cmocka_unit_test(a_notification_that_fails_is_tried_again_ever_more_seldom_and_given_up),
		cmocka_unit_test(a_section_hears_of_its_flows_and_its_conditions_alone),
		cmocka_unit_test(what_is_wrong_with_its_own_way_a_section_cannot_tell),
		cmocka_unit_test(a_trigger_that_was_given_up_fails),
		cmocka_unit_test(a_storm_is_summed_up),
		cmocka_unit_test(a_full_disk_that_is_cleared_a_little_is_told_once),
		cmocka_unit_test(a_restart_tells_nothing_twice_and_closes_all_the_same),
		cmocka_unit_test(a_closing_one_that_could_not_be_sent_is_sent_after_a_restart),
		cmocka_unit_test(sections_are_the_same_by_their_names),
		cmocka_unit_test(what_is_over_and_closed_is_kept_no_more),
		cmocka_unit_test(a_notification_says_what_since_when_and_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
