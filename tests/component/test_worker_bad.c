/*
 * hostler-worker with plugins that do what plugins should not: it dies of them alone, says of what, and leaves nothing
 * behind. The supervisor's side of this is in tests/system/bad_plugins.py.
 */
#include "../fakes/fake_engine.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/spawn.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG_MS = 60000, EXITED = 1000 }; /* a wanted signal, or EXITED + status */

static void configure(struct fake_engine *engine, const char *instance, const char *plugin, const char *misbehave)
{
	const char *slash = strchr(instance, '/');
	AUTO_FREE char *sections = mem_printf("[%.*s %s]\nplugin = %s\n%s%s\n", (int)(slash - instance), instance,
					      slash + 1, plugin, misbehave ? "misbehave = " : "",
					      misbehave ? misbehave : "");

	fake_engine_start(engine, instance, sections);
	fake_engine_spawn(engine);
}

static void expect_printed(struct fake_engine *engine, const char *text)
{
	AUTO_FREE char *printed = fake_engine_printed(engine);

	if (!strstr(printed, text))
		fail_msg("\"%s\" is not in:\n%.2000s", text, printed);
}

static void expect_end(struct fake_engine *engine, int wanted, const char *sentence)
{
	int status = fake_engine_wait_status(engine);
	int got = WIFSIGNALED(status) ? WTERMSIG(status) : EXITED + WEXITSTATUS(status);

	if (got != wanted)
		print_error("ended with %x\n", (unsigned)status);
	expect_printed(engine, sentence);
	assert_int_equal(got, wanted);
	fake_engine_end(engine);
}

