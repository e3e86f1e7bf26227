/* Runs that are stopped, paused or cancelled, and what becomes of their processes. */
#include "flowrun_house.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "desktop/program.h"
#include "os/files.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const char one_output[] =
	"[input order]\ntype = text\n[output total]\ntype = integer\nrequired = yes\n";

static void a_run_that_hangs_is_timed_out_and_killed(void **state)
{
	struct house *house = *state;

	house->spec.timeout_ms = 200;
	house->spec.grace_ms = 240;
	house->role.screenshot = house_screenshot;
	house_run(house, "", "trap 'echo told' TERM\nwhile :; do sleep 0.02; done\n", NULL);
	house_assert_end(house, FLOWRUN_TIMED_OUT, "DesktopFlowsActionTimeout", "200ms");
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_non_null(strstr(log, "told"));
	/* Of what it hung at. */
	assert_true(house_has_result(house, "screenshots/error.png"));
	AUTO_FREE char *control = mem_printf("%s/control", house->work);
	AUTO_FREE char *word = NULL;
	assert_int_equal(files_read(control, 32, &word, NULL, NULL), HST_OK);
	assert_string_equal(word, "stop\n");
}

static void a_run_that_obeys_at_its_time_out_is_timed_out_all_the_same(void **state)
{
	struct house *house = *state;
	int64_t began = clock_steady_us();

	house->spec.timeout_ms = 150;
	house_run(house, "", "while ! grep -q stop $HOSTLER_CONTROL; do sleep 0.02; done\n", NULL);
	house_assert_end(house, FLOWRUN_TIMED_OUT, "DesktopFlowsActionTimeout", "");
	/* Long before the grace of 30 s. */
	assert_true(clock_steady_us() - began < 20 * 1000000);
}

/* A screen that does not answer: the driver gives up after its time. */
static bool stuck_screenshot(void *arg, const char *path)
{
	const struct timespec time = {.tv_sec = FLOW_SCREENSHOT_MS / 1000};

	(void)path;
	((struct house *)arg)->pictures++;
	nanosleep(&time, NULL);
	return false;
}

static void a_time_out_gets_through_to_a_run_whose_screen_does_not_answer(void **state)
{
	struct house *house = *state;
	int64_t began = clock_steady_us();

	house->role.screenshot = stuck_screenshot;
	house->spec.timeout_ms = 1000;
	house->spec.grace_ms = 240;
	house_run(house, "screenshots = steps\n",
		  "while :; do echo '{\"event\":\"progress\",\"action\":\"a\"}' > $HOSTLER_EVENTS\n"
		  "echo '{\"event\":\"error\",\"message\":\"b\"}' > $HOSTLER_EVENTS; sleep 0.02; done\n",
		  NULL);
	house_assert_end(house, FLOWRUN_TIMED_OUT, "DesktopFlowsActionTimeout", "1s");
	assert_int_equal(house->pictures, 1);
	assert_true(clock_steady_us() - began < 15 * 1000000);
}

static void a_run_whose_end_is_seen_after_its_time_is_timed_out(void **state)
{
	struct house *house = *state;

	house->role.screenshot = stuck_screenshot;
	house->spec.timeout_ms = 1000;
	house_run(house, "screenshots = steps\n",
		  "echo '{\"event\":\"progress\",\"action\":\"a\"}' > $HOSTLER_EVENTS\nsleep 0.2\n", NULL);
	house_assert_end(house, FLOWRUN_TIMED_OUT, "DesktopFlowsActionTimeout", "1s");
	assert_int_equal(house->pictures, 1);
}

