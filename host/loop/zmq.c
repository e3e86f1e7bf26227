#include "loop/zmq.h"

#include "base/mem.h"

#include <limits.h>
#include <poll.h>
#include <zmq.h>

static short zmq_events_of(short events)
{
	return (short)((events & POLLIN ? ZMQ_POLLIN : 0) | (events & POLLOUT ? ZMQ_POLLOUT : 0));
}

/* zmq_poll says of a descriptor's hang-up and error only that there is something; poll says what. */
static short zmq_ready_of(const zmq_pollitem_t *polled)
{
	struct pollfd exact = {.fd = polled->fd};
	short ready = (short)((polled->revents & ZMQ_POLLIN ? POLLIN : 0) |
			      (polled->revents & ZMQ_POLLOUT ? POLLOUT : 0));

	if (!(polled->revents & ZMQ_POLLERR))
		return ready;
	if (polled->socket || poll(&exact, 1, 0) <= 0 || exact.revents & POLLNVAL)
		return (short)(ready | POLLERR);
	return (short)(ready | exact.revents);
}

static bool zmq_any_socket(const struct loop_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (items[i].socket)
			return true;
	return false;
}

int loop_wait_zmq(struct loop_item *items, size_t n, int64_t timeout_ms)
{
	zmq_pollitem_t few[64], *polled = few;
	int count = 0, ready;

	/* Until the first socket is there poll does the same, and it can wait for ever for nothing; zmq_poll
	 * cannot. */
	if (!zmq_any_socket(items, n))
		return loop_wait_poll(items, n, timeout_ms);
	if (n > sizeof few / sizeof few[0])
		polled = mem_array(n, sizeof *polled);
	/* Forgotten items are left out: zmq_poll knows no sign for them. */
	for (size_t i = 0; i < n; i++)
		if (items[i].fd >= 0 || items[i].socket)
			polled[count++] = (zmq_pollitem_t){.socket = items[i].socket,
							   .fd = items[i].fd,
							   .events = zmq_events_of(items[i].events)};
	ready = zmq_poll(polled, count, timeout_ms > INT_MAX ? INT_MAX : (long)timeout_ms);
	count = 0;
	for (size_t i = 0; i < n; i++) {
		items[i].ready = 0;
		if (items[i].fd < 0 && !items[i].socket)
			continue;
		if (ready > 0)
			items[i].ready = zmq_ready_of(&polled[count]);
		count++;
	}
	if (polled != few)
		free(polled);
	return ready > 0 ? ready : 0;
}
