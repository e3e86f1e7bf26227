/* The program hostler against a host that answers what a test tells it: exit statuses, texts, JSON, and what
 * is asked. */
#include "../fakes/fake_desk.h"

#include "os/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RUN "{\"id\":\"r-01j00000000000000000000000\",\"number\":12,\"flow\":\"order-total\"}"

static const char run_good[] =
	"{\"id\":\"r-01j00000000000000000000000\",\"number\":12,\"flow\":\"order-total\",\"label\":\"Order "
	"4711\","
	"\"trigger\":\"order\",\"who\":\"felix\",\"state\":\"succeeded\",\"reason\":null,"
	"\"requested\":\"2026-11-21T23:31:52.000000Z\",\"started\":\"2026-11-21T23:31:52Z\",\"ended\":\"2026-"
	"11-21T23:31:58Z\","
	"\"event\":{\"order\":4711},\"steps\":[{\"name\":\"enter\",\"use\":\"desktop:order-total\",\"state\":"
	"\"succeeded\","
	"\"reason\":null,\"connection\":\"bot\",\"device\":\"here\",\"user\":\"bot1\",\"mode\":"
	"\"unattended\","
	"\"priority\":\"normal\",\"waiting_ms\":100,\"preparing_ms\":1200,\"executing_ms\":3000,\"progress\":"
	"null,"
	"\"inputs\":{\"price\":\"9.5\"},\"outputs\":{\"total\":28.5,\"shown\":\"28\\u001b[31m.5\"},"
	"\"files\":[{\"step\":\"enter\",\"name\":\"log\",\"size\":10,\"path\":\"/s/r/enter/log\"},"
	"{\"step\":\"enter\",\"name\":\"screenshots/end.png\",\"size\":9,\"path\":\"/s/r/enter/screenshots/"
	"end.png\"}]}],"
	"\"history\":[]}";

static const char run_bad[] =
	"{\"id\":\"r-01j00000000000000000000000\",\"number\":12,\"flow\":\"order-total\",\"state\":"
	"\"failed\","
	"\"reason\":{\"code\":\"FlowFailed\",\"text\":\"no display\",\"remedy\":\"Read the "
	"log.\",\"class\":\"fatal\"},"
	"\"requested\":\"2026-11-21T23:31:52Z\",\"started\":null,\"ended\":null,\"steps\":[{\"name\":"
	"\"enter\","
	"\"use\":\"desktop:order-total\",\"state\":\"failed\",\"reason\":{\"code\":\"FlowFailed\",\"text\":"
	"\"no display\","
	"\"remedy\":\"Read the "
	"log.\",\"class\":\"fatal\"},\"progress\":{\"subflow\":\"Main\",\"action\":\"Press Save\"},"
	"\"outputs\":null,\"files\":[{\"step\":\"enter\",\"name\":\"log\",\"size\":120,\"path\":\"/s/r/enter/"
	"log\"}]}],"
	"\"history\":[]}";

static const struct desk_happening happenings[] = {
	{"accepted", "{\"run\":\"r-1\",\"what\":\"accepted\",\"at_us\":1000000,\"trigger\":\"order\"}",
	 false},
	{"queued",
	 "{\"run\":\"r-1\",\"step\":\"enter\",\"what\":\"queued\",\"at_us\":1100000,\"target\":\"device:"
	 "here\"}",
	 false},
	{"progress",
	 "{\"run\":\"r-1\",\"step\":\"enter\",\"what\":\"progress\",\"at_us\":2500000,\"subflow\":\"Main\","
	 "\"action\":\"Press Save\"}",
	 false},
	{"ended",
	 "{\"run\":\"r-1\",\"step\":\"enter\",\"what\":\"ended\",\"at_us\":3000000,\"state\":\"succeeded\"}",
	 false},
	{"ended", "{\"run\":\"r-1\",\"what\":\"ended\",\"at_us\":3100000,\"state\":\"succeeded\"}", true},
	{NULL, NULL, false},
};