static void what_holds_the_pipes_does_not_hold_the_run(void **state)
{
	struct house *house = *state;
	int64_t began = clock_steady_us();

	house_run(house, "", "sleep 1000 &\necho $! > out/pid\n", NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_true(clock_steady_us() - began < 20 * 1000000);
	AUTO_FREE char *pid = house_result(house, "out/pid", NULL);
	assert_true(strlen(pid) > 1);
	assert_false(house_is_alive(pid));
}

static void what_left_the_group_is_ended_too(void **state)
{
	struct house *house = *state;

	house_run(house, "",
		  "setsid sh -c 'echo $$ > out/pid.new; mv out/pid.new out/pid; sleep 1000; true' </dev/null "
		  ">/dev/null 2>&1 &\n"
		  "while ! test -f out/pid; do sleep 0.02; done\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	AUTO_FREE char *pid = house_result(house, "out/pid", NULL);
	assert_true(strlen(pid) > 1);
	assert_false(house_is_alive(pid));
}

static void pause_only(struct house *house)
{
	if (strcmp(house->action, "begin") == 0)
		flowrun_steer(house->run, FLOWRUN_PAUSE);
}

static void a_paused_run_waits_and_goes_on(void **state)
{
	struct house *house = *state;

	house->on_progress = pause_only;
	house->role.paused = house_paused;
	house->resume_at_once = true;
	house_run(house, "",
		  "echo '{\"event\":\"progress\",\"action\":\"begin\"}' > $HOSTLER_EVENTS\n"
		  "while ! grep -q pause $HOSTLER_CONTROL; do sleep 0.02; done\n"
		  "hostler-event checkpoint || exit 9\n"
		  "grep -q run $HOSTLER_CONTROL || exit 8\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_string_equal(house->pauses, "paused runs ");
}

/* The word came when the flow had said that it was at a checkpoint and had not looked yet: it says so again. */
static void a_pause_that_comes_within_a_checkpoint_is_known(void **state)
{
	struct house *house = *state;

	house->on_progress = pause_only;
	house->role.paused = house_paused;
	house->resume_at_once = true;
	house_run(house, "",
		  "echo '{\"event\":\"checkpoint\"}' > $HOSTLER_EVENTS\n"
		  "echo '{\"event\":\"progress\",\"action\":\"begin\"}' > $HOSTLER_EVENTS\n"
		  "while ! grep -q pause $HOSTLER_CONTROL; do sleep 0.02; done\n"
		  "echo '{\"event\":\"checkpoint\"}' > $HOSTLER_EVENTS\n"
		  "while ! grep -q run $HOSTLER_CONTROL; do sleep 0.02; done\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_string_equal(house->pauses, "paused runs ");
}

/* From the checkpoint on, so a flow that takes longer than its time-out is not ended. */
static void the_clock_of_a_paused_run_stands_still(void **state)
{
	struct house *house = *state;

	house->on_progress = pause_only;
	house->role.paused = house_paused;
	house->spec.timeout_ms = 1500;
	house_run(house, "",
		  "echo '{\"event\":\"progress\",\"action\":\"begin\"}' > $HOSTLER_EVENTS\n"
		  "while ! grep -q pause $HOSTLER_CONTROL; do sleep 0.02; done\n"
		  "echo '{\"event\":\"checkpoint\"}' > $HOSTLER_EVENTS\nsleep 2\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_string_equal(house->pauses, "paused ");
}

/* It cannot be paused, and gains no time by being asked. */
static void a_flow_without_checkpoints_runs_into_its_time_out(void **state)
{
	struct house *house = *state;

	house->on_progress = pause_only;
	house->role.paused = house_paused;
	house->spec.timeout_ms = 300;
	house->spec.grace_ms = 240;
	house_run(house, "",
		  "echo '{\"event\":\"checkpoint\"}' > $HOSTLER_EVENTS\n"
		  "echo '{\"event\":\"progress\",\"action\":\"begin\"}' > $HOSTLER_EVENTS\n"
		  "while :; do sleep 0.02; done\n",
		  NULL);
	house_assert_end(house, FLOWRUN_TIMED_OUT, "DesktopFlowsActionTimeout", "300ms");
	assert_string_equal(house->pauses, "");
}

static void safe_stop(struct house *house)
{
	flowrun_steer(house->run, FLOWRUN_SAFE_STOP);
}

static void a_safe_stop_is_honoured_at_a_checkpoint(void **state)
{
	struct house *house = *state;

	house->on_progress = safe_stop;
	house_run(house, one_output,
		  "hostler-event progress Main begin\n"
		  "while hostler-event checkpoint; do sleep 0.02; done\necho stopped at $?\nexit 10\n",
		  NULL);
	house_assert_end(house, FLOWRUN_STOPPED, "Cancelled", "told to stop");
}

static void a_flow_that_was_done_before_it_saw_the_stop_succeeded(void **state)
{
	struct house *house = *state;

	house->on_progress = safe_stop;
	house_run(house, "",
		  "echo '{\"event\":\"progress\",\"action\":\"begin\"}' > $HOSTLER_EVENTS\n"
		  "while ! grep -q stop $HOSTLER_CONTROL; do sleep 0.02; done\nexit 0\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
}

static void cancel_run(struct house *house)
{
	flowrun_steer(house->run, FLOWRUN_CANCEL);
	flowrun_steer(house->run, FLOWRUN_CANCEL);
}

static void a_cancelled_run_is_told_and_then_killed(void **state)
{
	struct house *house = *state;

	house->on_progress = cancel_run;
	house->spec.cancel_ms = 300;
	house_run(house, "",
		  "trap 'echo told' TERM\n"
		  "echo '{\"event\":\"progress\",\"action\":\"begin\"}' > $HOSTLER_EVENTS\n"
		  "while :; do sleep 0.02; done\n",
		  NULL);
	house_assert_end(house, FLOWRUN_STOPPED, "Cancelled", "cancelled");
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_non_null(strstr(log, "told"));
}

static void a_run_given_up_half_way_leaves_nothing_running(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *file = mem_printf("%s/flow/out/pid", house->work);
	AUTO_FREE char *pid = NULL;

	house_start(house, "",
		    "echo $$ > out/pid.new; mv out/pid.new out/pid\n"
		    "echo '{\"event\":\"progress\",\"action\":\"begin\"}' > $HOSTLER_EVENTS\nsleep 1000\n",
		    NULL);
	while (!house->progress)
		loop_turn(house->loop, -1);
	flowrun_free(house->run);
	house->run = NULL;
	assert_int_equal(files_read(file, 64, &pid, NULL, NULL), HST_OK);
	assert_false(house_is_alive(pid));
	assert_false(house->over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_CASE(a_run_that_hangs_is_timed_out_and_killed),
		HOUSE_CASE(a_run_that_obeys_at_its_time_out_is_timed_out_all_the_same),
		HOUSE_CASE(a_time_out_gets_through_to_a_run_whose_screen_does_not_answer),
		HOUSE_CASE(a_run_whose_end_is_seen_after_its_time_is_timed_out),
		HOUSE_CASE(what_holds_the_pipes_does_not_hold_the_run),
		HOUSE_CASE(what_left_the_group_is_ended_too),
		HOUSE_CASE(a_paused_run_waits_and_goes_on),
		HOUSE_CASE(a_pause_that_comes_within_a_checkpoint_is_known),
		HOUSE_CASE(the_clock_of_a_paused_run_stands_still),
		HOUSE_CASE(a_flow_without_checkpoints_runs_into_its_time_out),
		HOUSE_CASE(a_safe_stop_is_honoured_at_a_checkpoint),
		HOUSE_CASE(a_flow_that_was_done_before_it_saw_the_stop_succeeded),
		HOUSE_CASE(a_cancelled_run_is_told_and_then_killed),
		HOUSE_CASE(a_run_given_up_half_way_leaves_nothing_running),
	};
	int failed;

	house_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	house_close();
	return failed;
}
