/* Events of a trigger while a run that it started goes on: they wait, make no run, end that run or run beside it. */
#include "core_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct core_house house;

static int begin(void **unused)
{
	(void)unused;
	core_house_init(&house, NULL);
	core_house_flow(&house, "[flow]\nname = books\non = nightly\n[step do]\nuse = connector:orders.list\n");
	house.tracing = true;
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	core_house_clear(&house);
	return 0;
}

static void fire_from(const char *trigger, hst_overlap overlap)
{
	struct core_event event = {.kind = CORE_FIRED, .trigger = trigger, .overlap = overlap, .payload = "{}", .payload_length = 2};

	core_house_event(&house, &event);
}

static void fire(hst_overlap overlap)
{
	fire_from("nightly", overlap);
}

/* Fails the test unless the history has a line with both parts since this was asked last. */
static void told(const char *what, const char *part)
{
	const char *at = house.trace.s ? strstr(house.trace.s, what) : NULL;

	if (!at || !strstr(at, part))
		fail_msg("nothing is told of \"%s\" with \"%s\": %s", what, part, house.trace.s);
	text_reset(&house.trace);
}

static void one_waits_and_the_next_makes_no_run(void **unused)
{
	(void)unused;
	fire(HST_OVERLAP_QUEUE);
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	fire(HST_OVERLAP_QUEUE);
	house_run_is(&house, 2, STATE_QUEUED, "EarlierRunUnfinished");
	fire(HST_OVERLAP_QUEUE);
	told("not_started", "\"flow\":\"books\",\"trigger\":\"nightly\",\"reason\":\"EarlierRunUnfinished\",\"text\":\"#2, which");
	assert_int_equal(core_counters(house.core)->run, 2);
	house_returned(&house, 1, STATE_FAILED, "ActionFailed", NULL);
	house_said(&house, "call 2 orders.list {}\n");
	house_run_is(&house, 2, STATE_RUNNING, NULL);
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{}");
	fire(HST_OVERLAP_QUEUE);
	house_run_is(&house, 3, STATE_RUNNING, NULL);
	house_returned(&house, 3, STATE_SUCCEEDED, NULL, "{}");
	house_is_empty(&house);
}

static void what_waits_waits_after_a_restart_too(void **unused)
{
	(void)unused;
	core_house_desktop_flow(&house, "enter", "bot1-a", NULL);
	core_house_flow(&house, "[flow]\nname = type\non = hourly\n[step do]\nuse = desktop:type\nconnection = bot1-a\nmode = unattended\n");
	fire_from("hourly", HST_OVERLAP_QUEUE);
	fire_from("hourly", HST_OVERLAP_QUEUE);
	house_run_is(&house, 2, STATE_QUEUED, "EarlierRunUnfinished");
	core_house_restart(&house);
	house_run_is(&house, 1, STATE_RUNNING, NULL);
	house_run_is(&house, 2, STATE_QUEUED, "EarlierRunUnfinished");
	fire_from("hourly", HST_OVERLAP_QUEUE);
	assert_int_equal(core_counters(house.core)->run, 2);
	house_steer(&house, CORE_CANCEL, 1);
	house_run_is(&house, 2, STATE_RUNNING, NULL);
	house_steer(&house, CORE_CANCEL, 2);
	house_is_empty(&house);
}

static void skipped_ones_make_no_run(void **unused)
{
	(void)unused;
	fire(HST_OVERLAP_SKIP);
	fire(HST_OVERLAP_SKIP);
	told("not_started", "#1, which it started before, goes on");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	fire(HST_OVERLAP_SKIP);
	house_run_is(&house, 2, STATE_RUNNING, NULL);
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{}");
	house_is_empty(&house);
}

static void the_one_before_is_ended_and_the_next_begins_behind_it(void **unused)
{
	(void)unused;
	fire(HST_OVERLAP_REPLACE);
	fire(HST_OVERLAP_REPLACE);
	told("cancel", "trigger:nightly");
	house_run_is(&house, 1, STATE_STOPPING, "Cancelled");
	house_run_is(&house, 2, STATE_QUEUED, "EarlierRunUnfinished");
	/* One that has not begun yet need not be waited for. */
	fire(HST_OVERLAP_REPLACE);
	house_run_is(&house, 2, STATE_CANCELLED, "Cancelled");
	assert_string_equal(house_run(&house, 2)->text, "replaced by the next event of nightly");
	house_run_is(&house, 3, STATE_QUEUED, "EarlierRunUnfinished");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, 3, STATE_RUNNING, NULL);
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{}");
	house_is_empty(&house);
}

