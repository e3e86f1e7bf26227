/*
 * This program is also the child it starts: `test_spawn tell` prints what a child can see of itself, so that
 * the tests can compare it.
 */
#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "os/limits.h"
#include "os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LIMIT_MS = 60000 };

static char own_path[PATH_MAX];
static char tell_name[] = "test_spawn", tell_word[] = "tell";
static char *const tell_argv[] = {tell_name, tell_word, NULL};

static int tell(void)
{
	char directory[PATH_MAX];
	sigset_t blocked;
	int ignored = 0, count = 0;

	printf("fds");
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf(" %d", fd);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int number = 1; number < NSIG; number++) {
		struct sigaction action;

		count += sigismember(&blocked, number) == 1;
		ignored += sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
	}
	printf("\nblocked %d ignored %d\n", count, ignored);
	printf("leader %s\n", getpgrp() == getpid() ? "yes" : "no");
	printf("directory %s\n", getcwd(directory, sizeof directory));
	for (char **entry = environ; *entry; entry++)
		printf("env %s\n", *entry);
	return 0;
}

static char *captured(const struct spawn *spawn, const char *input)
{
	hst_error err = {0};
	char *output;
	int status;

	if (spawn_capture(spawn, input, 100000, LIMIT_MS, &output, &status, &err))
		fail_msg("%s", err.text);
	assert_int_equal(status, 0);
	return output;
}

static struct spawn shell(char *script)
{
	static char name[] = "sh", option[] = "-c";
	static char *argv[4];

	argv[0] = name;
	argv[1] = option;
	argv[2] = script;
	argv[3] = NULL;
	return (struct spawn){.path = "/bin/sh", .argv = argv};
}

/* A descriptor with number `fd` to read `text` from. */
static void text_at(int fd, const char *text)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	close(ends[1]);
	/* The tests count on these numbers being theirs. */
	assert_true(ends[0] == fd || fcntl(fd, F_GETFD) < 0);
	if (ends[0] != fd) {
		dup3(ends[0], fd, O_CLOEXEC);
		close(ends[0]);
	}
}

static void child_has_exactly_the_descriptors_listed(void **state)
{
	const struct spawn_fd fds[] = {{.here = STDIN_FILENO, .there = 3}, {.here = -1, .there = 9}};
	const struct spawn spawn = {.path = own_path, .argv = tell_argv, .fds = fds, .fd_count = 2};
	/* Not close-on-exec, as a library may leave them: one below the highest, one above. */
	int low = fcntl(STDIN_FILENO, F_DUPFD, 5), high = fcntl(STDIN_FILENO, F_DUPFD, 700);
	AUTO_FREE char *output = captured(&spawn, NULL);

	(void)state;
	close(low);
	close(high);
	assert_memory_equal(output, "fds 0 1 2 3 9\n", 14);
}

static void numbers_may_be_swapped_and_shared(void **state)
{
	const struct spawn_fd fds[] = {
		{.here = 20, .there = 21}, {.here = 21, .there = 22}, {.here = 22, .there = 20}};
	char *const argv[] = {tell_name, (char[]){"cat-20-21-22"}, NULL};
	const struct spawn spawn = {.path = own_path, .argv = argv, .fds = fds, .fd_count = 3};
	char *output;

	(void)state;
	text_at(20, "a");
	text_at(21, "b");
	text_at(22, "c");
	output = captured(&spawn, NULL);
	assert_string_equal(output, "cab");
	free(output);
	/* Ours are as they were: still open, and still close-on-exec. */
	for (int fd = 20; fd <= 22; fd++) {
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		close(fd);
	}
}

/* The child of the test above: one byte of each. */
static int cat_20_21_22(void)
{
	for (int fd = 20; fd <= 22; fd++) {
		char c = '-';

		if (read(fd, &c, 1) == 1)
			putchar(c);
	}
	return 0;
}

static void one_descriptor_may_have_its_own_number_and_others(void **state)
{
	const struct spawn_fd fds[] = {
		{.here = 3, .there = 3}, {.here = 3, .there = 4}, {.here = 3, .there = 2}};
	char script[] = "head -c1 <&3; head -c1 <&4; head -c1 <&2";
	struct spawn spawn = shell(script);
	char *output;

	(void)state;
	if (fcntl(3, F_GETFD) >= 0)
		skip();
	text_at(3, "xyz");
	spawn.fds = fds;
	spawn.fd_count = 3;
	output = captured(&spawn, NULL);
	assert_string_equal(output, "xyz");
	free(output);
	close(3);
}

