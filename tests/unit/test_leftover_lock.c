/* The lock of a display is its user's file, in a folder where they may put another in its place at any moment. */
#include "../../plugins/driver/linux/leftovers.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { DISPLAY = 64999, TIMES = 20000, PATIENCE_S = 20 };

static const char lock[] = "/tmp/.X64999-lock", other[] = "/tmp/.X64999-other";

static pid_t swap_all_the_time(void)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(2 * PATIENCE_S);
	for (;;)
		if (renameat2(AT_FDCWD, lock, AT_FDCWD, other, RENAME_EXCHANGE) != 0)
			_exit(1);
}

static void test_a_pipe_in_the_place_of_the_lock_holds_nobody_up(void **state)
{
	const struct remains remains = {.display = DISPLAY, .uid = getuid(), .xserver = {.pid = 999999999}, .enter_fd = -1};
	pid_t swapping;
	int fd;

	(void)state;
	unlink(lock);
	unlink(other);
	fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "         1\n", 11), 11);
	close(fd);
	assert_int_equal(mkfifo(other, 0600), 0);
	swapping = swap_all_the_time();
	alarm(PATIENCE_S); /* who waits at the pipe ends so */
	for (int i = 0; i < TIMES; i++)
		leftovers_remove_display(&remains);
	alarm(0);
	kill(swapping, SIGKILL);
	waitpid(swapping, NULL, 0);
	assert_int_equal(access(lock, F_OK), 0);
	unlink(lock);
	unlink(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_pipe_in_the_place_of_the_lock_holds_nobody_up)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
