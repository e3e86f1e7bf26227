/* Memory for what secrets become on their way. */
#include "seal/secret_arena.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include <cmocka.h>

enum { NOBODY = 65534 };

/* AddressSanitizer has mlock do nothing. */
static void skip_where_nothing_is_locked(void)
{
#ifdef __SANITIZE_ADDRESS__
	print_message("AddressSanitizer has mlock do nothing\n");
	skip();
#endif
}

static long locked_kib(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[200];
	long kib = -1;

	assert_non_null(status);
	while (fgets(line, sizeof line, status))
		if (sscanf(line, "VmLck: %ld", &kib) == 1)
			break;
	fclose(status);
	return kib;
}

static void what_is_in_it_is_locked_aligned_and_zero(void **state)
{
	hst_arena *arena = NULL;
	hst_error err = {0};
	long before = locked_kib();

	(void)state;
	skip_where_nothing_is_locked();
	assert_int_equal(secret_arena_new(&arena, &err), HST_OK);
	for (size_t size = 1; size < 9000; size += 997) {
		char *piece = arena_alloc(arena, size);

		assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
		assert_true(sodium_is_zero((const unsigned char *)piece, size));
		memset(piece, 'x', size);
	}
	assert_true(locked_kib() >= before + 30);
	arena_reset(arena);
	assert_int_equal(*(char *)arena_alloc(arena, 100), 0);
	arena_free(arena);
	assert_int_equal(locked_kib(), before);
}

/* A child, since a limit that was lowered stays low; as nobody, because root is not held to it. */
static int without_locked_memory(void)
{
	hst_arena *arena = NULL;
	hst_error err = {0};
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		const struct rlimit none = {0, 0};

		if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(10);
		if (setrlimit(RLIMIT_MEMLOCK, &none) < 0)
			_exit(11);
		if (secret_arena_new(&arena, &err) != HST_DENIED)
			_exit(12);
		_exit(strcmp(err.reason, "MemlockTooSmall") == 0 && strstr(err.text, "LimitMEMLOCK") ? 0 : 13);
	}
	waitpid(child, &status, 0);
	return status;
}

static void where_nothing_may_be_locked_there_is_none(void **state)
{
	(void)state;
	skip_where_nothing_is_locked();
	assert_int_equal(without_locked_memory(), 0);
}

/* What does not fit is had all the same, and said. */
static int with_little_locked_memory(void)
{
	hst_arena *arena = NULL;
	hst_error err = {0};
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		const struct rlimit little = {256 << 10, 256 << 10};
		char *bytes;

		if ((geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0) || setrlimit(RLIMIT_MEMLOCK, &little) < 0)
			_exit(10);
		if (secret_arena_new(&arena, &err) != HST_OK)
			_exit(11);
		arena_alloc(arena, 64 << 10);
		if (secret_arena_held(&err) != HST_OK)
			_exit(12);
		bytes = arena_alloc(arena, 1 << 20);
		memset(bytes, 'x', 1 << 20);
		if (secret_arena_held(&err) != HST_DENIED || strcmp(err.reason, "MemlockTooSmall") != 0 || !strstr(err.text, "256 KiB"))
			_exit(13);
		arena_free(arena);
		if (secret_arena_held(&err) != HST_OK || secret_arena_new(&arena, &err) != HST_OK)
			_exit(14);
		arena_free(arena);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return status;
}

static void what_does_not_fit_is_told(void **state)
{
	(void)state;
	skip_where_nothing_is_locked();
	assert_int_equal(with_little_locked_memory(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_it_is_locked_aligned_and_zero),
		cmocka_unit_test(where_nothing_may_be_locked_there_is_none),
		cmocka_unit_test(what_does_not_fit_is_told),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
