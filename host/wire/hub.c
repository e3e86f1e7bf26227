#include "wire/hub.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/frames.h"
#include "wire/hub_parts.h"
#include "wire/socket.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	TURN_DEFAULT = 1000,
	LAST_WORDS_MS = 200,
	IPC_PATH_MAX = 100,
	QUIET_US = 6000000,   /* peers say something every 5 s */
	QUIET_MAX_US = 60000000,
	GATEWAY_LOST_US = 15000000,
};

/* Whoever waited for its place takes it. */
void hub_end(struct hub *hub, struct connection *connection)
{
	struct rival *rival = entering_rival(hub, connection);

	loop_cancel(hub->loop, &connection->watch);
	hub_out_end(hub, connection);
	connection->leaving = true;
	if (connection->joined && hub->role.left)
		hub->role.left(hub->role.arg, &connection->link);
	connections_remove(&hub->connections, connection);
	entering_succeed(hub, rival);
}

static void hub_ready(void *arg, void *socket);

/* After everything that was said before somebody went: a send finds out sooner that they are gone than their last words are read. */
static void hub_reap(void *arg)
{
	const int64_t began_us = clock_steady_us();
	struct hub *hub = arg;

	hub->reaping = NULL;
	hub_ready(hub, hub->socket);
	TABLE_EACH (&hub->connections.by_routing, entry) {
		struct connection *connection = entry->value;

		if (connection->gone && hub->behind && connection->heard_us >= began_us)
			hub_leave(hub, connection);
		else if (connection->leaving)
			hub_end(hub, connection);
	}
}

/* Handlers hold links, so one that is to go goes between two turns. */
void hub_leave(struct hub *hub, struct connection *connection)
{
	connection->leaving = true;
	if (!hub->reaping)
		hub->reaping = loop_in(hub->loop, 0, hub_reap, hub);
}

void hub_unheard(struct hub *hub, struct connection *connection)
{
	connection->gone = true;
	hub_leave(hub, connection);
}

void hub_retire(struct hub *hub, const char *name)
{
	struct connection *connection;

	while ((connection = connections_first(&hub->connections, name)) != NULL) {
		connections_unname(&hub->connections, connection);
		connection->link.retired = true;
	}
}

struct hub_link *hub_next(struct hub *hub, const char *name, struct hub_link *after)
{
	struct connection *connection =
		after ? ((struct connection *)after)->next : connections_first(&hub->connections, name);

	while (connection && connection->leaving)
		connection = connection->next;
	return connection ? &connection->link : NULL;
}

/*
 * Nobody tells a ROUTER that a connection has ended; a send to it does. A queue that is full proves that the
 * peer is there, so a probe that does not fit is no reason to let it go.
 */
static void hub_watch(void *arg)
{
	struct connection *connection = arg;
	struct hub *hub = connection->hub;
	int64_t silent_us = clock_steady_us() - connection->heard_us;
	struct message probe;

	connection->watch = NULL;
	if (connection->leaving)
		return;
	if (silent_us < QUIET_US) {
		connection->patience_us = QUIET_US;
		connection->watch =
			loop_at(hub->loop, connection->heard_us + QUIET_US, hub_watch, connection);
		return;
	}
	if (connection->link.speaker == SPEAKER_GATEWAY && silent_us >= GATEWAY_LOST_US && !hub->behind) {
		hub_leave(hub, connection);
		return;
	}
	message_init(&probe, WORD_done, 0);
	if (hub_put(hub, connection->routing, &probe, NULL) == HST_NOT_FOUND) {
		hub_unheard(hub, connection);
		return;
	}
	if (connection->link.speaker != SPEAKER_GATEWAY)
		connection->patience_us = 2 * connection->patience_us < QUIET_MAX_US
						  ? 2 * connection->patience_us
						  : QUIET_MAX_US;
	connection->watch = loop_in(hub->loop, connection->patience_us / 1000, hub_watch, connection);
}

void hub_watch_connection(struct hub *hub, struct connection *connection)
{
	connection->heard_us = clock_steady_us();
	connection->patience_us = QUIET_US;
	connection->watch = loop_in(hub->loop, QUIET_US / 1000, hub_watch, connection);
}

