/*
 * The wire for real: a hub and links on ZeroMQ sockets over ipc and tcp loopback, and raw sockets for what a link would
 * never say. Time is moved by hand where a rule counts seconds; everything else waits for events.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "loop/zmq.h"
#include "wire/connections.h"
#include "wire/frames.h"
#include "wire/hub.h"
#include "wire/link.h"
#include "wire/monitor.h"
#include "wire/socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { CALL_MS = 10000, PATIENCE_S = 20 };

enum { FELIX, GUEST, WORKER, GATEWAY, STRANGER, PEERS };

static const struct {
	const char *name;
	unsigned rights;
} peers[PEERS] = {
	{"operator/felix", RIGHT_LOOK | RIGHT_PRESS},
	{"operator/guest", RIGHT_LOOK},
	{"worker/connector/post", RIGHT_NONE},
	{"gateway/ts-01", RIGHT_NONE},
	{"operator/stranger", RIGHT_LOOK},
};

static int64_t later_us;

static int64_t test_wall_us(void)
{
	return 0;
}

static int64_t test_steady_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000 + later_us;
}

static const struct clock_source test_clock = {test_wall_us, test_steady_us};

struct house {
	char directory[64], ipc[128];
	void *zmq, *peer_zmq;
	struct loop *loop;
	struct key_ring ring;
	struct key_pair keys[PEERS];
	struct hub *hub;
	struct hub_role role;
	int joined, left, asked;
	struct hub_link *last;   /* who joined last */
	uint64_t last_left;      /* number */
	char heard[64];          /* from whom the last message was */
};

static void house_joined(void *arg, struct hub_link *link)
{
	struct house *house = arg;

	house->joined++;
	house->last = link;
}

static void house_left(void *arg, struct hub_link *link)
{
	struct house *house = arg;

	house->left++;
	house->last_left = link->number;
	if (house->last == link)
		house->last = NULL;
}

static void house_answer(struct house *house, struct hub_link *from, const struct message *asked, enum word word)
{
	struct message answer;

	house->asked++;
	snprintf(house->heard, sizeof house->heard, "%s", from->name);
	message_init(&answer, word, asked->id);
	if (word == WORD_answer)
		message_set_payload(&answer, from->name, strlen(from->name));
	hub_send(house->hub, from, &answer);
}

static void house_ask(void *arg, struct hub_link *from, const struct message *message)
{
	house_answer(arg, from, message, WORD_answer);
}

static void house_press(void *arg, struct hub_link *from, const struct message *message)
{
	house_answer(arg, from, message, WORD_accepted);
}

static void house_done(void *arg, struct hub_link *from, const struct message *message)
{
	house_answer(arg, from, message, WORD_done);
}

static void house_silent(void *arg, struct hub_link *from, const struct message *message)
{
	struct house *house = arg;

	(void)from;
	(void)message;
	house->asked++;
}

static const struct hub_handler house_handlers[] = {
	{WORD_ask, house_ask},      {WORD_press, house_press},   {WORD_emit, house_done},
	{WORD_device, house_done},  {WORD_returned, house_silent}, {WORD_run, house_silent},
	{WORD_NONE, NULL},
};

static void house_admit(struct house *house, int peer)
{
	char line[256], key[KEY_TEXT], rights[64];
	hst_error err = {0};

	keys_text(house->keys[peer].public_key, key);
	keys_rights_text(peers[peer].rights, rights, sizeof rights);
	snprintf(line, sizeof line, "peer %s %s %s\n", peers[peer].name, key, rights);
	if (keys_parse(&house->ring, "test", line, strlen(line), &err))
		fail_msg("%s", err.text);
}

static void house_open(struct house *house)
{
	hst_error err;

	if (hub_new(house->loop, house->zmq, &house->ring, &house->role, &house->hub, &err) ||
	    hub_bind(house->hub, house->ipc, &err))
		fail_msg("%s", err.text);
}

static int setup(void **state)
{
	struct house *house = calloc(1, sizeof *house);

	alarm(60); /* a test that has failed leaves sockets open, and zmq_ctx_term waits for them for ever */
	later_us = 0;
	clock_replace(&test_clock);
	strcpy(house->directory, "/tmp/test_wire.XXXXXX");
	assert_non_null(mkdtemp(house->directory));
	snprintf(house->ipc, sizeof house->ipc, "ipc://%s/host", house->directory);
	house->zmq = zmq_ctx_new();
	house->peer_zmq = zmq_ctx_new();
	house->loop = loop_new(loop_wait_zmq);
	keys_random(&house->ring.self);
	for (int i = 0; i < PEERS; i++) {
		keys_random(&house->keys[i]);
		if (i != STRANGER)
			house_admit(house, i);
	}
	house->role = (struct hub_role){house_handlers, house_joined, house_left, house};
	house_open(house);
	*state = house;
	return 0;
}

static int teardown(void **state)
{
	struct house *house = *state;

	hub_free(house->hub);
	loop_free(house->loop);
	zmq_ctx_term(house->peer_zmq);
	zmq_ctx_term(house->zmq);
	keys_clear(&house->ring);
	unlink(house->ipc + 6);
	rmdir(house->directory);
	free(house);
	clock_replace(NULL);
	return 0;
}

static time_t deadline_s(void)
{
	return time(NULL) + PATIENCE_S;
}

