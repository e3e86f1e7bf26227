/*
 * Items and watches are parallel arrays, so that the waiter gets one plain array. A forgotten item stays as a
 * hole until the outermost turn begins anew: callbacks, and turns inside callbacks, never see the arrays
 * shift.
 */
#include "loop/loop.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/mem.h"
#include "loop/crowd.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/*
 * poll counts on a clock that stands still while the machine is suspended; timers count on. A loop with
 * timers wakes at least this often, so that none is late by more than this after a suspend.
 */
enum { LOOP_WAIT_MAX_MS = 10000 };

struct watch {
	void (*on_fd)(void *arg, int fd, short ready);
	void (*on_socket)(void *arg, void *socket);
	void *arg; /* both callbacks NULL: a hole */
};

struct loop_timer {
	int64_t steady_us;
	uint64_t number; /* order of making: equal times are served in it */
	size_t position;
	void (*call)(void *arg);
	void *arg;
};

struct after {
	void (*call)(void *arg);
	void *arg;
};

struct loop {
	loop_waiter wait;

	struct loop_item *items;
	struct watch *watches;
	size_t n, item_room, watch_room, holes;
	size_t *by_fd; /* position in `items` counted from 1; 0: not watched */
	size_t by_fd_room;
	struct crowd *crowd; /* NULL: every descriptor is an item of its own */

	struct heap timers;
	uint64_t timers_made;
	int64_t served_us; /* time up to which timers were served last */

	struct after *afters, *befores;
	size_t after_count, after_room, before_count, before_room;
	bool in_after;

	int signals;
	void (*on_signal)(void *arg, int signal);
	void *signal_arg;

	unsigned depth; /* turns within turns */
	bool stopped;
	int status;
};

static bool timer_less(const void *a, const void *b)
{
	const struct loop_timer *left = a, *right = b;

	if (left->steady_us != right->steady_us)
		return left->steady_us < right->steady_us;
	return left->number < right->number;
}

static void timer_moved(void *item, size_t position)
{
	((struct loop_timer *)item)->position = position;
}

struct loop *loop_new(loop_waiter wait)
{
	struct loop *loop = mem_alloc(sizeof *loop);

	loop->wait = wait;
	loop->signals = -1;
	loop->served_us = INT64_MIN;
	heap_init(&loop->timers, timer_less, timer_moved);
	return loop;
}

void loop_free(struct loop *loop)
{
	struct loop_timer *timer;

	if (!loop)
		return;
	while ((timer = heap_pop(&loop->timers)) != NULL)
		free(timer);
	heap_clear(&loop->timers);
	if (loop->signals >= 0)
		close(loop->signals);
	free(loop->items);
	free(loop->watches);
	free(loop->by_fd);
	free(loop->afters);
	free(loop->befores);
	crowd_free(loop->crowd);
	free(loop);
}

/* A new item at the end; it has not been waited for, so this turn does not call it. */
static size_t loop_add(struct loop *loop, struct loop_item item, struct watch watch)
{
	loop->items = mem_grow(loop->items, &loop->item_room, loop->n + 1, sizeof *loop->items);
	loop->watches = mem_grow(loop->watches, &loop->watch_room, loop->n + 1, sizeof *loop->watches);
	loop->items[loop->n] = item;
	loop->watches[loop->n] = watch;
	return loop->n++;
}

static void loop_forget(struct loop *loop, size_t position)
{
	if (loop->items[position].fd >= 0)
		loop->by_fd[loop->items[position].fd] = 0;
	loop->items[position] = (struct loop_item){.fd = -1};
	loop->watches[position] = (struct watch){0};
	loop->holes++;
}

static void loop_close_holes(struct loop *loop)
{
	size_t kept = 0;

	if (!loop->holes)
		return;
	for (size_t i = 0; i < loop->n; i++) {
		if (loop->items[i].fd < 0 && !loop->items[i].socket)
			continue;
		loop->items[kept] = loop->items[i];
		loop->watches[kept] = loop->watches[i];
		kept++;
		if (loop->items[i].fd >= 0)
			loop->by_fd[loop->items[i].fd] = kept;
	}
	loop->n = kept;
	loop->holes = 0;
}

