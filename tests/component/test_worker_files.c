/* Files of the run in hostler-worker itself: what it fetches before a call, what it sends before an answer or an event. */
#include "../fakes/fake_engine.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdlib.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LONG_MS = 60000, LARGE = 300000 };

static void start_clerk(struct fake_engine *engine)
{
	fake_engine_start(engine, "connector/clerk", "[connector clerk]\nplugin = clerk\n");
	fake_engine_spawn(engine);
	fake_engine_expect_said(engine, "ready\n");
}

static void inputs_are_fetched_before_the_call(void **state)
{
	char *large = mem_alloc(LARGE);
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	start_clerk(&engine);
	memset(large, 'x', LARGE);
	memcpy(large, "begin", 5);
	engine.file = large;
	engine.file_length = LARGE;
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 7, "read", LONG_MS,
							      "{\"file\":\"trigger/a.txt\",\"files\":[\"enter/out/a.txt\",\"trigger/a.txt\"]}"));
	assert_int_equal(answer->word, WORD_returned);
	engine.file = "short";
	engine.file_length = 5;
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 8, "read", LONG_MS, "{\"file\":\"trigger/b.txt\"}"));
	assert_non_null(strstr(answer->payload, "\"text\":\"short\",\"names\":\"b.txt\""));
	assert_non_null(strstr(answer->payload, "\"bytes\":5"));
	assert_int_equal(engine.put.length, 0);
	free(large);
	fake_engine_end(&engine);
}

static void what_is_not_what_was_sent_fails_the_call(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	start_clerk(&engine);
	engine.file = "short";
	engine.file_length = 5;
	engine.file_damaged = true;
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 1, "read", LONG_MS, "{\"file\":\"trigger/b.txt\"}"));
	assert_int_equal(answer->word, WORD_error);
	assert_non_null(strstr(answer->payload, "its sum is another one"));
	engine.file = NULL;
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 2, "read", LONG_MS, "{\"file\":\"trigger/b.txt\"}"));
	assert_string_equal(answer->reason, "InputInvalid");
	assert_string_equal(answer->payload, "there is no file trigger/b.txt");
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 3, "read", LONG_MS, "{\"file\":\"trigger/../b.txt\"}"));
	assert_string_equal(answer->reason, "InputInvalid");
	fake_engine_end(&engine);
}

static void outputs_are_sent_before_the_answer(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	start_clerk(&engine);
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 5, "make", LONG_MS, "{\"name\":\"../x\\u0001.txt\",\"text\":\"abc\",\"n\":2}"));
	assert_string_equal(answer->payload, "{\"file\":\"make/x.txt\",\"files\":[\"make/x.txt\",\"make/x-2.txt\"]}");
	assert_string_equal(engine.put.s, "5/1 x.txt 0+3/3 sum\n5/1 x-2.txt 0+3/3 sum\n");
	text_reset(&engine.put);
	fake_engine_answer(&engine, fake_engine_call(&engine, 6, "make", LONG_MS, "{\"name\":\"x\",\"size\":300000}"));
	assert_string_equal(engine.put.s, "6/1 x 0+262144/300000\n6/1 x 262144+37856/300000 sum\n");
	fake_engine_end(&engine);
}

static void what_is_handed_on_is_not_sent_again(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	start_clerk(&engine);
	engine.file = "short";
	engine.file_length = 5;
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 1, "hand_on", LONG_MS, "{\"file\":\"trigger/b.txt\"}"));
	assert_string_equal(answer->payload, "{\"file\":\"trigger/b.txt\"}");
	assert_int_equal(engine.put.length, 0);
	fake_engine_end(&engine);
}

static void what_is_too_large_or_too_many_is_refused(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	start_clerk(&engine);
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 1, "make", LONG_MS, "{\"name\":\"x\",\"size\":268435457}"));
	assert_int_equal(answer->word, WORD_error);
	assert_non_null(strstr(answer->payload, "at most 256 MiB"));
	assert_int_equal(engine.put.length, 0);
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 2, "make", LONG_MS, "{\"name\":\"x\",\"n\":1001}"));
	assert_int_equal(answer->word, WORD_error);
	assert_int_equal(engine.put.length, 0);
	fake_engine_end(&engine);
}

static void a_press_takes_only_what_came_with_it(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	fake_engine_start(&engine, "trigger/door", "[trigger door]\nplugin = courier\nfolder = /nowhere\n");
	fake_engine_spawn(&engine);
	fake_engine_expect_said(&engine, "ready\n");
	answer = fake_engine_answer(&engine, fake_engine_fire(&engine, "{\"name\":\"x\",\"first\":\"trigger/a.txt\"}"));
	assert_string_equal(answer->reason, "InputInvalid");
	assert_non_null(strstr(answer->payload, "did not come with the press"));
	answer = fake_engine_answer(&engine, fake_engine_fire(&engine, "{\"name\":\"x\"}"));
	assert_string_equal(answer->payload, "{\"name\":\"x\",\"all\":[\"trigger/note.txt\"]}");
	assert_non_null(strstr(engine.put.s, " note.txt 0+7/7 sum\n"));
	assert_memory_equal(engine.put.s, "0/", 2);
	fake_engine_end(&engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inputs_are_fetched_before_the_call),	    cmocka_unit_test(what_is_not_what_was_sent_fails_the_call),
		cmocka_unit_test(outputs_are_sent_before_the_answer),	    cmocka_unit_test(what_is_handed_on_is_not_sent_again),
		cmocka_unit_test(what_is_too_large_or_too_many_is_refused), cmocka_unit_test(a_press_takes_only_what_came_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
