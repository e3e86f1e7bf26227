/* Desktop flows that were given secrets, or make some: nothing of them is said, whatever goes wrong, not even a half. */
#include "flowrun_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "schema/value.h"
#include "seal/sealing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* Longer than any place that something is cut at, but for a whole sentence. */
#define CANARY "canary-3c81-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-9876543210-and-more-of-it"
#define PIN "[input pin]\ntype = secret\n"
#define CODE "[output code]\ntype = secret\n"
#define TAKE "pin=$(hostler-event input pin)\n"
#define MUCH(n) "much=$(printf 'x%.0s' $(seq 1 " #n "))\n"

static const char inputs[] = "{\"pin\":\"" CANARY "\"}";

static void assert_unsaid(struct house *house)
{
	if (strstr(house->text, "canary") || strstr(house->action, "canary"))
		fail_msg("%s; %s", house->text, house->action);
}

static void what_a_broken_event_says_is_not_quoted(void **state)
{
	static const struct {
		const char *manifest, *script, *inputs;
	} broken[] = {
		{PIN, TAKE "printf '{\"event\":\"progress\",\"act\":\"Sign in with %s\"}\\n' $pin >$HOSTLER_EVENTS\n", inputs},
		{CODE, "printf '{\"event\":\"output\",\"name\":\"code\",\"value\":\"canary\\\\-made\"}\\n' >$HOSTLER_EVENTS\n", NULL},
	};

	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct house *house;

		if (i) {
			house_tear_down(state);
			house_set_up(state);
		}
		house = *state;
		house_run(house, broken[i].manifest, broken[i].script, broken[i].inputs);
		house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "no event: ");
		assert_unsaid(house);
	}
}

static void progress_is_searched_before_it_is_cut(void **state)
{
	struct house *house = *state;

	house_run(house, PIN, TAKE MUCH(170) "hostler-event progress Main \"$much$pin\"\n", inputs);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_int_equal(house->progress, 1);
	assert_non_null(strstr(house->action, "xxx[secret]"));
	assert_unsaid(house);
}

static void what_is_to_be_sealed_and_of_a_wrong_type_is_not_quoted(void **state)
{
	struct house *house = *state;
	const struct sealing sealing = {.took = true};

	house->spec.sealing = &sealing;
	house_run(house, PIN "[output n]\ntype = duration\nderived = yes\n", TAKE "hostler-event output n $pin\n", inputs);
	house_assert_end(house, FLOWRUN_FAILED, "OutputInvalid", "output \"n\" must be of type duration");
	assert_unsaid(house);
}

static void the_last_line_is_searched_before_it_is_cut(void **state)
{
	struct house *house = *state;

	house_run(house, CODE, MUCH(150) "echo ${much}" CANARY "; printf " CANARY " | hostler-event output code -; exit 1\n", NULL);
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "the last line of its log: xxx");
	assert_unsaid(house);
}

static void an_error_is_searched_for_what_was_made_after_it(void **state)
{
	struct house *house = *state;

	house_run(house, CODE, "hostler-event error 'no " CANARY "'; printf " CANARY " | hostler-event output code -; exit 1\n", NULL);
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "no [secret]");
	assert_unsaid(house);
}

/* Neither one that is no value, nor a second one, nor one that is too large is a file of the run. */
static void the_file_of_a_secret_output_is_never_kept(void **state)
{
	struct house *house = *state;

	house_run(house, CODE,
		  "echo canary > out/one; cp out/one out/two; head -c 1200000 /dev/zero | tr '\\0' c > out/three; echo kept > out/four\n"
		  "for file in out/one ./out/two out//three; do\n"
		  "printf '{\"event\":\"output\",\"name\":\"code\",\"file\":\"%s\"}\\n' $file >$HOSTLER_EVENTS; done\n",
		  NULL);
	house_assert_end(house, FLOWRUN_FAILED, "OutputInvalid", "");
	assert_unsaid(house);
	assert_false(house_has_result(house, "out/one"));
	assert_false(house_has_result(house, "out/two"));
	assert_false(house_has_result(house, "out/three"));
	assert_true(house_has_result(house, "out/four"));
}