void hub_refuse(struct hub *hub, const unsigned char *routing, const char *peer, enum word word, uint64_t id, int code,
		const hst_error *why)
{
	struct message answer;

	if (code == HST_DENIED)
		hub->counts.denied++;
	else
		hub->counts.malformed++;
	refusals_note(&hub->refusals, peer, why->reason[0] ? why->reason : "malformed", why->text);
	if (word == WORD_error || word == WORD_done || !routing)
		return;
	message_init_error(&answer, id, code, why);
	hub_put(hub, routing, &answer, NULL);
}

/* What is wrong with a key that may not connect; NULL asked for: one that nobody knows. */
static int hub_key_denied(const struct peer *peer, hst_error *err)
{
	if (peer && peer->standing == KEY_REVOKED)
		return hst_fail_as(err, HST_DENIED, "GatewayRevoked",
				   "the host has removed %s; to let it in again, invite it there and join here", peer->name);
	return hst_fail_as(err, HST_DENIED, "KeyDenied", "its key is not, or no longer, known here");
}

/* What a connection that was welcomed says. */
static void hub_hear(struct hub *hub, struct connection *connection, const struct message *message, hst_error *err)
{
	dispatch_handle handle = NULL;
	int code;

	/* One that comes late says nothing any more. */
	if (message->word == WORD_done && (entering_answered(hub, connection, message->id) || !hub->dispatch.by_word[WORD_done]))
		return;
	code = dispatch_find(&hub->dispatch, &connection->link, message->word, &handle, err);
	if (code)
		hub_refuse(hub, connection->routing, connection->link.name, message->word, message->id, code, err);
	else
		handle(hub->role.arg, &connection->link, message);
}

/* Who says the messages of one parcel: found for the first, and again after anything has changed. */
struct hub_voice {
	bool found;
	uint64_t changes;
	const struct peer *peer;
	struct connection *connection;
	bool of_another; /* the connection began with another key */
};

static void hub_find(struct hub *hub, struct hub_voice *voice, const struct hub_source *from)
{
	if (voice->found && voice->changes == hub->connections.changes)
		return;
	*voice = (struct hub_voice){.found = true,
				    .changes = hub->connections.changes,
				    .peer = peers_find(&hub->peers, from->key),
				    .connection = connections_find(&hub->connections, from->routing)};
	if (!voice->connection)
		return;
	voice->of_another = strcmp(voice->connection->key, from->key) != 0;
	if (voice->peer && !voice->of_another)
		voice->connection->heard_us = clock_steady_us();
}

/* A connection's message is judged by the key that the connection has proved, anew each time: keys are taken
 * away too. `code` and `err`: whether it could be read. */
static void hub_take(struct hub *hub, const struct message *message, uint64_t id, int code, hst_error *err,
		     struct hub_voice *voice, const struct hub_source *from)
{
	const struct peer *peer;
	struct connection *connection;

	hub_find(hub, voice, from);
	peer = voice->peer;
	connection = voice->connection;
	if (connection && connection->leaving && !connection->gone) {
		hub_end(hub, connection);
		connection = NULL;
	}
	if (!peer || peer->standing == KEY_REVOKED || (connection && voice->of_another)) {
		code = hub_key_denied(peer, err);
		hub_refuse(hub, from->routing, peer ? peer->name : "an unknown key", WORD_NONE, id, code, err);
		return;
	}
	if (!code && peer->standing != KEY_INVITED && message->word != WORD_hello && !connection)
		code = hst_fail_as(err, HST_DENIED, "HelloFirst", "a connection begins with hello");
	if (code)
		hub_refuse(hub, from->routing, peer->name, message->word, id, code, err);
	else if (peer->standing == KEY_INVITED)
		entering_enrol(hub, from, peer, message);
	else if (message->word == WORD_hello)
		entering_hello(hub, connection, from, peer, message);
	else
		hub_hear(hub, connection, message, err);
}

