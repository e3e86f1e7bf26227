/* Messages over a socketpair: whole, in pieces, too many, wrong, and the end. */
#include "wire/stream.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { TURN_MS = 5000 };

struct side {
	struct stream *stream;
	int messages, ended;
	int64_t last; /* the step of the last message */
	size_t payload, sealed;
	bool free_at_message, free_at_end;
	hst_error why;
};

struct pair {
	struct loop *loop;
	int raw; /* the far end, by hand */
	struct side near;
};

static void side_message(void *arg, struct stream *stream, const struct message *message)
{
	struct side *side = arg;

	side->messages++;
	side->payload = message->payload_length;
	side->sealed = message->sealed_length;
	if (message->word == WORD_progress)
		side->last = message_integer(message, "step");
	if (side->free_at_message) {
		stream_free(stream);
		side->stream = NULL;
	}
}

static void side_ended(void *arg, struct stream *stream, const hst_error *why)
{
	struct side *side = arg;

	side->ended++;
	side->why = *why;
	if (side->free_at_end) {
		stream_free(stream);
		side->stream = NULL;
	}
}

static int setup(void **state)
{
	struct pair *pair = calloc(1, sizeof *pair);
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	pair->loop = loop_new(loop_wait_poll);
	pair->raw = fds[1];
	pair->near.stream =
		stream_new(pair->loop, fds[0],
			   &(struct stream_role){SPEAKER_SESSION, side_message, side_ended, &pair->near});
	*state = pair;
	return 0;
}

static int teardown(void **state)
{
	struct pair *pair = *state;

	stream_free(pair->near.stream);
	if (pair->raw >= 0)
		close(pair->raw);
	loop_free(pair->loop);
	free(pair);
	return 0;
}

static void progress(struct message *message, int64_t step, const void *payload, size_t length)
{
	message_init(message, WORD_progress, 0);
	message_set_integer(message, "step", step);
	message_set_integer(message, "token", 1);
	message_set_payload(message, payload, length);
}

/* The bytes of a message as they cross the socketpair, made by a stream of their own. */
static size_t bytes_of(const struct message *message, char *to, size_t size)
{
	struct loop *loop = loop_new(loop_wait_poll);
	struct side side = {0};
	size_t length = 0;
	ssize_t n;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	side.stream =
		stream_new(loop, fds[0], &(struct stream_role){SPEAKER_ANY, side_message, side_ended, &side});
	assert_int_equal(stream_send(side.stream, message, NULL), HST_OK);
	stream_free(side.stream);
	while ((n = read(fds[1], to + length, size - length)) > 0)
		length += (size_t)n;
	close(fds[1]);
	loop_free(loop);
	return length;
}

static void send_raw(struct pair *pair, const void *bytes, size_t n)
{
	assert_int_equal(send(pair->raw, bytes, n, MSG_NOSIGNAL), n);
}

static void turn_until(struct pair *pair, const int *count, int wanted)
{
	for (int i = 0; i < 100000 && *count < wanted; i++)
		loop_turn(pair->loop, TURN_MS);
	assert_int_equal(*count, wanted);
}

static void a_message_crosses(void **state)
{
	struct pair *pair = *state;
	struct message message;
	char bytes[256];

	progress(&message, 12, "{}", 2);
	send_raw(pair, bytes, bytes_of(&message, bytes, sizeof bytes));
	turn_until(pair, &pair->near.messages, 1);
	assert_int_equal(pair->near.last, 12);
	assert_int_equal(pair->near.payload, 2);
}

static void a_message_in_single_bytes_crosses(void **state)
{
	struct pair *pair = *state;
	struct message message;
	char bytes[256];
	size_t n;

	progress(&message, 13, "{}", 2);
	n = bytes_of(&message, bytes, sizeof bytes);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(pair->near.messages, 0);
		send_raw(pair, bytes + i, 1);
		loop_turn(pair->loop, TURN_MS);
	}
	assert_int_equal(pair->near.messages, 1);
	assert_int_equal(pair->near.last, 13);
}