static void wrong_descriptors_are_refused(void **state)
{
	const struct spawn_fd twice[] = {{.here = 0, .there = 3}, {.here = 1, .there = 3}};
	const struct spawn_fd far[] = {{.here = 0, .there = 64}};
	const struct spawn_fd closed[] = {{.here = 999, .there = 3}};
	struct spawn spawn = {.path = own_path, .argv = tell_argv, .fds = twice, .fd_count = 2};
	hst_error err;
	pid_t pid;

	(void)state;
	assert_int_equal(spawn_start(&spawn, &pid, &err), HST_INVALID);
	spawn.fds = far;
	spawn.fd_count = 1;
	assert_int_equal(spawn_start(&spawn, &pid, &err), HST_INVALID);
	spawn.fds = closed;
	assert_int_equal(spawn_start(&spawn, &pid, &err), HST_INVALID);
}

static void child_has_default_signals(void **state)
{
	const struct spawn spawn = {.path = own_path, .argv = tell_argv};
	sigset_t some, before;
	char *output;

	(void)state;
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigaddset(&some, SIGCHLD);
	sigprocmask(SIG_BLOCK, &some, &before);
	signal(SIGPIPE, SIG_IGN);
	output = captured(&spawn, NULL);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_non_null(strstr(output, "\nblocked 0 ignored 0\n"));
	free(output);
}

static void environment_is_minimal_or_as_given(void **state)
{
	static char given[] = "GIVEN=1";
	char *const environment[] = {given, NULL};
	struct spawn spawn = {.path = own_path, .argv = tell_argv};
	char *output;

	(void)state;
	setenv("XDG_TEST_DIR", "/kept", 1);
	setenv("HOSTLER_TEST_SECRET", "left-behind", 1);
	unsetenv("PATH");
	output = captured(&spawn, NULL);
	assert_non_null(strstr(output, "env XDG_TEST_DIR=/kept\n"));
	assert_non_null(strstr(output, "env PATH=/usr/local/bin:/usr/bin:/bin\n"));
	assert_null(strstr(output, "left-behind"));
	free(output);
	spawn.environment = environment;
	output = captured(&spawn, NULL);
	assert_non_null(strstr(output, "env GIVEN=1\n"));
	assert_null(strstr(output, "XDG_"));
	free(output);
}

static void child_starts_in_its_directory(void **state)
{
	struct spawn spawn = {.path = own_path, .argv = tell_argv, .directory = "/"};
	hst_error err = {0};
	pid_t pid;
	AUTO_FREE char *output = captured(&spawn, NULL);

	(void)state;
	assert_non_null(strstr(output, "\ndirectory /\n"));
	spawn.directory = "/no/such/directory";
	assert_int_equal(spawn_start(&spawn, &pid, &err), HST_NOT_FOUND);
	assert_non_null(strstr(err.text, "/no/such/directory"));
}

static void what_cannot_be_started_is_named(void **state)
{
	struct spawn spawn = {.path = "/no/such/program", .argv = tell_argv};
	hst_error err = {0};
	pid_t pid = -5;

	(void)state;
	assert_int_equal(spawn_start(&spawn, &pid, &err), HST_NOT_FOUND);
	assert_string_equal(err.text, "cannot start /no/such/program: No such file or directory");
	spawn.path = "/etc/passwd";
	assert_int_equal(spawn_start(&spawn, &pid, &err), HST_DENIED);
	spawn.path = "sh";
	assert_int_equal(spawn_start(&spawn, &pid, &err), HST_INVALID);
	assert_int_equal(pid, -5);
}

