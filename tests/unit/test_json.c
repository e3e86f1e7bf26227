/* JSON, strict: what is taken, what is refused, and that what was written reads back the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include <string.h>

static int set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static const hst_value *read(hst_arena *arena, const char *json)
{
	const hst_value *value = NULL;
	hst_error why;

	if (value_parse_json(arena, json, strlen(json), &value, &why))
		fail_msg("%s: %s", json, why.text);
	return value;
}

static char *written(const hst_value *value)
{
	struct text text;

	text_init(&text, VALUE_BYTES_MAX);
	value_write_json(&text, value);
	assert_false(text.over);
	return text_take(&text);
}

static void what_is_written_reads_back_the_same(void **state)
{
	static const char *const texts[] = {
		"null",
		"true",
		"false",
		"0",
		"-0",
		"12",
		"1.50",
		"-1E+5",
		"18446744073709551616",
		"123456789012345678901234567890.123456789012345678901234567890",
		"\"\"",
		"\"a\\\"\\\\\\b\\f\\n\\r\\tz\"",
		"\"\\u0000\\u001f\\u007f\"",
		"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
		"[]",
		"{}",
		"[1,[2,[3,{\"a\":[4.0]}]],\"5\"]",
		"{\"b\":1,\"a\":{\"b\":1,\"a\":null},\"1\":\"1\"}",
		"[\"1\",1,\"-2e1\",{\"3\":3}]",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		char *again = written(read(*state, texts[i]));

		assert_string_equal(again, texts[i]);
		free(again);
	}
}

static void blanks_and_escapes_are_understood(void **state)
{
	char *again =
		written(read(*state, " { \"a\" :\t[ 1 ,\r\n2 ] , \"\\u00e9\\/\\ud83d\\ude00\" : true } \n"));

	assert_string_equal(again, "{\"a\":[1,2],\"\xc3\xa9/\xf0\x9f\x98\x80\":true}");
	free(again);
}

static void what_is_no_json_is_refused(void **state)
{
	static const char *const texts[] = {
		"",	     " ",	    "{",	   "[",
		"[1",	     "[1,]",	    "[,1]",	   "{\"a\":1,}",
		"{\"a\"}",   "{\"a\" 1}",   "{a:1}",	   "{'a':1}",
		"'a'",	     "[1] 2",	    "1 1",	   "nul",
		"nulll",     "True",	    "NaN",	   "Infinity",
		"-Infinity", "[NaN]",	    "01",	   "+1",
		"1.",	     ".5",	    "1e",	   "-",
		"--1",	     "1-1",	    "0x10",	   "1true",
		"true1",     "[1 2]",	    "/* */ 1",	   "1 // x",
		"\"a",	     "\"a\nb\"",    "\"a\tb\"",	   "\"\\x\"",
		"\"\\u12\"", "\"\\u12g4\"", "\"\\",	   "]",
		"}",	     ":",	    ",",	   "[1}",
		"\f1",	     "{1:1}",	    "{\"a\":1:2}", "\xef\xbb\xbf{}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const hst_value *value = NULL;
		hst_error why = {0};

		if (value_parse_json(*state, texts[i], strlen(texts[i]), &value, &why) != HST_INVALID)
			fail_msg("%s was taken", texts[i]);
		assert_null(value);
		assert_non_null(strstr(why.text, "JSON"));
	}
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
	static const char *const texts[] = {"\"\x80\"",		"\"\xc0\x80\"",	    "\"\xc3\"",
					    "\"\xed\xa0\x80\"", "\"\xe0\x80\x80\"", "\"\xf4\x90\x80\x80\"",
					    "\"\xff\""};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const hst_value *value = NULL;

		assert_int_equal(value_parse_json(*state, texts[i], strlen(texts[i]), &value, NULL),
				 HST_INVALID);
	}
}

static void nul_bytes_are_refused_and_escaped_ones_kept(void **state)
{
	const hst_value *value = NULL;

	assert_int_equal(value_parse_json(*state, "1\0", 2, &value, NULL), HST_INVALID);
	assert_int_equal(value_parse_json(*state, "\"a\0b\"", 5, &value, NULL), HST_INVALID);
	assert_int_equal(value_length(read(*state, "\"a\\u0000b\"")), 3);
	/* In a name it would end the name. */
	assert_int_equal(value_parse_json(*state, "{\"a\\u0000b\":1}", 15, &value, NULL), HST_INVALID);
	assert_null(value);
}

static void a_name_given_twice_is_refused(void **state)
{
	static const char *const texts[] = {"{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}",
					    "[{\"x\":{\"a\":1,\"a\":{}}}]",
					    "{\"a\":{\"b\":1},\"a\":{\"c\":2}}"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const hst_value *value = NULL;
		hst_error why;

		assert_int_equal(value_parse_json(*state, texts[i], strlen(texts[i]), &value, &why),
				 HST_INVALID);
		assert_non_null(strstr(why.text, "two members of one name"));
	}
	/* Colons in texts are no names. */
	read(*state, "{\"a:\":\":::\",\"b\":[\"\\\":\"]}");
}

static char *nested(size_t depth)
{
	char *json = mem_alloc(2 * depth + 1);

	memset(json, '[', depth);
	memset(json + depth, ']', depth);
	return json;
}

