/* The waiter for programs that hold ZeroMQ sockets: zmq_poll. Needs libzmq; loop.c does not. */
#ifndef HOST_LOOP_ZMQ_H
#define HOST_LOOP_ZMQ_H

#include "loop/loop.h"

int loop_wait_zmq(struct loop_item *items, size_t n, int64_t timeout_ms);

#endif
