/* hostler-session as its gateway meets it: opening a session, running flows in it, closing it. */
#include "session_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUSE(state)                            \
	struct session_house *house = *(state); \
	if (!house)                             \
	skip()

static const char one_output[] =
	"[input order]\ntype = text\n[output total]\ntype = integer\nrequired = yes\n";

static void assert_finished(const struct session_heard *heard, int64_t step, const char *state,
			    const char *reason, const char *payload)
{
	if (strcmp(message_text(&heard->message, "state"), state) != 0 || !strstr(heard->payload, payload))
		fail_msg("finished as %s: %s", message_text(&heard->message, "state"), heard->payload);
	assert_string_equal(message_text(&heard->message, "reason"), reason);
	assert_int_equal(heard->message.id, 100 + step);
	assert_int_equal(message_integer(&heard->message, "step"), step);
	assert_int_equal(message_integer(&heard->message, "token"), 7);
	assert_true(message_integer(&heard->message, "started_us") > 0);
	assert_true(message_integer(&heard->message, "ended_us") >=
		    message_integer(&heard->message, "started_us"));
}

/* Nothing of a session is left once it was closed. */
static void assert_clean(struct session_house *house)
{
	assert_int_equal(session_house_count(house, "state/notes"), 0);
	assert_int_equal(session_house_count(house, "state/work"), 0);
	assert_int_equal(session_house_count(house, "run/sessions"), 0);
}

static void close_session(struct session_house *house)
{
	session_house_say(house, WORD_close, 3);
	assert_int_equal(session_house_hear(house, WORD_closed)->message.id, 3);
	assert_int_equal(session_house_wait(house), 0);
	assert_clean(house);
}

