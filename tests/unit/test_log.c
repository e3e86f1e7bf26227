#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * stderr becomes a socket that keeps writes apart, so that a line written in two pieces would show. Each test
 * reads what it has logged.
 */
static int log_end = -1, real_stderr = -1;

static int catch_stderr(void **state)
{
	int ends[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -1;
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	log_end = ends[0];
	return 0;
}

static int release_stderr(void **state)
{
	(void)state;
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(log_end);
	return 0;
}

static size_t logged(char *line, size_t size)
{
	ssize_t n = recv(log_end, line, size - 1, MSG_DONTWAIT);

	line[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void line_names_level_and_program(void **state)
{
	char line[8192];

	(void)state;
	log_open("test", LOG_LEVEL_INFO);
	log_info("the answer is %d", 42);
	log_warning("careful");
	log_error("broken");
	logged(line, sizeof line);
	assert_string_equal(line, "INFO test: the answer is 42\n");
	logged(line, sizeof line);
	assert_string_equal(line, "WARNING test: careful\n");
	logged(line, sizeof line);
	assert_string_equal(line, "ERROR test: broken\n");
}

static void lower_levels_are_silent(void **state)
{
	char line[8192];

	(void)state;
	log_open("test", LOG_LEVEL_WARNING);
	log_debug("no");
	log_info("no");
	assert_int_equal(logged(line, sizeof line), 0);
	log_open("test", LOG_LEVEL_DEBUG);
	log_debug("yes");
	logged(line, sizeof line);
	assert_string_equal(line, "DEBUG test: yes\n");
}

static void text_from_outside_stays_on_its_line(void **state)
{
	char line[8192];

	(void)state;
	log_open("test", LOG_LEVEL_INFO);
	log_info("a\nERROR test: b\x1b[2J\x7f \xc2\x9b gr\xc3\xbc\xc3\x9f");
	logged(line, sizeof line);
	assert_string_equal(line, "INFO test: a ERROR test: b?[2J? ?? gr\xc3\xbc\xc3\x9f\n");
	assert_int_equal(logged(line, sizeof line), 0);
}

static void long_line_is_cut_and_ends(void **state)
{
	char line[8192];

	(void)state;
	log_open("test", LOG_LEVEL_INFO);
	log_info("%9000s", "x");
	assert_int_equal(logged(line, sizeof line), 4096);
	assert_int_equal(line[4095], '\n');
	assert_int_equal(logged(line, sizeof line), 0);
}

static void errno_is_left_alone(void **state)
{
	char line[8192];

	(void)state;
	log_open("test", LOG_LEVEL_INFO);
	for (int i = 0; i < 10000; i++) {
		errno = ENOTTY;
		log_info("until the queue is full");
		assert_int_equal(errno, ENOTTY);
	}
	while (logged(line, sizeof line))
		continue;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(line_names_level_and_program, catch_stderr, release_stderr),
		cmocka_unit_test_setup_teardown(lower_levels_are_silent, catch_stderr, release_stderr),
		cmocka_unit_test_setup_teardown(text_from_outside_stays_on_its_line, catch_stderr,
						release_stderr),
		cmocka_unit_test_setup_teardown(long_line_is_cut_and_ends, catch_stderr, release_stderr),
		cmocka_unit_test_setup_teardown(errno_is_left_alone, catch_stderr, release_stderr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