static void a_host_that_is_not_there_is_status_3(void **state)
{
	struct fake_desk *desk = *state;

	fake_desk_close(desk);
	assert_int_equal(DESK_RUN(desk, "runs"), 3);
	fake_desk_complained(desk, "hostler up");
	assert_int_equal(DESK_RUN(desk, "runs", "--json"), 3);
	fake_desk_said(desk, "{\"error\":{\"code\":\"HostNotReachable\",\"text\":");
	assert_string_equal(desk->err, "");
}

static void a_socket_without_a_host_behind_it_is_status_3(void **state)
{
	struct fake_desk *desk = *state;

	fake_desk_close(desk);
	fake_desk_file(desk, "run/engine.sock", "");
	assert_int_equal(DESK_RUN(desk, "runs"), 3);
	fake_desk_complained(desk, "no answer from the host within 3 s");
}

static void without_an_operator_key_it_says_who_makes_it(void **state)
{
	struct fake_desk *desk = *state;

	unlink(fake_desk_file(desk, "operator.key", NULL));
	assert_int_equal(DESK_RUN(desk, "runs"), 3);
	fake_desk_complained(desk, "the first `hostler up` makes it");
}

static void a_key_that_the_host_does_not_know_is_status_3(void **state)
{
	struct fake_desk *desk = *state;
	struct key_pair other;
	char public_text[KEY_TEXT], secret_text[KEY_TEXT], host_text[KEY_TEXT], text[512];

	keys_random(&other);
	keys_text(other.public_key, public_text);
	keys_text(other.secret_key, secret_text);
	keys_text(desk->ring.self.public_key, host_text);
	snprintf(text, sizeof text, "self operator/felix %s %s\nhost %s\n", public_text, secret_text,
		 host_text);
	fake_desk_file(desk, "operator.key", text);
	assert_int_equal(DESK_RUN(desk, "runs", "--json"), 3);
	fake_desk_said(desk, "\"KeyDenied\"");
}

static void wrong_usage_is_status_2_and_suggests_the_nearest(void **state)
{
	struct fake_desk *desk = *state;

	assert_int_equal(DESK_RUN(desk, "devicse"), 2);
	fake_desk_complained(desk, "did you mean \"devices\"?");
	assert_int_equal(DESK_RUN(desk, "press", "order", "--inptu", "a=b"), 2);
	fake_desk_complained(desk, "did you mean --input?");
	assert_int_equal(DESK_RUN(desk, "show"), 2);
	assert_int_equal(DESK_RUN(desk, "show", "--json"), 2);
	fake_desk_said(desk, "{\"error\":{\"code\":\"Usage\"");
}

static void what_is_not_built_yet_says_so_with_status_2(void **state)
{
	struct fake_desk *desk = *state;

	assert_int_equal(DESK_RUN(desk, "log", "last", "-f"), 2);
	fake_desk_complained(desk, "not in this version");
	assert_int_equal(DESK_RUN(desk, "log", "last", "-f", "--json"), 2);
	fake_desk_said(desk, "\"NotInThisVersion\"");
}

static void a_bad_configuration_is_told_line_by_line_with_status_2(void **state)
{
	struct fake_desk *desk = *state;

	fake_desk_file(desk, "hostler.ini", "[host]\nflws = a\n[gatway]\nname = x\n");
	assert_int_equal(DESK_RUN(desk, "check"), 2);
	fake_desk_complained(desk, "hostler.ini:2: error: ");
	fake_desk_complained(desk, "hostler.ini:3: error: ");
	fake_desk_complained(desk, "flows");
	fake_desk_complained(desk, "2 errors");
	assert_true(strstr(desk->err, ":2: error") < strstr(desk->err, ":3: error"));
	assert_int_equal(DESK_RUN(desk, "check", "--json"), 2);
	fake_desk_said(desk, "\"line\":2,");
	assert_string_equal(desk->err, "");
}

