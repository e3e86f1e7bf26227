#include "wire_house.h"

#include "base/clock.h"
#include "loop/zmq.h"
#include "wire/frames.h"
#include "wire/socket.h"

#include <unistd.h>

const char *const peer_names[PEERS] = {"operator/felix", "operator/guest", "worker/connector/post",
				       "gateway/ts-01", "operator/stranger"};

static const unsigned peer_rights[PEERS] = {RIGHT_LOOK | RIGHT_PRESS, RIGHT_LOOK, RIGHT_NONE, RIGHT_NONE,
					    RIGHT_LOOK};

int64_t later_us;

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

static void house_answer(struct house *house, struct hub_link *from, const struct message *asked,
			 enum word word)
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

static void house_turned_away(void *arg, const char *name, const char *reason, const char *address)
{
	struct house *house = arg;

	(void)address;
	house->turned_away++;
	snprintf(house->turned_name, sizeof house->turned_name, "%s", name);
	snprintf(house->turned_reason, sizeof house->turned_reason, "%s", reason);
}

/* The invitation becomes the peer that it is for. */
static int house_enrol(void *arg, const char *invited, const char *address, const struct message *enrol, hst_error *err)
{
	struct house *house = arg;
	uint8_t key[KEY_BYTES], invitation[KEY_BYTES];

	(void)address;
	if (keys_read_text(invited, invitation, err) || keys_read_text(message_text(enrol, "key"), key, err))
		return HST_INVALID;
	for (size_t i = 0; i < house->ring.peer_count; i++) {
		struct key_peer *peer = &house->ring.peers[i];

		if (peer->standing != KEY_INVITED || memcmp(peer->public_key, invitation, KEY_BYTES) != 0)
			continue;
		peer->standing = KEY_IN;
		memcpy(peer->public_key, key, KEY_BYTES);
		house->enrolled++;
		return HST_OK;
	}
	return hst_fail_as(err, HST_DENIED, "InvitationUsed", "used");
}

static const struct hub_handler house_handlers[] = {
	{WORD_ask, house_ask},	   {WORD_press, house_press},	  {WORD_emit, house_done},
	{WORD_device, house_done}, {WORD_returned, house_silent}, {WORD_run, house_silent},
	{WORD_NONE, NULL},
};

void house_admit(struct house *house, int peer)
{
	char line[256], key[KEY_TEXT], rights[64];
	hst_error err = {0};

	keys_text(house->keys[peer].public_key, key);
	rights_text(peer_rights[peer], rights, sizeof rights);
	snprintf(line, sizeof line, "peer %s %s %s\n", peer_names[peer], key, rights);
	if (keys_parse(&house->ring, "test", line, strlen(line), &err))
		fail_msg("%s", err.text);
}

void house_open(struct house *house)
{
	hst_error err;

	if (hub_new(house->loop, house->zmq, &house->ring, &house->role, &house->hub, &err) ||
	    hub_bind(house->hub, house->ipc, &err))
		fail_msg("%s", err.text);
}

int setup(void **state)
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
	house->role = (struct hub_role){.handlers = house_handlers,
					.joined = house_joined,
					.left = house_left,
					.enrol = house_enrol,
					.turned_away = house_turned_away,
					.arg = house};
	house_open(house);
	*state = house;
	return 0;
}

int teardown(void **state)
{
	struct house *house = *state;

	hub_free(house->hub);
	loop_free(house->loop);
	zmq_ctx_term(house->peer_zmq);
	zmq_ctx_term(house->zmq);
	keys_clear(&house->ring);
	unlink(house->ipc + 6);
	rmdir(house->directory);
	frames_clear(&house->raw_frames);
	free(house);
	clock_replace(NULL);
	return 0;
}

time_t deadline_s(void)
{
	return time(NULL) + PATIENCE_S;
}

void peer_up(void *arg)
{
	((struct peer_side *)arg)->up++;
}

void peer_down(void *arg)
{
	((struct peer_side *)arg)->down++;
}

void peer_message(void *arg, const struct message *message)
{
	struct peer_side *peer = arg;

	peer->messages++;
	peer->last = message->word;
}