/* Turns the loop until something has happened; a test that waits in vain fails. */
#define TURN_UNTIL(house, condition)                                                                            \
	do {                                                                                                    \
		for (time_t deadline = deadline_s(); !(condition); loop_turn((house)->loop, 100))               \
			if (time(NULL) > deadline)                                                              \
				fail_msg("waited in vain for %s", #condition);                                  \
	} while (0)

/* A link with what it was told. */
struct peer_side {
	struct link *link;
	int up, down, messages, replies, silence;
	enum word last;
};

static void peer_up(void *arg)
{
	((struct peer_side *)arg)->up++;
}

static void peer_down(void *arg)
{
	((struct peer_side *)arg)->down++;
}

static void peer_message(void *arg, const struct message *message)
{
	struct peer_side *peer = arg;

	peer->messages++;
	peer->last = message->word;
}

static void peer_reply(void *arg, const struct message *reply)
{
	struct peer_side *peer = arg;

	if (!reply) {
		peer->silence++;
		return;
	}
	peer->replies++;
	peer->last = reply->word;
}

static struct key_ring peer_ring(const struct house *house, int peer)
{
	struct key_ring ring = {.name = (char *)peers[peer].name, .self = house->keys[peer]};

	memcpy(ring.host, house->ring.self.public_key, KEY_BYTES);
	return ring;
}

static void connect_peer(struct house *house, int who, const char *endpoint, struct peer_side *peer)
{
	struct key_ring ring = peer_ring(house, who);
	struct link_role role = {peer_up, peer_down, peer_message, peer};
	hst_error err;

	*peer = (struct peer_side){0};
	if (link_new(house->loop, house->peer_zmq, endpoint, &ring, &role, &peer->link, &err))
		fail_msg("%s", err.text);
}

static struct message ask(void)
{
	struct message message;

	message_init(&message, WORD_ask, 0);
	message_set_text(&message, "what", "runs");
	return message;
}

static int ask_call(struct peer_side *peer, hst_error *err)
{
	struct message message = ask();
	const struct message *reply;
	int code = link_call(peer->link, &message, CALL_MS, &reply, err);

	if (!code)
		assert_int_equal(reply->word, WORD_answer);
	return code;
}

/* A raw DEALER with the peer's key, for what a link would not say. */
static void *raw_new(struct house *house, int who, const void *routing, size_t routing_length)
{
	void *socket;

	assert_int_equal(socket_new(house->peer_zmq, ZMQ_DEALER, &house->keys[who], house->ring.self.public_key, &socket, NULL),
	                 HST_OK);
	if (routing)
		assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing, routing_length), 0);
	assert_int_equal(zmq_connect(socket, house->ipc), 0);
	return socket;
}

static void raw_hello(void *socket, int who, int major, const char *name)
{
	struct message hello;

	message_init(&hello, WORD_hello, 1);
	message_set_integer(&hello, "major", major);
	message_set_integer(&hello, "minor", 0);
	message_set_text(&hello, "name", name ? name : peers[who].name);
	assert_int_equal(frames_send(socket, NULL, 0, &hello, NULL), HST_OK);
}

/* The next message for the raw socket; the loop is turned meanwhile. */
static void raw_receive(struct house *house, void *socket, struct message *ret)
{
	struct frames frames;
	hst_error err = {0};
	int code;

	TURN_UNTIL(house, (code = frames_receive(socket, &frames, NULL)) != HST_RETRY);
	assert_int_equal(code, HST_OK);
	if (frames_decode(&frames, 0, ret, &err))
		fail_msg("%s", err.text);
	ret->payload = NULL;
	frames_clear(&frames);
}

static void raw_expect_error(struct house *house, void *socket, int code, const char *reason)
{
	struct message message;

	raw_receive(house, socket, &message);
	assert_int_equal(message.word, WORD_error);
	assert_string_equal(message_text(&message, "reason"), reason);
	assert_int_equal(message_read_error(&message, NULL), code);
}

