#include "os/harden.h"
#include "os/inherited.h"

#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* All of this changes the process, so each case runs in a child, which ends with the line of the first thing
 * wrong. */
#define EXPECT(what)                               \
	do {                                       \
		if (!(what))                       \
			_exit(__LINE__ % 255 + 1); \
	} while (0)

static void assert_child(void (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void close_all_but_standard(void)
{
	closefrom(3);
}

static void start_body(void)
{
	struct sigaction action;

	close_all_but_standard();
	EXPECT(dup2(STDERR_FILENO, 4) == 4);
	EXPECT(dup2(STDERR_FILENO, 7) == 7);
	EXPECT(dup2(STDERR_FILENO, 900) == 900);
	close(STDIN_FILENO);
	umask(022);
	harden_start(INHERITED_PEER);
	EXPECT(umask(0) == 077);
	EXPECT(sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
	EXPECT(fcntl(STDIN_FILENO, F_GETFD) == 0);
	EXPECT(fcntl(3, F_GETFD) < 0);
	EXPECT(fcntl(4, F_GETFD) == FD_CLOEXEC);
	EXPECT(fcntl(7, F_GETFD) < 0);
	EXPECT(fcntl(900, F_GETFD) < 0);
	EXPECT(!inherited_has(INHERITED_READY));
	EXPECT(inherited_has(INHERITED_KEYS));
	EXPECT(!inherited_has(STDERR_FILENO));
	inherited_close(INHERITED_KEYS);
	EXPECT(!inherited_has(INHERITED_KEYS));
	EXPECT(fcntl(4, F_GETFD) < 0);
}

static void start_leaves_what_was_promised(void **state)
{
	(void)state;
	assert_child(start_body);
}

/* Says something on a fresh descriptor 3 and returns what came out. */
static void expect_said(const char *bad, const char *expected)
{
	char line[4096];
	ssize_t n;
	int ends[2];

	EXPECT(pipe(ends) == 0);
	EXPECT(dup2(ends[0], 10) == 10);
	EXPECT(dup2(ends[1], 11) == 11);
	close(ends[0]);
	close(ends[1]);
	EXPECT(dup2(11, INHERITED_READY) == INHERITED_READY);
	close(11);
	inherited_look();
	inherited_say(bad);
	EXPECT(fcntl(INHERITED_READY, F_GETFD) < 0);
	n = read(10, line, sizeof line - 1);
	EXPECT(n > 0);
	line[n] = '\0';
	EXPECT(expected ? strcmp(line, expected) == 0 : line[n - 1] == '\n');
	EXPECT(read(10, line, sizeof line) == 0);
	close(10);
}

static void said_body(void)
{
	static char long_text[5000];

	close_all_but_standard();
	expect_said(NULL, "ready\n");
	expect_said("a.ini:3: error: no\nready", "bad a.ini:3: error: no ready\n");
	memset(long_text, 'x', sizeof long_text - 1);
	expect_said(long_text, NULL);
}

static void ready_and_bad_are_one_line_each(void **state)
{
	(void)state;
	assert_child(said_body);
}

static void not_inherited_body(void)
{
	struct stat status;
	int fd;

	close_all_but_standard();
	harden_start(INHERITED_PEER);
	/* The program was started by hand, and the first file it opens gets the number. */
	fd = memfd_create("own", MFD_CLOEXEC);
	EXPECT(fd == INHERITED_READY);
	inherited_say(NULL);
	EXPECT(fstat(fd, &status) == 0 && status.st_size == 0);
}

static void own_file_with_that_number_is_left_alone(void **state)
{
	(void)state;
	assert_child(not_inherited_body);
}

static void no_core_body(void)
{
	harden_undumpable();
	EXPECT(prctl(PR_GET_DUMPABLE) == 0);
	EXPECT(setrlimit(RLIMIT_CORE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}) == 0 || geteuid() != 0);
	signal(SIGQUIT, SIG_DFL); /* who starts tests in the background may have it ignored */
	raise(SIGQUIT);
}

static void what_is_killed_leaves_no_core(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		no_core_body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT);
	assert_false(WCOREDUMP(status));
}

static void no_new_privileges_body(void)
{
	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	harden_no_new_privileges();
	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void privileges_can_be_renounced(void **state)
{
	(void)state;
	assert_child(no_new_privileges_body);
}

static void drop_body(void)
{
	const struct passwd *nobody = getpwnam("nobody");
	uid_t real, effective, saved;

	EXPECT(nobody);
	EXPECT(harden_drop("nobody", NULL) == HST_OK);
	EXPECT(getresuid(&real, &effective, &saved) == 0);
	EXPECT(real == nobody->pw_uid && effective == real && saved == real);
	EXPECT(getresgid(&real, &effective, &saved) == 0);
	EXPECT(real == nobody->pw_gid && effective == real && saved == real);
	EXPECT(getgroups(0, NULL) <= 1);
	EXPECT(setuid(0) < 0 && setgid(0) < 0);
	EXPECT(prctl(PR_GET_DUMPABLE) == 0);
	/* Again is nothing; another is refused. */
	EXPECT(harden_drop("nobody", NULL) == HST_OK);
	EXPECT(harden_drop("root", NULL) == HST_DENIED);
}

static void dropping_is_for_good(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_child(drop_body);
}

static void dropping_to_nobody_in_particular_is_nothing(void **state)
{
	const uid_t before = geteuid();

	(void)state;
	assert_int_equal(harden_drop(NULL, NULL), HST_OK);
	assert_int_equal(harden_drop("", NULL), HST_OK);
	assert_int_equal(harden_drop("no-such-user-here", NULL), HST_NOT_FOUND);
	assert_int_equal(geteuid(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_leaves_what_was_promised),
		cmocka_unit_test(ready_and_bad_are_one_line_each),
		cmocka_unit_test(own_file_with_that_number_is_left_alone),
		cmocka_unit_test(what_is_killed_leaves_no_core),
		cmocka_unit_test(privileges_can_be_renounced),
		cmocka_unit_test(dropping_is_for_good),
		cmocka_unit_test(dropping_to_nobody_in_particular_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
