#include "loop_house.h"

#include "base/auto.h"
#include "base/clock.h"
#include "loop/zmq.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

char trace[64];

void traced(char what)
{
	size_t length = strlen(trace);

	assert_true(length + 1 < sizeof trace);
	trace[length] = what;
	trace[length + 1] = '\0';
}

struct fixture fixture;

void on_time(void *arg)
{
	traced(*(const char *)arg);
}

int set_up(loop_waiter wait)
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

int set_up_poll(void **state)
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

int set_up_zmq(void **state)
{
	(void)state;
	if (set_up(loop_wait_zmq) < 0)
		return -1;
	fixture.context = zmq_ctx_new();
	fixture.idle = zmq_socket(fixture.context, ZMQ_PAIR);
	loop_socket(fixture.loop, fixture.idle, on_no_news, NULL);
	return 0;
}

int set_up_crowd(void **state)
{
	int code = set_up_zmq(state);

	loop_crowd(fixture.loop);
	return code;
}

int tear_down(void **state)
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