/* Returns how many messages were in it. */
static size_t hub_open(struct hub *hub, const struct frames *frames, const struct hub_source *from)
{
	const zmq_msg_t *routing = &frames->parts[0];
	struct parcel parcel = {0};
	struct message message = {.word = WORD_NONE};
	struct hub_voice voice = {.found = false};
	hst_error err = {0};
	uint64_t id = 0;
	size_t n = 0;
	int code;

	if (zmq_msg_size(routing) != ROUTING_BYTES || from->routing[0] != 0) {
		const struct peer *peer = peers_find(&hub->peers, from->key);

		hst_fail_as(&err, HST_DENIED, "RoutingIdChosen", "it chose its routing id itself");
		hub_refuse(hub, NULL, peer ? peer->name : "an unknown key", WORD_NONE, 0, HST_DENIED, &err);
		return 1;
	}
	code = frames_open(frames, 1, &parcel, &err);
	do {
		if (!code)
			code = parcel_next(&parcel, &message, &id, &err);
		/* A beginning without its end is never completed here. */
		if (code == HST_RETRY)
			code = HST_BROKEN;
		n++;
		hub->counts.received++;
		hub_take(hub, &message, id, code == HST_BROKEN ? HST_INVALID : code, &err, &voice, from);
		if (code == HST_BROKEN || !parcel.at)
			break;
		code = HST_OK;
	} while (parcel_left(&parcel) > 0);
	return n;
}

/* What libzmq knows of the connection that a message came from; NULL: nothing of that name. */
static const char *hub_property(const struct frames *frames, const char *name)
{
	return zmq_msg_gets((zmq_msg_t *)&frames->parts[frames->n - 1], name);
}

static void hub_ready(void *arg, void *socket)
{
	struct hub *hub = arg;
	struct frames frames;
	hst_error err;
	size_t n = 0;

	while (n < hub->limit) {
		int code = frames_receive(socket, &frames, &err);

		if (code == HST_RETRY)
			break;
		if (code) {
			log_error("%s", err.text);
			break;
		}
		n += hub_open(hub, &frames,
			      &(struct hub_source){.routing = zmq_msg_data(&frames.parts[0]),
						   .key = hub_property(&frames, "User-Id"),
						   .address = zap_address(hub_property(&frames, "Peer-Address"))});
		frames_clear(&frames);
	}
	hub->behind = n >= hub->limit;
}

/* An invitation that has ended is named, so that the host's log says why somebody could not join. */
static bool hub_admits(void *arg, const char *key_text, char cause[ZAP_CAUSE_BYTES], char revoked[ZAP_CAUSE_BYTES])
{
	struct hub *hub = arg;
	const struct peer *peer = peers_find(&hub->peers, key_text);

	if (!peer) {
		snprintf(cause, ZAP_CAUSE_BYTES, "its key is not known here, or it is an invitation that was used or taken back");
	} else if (peer->standing == KEY_REVOKED) {
		snprintf(cause, ZAP_CAUSE_BYTES, "it has the key of %s, which was removed", peer->name);
		snprintf(revoked, ZAP_CAUSE_BYTES, "%s", peer->name);
	} else if (peer->standing == KEY_INVITED && clock_wall_us() >= peer->until_us) {
		snprintf(cause, ZAP_CAUSE_BYTES, "it has the invitation of %s, which has expired", peer->name);
	} else {
		return true;
	}
	return false;
}

static void hub_refused_key(void *arg, const char *address, const char *revoked, const char *cause)
{
	struct hub *hub = arg;

	hub->counts.refused_keys++;
	refusals_note(&hub->refusals, address[0] ? address : "a peer on this machine", *revoked ? "GatewayRevoked" : "KeyDenied",
		      cause);
	if (*revoked && hub->role.turned_away)
		hub->role.turned_away(hub->role.arg, revoked, "GatewayRevoked", address);
}

int hub_new(struct loop *loop, void *zmq, const struct key_ring *ring, const struct hub_role *role,
	    struct hub **ret, hst_error *err)
{
	struct hub *hub = mem_alloc(sizeof *hub);
	int code;

