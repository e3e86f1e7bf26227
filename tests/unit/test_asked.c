/* Programs that answer line by line are shells here. */
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "os/asked.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { LONG_MS = 60000, SHORT_MS = 300, LINE_BYTES = 1000 };

static struct asked *shell(const char *script)
{
	char *const argv[] = {"sh", "-c", (char *)script, NULL};
	struct asked *asked = NULL;
	hst_error err = {0};

	if (asked_start(&(struct spawn){.path = "/bin/sh", .argv = argv}, &asked, &err) != HST_OK)
		fail_msg("%s", err.text);
	return asked;
}

static void expect_line(struct asked *asked, const char *question, const char *answer)
{
	AUTO_FREE char *line = NULL;
	hst_error err = {0};

	if (asked_line(asked, question, LINE_BYTES, LONG_MS, &line, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_string_equal(line, answer);
}

static void expect_failure(struct asked *asked, const char *question, int64_t timeout_ms, int code, const char *text)
{
	char *line = NULL;
	hst_error err = {0};

	assert_int_equal(asked_line(asked, question, LINE_BYTES, timeout_ms, &line, &err), code);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, err.text);
}

static void it_speaks_first_and_then_answers(void **state)
{
	struct asked *asked = shell("echo here; while read line; do echo \"<$line>\"; done");

	(void)state;
	expect_line(asked, "", "here");
	expect_line(asked, "a", "<a>");
	expect_line(asked, "b c", "<b c>");
	asked_free(asked);
}

static void lines_that_come_together_are_taken_one_by_one(void **state)
{
	struct asked *asked = shell("printf 'one\\ntwo\\n\\nfo'; sleep 0.1; echo ur");

	(void)state;
	expect_line(asked, "", "one");
	expect_line(asked, "", "two");
	expect_line(asked, "", "");
	expect_line(asked, "", "four");
	expect_failure(asked, "", LONG_MS, HST_BROKEN, "ended with exit status 0");
	asked_free(asked);
}

static void the_last_words_of_one_that_ends_are_heard(void **state)
{
	struct asked *asked = shell("echo last; exit 3");

	(void)state;
	expect_line(asked, "", "last");
	expect_failure(asked, "more", LONG_MS, HST_BROKEN, "ended with exit status 3");
	assert_int_equal(WEXITSTATUS(asked_status(asked)), 3);
	asked_free(asked);
	asked = shell("printf half; kill -9 $$");
	expect_failure(asked, "", LONG_MS, HST_BROKEN, "signal 9");
	asked_free(asked);
}

static void one_that_says_nothing_is_not_waited_for_longer_than_that(void **state)
{
	int64_t began_us = clock_steady_us();
	struct asked *asked = shell("sleep 600");

	(void)state;
	expect_failure(asked, "well?", SHORT_MS, HST_TIMEOUT, "did not answer within 300 ms");
	asked_free(asked);
	assert_true(clock_steady_us() - began_us < 60 * 1000000LL);
}

static void one_that_closes_its_ears_and_goes_on_is_ended(void **state)
{
	struct asked *asked = shell("exec <&- >&-; sleep 600");

	(void)state;
	expect_failure(asked, "well?", LONG_MS, HST_BROKEN, "ended with");
	asked_free(asked);
}

static void a_line_that_never_ends_is_not_kept(void **state)
{
	struct asked *asked = shell("while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");

	(void)state;
	expect_failure(asked, "", LONG_MS, HST_BROKEN, "more than 1000 bytes");
	asked_free(asked);
}

/* More than a socket holds: who does not read it is not waited for, who reads it gets all of it. */
static void a_long_question_goes_at_the_pace_of_who_reads_it(void **state)
{
	size_t length = 3 << 20;
	AUTO_FREE char *question = mem_alloc(length + 1);
	struct asked *asked = shell("head -n 1 | wc -c");

	(void)state;
	memset(question, 'q', length);
	expect_line(asked, question, "3145729");
	asked_free(asked);
	asked = shell("sleep 600");
	expect_failure(asked, question, SHORT_MS, HST_TIMEOUT, "did not answer");
	asked_free(asked);
}

static void one_that_is_released_goes_on_alone(void **state)
{
	struct asked *asked = shell("echo here; sleep 0.1; exit 7");
	int status = 0;
	pid_t pid;

	(void)state;
	expect_line(asked, "", "here");
	pid = asked_release(asked);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_speaks_first_and_then_answers),
		cmocka_unit_test(lines_that_come_together_are_taken_one_by_one),
		cmocka_unit_test(the_last_words_of_one_that_ends_are_heard),
		cmocka_unit_test(one_that_says_nothing_is_not_waited_for_longer_than_that),
		cmocka_unit_test(one_that_closes_its_ears_and_goes_on_is_ended),
		cmocka_unit_test(a_line_that_never_ends_is_not_kept),
		cmocka_unit_test(one_that_is_released_goes_on_alone),
		cmocka_unit_test(a_long_question_goes_at_the_pace_of_who_reads_it),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