static void many_messages_in_one_piece_cross_in_order(void **state)
{
	struct pair *pair = *state;
	char bytes[20000];
	size_t n = 0;

	for (int i = 1; i <= 100; i++) {
		struct message message;

		progress(&message, i, "0123456789", 10);
		n += bytes_of(&message, bytes + n, sizeof bytes - n);
	}
	send_raw(pair, bytes, n);
	turn_until(pair, &pair->near.messages, 100);
	assert_int_equal(pair->near.last, 100);
}

static void launch(struct message *message, int64_t step)
{
	message_init(message, WORD_launch, 0);
	message_set_integer(message, "step", step);
	message_set_integer(message, "token", 1);
	message_set_text(message, "run", "r-1");
	message_set_integer(message, "number", 1);
	message_set_text(message, "name", "n");
	message_set_integer(message, "timeout_ms", 1);
	message_set_text(message, "package", "p");
	message_set_text(message, "results", "r");
}

static void what_is_sealed_goes_beside_the_payload(void **state)
{
	static const char sealed[SEALED_BYTES_MAX + 1];
	struct pair *pair = *state;
	struct side far = {0};
	struct message message;

	far.stream = stream_new(pair->loop, pair->raw, &(struct stream_role){SPEAKER_GATEWAY, side_message, side_ended, &far});
	pair->raw = -1;
	launch(&message, 1);
	message_set_payload(&message, "{}", 2);
	message_set_sealed(&message, sealed, SEALED_BYTES_MAX);
	assert_int_equal(stream_send(pair->near.stream, &message, NULL), HST_OK);
	turn_until(pair, &far.messages, 1);
	assert_int_equal(far.payload, 2);
	assert_int_equal(far.sealed, SEALED_BYTES_MAX);
	message_set_sealed(&message, sealed, SEALED_BYTES_MAX + 1);
	assert_int_equal(stream_send(pair->near.stream, &message, NULL), HST_INVALID);
	progress(&message, 1, "{}", 2);
	message_set_sealed(&message, sealed, 1);
	assert_int_equal(stream_send(pair->near.stream, &message, NULL), HST_INVALID);
	stream_free(far.stream);
}

/* The far end reads nothing: what is sent waits here, up to 4 MiB, and then arrives whole. */
static void what_the_peer_does_not_take_waits(void **state)
{
	struct pair *pair = *state;
	struct side far = {0};
	char *payload = calloc(1, PAYLOAD_BYTES_MAX);
	struct message message;
	int sent = 0, code = HST_OK;

	while (sent < 100) {
		launch(&message, sent);
		message_set_payload(&message, payload, PAYLOAD_BYTES_MAX);
		code = stream_send(pair->near.stream, &message, NULL);
		if (code)
			break;
		sent++;
	}
	assert_int_equal(code, HST_RETRY);
	assert_in_range(sent, 3, 5);
	far.stream = stream_new(pair->loop, pair->raw,
				&(struct stream_role){SPEAKER_GATEWAY, side_message, side_ended, &far});
	pair->raw = -1;
	turn_until(pair, &far.messages, sent);
	assert_int_equal(far.payload, PAYLOAD_BYTES_MAX);
	assert_int_equal(stream_send(pair->near.stream, &message, NULL), HST_OK);
	turn_until(pair, &far.messages, sent + 1);
	stream_free(far.stream);
	free(payload);
}

static void the_end_is_told_after_the_last_message(void **state)
{
	struct pair *pair = *state;
	struct message message;
	char bytes[256];

	progress(&message, 1, NULL, 0);
	send_raw(pair, bytes, bytes_of(&message, bytes, sizeof bytes));
	close(pair->raw);
	pair->raw = -1;
	turn_until(pair, &pair->near.ended, 1);
	assert_int_equal(pair->near.messages, 1);
	assert_string_equal(pair->near.why.text, "the other side has closed the connection");
	assert_int_equal(stream_send(pair->near.stream, &message, NULL), HST_NOT_FOUND);
}

