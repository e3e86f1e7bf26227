/* What goes out of a link: put together, and sent before the next wait, or a moment later. */
#include "wire/link_parts.h"

#include "base/clock.h"
#include "wire/frames.h"

enum { SOON_MS = 5 };

int link_flush_now(struct link *link, hst_error *err)
{
	int code;

	if (!link->socket || !parcel_left(&link->out))
		return HST_OK;
	code = frames_send(link->socket, NULL, 0, &link->out, err);
	if (!code) {
		link->sent_us = clock_steady_us();
		loop_cancel(link->loop, &link->late);
	}
	return code;
}

/* What does not fit into the queue waits until it does. */
void link_flush(void *arg)
{
	struct link *link = arg;

	if (!link->late)
		link_flush_now(link, NULL);
}

static int link_add(struct link *link, const struct message *message, hst_error *err)
{
	size_t left = parcel_left(&link->out);
	int code = HST_OK;

	if (left && left + HEAD_BYTES_MAX + message->payload_length + message->sealed_length > PARCEL_BYTES)
		code = link_flush_now(link, err);
	return code ? code : parcel_add(&link->out, message, err);
}

/* Sent before the next wait, with what else there is. */
int link_put(struct link *link, const struct message *message, hst_error *err)
{
	loop_cancel(link->loop, &link->late);
	return link_add(link, message, err);
}

static int link_refuse(const struct link *link, hst_error *err)
{
	return hst_fail_as(err, HST_RETRY, link->why.reason, "not connected to the host: %s", link->why.text);
}

int link_send(struct link *link, const struct message *message, hst_error *err)
{
	return link->freed || link->state == LINK_DOWN ? link_refuse(link, err) : link_put(link, message, err);
}

static void link_waited(void *arg)
{
	((struct link *)arg)->late = NULL;
}

int link_send_soon(struct link *link, const struct message *message, hst_error *err)
{
	bool alone = !parcel_left(&link->out);
	int code;

	if (link->freed || link->state == LINK_DOWN)
		return link_refuse(link, err);
	code = link_add(link, message, err);
	if (!code && alone)
		link->late = loop_in(link->loop, SOON_MS, link_waited, link);
	return code;
}
