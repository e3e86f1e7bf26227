/* Secrets in locked memory. */
#include "seal/secret.h"

#include "base/arena.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include <cmocka.h>

static hst_secret *made(const char *text)
{
	hst_secret *secret = NULL;
	hst_error err = {0};

	if (secret_new(text, strlen(text), &secret, &err) != HST_OK)
		fail_msg("%s", err.text);
	return secret;
}

static void holds(const hst_secret *secret, const char *text)
{
	size_t length = 0;
	const char *bytes = secret_bytes(secret, &length);

	assert_int_equal(length, strlen(text));
	assert_string_equal(bytes, text);
}

/* The address sanitizer locks nothing, and says it has. */
#ifdef __SANITIZE_ADDRESS__
enum { LOCKS = 0 };
#else
enum { LOCKS = 1 };
#endif

/* KiB of this process that the kernel keeps off the disk. */
static long locked_kib(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	long kib = -1;

	assert_non_null(status);
	while (fgets(line, sizeof line, status))
		if (strncmp(line, "VmLck:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	fclose(status);
	return kib;
}

static void many_small_ones_share_a_few_pages(void **state)
{
	enum { MANY = 2000 };
	static hst_secret *secrets[MANY];
	long before = locked_kib();
	char text[64];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof text, "secret number %d", i);
		secrets[i] = made(text);
	}
	if (LOCKS)
		assert_true(locked_kib() - before >= MANY * 64 / 1024);
	assert_true(locked_kib() - before < 3 * MANY * 64 / 1024);
	/* Every other one goes, and others come into their places. */
	for (int i = 0; i < MANY; i += 2)
		secret_free(secrets[i]);
	for (int i = 0; i < MANY; i += 2) {
		snprintf(text, sizeof text, "secret number %d", -i);
		secrets[i] = made(text);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof text, "secret number %d", i % 2 ? i : -i);
		holds(secrets[i], text);
		secret_free(secrets[i]);
	}
	assert_true(locked_kib() - before <= 64);
}

static void large_ones_have_room(void **state)
{
	static uint8_t bytes[SECRET_BYTES_MAX + 1];
	hst_secret *secret = NULL, *other = NULL;
	hst_error err = {0};
	size_t length = 0;

	(void)state;
	randombytes_buf(bytes, sizeof bytes);
	for (size_t n = 8000; n <= SECRET_BYTES_MAX; n += n < 40000 ? 97 : 7001) {
		assert_int_equal(secret_new(bytes, n, &secret, &err), HST_OK);
		assert_memory_equal(secret_bytes(secret, &length), bytes, n);
		assert_int_equal(length, n);
		assert_int_equal(((const char *)secret_bytes(secret, &length))[n], 0);
		secret_free(secret);
	}
	assert_int_equal(secret_new(bytes, SECRET_BYTES_MAX + 1, &other, &err), HST_INVALID);
	assert_int_equal(secret_room(SECRET_ROOM_MAX + 1, &other, &err), HST_INVALID);
	assert_null(other);
}

static void what_is_cut_off_and_what_is_freed_is_wiped(void **state)
{
	hst_secret *stays = made("stays"), *secret = made("hunter2-and-more");
	const uint8_t *bytes;
	size_t length;

	(void)state;
	bytes = secret_bytes(secret, &length);
	secret_cut(secret, 7);
	holds(secret, "hunter2");
	assert_true(sodium_is_zero(bytes + 7, length - 7));
	secret_cut(secret, 9);
	holds(secret, "hunter2");
	secret_free(secret);
	/* Its pages are still there, since another secret lives in them. */
	assert_true(sodium_is_zero(bytes, length));
	holds(stays, "stays");
	secret_free(stays);
}

static void a_form_goes_with_it(void **state)
{
	hst_secret *secret = made("{\"a\":1}");

	(void)state;
	assert_int_equal(secret_form(secret), SECRET_TEXT);
	secret_set_form(secret, SECRET_JSON);
	assert_int_equal(secret_form(secret), SECRET_JSON);
	secret_free(secret);
	secret_free(NULL);
}

static void those_of_a_plugin_end_with_their_arena(void **state)
{
	hst_arena *arena = arena_new();
	hst_secret *stays = made("stays"), *secret = secret_table.make(arena, "hunter2", 7);
	const uint8_t *bytes;
	size_t length = 0;

	(void)state;
	bytes = secret_table.bytes(secret, &length);
	assert_memory_equal(bytes, "hunter2", 8);
	arena_reset(arena);
	assert_true(sodium_is_zero(bytes, 7));
	assert_non_null(secret_table.make(arena, "hunter3", 7));
	arena_free(arena);
	secret_free(stays);
}

/* In a child, since what happens there ends it. */
static int status_of(void (*inside)(void))
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		inside();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void writes_beyond_its_end(void)
{
	const struct rlimit no_core = {0, 0};
	hst_secret *secret = NULL;

	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGABRT, SIG_DFL);
	if (secret_new("hunter2", 7, &secret, NULL) != HST_OK)
		_exit(1);
	memset(secret_fill(secret), 'x', 10);
	secret_free(secret);
}

static void who_writes_beyond_its_end_ends(void **state)
{
	int status = status_of(writes_beyond_its_end);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* Root may lock whatever the limit says. */
static void has_no_memory_to_lock(void)
{
	const struct rlimit none = {0, 0};
	hst_secret *secret = NULL;
	hst_error err = {0};

	if ((getuid() == 0 && setuid(65534) < 0) || setrlimit(RLIMIT_MEMLOCK, &none) < 0)
		_exit(1);
	if (secret_new("hunter2", 7, &secret, &err) != HST_DENIED || secret || strcmp(err.reason, "MemlockTooSmall") != 0 ||
	    !strstr(err.text, "0 KiB (RLIMIT_MEMLOCK)") || !strstr(err.text, "LimitMEMLOCK=8M"))
		_exit(2);
	if (secret_table.make(arena_new(), "hunter2", 7))
		_exit(3);
	_exit(0);
}

static void memory_that_cannot_be_locked_is_none(void **state)
{
	(void)state;
	if (!LOCKS) {
		print_message("AddressSanitizer has mlock do nothing\n");
		skip();
	}
	assert_int_equal(status_of(has_no_memory_to_lock), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_that_cannot_be_locked_is_none),
		cmocka_unit_test(many_small_ones_share_a_few_pages),
		cmocka_unit_test(large_ones_have_room),
		cmocka_unit_test(what_is_cut_off_and_what_is_freed_is_wiped),
		cmocka_unit_test(a_form_goes_with_it),
		cmocka_unit_test(those_of_a_plugin_end_with_their_arena),
		cmocka_unit_test(who_writes_beyond_its_end_ends),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
