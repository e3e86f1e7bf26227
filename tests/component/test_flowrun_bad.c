/* Desktop flows that misbehave: the run ends truthfully, and nothing of it is left. */
#include "flowrun_house.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "os/files.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MIB = 1 << 20 };

/* How many processes sleep that long: nobody else does. */
static int sleepers(const char *seconds)
{
	/* The pattern does not match itself. */
	AUTO_FREE char *command =
		mem_printf("grep -laszx '%.3s[%s]' /proc/[0-9]*/cmdline 2>/dev/null | wc -l", seconds, seconds + 3);
	FILE *said = popen(command, "r");
	int n = -1;

	if (!said || fscanf(said, "%d", &n) != 1)
		fail_msg("cannot count the processes that sleep %s s", seconds);
	pclose(said);
	return n;
}

static void what_lets_go_of_everything_is_found(void **state)
{
	struct house *house = *state;

	house_run(house, "",
		  "(setsid env -i sleep 7541 >/dev/null 2>&1 </dev/null &)\n"
		  "(env -i sleep 7541 &)\n"
		  "setsid -f sh -c 'trap \"\" TERM HUP INT; env -i sleep 7541; sleep 7541'\n"
		  "sleep 7541 &\n"
		  "exit 0\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_int_equal(sleepers("7541"), 0);
}

static void a_crowd_is_ended_too(void **state)
{
	struct house *house = *state;

	house_run(house, "",
		  "i=0; while test $i -lt 400; do i=$((i+1)); setsid env -i sleep 7542 & done\n"
		  "i=0; while test $i -lt 20; do i=$((i+1)); setsid sh -c 'for n in 1 2 3 4 5; do env -i sleep 7542 & done; wait' & done\n"
		  "kill -9 $$\n",
		  NULL);
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "signal 9");
	assert_int_equal(sleepers("7542"), 0);
}

static int descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

/* What the next flow is started with is made when the last one is over: it inherits nothing of it, and nothing piles up. */
static void what_the_next_flow_leaves_is_found_too(void **state)
{
	struct house *house = *state;
	const int before = descriptors();

	house_start(house, "",
		    "read line; test \"$line\" = {}; status=$?\n"
		    "(setsid env -i sleep 7556 >/dev/null 2>&1 </dev/null &)\n"
		    "exit $status\n",
		    "{}");
	for (int i = 0; i < 3; i++) {
		house_wait_for_end(house);
		house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
		assert_int_equal(sleepers("7556"), 0);
		flowrun_free(house->run);
		house->run = NULL;
		house->over = false;
		assert_int_equal(flow_place_renew(&house->place, NULL), HST_OK);
		assert_int_equal(descriptors(), before);
		assert_int_equal(flowrun_start(house->loop, &house->spec, &house->role, &house->run, NULL), HST_OK);
	}
	house_wait_for_end(house);
}

/* Each of them lives for less than a millisecond and has a successor by then. */
static void what_runs_from_one_process_to_the_next_is_caught(void **state)
{
	struct house *house = *state;

	house_run(house, "",
		  "exec perl -e 'use POSIX; $SIG{TERM} = \"IGNORE\"; exit 0 if fork; $0 = \"runner-7543\"; close STDOUT; close STDERR;"
		  "for (1 .. 300000) { my $next = fork; POSIX::_exit(0) if $next; POSIX::setsid() } sleep 7543'\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_int_equal(system("grep -lasx 'runner-754[3]' /proc/[0-9]*/cmdline 2>/dev/null | grep -q ."), 256);
}

static void one_that_fills_the_disk_is_ended(void **state)
{
	struct house *house = *state;

	house->spec.work_bytes_max = 8 * MIB;
	house_run(house, "", "mkdir -p a/b; head -c 20000000 /dev/zero > a/b/big; echo done; sleep 7544\n", NULL);
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "It has more than 8 MiB in its work folder and was ended");
	assert_int_equal(sleepers("7544"), 0);
}