	hub->loop = loop;
	hub->ring = ring;
	hub->role = *role;
	hub->limit = TURN_DEFAULT;
	peers_init(&hub->peers, ring);
	connections_init(&hub->connections);
	refusals_init(&hub->refusals);
	dispatch_init(&hub->dispatch, role->handlers);
	code = zap_new(loop, zmq, &(struct zap_role){hub_admits, hub_refused_key, hub}, &hub->zap, err);
	if (!code)
		code = socket_new(zmq, ZMQ_ROUTER, &ring->self, NULL, &hub->socket, err);
	if (code) {
		hub_free(hub);
		return code;
	}
	loop_socket(loop, hub->socket, hub_ready, hub);
	loop_before(loop, hub_flush, hub);
	*ret = hub;
	return HST_OK;
}

void hub_free(struct hub *hub)
{
	if (!hub)
		return;
	loop_cancel(hub->loop, &hub->reaping);
	loop_forget_before(hub->loop, hub_flush, hub);
	hub_flush(hub);
	loop_cancel(hub->loop, &hub->reaping);
	TABLE_EACH (&hub->connections.by_routing, entry) {
		loop_cancel(hub->loop, &((struct connection *)entry->value)->watch);
		free(entering_rival(hub, entry->value));
	}
	connections_clear(&hub->connections);
	if (hub->socket)
		loop_socket(hub->loop, hub->socket, NULL, NULL);
	socket_close(hub->socket, LAST_WORDS_MS);
	zap_free(hub->zap);
	refusals_clear(&hub->refusals);
	peers_clear(&hub->peers);
	free(hub->sending);
	free(hub);
}

void hub_ring_changed(struct hub *hub)
{
	struct message notice;
	hst_error err;
	int code;

	peers_clear(&hub->peers);
	peers_init(&hub->peers, hub->ring);
	hub->connections.changes++;
	TABLE_EACH (&hub->connections.by_routing, entry) {
		struct connection *connection = entry->value;
		const struct peer *peer = peers_find(&hub->peers, connection->key);

		if (peer && peer->standing == KEY_IN && strcmp(peer->name, connection->link.name) == 0) {
			connection->link.rights = peer->rights;
			continue;
		}
		code = hub_key_denied(peer, &err);
		message_init_error(&notice, 0, code, &err);
		hub_put(hub, connection->routing, &notice, NULL);
		hub_leave(hub, connection);
	}
}

/* The socket of an ipc endpoint is for the process's group too, which is how peers with another uid get
 * through. */
int hub_bind(struct hub *hub, const char *endpoint, hst_error *err)
{
	bool ipc = strncmp(endpoint, "ipc://", 6) == 0;
	size_t size = sizeof hub->endpoint;
	mode_t before;
	int failed;

	if (!ipc && strncmp(endpoint, "tcp://", 6) != 0)
		return hst_fail(err, HST_INVALID, "%s: an address begins with ipc:// or tcp://", endpoint);
	if (ipc && strlen(endpoint + 6) > IPC_PATH_MAX)
		return hst_fail(err, HST_INVALID, "%s: a path has at most %d bytes: choose a shorter run_dir",
				endpoint + 6, IPC_PATH_MAX);
	if (ipc && (endpoint[6] == '@' || endpoint[6] == '*' || endpoint[6] == '\0'))
		return hst_fail(err, HST_INVALID, "%s: a socket is a file with a path", endpoint);
	before = umask(0117);
	failed = zmq_bind(hub->socket, endpoint) != 0 ? zmq_errno() : 0;
	umask(before);
	if (failed)
		return hst_fail(err, HST_INVALID, "%s: %s", endpoint, zmq_strerror(failed));
	if (zmq_getsockopt(hub->socket, ZMQ_LAST_ENDPOINT, hub->endpoint, &size) != 0)
		hub->endpoint[0] = '\0';
	return HST_OK;
}

const char *hub_endpoint(const struct hub *hub)
{
	return hub->endpoint;
}

void hub_limit(struct hub *hub, size_t messages_per_turn)
{
	hub->limit = messages_per_turn ? messages_per_turn : 1;
}

const struct hub_counts *hub_counts(const struct hub *hub)
{
	return &hub->counts;
}
