/* hostler-worker itself, with an engine that is faked on the real wire. */
#include "../fakes/fake_engine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ODD "[connector odd]\nplugin = stubborn\n"

enum { LONG_MS = 60000 };

static void start_odd(struct fake_engine *engine)
{
	fake_engine_start(engine, "connector/odd", ODD);
	fake_engine_spawn(engine);
	fake_engine_expect_said(engine, "ready\n");
}

static void it_is_ready_once_the_engine_has_answered(void **state)
{
	struct fake_engine engine;

	(void)state;
	start_odd(&engine);
	fake_engine_wait_link(&engine);
	assert_string_equal(engine.link->name, "worker/connector/odd");
	fake_engine_end(&engine);
}

static void a_call_is_answered_with_its_outputs(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	start_odd(&engine);
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 7, "echo", LONG_MS, "{\"text\":\"hello\"}"));
	assert_int_equal(answer->word, WORD_returned);
	assert_string_equal(answer->payload, "{\"text\":\"hello\"}");
	fake_engine_end(&engine);
}

static void what_goes_wrong_is_answered_with_code_reason_and_sentence(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	start_odd(&engine);
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 1, "refuse", LONG_MS, "{}"));
	assert_int_equal(answer->word, WORD_error);
	assert_int_equal(answer->code, HST_DENIED);
	assert_string_equal(answer->reason, "Denied");
	assert_string_equal(answer->payload, "nobody may do this");

	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 2, "echo", LONG_MS, "{\"txt\":\"x\"}"));
	assert_int_equal(answer->code, HST_INVALID);
	assert_string_equal(answer->reason, "InputInvalid");

	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 3, "echo", LONG_MS, "garbage"));
	assert_string_equal(answer->reason, "InputInvalid");

	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 4, "explode", LONG_MS, "{}"));
	assert_int_equal(answer->code, HST_NOT_FOUND);

	answer = fake_engine_answer(&engine, fake_engine_fire(&engine, "{}"));
	assert_int_equal(answer->word, WORD_error);
	fake_engine_end(&engine);
}

static void cancelling_ends_the_call_at_work(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;
	uint64_t call, cancel;

	(void)state;
	start_odd(&engine);
	call = fake_engine_call(&engine, 1, "wait", LONG_MS, "{}");
	cancel = fake_engine_cancel(&engine, 1);
	assert_int_equal(fake_engine_answer(&engine, cancel)->word, WORD_done);
	answer = fake_engine_answer(&engine, call);
	assert_int_equal(answer->code, HST_CANCELLED);
	assert_string_equal(answer->reason, "Cancelled");
	fake_engine_end(&engine);
}

static void calls_wait_for_each_other_and_can_be_cancelled_meanwhile(void **state)
{
	struct fake_engine engine;
	uint64_t first, second, third;

	(void)state;
	start_odd(&engine);
	first = fake_engine_call(&engine, 1, "wait", LONG_MS, "{}");
	second = fake_engine_call(&engine, 2, "echo", LONG_MS, "{\"text\":\"two\"}");
	third = fake_engine_call(&engine, 3, "echo", LONG_MS, "{\"text\":\"three\"}");
	fake_engine_answer(&engine, fake_engine_cancel(&engine, 2));
	assert_string_equal(fake_engine_answer(&engine, second)->reason, "Cancelled");
	fake_engine_cancel(&engine, 1);
	assert_string_equal(fake_engine_answer(&engine, third)->payload, "{\"text\":\"three\"}");
	assert_int_equal(fake_engine_answer(&engine, first)->code, HST_CANCELLED);
	fake_engine_end(&engine);
}

static void a_call_knows_its_deadline(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	start_odd(&engine);
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 1, "wait", 50, "{}"));
	assert_int_equal(answer->code, HST_CANCELLED);
	fake_engine_end(&engine);
}

static void a_call_that_ignores_its_deadline_loses_its_process(void **state)
{
	struct fake_engine engine;
	int status;

	(void)state;
	start_odd(&engine);
	fake_engine_call(&engine, 1, "hang", 10, "{}");
	status = fake_engine_wait_status(&engine);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	fake_engine_end(&engine);
}

static void a_broken_plugin_is_reported_and_its_process_ends(void **state)
{
	struct fake_engine engine;
	uint64_t call;
	int status;

	(void)state;
	start_odd(&engine);
	call = fake_engine_call(&engine, 1, "break", LONG_MS, "{}");
	assert_int_equal(fake_engine_answer(&engine, call)->code, HST_BROKEN);
	status = fake_engine_wait_status(&engine);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	fake_engine_end(&engine);
}

static void it_ends_with_its_supervisor(void **state)
{
	struct fake_engine engine;
	int status;

	(void)state;
	start_odd(&engine);
	close(engine.life_fd);
	engine.life_fd = -1;
	status = fake_engine_wait_status(&engine);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	fake_engine_end(&engine);
}