static void a_missing_configuration_is_status_2(void **state)
{
	struct fake_desk *desk = *state;

	assert_int_equal(DESK_RUN(desk, "-c", "nowhere.ini", "runs"), 2);
	fake_desk_complained(desk, "nowhere.ini");
	assert_int_equal(DESK_RUN(desk, "runs", "-c", "nowhere.ini", "--json"), 2);
	fake_desk_said(desk, "\"error\"");
}

static void a_press_sends_its_inputs_as_text_and_says_how_to_look(void **state)
{
	struct fake_desk *desk = *state;

	desk->accepted = "[" RUN "]";
	assert_int_equal(DESK_RUN(desk, "press", "order", "--input", "order=4711", "--input=note=a=b"), 0);
	assert_int_equal(desk->word, WORD_press);
	assert_string_equal(desk->name, "order");
	assert_string_equal(desk->payload, "{\"order\":\"4711\",\"note\":\"a=b\"}");
	fake_desk_said(desk, "#12 r-01j00000000000000000000000 order-total\n");
	fake_desk_said(desk, "hostler show '#12'");
	assert_int_equal(DESK_RUN(desk, "press", "order", "--json"), 0);
	assert_string_equal(desk->out, "[" RUN "]\n");
}

static void an_input_given_twice_never_reaches_the_host(void **state)
{
	struct fake_desk *desk = *state;

	desk->accepted = "[" RUN "]";
	assert_int_equal(DESK_RUN(desk, "press", "order", "--input", "a=1", "--input", "a=2"), 2);
	fake_desk_complained(desk, "\"a\" is given twice");
	assert_int_equal(DESK_RUN(desk, "press", "order", "--input", "a"), 2);
	assert_int_equal(desk->word, WORD_NONE);
}

static void a_refused_press_is_status_2_with_field_and_rule(void **state)
{
	struct fake_desk *desk = *state;

	desk->refusal_code = HST_INVALID;
	hst_fail_as(&desk->refusal, HST_INVALID, "InputInvalid", "\"order\" must be an integer, got \"x\"");
	assert_int_equal(DESK_RUN(desk, "press", "order", "--input", "order=x"), 2);
	fake_desk_complained(desk, "\"order\" must be an integer");
	assert_int_equal(DESK_RUN(desk, "press", "order", "--json"), 2);
	fake_desk_said(desk, "{\"error\":{\"code\":\"InputInvalid\",\"text\":");
}

static void a_press_that_starts_nothing_is_status_1(void **state)
{
	struct fake_desk *desk = *state;

	desk->accepted = "[]";
	assert_int_equal(DESK_RUN(desk, "press", "order"), 1);
	fake_desk_complained(desk, "nothing was started");
}

static void waiting_shows_what_happens_and_what_came_of_it(void **state)
{
	struct fake_desk *desk = *state;

	desk->accepted = "[" RUN "]";
	desk->happenings = happenings;
	table_set(&desk->answers, "show", (void *)run_good);
	assert_int_equal(DESK_RUN(desk, "press", "order", "--wait"), 0);
	fake_desk_said(desk, "1.50 s  enter           Main: Press Save\n");
	fake_desk_said(desk, "#12 order-total: succeeded");
	fake_desk_said(desk, "total = 28.5");
	fake_desk_said(desk, "/s/r/enter/screenshots/end.png");
	fake_desk_not_said(desk, "\033");
	assert_int_equal(DESK_RUN(desk, "press", "order", "--wait", "--json"), 0);
	assert_int_equal(desk->out[0], '{');
	fake_desk_not_said(desk, "Press Save\n");
}

