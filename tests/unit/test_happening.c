/* What the person at a device is told, and what is believed of the answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "person/happening.h"
#include "person/words.h"

#include <stdlib.h>
#include <string.h>

static void what_is_told_is_read_as_it_was_written(void **state)
{
	struct happening told = {.number = 4711, .token = 7, .run = "r-1", .device = "ts-01", .step = "enter", .state = "failed",
				 .title = "order: \"Invoice\" 1042", .subflow = "Main", .action = "Press \\ Save", .reason = "FlowFailed",
				 .text = "Bl\xc3\xa4tt\x65r", .at_us = INT64_C(1700000000000000)},
			 heard;
	struct text json;

	(void)state;
	text_init(&json, HAPPENING_BYTES_MAX);
	happening_write(&json, &told);
	assert_int_equal(happening_read(json.s, json.length, &heard, NULL), HST_OK);
	assert_string_equal(heard.title, told.title);
	assert_string_equal(heard.action, told.action);
	assert_string_equal(heard.text, told.text);
	assert_int_equal(heard.token, 7);
	assert_int_equal(heard.at_us, told.at_us);
	assert_true(happening_is_end(&heard));
	text_clear(&json);
}

static void the_longest_fits_into_one_datagram(void **state)
{
	struct happening told;
	struct text json;

	(void)state;
	memset(&told, '"', sizeof told);
	told.run[sizeof told.run - 1] = told.device[sizeof told.device - 1] = told.step[sizeof told.step - 1] = '\0';
	told.title[sizeof told.title - 1] = told.state[sizeof told.state - 1] = told.subflow[sizeof told.subflow - 1] = '\0';
	told.action[sizeof told.action - 1] = told.reason[sizeof told.reason - 1] = told.text[sizeof told.text - 1] = '\0';
	text_init(&json, HAPPENING_BYTES_MAX);
	happening_write(&json, &told);
	assert_false(json.over);
	text_clear(&json);
}

static void what_is_no_happening_is_refused(void **state)
{
	static const char *const wrong[] = {"", "{", "[]", "{}", "{\"run\":1}", "null"};
	struct happening heard = {.number = 5};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_true(happening_read(wrong[i], strlen(wrong[i]), &heard, NULL) < 0);
}

static void a_text_is_one_line_without_controls_cut_at_a_character(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"plain", "plain"},
		{"a\nb\tc\x1b[31m", "a b c [31m"},
		{"C1: \xc2\x9b!", "C1:  !"},
		{"bad \xff byte", "bad ? byte"},
		{"1234567890123456789\xc3\xa4", "1234567890123456789"},
		{"123456789012345678\xc3\xa4", "123456789012345678"},
		{"12345678901234567\xc3\xa4", "12345678901234567\xc3\xa4"},
	};
	char to[20];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		happening_text(to, sizeof to, cases[i].from);
		assert_string_equal(to, cases[i].to);
	}
}

static void an_answer_is_a_word_and_a_number(void **state)
{
	static const char *const wrong[] = {"", " ", "pause", "pause ", "pause x", "pause -1", " pause 1", "pause 1 2", "PAUSE 1", "cancel 1",
					    "pause 99999999999999999999", "pause 1\n", "stop\t1"};
	char line[ANSWER_BYTES_MAX];
	int64_t number = -1;

	(void)state;
	for (int answer = ANSWER_NONE + 1; answer < ANSWER_COUNT; answer++) {
		size_t length = answer_write(line, (enum answer)answer, INT64_MAX);

		assert_int_equal(answer_read(line, length, &number), answer);
		assert_true(number == INT64_MAX);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (answer_read(wrong[i], strlen(wrong[i]), &number) != ANSWER_NONE)
			fail_msg("\"%s\" was taken for an answer", wrong[i]);
	assert_int_equal(answer_read("stop\0" "1", 6, &number), ANSWER_NONE);
	memset(line, '7', sizeof line);
	assert_int_equal(answer_read(line, sizeof line, &number), ANSWER_NONE);
}

/* Whatever is made of right ones, it is one of the words or nothing. */
static void changed_answers_are_answers_or_nothing(void **state)
{
	char line[ANSWER_BYTES_MAX];
	int64_t number;

	(void)state;
	srandom(4711);
	for (int i = 0; i < 20000; i++) {
		size_t length = answer_write(line, (enum answer)(1 + random() % (ANSWER_COUNT - 1)), random());
		enum answer answer;

		for (long changes = random() % 4; changes >= 0; changes--)
			line[(size_t)random() % length] = (char)random();
		answer = answer_read(line, (size_t)random() % (length + 1), &number);
		assert_true(answer == ANSWER_NONE || answer_word(answer));
	}
}

static void people_read_the_name_and_the_label_apart(void **state)
{
	struct happening told = {.title = "order: Invoice <1042>", .state = "paused", .subflow = "Main", .action = "Save & close"};
	char summary[SUMMARY_SIZE];
	struct text body;

	(void)state;
	words_summary(summary, &told);
	assert_string_equal(summary, "order is paused");
	text_init(&body, 1000);
	words_body(&body, &told, true);
	assert_string_equal(body.s, "Invoice &lt;1042&gt;\nMain: Save &amp; close");
	text_reset(&body);
	strcpy(told.state, "failed");
	strcpy(told.text, "No such order");
	words_body(&body, &told, false);
	assert_string_equal(body.s, "Invoice <1042>\nNo such order");
	text_clear(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_read_as_it_was_written),
		cmocka_unit_test(the_longest_fits_into_one_datagram),
		cmocka_unit_test(what_is_no_happening_is_refused),
		cmocka_unit_test(a_text_is_one_line_without_controls_cut_at_a_character),
		cmocka_unit_test(an_answer_is_a_word_and_a_number),
		cmocka_unit_test(changed_answers_are_answers_or_nothing),
		cmocka_unit_test(people_read_the_name_and_the_label_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
