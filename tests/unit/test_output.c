/* What becomes of what children print. */
#include "supervise/output.h"

#include "base/auto.h"
#include "base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { SECOND_US = 1000000 };

/* Stderr as a file in memory while a test runs. */
static int before, seen;

static int begin(void **unused)
{
	(void)unused;
	before = dup(STDERR_FILENO);
	seen = memfd_create("seen", MFD_CLOEXEC);
	return dup2(seen, STDERR_FILENO) == STDERR_FILENO ? 0 : -1;
}

static int end(void **unused)
{
	(void)unused;
	dup2(before, STDERR_FILENO);
	close(before);
	close(seen);
	return 0;
}

static char *passed_on(void)
{
	off_t size = lseek(seen, 0, SEEK_END);
	char *text = mem_alloc((size_t)size + 1);

	if (pread(seen, text, (size_t)size, 0) != size)
		abort();
	return text;
}

static void print(struct output *output, const char *text, int64_t now_us)
{
	output_take(output, "worker/a", text, strlen(text), now_us);
}

static void lines_go_on_with_their_name(void **unused)
{
	struct output output = {0};

	(void)unused;
	print(&output, "one\ntw", SECOND_US);
	print(&output, "o\n\nthree", SECOND_US);
	AUTO_FREE char *so_far = passed_on();
	assert_string_equal(so_far, "worker/a: one\nworker/a: two\n");
	output_flush(&output, "worker/a");
	AUTO_FREE char *all = passed_on();
	assert_string_equal(all, "worker/a: one\nworker/a: two\nworker/a: three\n");
	assert_int_equal(output.tail_length, strlen("one\ntwo\nthree\n"));
	assert_memory_equal(output.tail, "one\ntwo\nthree\n", output.tail_length);
}

static void nothing_steers_the_terminal_at_the_other_end(void **unused)
{
	struct output output = {0};

	(void)unused;
	output_take(&output, "worker/a", "\033[2Ja\tb\r\177\xc2\x9b\0c\n", 14, SECOND_US);
	AUTO_FREE char *all = passed_on();
	assert_string_equal(all, "worker/a: ?[2Ja b ???c\n");
	assert_null(memchr(output.tail, '\033', output.tail_length));
}

static void of_a_flood_the_beginning_is_passed_on_and_the_end_is_kept(void **unused)
{
	char line[1024];
	struct output output = {0};

	(void)unused;
	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\n';
	for (int i = 0; i < 10000; i++)
		output_take(&output, "worker/a", line, sizeof line, SECOND_US);
	print(&output, "the end\n", 2 * SECOND_US);
	AUTO_FREE char *first = passed_on();
	assert_in_range(strlen(first), OUTPUT_BURST_MAX / 2, OUTPUT_BURST_MAX + 4096);
	assert_int_equal(output.tail_length, OUTPUT_TAIL_MAX);
	assert_memory_equal(output.tail + OUTPUT_TAIL_MAX - 8, "the end\n", 8);

	/* Later it is heard again, and what was left out is said. */
	print(&output, "calm again\n", 20 * (int64_t)SECOND_US);
	AUTO_FREE char *later = passed_on();
	assert_non_null(strstr(later, " bytes more were printed and are left out here\nworker/a: calm again\n"));
}

static void a_line_without_end_is_cut(void **unused)
{
	static char bytes[3 * OUTPUT_LINE_MAX];
	struct output output = {0};

	(void)unused;
	memset(bytes, 'x', sizeof bytes);
	output_take(&output, "worker/a", bytes, sizeof bytes, SECOND_US);
	AUTO_FREE char *all = passed_on();
	assert_int_equal(strlen(all), 2 * (OUTPUT_LINE_MAX + strlen("worker/a: \n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_go_on_with_their_name, begin, end),
		cmocka_unit_test_setup_teardown(nothing_steers_the_terminal_at_the_other_end, begin, end),
		cmocka_unit_test_setup_teardown(of_a_flood_the_beginning_is_passed_on_and_the_end_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(a_line_without_end_is_cut, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
