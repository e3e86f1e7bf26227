#include "wire/monitor.h"

#include "base/auto.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

struct monitor {
	struct loop *loop;
	void *watched, *socket;
	void (*happened)(void *arg, enum monitor_event event);
	void *arg;
	bool reached; /* the attempt under way, or the connection it became, has found somebody who listens */
	bool calling, freed; /* freed from within `happened`: the memory goes when it returns */
};

static const struct {
	uint16_t zmq;
	enum monitor_event event;
} monitor_events[] = {
	{ZMQ_EVENT_CONNECTED, MONITOR_REACHED},
	{ZMQ_EVENT_HANDSHAKE_SUCCEEDED, MONITOR_CONNECTED},
	{ZMQ_EVENT_DISCONNECTED, MONITOR_BROKEN},
	{ZMQ_EVENT_CONNECT_RETRIED, MONITOR_NOBODY},
	{ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, MONITOR_KEY_REFUSED},
	{ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, MONITOR_NOT_HOST},
	{ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, MONITOR_NOT_HOST},
};

/*
 * An event has two parts: 16 bits of event and 32 of value in the machine's order, and an address. The value of a
 * handshake that failed is an errno, which is EAGAIN when it took too long.
 */
static bool monitor_receive(struct monitor *monitor, uint16_t *ret, uint32_t *ret_value)
{
	unsigned char bytes[6] = {0};
	char address[8];
	int n;

	do
		n = zmq_recv(monitor->socket, bytes, sizeof bytes, ZMQ_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	zmq_recv(monitor->socket, address, sizeof address, ZMQ_DONTWAIT);
	memcpy(ret, bytes, sizeof *ret);
	memcpy(ret_value, bytes + sizeof *ret, sizeof *ret_value);
	return true;
}

/* libzmq tries again after a connection that has ended, too: that does not mean that nobody is there. */
static bool monitor_is_news(struct monitor *monitor, enum monitor_event event)
{
	bool reached = monitor->reached;

	if (event == MONITOR_REACHED || event == MONITOR_NOBODY)
		monitor->reached = event == MONITOR_REACHED;
	return event != MONITOR_NOBODY || !reached;
}

static void monitor_release(struct monitor *monitor)
{
	zmq_close(monitor->socket);
	free(monitor);
}

void monitor_read(struct monitor *monitor)
{
	uint32_t value;
	uint16_t event;

	if (monitor->calling)
		return;
	monitor->calling = true;
	while (!monitor->freed && monitor_receive(monitor, &event, &value))
		for (size_t i = 0; i < sizeof monitor_events / sizeof *monitor_events; i++)
			if (monitor_events[i].zmq == event && monitor_is_news(monitor, monitor_events[i].event))
				monitor->happened(monitor->arg, event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL && value == EAGAIN
									? MONITOR_SILENT
									: monitor_events[i].event);
	monitor->calling = false;
	if (monitor->freed)
		monitor_release(monitor);
}

static void monitor_ready(void *arg, void *socket)
{
	(void)socket;
	monitor_read(arg);
}

int monitor_new(struct loop *loop, void *zmq, void *socket,
		void (*happened)(void *arg, enum monitor_event event), void *arg, struct monitor **ret,
		hst_error *err)
{
	static const int linger = 0;
	struct monitor *monitor = mem_alloc(sizeof *monitor);
	AUTO_FREE char *address = mem_printf("inproc://monitor-%p", socket);
	int events = 0;

	for (size_t i = 0; i < sizeof monitor_events / sizeof *monitor_events; i++)
		events |= monitor_events[i].zmq;
	*monitor = (struct monitor){.loop = loop, .watched = socket, .happened = happened, .arg = arg};
	monitor->socket = zmq_socket(zmq, ZMQ_PAIR);
	if (!monitor->socket || zmq_setsockopt(monitor->socket, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
	    zmq_socket_monitor(socket, address, events) != 0 || zmq_connect(monitor->socket, address) != 0) {
		hst_fail(err, HST_BROKEN, "the connection cannot be watched: %s", zmq_strerror(zmq_errno()));
		if (monitor->socket)
			zmq_close(monitor->socket);
		free(monitor);
		return HST_BROKEN;
	}
	loop_socket(loop, monitor->socket, monitor_ready, monitor);
	*ret = monitor;
	return HST_OK;
}

void monitor_free(struct monitor *monitor)
{
	if (!monitor)
		return;
	loop_socket(monitor->loop, monitor->socket, NULL, NULL);
	zmq_socket_monitor(monitor->watched, NULL, 0);
	monitor->freed = true;
	if (!monitor->calling)
		monitor_release(monitor);
}
