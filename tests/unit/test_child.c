#include "supervise/child.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SECOND_US = 1000000, STOP_MS = 10000 };

/* A child whose world is this record of what it asked for. */
struct stage {
	struct child child;
	bool can_launch;
	int launches, signals, last_signal, drains, changes;
	int64_t timer_ms; /* 0: none */
	int64_t now_us;
};

static bool stage_launch(struct child *child)
{
	struct stage *stage = (struct stage *)child;

	stage->launches++;
	return stage->can_launch;
}

static void stage_signal(struct child *child, int signal)
{
	struct stage *stage = (struct stage *)child;

	stage->signals++;
	stage->last_signal = signal;
}

static void stage_drain(struct child *child)
{
	((struct stage *)child)->drains++;
}

static void stage_timer(struct child *child, int64_t ms)
{
	((struct stage *)child)->timer_ms = ms;
}

static void stage_changed(struct child *child, enum child_state before)
{
	assert_int_not_equal(child->state, before);
	((struct stage *)child)->changes++;
}

static const struct child_role role = {stage_launch, stage_signal, stage_drain, stage_timer, stage_changed};

static void stage_init(struct stage *stage)
{
	memset(stage, 0, sizeof *stage);
	stage->can_launch = true;
	stage->now_us = 1000 * (int64_t)SECOND_US;
	child_init(&stage->child, "worker/trigger/start", &role, STOP_MS, 42);
}

static void happens(struct stage *stage, enum child_event event)
{
	child_event(&stage->child, event, stage->now_us);
}

/* Brings a fresh child into a state by the shortest way. */
static void bring_to(struct stage *stage, enum child_state state)
{
	stage_init(stage);
	if (state == CHILD_STOPPED)
		return;
	happens(stage, CHILD_START);
	if (state == CHILD_READY || state == CHILD_DRAINING)
		happens(stage, CHILD_SAID_READY);
	if (state == CHILD_DRAINING)
		happens(stage, CHILD_DRAIN);
	if (state == CHILD_BACKOFF)
		happens(stage, CHILD_EXIT);
	if (state == CHILD_STOPPING)
		happens(stage, CHILD_STOP);
	if (state == CHILD_DEGRADED) {
		happens(stage, CHILD_SAID_BAD);
		happens(stage, CHILD_EXIT);
	}
	assert_int_equal(stage->child.state, state);
}

static void every_cell_of_the_table_leads_where_it_should(void **state)
{
	static const enum child_state expected[CHILD_STATES][CHILD_EVENTS] = {
		/* START, SAID_READY, SAID_BAD, EXIT, TIMER, DRAIN, STOP */
		[CHILD_STOPPED] = {CHILD_STARTING, CHILD_STOPPED, CHILD_STOPPED, CHILD_STOPPED, CHILD_STOPPED, CHILD_STOPPED,
				   CHILD_STOPPED},
		[CHILD_STARTING] = {CHILD_STARTING, CHILD_READY, CHILD_DEGRADED, CHILD_BACKOFF, CHILD_STARTING,
				    CHILD_STOPPING, CHILD_STOPPING},
		[CHILD_READY] = {CHILD_READY, CHILD_READY, CHILD_DEGRADED, CHILD_BACKOFF, CHILD_READY, CHILD_DRAINING,
				 CHILD_STOPPING},
		[CHILD_BACKOFF] = {CHILD_BACKOFF, CHILD_BACKOFF, CHILD_BACKOFF, CHILD_BACKOFF, CHILD_STARTING, CHILD_STOPPED,
				   CHILD_STOPPED},
		[CHILD_DRAINING] = {CHILD_DRAINING, CHILD_DRAINING, CHILD_DRAINING, CHILD_STOPPED, CHILD_DRAINING,
				    CHILD_DRAINING, CHILD_STOPPING},
		[CHILD_STOPPING] = {CHILD_STOPPING, CHILD_STOPPING, CHILD_STOPPING, CHILD_STOPPED, CHILD_STOPPING,
				    CHILD_STOPPING, CHILD_STOPPING},
		[CHILD_DEGRADED] = {CHILD_STARTING, CHILD_DEGRADED, CHILD_DEGRADED, CHILD_DEGRADED, CHILD_DEGRADED,
				    CHILD_STOPPED, CHILD_STOPPED},
	};

	(void)state;
	for (int from = 0; from < CHILD_STATES; from++)
		for (int event = 0; event < CHILD_EVENTS; event++) {
			struct stage stage;

			bring_to(&stage, (enum child_state)from);
			happens(&stage, (enum child_event)event);
			if (stage.child.state != expected[from][event])
				fail_msg("%s, event %d: %s, expected %s", child_state_name((enum child_state)from), event,
					 child_state_name(stage.child.state), child_state_name(expected[from][event]));
		}
}

