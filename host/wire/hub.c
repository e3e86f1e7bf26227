#include "wire/hub.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/connections.h"
#include "wire/dispatch.h"
#include "wire/frames.h"
#include "wire/peers.h"
#include "wire/refusals.h"
#include "wire/socket.h"
#include "wire/zap.h"

#include <string.h>
#include <sys/stat.h>

enum {
	TURN_DEFAULT = 1000,
	LAST_WORDS_MS = 200,
	IPC_PATH_MAX = 100,
	CONNECTIONS_MAX = 64, /* of one peer: an operator's terminals */
	QUIET_US = 6000000,   /* peers say something every 5 s */
	QUIET_MAX_US = 60000000,
	GATEWAY_LOST_US = 15000000,
};

struct hub {
	struct loop *loop;
	const struct key_ring *ring;
	struct hub_role role;
	struct peers peers;
	struct dispatch dispatch;
	struct connections connections;
	struct refusals refusals;
	struct zap *zap;
	void *socket;
	struct loop_timer *reaping;
	size_t limit;
	bool behind; /* the last turn ended at the limit, so silence proves nothing */
	struct hub_counts counts;
	char endpoint[256];
};

static void hub_end(struct hub *hub, struct connection *connection)
{
	loop_cancel(hub->loop, &connection->watch);
	connection->leaving = true;
	if (connection->joined && hub->role.left)
		hub->role.left(hub->role.arg, &connection->link);
	connections_remove(&hub->connections, connection);
}

static void hub_reap(void *arg)
{
	struct hub *hub = arg;

	hub->reaping = NULL;
	TABLE_EACH (&hub->connections.by_routing, entry) {
		struct connection *connection = entry->value;

		if (connection->leaving)
			hub_end(hub, connection);
	}
}

/* Handlers hold links, so one that is to go goes between two turns. */
static void hub_leave(struct hub *hub, struct connection *connection)
{
	connection->leaving = true;
	if (!hub->reaping)
		hub->reaping = loop_in(hub->loop, 0, hub_reap, hub);
}

static int hub_put(struct hub *hub, const unsigned char routing[ROUTING_BYTES], const struct message *message,
		   hst_error *err)
{
	int code = frames_send(hub->socket, routing, ROUTING_BYTES, message, err);

	if (code)
		hub->counts.undeliverable++;
	else
		hub->counts.sent++;
	return code;
}

bool hub_send(struct hub *hub, struct hub_link *to, const struct message *message)
{
	struct connection *connection = (struct connection *)to;
	hst_error err;
	int code;

	if (connection->leaving)
		return false;
	code = hub_put(hub, connection->routing, message, &err);
	if (code == HST_INVALID)
		log_error("a message to %s was not sent: %s", to->name, err.text);
	else if (code)
		hub_leave(hub, connection);
	return !code;
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
		hub_leave(hub, connection);
		return;
	}
	if (connection->link.speaker != SPEAKER_GATEWAY)
		connection->patience_us = 2 * connection->patience_us < QUIET_MAX_US
						  ? 2 * connection->patience_us
						  : QUIET_MAX_US;
	connection->watch = loop_in(hub->loop, connection->patience_us / 1000, hub_watch, connection);
}

/* Answers with `error`, but never an answer: two who find each other's answers wrong would not come to an
 * end. */
static void hub_refuse(struct hub *hub, const unsigned char *routing, const char *peer, enum word word,
		       uint64_t id, int code, const hst_error *why)
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

/* Commands come and go faster than silence tells: before one is refused, those that have gone are found out. */
static bool hub_room(struct hub *hub, const struct peer *peer)
{
	size_t n = 0, gone = 0;
	struct message probe;

	for (struct connection *at = connections_first(&hub->connections, peer->name); at; at = at->next)
		n += !at->leaving;
	if (n < CONNECTIONS_MAX)
		return true;
	message_init(&probe, WORD_done, 0);
	for (struct connection *at = connections_first(&hub->connections, peer->name); at; at = at->next)
		if (!at->leaving && hub_put(hub, at->routing, &probe, NULL) == HST_NOT_FOUND) {
			hub_leave(hub, at);
			gone++;
		}
	return gone > 0;
}

static int hub_check_hello(struct hub *hub, const struct peer *peer, bool known, const struct message *hello,
			   hst_error *err)
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
	if (!known && peer->speaker == SPEAKER_CLIENT && !hub_room(hub, peer))
		return hst_fail_as(err, HST_RETRY, "TooManyConnections", "%s has %d connections already",
				   peer->name, CONNECTIONS_MAX);
	return HST_OK;
}

/* The older one is told, so that two processes with one key do not take the name from each other at every
 * message. */
