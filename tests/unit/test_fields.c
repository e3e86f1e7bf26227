/* Records against tables of fields, into structs and out of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

static const char *const sizes[] = {"small", "large", NULL};

struct order {
	const char *text, *decimal;
	int64_t port;
	double ratio;
	bool loud;
	hst_choice size;
	hst_time when;
	hst_duration every;
	hst_texts words;
	hst_file *file;
	hst_secret *password;
	const hst_value *rows, *headers;
};

static const hst_field order_fields[] = {
	HST_FIELD(struct order, text, .required = true, .min = 1, .max = 5),
	HST_FIELD(struct order, decimal, .as = HST_TYPE_NUMBER),
	HST_FIELD(struct order, port, .def = "993", .min = 1, .max = 65535),
	HST_FIELD(struct order, ratio),
	HST_FIELD(struct order, loud),
	HST_FIELD(struct order, size, .choices = sizes),
	HST_FIELD(struct order, when),
	HST_FIELD(struct order, every, .def = "60s"),
	HST_FIELD(struct order, words),
	HST_FIELD(struct order, file),
	HST_FIELD(struct order, password),
	HST_FIELD(struct order, rows, .as = HST_TYPE_TABLE),
	HST_FIELD(struct order, headers, .name = "header.*"),
};

static const hst_fields order_table = HST_FIELDS(order_fields);

static int set_up(void **state)
{
	*state = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	fields_use_secrets(NULL);
	arena_free(*state);
	return 0;
}

static const hst_value *parsed(hst_arena *arena, const char *json)
{
	const hst_value *value;

	assert_int_equal(value_parse_json(arena, json, strlen(json), &value, NULL), HST_OK);
	return value;
}

static char *written(const hst_value *value)
{
	struct text text;

	text_init(&text, 10000);
	value_write_json(&text, value);
	return text_take(&text);
}

static const char whole[] = "{\"text\":\"abc\",\"decimal\":\"1.50\",\"port\":\"25\",\"ratio\":\"0.25\","
			    "\"loud\":\"yes\",\"size\":\"large\","
			    "\"when\":\"1970-01-01T00:00:01Z\",\"every\":\"5m\",\"words\":\"a, "
			    "b\",\"file\":\"in.pdf\",\"rows\":[{\"a\":1}],"
			    "\"header.accept\":\"x\",\"header.host\":\"y\"}";

static void a_record_is_made_normal(void **state)
{
	const hst_value *checked;
	char *json;

	assert_int_equal(
		fields_check(*state, order_table, "option", parsed(*state, whole), false, &checked, NULL),
		HST_OK);
	json = written(checked);
	assert_string_equal(json,
			    "{\"text\":\"abc\",\"decimal\":1.50,\"port\":25,\"ratio\":0.25,\"loud\":true,"
			    "\"size\":\"large\",\"when\":\"1970-01-01T00:00:01Z\",\"every\":300000,"
			    "\"words\":[\"a\",\"b\"],\"file\":\"in.pdf\",\"rows\":[{\"a\":1}],"
			    "\"header.accept\":\"x\",\"header.host\":\"y\"}");
	free(json);
}

static void defaults_are_filled_in_and_null_is_not_given(void **state)
{
	const hst_value *checked;
	char *json;

	assert_int_equal(fields_check(*state, order_table, "option",
				      parsed(*state, "{\"text\":\"a\",\"port\":null}"), false, &checked,
				      NULL),
			 HST_OK);
	json = written(checked);
	assert_string_equal(json, "{\"text\":\"a\",\"port\":993,\"every\":60000}");
	free(json);
}

static void what_is_wrong_is_said_with_its_name(void **state)
{
	static const char *const wrong[][2] = {
		{"{\"text\":\"a\",\"prot\":1}", "unknown option \"prot\"; did you mean \"port\"?"},
		{"{\"text\":\"a\",\"qqqqqqq\":1}", "unknown option \"qqqqqqq\"; known are: "},
		{"{}", "option \"text\" is missing"},
		{"{\"text\":\"abcdef\"}", "option \"text\" must be 1 to 5 bytes long, got 6"},
		{"{\"text\":\"a\",\"port\":0}", "option \"port\" must be 1 to 65535, got 0"},
		{"{\"text\":\"a\",\"header.x\":1}", "option \"header.x\" must be a text, got the number 1"},
		{"{\"text\":\"a\",\"header.\":\"\"}", "unknown option \"header.\""},
		{"[]", "options must be a record"},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const hst_value *checked = NULL;
		hst_error why;

		assert_int_equal(fields_check(*state, order_table, "option", parsed(*state, wrong[i][0]),
					      false, &checked, &why),
				 HST_INVALID);
		assert_null(checked);
		if (strncmp(why.text, wrong[i][1], strlen(wrong[i][1])) != 0)
			fail_msg("%s: %s", wrong[i][0], why.text);
	}
}

static void outputs_of_a_failed_program_may_lack_required_ones(void **state)
{
	const hst_value *checked = NULL;

	assert_int_equal(fields_check(*state, order_table, "output", NULL, true, &checked, NULL), HST_OK);
	assert_null(value_get(checked, "text"));
}

static void a_record_fills_the_struct_and_comes_out_again(void **state)
{
	struct order order = {0};
	const hst_value *checked, *again;
	char *before, *after;

	assert_int_equal(
		fields_check(*state, order_table, "input", parsed(*state, whole), false, &checked, NULL),
		HST_OK);
	fields_bind(*state, order_table, checked, &order);
	assert_string_equal(order.text, "abc");
	assert_string_equal(order.decimal, "1.50");
	assert_int_equal(order.port, 25);
	assert_true(order.ratio == 0.25);
	assert_true(order.loud);
	assert_int_equal(order.size.index, 1);
	assert_int_equal(order.when.us, 1000000);
	assert_int_equal(order.every.ms, 300000);
	assert_int_equal(order.words.n, 2);
	assert_string_equal(order.words.at[1], "b");
	assert_null(order.words.at[2]);
	assert_string_equal(order.file->name, "in.pdf");
	assert_null(order.password);
	assert_int_equal(value_count(order.rows), 1);
	assert_string_equal(value_text(value_get(order.headers, "host")), "y");
	assert_int_equal(fields_unbind(*state, order_table, &order, &again, NULL), HST_OK);
	before = written(checked);
	after = written(again);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

static void an_empty_struct_gives_its_plain_members_alone(void **state)
{
	struct order order = {0};
	const hst_value *record;
	char *json;

	assert_int_equal(fields_unbind(*state, order_table, &order, &record, NULL), HST_INVALID);
	order.port = 1;
	assert_int_equal(fields_unbind(*state, order_table, &order, &record, NULL), HST_OK);
	json = written(record);
	assert_string_equal(
		json, "{\"port\":1,\"ratio\":0,\"loud\":false,\"size\":\"small\",\"every\":0,\"words\":[]}");
	free(json);
}

static void an_output_that_breaks_its_own_rules_is_refused(void **state)
{
	struct order decimal = {.port = 1, .decimal = "1,5"}, choice = {.port = 1, .size = {2}},
		     ratio = {.port = 1};
	const hst_value *record = NULL;

	ratio.ratio = 1e308 * 10;
	assert_int_equal(fields_unbind(*state, order_table, &decimal, &record, NULL), HST_INVALID);
	assert_int_equal(fields_unbind(*state, order_table, &choice, &record, NULL), HST_INVALID);
	assert_int_equal(fields_unbind(*state, order_table, &ratio, &record, NULL), HST_INVALID);
	assert_null(record);
}

/* Stands for locked memory: the layout of a secret is its maker's alone. */
struct hst_secret {
	const char *bytes;
	size_t length;
};