static void a_known_key_gets_through_over_ipc(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct stat status;

	connect_peer(house, FELIX, house->ipc, &felix);
	assert_int_equal(ask_call(&felix, NULL), HST_OK);
	assert_int_equal(felix.up, 1);
	assert_int_equal(house->joined, 1);
	assert_string_equal(house->heard, "operator/felix");
	assert_int_equal(link_why(felix.link, NULL), HST_OK);
	assert_int_equal(stat(house->ipc + 6, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0660);
	assert_int_equal(hub_counts(house->hub)->denied + hub_counts(house->hub)->malformed, 0);
	link_free(felix.link);
}

static void a_known_key_gets_through_over_tcp(void **state)
{
	struct house *house = *state;
	struct peer_side gateway;
	struct message message;
	const struct message *reply;

	assert_int_equal(hub_bind(house->hub, "tcp://127.0.0.1:*", NULL), HST_OK);
	connect_peer(house, GATEWAY, hub_endpoint(house->hub), &gateway);
	message_init(&message, WORD_device, 0);
	message_set_text(&message, "device", "ts-01");
	message_set_boolean(&message, "online", true);
	message_set_text(&message, "system", "linux");
	message_set_integer(&message, "slots", 4);
	message_set_integer(&message, "revision", 1);
	message_set_integer(&message, "load", 0);
	message_set_payload(&message, "[]", 2);
	assert_int_equal(link_call(gateway.link, &message, CALL_MS, &reply, NULL), HST_OK);
	assert_int_equal(reply->word, WORD_done);
	assert_string_equal(house->heard, "gateway/ts-01");
	link_free(gateway.link);
}

static void an_unknown_key_is_refused_and_told_so(void **state)
{
	struct house *house = *state;
	struct peer_side stranger;
	hst_error err;

	connect_peer(house, STRANGER, house->ipc, &stranger);
	assert_int_equal(ask_call(&stranger, &err), HST_DENIED);
	assert_string_equal(err.reason, "KeyDenied");
	assert_int_equal(stranger.down, 1);
	assert_int_equal(stranger.up, 0);
	assert_true(hub_counts(house->hub)->refused_keys >= 1);
	assert_int_equal(hub_counts(house->hub)->received, 0);
	assert_int_equal(house->joined, 0);
	link_free(stranger.link);
}

/* A gateway that was started before it was added to the roster must not need another start. */
static void a_key_that_becomes_known_gets_through_by_itself(void **state)
{
	struct house *house = *state;
	struct peer_side stranger;

	connect_peer(house, STRANGER, house->ipc, &stranger);
	TURN_UNTIL(house, stranger.down == 1);
	house_admit(house, STRANGER);
	hub_ring_changed(house->hub);
	later_us += 6000000;
	TURN_UNTIL(house, stranger.up == 1);
	assert_int_equal(ask_call(&stranger, NULL), HST_OK);
	link_free(stranger.link);
}

static void a_host_with_another_key_is_not_believed(void **state)
{
	struct house *house = *state;
	struct key_ring ring = peer_ring(house, FELIX);
	struct peer_side felix = {0};
	struct link_role role = {peer_up, peer_down, peer_message, &felix};
	hst_error err = {0};

	ring.host[0] ^= 1;
	assert_int_equal(link_new(house->loop, house->peer_zmq, house->ipc, &ring, &role, &felix.link, NULL), HST_OK);
	TURN_UNTIL(house, link_why(felix.link, &err) == HST_DENIED);
	assert_non_null(strstr(err.text, "another key"));
	assert_int_equal(felix.up, 0);
	assert_int_equal(hub_counts(house->hub)->received, 0);
	link_free(felix.link);
}

static void nobody_at_the_address_is_told_so(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	hst_error err = {0};

	connect_peer(house, FELIX, "tcp://127.0.0.1:1", &felix);
	TURN_UNTIL(house, link_why(felix.link, &err) == HST_RETRY && strstr(err.text, "nobody listens"));
	link_free(felix.link);
}

struct raw_watch {
	int broken, connected;
};

static void raw_happened(void *arg, enum monitor_event event)
{
	struct raw_watch *watch = arg;

	watch->broken += event == MONITOR_BROKEN || event == MONITOR_NOT_HOST;
	watch->connected += event == MONITOR_CONNECTED;
}

static void a_peer_without_curve_does_not_get_in(void **state)
{
	struct house *house = *state;
	struct raw_watch watch = {0};
	struct monitor *monitor;
	void *socket = zmq_socket(house->peer_zmq, ZMQ_DEALER);
	int linger = 0;

	zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
	assert_int_equal(monitor_new(house->loop, house->peer_zmq, socket, raw_happened, &watch, &monitor, NULL), HST_OK);
	assert_int_equal(zmq_connect(socket, house->ipc), 0);
	raw_hello(socket, FELIX, PROTOCOL_MAJOR, NULL);
	TURN_UNTIL(house, watch.broken >= 2);
	assert_int_equal(watch.connected, 0);
	assert_int_equal(hub_counts(house->hub)->received, 0);
	monitor_free(monitor);
	zmq_close(socket);
}

static void a_worker_may_not_say_a_clients_word(void **state)
{
	struct house *house = *state;
	struct peer_side worker;
	struct message message;
	const struct message *reply;
	hst_error err;

	connect_peer(house, WORKER, house->ipc, &worker);
	message_init(&message, WORD_press, 0);
	message_set_text(&message, "trigger", "go");
	assert_int_equal(link_call(worker.link, &message, CALL_MS, &reply, &err), HST_DENIED);
	assert_string_equal(err.reason, "SenderDenied");
	assert_int_equal(house->asked, 0);
	assert_int_equal(hub_counts(house->hub)->denied, 1);
	link_free(worker.link);
}

static void a_client_may_not_say_the_hosts_word(void **state)
{
	struct house *house = *state;
	void *socket = raw_new(house, FELIX, NULL, 0);
	struct message message;

	raw_hello(socket, FELIX, PROTOCOL_MAJOR, NULL);
	raw_receive(house, socket, &message);
	message_init(&message, WORD_answer, 3);
	assert_int_equal(frames_send(socket, NULL, 0, &message, NULL), HST_OK);
	raw_expect_error(house, socket, HST_DENIED, "SenderDenied");
	socket_close(socket, 0);
}

static void an_operator_without_the_right_is_refused(void **state)
{
	struct house *house = *state;
	struct peer_side guest;
	struct message message;
	const struct message *reply;
	hst_error err;

	connect_peer(house, GUEST, house->ipc, &guest);
	assert_int_equal(ask_call(&guest, NULL), HST_OK);
	message_init(&message, WORD_press, 0);
	message_set_text(&message, "trigger", "go");
	assert_int_equal(link_call(guest.link, &message, CALL_MS, &reply, &err), HST_DENIED);
	assert_string_equal(err.reason, "RightMissing");
	assert_string_equal(err.text, "operator/guest needs the right \"press\" to press");
	assert_int_equal(house->asked, 1);
	link_free(guest.link);
}

static void a_word_without_a_handler_is_refused(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct message message;
	const struct message *reply;
	hst_error err;

	connect_peer(house, FELIX, house->ipc, &felix);
	message_init(&message, WORD_follow, 0);
	message_set_integer(&message, "run", 1);
	assert_int_equal(link_call(felix.link, &message, CALL_MS, &reply, &err), HST_INVALID);
	assert_string_equal(err.reason, "NotHandled");
	link_free(felix.link);
}

static void send_parts(void *socket, const struct message_part *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_true(zmq_send(socket, parts[i].length ? parts[i].bytes : "", parts[i].length,
		                     i + 1 < n ? ZMQ_SNDMORE : 0) >= 0);
}

#define PART(text) {text, sizeof text - 1}
#define ID "\x80\0\0\0\0\0\0\x09"

static void malformed_messages_are_answered_and_do_no_harm(void **state)
{
	static const struct {
		size_t n;
		struct message_part parts[9];
	} bad[] = {
		{1, {PART("")}},
		{1, {PART("ask")}},
		{3, {PART("ask"), PART(ID), PART("{\"what\":\"runs\"}")}},
		{5, {PART("ask"), PART(ID), PART("{\"what\":\"runs\"}"), PART(""), PART("")}},
		{9, {PART("ask"), PART(ID), PART("{\"what\":\"runs\"}"), PART(""), PART(""), PART(""), PART(""), PART(""), PART("")}},
		{4, {PART(""), PART("ask"), PART(ID), PART("{}")}},
		{4, {PART("aks"), PART(ID), PART("{\"what\":\"runs\"}"), PART("")}},
		{4, {PART("ask"), PART("1"), PART("{\"what\":\"runs\"}"), PART("")}},
		{4, {PART("ask"), PART(ID), PART("{\"what\":1}"), PART("")}},
		{4, {PART("ask"), PART(ID), PART("{\"what\":\"runs\",\"what\":\"runs\"}"), PART("")}},
		{4, {PART("ask"), PART(ID), PART("{\"what\":\"runs\",\"more\":1}"), PART("")}},
		{4, {PART("ask"), PART(ID), PART("{}"), PART("")}},
		{4, {PART("ask"), PART(ID), PART(""), PART("")}},
		{4, {PART("ask"), PART(ID), PART("{{{{{{{{"), PART("")}},
		{4, {PART("ask"), PART(ID), PART("{\"what\":\"\xff\"}"), PART("")}},
	};
	struct house *house = *state;
	void *socket = raw_new(house, FELIX, NULL, 0);
	struct message message, good = ask();

	raw_hello(socket, FELIX, PROTOCOL_MAJOR, NULL);
	raw_receive(house, socket, &message);
	assert_int_equal(message.word, WORD_welcome);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		send_parts(socket, bad[i].parts, bad[i].n);
		raw_receive(house, socket, &message);
		assert_int_equal(message.word, WORD_error);
		assert_int_equal(hub_counts(house->hub)->malformed, i + 1);
	}
	assert_int_equal(house->asked, 0);
	good.id = 77;
	assert_int_equal(frames_send(socket, NULL, 0, &good, NULL), HST_OK);
	raw_receive(house, socket, &message);
	assert_int_equal(message.word, WORD_answer);
	assert_int_equal(message.id, 77);
	socket_close(socket, 0);
}

