/* What may be said on the wire, and what becomes of what may not: senders, rights, forms, sizes, requests and
 * replies. */
#include "wire_house.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "wire/frames.h"
#include "wire/socket.h"

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
	assert_int_equal(frames_send_message(socket, NULL, 0, &message, NULL), HST_OK);
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
	assert_string_equal(err.text, "operator/guest has not the right \"press\", which this needs");
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

static void add_length(struct text *to, size_t n)
{
	text_bytes(to, (const char[]){(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n}, 4);
}

/* As parcel_add does it, whatever the parts are. */
static void add_parts(struct text *to, const struct message_part *parts, size_t n)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++)
		length += 4 + parts[i].length;
	add_length(to, length);
	for (size_t i = 0; i < n; i++) {
		add_length(to, parts[i].length);
		text_bytes(to, parts[i].length ? parts[i].bytes : "", parts[i].length);
	}
}

static void send_bytes(void *socket, const struct text *bytes, int flags)
{
	assert_false(bytes->over);
	assert_true(zmq_send(socket, bytes->length ? bytes->s : "", bytes->length, flags) >= 0);
}

static void send_parts(void *socket, const struct message_part *parts, size_t n)
{
	AUTO(text) struct text bytes;

	text_init(&bytes, 8 * PAYLOAD_BYTES_MAX);
	add_parts(&bytes, parts, n);
	send_bytes(socket, &bytes, 0);
}

#define PART(text)                    \
	{                             \
		text, sizeof text - 1 \
	}
#define ID "\x80\0\0\0\0\0\0\x09"

