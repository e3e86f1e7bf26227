/* What a configuration names, loaded and held against each other, with the plugins as they are installed. */
#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "definitions/alerts.h"
#include "definitions/definitions.h"
#include "definitions/options.h"
#include "os/files.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *fixture(const char *name)
{
	const char *top = getenv("SRCDIR");

	return mem_printf("%s/tests/fixtures/definitions/%s", top ? top : ".", name);
}

static struct definitions *load(const char *name, struct problems *problems)
{
	char *path = fixture(name);
	struct conf *conf;

	problems_init(problems);
	conf = conf_load(path, problems);
	for (size_t i = 0; !conf && i < problems->n; i++)
		print_message("%s:%d: %s\n", problems->at[i].file, problems->at[i].line, problems->at[i].text);
	free(path);
	assert_non_null(conf);
	return definitions_load(conf, problems);
}

/* The text with every `from` replaced; takes `text`. */
static char *replaced(char *text, const char *from, const char *to)
{
	struct text changed;
	const char *at = text;

	text_init(&changed, 1 << 16);
	for (const char *found; (found = strstr(at, from)) != NULL; at = found + strlen(from)) {
		text_bytes(&changed, at, (size_t)(found - at));
		text_add(&changed, to);
	}
	text_add(&changed, at);
	free(text);
	return text_take(&changed);
}

/* Every problem as a line, without the folders of this machine. */
static char *lines_of(const struct problems *problems, const char *folder)
{
	char *inside = mem_printf("%s/", folder), *base = fixture(inside);
	struct text lines;
	char *text;

	text_init(&lines, 1 << 16);
	for (size_t i = 0; i < problems->n; i++) {
		char *line = problem_line(&problems->at[i]);

		text_addf(&lines, "%s\n", line);
		free(line);
	}
	text = replaced(replaced(text_take(&lines), base, ""), files_plugin_directory(), "PLUGINS");
	free(base);
	free(inside);
	return text;
}

static struct definitions *load_good(void)
{
	struct problems problems;
	struct definitions *definitions = load("good/hostler.ini", &problems);
	char *lines = lines_of(&problems, "good");

	assert_string_equal(lines, "");
	free(lines);
	problems_clear(&problems);
	return definitions;
}

static void everything_a_good_configuration_names_is_there(void **state)
{
	struct definitions *definitions = load_good();
	const struct definition *start = definitions_instance(definitions, HST_TRIGGER, "start");

	(void)state;
	assert_non_null(start);
	assert_false(start->bad);
	assert_true(start->manifest.pressable);
	assert_true(start->event.n >= 2);
	assert_non_null(fields_find(start->event, "order"));
	assert_int_equal(field_type(fields_find(start->event, "order")), HST_TYPE_INTEGER);
	assert_non_null(fields_find(definitions_instance(definitions, HST_TRIGGER, "nightly")->event, "due"));
	assert_non_null(definitions_instance(definitions, HST_CONNECTOR, "orders"));
	assert_null(definitions_instance(definitions, HST_CONNECTOR, "nobody"));
	assert_non_null(table_get(&definitions->packages, "enter"));
	assert_non_null(table_get(&definitions->flows, "enter-order"));
	definitions_free(definitions);
}

static void paths_are_relative_to_the_file_that_says_them(void **state)
{
	struct definitions *definitions = load_good();
	const struct definition *orders = definitions_instance(definitions, HST_CONNECTOR, "orders");
	const char *root = value_text(value_get(orders->options, "root"));
	char *folder = fixture("good/orders");

	(void)state;
	assert_int_equal(root[0], '/');
	assert_int_equal(access(root, R_OK), 0);
	assert_string_equal(strrchr(root, '/'), strrchr(folder, '/'));
	free(folder);
	definitions_free(definitions);
}

/* The file that has it is there, and nobody but the worker looks into it. */
static void a_secret_stays_its_name(void **state)
{
	struct definitions *definitions = load_good();
	const struct definition *keys = definitions_instance(definitions, HST_CONNECTOR, "keys");
	const struct definition *orders = definitions_instance(definitions, HST_CONNECTOR, "orders");

	(void)state;
	assert_string_equal(value_text(value_get(keys->options, "secret.ledger")), "secret:ledger");
	assert_true(definitions_has_secret(keys->manifest.options, keys->options));
	assert_false(definitions_has_secret(orders->manifest.options, orders->options));
	definitions_free(definitions);
}

static void bare_plugin_names_stand_for_instances(void **state)
{
	struct definitions *definitions = load_good();
	const struct definition *random = definitions_instance(definitions, HST_BALANCER, "random");
	const struct definition *few = definitions_instance(definitions, HST_STRATEGY, "few");
	int64_t sessions = 0;

	(void)state;
	assert_non_null(random);
	assert_false(random->bad);
	assert_non_null(definitions_instance(definitions, HST_DRIVER, "null"));
	assert_non_null(few);
	assert_true(value_integer(value_get(few->options, "max_sessions"), &sessions));
	assert_int_equal(sessions, 3);
	assert_true(few->manifest.systems != 0);
	definitions_free(definitions);
}