/* A little too much is answered; much too much ends the connection, and everybody else goes on. */
static void what_is_oversized_does_not_get_in(void **state)
{
	struct house *house = *state;
	struct raw_watch watch = {0};
	struct monitor *monitor;
	struct peer_side guest;
	struct message message;
	char *bytes = calloc(1, 4 * PAYLOAD_BYTES_MAX);
	void *socket;
	struct message_part parts[] = {PART("ask"), PART(ID), PART("{\"what\":\"runs\"}"), {bytes, PAYLOAD_BYTES_MAX + 1}};

	connect_peer(house, GUEST, house->ipc, &guest);
	assert_int_equal(ask_call(&guest, NULL), HST_OK);
	socket = raw_new(house, FELIX, NULL, 0);
	assert_int_equal(monitor_new(house->loop, house->peer_zmq, socket, raw_happened, &watch, &monitor, NULL), HST_OK);
	raw_hello(socket, FELIX, PROTOCOL_MAJOR, NULL);
	raw_receive(house, socket, &message);
	send_parts(socket, parts, 4);
	raw_expect_error(house, socket, HST_INVALID, "");
	parts[3].length = 4 * PAYLOAD_BYTES_MAX;
	send_parts(socket, parts, 4);
	TURN_UNTIL(house, watch.broken >= 1);
	assert_int_equal(ask_call(&guest, NULL), HST_OK);
	assert_int_equal(house->asked, 2);
	monitor_free(monitor);
	socket_close(socket, 0);
	link_free(guest.link);
	free(bytes);
}

/* The sender finds out before libzmq would end the connection, and the connection stays. */
static void what_is_oversized_is_not_sent(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct message message;
	char *bytes = calloc(1, PAYLOAD_BYTES_MAX + 1);

	connect_peer(house, FELIX, house->ipc, &felix);
	assert_int_equal(ask_call(&felix, NULL), HST_OK);
	message_init(&message, WORD_answer, 1);
	message_set_payload(&message, bytes, PAYLOAD_BYTES_MAX + 1);
	assert_false(hub_send(house->hub, house->last, &message));
	message = ask();
	message_set_payload(&message, bytes, PAYLOAD_BYTES_MAX + 1);
	assert_int_equal(link_send(felix.link, &message, NULL), HST_INVALID);
	assert_int_equal(ask_call(&felix, NULL), HST_OK);
	assert_int_equal(house->left, 0);
	link_free(felix.link);
	free(bytes);
}

static void the_largest_payload_gets_through(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct message message = ask();
	const struct message *reply;
	char *bytes = calloc(1, PAYLOAD_BYTES_MAX);

	connect_peer(house, FELIX, house->ipc, &felix);
	message_set_payload(&message, bytes, PAYLOAD_BYTES_MAX);
	assert_int_equal(link_call(felix.link, &message, CALL_MS, &reply, NULL), HST_OK);
	link_free(felix.link);
	free(bytes);
}

static void a_chosen_routing_id_is_refused(void **state)
{
	struct house *house = *state;
	void *socket = raw_new(house, FELIX, "felix", 5);

	raw_hello(socket, FELIX, PROTOCOL_MAJOR, NULL);
	TURN_UNTIL(house, hub_counts(house->hub)->denied == 1);
	assert_int_equal(house->joined, 0);
	socket_close(socket, 0);
}

/* A peer with a valid key asks for the routing id of another: it gets none of its messages and takes none away. */
static void the_routing_id_of_somebody_else_brings_nothing(void **state)
{
	struct house *house = *state;
	struct raw_watch watch = {0};
	struct monitor *monitor;
	struct peer_side felix;
	struct hub_link *victim;
	struct frames frames;
	void *thief;

	connect_peer(house, FELIX, house->ipc, &felix);
	assert_int_equal(ask_call(&felix, NULL), HST_OK);
	victim = house->last;
	assert_int_equal(socket_new(house->peer_zmq, ZMQ_DEALER, &house->keys[GUEST], house->ring.self.public_key, &thief, NULL), 0);
	assert_int_equal(zmq_setsockopt(thief, ZMQ_ROUTING_ID, ((struct connection *)victim)->routing, ROUTING_BYTES), 0);
	assert_int_equal(monitor_new(house->loop, house->peer_zmq, thief, raw_happened, &watch, &monitor, NULL), HST_OK);
	assert_int_equal(zmq_connect(thief, house->ipc), 0);
	raw_hello(thief, GUEST, PROTOCOL_MAJOR, NULL);
	TURN_UNTIL(house, watch.connected == 1);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(ask_call(&felix, NULL), HST_OK);
		assert_string_equal(house->heard, "operator/felix");
	}
	assert_int_equal(house->joined, 1);
	assert_int_equal(frames_receive(thief, &frames, NULL), HST_RETRY);
	monitor_free(monitor);
	socket_close(thief, 0);
	link_free(felix.link);
}

