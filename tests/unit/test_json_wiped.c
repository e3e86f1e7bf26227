/* What was read from JSON may be a secret: once its value was given back, nothing of it is left in this process, json-c's memory included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "schema/value.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CANARY = 40, REGION_MAX = 64 << 20 };

/* Kept the other way round, so that it is nowhere but where it was read. */
static void canary(uint8_t to[CANARY])
{
	for (size_t i = 0; i < CANARY; i++)
		to[i] = (uint8_t)('A' + i * 7 % 26) ^ 0x80;
}

static size_t times_in(const uint8_t *bytes, size_t length)
{
	uint8_t turned[CANARY];
	size_t times = 0, same;

	canary(turned);
	for (size_t at = 0; at + CANARY <= length; at++) {
		for (same = 0; same < CANARY && bytes[at + same] == (turned[same] ^ 0x80); same++)
			;
		times += same == CANARY;
	}
	return times;
}

/* How often it stands in what this process may write: freed memory, too. */
static size_t times_in_memory(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int memory = open("/proc/self/mem", O_RDONLY);
	char line[512], mode[5];
	unsigned long from, to;
	size_t times = 0;

	assert_non_null(maps);
	assert_true(memory >= 0);
	while (fgets(line, sizeof line, maps)) {
		assert_int_equal(sscanf(line, "%lx-%lx %4s", &from, &to, mode), 3);
		if (mode[1] == 'w' && to - from <= REGION_MAX) {
			uint8_t *copy = mmap(NULL, to - from, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			ssize_t n = pread(memory, copy, to - from, (off_t)from);

			times += n > 0 ? times_in(copy, (size_t)n) : 0;
			munmap(copy, to - from);
		}
	}
	fclose(maps);
	close(memory);
	return times;
}

static void what_was_read_is_nowhere_once_it_was_given_back(void **state)
{
	hst_arena *arena = arena_new_wiping();
	char json[2 * CANARY + 64] = "{\"row\": {\"password\": [\"";
	size_t at = strlen(json);
	const hst_value *value = NULL;

	(void)state;
	canary((uint8_t *)json + at);
	for (size_t i = 0; i < CANARY; i++)
		json[at + i] = (char)(json[at + i] ^ 0x80);
	snprintf(json + at + CANARY, sizeof json - at - CANARY, "%s", "\", 7]}, \"other\": \"short\"}");
	assert_int_equal(value_parse_json(arena, json, strlen(json), &value, NULL), HST_OK);
	assert_string_equal(value_text(value_get(value, "other")), "short");
	assert_int_equal(times_in((const uint8_t *)json, sizeof json), 1);
	explicit_bzero(json, sizeof json);
	assert_true(times_in_memory() > 0);
	arena_free(arena);
	assert_int_equal(times_in_memory(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_is_nowhere_once_it_was_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
