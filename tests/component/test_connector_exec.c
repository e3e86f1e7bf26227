/*
 * The connector "exec" against a host whose program services are faked: what it asks for and what it passes
 * on.
 */
#include "../contract/staged.h"

#include "plugin/connector.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const hst_field inputs[] = {
	{.name = "order", .type = HST_TYPE_INTEGER, .required = true},
	{.name = "copies", .type = HST_TYPE_INTEGER, .def = "2"},
};
static const hst_field outputs[] = {{.name = "file", .type = HST_TYPE_TEXT, .required = true}};

static char described[256], ran[256];
static const hst_value *given;
static bool forget_output;

static int fake_describe(hst_call *call, const char *manifest_path, hst_program_shape *ret, hst_error *err)
{
	(void)call;
	snprintf(described, sizeof described, "%s", manifest_path);
	if (strstr(manifest_path, "missing"))
		return hst_fail(err, HST_NOT_FOUND, "%s is not there", manifest_path);
	ret->inputs = (hst_fields)HST_FIELDS(inputs);
	ret->outputs = (hst_fields)HST_FIELDS(outputs);
	ret->timeout.ms = 5000;
	return HST_OK;
}

static int fake_run(hst_call *call, const char *manifest_path, const hst_value *values,
		    const hst_value **ret_outputs, hst_error *err)
{
	hst_value *record = hst_make_record(call);
	int64_t order = 0;

	snprintf(ran, sizeof ran, "%s", manifest_path);
	given = values;
	hst_integer(call, hst_get(call, values, "order"), &order);
	if (order == 13)
		return hst_fail_as(err, HST_INVALID, "FlowFailed", "exit status 3");
	if (!forget_output)
		hst_set(call, record, "file", hst_make_text(call, "a.pdf", 5));
	*ret_outputs = record;
	return HST_OK;
}

static void load(struct staged *staged)
{
	staged_load(staged, HST_CONNECTOR, "exec");
	staged->host.program_describe = fake_describe;
	staged->host.program_run = fake_run;
	described[0] = ran[0] = '\0';
	forget_output = false;
}

static hst_shape shape_of(struct staged *staged)
{
	hst_shape shape;
	hst_error err = {0};

	if (plugin_shape(staged->plugin, staged->options, &staged->host, staged->arena, &shape, &err) !=
	    HST_OK)
		fail_msg("%s", err.text);
	return shape;
}

static int run(struct staged *staged, const char *const *pairs, const hst_value **ret, hst_error *err)
{
	hst_shape shape = shape_of(staged);

	return connector_run(staged->instance, connector_action(staged->instance, "run"), &shape,
			     &staged->call, staged_record(staged->arena, pairs), false, ret, err);
}

static void its_shape_is_that_of_the_manifest(void **unused)
{
	struct staged staged;
	hst_shape shape;

	(void)unused;
	load(&staged);
	staged_open(&staged, PAIRS("program", "/srv/convert/desktop-flow.ini"));
	shape = shape_of(&staged);
	assert_string_equal(described, "/srv/convert/desktop-flow.ini");
	assert_int_equal(shape.inputs.n, 2);
	assert_int_equal(shape.outputs.n, 1);
	assert_int_equal(shape.deadline.ms, 5000);
	assert_string_equal(ran, "");
	staged_close(&staged);
}

static void it_runs_the_program_with_checked_inputs(void **unused)
{
	struct staged staged;
	const hst_value *out = NULL;
	hst_error err = {0};
	int64_t copies = 0;

	(void)unused;
	load(&staged);
	staged_open(&staged, PAIRS("program", "/srv/convert/desktop-flow.ini"));
	if (run(&staged, PAIRS("order", "4711"), &out, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_string_equal(ran, "/srv/convert/desktop-flow.ini");
	assert_true(value_integer(value_get(given, "copies"), &copies));
	assert_int_equal(copies, 2);
	assert_string_equal(value_text(value_get(out, "file")), "a.pdf");
	staged_close(&staged);
}

static void what_does_not_fit_never_runs_or_never_gets_out(void **unused)
{
	struct staged staged;
	const hst_value *out = NULL;
	hst_error err = {0};

	(void)unused;
	load(&staged);
	staged_open(&staged, PAIRS("program", "/srv/convert/desktop-flow.ini"));
	assert_int_equal(run(&staged, PAIRS("order", "many"), &out, &err), HST_INVALID);
	assert_string_equal(err.reason, "InputInvalid");
	assert_string_equal(ran, "");
	assert_int_equal(run(&staged, PAIRS("order", "13"), &out, &err), HST_INVALID);
	assert_string_equal(err.reason, "FlowFailed");
	assert_string_equal(err.text, "exit status 3");
	forget_output = true;
	assert_int_equal(run(&staged, PAIRS("order", "1"), &out, &err), HST_INVALID);
	assert_string_equal(err.reason, "OutputInvalid");
	assert_null(out);
	staged_close(&staged);
}

static void a_wrong_program_is_said_early(void **unused)
{
	struct staged staged;
	hst_error err = {0};

	(void)unused;
	load(&staged);
	assert_int_equal(staged_try(&staged, PAIRS("program", "convert/desktop-flow.ini"), &err),
			 HST_INVALID);
	assert_non_null(strstr(err.text, "absolute"));
	assert_int_equal(staged_try(&staged, PAIRS("program", "/missing.ini"), &err), HST_NOT_FOUND);
	assert_non_null(strstr(err.text, "/missing.ini"));
	staged_close(&staged);
}

static void check_reads_the_manifest(void **unused)
{
	struct staged staged;
	hst_error err = {0};

	(void)unused;
	load(&staged);
	staged_open(&staged, PAIRS("program", "/srv/convert/desktop-flow.ini"));
	described[0] = '\0';
	assert_int_equal(plugin_check(staged.instance, &staged.call, &err), HST_OK);
	assert_string_equal(described, "/srv/convert/desktop-flow.ini");
	staged_close(&staged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_shape_is_that_of_the_manifest),
		cmocka_unit_test(it_runs_the_program_with_checked_inputs),
		cmocka_unit_test(what_does_not_fit_never_runs_or_never_gets_out),
		cmocka_unit_test(a_wrong_program_is_said_early),
		cmocka_unit_test(check_reads_the_manifest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
