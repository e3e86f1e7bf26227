/* The format of .ini files, rule by rule, and 20,000 files that nobody would write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/ini.h"
#include "os/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct document *parse(const char *bytes, size_t length)
{
	struct problems problems;
	struct document *document;

	problems_init(&problems);
	document = ini_read_text("f.ini", bytes, length, &problems);
	for (size_t i = 0; i < problems.n; i++) {
		char *line = problem_line(&problems.at[i]);

		print_message("%s\n", line);
		free(line);
	}
	assert_int_equal(problems.n, 0);
	assert_non_null(document);
	problems_clear(&problems);
	return document;
}

/* The value of the one key `k` of the one section. */
static void value_is(const char *ini, const char *expected)
{
	struct document *document = parse(ini, strlen(ini));

	assert_int_equal(document->section_count, 1);
	assert_int_equal(document->sections[0].key_count, 1);
	assert_string_equal(document->sections[0].keys[0].value, expected);
	document_free(document);
}

/* Exactly these problems, each as "LINE: part of the text". */
static void is_refused(const char *bytes, size_t length, const char *const *expected)
{
	struct problems problems;
	size_t n = 0;

	problems_init(&problems);
	assert_null(ini_read_text("f.ini", bytes, length, &problems));
	problems_sort(&problems);
	for (; expected[n]; n++) {
		const char *text = strchr(expected[n], ':') + 2;

		assert_true(n < problems.n);
		assert_int_equal(problems.at[n].line, strtol(expected[n], NULL, 10));
		if (!strstr(problems.at[n].text, text))
			fail_msg("%d: %s", problems.at[n].line, problems.at[n].text);
	}
	assert_int_equal(problems.n, n);
	problems_clear(&problems);
}

static void sections_and_keys_keep_their_order_and_lines(void **state)
{
	static const char ini[] = "; first\n\n[b]\ntwo = 2\n# between\none=1\n[empty]\n[a name-1.x]\n  "
				  "\nOne\t=\tx = y ; z # w\n";
	struct document *document = parse(ini, sizeof ini - 1);
	const struct section *section = document->sections;

	(void)state;
	assert_string_equal(document->text, ini);
	assert_int_equal(document->section_count, 3);
	assert_string_equal(section[0].kind, "b");
	assert_null(section[0].name);
	assert_int_equal(section[0].line, 3);
	assert_int_equal(section[0].key_count, 2);
	assert_string_equal(section[0].keys[0].name, "two");
	assert_int_equal(section[0].keys[0].line, 4);
	assert_string_equal(section[0].keys[1].name, "one");
	assert_int_equal(section[1].key_count, 0);
	assert_string_equal(section[2].name, "name-1.x");
	/* Nothing behind a value is a comment. */
	assert_string_equal(section_find(&section[2], "One")->value, "x = y ; z # w");
	document_free(document);
}

static void values_run_from_first_to_last_non_blank(void **state)
{
	(void)state;
	value_is("[s]\nk =   a  b \t \r\n", "a  b");
	value_is("[s]\nk=", "");
	value_is("[s]\nk = a:b=c", "a:b=c");
	value_is("[s]\nk = $${x}", "$${x}");
	value_is("\xef\xbb\xbf[s]\nk = \xc3\xa9", "\xc3\xa9");
}

static void quotes_round_a_whole_value_keep_outer_blanks(void **state)
{
	(void)state;
	value_is("[s]\nk = \" a \"", " a ");
	value_is("[s]\nk = \"\"", "");
	value_is("[s]\nk = \"a\" and \"b\"", "\"a\" and \"b\"");
	value_is("[s]\nk = a \"b\"", "a \"b\"");
	value_is("[s]\nk = \"", "\"");
	value_is("[s]\nwhen = \"a\"", "\"a\"");
}

