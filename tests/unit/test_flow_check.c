/*
 * Flows held against a house. Every tests/fixtures/flows/NAME.ini is parsed and checked; its problems are
 * those in NAME.problems, and none where there is no such file. The examples in docs/flow-language.md must
 * have none either.
 */
#include "flow_house.h"

#include "base/mem.h"
#include "base/text.h"
#include "config/ini.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char fixtures[] = "tests/fixtures/flows";

static void parse_and_check(const char *name, const char *bytes, struct problems *problems)
{
	struct document *document = ini_read_text(name, bytes, strlen(bytes), problems);
	struct flow *flow = document ? flow_parse(document, problems) : NULL;

	document_free(document);
	if (flow)
		flow_check(flow, &house_world, problems);
	flow_free(flow);
}

static bool exists(const char *path)
{
	char *whole = house_path(path);
	bool there = access(whole, R_OK) == 0;

	free(whole);
	return there;
}

static void check_fixture(const char *name)
{
	int stem = (int)(strlen(name) - strlen(".ini"));
	char *path = mem_printf("%s/%s", fixtures, name),
	     *expected_path = mem_printf("%s/%.*s.problems", fixtures, stem, name);
	char *bytes = house_file(path),
	     *expected = exists(expected_path) ? house_file(expected_path) : mem_text("");
	struct problems problems;
	char *lines;

	problems_init(&problems);
	parse_and_check(name, bytes, &problems);
	lines = house_problem_lines(&problems);
	if (strcmp(lines, expected) != 0)
		print_error("%s has other problems than it should\n", name);
	assert_string_equal(lines, expected);
	free(lines);
	problems_clear(&problems);
	free(expected);
	free(bytes);
	free(expected_path);
	free(path);
}

static void every_fixture_has_its_problems_and_no_others(void **state)
{
	char *path = house_path(fixtures);
	DIR *directory = opendir(path);
	struct dirent *entry;
	int seen = 0;

	(void)state;
	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (length > 4 && strcmp(entry->d_name + length - 4, ".ini") == 0) {
			check_fixture(entry->d_name);
			seen++;
		}
	}
	closedir(directory);
	free(path);
	assert_true(seen >= 10);
}

static void examples_of_the_document_can_be_run(void **state)
{
	static const char front[] = "```ini\n[flow]", back[] = "\n```\n";
	char *page = house_file("docs/flow-language.md");
	struct problems problems;
	int seen = 0;

	(void)state;
	problems_init(&problems);
	for (char *at = page; (at = strstr(at, front)) != NULL; seen++) {
		char *from = at + strlen("```ini\n"), *to = strstr(from, back), *text;

		assert_non_null(to);
		text = mem_copy(from, (size_t)(to - from) + 1);
		parse_and_check("flow-language.md", text, &problems);
		house_no_problems(&problems);
		free(text);
		at = to;
	}
	assert_true(seen >= 3);
	free(page);
}

/* An envelope names where it may be opened, and has room for so many. */
static void a_secure_value_goes_to_so_many_inputs_at_most(void **state)
{
	struct problems problems;
	struct text text;

	(void)state;
	problems_init(&problems);
	text_init(&text, 1 << 16);
	text_add(&text, "[flow]\nname = wide\n[step get]\nuse = connector:vault.read\ninput.name = x\n"
	                "[step page]\nuse = connector:web.get\nsecure_inputs = yes\ninput.url = ${get.password}\n");
	for (int i = 0; i < 63; i++)
		text_addf(&text, "input.header.h%d = ${get.password}\n", i);
	text_add(&text, "[step again]\nuse = connector:web.get\nsecure_inputs = yes\ninput.url = ${get.password}\n");
	parse_and_check("wide.ini", text.s, &problems);
	house_problems_are(&problems, "");
	text_add(&text, "input.body = ${get.password}\n");
	parse_and_check("wide.ini", text.s, &problems);
	house_problems_are(&problems, "wide.ini:3: error: ${get.password} is secure and goes to more than 64 different "
	                              "inputs\n");
	text_clear(&text);
}

static void a_secure_text_has_so_many_pieces_at_most(void **state)
{
	struct problems problems;
	struct text text;

	(void)state;
	problems_init(&problems);
	text_init(&text, 1 << 16);
	text_add(&text, "[flow]\nname = long\non = pay\n[step s]\nuse = connector:web.get\nsecure_inputs = yes\ninput.url = ");
	for (int i = 0; i < 32; i++)
		text_add(&text, "${trigger.pin}${trigger.subject}/");
	parse_and_check("long.ini", text.s, &problems);
	house_problems_are(&problems, "");
	text_add(&text, "${trigger.pin}\n");
	parse_and_check("long.ini", text.s, &problems);
	house_problems_are(&problems, "long.ini:7: error: input \"url\" is made of 65 pieces, and with something secure in it "
	                              "64 is the most\n");
	text_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secure_value_goes_to_so_many_inputs_at_most),
		cmocka_unit_test(a_secure_text_has_so_many_pieces_at_most),
		cmocka_unit_test(every_fixture_has_its_problems_and_no_others),
		cmocka_unit_test(examples_of_the_document_can_be_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
