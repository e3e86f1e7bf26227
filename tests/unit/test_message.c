/* One message: its head as JSON, written and read strictly, and its four parts. */
#include "wire/message.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct message offer(void)
{
	struct message message;

	message_init(&message, WORD_offer, 7);
	message_set_integer(&message, "step", 1);
	message_set_integer(&message, "token", INT64_MIN);
	message_set_text(&message, "run", "r-1");
	message_set_integer(&message, "number", INT64_MAX);
	message_set_text(&message, "name", "enter");
	message_set_text(&message, "device", "ts-01");
	message_set_text(&message, "user", "bot1");
	message_set_text(&message, "mode", "unattended");
	message_set_text(&message, "package", "");
	message_set_integer(&message, "timeout_ms", 0);
	return message;
}

static void a_head_is_json_in_the_order_of_the_row(void **state)
{
	struct message message;
	char head[HEAD_BYTES_MAX + 1];
	size_t length;

	(void)state;
	message_init(&message, WORD_happened, 0);
	message_set_boolean(&message, "ended", true);
	message_set_integer(&message, "run", -4711);
	message_set_text(&message, "what", "a \"b\"\n\x01\\ \xc3\xa4");
	assert_int_equal(message_write_head(&message, head, &length, NULL), HST_OK);
	assert_string_equal(head,
			    "{\"run\":-4711,\"what\":\"a \\\"b\\\"\\n\\u0001\\\\ \xc3\xa4\",\"ended\":true}");
	assert_int_equal(length, strlen(head));
	message_init(&message, WORD_done, 0);
	assert_int_equal(message_write_head(&message, head, &length, NULL), HST_OK);
	assert_string_equal(head, "{}");
}

static void what_was_written_is_read_back(void **state)
{
	struct message sent = offer(), got;
	struct message_parts parts;

	(void)state;
	message_set_payload(&sent, "{\"a\":1}", 7);
	assert_int_equal(message_write_parts(&sent, &parts, NULL), HST_OK);
	assert_int_equal(message_read_parts(&got, parts.at, NULL), HST_OK);
	assert_int_equal(got.word, WORD_offer);
	assert_int_equal(got.id, 7);
	assert_int_equal(message_integer(&got, "step"), 1);
	assert_true(message_integer(&got, "token") == INT64_MIN);
	assert_true(message_integer(&got, "number") == INT64_MAX);
	assert_string_equal(message_text(&got, "device"), "ts-01");
	assert_string_equal(message_text(&got, "package"), "");
	assert_int_equal(got.payload_length, 7);
	assert_memory_equal(got.payload, "{\"a\":1}", 7);
}

static void ids_are_eight_bytes_big_endian(void **state)
{
	struct message message;
	struct message_parts parts;
	static const unsigned char expected[] = {0x81, 2, 3, 4, 5, 6, 7, 8};

	(void)state;
	message_init(&message, WORD_done, UINT64_C(0x8102030405060708));
	assert_int_equal(message_write_parts(&message, &parts, NULL), HST_OK);
	assert_int_equal(parts.at[PART_ID].length, 8);
	assert_memory_equal(parts.at[PART_ID].bytes, expected, 8);
	assert_true(message_part_id(&parts.at[PART_ID]) == message.id);
	assert_true(message_part_id(&(struct message_part){"1234567", 7}) == 0);
}

static void optional_members_may_be_left_out(void **state)
{
	struct message message, got;
	char head[HEAD_BYTES_MAX + 1];
	size_t length;

	(void)state;
	message_init(&message, WORD_fired, 1);
	assert_int_equal(message_write_head(&message, head, &length, NULL), HST_OK);
	assert_string_equal(head, "{}");
	assert_int_equal(message_read_head(&got, WORD_fired, 1, head, length, NULL), HST_OK);
	assert_false(got.head[0].set);
	assert_string_equal(message_text(&got, "key"), "");
}

static void a_required_member_must_be_set(void **state)
{
	struct message message;
	char head[HEAD_BYTES_MAX + 1];
	size_t length;
	hst_error err;

	(void)state;
	message_init(&message, WORD_press, 1);
	assert_int_equal(message_write_head(&message, head, &length, &err), HST_INVALID);
	assert_string_equal(err.text, "press needs the member \"trigger\"");
}