/* The victim has gone and nobody has noticed yet: its link must not serve who comes with its routing id. */
static void a_routing_id_taken_over_is_judged_by_its_key(void **state)
{
	struct house *house = *state;
	unsigned char routing[ROUTING_BYTES];
	struct peer_side felix;
	struct message message;
	void *thief;

	connect_peer(house, FELIX, house->ipc, &felix);
	assert_int_equal(ask_call(&felix, NULL), HST_OK);
	memcpy(routing, ((struct connection *)house->last)->routing, ROUTING_BYTES);
	link_free(felix.link);
	message_init(&message, WORD_press, 5);
	message_set_text(&message, "trigger", "go");
	/* Until the ROUTER has seen the end of the first connection it ignores the second: so it is tried anew. */
	for (;;) {
		struct frames frames;
		int code;

		thief = raw_new(house, GUEST, routing, ROUTING_BYTES);
		raw_hello(thief, GUEST, PROTOCOL_MAJOR, NULL);
		assert_int_equal(frames_send(thief, NULL, 0, &message, NULL), HST_OK);
		for (int i = 0; i < 20 && (code = frames_receive(thief, &frames, NULL)) == HST_RETRY; i++)
			loop_turn(house->loop, 50);
		if (code == HST_OK) {
			assert_int_equal(frames_decode(&frames, 0, &message, NULL), HST_OK);
			assert_int_equal(message.word, WORD_error);
			assert_string_equal(message_text(&message, "reason"), "KeyDenied");
			frames_clear(&frames);
			break;
		}
		socket_close(thief, 0);
	}
	assert_int_equal(house->joined, 1);
	assert_int_equal(house->asked, 1);
	socket_close(thief, 0);
}

static void a_connection_begins_with_hello(void **state)
{
	struct house *house = *state;
	void *socket = raw_new(house, FELIX, NULL, 0);
	struct message message = ask();

	message.id = 4;
	assert_int_equal(frames_send(socket, NULL, 0, &message, NULL), HST_OK);
	raw_expect_error(house, socket, HST_DENIED, "HelloFirst");
	assert_int_equal(house->asked, 0);
	socket_close(socket, 0);
}

static void hello_must_fit_key_and_protocol(void **state)
{
	struct house *house = *state;
	void *socket = raw_new(house, FELIX, NULL, 0);

	raw_hello(socket, FELIX, PROTOCOL_MAJOR + 1, NULL);
	raw_expect_error(house, socket, HST_INVALID, "ProtocolMismatch");
	raw_hello(socket, FELIX, PROTOCOL_MAJOR, "gateway/ts-01");
	raw_expect_error(house, socket, HST_DENIED, "NameDenied");
	assert_int_equal(house->joined, 0);
	socket_close(socket, 0);
}

static void hello_again_is_a_sign_of_life(void **state)
{
	struct house *house = *state;
	void *socket = raw_new(house, FELIX, NULL, 0);
	struct message message;

	for (int i = 0; i < 3; i++) {
		raw_hello(socket, FELIX, PROTOCOL_MAJOR, NULL);
		raw_receive(house, socket, &message);
		assert_int_equal(message.word, WORD_welcome);
		assert_int_equal(message_integer(&message, "window"), SOCKET_WINDOW);
	}
	assert_int_equal(house->joined, 1);
	socket_close(socket, 0);
}

static void an_operator_may_have_several_links(void **state)
{
	struct house *house = *state;
	struct peer_side one, two;
	struct hub_link *first, *second;

	connect_peer(house, FELIX, house->ipc, &one);
	assert_int_equal(ask_call(&one, NULL), HST_OK);
	connect_peer(house, FELIX, house->ipc, &two);
	assert_int_equal(ask_call(&two, NULL), HST_OK);
	assert_int_equal(ask_call(&one, NULL), HST_OK);
	assert_int_equal(house->joined, 2);
	assert_int_equal(house->left, 0);
	first = hub_next(house->hub, "operator/felix", NULL);
	second = hub_next(house->hub, "operator/felix", first);
	assert_non_null(second);
	assert_true(first->number < second->number);
	assert_null(hub_next(house->hub, "operator/felix", second));
	assert_null(hub_next(house->hub, "operator/guest", NULL));
	link_free(one.link);
	link_free(two.link);
}

static void an_operator_may_not_have_any_number_of_links(void **state)
{
	struct house *house = *state;
	struct peer_side peer[65];
	hst_error err;

	for (int i = 0; i < 64; i++) {
		connect_peer(house, FELIX, house->ipc, &peer[i]);
		assert_int_equal(ask_call(&peer[i], NULL), HST_OK);
	}
	connect_peer(house, FELIX, house->ipc, &peer[64]);
	assert_int_equal(ask_call(&peer[64], &err), HST_RETRY);
	assert_string_equal(err.reason, "TooManyConnections");
	for (int i = 0; i < 65; i++)
		link_free(peer[i].link);
}

static void a_worker_is_replaced_by_its_successor(void **state)
{
	struct house *house = *state;
	struct peer_side one, two;
	uint64_t number;

	connect_peer(house, WORKER, house->ipc, &one);
	TURN_UNTIL(house, one.up == 1);
	number = house->last->number;
	connect_peer(house, WORKER, house->ipc, &two);
	TURN_UNTIL(house, two.up == 1 && one.down == 1);
	assert_int_equal(house->left, 1);
	assert_true(house->last_left == number);
	assert_ptr_equal(hub_next(house->hub, "worker/connector/post", NULL), house->last);
	assert_null(hub_next(house->hub, "worker/connector/post", house->last));
	link_free(one.link);
	link_free(two.link);
}