static void a_child_that_dies_is_launched_again_after_about_a_second(void **state)
{
	struct stage stage;

	(void)state;
	bring_to(&stage, CHILD_READY);
	happens(&stage, CHILD_EXIT);
	assert_int_equal(stage.child.state, CHILD_BACKOFF);
	assert_in_range(stage.timer_ms, 800, 1200);
	assert_int_equal(stage.launches, 1);
	happens(&stage, CHILD_TIMER);
	assert_int_equal(stage.launches, 2);
	assert_int_equal(stage.child.state, CHILD_STARTING);
}

static void a_child_that_drains_has_its_time_until_it_is_told_to_stop(void **state)
{
	struct stage stage;

	(void)state;
	bring_to(&stage, CHILD_DRAINING);
	assert_int_equal(stage.drains, 1);
	assert_int_equal(stage.signals, 0);
	assert_int_equal(stage.timer_ms, 0);
	happens(&stage, CHILD_STOP);
	assert_int_equal(stage.last_signal, SIGTERM);
	assert_int_equal(stage.timer_ms, STOP_MS);
	happens(&stage, CHILD_EXIT);
	assert_int_equal(stage.child.state, CHILD_STOPPED);
	assert_int_equal(stage.launches, 1);
}

static void pauses_double_up_to_a_minute(void **state)
{
	static const int64_t expected_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	struct stage stage;

	(void)state;
	bring_to(&stage, CHILD_STARTING);
	for (size_t i = 0; i < sizeof expected_ms / sizeof expected_ms[0]; i++) {
		/* Four minutes apart, so that never five deaths fall within ten. */
		stage.now_us += 240 * (int64_t)SECOND_US;
		happens(&stage, CHILD_EXIT);
		assert_in_range(stage.timer_ms, expected_ms[i] * 4 / 5, expected_ms[i] * 6 / 5);
		happens(&stage, CHILD_TIMER);
	}
}

static void jitter_keeps_children_apart(void **state)
{
	struct stage one, other;

	(void)state;
	bring_to(&one, CHILD_STARTING);
	bring_to(&other, CHILD_STARTING);
	other.child.draw = 4711;
	happens(&one, CHILD_EXIT);
	happens(&other, CHILD_EXIT);
	assert_int_not_equal(one.timer_ms, other.timer_ms);
}

static void a_minute_of_work_makes_the_next_pause_short_again(void **state)
{
	struct stage stage;

	(void)state;
	bring_to(&stage, CHILD_STARTING);
	for (int i = 0; i < 3; i++) {
		happens(&stage, CHILD_EXIT);
		happens(&stage, CHILD_TIMER);
	}
	happens(&stage, CHILD_SAID_READY);
	stage.now_us += 61 * (int64_t)SECOND_US;
	happens(&stage, CHILD_EXIT);
	assert_in_range(stage.timer_ms, 800, 1200);
}

static void five_deaths_within_ten_minutes_degrade(void **state)
{
	struct stage stage;

	(void)state;
	bring_to(&stage, CHILD_STARTING);
	for (int i = 0; i < 4; i++) {
		happens(&stage, CHILD_EXIT);
		assert_int_equal(stage.child.state, CHILD_BACKOFF);
		happens(&stage, CHILD_TIMER);
		stage.now_us += 149 * (int64_t)SECOND_US;
	}
	happens(&stage, CHILD_EXIT);
	assert_int_equal(stage.child.state, CHILD_DEGRADED);
	assert_int_equal(stage.timer_ms, 0);
	assert_int_equal(stage.launches, 5);
}

