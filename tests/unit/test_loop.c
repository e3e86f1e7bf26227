#include "base/auto.h"
#include "base/clock.h"
#include "loop/loop.h"
#include "loop/zmq.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

/* What callbacks have done, one letter each, in order. */
static char trace[64];

static void traced(char what)
{
	size_t length = strlen(trace);

	assert_true(length + 1 < sizeof trace);
	trace[length] = what;
	trace[length + 1] = '\0';
}

enum { PIPES = 3 };

/* Every test gets a loop and three pipes; those about descriptors run with both waiters. */
struct fixture {
	struct loop *loop;
	int in[PIPES], out[PIPES]; /* reading ends; writing ends */
	struct loop_timer *timer;
	void *context, *idle; /* with a socket, even a silent one, it is zmq_poll that waits */
};

static struct fixture fixture;

static int set_up(loop_waiter wait)
{
	trace[0] = '\0';
	fixture = (struct fixture){.loop = loop_new(wait)};
	for (int i = 0; i < PIPES; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
			return -1;
		fixture.in[i] = ends[0];
		fixture.out[i] = ends[1];
	}
	return 0;
}

static int set_up_poll(void **state)
{
	(void)state;
	return set_up(loop_wait_poll);
}

static void on_no_news(void *arg, void *socket)
{
	(void)arg;
	(void)socket;
	traced('?');
}

static int set_up_zmq(void **state)
{
	(void)state;
	if (set_up(loop_wait_zmq) < 0)
		return -1;
	fixture.context = zmq_ctx_new();
	fixture.idle = zmq_socket(fixture.context, ZMQ_PAIR);
	loop_socket(fixture.loop, fixture.idle, on_no_news, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(fixture.loop);
	if (fixture.context) {
		zmq_close(fixture.idle);
		zmq_ctx_term(fixture.context);
	}
	for (int i = 0; i < PIPES; i++) {
		auto_close(&fixture.in[i]);
		auto_close(&fixture.out[i]);
	}
	clock_replace(NULL);
	return 0;
}

static void on_read(void *arg, int fd, short ready)
{
	char c;

	(void)arg;
	if (ready & POLLIN)
		traced(read(fd, &c, 1) == 1 ? c : '0');
	else if (ready & POLLHUP)
		traced('!');
}

static void watched_descriptor_is_called_when_ready(void **state)
{
	(void)state;
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read, NULL);
	loop_turn(fixture.loop, 0);
	assert_string_equal(trace, "");
	assert_int_equal(write(fixture.out[0], "ab", 2), 2);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "a");
	/* Level-triggered: what is left is told again. */
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "ab");
}

static void hang_up_is_told(void **state)
{
	(void)state;
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read, NULL);
	close(take_fd(&fixture.out[0]));
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "!");
}

static void forgotten_descriptor_is_not_called(void **state)
{
	(void)state;
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read, NULL);
	loop_fd(fixture.loop, fixture.in[1], POLLIN, on_read, NULL);
	loop_fd(fixture.loop, fixture.in[0], 0, NULL, NULL);
	assert_int_equal(write(fixture.out[0], "a", 1), 1);
	assert_int_equal(write(fixture.out[1], "b", 1), 1);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "b");
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read, NULL);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "ba");
}

static void on_write(void *arg, int fd, short ready)
{
	(void)arg;
	(void)fd;
	assert_int_equal(ready, POLLOUT);
	traced('w');
}

static void watching_again_changes_events_and_callback(void **state)
{
	(void)state;
	loop_fd(fixture.loop, fixture.out[0], POLLOUT, on_read, NULL);
	loop_fd(fixture.loop, fixture.out[0], POLLOUT, on_write, NULL);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "w");
}

/* Forgets both, whichever is called first. */
static void on_read_forget_all(void *arg, int fd, short ready)
{
	on_read(arg, fd, ready);
	loop_fd(fixture.loop, fixture.in[0], 0, NULL, NULL);
	loop_fd(fixture.loop, fixture.in[1], 0, NULL, NULL);
}

static void what_a_callback_forgets_is_not_called_any_more(void **state)
{
	(void)state;
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read_forget_all, NULL);
	loop_fd(fixture.loop, fixture.in[1], POLLIN, on_read_forget_all, NULL);
	assert_int_equal(write(fixture.out[0], "a", 1), 1);
	assert_int_equal(write(fixture.out[1], "b", 1), 1);
	loop_turn(fixture.loop, -1);
	loop_turn(fixture.loop, 0);
	assert_string_equal(trace, "a");
}

