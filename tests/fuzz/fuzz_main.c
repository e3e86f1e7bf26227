/* A fuzzer as a test: its corpus, then changes of it. With arguments: these files alone, as libFuzzer leaves one that has failed. */
#include "fuzz.h"

#include "mutate.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <dirent.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { INPUTS_MAX = 256, INPUT_BYTES_MAX = 8 << 10 };

static struct input {
	char *bytes;
	size_t length;
} inputs[INPUTS_MAX];

static size_t n;

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void read_input(const char *path)
{
	hst_error err = {0};

	assert_true(n < INPUTS_MAX);
	if (files_read(path, INPUT_BYTES_MAX, &inputs[n].bytes, &inputs[n].length, &err) != HST_OK)
		fail_msg("%s", err.text);
	n++;
}

static void read_corpus(void)
{
	const char *source = getenv("SRCDIR");
	AUTO_FREE char *folder = mem_printf("%s/tests/fuzz/corpus/%s", source ? source : ".", fuzz_name);
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_input, alphasort);

	if (count <= 0)
		fail_msg("there is no corpus in %s", folder);
	for (int i = 0; i < count; i++) {
		AUTO_FREE char *path = files_join(folder, entries[i]->d_name);

		read_input(path);
		free(entries[i]);
	}
	free(entries);
}

static void its_corpus(void **state)
{
	(void)state;
	read_corpus();
	for (size_t i = 0; i < n; i++)
		LLVMFuzzerTestOneInput((const uint8_t *)inputs[i].bytes, inputs[i].length);
	print_message("%zu of %zu were taken\n", fuzz_taken, n);
	assert_true(fuzz_taken > 0);
}

static void thousands_of_changes(void **state)
{
	struct mutate it;

	(void)state;
	fuzz_taken = 0;
	mutate_begin(&it, fuzz_name);
	for (int i = 0; i < fuzz_cases; i++) {
		const struct input *input = &inputs[mutate_below(&it, n)];

		mutate_make(&it, input->bytes, input->length);
		LLVMFuzzerTestOneInput((const uint8_t *)it.bytes, it.length);
	}
	print_message("%zu of %d were taken\n", fuzz_taken, fuzz_cases);
	assert_true(fuzz_taken > 0);
	for (size_t i = 0; i < n; i++)
		free(inputs[i].bytes);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_corpus),
		cmocka_unit_test(thousands_of_changes),
	};

	if (sodium_init() < 0)
		return 1;
	for (int i = 1; i < argc; i++) {
		read_input(argv[i]);
		LLVMFuzzerTestOneInput((const uint8_t *)inputs[n - 1].bytes, inputs[n - 1].length);
		printf("%s: %s\n", argv[i], fuzz_taken ? "taken" : "refused");
		free(inputs[n - 1].bytes);
	}
	return argc > 1 ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