static void one_that_makes_too_many_files_is_ended(void **state)
{
	struct house *house = *state;

	house->spec.work_files_max = 1000;
	house_run(house, "", "mkdir many; seq 2000 | sed s:^:many/: | xargs touch; sleep 7544\n", NULL);
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "It has more than 1000 files in its work folder and was ended");
}

static void a_tree_as_deep_as_can_be_is_ended_and_removed(void **state)
{
	struct house *house = *state;

	house_run(house, "",
		  "perl -e 'for (1 .. 20000) { mkdir \"d\" x 200 and chdir \"d\" x 200 or last }'\nsleep 7544\n", NULL);
	house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "folders nested too deep in its work folder and was ended");
	flowrun_free(house->run);
	house->run = NULL;
	assert_int_equal(files_remove_tree(house->root, NULL), HST_OK);
	assert_int_equal(access(house->root, F_OK), -1);
}

static void one_that_locks_its_own_folders_loses_its_files_and_is_told(void **state)
{
	struct house *house = *state;

	if (geteuid() == 0) {
		print_message("root enters every folder\n");
		skip();
	}
	house_run(house, "", "echo a > out/report; chmod 0 out\n", NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_non_null(strstr(log, "files in out/ are not kept: "));
}

static void one_that_removes_its_folders_ends_as_it_ends(void **state)
{
	struct house *house = *state;

	house_run(house, "[output a]\ntype = text\n",
		  "hostler-event output a b; cd /; rm -rf $HOSTLER_WORK $HOSTLER_EVENTS $HOSTLER_CONTROL $HOSTLER_WORK/..; exit 0\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_string_equal(house->outputs.s, "{\"a\":\"b\"}");

	house_tear_down(state);
	house_set_up(state);
	house = *state;
	house_run(house, "[output a]\ntype = file\n",
		  "echo x > out/f; hostler-event output a f; rm -rf out; ln -s /etc out; exit 0\n", NULL);
	house_assert_end(house, FLOWRUN_FAILED, "OutputInvalid", "must name a file directly in out/");
}

static void one_that_closes_everything_goes_on(void **state)
{
	struct house *house = *state;

	house_run(house, "[output a]\ntype = text\n",
		  "exec 0<&- 1>&- 2>&-\nhostler-event output a b\nexit 0\n", "{}");
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_string_equal(house->outputs.s, "{\"a\":\"b\"}");
}

static void a_gigabyte_of_log_is_read_and_not_kept(void **state)
{
	struct house *house = *state;
	int64_t began_us = clock_steady_us();
	size_t length = 0;

	house_run(house, "[input name]\ntype = secret\n", "head -c 1073741824 /dev/zero\necho the end\n", "{\"name\":\"hunter2secret\"}");
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	AUTO_FREE char *log = house_result(house, "log", &length);
	assert_in_range(length, 1 * MIB, 1 * MIB + 100);
	print_message("a gigabyte of log: %d ms\n", (int)((clock_steady_us() - began_us) / 1000));
}

static void a_gigabyte_in_out_is_refused_and_said(void **state)
{
	struct house *house = *state;

	house_run(house, "[output report]\ntype = file\n",
		  "truncate -s 300M out/large; echo a > out/report; hostler-event output report report\n"
		  "for n in 1 2 3 4 5; do truncate -s 250M out/part$n; done\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_true(house_has_result(house, "out/report"));
	assert_false(house_has_result(house, "out/large"));
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_non_null(strstr(log, "out/large is not kept: it is larger than 256 MiB, or all together are larger than 1 GiB"));
}

static void what_lies_in_out_and_is_no_file_is_not_kept(void **state)
{
	struct house *house = *state;

	house_run(house, "",
		  "mkfifo out/fifo; ln -s /etc/passwd out/link; mkdir -p out/dir/deep; ln -s loop out/loop\n"
		  "perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Listen => 1, Local => \"out/socket\") or die'\n"
		  "mknod out/null c 1 3 2>/dev/null || touch out/.null\necho good > out/good\nexit 0\n",
		  NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_true(house_has_result(house, "out/good"));
	AUTO_FREE char *log = house_result(house, "log", NULL);
	assert_non_null(strstr(log, "out/fifo is not kept"));
	assert_non_null(strstr(log, "out/socket is not kept"));
	assert_non_null(strstr(log, "out/link is not kept"));
	assert_non_null(strstr(log, "out/loop is not kept"));
	assert_non_null(strstr(log, "null is not kept"));
}

static void garbage_in_the_fifo_fails_the_flow_in_the_end(void **state)
{
	static const char *const scripts[] = {
		"head -c 3000000 /dev/urandom > $HOSTLER_EVENTS\nexit 0\n",
		"head -c 30000000 /dev/zero > $HOSTLER_EVENTS\nexit 0\n",
		"yes | head -c 10000000 > $HOSTLER_EVENTS\nexit 0\n",
		"printf '\\377\\376{\\n' > $HOSTLER_EVENTS\nexit 0\n",
		"printf '{\"event\":\"output\",\"name\":\"a\",\"value\":' > $HOSTLER_EVENTS; i=0; while test $i -lt 3000; do printf '['; i=$((i+1)); "
		"done > $HOSTLER_EVENTS; echo > $HOSTLER_EVENTS\n",
	};

	for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
		if (i) {
			house_tear_down(state);
			house_set_up(state);
		}
		struct house *house = *state;

		house_run(house, "[output a]\ntype = json\n", scripts[i], NULL);
		house_assert_end(house, FLOWRUN_FAILED, "FlowFailed", "the flow wrote a line into $HOSTLER_EVENTS that is no event: ");
		for (const char *c = house->text; *c; c++)
			assert_true((unsigned char)*c >= 0x20);
	}
}

static void one_that_never_stops_talking_is_ended_in_time(void **state)
{
	struct house *house = *state;
	int64_t began_us = clock_steady_us();

	house->spec.timeout_ms = 500;
	house->spec.grace_ms = 600;
	house_run(house, "", "trap '' TERM\nyes > $HOSTLER_EVENTS &\nyes &\ncat /dev/zero >&2\n", NULL);
	house_assert_end(house, FLOWRUN_TIMED_OUT, "DesktopFlowsActionTimeout", "");
	assert_true(clock_steady_us() - began_us < 10 * INT64_C(1000000));
}

static void one_that_ends_while_its_child_writes_ends(void **state)
{
	struct house *house = *state;
	int64_t began_us = clock_steady_us();

	house_run(house, "", "echo mine\nyes theirs &\nexit 0\n", NULL);
	house_assert_end(house, FLOWRUN_SUCCEEDED, "", "");
	assert_true(clock_steady_us() - began_us < 10 * INT64_C(1000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_CASE(what_lets_go_of_everything_is_found),
		HOUSE_CASE(a_crowd_is_ended_too),
		HOUSE_CASE(what_the_next_flow_leaves_is_found_too),
		HOUSE_CASE(what_runs_from_one_process_to_the_next_is_caught),
		HOUSE_CASE(one_that_fills_the_disk_is_ended),
		HOUSE_CASE(one_that_makes_too_many_files_is_ended),
		HOUSE_CASE(a_tree_as_deep_as_can_be_is_ended_and_removed),
		HOUSE_CASE(one_that_locks_its_own_folders_loses_its_files_and_is_told),
		HOUSE_CASE(one_that_removes_its_folders_ends_as_it_ends),
		HOUSE_CASE(one_that_closes_everything_goes_on),
		HOUSE_CASE(a_gigabyte_of_log_is_read_and_not_kept),
		HOUSE_CASE(a_gigabyte_in_out_is_refused_and_said),
		HOUSE_CASE(what_lies_in_out_and_is_no_file_is_not_kept),
		HOUSE_CASE(garbage_in_the_fifo_fails_the_flow_in_the_end),
		HOUSE_CASE(one_that_never_stops_talking_is_ended_in_time),
		HOUSE_CASE(one_that_ends_while_its_child_writes_ends),
	};
	int failed;

	house_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	house_close();
	return failed;
}