/* Replaces a descriptor by another of the same number, as a reconnecting link does. */
static void on_read_replace(void *arg, int fd, short ready)
{
	on_read(arg, fd, ready);
	loop_fd(fixture.loop, fixture.in[1], 0, NULL, NULL);
	close(fixture.in[1]);
	assert_int_equal(dup3(fixture.in[0], fixture.in[1], O_CLOEXEC), fixture.in[1]);
	loop_fd(fixture.loop, fixture.in[1], POLLIN, on_read, NULL);
}

static void new_descriptor_does_not_get_the_old_ones_news(void **state)
{
	(void)state;
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read_replace, NULL);
	loop_fd(fixture.loop, fixture.in[1], POLLIN, on_read, NULL);
	assert_int_equal(write(fixture.out[0], "a", 1), 1);
	assert_int_equal(write(fixture.out[1], "b", 1), 1);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "a");
	assert_int_equal(write(fixture.out[0], "c", 1), 1);
	loop_fd(fixture.loop, fixture.in[0], 0, NULL, NULL);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "ac");
}

static void on_read_watch_more(void *arg, int fd, short ready)
{
	static int more[100];

	on_read(arg, fd, ready);
	loop_fd(fixture.loop, fd, 0, NULL, NULL);
	for (int i = 0; i < 100; i++) {
		more[i] = fcntl(fixture.in[1], F_DUPFD_CLOEXEC, 3);
		loop_fd(fixture.loop, more[i], POLLIN, on_read, NULL);
	}
	for (int i = 0; i < 99; i++) {
		loop_fd(fixture.loop, more[i], 0, NULL, NULL);
		close(more[i]);
	}
	*(int *)arg = more[99];
}

static void many_may_come_and_go_in_a_callback(void **state)
{
	int last = -1;

	(void)state;
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read_watch_more, &last);
	assert_int_equal(write(fixture.out[0], "a", 1), 1);
	loop_turn(fixture.loop, -1);
	assert_int_equal(write(fixture.out[1], "b", 1), 1);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "ab");
	loop_fd(fixture.loop, last, 0, NULL, NULL);
	close(last);
}

static void on_read_turn(void *arg, int fd, short ready)
{
	on_read(arg, fd, ready);
	loop_turn(fixture.loop, 0);
	traced('.');
}

static void turn_within_a_turn_serves_each_thing_once(void **state)
{
	(void)state;
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read_turn, NULL);
	loop_fd(fixture.loop, fixture.in[1], POLLIN, on_read, NULL);
	assert_int_equal(write(fixture.out[0], "a", 1), 1);
	assert_int_equal(write(fixture.out[1], "b", 1), 1);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "ab.");
}

static void on_read_forget_turn(void *arg, int fd, short ready)
{
	loop_fd(fixture.loop, fd, 0, NULL, NULL);
	on_read_turn(arg, fd, ready);
}

static void turn_within_a_turn_may_follow_a_forgetting(void **state)
{
	(void)state;
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read_forget_turn, NULL);
	loop_fd(fixture.loop, fixture.in[1], POLLIN, on_read, NULL);
	loop_fd(fixture.loop, fixture.in[2], POLLIN, on_read, NULL);
	assert_int_equal(write(fixture.out[0], "a", 1), 1);
	assert_int_equal(write(fixture.out[1], "b", 1), 1);
	assert_int_equal(write(fixture.out[2], "c", 1), 1);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "abc.");
}

/* Timers run on a clock that only the waiter moves: it passes the time it was asked to wait. */
static int64_t set_us;

static int64_t set_clock(void)
{
	return set_us;
}

static int wait_by_setting(struct loop_item *items, size_t n, int64_t timeout_ms)
{
	(void)items;
	(void)n;
	/* With nothing to wait for a test would hang here. */
	assert_true(timeout_ms >= 0);
	set_us += timeout_ms * 1000;
	return 0;
}

static int set_up_clock(void **state)
{
	static const struct clock_source source = {set_clock, set_clock};

	(void)state;
	set_us = 1000000;
	clock_replace(&source);
	return set_up(wait_by_setting);
}

static void on_time(void *arg)
{
	traced(*(const char *)arg);
}