static void the_host_reaches_its_peers(void **state)
{
	struct house *house = *state;
	struct peer_side worker;
	struct message call, returned;

	connect_peer(house, WORKER, house->ipc, &worker);
	TURN_UNTIL(house, worker.up == 1);
	message_init(&call, WORD_call, 1);
	message_set_integer(&call, "step", 1);
	message_set_integer(&call, "token", 2);
	message_set_text(&call, "action", "send");
	message_set_integer(&call, "timeout_ms", 1000);
	assert_true(hub_send(house->hub, house->last, &call));
	TURN_UNTIL(house, worker.messages == 1);
	assert_int_equal(worker.last, WORD_call);
	message_init(&returned, WORD_returned, 1);
	message_set_integer(&returned, "step", 1);
	message_set_integer(&returned, "token", 2);
	assert_int_equal(link_send(worker.link, &returned, NULL), HST_OK);
	TURN_UNTIL(house, house->asked == 1);
	link_free(worker.link);
}

/* The id of a request of the host's equals the number of a link's own request: neither is taken for the other's reply. */
static void ids_of_both_sides_never_meet(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct message run, happened;

	connect_peer(house, FELIX, house->ipc, &felix);
	TURN_UNTIL(house, felix.up == 1);
	message_init(&run, WORD_run, 0);
	message_set_text(&run, "flow", "f");
	assert_int_equal(link_request(felix.link, &run, CALL_MS, peer_reply, &felix, NULL), HST_OK);
	TURN_UNTIL(house, house->asked == 1);
	message_init(&happened, WORD_accepted, run.id & ~(UINT64_C(1) << 63));
	assert_true(hub_send(house->hub, house->last, &happened));
	message_init(&happened, WORD_answer, run.id);
	assert_true(hub_send(house->hub, house->last, &happened));
	message_init(&happened, WORD_accepted, run.id);
	assert_true(hub_send(house->hub, house->last, &happened));
	TURN_UNTIL(house, felix.replies == 1);
	assert_int_equal(felix.last, WORD_accepted);
	assert_int_equal(felix.messages, 1);
	link_free(felix.link);
}

static void a_request_ends_with_its_time_out_or_its_link(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct message run;
	hst_error err;
	const struct message *reply;

	connect_peer(house, FELIX, house->ipc, &felix);
	TURN_UNTIL(house, felix.up == 1);
	message_init(&run, WORD_run, 0);
	message_set_text(&run, "flow", "f");
	assert_int_equal(link_request(felix.link, &run, 1, peer_reply, &felix, NULL), HST_OK);
	TURN_UNTIL(house, felix.silence == 1);
	assert_int_equal(link_call(felix.link, &run, 1, &reply, &err), HST_TIMEOUT);
	assert_int_equal(link_request(felix.link, &run, CALL_MS, peer_reply, &felix, NULL), HST_OK);
	link_free(felix.link);
	assert_int_equal(felix.silence, 2);
	assert_int_equal(felix.replies, 0);
}

static void the_window_of_requests_is_kept(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct message run;

	connect_peer(house, FELIX, house->ipc, &felix);
	TURN_UNTIL(house, felix.up == 1);
	message_init(&run, WORD_run, 0);
	message_set_text(&run, "flow", "f");
	for (int i = 0; i < SOCKET_WINDOW; i++)
		assert_int_equal(link_request(felix.link, &run, CALL_MS, peer_reply, &felix, NULL), HST_OK);
	assert_int_equal(link_request(felix.link, &run, CALL_MS, peer_reply, &felix, NULL), HST_RETRY);
	TURN_UNTIL(house, house->asked == SOCKET_WINDOW);
	link_free(felix.link);
	assert_int_equal(felix.silence, SOCKET_WINDOW);
}

static void a_link_comes_back_when_the_host_does(void **state)
{
	struct house *house = *state;
	struct peer_side gateway, felix;

	connect_peer(house, GATEWAY, house->ipc, &gateway);
	connect_peer(house, FELIX, house->ipc, &felix);
	TURN_UNTIL(house, gateway.up == 1 && felix.up == 1);
	hub_free(house->hub);
	zmq_ctx_term(house->zmq);
	house->zmq = zmq_ctx_new();
	house->joined = 0;
	house_open(house);
	TURN_UNTIL(house, gateway.up == 2 && felix.up == 2);
	assert_int_equal(ask_call(&felix, NULL), HST_OK);
	assert_int_equal(house->joined, 2);
	assert_int_equal(gateway.down, 0);
	link_free(gateway.link);
	link_free(felix.link);
}

static void a_host_that_stays_away_is_down(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct message run;
	hst_error err = {0};

	connect_peer(house, FELIX, house->ipc, &felix);
	TURN_UNTIL(house, felix.up == 1);
	hub_free(house->hub);
	house->hub = NULL;
	for (time_t deadline = deadline_s(); !felix.down && time(NULL) <= deadline; later_us += 1000000)
		loop_turn(house->loop, 20);
	assert_int_equal(felix.down, 1);
	assert_int_not_equal(link_why(felix.link, &err), HST_OK);
	message_init(&run, WORD_run, 0);
	message_set_text(&run, "flow", "f");
	assert_int_equal(link_send(felix.link, &run, &err), HST_RETRY);
	zmq_ctx_term(house->zmq);
	house->zmq = zmq_ctx_new();
	house_open(house);
	TURN_UNTIL(house, felix.up == 2);
	link_free(felix.link);
}