static void hub_replace(struct hub *hub, const char *name)
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
static void hub_hello(struct hub *hub, struct connection *connection, const unsigned char *routing,
		      const struct peer *peer, const char *key, const struct message *hello)
{
	int64_t minor = message_integer(hello, "minor");
	struct message welcome;

	if (!connection) {
		if (peer->speaker != SPEAKER_CLIENT)
			hub_replace(hub, peer->name);
		connection = connections_add(&hub->connections, routing, peer, key);
		connection->hub = hub;
		connection->heard_us = clock_steady_us();
		connection->patience_us = QUIET_US;
		connection->watch = loop_in(hub->loop, QUIET_US / 1000, hub_watch, connection);
	}
	message_init(&welcome, WORD_welcome, hello->id);
	message_set_integer(&welcome, "major", PROTOCOL_MAJOR);
	message_set_integer(&welcome, "minor", minor < PROTOCOL_MINOR ? minor : PROTOCOL_MINOR);
	message_set_integer(&welcome, "window", SOCKET_WINDOW);
	if (!hub_send(hub, &connection->link, &welcome) || connection->joined)
		return;
	connection->joined = true;
	if (hub->role.joined)
		hub->role.joined(hub->role.arg, &connection->link);
}

/* A connection's message is judged by the key that the connection has proved, anew each time: keys are taken
 * away too. */
static void hub_take(struct hub *hub, const struct frames *frames, const char *key)
{
	const unsigned char *routing = zmq_msg_data((zmq_msg_t *)&frames->parts[0]);
	const struct peer *peer = peers_find(&hub->peers, key);
	struct connection *connection;
	struct message message;
	dispatch_handle handle = NULL;
	hst_error err = {0};
	int code;

	if (zmq_msg_size((zmq_msg_t *)&frames->parts[0]) != ROUTING_BYTES || routing[0] != 0) {
		hst_fail_as(&err, HST_DENIED, "RoutingIdChosen", "it chose its routing id itself");
		hub_refuse(hub, NULL, peer ? peer->name : "an unknown key", WORD_NONE, 0, HST_DENIED, &err);
		return;
	}
	connection = connections_find(&hub->connections, routing);
	if (connection && connection->leaving) {
		hub_end(hub, connection);
		connection = NULL;
	}
	if (!peer || (connection && strcmp(connection->key, key) != 0)) {
		hst_fail_as(&err, HST_DENIED, "KeyDenied", "its key is not, or no longer, known here");
		hub_refuse(hub, routing, peer ? peer->name : "an unknown key", WORD_NONE,
			   frames_id(frames, 1), HST_DENIED, &err);
		return;
	}
	if (connection)
		connection->heard_us = clock_steady_us();
	message.word = WORD_NONE;
	code = frames_decode(frames, 1, &message, &err);
	if (!code && message.word == WORD_hello)
		code = hub_check_hello(hub, peer, connection, &message, &err);
	else if (!code && !connection)
		code = hst_fail_as(&err, HST_DENIED, "HelloFirst", "a connection begins with hello");
	else if (!code)
		code = dispatch_find(&hub->dispatch, &connection->link, message.word, &handle, &err);
	if (code)
		hub_refuse(hub, routing, peer->name, message.word, frames_id(frames, 1), code, &err);
	else if (message.word == WORD_hello)
		hub_hello(hub, connection, routing, peer, key, &message);
	else
		handle(hub->role.arg, &connection->link, &message);
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
		n++;
		hub->counts.received++;
		hub_take(hub, &frames, zmq_msg_gets(&frames.parts[frames.n - 1], "User-Id"));
		frames_clear(&frames);
	}
	hub->behind = n == hub->limit;
}

static bool hub_knows(void *arg, const char *key_text)
{
	struct hub *hub = arg;

	return peers_find(&hub->peers, key_text) != NULL;
}

static void hub_refused_key(void *arg, const char *address, const char *cause)
{
	struct hub *hub = arg;

	hub->counts.refused_keys++;
	refusals_note(&hub->refusals, address[0] ? address : "a peer on this machine", "KeyDenied", cause);
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
	code = zap_new(loop, zmq, &(struct zap_role){hub_knows, hub_refused_key, hub}, &hub->zap, err);
	if (!code)
		code = socket_new(zmq, ZMQ_ROUTER, &ring->self, NULL, &hub->socket, err);
	if (code) {
		hub_free(hub);
		return code;
	}
	loop_socket(loop, hub->socket, hub_ready, hub);
	*ret = hub;
	return HST_OK;
}

void hub_free(struct hub *hub)
{
	if (!hub)
		return;
	loop_cancel(hub->loop, &hub->reaping);
	TABLE_EACH (&hub->connections.by_routing, entry)
		loop_cancel(hub->loop, &((struct connection *)entry->value)->watch);
	connections_clear(&hub->connections);
	if (hub->socket)
		loop_socket(hub->loop, hub->socket, NULL, NULL);
	socket_close(hub->socket, LAST_WORDS_MS);
	zap_free(hub->zap);
	refusals_clear(&hub->refusals);
	peers_clear(&hub->peers);
	free(hub);
}

void hub_ring_changed(struct hub *hub)
{
	peers_clear(&hub->peers);
	peers_init(&hub->peers, hub->ring);
	TABLE_EACH (&hub->connections.by_routing, entry) {
		struct connection *connection = entry->value;
		const struct peer *peer = peers_find(&hub->peers, connection->key);

		if (!peer || strcmp(peer->name, connection->link.name) != 0)
			hub_leave(hub, connection);
		else
			connection->link.rights = peer->rights;
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
