#include "base/auto.h"
#include "loop/loop.h"
#include "loop_house.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

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

static void after_comes_last_in_every_turn(void **state)
{
	(void)state;
	loop_after(fixture.loop, on_time, ".");
	loop_after(fixture.loop, on_time, ";");
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
	loop_after(fixture.loop, on_time, ".");
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

/* No set can wait for a file, which is always ready. */
static void a_file_is_watched_beside_the_crowd(void **state)
{
	int file = memfd_create("file", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(file, "f", 1), 1);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	loop_fd(fixture.loop, file, POLLIN, on_read, NULL);
	loop_turn(fixture.loop, -1);
	assert_string_equal(trace, "f");
	loop_fd(fixture.loop, file, 0, NULL, NULL);
	loop_turn(fixture.loop, 0);
	assert_string_equal(trace, "f");
	close(file);
}

static void on_read_count(void *arg, int fd, short ready)
{
	on_read(arg, fd, ready);
	trace[0] = '\0';
	loop_fd(fixture.loop, fd, 0, NULL, NULL);
	++*(int *)arg;
}

static void more_than_are_served_at_once_are_all_served(void **state)
{
	int copies[150], count = 0;

	(void)state;
	for (int i = 0; i < 150; i++) {
		copies[i] = fcntl(fixture.in[0], F_DUPFD_CLOEXEC, 3);
		loop_fd(fixture.loop, copies[i], POLLIN, on_read_count, &count);
		assert_int_equal(write(fixture.out[0], "a", 1), 1);
	}
	for (int i = 0; i < 3; i++)
		loop_turn(fixture.loop, -1);
	assert_int_equal(count, 150);
	for (int i = 0; i < 150; i++)
		close(copies[i]);
}

#define WITH_ALL(test)                                        \
	{#test " (poll)", test, set_up_poll, tear_down, NULL}, \
	{#test " (zmq)", test, set_up_zmq, tear_down, NULL},   \
	{#test " (crowd)", test, set_up_crowd, tear_down, NULL}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ALL(watched_descriptor_is_called_when_ready),
		WITH_ALL(hang_up_is_told),
		WITH_ALL(forgotten_descriptor_is_not_called),
		WITH_ALL(watching_again_changes_events_and_callback),
		WITH_ALL(what_a_callback_forgets_is_not_called_any_more),
		WITH_ALL(new_descriptor_does_not_get_the_old_ones_news),
		WITH_ALL(many_may_come_and_go_in_a_callback),
		WITH_ALL(turn_within_a_turn_serves_each_thing_once),
		WITH_ALL(turn_within_a_turn_may_follow_a_forgetting),
		WITH(set_up_poll, after_comes_last_in_every_turn),
		WITH(set_up_poll, turn_from_after_does_not_call_after_again),
		WITH(set_up_poll, run_ends_with_the_status_after_a_whole_turn),
		WITH(set_up_poll, signals_come_through_the_loop),
		WITH(set_up_zmq, sockets_and_descriptors_are_waited_for_together),
		WITH(set_up_crowd, sockets_and_descriptors_are_waited_for_together),
		WITH(set_up_crowd, a_file_is_watched_beside_the_crowd),
		WITH(set_up_crowd, more_than_are_served_at_once_are_all_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