void loop_fd(struct loop *loop, int fd, short events, void (*call)(void *arg, int fd, short ready), void *arg)
{
	size_t position;

	assert(fd >= 0);
	loop->by_fd = mem_grow(loop->by_fd, &loop->by_fd_room, (size_t)fd + 1, sizeof *loop->by_fd);
	position = loop->by_fd[fd];
	if (loop->crowd && !position && crowd_watch(loop->crowd, fd, events, call, arg))
		return;
	if (!events || !call) {
		if (position)
			loop_forget(loop, position - 1);
		return;
	}
	if (position) {
		loop->items[position - 1].events = events;
		loop->watches[position - 1] = (struct watch){.on_fd = call, .arg = arg};
		return;
	}
	loop->by_fd[fd] = 1 + loop_add(loop, (struct loop_item){.fd = fd, .events = events},
				       (struct watch){.on_fd = call, .arg = arg});
}

static void loop_crowd_ready(void *arg, int fd, short ready)
{
	(void)fd;
	(void)ready;
	crowd_serve(arg);
}

void loop_crowd(struct loop *loop)
{
	struct crowd *crowd = loop->crowd ? NULL : crowd_new();

	if (!crowd)
		return;
	loop_fd(loop, crowd_descriptor(crowd), POLLIN, loop_crowd_ready, crowd);
	loop->crowd = crowd;
}

void loop_socket(struct loop *loop, void *socket, void (*call)(void *arg, void *socket), void *arg)
{
	size_t position = 0;

	assert(socket && loop->wait != loop_wait_poll);
	while (position < loop->n && loop->items[position].socket != socket)
		position++;
	if (!call) {
		if (position < loop->n)
			loop_forget(loop, position);
		return;
	}
	if (position == loop->n)
		loop_add(loop, (struct loop_item){.fd = -1, .socket = socket, .events = POLLIN},
			 (struct watch){0});
	loop->watches[position] = (struct watch){.on_socket = call, .arg = arg};
}

struct loop_timer *loop_at(struct loop *loop, int64_t steady_us, void (*call)(void *arg), void *arg)
{
	struct loop_timer *timer = mem_alloc(sizeof *timer);

	/*
	 * A time that has passed counts as now. So a timer made while timers are served sorts behind all that
	 * are due, and cannot keep them waiting by being made again and again.
	 */
	timer->steady_us = steady_us > loop->served_us ? steady_us : loop->served_us;
	timer->number = loop->timers_made++;
	timer->call = call;
	timer->arg = arg;
	heap_push(&loop->timers, timer);
	return timer;
}

struct loop_timer *loop_in(struct loop *loop, int64_t ms, void (*call)(void *arg), void *arg)
{
	int64_t us;

	if (__builtin_mul_overflow(ms, INT64_C(1000), &us) ||
	    __builtin_add_overflow(us, clock_steady_us(), &us))
		us = ms < 0 ? INT64_MIN : INT64_MAX;
	return loop_at(loop, us, call, arg);
}

void loop_cancel(struct loop *loop, struct loop_timer **timer)
{
	struct loop_timer *gone = *timer;

	*timer = NULL;
	/* One that is being called has left the heap and is freed after its call. */
	if (!gone || gone->position == HEAP_NOWHERE)
		return;
	heap_remove(&loop->timers, gone->position);
	free(gone);
}

void loop_after(struct loop *loop, void (*call)(void *arg), void *arg)
{
	loop->afters = mem_grow(loop->afters, &loop->after_room, loop->after_count + 1, sizeof *loop->afters);
	loop->afters[loop->after_count++] = (struct after){call, arg};
}

void loop_before(struct loop *loop, void (*call)(void *arg), void *arg)
{
	loop->befores = mem_grow(loop->befores, &loop->before_room, loop->before_count + 1, sizeof *loop->befores);
	loop->befores[loop->before_count++] = (struct after){call, arg};
}