static void waiting_for_a_run_that_fails_is_status_1_with_reason_and_log(void **state)
{
	struct fake_desk *desk = *state;

	desk->accepted = "[" RUN "]";
	desk->happenings = happenings;
	table_set(&desk->answers, "show", (void *)run_bad);
	table_set(&desk->files, "enter/log", "first\nlast words\n");
	assert_int_equal(DESK_RUN(desk, "run", "order-total", "--wait"), 1);
	fake_desk_said(desk, "FlowFailed: no display");
	fake_desk_said(desk, "Read the log.");
	fake_desk_said(desk, "Main: Press Save");
	fake_desk_said(desk, "| last words");
}

static void a_host_that_starts_anew_is_followed_on_without_repeating(void **state)
{
	struct fake_desk *desk = *state;
	const char *first;

	desk->accepted = "[" RUN "]";
	desk->happenings = happenings;
	desk->away_after = 3;
	table_set(&desk->answers, "show", (void *)run_good);
	assert_int_equal(DESK_RUN(desk, "press", "order", "--wait"), 0);
	assert_int_equal(desk->follows, 2);
	first = strstr(desk->out, "Main: Press Save");
	assert_non_null(first);
	assert_null(strstr(first + 1, "Main: Press Save"));
	fake_desk_said(desk, "#12 order-total: succeeded");
}

static void a_run_takes_its_event_from_a_file(void **state)
{
	struct fake_desk *desk = *state;
	char path[512];

	desk->accepted = "[" RUN "]";
	snprintf(path, sizeof path, "%s",
		 fake_desk_file(desk, "event.json", "{\"order\": 7, \"deep\": {\"a\": [1.50]}}\n"));
	assert_int_equal(DESK_RUN(desk, "run", "order-total", "--event", path), 0);
	assert_int_equal(desk->word, WORD_run);
	assert_string_equal(desk->payload, "{\"order\":7,\"deep\":{\"a\":[1.50]}}");
	fake_desk_file(desk, "event.json", "{\"order\": 7,}");
	assert_int_equal(DESK_RUN(desk, "run", "order-total", "--event", path), 2);
	fake_desk_complained(desk, "event.json is no event");
	assert_int_equal(DESK_RUN(desk, "run", "order-total", "--event", path, "--input", "a=b"), 2);
}

static void runs_are_asked_for_by_filters(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "runs", "[" RUN "]");
	assert_int_equal(DESK_RUN(desk, "runs", "--flow", "a b", "--state", "failed", "--since", "2026-11-21",
				  "-n", "3"),
			 0);
	assert_string_equal(
		desk->filters,
		"{\"flow\":\"a b\",\"state\":\"failed\",\"since_us\":1795219200000000,\"limit\":3}");
	fake_desk_said(desk, "#12");
	assert_int_equal(DESK_RUN(desk, "runs", "--json"), 0);
	assert_string_equal(desk->out, "[" RUN "]\n");
	assert_int_equal(DESK_RUN(desk, "runs", "--since", "yesterday"), 2);
	assert_int_equal(DESK_RUN(desk, "runs", "-n", "0"), 2);
}

static void show_prints_a_run_and_no_control_characters(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "show", (void *)run_good);
	assert_int_equal(DESK_RUN(desk, "show", "#12"), 0);
	assert_string_equal(desk->filters, "{\"run\":\"#12\"}");
	fake_desk_said(desk, "2026-11-21 23:31:58");
	fake_desk_said(desk, "waiting 0.10 s, preparing 1.20 s, executing 3.00 s");
	fake_desk_said(desk, "here, as bot1, unattended, through bot");
	fake_desk_said(desk, "shown = 28\\x1b[31m.5");
	assert_int_equal(DESK_RUN(desk, "show", "last", "--json"), 0);
	fake_desk_said(desk, "\"history\":[]");
}

static void a_run_that_is_not_there_is_status_2(void **state)
{
	struct fake_desk *desk = *state;

	assert_int_equal(DESK_RUN(desk, "show", "999"), 2);
	fake_desk_complained(desk, "there is no run \"999\"");
}