static void a_flow_runs_in_a_session(void **state)
{
	HOUSE(state);
	const struct session_heard *heard;

	session_house_configure(house, "null", "");
	session_house_package(house, one_output,
			      "echo \"$HOSTLER_INPUT_ORDER $HOSTLER_RUN\"; echo kept > out/kept.txt\n"
			      "hostler-event progress Main 'Press Save'\n"
			      "hostler-event output total 17\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	assert_int_equal(session_house_count(house, "state/notes"), 1);
	session_house_launch(house, 1, 60000, "{\"order\":\"A 7\"}");
	heard = session_house_hear(house, WORD_progress);
	assert_string_equal(heard->payload, "{\"subflow\":\"Main\",\"action\":\"Press Save\"}");
	assert_int_equal(message_integer(&heard->message, "step"), 1);
	assert_finished(session_house_hear(house, WORD_finished), 1, "succeeded", "", "{\"total\":17}");
	AUTO_FREE char *log = session_house_read(house, SESSION_RESULTS "/log");
	assert_string_equal(log, "A 7 r-test\n");
	AUTO_FREE char *kept = session_house_read(house, SESSION_RESULTS "/out/kept.txt");
	assert_string_equal(kept, "kept\n");
	close_session(house);
}

static void one_flow_follows_another(void **state)
{
	HOUSE(state);

	session_house_configure(house, "null", "");
	session_house_package(house, "", "echo first; exit 3\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	assert_finished(session_house_hear(house, WORD_finished), 1, "failed", "FlowFailed",
			"{\"text\":\"exit status 3; the last line of its log: first\"}");
	session_house_package(house, "", "exit 0\n");
	session_house_launch(house, 2, 60000, "");
	assert_finished(session_house_hear(house, WORD_finished), 2, "succeeded", "", "{}");
	close_session(house);
}

/* What is left of a folder that is used again: the same two folders, and nothing in them or in the FIFO. */
static void what_a_flow_left_is_not_there_for_the_next(void **state)
{
	static const char *const messes[] = {
		"true",
		"echo x > left; echo x > in/left; mkdir -p out/a/b; echo x > out/.hidden",
		"rmdir in; ln -s /etc in; chmod 755 out",
		"rm -rf in out; echo x > out",
		"chmod 0 .",
		"echo nonsense > $HOSTLER_EVENTS",
	};
	HOUSE(state);

	session_house_configure(house, "null", "");
	session_house_package(house, "[input mess]\ntype = text\n",
			      "test \"$(ls -A)\" = \"in\nout\" || { ls -Al; exit 4; }\n"
			      "test -z \"$(ls -A in)$(ls -A out)\" || exit 5\n"
			      "test \"$(stat -c %F:%a in out . | sort -u)\" = directory:700 || exit 6\n"
			      "test \"$(cat $HOSTLER_CONTROL)\" = run || exit 7\n"
			      "eval \"$HOSTLER_INPUT_MESS\"\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	for (int step = 1; step <= 12; step++) {
		AUTO_FREE char *inputs = NULL;
		struct text json;

		text_init(&json, 4096);
		text_add(&json, "{\"mess\":");
		json_quote(&json, messes[step % 6], strlen(messes[step % 6]));
		text_add(&json, "}");
		inputs = text_take(&json);
		session_house_launch(house, step, 60000, inputs);
		if (step % 6 != 5)
			assert_finished(session_house_hear(house, WORD_finished), step, "succeeded", "", "{}");
		else
			assert_finished(session_house_hear(house, WORD_finished), step, "failed", "FlowFailed", "");
		session_house_say(house, WORD_done, (uint64_t)(100 + step));
		assert_int_equal(session_house_count(house, "state/work"), 1);
	}
	close_session(house);
}

static void a_flow_that_leaves_nothing_has_no_folder_of_results(void **state)
{
	HOUSE(state);

	assert_int_equal(rmdir(house->results), 0);
	session_house_configure(house, "null", "");
	session_house_package(house, "", "exit 0\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	assert_finished(session_house_hear(house, WORD_finished), 1, "succeeded", "", "{}");
	assert_int_equal(access(house->results, F_OK), -1);
	session_house_package(house, "", "echo a word\n");
	session_house_launch(house, 2, 60000, "{}");
	assert_finished(session_house_hear(house, WORD_finished), 2, "succeeded", "", "{}");
	assert_int_equal(session_house_count(house, SESSION_RESULTS), 1);
	close_session(house);
}

static void a_flow_that_cannot_begin_has_failed(void **state)
{
	HOUSE(state);

	session_house_configure(house, "null", "");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	assert_finished(session_house_hear(house, WORD_finished), 1, "failed", "FlowNotInstalled",
			"desktop-flow.ini");
	session_house_package(house, one_output, "exit 0\n");
	session_house_launch(house, 2, 60000, "{");
	assert_finished(session_house_hear(house, WORD_finished), 2, "failed", "InputInvalid", "inputs");
	session_house_launch(house, 3, 60000, "{\"odrer\":1}");
	assert_finished(session_house_hear(house, WORD_finished), 3, "failed", "InputInvalid", "odrer");
	close_session(house);
}

static void a_flow_is_timed_out(void **state)
{
	HOUSE(state);

	session_house_configure(house, "null", "");
	session_house_package(house, "", "while ! grep -q stop $HOSTLER_CONTROL; do sleep 0.05; done\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 200, "{}");
	assert_finished(session_house_hear(house, WORD_finished), 1, "timed_out", "DesktopFlowsActionTimeout",
			"200ms");
	close_session(house);
}

static const char waiting_flow[] =
	"hostler-event progress Main begun\nwhile hostler-event checkpoint; do sleep 0.02; done\nexit 10\n";

static void a_flow_is_stopped_or_cancelled(void **state)
{
	HOUSE(state);
	const char *const how[] = {"stop", "cancel"};

	session_house_configure(house, "null", "");
	session_house_package(house, "", waiting_flow);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	for (int64_t i = 0; i < 2; i++) {
		AUTO_FREE char *log = files_join(house->results, "log");

		session_house_launch(house, i, 60000, "{}");
		session_house_hear(house, WORD_progress);
		session_house_stop(house, i + 5, "cancel"); /* of another run: nothing happens */
		session_house_stop(house, i, "pause");
		session_house_stop(house, i, "resume");
		session_house_stop(house, i, how[i]);
		assert_finished(session_house_hear(house, WORD_finished), i, "cancelled", "Cancelled",
				"text");
		unlink(log);
	}
	close_session(house);
}

static void orphans_of_a_flow_are_waited_for_and_the_drivers_children_are_not(void **state)
{
	HOUSE(state);

	session_house_configure(house, "noting", "");
	session_house_package(house, "",
			      "(setsid true &)\ni=0\n"
			      "until test \"$(cat /proc/$PPID/task/$PPID/children | wc -w)\" = 2; do\n"
			      "i=$((i+1)); test $i -lt 500 || exit 7; sleep 0.02; done\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	/* The two are the driver's, which has ended but is not taken from it, and the flow itself. */
	assert_finished(session_house_hear(house, WORD_finished), 1, "succeeded", "", "{}");
	close_session(house);
}

static void closing_cancels_the_flow_first(void **state)
{
	HOUSE(state);

	session_house_configure(house, "noting", "");
	session_house_package(
		house, "",
		"echo '{\"event\":\"progress\",\"action\":\"a\"}' > $HOSTLER_EVENTS\nsleep 1000\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	session_house_hear(house, WORD_progress);
	session_house_say(house, WORD_close, 3);
	assert_finished(session_house_hear(house, WORD_finished), 1, "cancelled", "Cancelled", "cancelled");
	session_house_hear(house, WORD_closed);
	assert_int_equal(session_house_wait(house), 0);
	assert_clean(house);
	assert_true(session_house_has(house, "marks/closed"));
}

static void a_session_that_is_refused_is_an_error_with_its_reason(void **state)
{
	HOUSE(state);
	const struct session_heard *heard;
	struct message message;
	static const struct {
		const char *driver, *options, *user, *reason;
	} cases[] = {
		{"sim", "password = other\n", "ada", "SessionCreationInvalidCredentials"},
		{"noting", "", "refused", "SessionCreationError"},
		{"noting", "", "eve", "SessionCreationError"}, /* not among the accounts */
		{"noting", "uid = 0\n", "ada", "SessionCreationError"},
		{"noting", "uid = 1\n", "ada", "SessionCreationError"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		session_house_configure(house, cases[i].driver, cases[i].options);
		session_house_start(house, "hold");
		message_init(&message, WORD_open, 1);
		message_set_text(&message, "user", cases[i].user);
		session_house_send(house, &message);
		heard = session_house_hear(house, WORD_error);
		assert_string_equal(message_text(&heard->message, "reason"), cases[i].reason);
		assert_int_equal(heard->message.id, 1);
		assert_false(session_house_has(house, "marks/session"));
		close_session(house);
		session_house_leave(house);
	}
}

static void a_second_session_and_a_flow_without_one_are_refused(void **state)
{
	HOUSE(state);
	struct message message;

	session_house_configure(house, "null", "");
	session_house_start(house, "hold");
	session_house_launch(house, 1, 60000, "{}");
	assert_string_equal(message_text(&session_house_hear(house, WORD_error)->message, "reason"),
			    "SessionNotFound");
	session_house_open(house, "ada");
	message_init(&message, WORD_open, 1);
	message_set_text(&message, "user", "ada");
	session_house_send(house, &message);
	session_house_hear(house, WORD_error);
	session_house_package(house, "", waiting_flow);
	session_house_launch(house, 1, 60000, "{}");
	session_house_hear(house, WORD_progress);
	session_house_launch(house, 2, 60000, "{}");
	assert_string_equal(message_text(&session_house_hear(house, WORD_error)->message, "reason"),
			    "UIFlowAlreadyRunning");
	close_session(house);
}

static void what_could_not_be_handed_over_is_nothing_of_the_next_flow(void **state)
{
	HOUSE(state);
	AUTO_FREE char *link = files_join(house->state_dir, "gateway/results/2-7");

	session_house_configure(house, "null", "");
	session_house_package(house, "", "echo $$; touch out/$$\n");
	assert_int_equal(symlink("/nowhere", link), 0);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	house->results_name = "2-7";
	session_house_launch(house, 2, 60000, "{}");
	session_house_hear(house, WORD_finished);
	house->results_name = "1-7";
	session_house_launch(house, 1, 60000, "{}");
	assert_finished(session_house_hear(house, WORD_finished), 1, "succeeded", "", "{}");
	AUTO_FREE char *log = session_house_read(house, SESSION_RESULTS "/log");
	AUTO_FREE char *name = session_house_only(house, SESSION_RESULTS "/out");
	assert_memory_equal(log, name, strlen(name));
	assert_int_equal(strlen(log), strlen(name) + 1);
	close_session(house);
}

static void a_picture_of_an_error_is_among_the_results(void **state)
{
	HOUSE(state);

	session_house_configure(house, "noting", "");
	session_house_package(house, "", "exit 1\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	assert_finished(session_house_hear(house, WORD_finished), 1, "failed", "FlowFailed", "exit status 1");
	AUTO_FREE char *picture = session_house_read(house, SESSION_RESULTS "/screenshots/error.png");
	assert_string_equal(picture, "PNG");
	close_session(house);
}

static void nothing_is_written_outside_of_the_gateways_results(void **state)
{
	HOUSE(state);
	AUTO_FREE char *outside = files_join(house->root, "outside");
	AUTO_FREE char *link = files_join(house->state_dir, "gateway/results/2-7");
	const char *const wrong[] = {
		"../../../outside", "", ".", "1-7/", "1-7/out", "-7", "1-", "1-7 ", outside};
	int64_t n = sizeof wrong / sizeof wrong[0];

	session_house_configure(house, "null", "");
	session_house_package(house, "", "echo a\n");
	assert_int_equal(mkdir(outside, 0755), 0);
	assert_int_equal(symlink(outside, link), 0);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	for (int64_t i = 0; i < n; i++) {
		house->results_name = wrong[i];
		session_house_launch(house, i, 60000, "{}");
		assert_finished(session_house_hear(house, WORD_finished), i, "failed", "FlowFailed",
				"STEP-TOKEN");
	}
	house->results_name = "2-7";
	session_house_launch(house, n, 60000, "{}");
	assert_finished(session_house_hear(house, WORD_finished), n, "succeeded", "", "{}");
	assert_int_equal(session_house_count(house, "outside"), 0);
	close_session(house);
}

static void packages_are_only_those_of_the_gateway(void **state)
{
	HOUSE(state);
	AUTO_FREE char *outside = files_join(house->root, "outside");
	AUTO_FREE char *moved = files_join(house->root, "outside/package");
	const char *const wrong[] = {"..", "", outside, "0123", SESSION_DIGEST "/..", SESSION_DIGEST};

	session_house_configure(house, "null", "");
	session_house_package(house, "", "exit 0\n");
	assert_int_equal(mkdir(outside, 0755), 0);
	assert_int_equal(rename(house->package, moved), 0);
	assert_int_equal(symlink(moved, house->package), 0);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		house->digest = wrong[i];
		session_house_launch(house, (int64_t)i, 60000, "{}");
		assert_finished(session_house_hear(house, WORD_finished), (int64_t)i, "failed",
				"FlowNotInstalled", "gateway/packages");
	}
	close_session(house);
}

/* The longest name a folder may have, so that paths would not fit into the head of a message. */
static void a_long_state_folder_keeps_its_results(void **state)
{
	HOUSE(state);
	char name[201] = "";
	AUTO_FREE char *deep = NULL;

	memset(name, 'n', sizeof name - 1);
	deep = mem_printf("%s/%s", house->root, name);
	assert_int_equal(rename(house->state_dir, deep), 0);
	free(house->state_dir);
	house->state_dir = take(deep);
	free(house->results);
	house->results = files_join(house->state_dir, "gateway/results/1-7");
	free(house->package);
	house->package = files_join(house->state_dir, "gateway/packages/" SESSION_DIGEST);
	session_house_configure(house, "null", "");
	session_house_package(house, "", "echo kept\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	assert_finished(session_house_hear(house, WORD_finished), 1, "succeeded", "", "{}");
	AUTO_FREE char *log = files_join(house->results, "log");
	assert_int_equal(access(log, F_OK), 0);
	session_house_say(house, WORD_close, 3);
	session_house_hear(house, WORD_closed);
	assert_int_equal(session_house_wait(house), 0);
}

/* As root a device without accounts is nobody's; else it is its user's. */
static void a_device_without_accounts_lets_nobody_in_as_root(void **state)
{
	HOUSE(state);
	const struct session_heard *heard;
	struct message message;

	if (geteuid() != 0)
		skip();
	house->anybody = true;
	session_house_configure(house, "noting", "uid = 65534\n");
	session_house_start(house, "hold");
	message_init(&message, WORD_open, 1);
	message_set_text(&message, "user", "ada");
	session_house_send(house, &message);
	heard = session_house_hear(house, WORD_error);
	assert_non_null(strstr(heard->payload, "not among the accounts"));
	assert_false(session_house_has(house, "marks/session"));
	close_session(house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_flow_runs_in_a_session),
		CASE(one_flow_follows_another),
		CASE(what_a_flow_left_is_not_there_for_the_next),
		CASE(a_flow_that_leaves_nothing_has_no_folder_of_results),
		CASE(a_flow_that_cannot_begin_has_failed),
		CASE(a_flow_is_timed_out),
		CASE(a_flow_is_stopped_or_cancelled),
		CASE(orphans_of_a_flow_are_waited_for_and_the_drivers_children_are_not),
		CASE(closing_cancels_the_flow_first),
		CASE(a_session_that_is_refused_is_an_error_with_its_reason),
		CASE(a_second_session_and_a_flow_without_one_are_refused),
		CASE(what_could_not_be_handed_over_is_nothing_of_the_next_flow),
		CASE(a_picture_of_an_error_is_among_the_results),
		CASE(nothing_is_written_outside_of_the_gateways_results),
		CASE(packages_are_only_those_of_the_gateway),
		CASE(a_long_state_folder_keeps_its_results),
		CASE(a_device_without_accounts_lets_nobody_in_as_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
