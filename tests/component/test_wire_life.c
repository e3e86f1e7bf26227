/* Connections that break, hang, are silent, are replaced and come back. */
#include "wire_house.h"

#include "base/clock.h"
#include "loop/zmq.h"
#include "wire/frames.h"
#include "wire/socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LONG_MS = 3600 * 1000 };

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

static void host_anew(struct house *house)
{
	hub_free(house->hub);
	zmq_ctx_term(house->zmq);
	house->zmq = zmq_ctx_new();
	house_open(house);
}

/* Nobody waits for an answer that the next host does not know of. */
static void what_was_asked_of_a_host_that_went_is_over_when_it_is_back(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct message run;

	connect_peer(house, FELIX, house->ipc, &felix);
	TURN_UNTIL(house, felix.up == 1);
	message_init(&run, WORD_run, 0);
	message_set_text(&run, "flow", "f");
	assert_int_equal(link_request(felix.link, &run, LONG_MS, peer_reply, &felix, NULL), HST_OK);
	TURN_UNTIL(house, house->asked == 1);
	host_anew(house);
	TURN_UNTIL(house, felix.silence == 1);
	TURN_UNTIL(house, felix.up == 2);
	/* What is asked from then on is answered, and the end of the old one is told once. */
	assert_int_equal(ask_call(&felix, NULL), HST_OK);
	link_free(felix.link);
	assert_int_equal(felix.silence, 1);
	assert_int_equal(felix.replies, 0);
}

/* It may reach the next host before the hello does, which takes nothing from who has not greeted. */
static void what_is_asked_while_the_host_goes_is_not_refused(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct message question = ask();

	connect_peer(house, FELIX, house->ipc, &felix);
	TURN_UNTIL(house, felix.up == 1);
	host_anew(house);
	assert_int_equal(link_request(felix.link, &question, LONG_MS, peer_reply, &felix, NULL), HST_OK);
	TURN_UNTIL(house, felix.silence == 1);
	TURN_UNTIL(house, felix.up == 2);
	assert_int_equal(felix.replies, 0);
	assert_int_equal(ask_call(&felix, NULL), HST_OK);
	link_free(felix.link);
}

/* Somebody with another key ends every handshake; this one died in one of them. */
static void a_host_that_dies_in_the_handshake_is_not_taken_for_another(void **state)
{
	struct house *house = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct peer_side felix;
	hst_error err = {0};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), accepted = -1;

	/* With its context, so that nothing of it is left when somebody else binds its place. */
	hub_free(house->hub);
	house->hub = NULL;
	zmq_ctx_term(house->zmq);
	house->zmq = zmq_ctx_new();
	snprintf(address.sun_path, sizeof address.sun_path, "%s", house->ipc + 6);
	unlink(address.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 1), 0);
	connect_peer(house, FELIX, house->ipc, &felix);
	TURN_UNTIL(house, (accepted = accept(listener, NULL, NULL)) >= 0);
	close(listener);
	close(accepted);
	TURN_UNTIL(house, link_why(felix.link, &err) && strcmp(err.text, "the host has not answered yet") != 0);
	assert_int_equal(link_why(felix.link, &err), HST_RETRY);
	unlink(address.sun_path);
	house_open(house);
	TURN_UNTIL(house, felix.up == 1);
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
	assert_int_equal(raw_decode(&frames, 1, &message, NULL), HST_OK);
	assert_int_equal(message.word, WORD_hello);
	message_init(&message, WORD_welcome, message.id);
	message_set_integer(&message, "major", PROTOCOL_MAJOR);
	message_set_integer(&message, "minor", 0);
	message_set_integer(&message, "window", 10);
	assert_int_equal(frames_send_message(host, zmq_msg_data(&frames.parts[0]), 5, &message, NULL), HST_OK);
	frames_clear(&frames);
	TURN_UNTIL(house, felix.up == 1);
	later_us += 5100000;
	TURN_UNTIL(house, frames_receive(host, &frames, NULL) == HST_OK);
	assert_int_equal(raw_decode(&frames, 1, &message, NULL), HST_OK);
	assert_int_equal(message.word, WORD_hello);
	frames_clear(&frames);
	assert_int_equal(felix.down, 0);
	later_us += 10100000;
	TURN_UNTIL(house, felix.down == 1);
	link_free(felix.link);
	socket_close(host, 0);
}

/*
 * Nothing is said by the roles for a minute, and both ends still know of each other. Time goes on once both have heard:
 * on a busy machine a welcome may take longer on its way than the seconds that are skipped.
 */