static void the_log_of_a_failed_step_ends_with_its_last_20_lines(void **state)
{
	struct fake_desk *desk = *state;
	char log[400] = "";

	for (int i = 1; i <= 30; i++)
		snprintf(log + strlen(log), sizeof log - strlen(log), "line %d\n", i);
	table_set(&desk->answers, "show", (void *)run_bad);
	table_set(&desk->files, "enter/log", log);
	assert_int_equal(DESK_RUN(desk, "show", "12"), 0);
	fake_desk_said(desk, "| line 11\n");
	fake_desk_said(desk, "| line 30\n");
	fake_desk_not_said(desk, "| line 10\n");
}

static void logs_are_printed_as_they_are(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "find", (void *)RUN);
	table_set(&desk->answers, "files",
		  "[{\"step\":\"a\",\"name\":\"log\",\"size\":4,\"path\":\"/"
		  "x\"},{\"step\":\"b\",\"name\":\"log\",\"size\":2,\"path\":\"/y\"}]");
	table_set(&desk->files, "a/log", "one\033[m\n");
	table_set(&desk->files, "b/log", "two");
	assert_int_equal(DESK_RUN(desk, "log", "last"), 0);
	assert_string_equal(desk->out, "==> a <==\none\033[m\n\n==> b <==\ntwo\n");
	assert_int_equal(DESK_RUN(desk, "log", "last", "--json"), 0);
	fake_desk_said(desk, "[{\"step\":\"a\",\"text\":\"one");
	table_set(&desk->answers, "files", "[]");
	assert_int_equal(DESK_RUN(desk, "log", "last"), 1);
	fake_desk_complained(desk, "has no log");
}

static void a_file_is_fetched_whole_and_overwrites_nothing_unasked(void **state)
{
	struct fake_desk *desk = *state;
	char text[3501] = "", path[512];
	char *bytes;
	size_t length;

	for (size_t i = 0; i + 1 < sizeof text; i++)
		text[i] = (char)('a' + i % 26);
	table_set(&desk->answers, "find", (void *)RUN);
	table_set(&desk->answers, "files", "[]");
	table_set(&desk->files, "enter/out/rows.csv", text);
	snprintf(path, sizeof path, "%s", fake_desk_file(desk, "work/rows.csv", NULL));
	assert_int_equal(DESK_RUN(desk, "get", "last/enter", "out/rows.csv"), 0);
	assert_int_equal(files_read(path, sizeof text, &bytes, &length, NULL), HST_OK);
	assert_string_equal(bytes, text);
	free(bytes);
	assert_int_equal(DESK_RUN(desk, "get", "last/enter", "out/rows.csv"), 2);
	fake_desk_complained(desk, "is there already");
	assert_int_equal(DESK_RUN(desk, "get", "last/enter", "out/rows.csv", "--force"), 0);
	assert_int_equal(DESK_RUN(desk, "get", "last/enter", "out/rows.csv", "-o", "-"), 0);
	assert_string_equal(desk->out, text);
	assert_int_equal(DESK_RUN(desk, "get", "last", "out/rows.csv"), 2);
	assert_int_equal(DESK_RUN(desk, "get", "last/enter", "nothing"), 2);
	assert_int_not_equal(access(fake_desk_file(desk, "work/nothing", NULL), F_OK), 0);
}

static void the_queue_says_why(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "queue",
		  "{\"targets\":[{\"target\":\"device:here\",\"strict\":false,\"count\":1,\"waiting\":[{"
		  "\"run\":\"r-1\",\"number\":12,"
		  "\"flow\":\"order-total\",\"step\":\"enter\",\"state\":\"queued\",\"shown\":\"Next to "
		  "run\",\"priority\":\"high\","
		  "\"position\":1,\"user\":\"bot1\",\"mode\":\"unattended\",\"requested\":\"2026-11-21T23:31:"
		  "52Z\","
		  "\"reason\":{\"code\":\"DeviceOffline\",\"text\":\"not heard of\"}}]}]}");
	assert_int_equal(DESK_RUN(desk, "queue", "device:here"), 0);
	assert_string_equal(desk->filters, "{\"target\":\"device:here\"}");
	fake_desk_said(desk, "device:here: 1 waiting");
	fake_desk_said(desk, "Next to run");
	fake_desk_said(desk, "DeviceOffline: not heard of");
}