static void malformed_messages_are_answered_and_do_no_harm(void **state)
{
	static const struct {
		size_t n;
		struct message_part parts[9];
	} bad[] = {
		{0, {PART("")}},
		{1, {PART("")}},
		{1, {PART("ask")}},
		{3, {PART("ask"), PART(ID), PART("{\"what\":\"runs\"}")}},
		{4, {PART("ask"), PART(ID), PART("{\"what\":\"runs\"}"), PART("")}},
		{5, {PART("ask"), PART(ID), PART("{\"what\":\"runs\"}"), PART(""), PART("HSE1")}},
		{6, {PART("ask"), PART(ID), PART("{\"what\":\"runs\"}"), PART(""), PART(""), PART("")}},
		{9,
		 {PART("ask"), PART(ID), PART("{\"what\":\"runs\"}"), PART(""), PART(""), PART(""), PART(""),
		  PART(""), PART("")}},
		{5, {PART(""), PART("ask"), PART(ID), PART("{}"), PART("")}},
		{5, {PART("aks"), PART(ID), PART("{\"what\":\"runs\"}"), PART(""), PART("")}},
		{5, {PART("ask"), PART("1"), PART("{\"what\":\"runs\"}"), PART(""), PART("")}},
		{5, {PART("ask"), PART(ID), PART("{\"what\":1}"), PART(""), PART("")}},
		{5, {PART("ask"), PART(ID), PART("{\"what\":\"runs\",\"what\":\"runs\"}"), PART(""), PART("")}},
		{5, {PART("ask"), PART(ID), PART("{\"what\":\"runs\",\"more\":1}"), PART(""), PART("")}},
		{5, {PART("ask"), PART(ID), PART("{}"), PART(""), PART("")}},
		{5, {PART("ask"), PART(ID), PART(""), PART(""), PART("")}},
		{5, {PART("ask"), PART(ID), PART("{{{{{{{{"), PART(""), PART("")}},
		{5, {PART("ask"), PART(ID), PART("{\"what\":\"\xff\"}"), PART(""), PART("")}},
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
	assert_int_equal(frames_send_message(socket, NULL, 0, &good, NULL), HST_OK);
	raw_receive(house, socket, &message);
	assert_int_equal(message.word, WORD_answer);
	assert_int_equal(message.id, 77);
	socket_close(socket, 0);
}

/* Several messages in one: each is judged by itself, until nobody knows where the next begins. */
static void one_that_is_malformed_does_not_spoil_its_neighbours(void **state)
{
	static const struct message_part right[] = {PART("ask"), PART(ID), PART("{\"what\":\"runs\"}"), PART(""), PART("")};
	static const struct message_part wrong[] = {PART("ask"), PART(ID), PART("{\"what\":1}"), PART(""), PART("")};
	static const enum word answers[] = {WORD_answer, WORD_error, WORD_answer, WORD_error};
	struct house *house = *state;
	void *socket = raw_new(house, FELIX, NULL, 0);
	AUTO(text) struct text bytes;
	struct message message;

	raw_hello(socket, FELIX, PROTOCOL_MAJOR, NULL);
	raw_receive(house, socket, &message);
	text_init(&bytes, 4096);
	add_parts(&bytes, right, MESSAGE_PARTS);
	add_parts(&bytes, wrong, MESSAGE_PARTS);
	add_parts(&bytes, right, MESSAGE_PARTS);
	add_length(&bytes, 1000); /* and no more */
	send_bytes(socket, &bytes, 0);
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		raw_receive(house, socket, &message);
		assert_int_equal(message.word, answers[i]);
	}
	assert_int_equal(house->asked, 2);

	/* A message of libzmq has one part. */
	text_reset(&bytes);
	add_parts(&bytes, right, MESSAGE_PARTS);
	send_bytes(socket, &bytes, ZMQ_SNDMORE);
	send_bytes(socket, &bytes, 0);
	raw_receive(house, socket, &message);
	assert_int_equal(message.word, WORD_error);
	assert_int_equal(house->asked, 2);
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
	struct message_part parts[] = {
		PART("ask"), PART(ID), PART("{\"what\":\"runs\"}"), {bytes, PAYLOAD_BYTES_MAX + 1}, PART("")};

	connect_peer(house, GUEST, house->ipc, &guest);
	assert_int_equal(ask_call(&guest, NULL), HST_OK);
	socket = raw_new(house, FELIX, NULL, 0);
	assert_int_equal(
		monitor_new(house->loop, house->peer_zmq, socket, raw_happened, &watch, &monitor, NULL),
		HST_OK);
	raw_hello(socket, FELIX, PROTOCOL_MAJOR, NULL);
	raw_receive(house, socket, &message);
	send_parts(socket, parts, MESSAGE_PARTS);
	raw_expect_error(house, socket, HST_INVALID, "");
	parts[3].length = 4 * PAYLOAD_BYTES_MAX;
	send_parts(socket, parts, MESSAGE_PARTS);
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

static void a_connection_begins_with_hello(void **state)
{
	struct house *house = *state;
	void *socket = raw_new(house, FELIX, NULL, 0);
	struct message message = ask();

	message.id = 4;
	assert_int_equal(frames_send_message(socket, NULL, 0, &message, NULL), HST_OK);
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

/* The id of a request of the host's equals the number of a link's own request: neither is taken for the
 * other's reply. */
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

static int64_t stopped_at_us;

static int64_t stopped_us(void)
{
	return stopped_at_us + later_us;
}

static void turn_a_while(struct house *house)
{
	for (int i = 0; i < 10; i++)
		loop_turn(house->loop, 10);
}

static void what_may_take_a_moment_leaves_with_the_next_or_then(void **state)
{
	static const struct clock_source stopped = {stopped_us, stopped_us};
	struct house *house = *state;
	struct peer_side felix;
	struct message message = ask();

	connect_peer(house, FELIX, house->ipc, &felix);
	loop_turn(house->loop, 0); /* what connecting has left to be sent leaves */
	stopped_at_us = clock_steady_us();
	clock_replace(&stopped);
	assert_int_equal(link_send_soon(felix.link, &message, NULL), HST_OK);
	assert_int_equal(link_send_soon(felix.link, &message, NULL), HST_OK);
	turn_a_while(house);
	assert_int_equal(house->asked, 0);
	assert_int_equal(link_send(felix.link, &message, NULL), HST_OK);
	assert_int_equal(link_send_soon(felix.link, &message, NULL), HST_OK);
	TURN_UNTIL(house, house->asked == 4);
	assert_int_equal(link_send_soon(felix.link, &message, NULL), HST_OK);
	later_us += 4000;
	turn_a_while(house);
	assert_int_equal(house->asked, 4);
	later_us += 1000;
	TURN_UNTIL(house, house->asked == 5);
	assert_int_equal(link_send_soon(felix.link, &message, NULL), HST_OK);
	link_free(felix.link);
	TURN_UNTIL(house, house->asked == 6);
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
		assert_int_equal(frames_send_message(socket, NULL, 0, &message, NULL), HST_OK);
	while (house->asked < 100) {
		before = hub_counts(house->hub)->received;
		loop_turn(house->loop, 1000);
		assert_true(hub_counts(house->hub)->received - before <= 3);
	}
	socket_close(socket, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(a_worker_may_not_say_a_clients_word),
		WIRE_TEST(a_client_may_not_say_the_hosts_word),
		WIRE_TEST(an_operator_without_the_right_is_refused),
		WIRE_TEST(a_word_without_a_handler_is_refused),
		WIRE_TEST(malformed_messages_are_answered_and_do_no_harm),
		WIRE_TEST(one_that_is_malformed_does_not_spoil_its_neighbours),
		WIRE_TEST(what_is_oversized_does_not_get_in),
		WIRE_TEST(what_is_oversized_is_not_sent),
		WIRE_TEST(the_largest_payload_gets_through),
		WIRE_TEST(a_connection_begins_with_hello),
		WIRE_TEST(hello_must_fit_key_and_protocol),
		WIRE_TEST(hello_again_is_a_sign_of_life),
		WIRE_TEST(the_host_reaches_its_peers),
		WIRE_TEST(ids_of_both_sides_never_meet),
		WIRE_TEST(a_request_ends_with_its_time_out_or_its_link),
		WIRE_TEST(the_window_of_requests_is_kept),
		WIRE_TEST(what_may_take_a_moment_leaves_with_the_next_or_then),
		WIRE_TEST(a_turn_reads_up_to_its_limit),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