static void timers_are_called_in_their_order(void **state)
{
	(void)state;
	loop_in(fixture.loop, 30, on_time, "c");
	loop_in(fixture.loop, 10, on_time, "a");
	loop_in(fixture.loop, 20, on_time, "b");
	loop_in(fixture.loop, 20, on_time, "B");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "a");
	assert_int_equal(set_us, 1010000);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "abB");
	loop_turn(fixture.loop, 5);
	assert_string_equal(trace, "abB");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "abBc");
	assert_int_equal(set_us, 1030000);
}

static void wait_is_rounded_up_to_the_timer(void **state)
{
	(void)state;
	loop_at(fixture.loop, set_us + 1, on_time, "a");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "a");
}

static void far_timer_is_waited_for_in_parts(void **state)
{
	(void)state;
	loop_in(fixture.loop, 3600 * 1000, on_time, "a");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "");
	assert_true(set_us <= 1000000 + 10 * 1000000);
	/* The machine was suspended: the clock has run on. */
	set_us += INT64_C(3600) * 1000000;
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "a");
}

static void cancelled_timer_is_not_called(void **state)
{
	struct loop_timer *timer = loop_in(fixture.loop, 1, on_time, "a");

	(void)state;
	loop_in(fixture.loop, 2, on_time, "b");
	loop_cancel(fixture.loop, &timer);
	assert_null(timer);
	loop_cancel(fixture.loop, &timer);
	loop_turn(fixture.loop, -1);
	loop_turn(fixture.loop, 5);
	assert_string_equal(trace, "b");
}

static void on_time_cancel(void *arg)
{
	on_time(arg);
	loop_cancel(fixture.loop, &fixture.timer);
}

static void timer_may_cancel_itself_or_another(void **state)
{
	(void)state;
	fixture.timer = loop_in(fixture.loop, 1, on_time_cancel, "a");
	loop_turn(fixture.loop, -1);
	assert_null(fixture.timer);
	loop_in(fixture.loop, 1, on_time_cancel, "b");
	fixture.timer = loop_in(fixture.loop, 1, on_time, "c");
	loop_turn(fixture.loop, -1);
	loop_turn(fixture.loop, 5);
	assert_string_equal(trace, "ab");
}

static void on_time_again(void *arg)
{
	on_time(arg);
	loop_at(fixture.loop, 0, on_time_again, arg);
}

static void timer_made_again_and_again_keeps_nobody_waiting(void **state)
{
	(void)state;
	loop_in(fixture.loop, 1, on_time_again, "a");
	loop_turn(fixture.loop, -1);
	loop_in(fixture.loop, 0, on_time, "b");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "aab");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "aaba");
}

static void endless_time_is_no_time(void **state)
{
	(void)state;
	loop_in(fixture.loop, INT64_MAX, on_time, "a");
	loop_at(fixture.loop, INT64_MAX, on_time, "b");
	loop_turn(fixture.loop, 100);
	assert_string_equal(trace, "");
	loop_at(fixture.loop, INT64_MIN, on_time, "c");
	loop_in(fixture.loop, INT64_MIN, on_time, "d");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "cd");
}

static void on_after(void *arg)
{
	traced(*(const char *)arg);
}

static void after_comes_last_in_every_turn(void **state)
{
	(void)state;
	loop_after(fixture.loop, on_after, ".");
	loop_after(fixture.loop, on_after, ";");
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read, NULL);
	loop_turn(fixture.loop, 0);
	assert_string_equal(trace, ".;");
	assert_int_equal(write(fixture.out[0], "a", 1), 1);
	loop_in(fixture.loop, 0, on_time, "t");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, ".;at.;");
}

static void on_after_turn(void *arg)
{
	(void)arg;
	traced('[');
	loop_turn(fixture.loop, 0);
	traced(']');
}

static void turn_from_after_does_not_call_after_again(void **state)
{
	(void)state;
	loop_after(fixture.loop, on_after_turn, NULL);
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read, NULL);
	assert_int_equal(write(fixture.out[0], "ab", 2), 2);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "a[b]");
}

static void on_read_stop(void *arg, int fd, short ready)
{
	on_read(arg, fd, ready);
	loop_stop(fixture.loop, 7);
}

static void run_ends_with_the_status_after_a_whole_turn(void **state)
{
	(void)state;
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read_stop, NULL);
	loop_after(fixture.loop, on_after, ".");
	assert_int_equal(write(fixture.out[0], "a", 1), 1);
	assert_int_equal(loop_run(fixture.loop), 7);
	assert_string_equal(trace, "a.");
	/* Stopped before it runs, it does not wait at all; and it can run again. */
	loop_stop(fixture.loop, 8);
	assert_int_equal(loop_run(fixture.loop), 8);
	assert_int_equal(write(fixture.out[0], "b", 1), 1);
	assert_int_equal(loop_run(fixture.loop), 7);
}