static void lists_are_tables(void **state)
{
	struct fake_desk *desk = *state;

	table_set(&desk->answers, "triggers",
		  "[{\"name\":\"order\",\"plugin\":\"button\",\"pressable\":true,\"ready\":true,\"flows\":["
		  "\"a\",\"b\"],"
		  "\"inputs\":[{\"name\":\"order\",\"type\":\"integer\",\"required\":true}]}]");
	table_set(&desk->answers, "flows",
		  "[{\"name\":\"a\",\"summary\":\"s\",\"file\":\"f\",\"on\":[\"order\"],\"steps\":2,"
		  "\"active\":0}]");
	table_set(&desk->answers, "devices",
		  "[{\"name\":\"here\",\"state\":\"online\",\"system\":\"linux\",\"driver\":\"x11\","
		  "\"strategy\":null,\"slots\":8,\"running\":1,\"accounts\":[\"bot1\"],\"sessions\":[],"
		  "\"last_seen\":null}]");
	table_set(&desk->answers, "plugins",
		  "[{\"kind\":\"trigger\",\"name\":\"button\",\"version\":\"1.0\",\"summary\":\"s\","
		  "\"instances\":[]}]");
	assert_int_equal(DESK_RUN(desk, "triggers"), 0);
	fake_desk_said(desk, "order:integer*");
	assert_int_equal(DESK_RUN(desk, "flows"), 0);
	assert_int_equal(DESK_RUN(desk, "devices"), 0);
	fake_desk_said(desk, "1 of 8");
	assert_int_equal(DESK_RUN(desk, "plugins"), 0);
	assert_string_equal(desk->out, "KIND     PLUGIN  VERSION  INSTANCES  STATE  SUMMARY\n"
				       "trigger  button  1.0      -          -      s\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(a_host_that_is_not_there_is_status_3),
		DESK_TEST(a_socket_without_a_host_behind_it_is_status_3),
		DESK_TEST(without_an_operator_key_it_says_who_makes_it),
		DESK_TEST(a_key_that_the_host_does_not_know_is_status_3),
		DESK_TEST(wrong_usage_is_status_2_and_suggests_the_nearest),
		DESK_TEST(what_is_not_built_yet_says_so_with_status_2),
		DESK_TEST(a_bad_configuration_is_told_line_by_line_with_status_2),
		DESK_TEST(a_missing_configuration_is_status_2),
		DESK_TEST(a_press_sends_its_inputs_as_text_and_says_how_to_look),
		DESK_TEST(an_input_given_twice_never_reaches_the_host),
		DESK_TEST(a_refused_press_is_status_2_with_field_and_rule),
		DESK_TEST(a_press_that_starts_nothing_is_status_1),
		DESK_TEST(waiting_shows_what_happens_and_what_came_of_it),
		DESK_TEST(waiting_for_a_run_that_fails_is_status_1_with_reason_and_log),
		DESK_TEST(a_host_that_starts_anew_is_followed_on_without_repeating),
		DESK_TEST(a_run_takes_its_event_from_a_file),
		DESK_TEST(runs_are_asked_for_by_filters),
		DESK_TEST(show_prints_a_run_and_no_control_characters),
		DESK_TEST(a_run_that_is_not_there_is_status_2),
		DESK_TEST(the_log_of_a_failed_step_ends_with_its_last_20_lines),
		DESK_TEST(logs_are_printed_as_they_are),
		DESK_TEST(a_file_is_fetched_whole_and_overwrites_nothing_unasked),
		DESK_TEST(the_queue_says_why),
		DESK_TEST(lists_are_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