/* The connection lives, its process hangs: ZMTP's heartbeats are answered, hello is not. */
static void a_host_that_hangs_is_down(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct message message;
	struct frames frames;
	void *host;

	hub_free(house->hub);
	house->hub = NULL;
	zmq_ctx_term(house->zmq);
	house->zmq = zmq_ctx_new();
	assert_int_equal(socket_new(house->zmq, ZMQ_ROUTER, &house->ring.self, NULL, &host, NULL), HST_OK);
	assert_int_equal(zmq_bind(host, house->ipc), 0);
	connect_peer(house, FELIX, house->ipc, &felix);
	TURN_UNTIL(house, frames_receive(host, &frames, NULL) == HST_OK);
	assert_int_equal(frames_decode(&frames, 1, &message, NULL), HST_OK);
	assert_int_equal(message.word, WORD_hello);
	message_init(&message, WORD_welcome, message.id);
	message_set_integer(&message, "major", PROTOCOL_MAJOR);
	message_set_integer(&message, "minor", 0);
	message_set_integer(&message, "window", 10);
	assert_int_equal(frames_send(host, zmq_msg_data(&frames.parts[0]), 5, &message, NULL), HST_OK);
	frames_clear(&frames);
	TURN_UNTIL(house, felix.up == 1);
	later_us += 5100000;
	TURN_UNTIL(house, frames_receive(host, &frames, NULL) == HST_OK);
	assert_int_equal(frames_decode(&frames, 1, &message, NULL), HST_OK);
	assert_int_equal(message.word, WORD_hello);
	frames_clear(&frames);
	assert_int_equal(felix.down, 0);
	later_us += 10100000;
	TURN_UNTIL(house, felix.down == 1);
	link_free(felix.link);
	socket_close(host, 0);
}

/* Nothing is said by the roles for a minute, and both ends still know of each other. */
static void silent_links_stay(void **state)
{
	struct house *house = *state;
	struct peer_side gateway;

	connect_peer(house, GATEWAY, house->ipc, &gateway);
	TURN_UNTIL(house, gateway.up == 1);
	for (int i = 0; i < 12; i++) {
		uint64_t before = hub_counts(house->hub)->received, sent = hub_counts(house->hub)->sent;

		later_us += 5000000;
		TURN_UNTIL(house, hub_counts(house->hub)->received > before && hub_counts(house->hub)->sent > sent);
	}
	assert_int_equal(house->left, 0);
	assert_int_equal(gateway.up, 1);
	assert_int_equal(gateway.down, 0);
	link_free(gateway.link);
}

static void a_gateway_that_hangs_leaves_after_15_s(void **state)
{
	struct house *house = *state;
	void *socket = raw_new(house, GATEWAY, NULL, 0);
	struct message message;

	raw_hello(socket, GATEWAY, PROTOCOL_MAJOR, NULL);
	raw_receive(house, socket, &message);
	later_us += 7000000;
	raw_receive(house, socket, &message);
	assert_int_equal(message.word, WORD_done);
	assert_int_equal(message.id, 0);
	assert_int_equal(house->left, 0);
	later_us += 9000000;
	TURN_UNTIL(house, house->left == 1);
	message_init(&message, WORD_done, 0);
	assert_int_equal(frames_send(socket, NULL, 0, &message, NULL), HST_OK);
	raw_hello(socket, GATEWAY, PROTOCOL_MAJOR, NULL);
	TURN_UNTIL(house, house->joined == 2);
	socket_close(socket, 0);
}

/* A worker is busy in a plugin for ten minutes and says nothing. */
static void a_worker_may_be_silent(void **state)
{
	struct house *house = *state;
	void *socket = raw_new(house, WORKER, NULL, 0);
	struct message message;

	raw_hello(socket, WORKER, PROTOCOL_MAJOR, NULL);
	raw_receive(house, socket, &message);
	for (int i = 0; i < 10; i++) {
		later_us += 60000000;
		raw_receive(house, socket, &message);
		assert_int_equal(message.word, WORD_done);
	}
	assert_int_equal(house->left, 0);
	socket_close(socket, 0);
}

static void a_peer_that_has_gone_leaves(void **state)
{
	struct house *house = *state;
	struct peer_side worker, felix;

	connect_peer(house, WORKER, house->ipc, &worker);
	connect_peer(house, FELIX, house->ipc, &felix);
	TURN_UNTIL(house, worker.up == 1 && felix.up == 1);
	link_free(worker.link);
	link_free(felix.link);
	for (time_t deadline = deadline_s(); house->left < 2 && time(NULL) <= deadline; later_us += 1000000)
		loop_turn(house->loop, 20);
	assert_int_equal(house->left, 2);
	assert_null(hub_next(house->hub, "worker/connector/post", NULL));
}

static void a_key_that_is_taken_away_counts_at_once(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	hst_error err;

	connect_peer(house, FELIX, house->ipc, &felix);
	assert_int_equal(ask_call(&felix, NULL), HST_OK);
	free(house->ring.peers[FELIX].name);
	house->ring.peers[FELIX] = house->ring.peers[--house->ring.peer_count];
	hub_ring_changed(house->hub);
	assert_null(hub_next(house->hub, "operator/felix", NULL));
	assert_int_equal(ask_call(&felix, &err), HST_DENIED);
	assert_string_equal(err.reason, "KeyDenied");
	assert_int_equal(house->asked, 1);
	assert_int_equal(house->left, 1);
	assert_int_equal(felix.down, 1);
	link_free(felix.link);
}

static void a_right_that_is_taken_away_counts_at_once(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	hst_error err;

	connect_peer(house, FELIX, house->ipc, &felix);
	assert_int_equal(ask_call(&felix, NULL), HST_OK);
	house->ring.peers[FELIX].rights = RIGHT_NONE;
	hub_ring_changed(house->hub);
	assert_int_equal(ask_call(&felix, &err), HST_DENIED);
	assert_string_equal(err.reason, "RightMissing");
	link_free(felix.link);
}