static void five_deaths_over_a_longer_time_do_not(void **state)
{
	struct stage stage;

	(void)state;
	bring_to(&stage, CHILD_STARTING);
	for (int i = 0; i < 20; i++) {
		happens(&stage, CHILD_EXIT);
		assert_int_equal(stage.child.state, CHILD_BACKOFF);
		happens(&stage, CHILD_TIMER);
		stage.now_us += 151 * (int64_t)SECOND_US;
	}
}

static void a_start_by_hand_forgets_earlier_deaths(void **state)
{
	struct stage stage;

	(void)state;
	bring_to(&stage, CHILD_STARTING);
	for (int i = 0; i < 5; i++) {
		happens(&stage, CHILD_EXIT);
		happens(&stage, CHILD_TIMER);
	}
	assert_int_equal(stage.child.state, CHILD_DEGRADED);
	happens(&stage, CHILD_START);
	happens(&stage, CHILD_EXIT);
	assert_int_equal(stage.child.state, CHILD_BACKOFF);
	assert_in_range(stage.timer_ms, 800, 1200);
}

static void a_launch_that_fails_counts_as_a_death(void **state)
{
	struct stage stage;

	(void)state;
	stage_init(&stage);
	stage.can_launch = false;
	happens(&stage, CHILD_START);
	assert_int_equal(stage.child.state, CHILD_BACKOFF);
	for (int i = 0; i < 4; i++)
		happens(&stage, CHILD_TIMER);
	assert_int_equal(stage.child.state, CHILD_DEGRADED);
	assert_false(stage.child.alive);
}

static void a_misconfigured_child_is_ended_and_left_alone(void **state)
{
	struct stage stage;

	(void)state;
	bring_to(&stage, CHILD_STARTING);
	happens(&stage, CHILD_SAID_BAD);
	assert_int_equal(stage.child.state, CHILD_DEGRADED);
	assert_int_equal(stage.last_signal, SIGTERM);
	assert_int_equal(stage.timer_ms, STOP_MS);
	happens(&stage, CHILD_TIMER);
	assert_int_equal(stage.last_signal, SIGKILL);
	happens(&stage, CHILD_EXIT);
	assert_int_equal(stage.child.state, CHILD_DEGRADED);
	assert_int_equal(stage.timer_ms, 0);
	assert_int_equal(stage.launches, 1);
}

static void a_child_that_does_not_stop_is_killed(void **state)
{
	struct stage stage;

	(void)state;
	bring_to(&stage, CHILD_READY);
	happens(&stage, CHILD_STOP);
	assert_int_equal(stage.last_signal, SIGTERM);
	assert_int_equal(stage.timer_ms, STOP_MS);
	happens(&stage, CHILD_TIMER);
	assert_int_equal(stage.last_signal, SIGKILL);
	happens(&stage, CHILD_EXIT);
	assert_int_equal(stage.child.state, CHILD_STOPPED);
	assert_int_equal(stage.timer_ms, 0);
}

static void nothing_is_signalled_that_is_not_there(void **state)
{
	static const enum child_state dead[] = {CHILD_STOPPED, CHILD_BACKOFF, CHILD_DEGRADED};

	(void)state;
	for (size_t i = 0; i < sizeof dead / sizeof dead[0]; i++) {
		struct stage stage;

		bring_to(&stage, dead[i]);
		stage.signals = 0;
		happens(&stage, CHILD_STOP);
		happens(&stage, CHILD_TIMER);
		assert_int_equal(stage.signals, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_of_the_table_leads_where_it_should),
		cmocka_unit_test(a_child_that_dies_is_launched_again_after_about_a_second),
		cmocka_unit_test(a_child_that_drains_has_its_time_until_it_is_told_to_stop),
		cmocka_unit_test(pauses_double_up_to_a_minute),
		cmocka_unit_test(jitter_keeps_children_apart),
		cmocka_unit_test(a_minute_of_work_makes_the_next_pause_short_again),
		cmocka_unit_test(five_deaths_within_ten_minutes_degrade),
		cmocka_unit_test(five_deaths_over_a_longer_time_do_not),
		cmocka_unit_test(a_start_by_hand_forgets_earlier_deaths),
		cmocka_unit_test(a_launch_that_fails_counts_as_a_death),
		cmocka_unit_test(a_misconfigured_child_is_ended_and_left_alone),
		cmocka_unit_test(a_child_that_does_not_stop_is_killed),
		cmocka_unit_test(nothing_is_signalled_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
