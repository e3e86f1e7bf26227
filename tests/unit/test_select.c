/* Parts of JSON values that stay in locked memory. */
#include "seal/select.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <cmocka.h>

static hst_secret *json_of(const char *text)
{
	hst_secret *secret = NULL;
	hst_error err = {0};

	if (secret_new(text, strlen(text), &secret, &err) != HST_OK)
		fail_msg("%s", err.text);
	secret_set_form(secret, SECRET_JSON);
	return secret;
}

static void parts_are_found_by_their_path(void **state)
{
	static const char json[] = " {\"user\":\"ada\", \"row\" : {\"password\":\"hun\\\"ter\\u00fc\\ud83d\\ude00\\n\",\"n\":-12.50},"
	                           "\"rows\":[[],{\"a\":true},[1,\"two\",{\"deep\":\"x\"}]],\"a\\u002eb\":1,\"\xc3\xbc\":\"u\",\"empty\":\"\","
	                           "\"none\":null,\"row2\":{\"row\":{}}} ";
	static const struct {
		const char *path, *value;
		enum secret_form form;
	} cases[] = {
		{"user", "ada", SECRET_TEXT},
		{"row.password", "hun\"ter\xc3\xbc\xf0\x9f\x98\x80\n", SECRET_TEXT},
		{"row.n", "-12.50", SECRET_JSON},
		{"rows.0", "[]", SECRET_JSON},
		{"rows.1", "{\"a\":true}", SECRET_JSON},
		{"rows.1.a", "true", SECRET_JSON},
		{"rows.2.1", "two", SECRET_TEXT},
		{"rows.2.2.deep", "x", SECRET_TEXT},
		{"\xc3\xbc", "u", SECRET_TEXT},
		{"empty", "", SECRET_TEXT},
		{"row2.row", "{}", SECRET_JSON},
	};
	static const char *const missing[] = {"password", "row.passwor", "row.password2", "rows.3", "rows.01", "rows.-1", "rows.x", "user.x", "none",
	                                      "rows.0.0", "row.n.x", "rows.2.2.deep.x", "row2.row.row"};
	hst_secret *from = json_of(json), *part = NULL;
	hst_error err = {0};
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (select_part(from, cases[i].path, &part, &err) != HST_OK)
			fail_msg("%s: %s", cases[i].path, err.text);
		assert_string_equal(secret_bytes(part, &length), cases[i].value);
		assert_int_equal(length, strlen(cases[i].value));
		assert_int_equal(secret_form(part), cases[i].form);
		secret_clear(&part);
	}
	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
		assert_int_equal(select_part(from, missing[i], &part, &err), HST_NOT_FOUND);
	secret_free(from);
}

static void paths_have_one_form(void **state)
{
	static const char *const wrong[] = {".", "a.", ".a", "a..b", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"};
	char name[SELECT_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(select_path_right(wrong[i]));
	assert_true(select_path_right(""));
	assert_true(select_path_right("0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"));
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_false(select_path_right(name));
	assert_true(select_path_right(name + 1));
}

static void a_text_has_no_parts(void **state)
{
	hst_secret *from = json_of("{\"a\":\"b\"}"), *part = NULL;
	hst_error err = {0};
	size_t length;

	(void)state;
	secret_set_form(from, SECRET_TEXT);
	assert_int_equal(select_part(from, "a", &part, &err), HST_INVALID);
	assert_int_equal(select_part(from, "", &part, &err), HST_OK);
	assert_string_equal(secret_bytes(part, &length), "{\"a\":\"b\"}");
	secret_free(part);
	secret_free(from);
}

static void what_is_no_json_has_no_parts(void **state)
{
	static const char *const wrong[] = {"", " ", "{", "{\"a\":1", "[1,2", "\"abc", "]", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\u12\"}",
	                                    "{\"a\":\"\\\"}", "{\"a\":\"\xff\"}", "1 2", "{\"a\":\"\\udc00\"}", "{\"a\":\"\\ud83d\\u0041\"}",
	                                    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"};
	hst_error err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		hst_secret *from = json_of(wrong[i]), *part = NULL;

		if (select_part(from, "a", &part, &err) == HST_OK)
			fail_msg("%s", wrong[i]);
		assert_null(part);
		secret_free(from);
	}
}

static int collect(void *arg, const hst_secret *part, hst_error *err)
{
	size_t length, used = strlen(arg);

	(void)err;
	snprintf((char *)arg + used, 200 - used, "%s|", (const char *)secret_bytes(part, &length));
	return HST_OK;
}

static void every_text_and_number_is_seen(void **state)
{
	hst_secret *from = json_of("{\"name\":\"one\",\"list\" : [12.5,\"t\\u0077o\",true,null,{\"name\":-3}],\"last\":\"end\"}");
	char seen[200] = "";
	hst_error err = {0};

	(void)state;
	assert_int_equal(select_each(from, collect, seen, &err), HST_OK);
	assert_string_equal(seen, "one|12.5|two|-3|end|");
	secret_free(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_found_by_their_path), cmocka_unit_test(paths_have_one_form),
		cmocka_unit_test(a_text_has_no_parts),	   cmocka_unit_test(what_is_no_json_has_no_parts),
		cmocka_unit_test(every_text_and_number_is_seen),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
