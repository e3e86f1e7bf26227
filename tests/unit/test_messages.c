/* The list of messages: that it can be taken apart, found by word, and does not contradict itself. */
#include "wire/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_word_is_found_by_its_name(void **state)
{
	(void)state;
	for (int word = WORD_NONE + 1; word < WORD_COUNT; word++) {
		const struct message_row *row = message_row((enum word)word);

		assert_non_null(row);
		assert_int_equal(message_word(row->word, strlen(row->word)), word);
	}
}

static void what_is_not_in_the_list_is_no_word(void **state)
{
	(void)state;
	assert_int_equal(message_word("", 0), WORD_NONE);
	assert_int_equal(message_word("hell", 4), WORD_NONE);
	assert_int_equal(message_word("helloo", 6), WORD_NONE);
	assert_int_equal(message_word("hello", 4), WORD_NONE);
	assert_int_equal(message_word("hello\0", 6), WORD_NONE);
	assert_int_equal(message_word("HELLO", 5), WORD_NONE);
	assert_null(message_row(WORD_NONE));
	assert_null(message_row(WORD_COUNT));
}

static void heads_are_taken_apart(void **state)
{
	const struct message_row *row = message_row(WORD_finished);

	(void)state;
	assert_int_equal(row->member_count, 7);
	assert_string_equal(row->members[0].name, "step");
	assert_int_equal(row->members[0].type, 'i');
	assert_false(row->members[0].optional);
	assert_string_equal(row->members[3].name, "reason");
	assert_int_equal(row->members[3].type, 't');
	assert_true(row->members[3].optional);
	assert_string_equal(row->members[4].name, "released");
	assert_int_equal(row->members[4].type, 'b');
	assert_true(row->members[4].optional);
	assert_int_equal(message_row(WORD_done)->member_count, 0);
}

static void no_head_has_a_member_twice(void **state)
{
	(void)state;
	for (int word = WORD_NONE + 1; word < WORD_COUNT; word++) {
		const struct message_row *row = message_row((enum word)word);

		for (size_t i = 0; i < row->member_count; i++)
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(row->members[i].name, row->members[j].name);
	}
}

/* Run ids have 28 bytes, names of devices and packages up to 64: the longest head must hold them. */
static void texts_have_room_beside_integers(void **state)
{
	(void)state;
	for (int word = WORD_NONE + 1; word < WORD_COUNT; word++)
		assert_true(message_row((enum word)word)->text_max >= 256);
}

static void every_reply_is_in_the_list_and_can_be_said_by_the_other_side(void **state)
{
	(void)state;
	for (int word = WORD_NONE + 1; word < WORD_COUNT; word++) {
		const struct message_row *row = message_row((enum word)word), *reply;

		if (!row->reply[0])
			continue;
		reply = message_row(message_word(row->reply, strlen(row->reply)));
		assert_non_null(reply);
		if (row->sender == SPEAKER_HOST)
			assert_true(reply->sender & SPEAKER_PEERS);
		else
			assert_true(reply->sender & ~row->sender || row->sender == SPEAKER_ANY);
	}
}

static void what_clients_say_needs_a_right_and_nothing_else_does(void **state)
{
	(void)state;
	for (int word = WORD_NONE + 1; word < WORD_COUNT; word++) {
		const struct message_row *row = message_row((enum word)word);

		if (row->sender == SPEAKER_CLIENT)
			assert_int_not_equal(row->right, RIGHT_NONE);
		else if (!(row->sender & SPEAKER_CLIENT) || row->sender == SPEAKER_ANY || word == WORD_hello)
			assert_int_equal(row->right, RIGHT_NONE);
	}
}

static void payloads_have_their_ceiling(void **state)
{
	(void)state;
	assert_int_equal(message_row(WORD_done)->payload_max, 0);
	assert_int_equal(message_row(WORD_part)->payload_max, PART_BYTES_MAX);
	assert_int_equal(message_row(WORD_file_put)->payload_max, PART_BYTES_MAX);
	assert_int_equal(message_row(WORD_press)->payload_max, PAYLOAD_BYTES_MAX);
	assert_int_equal(message_row(WORD_press)->sealed_max, SEALED_BYTES_MAX);
	assert_int_equal(message_row(WORD_open)->payload_max, 0);
	assert_int_equal(message_row(WORD_open)->sealed_max, SEALED_BYTES_MAX);
	assert_int_equal(message_row(WORD_answer)->sealed_max, 0);
}

static void a_peer_speaks_as_the_first_part_of_its_name(void **state)
{
	(void)state;
	assert_int_equal(message_speaker("operator/felix"), SPEAKER_CLIENT);
	assert_int_equal(message_speaker("worker/connector/post#2"), SPEAKER_WORKER);
	assert_int_equal(message_speaker("gateway/ts-01"), SPEAKER_GATEWAY);
	assert_int_equal(message_speaker("gateway/"), 0);
	assert_int_equal(message_speaker("gateways/x"), 0);
	assert_int_equal(message_speaker("engine"), 0);
	assert_int_equal(message_speaker(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_found_by_its_name),
		cmocka_unit_test(what_is_not_in_the_list_is_no_word),
		cmocka_unit_test(heads_are_taken_apart),
		cmocka_unit_test(no_head_has_a_member_twice),
		cmocka_unit_test(texts_have_room_beside_integers),
		cmocka_unit_test(every_reply_is_in_the_list_and_can_be_said_by_the_other_side),
		cmocka_unit_test(what_clients_say_needs_a_right_and_nothing_else_does),
		cmocka_unit_test(payloads_have_their_ceiling),
		cmocka_unit_test(a_peer_speaks_as_the_first_part_of_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