/* Whatever is put into texts, the head fits and is JSON that is read back: long, full of quotes, no UTF-8. */
static void texts_are_cut_at_what_fits(void **state)
{
	static const char *const fillings[] = {"x", "\"", "\x01", "\xc3\xa4", "\xff", "\xf0\x9f\x98\x80"};
	char text[4096], head[HEAD_BYTES_MAX + 1];
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof fillings / sizeof *fillings; i++) {
		struct message message = offer(), got, copy;
		size_t n = strlen(fillings[i]);

		for (size_t at = 0; at + n < sizeof text; at += n)
			memcpy(text + at, fillings[i], n + 1);
		copy = message;
		message_set_integer(&copy, "step", INT64_MIN);
		message_set_integer(&copy, "timeout_ms", INT64_MIN);
		message_set_text(&copy, "user", text);
		message_set_text(&copy, "package", text);
		assert_int_equal(message_write_head(&copy, head, &length, NULL), HST_OK);
		assert_true(length <= HEAD_BYTES_MAX && length > HEAD_BYTES_MAX - 80);
		assert_int_equal(message_read_head(&got, WORD_offer, 1, head, length, NULL), HST_OK);
		assert_true(strlen(message_text(&got, "user")) > 0);
		if (fillings[i][0] != '\xff')
			assert_memory_equal(message_text(&got, "user"), text,
					    strlen(message_text(&got, "user")));
		else
			assert_memory_equal(message_text(&got, "user"), "???", 3);
		assert_string_equal(message_text(&got, "device"), "ts-01");
	}
}

static void a_text_can_be_set_again(void **state)
{
	struct message message;
	char head[HEAD_BYTES_MAX + 1], text[400];
	size_t length;

	(void)state;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	message_init(&message, WORD_press, 1);
	for (int i = 0; i < 100; i++)
		message_set_text(&message, "trigger", text);
	assert_int_equal(message_write_head(&message, head, &length, NULL), HST_OK);
	message_init(&message, WORD_press, 1);
	message_set_text(&message, "trigger", "one");
	message_set_text(&message, "trigger", "two");
	assert_int_equal(message_write_head(&message, head, &length, NULL), HST_OK);
	assert_string_equal(head, "{\"trigger\":\"two\"}");
}

static void an_assigned_message_has_its_own_texts(void **state)
{
	struct message message = {0}, copy;

	(void)state;
	message_init(&message, WORD_press, 1);
	message_set_text(&message, "trigger", "go");
	copy = message;
	memset(&message, 'x', sizeof message);
	assert_string_equal(message_text(&copy, "trigger"), "go");
}

static int read_welcome(const char *head, struct message *ret)
{
	return message_read_head(ret, WORD_welcome, 1, head, strlen(head), NULL);
}

static void blanks_and_order_do_not_matter(void **state)
{
	struct message got;

	(void)state;
	assert_int_equal(
		read_welcome(" {\t\"window\" :\n-3 , \"major\": 0,\r\"minor\":9223372036854775807 } ", &got),
		HST_OK);
	assert_int_equal(message_integer(&got, "window"), -3);
	assert_true(message_integer(&got, "minor") == INT64_MAX);
}

