/* How runs end, and what they leave. */
#include "flowrun_house.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "desktop/program.h"
#include "os/files.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char one_output[] =
	"[input order]\ntype = text\n[output total]\ntype = integer\nrequired = yes\n";

static void a_good_flow_succeeds_with_its_outputs(void **state)
{
	struct house *house = *state;

	house_run(house, one_output,
		  "cat\n"
		  "echo \"$HOSTLER_INPUT_ORDER $HOSTLER_RUN $HOSTLER_STEP\" >&2\n"
		  "test \"$(pwd -P)\" = \"$HOSTLER_WORK\" && test -d in && test -d out && test -f "
		  "\"$HOSTLER_PACKAGE/flow.sh\"\n"
		  "echo '{\"event\":\"progress\",\"subflow\":\"Main\",\"action\":\"Press Save\"}' > "
		  "$HOSTLER_EVENTS\n"
		  "echo '{\"event\":\"output\",\"name\":\"total\",\"value\":\"17\"}' > $HOSTLER_EVENTS\n",
		  "{\"order\":\"A 7\"}");
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_string_equal(house->outputs.s, "{\"total\":17}");
	assert_int_equal(house->progress, 1);
	assert_string_equal(house->action, "Press Save");
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_string_equal(log, "{\"order\":\"A 7\"}\nA 7 r-test enter\n");
}

static void hostler_event_speaks_for_a_shell(void **state)
{
	struct house *house = *state;

	house_run(house,
		  "[input name]\ntype = text\n[output greeting]\ntype = text\n[output long]\ntype = text\n",
		  "set -e\n"
		  "name=$(hostler-event input name)\n"
		  "hostler-event progress Main \"Greet $name\"\n"
		  "hostler-event checkpoint\n"
		  "hostler-event output greeting \"Hello, $name\"\n"
		  "head -c 9000 /dev/zero | tr '\\0' x | hostler-event output long -\n",
		  "{\"name\":\"Ada \\\"L\\\"\"}");
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_non_null(strstr(house->outputs.s, "\"greeting\":\"Hello, Ada \\\"L\\\"\""));
	assert_true(house->outputs.length > 9000);
	/* What became an output is no file of the run. */
	assert_false(house_has_result(house, "out/long.json"));
}

static void wrong_inputs_fail_before_anything_is_started(void **state)
{
	struct house *house = *state;

	house_run(house, "[input count]\ntype = integer\nrequired = yes\n", "echo ran\n",
		  "{\"count\":\"many\"}");
	house_assert_end(house, FLOWRUN_FAILED, "InputInvalid", "count");
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_string_equal(log, "");
}

static void a_program_that_is_not_there_is_an_end_like_any_other(void **state)
{
	struct house *house = *state;
	static const char manifest[] = "[desktop-flow]\nname = a\nrun = no-such-program-here\n";
	AUTO_FREE char *path = house_package(house, "", "true\n");
	struct problems problems;
	hst_error err = {0};

	problems_init(&problems);
	assert_int_equal(files_replace(path, manifest, strlen(manifest), 0644, false, NULL), HST_OK);
	house->package = package_read_manifest(path, &problems);
	problems_clear(&problems);
	assert_non_null(house->package);
	house->spec.package = house->package;
	assert_int_equal(flowrun_start(house->loop, &house->spec, &house->role, &house->run, &err), HST_OK);
	house_wait_for_end(house);
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "no-such-program-here");
}

static void a_failure_says_status_and_last_line(void **state)
{
	struct house *house = *state;

	house_run(house, "", "echo first\necho 'the ledger is locked' >&2\necho\nexit 3\n", NULL);
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed",
			 "exit status 3; the last line of its log: the ledger is locked");
}

static void an_error_event_is_the_sentence_of_a_failure(void **state)
{
	struct house *house = *state;

	house_run(house, one_output,
		  "echo '{\"event\":\"output\",\"name\":\"total\",\"value\":3}' > $HOSTLER_EVENTS\n"
		  "echo '{\"event\":\"error\",\"message\":\"No such order\"}' > $HOSTLER_EVENTS\nexit 1\n",
		  NULL);
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "No such order");
	assert_string_equal(house->outputs.s, "{\"total\":3}");
}

