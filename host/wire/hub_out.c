/* What goes out of the hub: put together per connection, and sent before the next wait or once it may. */
#include "wire/hub_parts.h"

#include "base/log.h"
#include "base/mem.h"
#include "wire/frames.h"

/* What cannot be sent to a peer that is gone or reads nothing is dropped, and the peer with it. */
static bool flush(struct hub *hub, struct connection *connection, enum out which)
{
	struct parcel *out = &connection->out[which];

	while (parcel_left(out) && frames_send(hub->socket, connection->routing, ROUTING_BYTES, out, NULL) == HST_OK)
		continue;
	if (!parcel_left(out))
		return true;
	out->done = out->used;
	hub->counts.undeliverable++;
	if (!connection->leaving)
		hub_leave(hub, connection);
	return false;
}

/* Each sending wakes a process: those that are given work come before those that hear of it, so that it begins sooner. */
static void flush_all(struct hub *hub, enum out which)
{
	struct hub_out *out = &hub->out[which];

	for (size_t i = 0; i < out->n; i++)
		if (out->at[i] && out->at[i]->link.speaker != SPEAKER_CLIENT)
			flush(hub, out->at[i], which);
	for (size_t i = 0; i < out->n; i++)
		if (out->at[i])
			flush(hub, out->at[i], which);
	out->n = 0;
}

void hub_flush(void *arg)
{
	flush_all(arg, OUT_NOW);
}

void hub_hold(struct hub *hub, bool held)
{
	hub->held = held;
	if (!held)
		flush_all(hub, OUT_HELD);
}

void hub_out_end(struct hub *hub, struct connection *connection)
{
	flush(hub, connection, OUT_NOW);
	for (enum out which = OUT_NOW; which < OUTS; which++)
		for (size_t i = 0; i < hub->out[which].n; i++)
			if (hub->out[which].at[i] == connection)
				hub->out[which].at[i] = NULL;
}

static bool put_out(struct hub *hub, struct connection *connection, enum out which, const struct message *message)
{
	struct parcel *parcel = &connection->out[which];
	struct hub_out *out = &hub->out[which];
	bool first = !parcel_left(parcel);
	hst_error err;

	if (connection->leaving)
		return false;
	if (which == OUT_NOW && !first &&
	    parcel_left(parcel) + HEAD_BYTES_MAX + message->payload_length + message->sealed_length > PARCEL_BYTES &&
	    !flush(hub, connection, which))
		return false;
	if (parcel_add(parcel, message, &err) != HST_OK) {
		log_error("a message to %s was not sent: %s", connection->link.name, err.text);
		return false;
	}
	hub->counts.sent++;
	if (!first)
		return true;
	out->at = mem_grow(out->at, &out->room, out->n + 1, sizeof *out->at);
	out->at[out->n++] = connection;
	return true;
}

bool hub_send(struct hub *hub, struct hub_link *to, const struct message *message)
{
	return put_out(hub, (struct connection *)to, hub->held ? OUT_HELD : OUT_NOW, message);
}

bool hub_send_now(struct hub *hub, struct hub_link *to, const struct message *message)
{
	return put_out(hub, (struct connection *)to, OUT_NOW, message);
}

int hub_put(struct hub *hub, const unsigned char routing[ROUTING_BYTES], const struct message *message, hst_error *err)
{
	struct connection *connection = connections_find(&hub->connections, routing);
	int code;

	if (connection)
		flush(hub, connection, OUT_NOW);
	code = frames_send_message(hub->socket, routing, ROUTING_BYTES, message, err);
	if (code)
		hub->counts.undeliverable++;
	else
		hub->counts.sent++;
	return code;
}