static void escapes_of_json_are_read(void **state)
{
	static const char head[] =
		"{\"trigger\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\u20AC\\ud83d\\ude00\"}";
	struct message got;

	(void)state;
	assert_int_equal(message_read_head(&got, WORD_press, 1, head, strlen(head), NULL), HST_OK);
	assert_string_equal(message_text(&got, "trigger"),
			    "\"\\/\b\f\n\r\tA\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
}

static void bad_heads_are_refused(void **state)
{
	static const struct {
		enum word word;
		const char *head;
	} bad[] = {
		{WORD_welcome, ""},
		{WORD_welcome, "{"},
		{WORD_welcome, "[]"},
		{WORD_welcome, "null"},
		{WORD_welcome, "{}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":1"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":1,}"},
		{WORD_welcome, "{\"major\":1 \"minor\":0,\"window\":1}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":1}x"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":1}{}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":1,\"window\":1}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":1,\"more\":1}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"windo\":1}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":\"1\"}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":1.0}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":1e3}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":01}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":-}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":+1}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":9223372036854775808}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":-9223372036854775809}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":true}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":null}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\":}"},
		{WORD_welcome, "{\"major\":1,\"minor\":0,\"window\"1}"},
		{WORD_welcome, "{major:1,\"minor\":0,\"window\":1}"},
		{WORD_welcome, "{'major':1,\"minor\":0,\"window\":1}"},
		{WORD_welcome, "/* */{\"major\":1,\"minor\":0,\"window\":1}"},
		{WORD_welcome, "{\"ma\\u006aor\":1,\"minor\":0,\"window\":1}"},
		{WORD_state, "{\"found\":1}"},
		{WORD_state, "{\"found\":TRUE}"},
		{WORD_state, "{\"found\":truefalse}"},
		{WORD_state, "{\"found\":\"true\"}"},
		{WORD_press, "{\"trigger\":1}"},
		{WORD_press, "{\"trigger\":{}}"},
		{WORD_press, "{\"trigger\":[\"a\"]}"},
		{WORD_press, "{\"trigger\":\"a}"},
		{WORD_press, "{\"trigger\":\"a\nb\"}"},
		{WORD_press, "{\"trigger\":\"\\x\"}"},
		{WORD_press, "{\"trigger\":\"\\"},
		{WORD_press, "{\"trigger\":\"\\u12\"}"},
		{WORD_press, "{\"trigger\":\"\\u0000\"}"},
		{WORD_press, "{\"trigger\":\"\\ud83d\"}"},
		{WORD_press, "{\"trigger\":\"\\ude00\"}"},
		{WORD_press, "{\"trigger\":\"\\ud83d\\u0041\"}"},
		{WORD_press, "{\"trigger\":\"\xff\"}"},
		{WORD_press, "{\"trigger\":\"\xc0\x80\"}"},
		{WORD_press, "{\"trigger\":\"\xed\xa0\x80\"}"},
		{WORD_press, "{\"trigger\":\"\xe2\x82"},
		{WORD_press, "{\"trigger"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct message got;
		hst_error err = {0};
		char *exact =
			malloc(strlen(bad[i].head) + 1); /* so that the sanitizer sees a byte too much */

		memcpy(exact, bad[i].head, strlen(bad[i].head));
		if (message_read_head(&got, bad[i].word, 1, exact, strlen(bad[i].head), &err) != HST_INVALID)
			fail_msg("accepted: %s", bad[i].head);
		assert_true(err.text[0]);
		free(exact);
	}
}

/* A name with a NUL must not be taken for the shorter one. */
static void names_are_compared_with_their_length(void **state)
{
	static const char head[] = "{\"trigger\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":\"x\"}";
	struct message got;

	(void)state;
	assert_int_equal(message_read_head(&got, WORD_press, 1, head, sizeof head - 1, NULL), HST_INVALID);
}

static void a_head_over_512_bytes_is_refused(void **state)
{
	char head[HEAD_BYTES_MAX + 2];
	struct message got;

	(void)state;
	memset(head, ' ', sizeof head);
	memcpy(head, "{\"trigger\":\"a\"}", 15);
	assert_int_equal(message_read_head(&got, WORD_press, 1, head, HEAD_BYTES_MAX, NULL), HST_OK);
	assert_int_equal(message_read_head(&got, WORD_press, 1, head, HEAD_BYTES_MAX + 1, NULL), HST_INVALID);
}

/* Any 512 bytes: no crash, and what is accepted can be written again. Seeded, so that a failure can be
 * repeated. */
static void random_heads_do_no_harm(void **state)
{
	static const char alphabet[] = "{}\":,\\u01-9 truefalsgi\xc3\xa4";
	unsigned seed = 20221;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char head[64] = "{\"trigger\":\"", again[HEAD_BYTES_MAX + 1];
		size_t length = 12 + (size_t)(rand_r(&seed) % 40), written;
		struct message got;

		for (size_t at = rand_r(&seed) % 4 ? 12 : 0; at < length; at++)
			head[at] = alphabet[(size_t)rand_r(&seed) % (sizeof alphabet - 1)];
		if (message_read_head(&got, WORD_press, 1, head, length, NULL) == HST_OK)
			assert_int_equal(message_write_head(&got, again, &written, NULL), HST_OK);
	}
}