static void an_error_that_was_overcome_fails_nothing(void **state)
{
	struct house *house = *state;

	house_run(house, "", "echo '{\"event\":\"error\",\"message\":\"Once more\"}' > $HOSTLER_EVENTS\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
}

static void a_line_that_is_no_event_fails_the_run_at_its_end(void **state)
{
	static const char *const lines[] = {"hello",
					    "[]",
					    "{\"event\":\"dance\"}",
					    "{\"event\":\"progress\"}",
					    "{\"event\":\"checkpoint\",\"more\":1}",
					    "{\"event\":\"output\",\"name\":\"total\"}",
					    "{\"event\":\"error\",\"message\":1}",
					    "{\"event\":\"error\",\"message\":\"a\\u0000b\"}"};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		AUTO_FREE char *script = mem_printf("printf '%%s\\n' '%s' > $HOSTLER_EVENTS\n"
						    "echo still here\n",
						    lines[i]);

		if (i) {
			house_tear_down(state);
			house_set_up(state);
		}
		struct house *house = *state;

		house_run(house, one_output, script, NULL);
		house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "no event");
		AUTO_FREE char *log = house_result(house, "log", NULL);
		assert_non_null(strstr(log, "still here"));
	}
}

static void a_line_over_4_kib_is_no_event(void **state)
{
	struct house *house = *state;

	house_run(house, one_output,
		  "{ printf '{\"event\":\"error\",\"message\":\"'; head -c 5000 /dev/zero | tr '\\0' x; echo "
		  "'\"}'; "
		  "echo '{\"event\":\"output\",\"name\":\"total\",\"value\":1}'; } > $HOSTLER_EVENTS\n",
		  NULL);
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "longer than 4 KiB");
	assert_string_equal(house->outputs.s, "{\"total\":1}");
}