static void look_at_log(struct house *house)
{
	house->pictures += house_has_result(house, "log");
}

/* What came sealed and is of whatever type is looked for; nothing of the log lies in a file before the end. */
static void what_is_hidden_is_not_in_the_log(void **state)
{
	struct house *house = *state;
	AUTO_FREE char *log = NULL;

	house->spec.hidden = true;
	house->on_progress = look_at_log;
	house_run(house, "[input word]\ntype = text\n[input words]\ntype = list\n[input tree]\ntype = json\n[input yes]\ntype = boolean\n",
		  "cat; echo; echo true; hostler-event progress Main done\n",
		  "{\"word\":\"canary-one\",\"words\":[\"canary-two\"],\"tree\":{\"a\":[\"canary-three\",424242]},\"yes\":true}");
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_int_equal(house->progress, 1);
	assert_int_equal(house->pictures, 0);
	log = house_result(house, "log", NULL);
	assert_null(strstr(log, "canary"));
	assert_null(strstr(log, "424242"));
	assert_non_null(strstr(log, "\ntrue\n"));
}

/* A sanitizer locks nothing and says that it did. */
#ifndef __SANITIZE_ADDRESS__

/* Root may lock whatever the limit says, so it gives that up meanwhile. */
static void may_lock(rlim_t bytes, bool anything)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];
	struct rlimit limit;

	assert_int_equal(syscall(SYS_capget, &head, sets), 0);
	sets[CAP_IPC_LOCK / 32].effective &= ~(1u << CAP_IPC_LOCK % 32);
	if (anything)
		sets[CAP_IPC_LOCK / 32].effective |= sets[CAP_IPC_LOCK / 32].permitted & 1u << CAP_IPC_LOCK % 32;
	assert_int_equal(syscall(SYS_capset, &head, sets), 0);
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
}

/* It is an end of the run as any other: this process goes on. */
static void what_cannot_be_locked_fails_the_run(void **state)
{
	struct house *house = *state;
	struct rlimit before;
	AUTO_FREE char *large = mem_alloc(100000);

	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &before), 0);
	snprintf(large, 100000, "{\"pin\":\"%060000d\"}", 7);
	may_lock(96 << 10, false);
	house_run(house, PIN, "exit 0\n", large);
	house_assert_end(house, FLOWRUN_FAILED, "SecretUnusable", "LimitMEMLOCK");
	house_tear_down(state);
	house_set_up(state);
	house = *state;
	house_run(house, CODE, "head -c 60000 /dev/zero | tr '\\0' x | hostler-event output code -\n", NULL);
	may_lock(before.rlim_cur, true);
	house_assert_end(house, FLOWRUN_FAILED, "OutputInvalid", "LimitMEMLOCK");
	house_tear_down(state);
	house_set_up(state);
	house = *state;
	house_run(house, CODE, "head -c 60000 /dev/zero | tr '\\0' x | hostler-event output code -\n", NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_CASE(what_a_broken_event_says_is_not_quoted),
		HOUSE_CASE(progress_is_searched_before_it_is_cut),
		HOUSE_CASE(what_is_to_be_sealed_and_of_a_wrong_type_is_not_quoted),
		HOUSE_CASE(the_last_line_is_searched_before_it_is_cut),
		HOUSE_CASE(an_error_is_searched_for_what_was_made_after_it),
		HOUSE_CASE(the_file_of_a_secret_output_is_never_kept),
		HOUSE_CASE(what_is_hidden_is_not_in_the_log),
#ifndef __SANITIZE_ADDRESS__
		HOUSE_CASE(what_cannot_be_locked_fails_the_run),
#endif
	};
	int failed;

	house_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	house_close();
	return failed;
}