static void all_of_them_run_where_that_is_said(void **unused)
{
	(void)unused;
	for (int i = 1; i <= 3; i++) {
		fire(HST_OVERLAP_ALLOW);
		house_run_is(&house, i, STATE_RUNNING, NULL);
	}
	for (int i = 1; i <= 3; i++)
		house_returned(&house, i, STATE_SUCCEEDED, NULL, "{}");
	house_is_empty(&house);
}

/* Each flow is looked at by itself, and only what the same trigger started counts. */
static void others_are_in_nobodys_way(void **unused)
{
	(void)unused;
	core_house_flow(&house, "[flow]\nname = post\non = nightly\n[step do]\nuse = connector:post.send\n");
	house_fire(&house, "books");
	fire(HST_OVERLAP_SKIP);
	house_run_is(&house, 2, STATE_RUNNING, NULL);
	house_run_is(&house, 3, STATE_RUNNING, NULL);
	house_returned(&house, 3, STATE_SUCCEEDED, NULL, "{}");
	fire(HST_OVERLAP_SKIP);
	told("not_started", "\"flow\":\"books\"");
	house_run_is(&house, 4, STATE_RUNNING, NULL);
	assert_string_equal(house_run(&house, 4)->trigger, "nightly");
	for (int i = 1; i <= 4; i++)
		if (i != 3)
			house_returned(&house, i, STATE_SUCCEEDED, NULL, "{}");
	house_is_empty(&house);
}

/* A flow's concurrency counts all of its runs, and what waits for another reason holds up nobody behind it. */
static void it_holds_beside_the_concurrency_of_the_flow(void **unused)
{
	(void)unused;
	core_house_flow(&house, "[flow]\nname = two\non = hourly\nconcurrency = 2\n[step do]\nuse = connector:orders.list\n");
	fire_from("hourly", HST_OVERLAP_QUEUE);
	fire_from("hourly", HST_OVERLAP_QUEUE);
	house_run_is(&house, 2, STATE_QUEUED, "EarlierRunUnfinished");
	house_fire(&house, "two");
	house_run_is(&house, 3, STATE_RUNNING, NULL);
	house_fire(&house, "two");
	house_run_is(&house, 4, STATE_QUEUED, "FlowConcurrency");
	house_returned(&house, 1, STATE_SUCCEEDED, NULL, "{}");
	house_run_is(&house, 2, STATE_RUNNING, NULL);
	house_run_is(&house, 4, STATE_QUEUED, "FlowConcurrency");
	house_returned(&house, 2, STATE_SUCCEEDED, NULL, "{}");
	house_returned(&house, 3, STATE_SUCCEEDED, NULL, "{}");
	house_returned(&house, 4, STATE_SUCCEEDED, NULL, "{}");
	house_is_empty(&house);
}

static void what_is_passed_over_is_told(void **unused)
{
	struct core_event event = {.kind = CORE_PASSED, .trigger = "nightly", .reason = "SlotMissed", .text = "5 missed times"};

	(void)unused;
	core_house_event(&house, &event);
	told("not_started", "{\"trigger\":\"nightly\",\"reason\":\"SlotMissed\",\"text\":\"5 missed times\"}");
	house_is_empty(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_waits_and_the_next_makes_no_run, begin, end),
		cmocka_unit_test_setup_teardown(what_waits_waits_after_a_restart_too, begin, end),
		cmocka_unit_test_setup_teardown(skipped_ones_make_no_run, begin, end),
		cmocka_unit_test_setup_teardown(the_one_before_is_ended_and_the_next_begins_behind_it, begin, end),
		cmocka_unit_test_setup_teardown(all_of_them_run_where_that_is_said, begin, end),
		cmocka_unit_test_setup_teardown(others_are_in_nobodys_way, begin, end),
		cmocka_unit_test_setup_teardown(it_holds_beside_the_concurrency_of_the_flow, begin, end),
		cmocka_unit_test_setup_teardown(what_is_passed_over_is_told, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