static void indented_lines_continue_a_value(void **state)
{
	(void)state;
	value_is("[s]\nk = a\n  b\n    c\n", "a\nb\n  c");
	value_is("[s]\nk =\n\ta\n\t\tb  \n\tc", "a\n\tb\nc");
	value_is("[s]\nk =\n  # no comment\n  ; nor this\n  [x]\n  y = z\n",
		 "# no comment\n; nor this\n[x]\ny = z");
	value_is("[s]\nk =\n  a\n |\n  b\n", "a\n\nb");
	value_is("[s]\nk =\n    |\n    a\n", "\na");
	value_is("[s]\nk = a\n    |\n", "a\n");
	value_is("[s]\nk =\n  a | b\n  ||\n", "a | b\n||");
	/* Blanks and tabs are not the same indentation, so nothing is common here. */
	value_is("[s]\nk =\n  a\n\tb\n", "  a\n\tb");
	value_is("[s]\nk =\r\n  a\r\n  b\r\n", "a\nb");
	value_is("[s]\nk =\n  \" a\n  b \"\n", " a\nb ");
}

static void an_empty_line_and_a_comment_end_a_value(void **state)
{
	static const char *const orphan[] = {"4: an indented line continues the value of the line above it",
					     NULL};
	static const char blank[] = "[s]\nk = a\n\n  b\n", comment[] = "[s]\nk = a\n# c\n  b\n";

	(void)state;
	is_refused(blank, sizeof blank - 1, orphan);
	is_refused(comment, sizeof comment - 1, orphan);
	value_is("[s]\n  # a comment may be indented where no value is open\nk = a\n\n  ; here too\n", "a");
}

static void long_values_and_names_come_through_whole(void **state)
{
	char *value = mem_alloc(5001), *ini;
	struct document *document;

	(void)state;
	memset(value, 'v', 5000);
	/* inih would cut the value at 200 bytes, and the section's name at 49. */
	ini = mem_printf("[a-kind-of-thirty-two-characters %.64s]\n%.120s = ; [x] = %s\n", value, value,
			 value);
	document = parse(ini, strlen(ini));
	assert_int_equal(strlen(document->sections[0].name), 64);
	assert_int_equal(strlen(document->sections[0].keys[0].name), 120);
	assert_int_equal(strlen(document->sections[0].keys[0].value), 5000 + 8);
	document_free(document);
	free(ini);
	free(value);
}

static void duplicates_name_both_lines(void **state)
{
	static const char ini[] = "[a]\nk = 1\nl = 2\nk = 3\n[b x]\nk = 1\n[a]\n[b y]\n[b x]\nk = 2\n";
	static const char *const expected[] = {"4: \"k\" is given here and in line 2",
					       "7: [a] stands here and in line 1",
					       "9: [b x] stands here and in line 5", NULL};

	(void)state;
	is_refused(ini, sizeof ini - 1, expected);
}

static void unreadable_bytes_are_refused(void **state)
{
	static const char ini[] = "[a]\nk = \0x\n  y\nl = \xff\nm = a\n  \xc0\x80\nn = \xed\xa0\x80\n";
	static const char *const expected[] = {"2: NUL byte", "4: byte 5 of the line is not UTF-8",
					       "6: byte 3 of the line is not UTF-8", "7: not UTF-8", NULL};

	(void)state;
	is_refused(ini, sizeof ini - 1, expected);
}

static void ceilings_hold(void **state)
{
	static const char *const line_expected[] = {"2: the line is longer than 65536 bytes", NULL};
	static const char *const value_expected[] = {"2: the value of \"k\" is longer than 65536 bytes",
						     NULL};
	static const char *const keys_expected[] = {"1002: more than 1000 keys in one section", NULL};
	static const char *const sections_expected[] = {"10001: more than 10000 sections", NULL};
	static const char *const file_expected[] = {"0: the file is larger than 1048576 bytes", NULL};
	struct text text;

	(void)state;
	text_init(&text, 4 << 20);
	text_add(&text, "[s]\nk = ");
	for (int i = 0; i < 70000; i++)
		text_add(&text, "x");
	is_refused(text.s, text.length, line_expected);
	text_reset(&text);
	text_add(&text, "[s]\nk =\n");
	for (int i = 0; i < 70000; i++)
		text_add(&text, " x\n");
	is_refused(text.s, text.length, value_expected);
	text_reset(&text);
	text_add(&text, "[s]\n");
	for (int i = 0; i < 1001; i++)
		text_addf(&text, "k%d = x\n", i);
	is_refused(text.s, text.length, keys_expected);
	text_reset(&text);
	for (int i = 0; i < 10001; i++)
		text_addf(&text, "[s n%d]\n", i);
	is_refused(text.s, text.length, sections_expected);
	text_reset(&text);
	for (int i = 0; i <= 1 << 17; i++)
		text_add(&text, "#234567\n");
	is_refused(text.s, text.length, file_expected);
	text_clear(&text);
}