static void group_is_new_when_asked_for(void **state)
{
	struct spawn spawn = {.path = own_path, .argv = tell_argv};
	int ends[2], status;
	char output[100000];
	ssize_t n, length;
	pid_t pid;

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		spawn.fds = &(struct spawn_fd){.here = ends[1], .there = 1};
		spawn.fd_count = 1;
		spawn.new_group = round;
		assert_int_equal(spawn_start(&spawn, &pid, NULL), HST_OK);
		close(ends[1]);
		for (length = 0;
		     (n = read(ends[0], output + length, sizeof output - 1 - (size_t)length)) > 0;)
			length += n;
		output[length] = '\0';
		close(ends[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_non_null(strstr(output, round ? "leader yes" : "leader no"));
	}
}

static void input_comes_back_whole(void **state)
{
	char script[] = "cat";
	const struct spawn spawn = shell(script);
	AUTO_FREE char *input = mem_alloc(2000001);
	AUTO_FREE char *output = NULL;
	int status;

	(void)state;
	memset(input, 'i', 2000000);
	assert_int_equal(spawn_capture(&spawn, input, 3000000, LIMIT_MS, &output, &status, NULL), HST_OK);
	assert_string_equal(output, input);
}

static void output_beyond_the_ceiling_is_dropped(void **state)
{
	char script[] = "head -c 1000000 /dev/zero | tr '\\0' x; exit 3";
	const struct spawn spawn = shell(script);
	AUTO_FREE char *output = NULL;
	int status;

	(void)state;
	assert_int_equal(spawn_capture(&spawn, NULL, 1000, LIMIT_MS, &output, &status, NULL), HST_OK);
	assert_int_equal(strlen(output), 1000);
	assert_int_equal(WEXITSTATUS(status), 3);
}

static void deadline_ends_it(void **state)
{
	char script[] = "while :; do echo busy; sleep 0.01; done";
	const struct spawn spawn = shell(script);
	char *output = NULL;
	int status = -5;
	hst_error err = {0};

	(void)state;
	assert_int_equal(spawn_capture(&spawn, NULL, 1000, 30, &output, &status, &err), HST_TIMEOUT);
	assert_null(output);
	assert_int_equal(status, -5);
	assert_non_null(strstr(err.text, "/bin/sh did not end within 30 ms"));
}

/* What the program leaves behind holds its stdout and a pipe of ours: the first must not keep us, the second
 * tells. */
static void what_is_left_behind_is_ended(void **state)
{
	char script[] = "sleep 1000 & echo started";
	struct spawn spawn = shell(script);
	int ends[2];
	char c;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	spawn.fds = &(struct spawn_fd){.here = ends[1], .there = 3};
	spawn.fd_count = 1;
	{
		AUTO_FREE char *output = captured(&spawn, NULL);

		assert_string_equal(output, "started\n");
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 0);
	close(ends[0]);
}

static void status_is_told_in_words(void **state)
{
	char text[64];

	(void)state;
	spawn_status_text(W_EXITCODE(2, 0), text, sizeof text);
	assert_string_equal(text, "exit status 2");
	spawn_status_text(W_EXITCODE(0, SIGKILL), text, sizeof text);
	assert_string_equal(text, "signal 9 (Killed)");
}

static void many_descriptors_are_for_this_process_alone(void **state)
{
	char shell[] = "sh", how[] = "-c", what[] = "ulimit -Sn; ulimit -Hn";
	char *const argv[] = {shell, how, what, NULL};
	struct rlimit before, now;
	char expected[64];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 256, .rlim_max = before.rlim_max}), 0);
	limits_descriptors();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(now.rlim_cur, before.rlim_max);
	snprintf(expected, sizeof expected, "256\n%llu\n", (unsigned long long)before.rlim_max);
	{
		AUTO_FREE char *output = captured(&(struct spawn){.path = "/bin/sh", .argv = argv}, NULL);

		assert_string_equal(output, expected);
	}
	setrlimit(RLIMIT_NOFILE, &before);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(child_has_exactly_the_descriptors_listed),
		cmocka_unit_test(numbers_may_be_swapped_and_shared),
		cmocka_unit_test(one_descriptor_may_have_its_own_number_and_others),
		cmocka_unit_test(wrong_descriptors_are_refused),
		cmocka_unit_test(child_has_default_signals),
		cmocka_unit_test(child_starts_in_its_directory),
		cmocka_unit_test(what_cannot_be_started_is_named),
		cmocka_unit_test(group_is_new_when_asked_for),
		cmocka_unit_test(input_comes_back_whole),
		cmocka_unit_test(output_beyond_the_ceiling_is_dropped),
		cmocka_unit_test(deadline_ends_it),
		cmocka_unit_test(what_is_left_behind_is_ended),
		cmocka_unit_test(status_is_told_in_words),
		cmocka_unit_test(environment_is_minimal_or_as_given),
		cmocka_unit_test(many_descriptors_are_for_this_process_alone),
	};

	if (argc == 2 && strcmp(argv[1], tell_word) == 0)
		return tell();
	if (argc == 2 && strcmp(argv[1], "cat-20-21-22") == 0)
		return cat_20_21_22();
	if (readlink("/proc/self/exe", own_path, sizeof own_path - 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