static void one_that_dies_before_it_is_ready_says_of_what(void **state)
{
	static const struct {
		const char *instance, *plugin, *misbehave;
		int end;
		const char *sentence;
	} cases[] = {
		{"connector/odd", "early_crash", NULL, SIGSEGV, "early_crash.so: loading it crashed: Segmentation fault"},
		{"connector/odd", "early_exit", NULL, EXITED, "early_exit.so: loading it ended its process"},
		{"connector/odd", "unruly", "crash-in-fields", SIGSEGV, "ERROR connector plugin \"unruly\" (odd): fields crashed"},
		{"connector/odd", "unruly", "crash-in-open", SIGSEGV, "ERROR connector plugin \"unruly\" (odd): open crashed"},
		{"connector/odd", "unruly", "abort-in-open", SIGABRT, "open crashed: Aborted"},
		{"connector/odd", "unruly", "stack-in-open", SIGSEGV, "open crashed: Segmentation fault"},
		{"connector/odd", "unruly", "exit-in-open", EXITED, "open ended its process"},
		{"connector/odd", "unruly", "broken-in-open", EXITED + 1, "odd cannot be opened: nothing works any more"},
		{"trigger/odd", "restless", "crash-in-open", SIGSEGV, "ERROR trigger plugin \"restless\" (odd): open crashed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fake_engine engine;

		configure(&engine, cases[i].instance, cases[i].plugin, cases[i].misbehave);
		expect_end(&engine, cases[i].end, cases[i].sentence);
	}
}

static void one_that_dies_at_work_says_of_what(void **state)
{
	static const struct {
		const char *instance, *plugin, *misbehave;
		int end;
		const char *sentence;
	} cases[] = {
		{"connector/odd", "unruly", "crash-in-call", SIGSEGV, "ERROR connector plugin \"unruly\" (odd): call crashed"},
		{"connector/odd", "unruly", "exit-in-call", EXITED, "call ended its process"},
		{"connector/odd", "unruly", "stack-in-call", SIGSEGV, "call crashed"},
		{"trigger/odd", "restless", "crash-in-press", SIGSEGV, "press crashed"},
		{"trigger/odd", "restless", "crash-in-watch", SIGSEGV, "watch crashed"},
		{"trigger/odd", "restless", "crash-in-ready", SIGSEGV, "ready crashed"},
		{"trigger/odd", "restless", "broken-in-ready", EXITED + 1, "ready failed for good: nothing works any more"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fake_engine engine;

		configure(&engine, cases[i].instance, cases[i].plugin, cases[i].misbehave);
		fake_engine_expect_said(&engine, "ready\n");
		if (strstr(cases[i].misbehave, "-in-call"))
			fake_engine_call(&engine, 1, "call", LONG_MS, "{}");
		else if (strstr(cases[i].misbehave, "-in-press"))
			fake_engine_fire(&engine, "{}");
		expect_end(&engine, cases[i].end, cases[i].sentence);
	}
}

static void a_close_that_crashes_is_an_end_like_any_other(void **state)
{
	struct fake_engine engine;

	(void)state;
	configure(&engine, "connector/odd", "unruly", "crash-in-close");
	fake_engine_expect_said(&engine, "ready\n");
	kill(engine.pid, SIGTERM);
	expect_end(&engine, SIGSEGV, "close crashed: Segmentation fault");
}

/* All at once, since each takes as long as it is given. */
static void what_does_not_come_back_loses_its_process_and_says_so(void **state)
{
	static const struct {
		const char *instance, *plugin, *misbehave, *sentence;
	} cases[] = {
		{"connector/odd", "early_hang", NULL, "loading it did not come back in time"},
		{"connector/odd", "unruly", "hang-in-fields", "fields did not come back in time"},
		{"connector/odd", "unruly", "hang-in-open", "open did not come back in time"},
		{"connector/odd", "unruly", "hang-in-call", "ERROR connector plugin \"unruly\" (odd): call did not come back"},
		{"connector/odd", "unruly", "deaf-in-call", ""},
		{"connector/odd", "unruly", "hang-in-close", "close did not come back in time"},
		{"trigger/odd", "restless", "hang-in-press", "press did not come back in time"},
	};
	enum { N = sizeof cases / sizeof cases[0] };
	struct fake_engine engines[N];

	(void)state;
	for (size_t i = 0; i < N; i++)
		configure(&engines[i], cases[i].instance, cases[i].plugin, cases[i].misbehave);
	for (size_t i = 0; i < N; i++) {
		const char *misbehave = cases[i].misbehave ? cases[i].misbehave : "";

		if (strstr(misbehave, "-in-call")) {
			fake_engine_expect_said(&engines[i], "ready\n");
			fake_engine_call(&engines[i], 1, "call", 100, "{}");
		} else if (strstr(misbehave, "-in-press")) {
			fake_engine_expect_said(&engines[i], "ready\n");
			fake_engine_fire(&engines[i], "{}");
		} else if (strstr(misbehave, "-in-close")) {
			fake_engine_expect_said(&engines[i], "ready\n");
			kill(engines[i].pid, SIGTERM);
		}
	}
	for (size_t i = 0; i < N; i++)
		expect_end(&engines[i], SIGKILL, cases[i].sentence);
}

static void what_it_prints_and_writes_elsewhere_does_no_harm(void **state)
{
	static const char *const deeds[] = {"garbage-in-open", "fds-in-open", "chatter-in-open", "fds-in-fields"};

	(void)state;
	for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
		const struct fake_heard *answer;
		struct fake_engine engine;

		configure(&engine, "connector/odd", "unruly", deeds[i]);
		fake_engine_expect_said(&engine, "ready\n");
		answer = fake_engine_answer(&engine, fake_engine_call(&engine, 1, "call", LONG_MS, "{\"text\":\"a\"}"));
		assert_int_equal(answer->word, WORD_returned);
		assert_string_equal(answer->payload, "{\"text\":\"a\"}");
		fake_engine_end(&engine);
	}
}

static void outputs_that_do_not_fit_fail_the_call_alone(void **state)
{
	static const struct {
		const char *misbehave, *says;
	} cases[] = {
		{"undeclared-in-call", "unknown output \"surprise\""},
		{"typed-in-call", "output \"text\""},
		{"deep-in-call", "output"},
		{"large-in-call", "larger than 1 MiB"},
		{"many-in-call", "output \"text\""},
		{"list-in-call", "output"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct fake_heard *answer;
		struct fake_engine engine;

		configure(&engine, "connector/odd", "unruly", cases[i].misbehave);
		for (int64_t n = 1; n <= 2; n++) {
			answer = fake_engine_answer(&engine, fake_engine_call(&engine, n, "call", LONG_MS, "{\"text\":\"a\"}"));
			assert_int_equal(answer->word, WORD_error);
			assert_string_equal(answer->reason, "OutputInvalid");
			if (!strstr(answer->payload, cases[i].says))
				fail_msg("%s: %s", cases[i].misbehave, answer->payload);
		}
		fake_engine_end(&engine);
	}
}

/* A screen scraped in the wrong encoding should not be lost with its run. */
static void bytes_that_are_no_text_are_shown_as_such(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	configure(&engine, "connector/odd", "unruly", "bytes-in-call");
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 1, "call", LONG_MS, "{\"text\":\"a\"}"));
	assert_int_equal(answer->word, WORD_returned);
	assert_string_equal(answer->payload, "{\"text\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd x\"}");
	fake_engine_end(&engine);
}

static void what_it_says_of_a_failure_is_made_fit_to_be_read(void **state)
{
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	configure(&engine, "connector/odd", "unruly", "words-in-call");
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 1, "call", LONG_MS, "{}"));
	assert_int_equal(answer->code, HST_INVALID);
	assert_string_equal(answer->reason, "ActionFailed");
	assert_string_equal(answer->payload, " [2J?? it is wrong ?");
	fake_engine_end(&engine);

	configure(&engine, "connector/odd", "unruly", "mute-in-call");
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 1, "call", LONG_MS, "{}"));
	assert_string_equal(answer->payload, "connector plugin \"unruly\": call failed without saying why");
	fake_engine_end(&engine);

	configure(&engine, "connector/odd", "unruly", "odd-in-call");
	answer = fake_engine_answer(&engine, fake_engine_call(&engine, 1, "call", LONG_MS, "{}"));
	assert_int_equal(answer->code, HST_BROKEN);
	assert_non_null(strstr(answer->payload, "call returned 42, which is none of hst_code"));
	expect_end(&engine, EXITED + 1, "");
}

