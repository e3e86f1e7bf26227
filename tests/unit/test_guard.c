/* The watch over calls of plugins that is not disarmed after each call. */
#include "plugin/guard.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LIMIT_MS = 20, ROUNDS = 3, STUCK_S = 20 };

static void call_and_rest(void)
{
	sigset_t late, none;

	/* The signal of the watch comes nowhere but in sigsuspend, so that none is missed. */
	sigemptyset(&none);
	sigemptyset(&late);
	sigaddset(&late, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &late, NULL);
	alarm(STUCK_S);
	guard_often();
	for (int i = 0; i < ROUNDS; i++) {
		guard_enter("a plugin", "op", LIMIT_MS);
		guard_leave();
		sigsuspend(&none);
	}
	_exit(0);
}

static void call_and_hang(void)
{
	alarm(STUCK_S);
	guard_often();
	guard_enter("a plugin", "op", LIMIT_MS);
	for (;;)
		pause();
}

/* Between two calls of a row the watch stays, and after the row it is gone. */
static void call_in_a_row_and_rest(void)
{
	const struct timespec time = {.tv_nsec = 3 * LIMIT_MS * 1000000};
	sigset_t late;

	sigemptyset(&late);
	sigaddset(&late, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &late, NULL);
	alarm(STUCK_S);
	guard_row();
	for (int i = 0; i < ROUNDS; i++) {
		guard_enter("a plugin", "op", LIMIT_MS);
		guard_leave();
	}
	guard_rest();
	_exit(sigtimedwait(&late, NULL, &time) == SIGRTMIN ? 1 : 0);
}

static void hang_in_a_row(void)
{
	alarm(STUCK_S);
	guard_row();
	guard_enter("a plugin", "op", STUCK_S * 1000 / 2);
	guard_leave();
	guard_enter("a plugin", "op", LIMIT_MS);
	for (;;)
		pause();
}

/* The time of the call before does not count for one that may take as long as it likes. */
static void call_without_limit_in_a_row(void)
{
	const struct timespec time = {.tv_nsec = 3 * LIMIT_MS * 1000000};
	sigset_t late;

	sigemptyset(&late);
	sigaddset(&late, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &late, NULL);
	guard_row();
	guard_enter("a plugin", "op", LIMIT_MS);
	guard_leave();
	guard_enter("a plugin", "op", 0);
	_exit(sigtimedwait(&late, NULL, &time) == SIGRTMIN ? 1 : 0);
}

static int status_of(void (*child)(void))
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		child();
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void a_time_that_runs_out_between_two_calls_is_nobodys_fault(void **unused)
{
	int status = status_of(call_and_rest);

	(void)unused;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_call_that_does_not_come_back_loses_its_process(void **unused)
{
	int status = status_of(call_and_hang);

	(void)unused;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void a_row_of_calls_is_watched_as_one(void **unused)
{
	int rest = status_of(call_in_a_row_and_rest), hang = status_of(hang_in_a_row);
	int without = status_of(call_without_limit_in_a_row);

	(void)unused;
	assert_true(WIFEXITED(rest) && WIFEXITED(without));
	assert_int_equal(WEXITSTATUS(rest), 0);
	assert_int_equal(WEXITSTATUS(without), 0);
	assert_true(WIFSIGNALED(hang));
	assert_int_equal(WTERMSIG(hang), SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_that_runs_out_between_two_calls_is_nobodys_fault),
		cmocka_unit_test(a_call_that_does_not_come_back_loses_its_process),
		cmocka_unit_test(a_row_of_calls_is_watched_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