static void on_signal(void *arg, int signal)
{
	(void)arg;
	traced(signal == SIGUSR1 ? '1' : signal == SIGUSR2 ? '2' : '?');
}

static void signals_come_through_the_loop(void **state)
{
	static const int signals[] = {SIGUSR1, SIGUSR2, 0};

	(void)state;
	loop_signals(fixture.loop, signals, on_signal, NULL);
	raise(SIGUSR2);
	raise(SIGUSR1);
	assert_string_equal(trace, "");
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "12");
}

static void on_socket(void *arg, void *socket)
{
	char c;

	(void)arg;
	assert_int_equal(zmq_recv(socket, &c, 1, ZMQ_DONTWAIT), 1);
	traced(c);
}

/* Forgets the socket from its own call. */
static void on_socket_once(void *arg, void *socket)
{
	on_socket(arg, socket);
	loop_socket(fixture.loop, socket, NULL, NULL);
}

static void sockets_and_descriptors_are_waited_for_together(void **state)
{
	void *near = zmq_socket(fixture.context, ZMQ_PAIR);
	void *far = zmq_socket(fixture.context, ZMQ_PAIR);

	(void)state;
	assert_int_equal(zmq_bind(near, "inproc://test"), 0);
	assert_int_equal(zmq_connect(far, "inproc://test"), 0);
	loop_fd(fixture.loop, fixture.in[0], POLLIN, on_read, NULL);
	loop_socket(fixture.loop, near, on_socket, NULL);
	assert_int_equal(zmq_send(far, "x", 1, 0), 1);
	assert_int_equal(zmq_send(far, "y", 1, 0), 1);
	loop_turn(fixture.loop, -1);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "xy");
	assert_int_equal(write(fixture.out[0], "a", 1), 1);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "xya");
	/* Hang-up is told as such, not as an error, also from zmq_poll. */
	close(take_fd(&fixture.out[0]));
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "xya!");
	loop_fd(fixture.loop, fixture.in[0], 0, NULL, NULL);
	loop_socket(fixture.loop, near, on_socket_once, NULL);
	assert_int_equal(zmq_send(far, "z", 1, 0), 1);
	loop_turn(fixture.loop, -1);
	assert_int_equal(zmq_send(far, "-", 1, 0), 1);
	loop_turn(fixture.loop, 0);
	assert_string_equal(trace, "xya!z");
	zmq_close(near);
	zmq_close(far);
}

#define WITH(set_up, test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define WITH_BOTH(test)                                           \
	{#test " (poll)", test, set_up_poll, tear_down, NULL},    \
	{                                                         \
#test " (zmq)", test, set_up_zmq, tear_down, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOTH(watched_descriptor_is_called_when_ready),
		WITH_BOTH(hang_up_is_told),
		WITH_BOTH(forgotten_descriptor_is_not_called),
		WITH_BOTH(watching_again_changes_events_and_callback),
		WITH_BOTH(what_a_callback_forgets_is_not_called_any_more),
		WITH_BOTH(new_descriptor_does_not_get_the_old_ones_news),
		WITH_BOTH(many_may_come_and_go_in_a_callback),
		WITH_BOTH(turn_within_a_turn_serves_each_thing_once),
		WITH_BOTH(turn_within_a_turn_may_follow_a_forgetting),
		WITH(set_up_clock, timers_are_called_in_their_order),
		WITH(set_up_clock, wait_is_rounded_up_to_the_timer),
		WITH(set_up_clock, far_timer_is_waited_for_in_parts),
		WITH(set_up_clock, cancelled_timer_is_not_called),
		WITH(set_up_clock, timer_may_cancel_itself_or_another),
		WITH(set_up_clock, timer_made_again_and_again_keeps_nobody_waiting),
		WITH(set_up_clock, endless_time_is_no_time),
		WITH(set_up_poll, after_comes_last_in_every_turn),
		WITH(set_up_poll, turn_from_after_does_not_call_after_again),
		WITH(set_up_poll, run_ends_with_the_status_after_a_whole_turn),
		WITH(set_up_poll, signals_come_through_the_loop),
		WITH(set_up_zmq, sockets_and_descriptors_are_waited_for_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
