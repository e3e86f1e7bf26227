/* Who gets in: keys, names, routing ids, addresses, and what is taken away again. Over ipc and tcp loopback
 * for real. */
#include "wire_house.h"

#include "wire/connections.h"
#include "wire/frames.h"
#include "wire/socket.h"

#include <sys/stat.h>

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
	message_set_integer(&message, "memory", -1);
	message_set_integer(&message, "journal", 1);
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
	assert_int_equal(link_new(house->loop, house->peer_zmq, house->ipc, &ring, &role, &felix.link, NULL),
			 HST_OK);
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

static void a_peer_without_curve_does_not_get_in(void **state)
{
	struct house *house = *state;
	struct raw_watch watch = {0};
	struct monitor *monitor;
	void *socket = zmq_socket(house->peer_zmq, ZMQ_DEALER);
	int linger = 0;

	zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
	assert_int_equal(
		monitor_new(house->loop, house->peer_zmq, socket, raw_happened, &watch, &monitor, NULL),
		HST_OK);
	assert_int_equal(zmq_connect(socket, house->ipc), 0);
	raw_hello(socket, FELIX, PROTOCOL_MAJOR, NULL);
	TURN_UNTIL(house, watch.broken >= 2);
	assert_int_equal(watch.connected, 0);
	assert_int_equal(hub_counts(house->hub)->received, 0);
	monitor_free(monitor);
	zmq_close(socket);
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

/* A peer with a valid key asks for the routing id of another: it gets none of its messages and takes none
 * away. */
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
	assert_int_equal(socket_new(house->peer_zmq, ZMQ_DEALER, &house->keys[GUEST],
				    house->ring.self.public_key, &thief, NULL),
			 0);
	assert_int_equal(
		zmq_setsockopt(thief, ZMQ_ROUTING_ID, ((struct connection *)victim)->routing, ROUTING_BYTES),
		0);
	assert_int_equal(
		monitor_new(house->loop, house->peer_zmq, thief, raw_happened, &watch, &monitor, NULL),
		HST_OK);
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
	/* Until the ROUTER has seen the end of the first connection it ignores the second: so it is tried
	 * anew. */
	for (;;) {
		struct frames frames;
		int code;

		thief = raw_new(house, GUEST, routing, ROUTING_BYTES);
		raw_hello(thief, GUEST, PROTOCOL_MAJOR, NULL);
		assert_int_equal(frames_send_message(thief, NULL, 0, &message, NULL), HST_OK);
		for (int i = 0; i < 20 && (code = frames_receive(thief, &frames, NULL)) == HST_RETRY; i++)
			loop_turn(house->loop, 50);
		if (code == HST_OK) {
			assert_int_equal(raw_decode(&frames, 0, &message, NULL), HST_OK);
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

/* As a script has them: each ends before the next begins. */
static void an_operator_may_have_any_number_of_links_one_after_the_other(void **state)
{
	struct house *house = *state;
	struct peer_side peer;
	hst_error err;

	for (int i = 0; i < 200; i++) {
		connect_peer(house, FELIX, house->ipc, &peer);
		if (ask_call(&peer, &err) != HST_OK)
			fail_msg("link %d: %s", i, err.text);
		link_free(peer.link);
	}
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

/* Without its ZAP handler a hub would admit everybody, so a second one in the same context is refused as a
 * whole. */
static void a_hub_without_its_list_of_keys_is_refused(void **state)
{
	struct house *house = *state;
	struct hub *second = NULL;
	hst_error err;

	assert_int_equal(hub_new(house->loop, house->zmq, &house->ring, &house->role, &second, &err),
			 HST_BROKEN);
	assert_null(second);
}

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
		WIRE_TEST(a_chosen_routing_id_is_refused),
		WIRE_TEST(the_routing_id_of_somebody_else_brings_nothing),
		WIRE_TEST(a_routing_id_taken_over_is_judged_by_its_key),
		WIRE_TEST(a_key_that_is_taken_away_counts_at_once),
		WIRE_TEST(a_right_that_is_taken_away_counts_at_once),
		WIRE_TEST(an_operator_may_have_several_links),
		WIRE_TEST(an_operator_may_not_have_any_number_of_links),
		WIRE_TEST(an_operator_may_have_any_number_of_links_one_after_the_other),
		WIRE_TEST(addresses_are_checked),
		WIRE_TEST(a_hub_without_its_list_of_keys_is_refused),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