static void told_to_end_it_cancels_what_it_does(void **state)
{
	struct fake_engine engine;
	uint64_t call;
	int status;

	(void)state;
	start_odd(&engine);
	call = fake_engine_call(&engine, 1, "wait", LONG_MS, "{}");
	/* An answer to something later shows that the call is at work. */
	fake_engine_answer(&engine, fake_engine_cancel(&engine, 99));
	kill(engine.pid, SIGTERM);
	assert_int_equal(fake_engine_answer(&engine, call)->code, HST_CANCELLED);
	status = fake_engine_wait_status(&engine);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	fake_engine_end(&engine);
}

static void wrong_settings_are_said_and_not_tried_again(void **state)
{
	struct fake_engine engine;
	int status;

	(void)state;
	fake_engine_start(&engine, "trigger/beat", "[trigger beat]\nplugin = pulse\ntimes = many\n");
	fake_engine_spawn(&engine);
	fake_engine_expect_said(&engine, "bad ");
	status = fake_engine_wait_status(&engine);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
	fake_engine_end(&engine);
}

static void a_press_becomes_an_event(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	fake_engine_start(&engine, "trigger/beat", "[trigger beat]\nplugin = pulse\n");
	fake_engine_spawn(&engine);
	fake_engine_expect_said(&engine, "ready\n");
	answer = fake_engine_answer(&engine, fake_engine_fire(&engine, "{\"number\":\"12\"}"));
	assert_int_equal(answer->word, WORD_fired);
	assert_string_equal(answer->key, "pressed");
	assert_string_equal(answer->payload, "{\"number\":12}");

	answer = fake_engine_answer(&engine, fake_engine_fire(&engine, "{\"number\":\"twelve\"}"));
	assert_int_equal(answer->word, WORD_error);
	assert_string_equal(answer->reason, "InputInvalid");
	assert_non_null(strstr(answer->payload, "number"));
	fake_engine_end(&engine);
}

static void a_trigger_emits_by_itself_and_goes_on_where_it_was(void **state)
{
	struct fake_engine engine;

	(void)state;
	fake_engine_start(&engine, "trigger/beat", "[trigger beat]\nplugin = pulse\ntimes = 2\n");
	fake_engine_spawn(&engine);
	assert_string_equal(fake_engine_heard(&engine, WORD_emit, 0)->payload,
			    "{\"events\":[{\"key\":\"pulse-1\",\"values\":{\"number\":1}}],"
			    "\"state\":[{\"name\":\"done\",\"bytes\":\"MQAAAAAAAAA=\"}]}");
	assert_non_null(strstr(fake_engine_heard(&engine, WORD_emit, 1)->payload, "pulse-2"));
	kill(engine.pid, SIGKILL);
	fake_engine_wait_status(&engine);

	strcpy(engine.kept, "1");
	fake_engine_spawn(&engine);
	assert_non_null(strstr(fake_engine_heard(&engine, WORD_emit, 2)->payload, "pulse-2"));
	fake_engine_end(&engine);
}

static void a_trigger_says_what_is_to_become_of_its_events(void **state)
{
	struct fake_engine engine;

	(void)state;
	fake_engine_start(&engine, "trigger/beat", "[trigger beat]\nplugin = pulse\ntimes = 1\nalone = yes\n");
	fake_engine_spawn(&engine);
	assert_non_null(strstr(fake_engine_heard(&engine, WORD_emit, 0)->payload,
			       "\"overlap\":\"skip\",\"passed\":[{\"reason\":\"DayOff\",\"text\":\"nobody was there\"}]}"));
	fake_engine_end(&engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_ready_once_the_engine_has_answered),
		cmocka_unit_test(a_call_is_answered_with_its_outputs),
		cmocka_unit_test(what_goes_wrong_is_answered_with_code_reason_and_sentence),
		cmocka_unit_test(cancelling_ends_the_call_at_work),
		cmocka_unit_test(calls_wait_for_each_other_and_can_be_cancelled_meanwhile),
		cmocka_unit_test(a_call_knows_its_deadline),
		cmocka_unit_test(a_call_that_ignores_its_deadline_loses_its_process),
		cmocka_unit_test(a_broken_plugin_is_reported_and_its_process_ends),
		cmocka_unit_test(it_ends_with_its_supervisor),
		cmocka_unit_test(told_to_end_it_cancels_what_it_does),
		cmocka_unit_test(wrong_settings_are_said_and_not_tried_again),
		cmocka_unit_test(a_press_becomes_an_event),
		cmocka_unit_test(a_trigger_emits_by_itself_and_goes_on_where_it_was),
		cmocka_unit_test(a_trigger_says_what_is_to_become_of_its_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