static void depth_has_a_ceiling(void **state)
{
	char *fits = nested(VALUE_DEPTH_MAX), *too_deep = nested(VALUE_DEPTH_MAX + 1);
	const hst_value *value = NULL;
	char *again = written(read(*state, fits));
	hst_error why;

	assert_string_equal(again, fits);
	assert_int_equal(value_parse_json(*state, too_deep, strlen(too_deep), &value, &why), HST_INVALID);
	assert_non_null(strstr(why.text, "nested more than 32 deep"));
	free(again);
	free(fits);
	free(too_deep);
}

static int parse_list_of(hst_arena *arena, const char *item, size_t n)
{
	const hst_value *value;
	struct text text;
	int code;

	text_init(&text, 2 * VALUE_BYTES_MAX);
	text_add(&text, "[");
	for (size_t i = 0; i < n; i++)
		text_addf(&text, "%s%s", i ? "," : "", item);
	text_add(&text, "]");
	code = value_parse_json(arena, text.s, text.length, &value, NULL);
	text_clear(&text);
	return code;
}

static void count_and_size_have_ceilings(void **state)
{
	assert_int_equal(parse_list_of(*state, "1", VALUE_COUNT_MAX - 2), HST_OK);
	assert_int_equal(parse_list_of(*state, "1", VALUE_COUNT_MAX + 2), HST_INVALID);
	assert_int_equal(parse_list_of(*state, "{\"a\":0}", VALUE_COUNT_MAX / 2 - 2), HST_OK);
	assert_int_equal(parse_list_of(*state, "{\"a\":0}", VALUE_COUNT_MAX / 2 + 2), HST_INVALID);
	assert_int_equal(parse_list_of(*state, "\"0123456789012345678901234567890123456789\"", 1 << 14),
			 HST_OK);
	assert_int_equal(parse_list_of(*state, "\"0123456789012345678901234567890123456789\"", 1 << 15),
			 HST_INVALID);
}

static void errors_name_the_line(void **state)
{
	static const char *const texts[] = {"{\n\"a\": 1,\n\"b\" 2}", "{\n\"a\": 1,\n\"b\": 01}",
					    "{\n1234567:\n'}"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const hst_value *value;
		hst_error why;

		assert_int_equal(value_parse_json(*state, texts[i], strlen(texts[i]), &value, &why),
				 HST_INVALID);
		assert_non_null(strstr(why.text, "line 3"));
	}
}

/* Also behind numbers, which json-c is given in another length than they have. */
static void errors_name_the_column(void **state)
{
	static const struct {
		const char *text, *says;
	} wants[] = {
		{"{\"a\":,1}", "line 1, column 6:"},
		{"{\"a\":123456789, \"b\":2, \"c\" 3}", "line 1, column 28:"},
		{"[0,1,2,3,4,5,6,7,8,9,1.5e10,true,}", "line 1, column 34:"},
		{"{\n  \"t\": \"1 \\\" 2\", \"n\": 77 \"x\"}", "line 2, column 26:"},
		{"[1,\n 01]", "line 2, column 2:"},
	};

	for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
		const hst_value *value;
		hst_error why;

		assert_int_equal(value_parse_json(*state, wants[i].text, strlen(wants[i].text), &value, &why), HST_INVALID);
		if (!strstr(why.text, wants[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", wants[i].text, why.text, wants[i].says);
	}
}

/* Every byte, at every place in and behind the eight that are looked at together. */
static void plain_bytes_are_told_from_all_others(void **state)
{
	char bytes[24];

	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';

		for (size_t at = 0; at < sizeof bytes; at++) {
			memset(bytes, 'a' + (int)at, sizeof bytes);
			bytes[at] = (char)byte;
			assert_int_equal(utf8_plain_length(bytes, sizeof bytes), plain ? sizeof bytes : at);
		}
	}
	assert_int_equal(utf8_plain_length(bytes, 0), 0);
}

static void bad_bytes_are_written_as_replacement_characters(void **state)
{
	char *json = written(value_make_text(*state,
					     "a\xff"
					     "b\xc3",
					     4));

	assert_string_equal(json, "\"a\xef\xbf\xbd"
				  "b\xef\xbf\xbd\"");
	read(*state, json);
	free(json);
}

static void a_tree_too_deep_to_read_back_is_cut_and_said(void **state)
{
	hst_value *tree = value_make_list(*state);
	struct text text;

	value_append(tree, tree);
	text_init(&text, 1000);
	value_write_json(&text, tree);
	assert_true(text.over);
	text_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_reads_back_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(blanks_and_escapes_are_understood, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_json_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bytes_that_are_not_utf8_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nul_bytes_are_refused_and_escaped_ones_kept, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_name_given_twice_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(depth_has_a_ceiling, set_up, tear_down),
		cmocka_unit_test_setup_teardown(count_and_size_have_ceilings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(errors_name_the_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(errors_name_the_column, set_up, tear_down),
		cmocka_unit_test(plain_bytes_are_told_from_all_others),
		cmocka_unit_test_setup_teardown(bad_bytes_are_written_as_replacement_characters, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_tree_too_deep_to_read_back_is_cut_and_said, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