static void outputs_that_do_not_fit_are_named(void **state)
{
	static const struct {
		const char *lines, *text;
	} cases[] = {
		{"", "total"},
		{"{\"event\":\"output\",\"name\":\"total\",\"value\":\"many\"}", "total"},
		{"{\"event\":\"output\",\"name\":\"total\",\"value\":1}\n{\"event\":\"output\",\"name\":"
		 "\"total\",\"value\":1}",
		 "given twice"},
		{"{\"event\":\"output\",\"name\":\"totl\",\"value\":1}", "did you mean \"total\""},
		{"{\"event\":\"output\",\"name\":\"total\",\"file\":\"out/none.json\"}", "total"},
		{"{\"event\":\"output\",\"name\":\"total\",\"file\":\"../control\"}", "leads out"},
		{"{\"event\":\"output\",\"name\":\"total\",\"file\":\"/etc/hostname\"}", "leads out"},
		{"{\"event\":\"output\",\"name\":\"total\",\"file\":\"out/link\"}", "leads out"},
		{"{\"event\":\"output\",\"name\":\"total\",\"file\":\"out/fifo\"}", "regular"},
		{"{\"event\":\"output\",\"name\":\"total\",\"file\":\"out/large\"}", "larger than"},
		{"{\"event\":\"output\",\"name\":\"total\",\"file\":\"out/broken\"}", "no JSON"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_FREE char *script = mem_printf("ln -s /etc/hostname out/link; mkfifo out/fifo; head -c "
						    "1100000 /dev/zero > out/large\n"
						    "echo '{' > out/broken\n"
						    "cat > $HOSTLER_EVENTS <<'E'\n%s\nE\n",
						    cases[i].lines);

		if (i) {
			house_tear_down(state);
			house_set_up(state);
		}
		house_run(*state, one_output, script, NULL);
		house_assert_end(*state, FLOWRUN_FAILED, "OutputInvalid", cases[i].text);
	}
}

static void an_output_may_come_by_file(void **state)
{
	struct house *house = *state;

	house_run(house, "[output rows]\ntype = json\n",
		  "printf '[1,{\"a\":\"b\"}]' > out/rows.json\n"
		  "echo '{\"event\":\"output\",\"name\":\"rows\",\"file\":\"out/rows.json\"}' > "
		  "$HOSTLER_EVENTS\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_string_equal(house->outputs.s, "{\"rows\":[1,{\"a\":\"b\"}]}");
}

static void files_in_out_are_kept_and_links_are_not(void **state)
{
	struct house *house = *state;

	house_run(house, "[output report]\ntype = file\n",
		  "echo report > out/report.txt; ln -s /etc/hostname out/link; mkdir out/folder\n"
		  "echo '{\"event\":\"output\",\"name\":\"report\",\"value\":\"report.txt\"}' > "
		  "$HOSTLER_EVENTS\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	AUTO_FREE char *report = house_result(house, "out/report.txt", NULL);
	assert_string_equal(report, "report\n");
	assert_false(house_has_result(house, "out/link"));
	assert_false(house_has_result(house, "out/folder"));
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_non_null(strstr(log, "out/link is not kept"));
}

/* What people call their files. */
static void files_keep_the_names_people_give_them(void **state)
{
	static const char *const names[] = {"Rechnung M\xc3\xa4rz 1.pdf", "report (1).txt", "x.part",
					    "a'b\"c"};
	struct house *house = *state;

	house_run(house, "[output report]\ntype = file\n",
		  "echo a > 'out/Rechnung M\xc3\xa4rz 1.pdf'; echo a > 'out/report (1).txt'; echo a > "
		  "out/x.part\n"
		  "echo a > \"out/a'b\\\"c\"\n"
		  "hostler-event output report 'Rechnung M\xc3\xa4rz 1.pdf'\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		AUTO_FREE char *path = mem_printf("out/%s", names[i]);

		assert_true(house_has_result(house, path));
	}
}

static void names_that_are_refused_are_said(void **state)
{
	struct house *house = *state;

	house_run(house, "",
		  "touch out/.hidden out/$(printf 'x%.0s' $(seq 101)) out/$(printf 'y%.0s' $(seq 100))\n"
		  "touch \"out/$(printf 'new\\nline')\" \"out/$(printf 'latin\\344')\"\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_non_null(strstr(log, "out/.hidden is not kept"));
	assert_non_null(strstr(log, "x is not kept: its name is longer than 100 bytes"));
	assert_non_null(strstr(log, "out/new line is not kept"));
	assert_non_null(strstr(log, "out/latin? is not kept"));
	assert_null(strstr(log, "y is not kept"));
}

static void an_output_whose_file_is_not_kept_fails_the_run(void **state)
{
	struct house *house = *state;

	house_run(house, "[output report]\ntype = file\n",
		  "n=$(printf 'x%.0s' $(seq 101)); echo a > out/$n; hostler-event output report $n\n", NULL);
	house_assert_end(house, FLOWRUN_FAILED, "OutputInvalid", "longer than 100 bytes");
}

static void a_flood_of_files_is_counted_and_those_of_outputs_come_first(void **state)
{
	struct house *house = *state;

	house_run(house, "[output report]\ntype = file\n",
		  "seq 1300 | sed s:^:out/: | xargs touch; echo a > out/report\n"
		  "hostler-event output report report\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_true(house_has_result(house, "out/report"));
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_non_null(strstr(log, "is not kept: there are more than 1,000 files"));
	assert_non_null(strstr(log, "201 more files in out/"));
}

static void an_output_is_read_once_however_often_it_is_given(void **state)
{
	struct house *house = *state;
	int64_t began = clock_steady_us();

	/* A megabyte each time: to read them all would take minutes. */
	house_run(house, "[output rows]\ntype = json\n",
		  "{ printf '\"'; head -c 1000000 /dev/zero | tr '\\0' x; printf '\"'; } > out/rows.json\n"
		  "yes '{\"event\":\"output\",\"name\":\"rows\",\"file\":\"out/rows.json\"}' | head -n "
		  "100000 > "
		  "$HOSTLER_EVENTS\n",
		  NULL);
	house_assert_end(house, FLOWRUN_FAILED, "OutputInvalid", "given twice");
	assert_true(clock_steady_us() - began < 20 * 1000000);
}

static void a_file_that_is_not_there_is_no_output(void **state)
{
	house_run(
		*state, "[output report]\ntype = file\n",
		"echo '{\"event\":\"output\",\"name\":\"report\",\"value\":\"../flow\"}' > $HOSTLER_EVENTS\n",
		NULL);
	house_assert_end(*state, FLOWRUN_FAILED, "OutputInvalid", "report");
}

static void a_huge_log_keeps_its_first_and_last_part(void **state)
{
	struct house *house = *state;
	size_t length = 0;

	house_run(house, "",
		  "echo the first line\nhead -c 3000000 /dev/zero | tr '\\0' y\necho\necho the last line\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	AUTO_FREE char *log = house_result(house, "log", &length);
	assert_true(length > 1024 << 10 && length < (1024 << 10) + 100);
	assert_memory_equal(log, "the first line\n", 15);
	assert_string_equal(log + length - 14, "the last line\n");
	assert_non_null(strstr(log, "bytes are left out here"));
}

static const char secret_input[] = "[input password]\ntype = secret\n[input name]\ntype = text\n";

static void a_secret_is_on_stdin_and_nowhere_else(void **state)
{
	struct house *house = *state;

	house->role.screenshot = house_screenshot;
	house_run(house, secret_input,
		  "read -r line\n"
		  "case $line in *'hunter2+\"x'*|*hunter2*) ;; *) exit 4;; esac\n"
		  "env | grep -q hunter2 && exit 5\n"
		  "env | grep -q HOSTLER_INPUT_PASSWORD && exit 6\n"
		  "tr '\\0' ' ' < /proc/$$/cmdline | grep -q hunter2 && exit 7\n"
		  "echo \"$HOSTLER_INPUT_NAME\"; echo hunter2secret; printf hunter2; printf 'secret\\n'\n"
		  "printf hunter2secret | base64; printf hunter2secret | od -An -tx1 | tr -d ' \\n'; echo\n"
		  "echo '{\"event\":\"progress\",\"action\":\"Type hunter2secret\"}' > $HOSTLER_EVENTS\n"
		  "echo '{\"event\":\"error\",\"message\":\"wrong: hunter2secret\"}' > $HOSTLER_EVENTS\nexit "
		  "1\n",
		  "{\"password\":\"hunter2secret\",\"name\":\"Ada\"}");
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "wrong: [secret]");
	assert_string_equal(house->action, "Type [secret]");
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_null(strstr(log, "hunter2"));
	assert_null(strstr(log, "aHVudGVyMnNlY3Jld"));
	assert_null(strstr(log, "68756e74657232"));
	assert_non_null(strstr(log, "Ada\n[secret]\n[secret]\n"));
	/* A picture could show it. */
	assert_int_equal(house->pictures, 0);
}

/* Nobody could say what is in its log. */
static void a_secret_that_cannot_be_kept_out_of_print_starts_nothing(void **state)
{
	struct house *house = *state;
	struct text json;

	text_init(&json, 1 << 20);
	text_add(&json, "{\"password\":\"");
	for (int i = 0; i < 66000; i++)
		text_add(&json, "x");
	text_add(&json, "\"}");
	house_run(house, secret_input, "echo ran\n", json.s);
	text_clear(&json);
	house_assert_end(house, FLOWRUN_FAILED, "SecretUnusable", "cannot be kept out");
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_string_equal(log, "");
}

static void a_very_long_input_comes_on_stdin_only(void **state)
{
	struct house *house = *state;
	struct text json;

	text_init(&json, 1 << 20);
	text_add(&json, "{\"long\":\"");
	for (int i = 0; i < 200000; i++)
		text_add(&json, "x");
	text_add(&json, "\",\"short\":\"y\"}");
	house_run(house, "[input long]\ntype = text\n[input short]\ntype = text\n",
		  "env | grep -q HOSTLER_INPUT_LONG && exit 5\ntest \"$HOSTLER_INPUT_SHORT\" = y || exit 6\n"
		  "test $(wc -c) -gt 200000 || exit 7\n",
		  json.s);
	text_clear(&json);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
}

static void inputs_nobody_reads_hold_nothing_up(void **state)
{
	struct house *house = *state;
	struct text json;

	text_init(&json, 1 << 20);
	text_add(&json, "{\"long\":\"");
	for (int i = 0; i < 200000; i++)
		text_add(&json, "x");
	text_add(&json, "\"}");
	house_run(house, "[input long]\ntype = text\n", "exit 0\n", json.s);
	text_clear(&json);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
}

static void too_many_events_are_no_flood(void **state)
{
	struct house *house = *state;

	house_run(house, "",
		  "i=0; while test $i -lt 10050; do i=$((i+1)); echo "
		  "'{\"event\":\"progress\",\"action\":\"a\"}'; "
		  "done > $HOSTLER_EVENTS\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_int_equal(house->progress, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_CASE(a_good_flow_succeeds_with_its_outputs),
		HOUSE_CASE(hostler_event_speaks_for_a_shell),
		HOUSE_CASE(wrong_inputs_fail_before_anything_is_started),
		HOUSE_CASE(a_program_that_is_not_there_is_an_end_like_any_other),
		HOUSE_CASE(a_failure_says_status_and_last_line),
		HOUSE_CASE(an_error_event_is_the_sentence_of_a_failure),
		HOUSE_CASE(an_error_that_was_overcome_fails_nothing),
		HOUSE_CASE(a_line_that_is_no_event_fails_the_run_at_its_end),
		HOUSE_CASE(a_line_over_4_kib_is_no_event),
		HOUSE_CASE(outputs_that_do_not_fit_are_named),
		HOUSE_CASE(an_output_may_come_by_file),
		HOUSE_CASE(files_in_out_are_kept_and_links_are_not),
		HOUSE_CASE(files_keep_the_names_people_give_them),
		HOUSE_CASE(names_that_are_refused_are_said),
		HOUSE_CASE(an_output_whose_file_is_not_kept_fails_the_run),
		HOUSE_CASE(a_flood_of_files_is_counted_and_those_of_outputs_come_first),
		HOUSE_CASE(an_output_is_read_once_however_often_it_is_given),
		HOUSE_CASE(a_file_that_is_not_there_is_no_output),
		HOUSE_CASE(a_huge_log_keeps_its_first_and_last_part),
		HOUSE_CASE(a_secret_is_on_stdin_and_nowhere_else),
		HOUSE_CASE(a_secret_that_cannot_be_kept_out_of_print_starts_nothing),
		HOUSE_CASE(a_very_long_input_comes_on_stdin_only),
		HOUSE_CASE(inputs_nobody_reads_hold_nothing_up),
		HOUSE_CASE(too_many_events_are_no_flood),
	};
	int failed;

	house_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	house_close();
	return failed;
}