static void a_file_that_is_not_there_is_a_problem(void **state)
{
	struct problems problems;

	(void)state;
	problems_init(&problems);
	assert_null(ini_read("/nowhere/at-all.ini", &problems));
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.at[0].file, "/nowhere/at-all.ini");
	problems_clear(&problems);
}

/* xorshift: the same seed makes the same files on every machine. */
static uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* One to eight changes: a byte replaced, taken out, put in, a piece doubled, the rest cut off. */
static size_t mutate(char *bytes, size_t length, size_t size, uint64_t *seed)
{
	static const char likely[] = "\n\r\t []=:;#|\"\\${}\0\xff\xc3\x80"
				     "ak";

	for (uint64_t changes = 1 + draw(seed) % 8; changes && length; changes--) {
		size_t at = draw(seed) % length, n = 1 + draw(seed) % 40;
		char byte = likely[draw(seed) % (sizeof likely - 1)];

		if (n > length - at)
			n = length - at;
		switch (draw(seed) % 5) {
		case 0:
			bytes[at] = byte;
			break;
		case 1:
			memmove(bytes + at, bytes + at + n, length - at - n);
			length -= n;
			break;
		case 2:
			if (length == size)
				break;
			memmove(bytes + at + 1, bytes + at, length - at);
			bytes[at] = byte;
			length++;
			break;
		case 3:
			if (n > size - length)
				break;
			memmove(bytes + at + n, bytes + at, length - at);
			length += n;
			break;
		case 4:
			if (draw(seed) % 8 == 0)
				length = at;
			break;
		}
	}
	return length;
}

static void no_mutation_of_a_file_breaks_the_reader(void **state)
{
	const char *given = getenv("HOSTLER_TEST_SEED"), *top = getenv("SRCDIR");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 0x9e3779b97f4a7c15u ^ (uint64_t)time(NULL);
	char *path = mem_printf("%s/tests/fixtures/conf/whole.ini", top ? top : ".");
	size_t length, size, taken = 0;
	char *original;

	(void)state;
	print_message("# HOSTLER_TEST_SEED=%llu\n", (unsigned long long)seed);
	seed |= 1;
	assert_int_equal(files_read(path, INI_BYTES_MAX, &original, &length, NULL), HST_OK);
	size = length + 400;
	for (int round = 0; round < 20000; round++) {
		/* A block of exactly the mutant's size, so that reading one byte too far is noticed. */
		char *room = mem_alloc(size), *mutant;
		struct problems problems;
		struct document *document;
		size_t n;

		memcpy(room, original, length);
		n = mutate(room, length, size, &seed);
		mutant = mem_alloc(n);
		memcpy(mutant, room, n);
		problems_init(&problems);
		document = ini_read_text("mutant.ini", mutant, n, &problems);
		/* Either it is taken or it is said why not. */
		assert_true(!document == (problems.n > 0));
		taken += document != NULL;
		problems_clear(&problems);
		document_free(document);
		free(mutant);
		free(room);
	}
	/* Some of both, or the mutations say nothing. */
	assert_in_range(taken, 1000, 19000);
	free(original);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_and_keys_keep_their_order_and_lines),
		cmocka_unit_test(values_run_from_first_to_last_non_blank),
		cmocka_unit_test(quotes_round_a_whole_value_keep_outer_blanks),
		cmocka_unit_test(indented_lines_continue_a_value),
		cmocka_unit_test(an_empty_line_and_a_comment_end_a_value),
		cmocka_unit_test(long_values_and_names_come_through_whole),
		cmocka_unit_test(duplicates_name_both_lines),
		cmocka_unit_test(unreadable_bytes_are_refused),
		cmocka_unit_test(ceilings_hold),
		cmocka_unit_test(a_file_that_is_not_there_is_a_problem),
		cmocka_unit_test(no_mutation_of_a_file_breaks_the_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
