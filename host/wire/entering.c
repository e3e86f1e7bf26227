/* Who comes in: greetings, invitations, and two that have one key. */
#include "wire/hub_parts.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "schema/types.h"
#include "wire/socket.h"

#include <stdio.h>
#include <string.h>

enum {
	CONNECTIONS_MAX = 64, /* of one peer: an operator's terminals */
	ANSWER_MS = 3000,     /* for the older of two to say that it is there */
	GRACE_MS = 100,	      /* to read what came while this process was busy */
};

/* A newer connection of a gateway, while the older is asked whether it is there. */
struct rival {
	struct hub *hub;
	struct connection *older;
	unsigned char routing[ROUTING_BYTES];
	char key[KEY_TEXT], address[64];
	struct message hello;
	struct loop_timer *timer;
	bool late;
};

/* Nobody tells a ROUTER that a connection has ended; a send to it does. */
static bool has_ended(struct hub *hub, const struct connection *connection)
{
	struct message probe;

	message_init(&probe, WORD_done, 0);
	return connection->leaving || hub_put(hub, connection->routing, &probe, NULL) == HST_NOT_FOUND;
}

/* A script that asks again and again leaves ended connections behind faster than their silence is looked at. */
static bool has_room(struct hub *hub, const struct peer *peer)
{
	struct connection *at = connections_first(&hub->connections, peer->name), *next;
	size_t n = 0;

	for (const struct connection *each = at; each; each = each->next)
		n++;
	for (; n >= CONNECTIONS_MAX && at; at = next) {
		next = at->next;
		if (!has_ended(hub, at))
			continue;
		hub_end(hub, at);
		n--;
	}
	return n < CONNECTIONS_MAX;
}

static int check_hello(struct hub *hub, const struct peer *peer, bool known, const struct message *hello, hst_error *err)
{
	int64_t major = message_integer(hello, "major"), minor = message_integer(hello, "minor");

	if (major != PROTOCOL_MAJOR || minor < 0)
		return hst_fail_as(err, HST_INVALID, "ProtocolMismatch",
				   "%s speaks protocol %lld.%lld, the host speaks %d.%d: install the same "
				   "release on both",
				   peer->name, (long long)major, (long long)minor, PROTOCOL_MAJOR,
				   PROTOCOL_MINOR);
	if (strcmp(message_text(hello, "name"), peer->name) != 0)
		return hst_fail_as(err, HST_DENIED, "NameDenied",
				   "its key belongs to %s, it says that it is %s", peer->name,
				   message_text(hello, "name"));
	if (!known && peer->speaker == SPEAKER_CLIENT && !has_room(hub, peer))
		return hst_fail_as(err, HST_RETRY, "TooManyConnections", "%s has %d connections already",
				   peer->name, CONNECTIONS_MAX);
	return HST_OK;
}

/* The older one is told, so that two processes with one key do not take the name from each other at every
 * message. */
static void replace(struct hub *hub, const char *name)
{
	struct connection *older;
	struct message notice;
	hst_error err;

	while ((older = connections_first(&hub->connections, name)) != NULL) {
		hst_fail_as(&err, HST_CANCELLED, "Replaced", "a newer connection says that it is %s", name);
		message_init_error(&notice, 0, HST_CANCELLED, &err);
		hub_put(hub, older->routing, &notice, NULL);
		hub_end(hub, older);
	}
}

/* The agreed minor is the lower one. A repeated hello of a live connection is a sign of life and gets its
 * welcome. */
static void welcome(struct hub *hub, struct connection *connection, const struct message *hello)
{
	int64_t minor = message_integer(hello, "minor");
	struct message message;

	message_init(&message, WORD_welcome, hello->id);
	message_set_integer(&message, "major", PROTOCOL_MAJOR);
	message_set_integer(&message, "minor", minor < PROTOCOL_MINOR ? minor : PROTOCOL_MINOR);
	message_set_integer(&message, "window", SOCKET_WINDOW);
	if (!hub_send(hub, &connection->link, &message) || connection->joined)
		return;
	connection->joined = true;
	if (hub->role.joined)
		hub->role.joined(hub->role.arg, &connection->link);
}

static void enter(struct hub *hub, const struct hub_source *from, const struct peer *peer, const struct message *hello)
{
	struct connection *connection = connections_add(&hub->connections, from->routing, peer, from->key);

	connection->hub = hub;
	connection->link.since_us = clock_wall_us();
	snprintf(connection->link.address, sizeof connection->link.address, "%s", from->address);
	hub_watch_connection(hub, connection);
	welcome(hub, connection, hello);
}

/* The key is looked at again: it may have been taken away since. */
void entering_succeed(struct hub *hub, struct rival *rival)
{
	const struct peer *peer = rival ? peers_find(&hub->peers, rival->key) : NULL;

	if (peer && peer->standing == KEY_IN)
		enter(hub, &(struct hub_source){rival->routing, rival->key, rival->address}, peer, &rival->hello);
	free(rival);
}

struct rival *entering_rival(struct hub *hub, struct connection *older)
{
	struct rival *rival = older->rival;

	older->rival = NULL;
	older->question = 0;
	if (rival)
		loop_cancel(hub->loop, &rival->timer);
	return rival;
}

