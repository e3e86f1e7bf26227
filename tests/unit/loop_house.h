/* What tests of the loop share: a loop, three pipes, and a trace of what the callbacks have done. */
#ifndef TESTS_UNIT_LOOP_HOUSE_H
#define TESTS_UNIT_LOOP_HOUSE_H

#include "loop/loop.h"

enum { PIPES = 3 };

/* Every test gets a loop and three pipes; those about descriptors run with both waiters, and with a crowd. */
struct fixture {
	struct loop *loop;
	int in[PIPES], out[PIPES]; /* reading ends; writing ends */
	struct loop_timer *timer;
	void *context, *idle; /* with a socket, even a silent one, it is zmq_poll that waits */
};

extern struct fixture fixture;

/* What callbacks have done, one letter each, in order. */
extern char trace[64];
void traced(char what);
void on_time(void *arg); /* a timer's callback: traces the letter it was given */

int set_up(loop_waiter wait);
int set_up_poll(void **state);
int set_up_zmq(void **state);
int set_up_crowd(void **state); /* descriptors wait in a set of their own */
int tear_down(void **state);

#define WITH(set_up, test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