static void silent_links_stay(void **state)
{
	struct house *house = *state;
	struct peer_side gateway;

	connect_peer(house, GATEWAY, house->ipc, &gateway);
	TURN_UNTIL(house, gateway.up == 1);
	for (int i = 0; i < 12; i++) {
		uint64_t before = hub_counts(house->hub)->received, sent = hub_counts(house->hub)->sent;
		int64_t skipped_us;

		later_us += 5000000;
		skipped_us = clock_steady_us();
		TURN_UNTIL(house, hub_counts(house->hub)->received > before && hub_counts(house->hub)->sent > sent &&
					  link_heard_us(gateway.link) >= skipped_us);
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
	assert_int_equal(frames_send_message(socket, NULL, 0, &message, NULL), HST_OK);
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

/* The reply to the first finds nobody any more, before the second is read. */
static void the_last_words_of_one_that_is_gone_are_heard(void **state)
{
	struct house *house = *state;
	struct peer_side felix;
	struct message message = ask();

	connect_peer(house, FELIX, house->ipc, &felix);
	assert_int_equal(link_send(felix.link, &message, NULL), HST_OK);
	TURN_UNTIL(house, house->asked == 1);
	assert_int_equal(link_send(felix.link, &message, NULL), HST_OK);
	link_free(felix.link);
	poll(NULL, 0, 200); /* its socket is closed by then, and nobody here has noticed */
	TURN_UNTIL(house, house->asked == 2);
	TURN_UNTIL(house, house->left == 1);
	assert_int_equal(hub_counts(house->hub)->denied, 0);
}

/*
 * Whoever is told that the host is there may have been let in already, and not know it yet. A connection that was made anew then
 * would lose what the host has sent on the first one.
 */
static void a_link_that_hurries_keeps_the_connection_it_has(void **state)
{
	struct house *house = *state;
	struct loop *loop = loop_new(loop_wait_zmq);
	struct key_ring ring = peer_ring(house, WORKER);
	struct peer_side worker = {0};
	struct link_role role = {peer_up, peer_down, peer_message, &worker};

	assert_int_equal(link_new(loop, house->peer_zmq, house->ipc, &ring, &role, &worker.link, NULL), HST_OK);
	loop_turn(loop, 0); /* the hello leaves, and nothing has come yet */
	TURN_UNTIL(house, house->joined == 1);
	poll(NULL, 0, 100); /* so the welcome is there */
	link_hurry(worker.link);
	for (int i = 0; i < 20; i++) {
		loop_turn(loop, 10);
		loop_turn(house->loop, 10);
	}
	assert_int_equal(worker.up, 1);
	assert_int_equal(house->joined, 1);
	assert_int_equal(house->left, 0);
	link_free(worker.link);
	loop_free(loop);
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

	assert_int_equal(link_new(house->loop, house->peer_zmq, house->ipc, &ring, &at_up, &felix.link, NULL),
			 HST_OK);
	TURN_UNTIL(house, !felix.link);
	connect_peer(house, FELIX, house->ipc, &felix);
	assert_int_equal(link_request(felix.link, &message, CALL_MS, free_at_reply, &felix, NULL), HST_OK);
	TURN_UNTIL(house, !felix.link);
	ring = peer_ring(house, STRANGER);
	assert_int_equal(
		link_new(house->loop, house->peer_zmq, house->ipc, &ring, &at_down, &felix.link, NULL),
		HST_OK);
	TURN_UNTIL(house, !felix.link);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(a_worker_is_replaced_by_its_successor),
		WIRE_TEST(a_link_comes_back_when_the_host_does),
		WIRE_TEST(what_was_asked_of_a_host_that_went_is_over_when_it_is_back),
		WIRE_TEST(what_is_asked_while_the_host_goes_is_not_refused),
		WIRE_TEST(a_host_that_dies_in_the_handshake_is_not_taken_for_another),
		WIRE_TEST(a_host_that_stays_away_is_down),
		WIRE_TEST(a_host_that_hangs_is_down),
		WIRE_TEST(silent_links_stay),
		WIRE_TEST(a_gateway_that_hangs_leaves_after_15_s),
		WIRE_TEST(a_worker_may_be_silent),
		WIRE_TEST(a_peer_that_has_gone_leaves),
		WIRE_TEST(the_last_words_of_one_that_is_gone_are_heard),
		WIRE_TEST(a_link_that_hurries_keeps_the_connection_it_has),
		WIRE_TEST(a_link_can_be_freed_in_its_callbacks),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