static void a_turn_reads_up_to_its_limit(void **state)
{
	struct house *house = *state;
	struct message message = ask();
	void *socket = raw_new(house, FELIX, NULL, 0);
	uint64_t before;

	raw_hello(socket, FELIX, PROTOCOL_MAJOR, NULL);
	TURN_UNTIL(house, house->joined == 1);
	hub_limit(house->hub, 3);
	for (int i = 0; i < 100; i++)
		assert_int_equal(frames_send(socket, NULL, 0, &message, NULL), HST_OK);
	while (house->asked < 100) {
		before = hub_counts(house->hub)->received;
		loop_turn(house->loop, 1000);
		assert_true(hub_counts(house->hub)->received - before <= 3);
	}
	socket_close(socket, 0);
}

static void addresses_are_checked(void **state)
{
	struct house *house = *state;
	char path[160];
	hst_error err;

	memset(path, 'a', sizeof path);
	memcpy(path, "ipc:///tmp/", 11);
	path[6 + 101] = '\0';
	assert_int_equal(hub_bind(house->hub, path, &err), HST_INVALID);
	assert_int_equal(hub_bind(house->hub, "ipc://@abstract", &err), HST_INVALID);
	assert_int_equal(hub_bind(house->hub, "inproc://x", &err), HST_INVALID);
	assert_int_equal(hub_bind(house->hub, "tcp://999.0.0.1:1", &err), HST_INVALID);
	assert_int_equal(hub_bind(house->hub, "ipc:///nowhere/at/all", &err), HST_INVALID);
}

/* Without its ZAP handler a hub would admit everybody, so a second one in the same context is refused as a whole. */
static void a_hub_without_its_list_of_keys_is_refused(void **state)
{
	struct house *house = *state;
	struct hub *second = NULL;
	hst_error err;

	assert_int_equal(hub_new(house->loop, house->zmq, &house->ring, &house->role, &second, &err), HST_BROKEN);
	assert_null(second);
}

static void free_felix(void *arg)
{
	struct peer_side *felix = arg;

	link_free(felix->link);
	felix->link = NULL;
}

static void free_at_reply(void *arg, const struct message *reply)
{
	(void)reply;
	free_felix(arg);
}

static void a_link_can_be_freed_in_its_callbacks(void **state)
{
	struct house *house = *state;
	struct key_ring ring = peer_ring(house, FELIX);
	struct peer_side felix = {0};
	struct link_role at_up = {free_felix, NULL, NULL, &felix}, at_down = {NULL, free_felix, NULL, &felix};
	struct message message = ask();

	assert_int_equal(link_new(house->loop, house->peer_zmq, house->ipc, &ring, &at_up, &felix.link, NULL), HST_OK);
	TURN_UNTIL(house, !felix.link);
	connect_peer(house, FELIX, house->ipc, &felix);
	assert_int_equal(link_request(felix.link, &message, CALL_MS, free_at_reply, &felix, NULL), HST_OK);
	TURN_UNTIL(house, !felix.link);
	ring = peer_ring(house, STRANGER);
	assert_int_equal(link_new(house->loop, house->peer_zmq, house->ipc, &ring, &at_down, &felix.link, NULL), HST_OK);
	TURN_UNTIL(house, !felix.link);
}

#define WIRE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(a_known_key_gets_through_over_ipc),
		WIRE_TEST(a_known_key_gets_through_over_tcp),
		WIRE_TEST(an_unknown_key_is_refused_and_told_so),
		WIRE_TEST(a_key_that_becomes_known_gets_through_by_itself),
		WIRE_TEST(a_host_with_another_key_is_not_believed),
		WIRE_TEST(nobody_at_the_address_is_told_so),
		WIRE_TEST(a_peer_without_curve_does_not_get_in),
		WIRE_TEST(a_worker_may_not_say_a_clients_word),
		WIRE_TEST(a_client_may_not_say_the_hosts_word),
		WIRE_TEST(an_operator_without_the_right_is_refused),
		WIRE_TEST(a_word_without_a_handler_is_refused),
		WIRE_TEST(malformed_messages_are_answered_and_do_no_harm),
		WIRE_TEST(what_is_oversized_does_not_get_in),
		WIRE_TEST(what_is_oversized_is_not_sent),
		WIRE_TEST(the_largest_payload_gets_through),
		WIRE_TEST(a_chosen_routing_id_is_refused),
		WIRE_TEST(the_routing_id_of_somebody_else_brings_nothing),
		WIRE_TEST(a_routing_id_taken_over_is_judged_by_its_key),
		WIRE_TEST(a_connection_begins_with_hello),
		WIRE_TEST(hello_must_fit_key_and_protocol),
		WIRE_TEST(hello_again_is_a_sign_of_life),
		WIRE_TEST(an_operator_may_have_several_links),
		WIRE_TEST(an_operator_may_not_have_any_number_of_links),
		WIRE_TEST(a_worker_is_replaced_by_its_successor),
		WIRE_TEST(the_host_reaches_its_peers),
		WIRE_TEST(ids_of_both_sides_never_meet),
		WIRE_TEST(a_request_ends_with_its_time_out_or_its_link),
		WIRE_TEST(the_window_of_requests_is_kept),
		WIRE_TEST(a_link_comes_back_when_the_host_does),
		WIRE_TEST(a_host_that_stays_away_is_down),
		WIRE_TEST(a_host_that_hangs_is_down),
		WIRE_TEST(silent_links_stay),
		WIRE_TEST(a_gateway_that_hangs_leaves_after_15_s),
		WIRE_TEST(a_worker_may_be_silent),
		WIRE_TEST(a_peer_that_has_gone_leaves),
		WIRE_TEST(a_key_that_is_taken_away_counts_at_once),
		WIRE_TEST(a_right_that_is_taken_away_counts_at_once),
		WIRE_TEST(a_turn_reads_up_to_its_limit),
		WIRE_TEST(addresses_are_checked),
		WIRE_TEST(a_hub_without_its_list_of_keys_is_refused),
		WIRE_TEST(a_link_can_be_freed_in_its_callbacks),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