/* `check` and the engine ask a process of their own, and are answered whatever becomes of it. */
static void describing_one_says_what_is_wrong_with_it(void **state)
{
	static const struct {
		const char *plugin, *options, *says;
	} cases[] = {
		{"early_crash", NULL, "{\"error\":{\"code\":-7,"},
		{"early_crash", NULL, "loading it crashed: Segmentation fault"},
		{"early_exit", NULL, "loading it ended its process"},
		{"early_garbage", NULL, "{\"kind\":\"connector\",\"name\":\"early_garbage\""},
		{"early_hang", NULL, "loading it did not come back in time"},
		{"unruly", "{\"misbehave\":\"crash-in-fields\"}", "connector plugin \\\"unruly\\\" (unruly): fields crashed"},
		{"unruly", "{\"misbehave\":\"garbage-in-fields\"}", "\"shape\":{"},
		{"unruly", "{\"misbehave\":\"wrong-in-fields\"}", "fields gave .outputs[0] \\\"Text\\\": .name must be"},
		{"unruly", "{\"misbehave\":\"words-in-fields\"}", "\"text\":\" [2J?? it is wrong ?\""},
	};
	const char *programs = getenv("HOSTLER_PROGRAMS");
	AUTO_FREE char *program = mem_printf("%s/hostler-worker", programs ? programs : ".");
	struct fake_engine engine;

	(void)state;
	fake_engine_start(&engine, "connector/odd", "");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_FREE char *file = mem_printf("%s/plugins/connector/%s.so", engine.folder, cases[i].plugin);
		char *const argv[] = {"hostler-worker", "describe", file, cases[i].options ? "--options" : NULL, NULL};
		const struct spawn_fd nowhere[] = {{-1, 2}};
		AUTO_FREE char *answer = NULL;
		hst_error err = {0};
		int status;

		if (spawn_capture(&(struct spawn){.path = program, .argv = argv, .fds = nowhere, .fd_count = 1},
				  cases[i].options, 1 << 20, LONG_MS, &answer, &status, &err) != HST_OK)
			fail_msg("%s", err.text);
		if (!strstr(answer, cases[i].says) || answer[0] != '{')
			fail_msg("%s: %.1000s", cases[i].plugin, answer);
	}
	fake_engine_end(&engine);
}

static void a_trigger_that_asks_for_nonsense_is_ended(void **state)
{
	static const char *const deeds[] = {"fd-in-watch", "minus-in-watch"};

	(void)state;
	for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
		struct fake_engine engine;

		configure(&engine, "trigger/odd", "restless", deeds[i]);
		fake_engine_expect_said(&engine, "ready\n");
		expect_end(&engine, EXITED + 1, "watch gave");
	}
}

static void events_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		const char *misbehave, *says;
	} cases[] = {
		{"many-in-ready", "1001 events and 0 passed over at once"},
		{"large-in-ready", "larger than 1 MiB"},
	};
	const struct fake_heard *answer;
	struct fake_engine engine;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		configure(&engine, "trigger/odd", "restless", cases[i].misbehave);
		fake_engine_expect_said(&engine, "ready\n");
		/* It is told, tries again later, and serves meanwhile. */
		answer = fake_engine_answer(&engine, fake_engine_fire(&engine, "{\"word\":\"x\"}"));
		assert_int_equal(answer->word, WORD_fired);
		expect_printed(&engine, cases[i].says);
		/* The host hears why, too. */
		answer = fake_engine_heard(&engine, WORD_failing, 0);
		assert_non_null(strstr(answer->payload, cases[i].says));
		fake_engine_end(&engine);
	}
	configure(&engine, "trigger/odd", "restless", "empty-in-press");
	answer = fake_engine_answer(&engine, fake_engine_fire(&engine, "{}"));
	assert_non_null(strstr(answer->payload, "exactly one of .data and .values"));
	expect_end(&engine, EXITED + 1, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_dies_before_it_is_ready_says_of_what),
		cmocka_unit_test(one_that_dies_at_work_says_of_what),
		cmocka_unit_test(a_close_that_crashes_is_an_end_like_any_other),
		cmocka_unit_test(what_does_not_come_back_loses_its_process_and_says_so),
		cmocka_unit_test(what_it_prints_and_writes_elsewhere_does_no_harm),
		cmocka_unit_test(outputs_that_do_not_fit_fail_the_call_alone),
		cmocka_unit_test(bytes_that_are_no_text_are_shown_as_such),
		cmocka_unit_test(what_it_says_of_a_failure_is_made_fit_to_be_read),
		cmocka_unit_test(describing_one_says_what_is_wrong_with_it),
		cmocka_unit_test(a_trigger_that_asks_for_nonsense_is_ended),
		cmocka_unit_test(events_that_do_not_fit_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
