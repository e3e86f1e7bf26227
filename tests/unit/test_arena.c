#include "base/arena.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void pieces_are_zero_aligned_and_apart(void **state)
{
	hst_arena *arena = arena_new();

	(void)state;
	for (size_t size = 0; size < 3000; size += 7) {
		char *piece = arena_alloc(arena, size);

		assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(piece[i], 0);
		memset(piece, 0xff, size);
	}
	arena_free(arena);
}

static void piece_larger_than_any_block_fits(void **state)
{
	hst_arena *arena = arena_new();
	char *large = arena_alloc(arena, 3000000);

	(void)state;
	large[2999999] = 'x';
	assert_int_equal(*(char *)arena_alloc(arena, 1), 0);
	arena_free(arena);
}

static void reset_memory_is_zero_again(void **state)
{
	hst_arena *arena = arena_new();

	(void)state;
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 100; i++) {
			char *piece = arena_alloc(arena, 1000);

			for (size_t at = 0; at < 1000; at++)
				assert_int_equal(piece[at], 0);
			memset(piece, 0xff, 1000);
		}
		arena_reset(arena);
	}
	arena_free(arena);
}

static void texts_are_copied(void **state)
{
	hst_arena *arena = arena_new();
	char source[] = "source";
	char *copy = arena_text(arena, source);

	(void)state;
	source[0] = 'x';
	assert_string_equal(copy, "source");
	assert_null(arena_text(arena, NULL));
	assert_string_equal(arena_copy(arena, "abcdef", 3), "abc");
	assert_string_equal(arena_printf(arena, "%s=%d", "a", 5), "a=5");
	assert_int_equal(strlen(arena_printf(arena, "%10000d", 5)), 10000);
	arena_free(arena);
}

static char released[8];
static size_t released_count;

static void release(void *block)
{
	released[released_count++] = *(char *)block;
}

static void releases_run_last_first_and_once(void **state)
{
	hst_arena *arena = arena_new();

	(void)state;
	memset(released, 0, sizeof released);
	released_count = 0;
	arena_at_end(arena, release, arena_text(arena, "a"));
	arena_at_end(arena, release, arena_text(arena, "b"));
	arena_reset(arena);
	assert_string_equal(released, "ba");
	arena_at_end(arena, release, arena_text(arena, "c"));
	arena_free(arena);
	assert_string_equal(released, "bac");
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	arena_free(NULL);
}

static void asks_for(size_t ceiling, size_t n, size_t size)
{
	hst_arena *arena = arena_new_within(ceiling);

	arena_array(arena, n, size);
	arena_free(arena);
}

/* Ends a child of ours: what it asks for is judged by how it ends. */
static bool asking_ends_the_program(size_t ceiling, size_t n, size_t size)
{
	const struct rlimit no_core = {0, 0};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		asks_for(ceiling, n, size);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void ceiling_ends_the_program(void **state)
{
	(void)state;
	assert_false(asking_ends_the_program(1024, 1, 1024));
	assert_true(asking_ends_the_program(1024, 1, 1025));
	assert_true(asking_ends_the_program(SIZE_MAX, SIZE_MAX / 4, 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_zero_aligned_and_apart),
		cmocka_unit_test(piece_larger_than_any_block_fits),
		cmocka_unit_test(reset_memory_is_zero_again),
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(releases_run_last_first_and_once),
		cmocka_unit_test(freeing_nothing_is_fine),
		cmocka_unit_test(ceiling_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
