#include "wire/connections.h"

#include "base/mem.h"

#include <string.h>

enum { ROUTING_TEXT = 2 * (ROUTING_BYTES - 1) + 1 };

static void connections_text(const unsigned char routing[ROUTING_BYTES], char to[ROUTING_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 1; i < ROUTING_BYTES; i++) {
		*to++ = digits[routing[i] >> 4];
		*to++ = digits[routing[i] & 15];
	}
	*to = '\0';
}

void connections_init(struct connections *connections)
{
	table_init(&connections->by_routing);
	table_init(&connections->by_name);
	connections->last_number = 0;
}

static void connections_free(struct connection *connection)
{
	free((char *)connection->link.name);
	parcel_clear(&connection->out);
	free(connection);
}

void connections_clear(struct connections *connections)
{
	TABLE_EACH (&connections->by_routing, entry)
		connections_free(entry->value);
	table_clear(&connections->by_routing);
	table_clear(&connections->by_name);
}

struct connection *connections_find(const struct connections *connections,
				    const unsigned char routing[ROUTING_BYTES])
{
	char text[ROUTING_TEXT];

	connections_text(routing, text);
	return table_get(&connections->by_routing, text);
}

struct connection *connections_first(const struct connections *connections, const char *name)
{
	return table_get(&connections->by_name, name);
}

struct connection *connections_add(struct connections *connections,
				   const unsigned char routing[ROUTING_BYTES], const struct peer *peer,
				   const char *key)
{
	struct connection *connection = mem_alloc(sizeof *connection), *last;
	char text[ROUTING_TEXT];

	connections->changes++;
	connection->link.name = mem_text(peer->name);
	connection->link.speaker = peer->speaker;
	connection->link.rights = peer->rights;
	connection->link.number = ++connections->last_number;
	memcpy(connection->routing, routing, ROUTING_BYTES);
	memcpy(connection->key, key, KEY_TEXT);
	connections_text(routing, text);
	table_set(&connections->by_routing, text, connection);
	last = connections_first(connections, peer->name);
	if (!last)
		table_set(&connections->by_name, peer->name, connection);
	while (last && last->next)
		last = last->next;
	if (last)
		last->next = connection;
	return connection;
}

void connections_unname(struct connections *connections, struct connection *connection)
{
	struct connection *at = connections_first(connections, connection->link.name);

	if (at == connection && connection->next) {
		table_set(&connections->by_name, connection->link.name, connection->next);
	} else if (at == connection) {
		table_remove(&connections->by_name, connection->link.name);
	} else {
		while (at && at->next != connection)
			at = at->next;
		if (at)
			at->next = connection->next;
	}
	connection->next = NULL;
}

void connections_remove(struct connections *connections, struct connection *connection)
{
	char text[ROUTING_TEXT];

	connections->changes++;
	connections_unname(connections, connection);
	connections_text(connection->routing, text);
	table_remove(&connections->by_routing, text);
	connections_free(connection);
}
