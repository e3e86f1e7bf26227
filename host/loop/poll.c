/* The waiter for programs without ZeroMQ. */
#include "loop/loop.h"

#include "base/mem.h"

#include <limits.h>
#include <poll.h>

int loop_wait_poll(struct loop_item *items, size_t n, int64_t timeout_ms)
{
	struct pollfd few[64];
	struct pollfd *polled = n <= sizeof few / sizeof few[0] ? few : mem_array(n, sizeof *polled);
	int ready;

	/* poll passes over negative descriptors, which is what forgotten items have. */
	for (size_t i = 0; i < n; i++)
		polled[i] = (struct pollfd){.fd = items[i].fd, .events = items[i].events};
	ready = poll(polled, n, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms);
	for (size_t i = 0; i < n; i++) {
		items[i].ready = ready > 0 ? polled[i].revents : 0;
		/* A closed descriptor is shown to its callback as an error, or the loop would spin in
		 * silence. */
		if (items[i].ready & POLLNVAL)
			items[i].ready = POLLERR;
	}
	if (polled != few)
		free(polled);
	return ready > 0 ? ready : 0;
}