static void parts_of_a_wrong_form_are_refused(void **state)
{
	static const unsigned char id[8] = {0};
	struct message got;
	struct message_part parts[MESSAGE_PARTS] = {{"done", 4}, {id, 8}, {"{}", 2}, {NULL, 0}};

	(void)state;
	assert_int_equal(message_read_parts(&got, parts, NULL), HST_OK);
	parts[PART_PAYLOAD] = (struct message_part){"x", 1};
	assert_int_equal(message_read_parts(&got, parts, NULL), HST_INVALID);
	parts[PART_PAYLOAD].length = 0;
	parts[PART_ID].length = 7;
	assert_int_equal(message_read_parts(&got, parts, NULL), HST_INVALID);
	parts[PART_ID].length = 8;
	parts[PART_WORD] = (struct message_part){"dona", 4};
	assert_int_equal(message_read_parts(&got, parts, NULL), HST_INVALID);
}

static void payloads_over_their_ceiling_are_not_written(void **state)
{
	struct message message;
	struct message_parts parts;
	char *bytes = calloc(1, PAYLOAD_BYTES_MAX + 1);

	(void)state;
	message_init(&message, WORD_answer, 1);
	message_set_payload(&message, bytes, PAYLOAD_BYTES_MAX);
	assert_int_equal(message_write_parts(&message, &parts, NULL), HST_OK);
	message_set_payload(&message, bytes, PAYLOAD_BYTES_MAX + 1);
	assert_int_equal(message_write_parts(&message, &parts, NULL), HST_INVALID);
	message_init(&message, WORD_part, 1);
	message_set_integer(&message, "offset", 0);
	message_set_integer(&message, "total", 0);
	message_set_payload(&message, bytes, PART_BYTES_MAX + 1);
	assert_int_equal(message_write_parts(&message, &parts, NULL), HST_INVALID);
	free(bytes);
}

static void an_error_carries_code_reason_and_text(void **state)
{
	hst_error said, heard;
	struct message message;

	(void)state;
	hst_fail_as(&said, HST_DENIED, "RightMissing", "no right to %s", "press");
	message_init_error(&message, 5, HST_DENIED, &said);
	assert_int_equal(message.id, 5);
	assert_int_equal(message_read_error(&message, &heard), HST_DENIED);
	assert_string_equal(heard.reason, "RightMissing");
	assert_string_equal(heard.text, "no right to press");
}

static void an_error_is_never_success(void **state)
{
	static const int64_t codes[] = {0, 1, -8, INT64_MAX, INT64_MIN};
	struct message message;

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		message_init(&message, WORD_error, 1);
		message_set_integer(&message, "code", codes[i]);
		message_set_text(&message, "reason", "");
		assert_int_equal(message_read_error(&message, NULL), HST_INVALID);
	}
}

static void a_payload_as_text_ends_with_a_nul(void **state)
{
	struct message message;
	char *text;

	(void)state;
	message_init(&message, WORD_answer, 1);
	text = message_payload_text(&message);
	assert_string_equal(text, "");
	free(text);
	message_set_payload(&message, "abc", 2);
	text = message_payload_text(&message);
	assert_string_equal(text, "ab");
	free(text);
}

static void a_member_that_is_not_there_ends_the_program(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		struct message message;

		signal(SIGABRT, SIG_DFL);
		close(2);
		message_init(&message, WORD_press, 1);
		message_set_integer(&message, "trigger", 1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_is_json_in_the_order_of_the_row),
		cmocka_unit_test(what_was_written_is_read_back),
		cmocka_unit_test(ids_are_eight_bytes_big_endian),
		cmocka_unit_test(optional_members_may_be_left_out),
		cmocka_unit_test(a_required_member_must_be_set),
		cmocka_unit_test(texts_are_cut_at_what_fits),
		cmocka_unit_test(a_text_can_be_set_again),
		cmocka_unit_test(an_assigned_message_has_its_own_texts),
		cmocka_unit_test(blanks_and_order_do_not_matter),
		cmocka_unit_test(escapes_of_json_are_read),
		cmocka_unit_test(bad_heads_are_refused),
		cmocka_unit_test(names_are_compared_with_their_length),
		cmocka_unit_test(a_head_over_512_bytes_is_refused),
		cmocka_unit_test(random_heads_do_no_harm),
		cmocka_unit_test(parts_of_a_wrong_form_are_refused),
		cmocka_unit_test(payloads_over_their_ceiling_are_not_written),
		cmocka_unit_test(an_error_carries_code_reason_and_text),
		cmocka_unit_test(an_error_is_never_success),
		cmocka_unit_test(a_payload_as_text_ends_with_a_nul),
		cmocka_unit_test(a_member_that_is_not_there_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