static void actions_have_the_shape_of_their_instance(void **state)
{
	struct definitions *definitions = load_good();
	const struct definition *orders = definitions_instance(definitions, HST_CONNECTOR, "orders");
	const struct definition *tool = definitions_instance(definitions, HST_CONNECTOR, "tool");
	hst_fields inputs = {0}, outputs = {0};
	hst_duration deadline = {0};

	(void)state;
	assert_true(definitions_action(orders, "read_row", &inputs, &outputs, &deadline));
	assert_non_null(fields_find(inputs, "where"));
	assert_non_null(fields_find(outputs, "row"));
	assert_false(definitions_action(orders, "explode", &inputs, &outputs, &deadline));
	assert_true(definitions_action(tool, "run", &inputs, &outputs, &deadline));
	assert_int_equal(inputs.n, 1);
	assert_non_null(fields_find(inputs, "word"));
	assert_non_null(fields_find(outputs, "loud"));
	assert_int_equal(deadline.ms, 90000);
	definitions_free(definitions);
}

/* What it leaves out of what its action takes is filled with the alert's own words. */
static void an_alert_has_its_conditions_and_all_its_action_needs(void **state)
{
	struct definitions *definitions = load_good();
	const struct alert_definition *alert = definitions->alerts;

	(void)state;
	assert_int_equal(definitions->alert_count, 1);
	assert_int_equal(alert->condition_count, 3);
	assert_int_equal(alert->conditions[1].kind, ALERT_WAITING);
	assert_int_equal(alert->conditions[1].limit, 300000);
	assert_int_equal(alert->conditions[2].limit, INT64_C(500) << 20);
	assert_int_equal(alert->conf->flow_count, 1);
	assert_int_equal(alert->conf->repeat.ms, 0);
	assert_false(alert->conf->closing);
	assert_string_equal(alert->step->target, "orders");
	assert_string_equal(alert->step->action, "append");
	assert_int_equal(alert->step->input_count, 2);
	assert_string_equal(alert->step->inputs[0].name, "file");
	assert_string_equal(alert->step->inputs[1].name, "text");
	assert_string_equal(alert->step->inputs[1].value.text, "${alert.text}");
	definitions_free(definitions);
}

static void a_flow_has_the_digest_of_its_text(void **state)
{
	struct definitions *one = load_good(), *other = load_good();
	const struct flow *flow = table_get(&one->flows, "enter-order");
	const struct flow *again = table_get(&other->flows, "enter-order");

	(void)state;
	assert_int_equal(strlen(flow->digest), 64);
	assert_string_equal(flow->digest, again->digest);
	assert_int_equal(strspn(flow->digest, "0123456789abcdef"), 64);
	definitions_free(one);
	definitions_free(other);
}

static void every_error_is_named_in_one_go(void **state)
{
	struct problems problems;
	struct definitions *definitions = load("bad/hostler.ini", &problems);
	char *lines = lines_of(&problems, "bad"), *path = fixture("bad/expected.txt"), *expected = NULL;
	size_t length = 0;

	(void)state;
	assert_int_equal(files_read(path, 1 << 16, &expected, &length, NULL), HST_OK);
	assert_string_equal(lines, expected);
	free(expected);
	free(path);
	free(lines);
	problems_clear(&problems);
	definitions_free(definitions);
}

/* Programs look for each other in their own folder; a test is a program of the house, too. */
static int link_worker(void **state)
{
	const char *programs = getenv("HOSTLER_PROGRAMS");
	char *target = files_join(programs ? programs : ".", "hostler-worker");
	char *link = files_join(files_program_directory(), "hostler-worker");
	int failed;

	(void)state;
	unlink(link);
	failed = symlink(target, link);
	free(target);
	free(link);
	return failed;
}

static int unlink_worker(void **state)
{
	char *link = files_join(files_program_directory(), "hostler-worker");

	(void)state;
	unlink(link);
	free(link);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_a_good_configuration_names_is_there),
		cmocka_unit_test(paths_are_relative_to_the_file_that_says_them),
		cmocka_unit_test(a_secret_stays_its_name),
		cmocka_unit_test(bare_plugin_names_stand_for_instances),
		cmocka_unit_test(actions_have_the_shape_of_their_instance),
		cmocka_unit_test(an_alert_has_its_conditions_and_all_its_action_needs),
		cmocka_unit_test(a_flow_has_the_digest_of_its_text),
		cmocka_unit_test(every_error_is_named_in_one_go),
	};

	return cmocka_run_group_tests(tests, link_worker, unlink_worker);
}
