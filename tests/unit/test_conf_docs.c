/* The table of keys in docs/flows.md says what the code says, in the same order and the same words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/conf.h"
#include "os/files.h"

#include <stdlib.h>
#include <string.h>

static char *documented_rows(void)
{
	static const char begin[] = "<!-- keys -->\n", end[] = "<!-- /keys -->";
	static const char head[] = "| section | key | type | default | meaning |\n|---|---|---|---|---|\n";
	const char *top = getenv("SRCDIR");
	char *path = mem_printf("%s/docs/flows.md", top ? top : "."), *page, *rows;
	const char *from, *to;

	assert_int_equal(files_read(path, 1 << 20, &page, NULL, NULL), HST_OK);
	from = strstr(page, begin);
	assert_non_null(from);
	from += sizeof begin - 1;
	to = strstr(from, end);
	assert_non_null(to);
	assert_int_equal(strncmp(from, head, sizeof head - 1), 0);
	from += sizeof head - 1;
	rows = mem_copy(from, (size_t)(to - from));
	free(page);
	free(path);
	return rows;
}

static void the_page_has_a_row_for_every_key_and_no_other(void **state)
{
	char *rows = documented_rows(), *at = rows;
	const struct conf_key *keys;
	size_t n;

	(void)state;
	keys = conf_keys(&n);
	for (size_t i = 0; i < n; i++) {
		/* A default that can be written into the file stands as such. */
		const char *tick = !keys[i].required && keys[i].def ? "`" : "";
		char *row = mem_printf("| %s | %s | %s | %s%s%s | %s |", keys[i].section, keys[i].key,
				       conf_type_name(keys[i].type), tick, conf_key_default(&keys[i]), tick,
				       keys[i].meaning);
		size_t length = strcspn(at, "\n");

		if (length != strlen(row) || strncmp(at, row, length) != 0)
			fail_msg("docs/flows.md has\n%.*s\nand the code\n%s", (int)length, at, row);
		at += length + (at[length] == '\n');
		free(row);
	}
	assert_string_equal(at, "");
	free(rows);
}

static void no_key_is_there_twice_and_each_is_explained(void **state)
{
	const struct conf_key *keys;
	size_t n;

	(void)state;
	keys = conf_keys(&n);
	for (size_t i = 0; i < n; i++) {
		assert_true(strlen(keys[i].meaning) > 5);
		assert_null(strpbrk(keys[i].meaning, "|\n"));
		assert_false(keys[i].required && keys[i].def);
		for (size_t k = 0; k < i; k++)
			assert_false(strcmp(keys[i].section, keys[k].section) == 0 &&
				     strcmp(keys[i].key, keys[k].key) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_has_a_row_for_every_key_and_no_other),
		cmocka_unit_test(no_key_is_there_twice_and_each_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