/* What was read late is read before the older one is given up. */
static void older_is_silent(void *arg)
{
	struct rival *rival = arg;
	struct hub *hub = rival->hub;
	struct connection *older = rival->older;

	rival->timer = NULL;
	if (!rival->late || hub->behind) {
		rival->late = true;
		rival->timer = loop_in(hub->loop, GRACE_MS, older_is_silent, rival);
		return;
	}
	entering_rival(hub, older);
	replace(hub, older->link.name);
	entering_succeed(hub, rival);
}

static struct rival *rival_new(struct hub *hub, struct connection *older, const struct hub_source *from,
			       const struct message *hello)
{
	struct rival *rival = mem_alloc(sizeof *rival);

	*rival = (struct rival){.hub = hub, .older = older, .hello = *hello};
	message_set_payload(&rival->hello, NULL, 0);
	memcpy(rival->routing, from->routing, ROUTING_BYTES);
	snprintf(rival->key, sizeof rival->key, "%s", from->key);
	snprintf(rival->address, sizeof rival->address, "%s", from->address);
	return rival;
}

/* Somebody waits already: a connection that has ended meanwhile, or a third one. */
static bool may_wait(struct hub *hub, struct connection *older, const struct hub_source *from, const struct peer *peer,
		     const struct message *hello)
{
	struct message probe;
	hst_error err;

	if (!older->rival)
		return true;
	if (memcmp(older->rival->routing, from->routing, ROUTING_BYTES) == 0) {
		older->rival->hello.id = hello->id;
		return false;
	}
	message_init(&probe, WORD_done, 0);
	if (hub_put(hub, older->rival->routing, &probe, NULL) == HST_NOT_FOUND) {
		free(entering_rival(hub, older));
		return true;
	}
	hst_fail_as(&err, HST_RETRY, "TooManyConnections", "another connection with the key of %s is being looked at", peer->name);
	hub_refuse(hub, from->routing, peer->name, WORD_hello, hello->id, HST_RETRY, &err);
	return false;
}

/* A connection that has ended cannot be asked, and its successor comes in at once. */
static void ask_older(struct hub *hub, struct connection *older, const struct hub_source *from, const struct peer *peer,
		      const struct message *hello)
{
	struct message question;

	if (!may_wait(hub, older, from, peer, hello))
		return;
	message_init(&question, WORD_alive, ++hub->last_question);
	if (hub_put(hub, older->routing, &question, NULL) == HST_NOT_FOUND) {
		replace(hub, peer->name);
		enter(hub, from, peer, hello);
		return;
	}
	older->question = hub->last_question;
	older->rival = rival_new(hub, older, from, hello);
	older->rival->timer = loop_in(hub->loop, ANSWER_MS, older_is_silent, older->rival);
}

static const char *place(const char *address)
{
	return *address ? address : "this machine";
}

bool entering_answered(struct hub *hub, struct connection *older, uint64_t question)
{
	struct rival *rival;
	char since[40];
	hst_error err;

	if (!older->question || older->question != question)
		return false;
	rival = entering_rival(hub, older);
	type_write_date((hst_time){older->link.since_us}, since, sizeof since);
	hst_fail_as(&err, HST_DENIED, "GatewayCloned",
		    "%s is connected from %s since %s and answers, and somebody at %s has the same key: each gateway needs one of its "
		    "own, so let the second join by an invitation of its own, with a state_dir of its own",
		    older->link.name, place(older->link.address), since, place(rival->address));
	hub_refuse(hub, rival->routing, older->link.name, WORD_hello, rival->hello.id, HST_DENIED, &err);
	if (hub->role.turned_away)
		hub->role.turned_away(hub->role.arg, older->link.name, "GatewayCloned", rival->address);
	free(rival);
	return true;
}

void entering_hello(struct hub *hub, struct connection *connection, const struct hub_source *from, const struct peer *peer,
		    const struct message *hello)
{
	struct connection *older = peer->speaker == SPEAKER_GATEWAY ? connections_first(&hub->connections, peer->name) : NULL;
	hst_error err = {0};
	int code = check_hello(hub, peer, connection, hello, &err);

	if (code) {
		hub_refuse(hub, from->routing, peer->name, WORD_hello, hello->id, code, &err);
	} else if (connection) {
		welcome(hub, connection, hello);
	} else if (older && !older->leaving) {
		ask_older(hub, older, from, peer, hello);
	} else {
		if (peer->speaker != SPEAKER_CLIENT)
			replace(hub, peer->name);
		enter(hub, from, peer, hello);
	}
}

/* The one word that an invitation is for. `peer` is gone once the ring has changed. */
void entering_enrol(struct hub *hub, const struct hub_source *from, const struct peer *peer, const struct message *enrol)
{
	AUTO_FREE char *name = mem_printf("the invitation of %s", peer->name);
	struct message done;
	hst_error err = {0};
	int code;

	if (enrol->word != WORD_enrol)
		code = hst_fail_as(&err, HST_DENIED, "InvitationOnlyEnrols", "an invitation is good for one message, enrol");
	else if (!hub->role.enrol)
		code = hst_fail_as(&err, HST_DENIED, "NotHandled", "nobody is let in here");
	else
		code = hub->role.enrol(hub->role.arg, from->key, from->address, enrol, &err);
	if (code) {
		hub_refuse(hub, from->routing, name, enrol->word, enrol->id, code, &err);
		return;
	}
	hub_ring_changed(hub);
	message_init(&done, WORD_done, enrol->id);
	hub_put(hub, from->routing, &done, NULL);
}
