/*
 * The only main loop. Level-triggered; callbacks run to their end, one after the other, on one thread. It
 * waits by poll(), or, in programs that hold ZeroMQ sockets, by zmq_poll() (loop/zmq.h), behind `struct
 * loop_waiter`.
 *
 * Each turn: wait, then the ready descriptors and sockets, then the due timers, then `after`: the place where
 * a role commits what the turn has brought before it answers. What a callback adds is first waited for, and
 * called, in a later turn; what it forgets is not called any more, not even in this one. Descriptors are
 * forgotten before they are closed.
 */
#ifndef HOST_LOOP_LOOP_H
#define HOST_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct loop_timer;

/* One thing to wait for: a descriptor, or a ZeroMQ socket (then `fd` is -1). */
struct loop_item {
	int fd;
	void *socket;
	short events, ready; /* POLLIN, POLLOUT, POLLERR, POLLHUP; ready is filled in by the waiter */
};

/*
 * Waits until an item is ready or `timeout_ms` has passed (-1: for ever). Returns the number of ready items,
 * 0 on time-out or interruption.
 */
typedef int (*loop_waiter)(struct loop_item *items, size_t n, int64_t timeout_ms);

int loop_wait_poll(struct loop_item *items, size_t n, int64_t timeout_ms);

struct loop *loop_new(loop_waiter wait);
void loop_free(struct loop *loop); /* closes nothing that was given to it */

/*
 * Watches a descriptor. `call` is called with the ready events. Watching it again changes events and
 * callback; events 0 forgets it. Safe from any callback.
 */
void loop_fd(struct loop *loop, int fd, short events, void (*call)(void *arg, int fd, short ready),
	     void *arg);

/* Descriptors that are watched from now on are hundreds: each wait is to cost what is ready, and not what is there. */
void loop_crowd(struct loop *loop);

/* Watches a ZeroMQ socket for input; call NULL forgets it. Only with the waiter of loop/zmq.h. */
void loop_socket(struct loop *loop, void *socket, void (*call)(void *arg, void *socket), void *arg);

/*
 * Calls once at `steady_us` of clock_steady_us; a time that has passed means the next turn. Equal times are
 * called in the order of making. The timer is gone after its call or loop_cancel; cancelling it from its own
 * call is fine.
 */
struct loop_timer *loop_at(struct loop *loop, int64_t steady_us, void (*call)(void *arg), void *arg);
struct loop_timer *loop_in(struct loop *loop, int64_t ms, void (*call)(void *arg), void *arg);
void loop_cancel(struct loop *loop, struct loop_timer **timer); /* *timer becomes NULL; NULL is fine */

/* Called before every wait, for what callbacks have put together and is better sent at once; not for what may add to it. */
void loop_before(struct loop *loop, void (*call)(void *arg), void *arg);
void loop_forget_before(struct loop *loop, void (*call)(void *arg), void *arg);

/* Called at the end of every turn, also of one that brought nothing; several in the order of asking. */
void loop_after(struct loop *loop, void (*call)(void *arg), void *arg);

/*
 * Delivers these signals (ends with 0) through the loop, blocking them otherwise. One call per program,
 * before any thread is started.
 */
void loop_signals(struct loop *loop, const int *signals, void (*call)(void *arg, int signal), void *arg);

/* Turns until loop_stop; returns the status given to it. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int status);

/*
 * One turn that waits at most `timeout_ms`: for tests and for calls that must wait in place. It may be called
 * from any callback; from `after` it does not call `after` again.
 */
void loop_turn(struct loop *loop, int64_t timeout_ms);

#endif