static const void *secret_bytes(const hst_secret *secret, size_t *ret_length)
{
	*ret_length = secret->length;
	return secret->bytes;
}

static hst_secret *secret_make(hst_arena *arena, const void *bytes, size_t length)
{
	hst_secret *secret = arena_alloc(arena, sizeof *secret);

	*secret = (struct hst_secret){arena_copy(arena, bytes, length), length};
	return secret;
}

static void secrets_go_through_the_table_of_the_program(void **state)
{
	static const struct hst_secret_table secrets = {sizeof secrets, secret_bytes, secret_make};
	struct order order = {0};
	const hst_value *checked, *again;

	assert_int_equal(fields_check(*state, order_table, "input",
				      parsed(*state, "{\"text\":\"a\",\"password\":\"hunter2\"}"), false,
				      &checked, NULL),
			 HST_OK);
	fields_bind(*state, order_table, checked, &order);
	assert_null(order.password);
	fields_use_secrets(&secrets);
	fields_bind(*state, order_table, checked, &order);
	assert_int_equal(order.password->length, 7);
	assert_int_equal(fields_unbind(*state, order_table, &order, &again, NULL), HST_OK);
	assert_string_equal(value_text(value_get(again, "password")), "hunter2");
}

static void what_may_be_secret_is_not_quoted(void **state)
{
	static const char *const wrong[] = {"{\"text\":\"a\",\"port\":\"canary\"}", "{\"text\":\"a\",\"canary\":1}"};
	const hst_value *checked;
	hst_error err = {0};

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fields_check(*state, order_table, "output", parsed(*state, wrong[i]), false, &checked, &err), HST_INVALID);
		assert_non_null(strstr(err.text, "canary"));
		assert_int_equal(fields_check_unshown(*state, order_table, "output", parsed(*state, wrong[i]), false, &checked, &err),
				 HST_INVALID);
		assert_null(strstr(err.text, "canary"));
		assert_non_null(strstr(err.text, i ? "unknown output" : "output \"port\" must be of type integer"));
	}
}

static void fields_are_found_by_name_and_by_prefix(void **state)
{
	(void)state;
	assert_ptr_equal(fields_find(order_table, "port"), &order_fields[2]);
	assert_ptr_equal(fields_find(order_table, "header.accept"), &order_fields[12]);
	assert_null(fields_find(order_table, "header"));
	assert_null(fields_find(order_table, "header."));
	assert_string_equal(fields_nearest(order_table, "prot"), "port");
	assert_null(fields_nearest(order_table, "qqqqqqq"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_record_is_made_normal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(defaults_are_filled_in_and_null_is_not_given, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_said_with_its_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(outputs_of_a_failed_program_may_lack_required_ones, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_record_fills_the_struct_and_comes_out_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_empty_struct_gives_its_plain_members_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_output_that_breaks_its_own_rules_is_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(secrets_go_through_the_table_of_the_program, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_may_be_secret_is_not_quoted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(fields_are_found_by_name_and_by_prefix, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