void peer_reply(void *arg, const struct message *reply)
{
	struct peer_side *peer = arg;

	if (!reply) {
		peer->silence++;
		return;
	}
	peer->replies++;
	peer->last = reply->word;
}

struct key_ring peer_ring(const struct house *house, int peer)
{
	struct key_ring ring = {.name = (char *)peer_names[peer], .self = house->keys[peer]};

	memcpy(ring.host, house->ring.self.public_key, KEY_BYTES);
	return ring;
}

void connect_peer(struct house *house, int who, const char *endpoint, struct peer_side *peer)
{
	struct key_ring ring = peer_ring(house, who);
	struct link_role role = {peer_up, peer_down, peer_message, peer};
	hst_error err;

	*peer = (struct peer_side){0};
	if (link_new(house->loop, house->peer_zmq, endpoint, &ring, &role, &peer->link, &err))
		fail_msg("%s", err.text);
}

struct message ask(void)
{
	struct message message;

	message_init(&message, WORD_ask, 0);
	message_set_text(&message, "what", "runs");
	return message;
}

int ask_call(struct peer_side *peer, hst_error *err)
{
	struct message message = ask();
	const struct message *reply;
	int code = link_call(peer->link, &message, CALL_MS, &reply, err);

	if (!code)
		assert_int_equal(reply->word, WORD_answer);
	return code;
}

/* A raw DEALER with the peer's key, for what a link would not say. */
void *raw_new(struct house *house, int who, const void *routing, size_t routing_length)
{
	void *socket;

	assert_int_equal(socket_new(house->peer_zmq, ZMQ_DEALER, &house->keys[who],
				    house->ring.self.public_key, &socket, NULL),
			 HST_OK);
	if (routing)
		assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing, routing_length), 0);
	assert_int_equal(zmq_connect(socket, house->ipc), 0);
	return socket;
}

void raw_hello(void *socket, int who, int major, const char *name)
{
	struct message hello;

	message_init(&hello, WORD_hello, 1);
	message_set_integer(&hello, "major", major);
	message_set_integer(&hello, "minor", 0);
	message_set_text(&hello, "name", name ? name : peer_names[who]);
	assert_int_equal(frames_send_message(socket, NULL, 0, &hello, NULL), HST_OK);
}

/* The one message of a parcel. */
int raw_decode(const struct frames *frames, size_t first, struct message *ret, hst_error *err)
{
	struct parcel parcel;
	uint64_t id;
	int code = frames_open(frames, first, &parcel, err);

	if (!code)
		code = parcel_next(&parcel, ret, &id, err);
	if (!code)
		assert_int_equal(parcel_left(&parcel), 0);
	return code;
}

/* The next message for the raw socket; the loop is turned meanwhile. What came with it waits for the next call. */
void raw_receive(struct house *house, void *socket, struct message *ret)
{
	hst_error err = {0};
	uint64_t id;
	int code;

	if (house->raw_socket != socket || !parcel_left(&house->raw_parcel)) {
		frames_clear(&house->raw_frames);
		TURN_UNTIL(house, (code = frames_receive(socket, &house->raw_frames, NULL)) != HST_RETRY);
		assert_int_equal(code, HST_OK);
		house->raw_socket = socket;
		if (frames_open(&house->raw_frames, 0, &house->raw_parcel, &err))
			fail_msg("%s", err.text);
	}
	if (parcel_next(&house->raw_parcel, ret, &id, &err))
		fail_msg("%s", err.text);
	ret->payload = NULL;
}

void raw_expect_error(struct house *house, void *socket, int code, const char *reason)
{
	struct message message;

	raw_receive(house, socket, &message);
	assert_int_equal(message.word, WORD_error);
	assert_string_equal(message_text(&message, "reason"), reason);
	assert_int_equal(message_read_error(&message, NULL), code);
}

void raw_happened(void *arg, enum monitor_event event)
{
	struct raw_watch *watch = arg;

	watch->broken += event == MONITOR_BROKEN || event == MONITOR_NOT_HOST;
	watch->connected += event == MONITOR_CONNECTED;
}
