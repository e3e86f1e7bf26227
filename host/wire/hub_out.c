/* What goes out of the hub: put together per connection, and sent before the next wait, unless it is held. */
#include "wire/hub_parts.h"

#include "base/log.h"
#include "base/mem.h"
#include "wire/frames.h"

enum { KEPT_BYTES = 1 << 20 }; /* room that a connection keeps for what it says next */

/* What cannot be sent to a peer that is gone or reads nothing is dropped, and the peer with it. */
static bool flush(struct hub *hub, struct connection *connection)
{
	struct parcel *out = &connection->out;
	int code;

	if (!parcel_left(out) || hub->held)
		return true;
	code = frames_send(hub->socket, connection->routing, ROUTING_BYTES, out, NULL);
	out->done = out->used;
	if (out->size > KEPT_BYTES)
		parcel_clear(out);
	if (code == HST_OK)
		return true;
	hub->counts.undeliverable++;
	if (connection->leaving)
		return false;
	if (code == HST_NOT_FOUND)
		hub_unheard(hub, connection);
	else
		hub_leave(hub, connection);
	return false;
}

/* Each sending wakes a process: those that are given work come before those that hear of it, so that it begins sooner. */
void hub_flush(void *arg)
{
	struct hub *hub = arg;

	if (hub->held)
		return;
	for (size_t i = 0; i < hub->sending_count; i++)
		if (hub->sending[i] && hub->sending[i]->link.speaker != SPEAKER_CLIENT)
			flush(hub, hub->sending[i]);
	for (size_t i = 0; i < hub->sending_count; i++)
		if (hub->sending[i])
			flush(hub, hub->sending[i]);
	hub->sending_count = 0;
}

void hub_hold(struct hub *hub)
{
	hub->held = true;
}

void hub_release(struct hub *hub)
{
	hub->held = false;
}

void hub_out_end(struct hub *hub, struct connection *connection)
{
	flush(hub, connection);
	for (size_t i = 0; i < hub->sending_count; i++)
		if (hub->sending[i] == connection)
			hub->sending[i] = NULL;
}

bool hub_send(struct hub *hub, struct hub_link *to, const struct message *message)
{
	struct connection *connection = (struct connection *)to;
	struct parcel *out = &connection->out;
	bool first = !parcel_left(out);
	hst_error err;

	if (connection->leaving)
		return false;
	if (!first && parcel_left(out) + HEAD_BYTES_MAX + message->payload_length + message->sealed_length > PARCEL_BYTES) {
		if (!flush(hub, connection))
			return false;
	}
	if (parcel_add(out, message, &err) != HST_OK) {
		log_error("a message to %s was not sent: %s", to->name, err.text);
		return false;
	}
	hub->counts.sent++;
	if (!first)
		return true;
	hub->sending = mem_grow(hub->sending, &hub->sending_room, hub->sending_count + 1, sizeof *hub->sending);
	hub->sending[hub->sending_count++] = connection;
	return true;
}

int hub_put(struct hub *hub, const unsigned char routing[ROUTING_BYTES], const struct message *message, hst_error *err)
{
	struct connection *connection = connections_find(&hub->connections, routing);
	int code;

	if (connection)
		flush(hub, connection);
	code = frames_send_message(hub->socket, routing, ROUTING_BYTES, message, err);
	if (code)
		hub->counts.undeliverable++;
	else
		hub->counts.sent++;
	return code;
}
