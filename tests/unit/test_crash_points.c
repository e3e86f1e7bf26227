#include "os/crash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CRASH_POINT_ROW(program, name, where) {#program, #program "." #name, where},
static const struct {
	const char *program, *name, *where;
} points[] = {CRASH_POINTS(CRASH_POINT_ROW)};

/* docs/crash-points.md has these lines, made by `tests/unit/test_crash_points --print`. */
static void print_table(FILE *to)
{
	for (size_t i = 0; i < CRASH_POINT_COUNT; i++)
		fprintf(to, "| `%s` | %s |\n", points[i].name, points[i].where);
}

static void the_document_equals_the_table(void **state)
{
	const char *source = getenv("SRCDIR");
	char path[4096], *made = NULL, *written = calloc(1, 1 << 20);
	size_t made_length = 0;
	FILE *memory = open_memstream(&made, &made_length), *file;

	(void)state;
	print_table(memory);
	fclose(memory);
	snprintf(path, sizeof path, "%s/docs/crash-points.md", source ? source : ".");
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s is not there", path);
	assert_true(fread(written, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	if (!strstr(written, made))
		fail_msg("docs/crash-points.md differs from the table; `tests/unit/test_crash_points --print` prints it anew");
	free(written);
	free(made);
}

/* Who looks for a point finds those of one program together. */
static void the_points_of_a_program_stand_together(void **state)
{
	(void)state;
	for (size_t i = 1; i < CRASH_POINT_COUNT; i++)
		for (size_t before = 0; before + 1 < i; before++)
			if (strcmp(points[i].program, points[before].program) == 0)
				assert_string_equal(points[i - 1].program, points[i].program);
}

/* The installed programs are linked with this function: whatever the point, it returns. */
static void without_the_crash_test_nothing_happens(void **state)
{
	(void)state;
	for (int i = 0; i < CRASH_POINT_COUNT; i++)
		crash_point((enum crash_point)i);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_document_equals_the_table),
		cmocka_unit_test(the_points_of_a_program_stand_together),
		cmocka_unit_test(without_the_crash_test_nothing_happens),
	};

	if (argc == 2 && strcmp(argv[1], "--print") == 0)
		return print_table(stdout), 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