void loop_forget_before(struct loop *loop, void (*call)(void *arg), void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->before_count; i++)
		if (loop->befores[i].call != call || loop->befores[i].arg != arg)
			loop->befores[kept++] = loop->befores[i];
	loop->before_count = kept;
}

static void loop_signal_ready(void *arg, int fd, short ready)
{
	struct loop *loop = arg;
	struct signalfd_siginfo info;

	(void)ready;
	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
		loop->on_signal(loop->signal_arg, (int)info.ssi_signo);
}

void loop_signals(struct loop *loop, const int *signals, void (*call)(void *arg, int signal), void *arg)
{
	sigset_t set;

	assert(loop->signals < 0);
	sigemptyset(&set);
	for (; *signals; signals++)
		sigaddset(&set, *signals);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* Without signals a program could not be told to end; it is better off not starting. */
	if (loop->signals < 0)
		abort();
	loop->on_signal = call;
	loop->signal_arg = arg;
	loop_fd(loop, loop->signals, POLLIN, loop_signal_ready, loop);
}

/* How long the turn may wait: the caller's limit, or less for the first timer. Rounded up, never to wake too
 * early. */
static int64_t loop_patience(const struct loop *loop, int64_t timeout_ms)
{
	const struct loop_timer *first = heap_top(&loop->timers);
	int64_t now_us, left_ms;

	if (!first)
		return timeout_ms;
	now_us = clock_steady_us();
	if (first->steady_us <= now_us)
		return 0;
	left_ms = (first->steady_us - now_us - 1) / 1000 + 1;
	if (left_ms > LOOP_WAIT_MAX_MS)
		left_ms = LOOP_WAIT_MAX_MS;
	return timeout_ms >= 0 && timeout_ms < left_ms ? timeout_ms : left_ms;
}

static void loop_serve_items(struct loop *loop)
{
	/* Items added meanwhile stand behind `n` and have not been waited for. */
	for (size_t i = 0, n = loop->n; i < n; i++) {
		struct loop_item *item = &loop->items[i];
		struct watch watch = loop->watches[i];
		int fd = item->fd;
		/* A callback before this one may have changed what is watched for. */
		short ready = (short)(item->ready & (item->events | POLLERR | POLLHUP));

		item->ready = 0;
		if (!ready)
			continue;
		if (watch.on_fd)
			watch.on_fd(watch.arg, fd, ready);
		else if (watch.on_socket)
			watch.on_socket(watch.arg, item->socket);
	}
}

static void loop_serve_timers(struct loop *loop)
{
	const uint64_t made_before = loop->timers_made;
	struct loop_timer *timer = heap_top(&loop->timers);

	if (!timer)
		return;
	loop->served_us = clock_steady_us();
	while (timer && timer->steady_us <= loop->served_us && timer->number < made_before) {
		heap_pop(&loop->timers);
		timer->call(timer->arg);
		free(timer);
		timer = heap_top(&loop->timers);
	}
}

static void loop_serve_afters(struct loop *loop)
{
	if (loop->in_after)
		return;
	loop->in_after = true;
	for (size_t i = 0; i < loop->after_count; i++)
		loop->afters[i].call(loop->afters[i].arg);
	loop->in_after = false;
}

void loop_turn(struct loop *loop, int64_t timeout_ms)
{
	if (!loop->depth)
		loop_close_holes(loop);
	loop->depth++;
	for (size_t i = 0; i < loop->before_count; i++)
		loop->befores[i].call(loop->befores[i].arg);
	if (loop->wait(loop->items, loop->n, loop_patience(loop, timeout_ms)) > 0)
		loop_serve_items(loop);
	loop_serve_timers(loop);
	loop_serve_afters(loop);
	loop->depth--;
}

int loop_run(struct loop *loop)
{
	while (!loop->stopped)
		loop_turn(loop, -1);
	loop->stopped = false;
	return loop->status;
}

void loop_stop(struct loop *loop, int status)
{
	loop->stopped = true;
	loop->status = status;
}