static void an_end_in_the_middle_is_told_so(void **state)
{
	struct pair *pair = *state;

	send_raw(pair, "\0\0\0\50abc", 7);
	close(pair->raw);
	pair->raw = -1;
	turn_until(pair, &pair->near.ended, 1);
	assert_int_equal(pair->near.messages, 0);
	assert_string_equal(pair->near.why.text,
			    "the other side has closed the connection in the middle of a message");
}

static void malformed(void **state, const void *bytes, size_t n)
{
	struct pair *pair = *state;

	send_raw(pair, bytes, n);
	turn_until(pair, &pair->near.ended, 1);
	assert_int_equal(pair->near.messages, 0);
	assert_true(pair->near.why.text[0]);
}

static void a_length_over_the_ceiling_ends_the_stream_at_once(void **state)
{
	malformed(state, "\xff\xff\xff\xff", 4);
}

static void a_part_longer_than_its_message_ends_the_stream(void **state)
{
	malformed(state,
		  "\0\0\0\x08\xff\xff\xff\xff"
		  "done",
		  12);
}

static void a_message_of_no_bytes_ends_the_stream(void **state)
{
	malformed(state, "\0\0\0\0", 4);
}

static void bytes_behind_the_last_part_end_the_stream(void **state)
{
	static const char bytes[] = "\0\0\0\x1f"
				    "\0\0\0\4done"
				    "\0\0\0\x08\0\0\0\0\0\0\0\0"
				    "\0\0\0\2{}"
				    "\0\0\0\0x";

	malformed(state, bytes, sizeof bytes - 1);
}

static void a_word_of_somebody_else_ends_the_stream(void **state)
{
	struct message message;
	char bytes[256];

	message_init(&message, WORD_close, 1);
	malformed(state, bytes, bytes_of(&message, bytes, sizeof bytes));
}

static void a_stream_can_be_freed_at_a_message(void **state)
{
	struct pair *pair = *state;
	char bytes[512];
	struct message message;
	size_t n;

	progress(&message, 1, NULL, 0);
	n = bytes_of(&message, bytes, sizeof bytes);
	n += bytes_of(&message, bytes + n, sizeof bytes - n);
	pair->near.free_at_message = true;
	send_raw(pair, bytes, n);
	turn_until(pair, &pair->near.messages, 1);
	assert_null(pair->near.stream);
	assert_int_equal(send(pair->raw, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
}

static void a_stream_can_be_freed_at_its_end(void **state)
{
	struct pair *pair = *state;

	pair->near.free_at_end = true;
	close(pair->raw);
	pair->raw = -1;
	turn_until(pair, &pair->near.ended, 1);
	assert_null(pair->near.stream);
}

#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(a_message_crosses),
		STREAM_TEST(a_message_in_single_bytes_crosses),
		STREAM_TEST(many_messages_in_one_piece_cross_in_order),
		STREAM_TEST(what_is_sealed_goes_beside_the_payload),
		STREAM_TEST(what_the_peer_does_not_take_waits),
		STREAM_TEST(the_end_is_told_after_the_last_message),
		STREAM_TEST(an_end_in_the_middle_is_told_so),
		STREAM_TEST(a_length_over_the_ceiling_ends_the_stream_at_once),
		STREAM_TEST(a_part_longer_than_its_message_ends_the_stream),
		STREAM_TEST(a_message_of_no_bytes_ends_the_stream),
		STREAM_TEST(bytes_behind_the_last_part_end_the_stream),
		STREAM_TEST(a_word_of_somebody_else_ends_the_stream),
		STREAM_TEST(a_stream_can_be_freed_at_a_message),
		STREAM_TEST(a_stream_can_be_freed_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
