/* What a plugin says of itself survives the way over JSON, and what a worker makes up is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "schema/manifest.h"
#include "schema/value.h"

#include <hostler/strategy.h>
#include <hostler/trigger.h>

#include <stdlib.h>
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

static const char *const sizes[] = {"small", "large", NULL};

struct options {
	const char *decimal;
	hst_choice size;
	hst_duration every;
	const hst_value *headers;
};

static const hst_field option_table[] = {
	HST_FIELD(struct options, decimal, .as = HST_TYPE_NUMBER, .required = true, .doc = "how \"much\""),
	HST_FIELD(struct options, size, .choices = sizes, .def = "small", .label = "Size"),
	HST_FIELD(struct options, every, .min = 1000, .max = 60000),
	HST_FIELD(struct options, headers, .name = "header.*"),
};

static const hst_field output_table[] = {HST_FIELD(struct options, decimal, .derived = true)};

static int press(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event, hst_error *err)
{
	(void)state, (void)call, (void)inputs, (void)ret_event, (void)err;
	return HST_OK;
}

static int shape(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	(void)config, (void)call, (void)ret, (void)err;
	return HST_OK;
}

static char *written(const hst_value *value)
{
	struct text text;

	text_init(&text, 100000);
	value_write_json(&text, value);
	return text_take(&text);
}

/* Over JSON and back, as between `hostler-worker describe` and the engine. */
static void carry(hst_arena *arena, const struct manifest *from, struct manifest *ret)
{
	char *json = written(manifest_to_value(arena, from)), *again;
	const hst_value *value;
	hst_error why;

	assert_int_equal(value_parse_json(arena, json, strlen(json), &value, NULL), HST_OK);
	if (manifest_from_value(arena, value, ret, &why))
		fail_msg("%s", why.text);
	again = written(manifest_to_value(arena, ret));
	assert_string_equal(again, json);
	free(again);
	free(json);
}

static void a_connector_survives_json(void **state)
{
	const hst_action actions[] = {
		{.name = "send",
		 .summary = "Sends",
		 .inputs = HST_FIELDS(option_table),
		 .outputs = HST_FIELDS(output_table),
		 .deadline = {5000},
		 .flags = HST_IDEMPOTENT},
		{.name = "look", .summary = "Looks"},
	};
	const hst_plugin plugin = {.abi = HST_ABI,
				   .size = sizeof plugin,
				   .kind = HST_CONNECTOR,
				   .name = "post-box",
				   .version = "1.0",
				   .summary = "Posts",
				   .options = HST_FIELDS(option_table),
				   .actions = actions,
				   .action_count = 2,
				   .fields = shape};
	const struct manifest_action *send;
	struct manifest said, heard;

	manifest_from_plugin(*state, &plugin, &said);
	carry(*state, &said, &heard);
	assert_int_equal(heard.kind, HST_CONNECTOR);
	assert_string_equal(heard.name, "post-box");
	assert_true(heard.shaped);
	assert_false(heard.pressable);
	assert_int_equal(heard.options.n, 4);
	assert_int_equal(heard.options.at[0].type, HST_TYPE_NUMBER);
	assert_true(heard.options.at[0].required);
	assert_string_equal(heard.options.at[0].doc, "how \"much\"");
	assert_string_equal(heard.options.at[1].choices[1], "large");
	assert_null(heard.options.at[1].choices[2]);
	assert_string_equal(heard.options.at[1].label, "Size");
	assert_int_equal(heard.options.at[2].max, 60000);
	assert_string_equal(heard.options.at[3].name, "header.*");
	assert_int_equal(heard.action_count, 2);
	send = manifest_action(&heard, "send");
	assert_int_equal(send->deadline.ms, 5000);
	assert_true(send->idempotent);
	assert_true(send->outputs.at[0].derived);
	assert_int_equal(manifest_action(&heard, "look")->inputs.n, 0);
	assert_null(manifest_action(&heard, "none"));
}

static void ops_that_the_plugin_lacks_are_absent(void **state)
{
	hst_trigger_ops ops = {.size = sizeof ops, .press = press};
	hst_plugin plugin = {.abi = HST_ABI,
			     .size = sizeof plugin,
			     .kind = HST_TRIGGER,
			     .name = "t",
			     .version = "1",
			     .ops = &ops};
	struct manifest said, heard;

	manifest_from_plugin(*state, &plugin, &said);
	carry(*state, &said, &heard);
	assert_true(heard.pressable);
	/* A plugin built before `press` was there has something else behind its ops. */
	ops.size = offsetof(hst_trigger_ops, press);
	manifest_from_plugin(*state, &plugin, &said);
	assert_false(said.pressable);
	plugin.ops = NULL;
	manifest_from_plugin(*state, &plugin, &said);
	assert_false(said.pressable);
}

static void a_strategy_says_its_systems(void **state)
{
	const hst_strategy_ops ops = {.size = sizeof ops, .systems = HST_SERVER | HST_LINUX};
	const hst_plugin plugin = {.abi = HST_ABI,
				   .size = sizeof plugin,
				   .kind = HST_STRATEGY,
				   .name = "s",
				   .version = "1",
				   .ops = &ops};
	struct manifest said, heard;

	manifest_from_plugin(*state, &plugin, &said);
	carry(*state, &said, &heard);
	assert_int_equal(heard.systems, HST_SERVER | HST_LINUX);
}

static void a_manifest_outlives_its_plugin(void **state)
{
	char name[] = "tick", choice[] = "small";
	const char *choices[] = {choice, NULL};
	hst_field option = {.member = name, .type = HST_TYPE_CHOICE, .choices = choices};
	const hst_plugin plugin = {.abi = HST_ABI,
				   .size = sizeof plugin,
				   .kind = HST_BALANCER,
				   .name = name,
				   .version = "1",
				   .options = {&option, 1}};
	struct manifest said;

	manifest_from_plugin(*state, &plugin, &said);
	name[0] = choice[0] = 'x';
	choices[0] = NULL;
	assert_string_equal(said.name, "tick");
	assert_string_equal(said.options.at[0].name, "tick");
	assert_string_equal(said.options.at[0].choices[0], "small");
}

static void what_is_no_manifest_is_refused(void **state)
{
	static const char *const wrong[][2] = {
		{"[]", "members must be a record"},
		{"{\"kind\":\"driver\",\"version\":\"1\"}", "member \"name\" is missing"},
		{"{\"kind\":\"plug\",\"name\":\"a\",\"version\":\"1\"}", "must be one of trigger, connector"},
		{"{\"kind\":\"driver\",\"name\":\"../a\",\"version\":\"1\"}", "no name of a plugin"},
		{"{\"kind\":\"driver\",\"name\":\"a\",\"version\":\"1\",\"extra\":1}",
		 "unknown member \"extra\""},
		{"{\"kind\":\"driver\",\"name\":\"a\",\"version\":\"1\",\"options\":[{\"name\":\"A\","
		 "\"type\":\"text\"}]}",
		 "no name of a field"},
		{"{\"kind\":\"driver\",\"name\":\"a\",\"version\":\"1\",\"options\":[{\"name\":\"a\","
		 "\"type\":\"string\"}]}",
		 "there is no type \"string\""},
		{"{\"kind\":\"driver\",\"name\":\"a\",\"version\":\"1\",\"options\":[{\"name\":\"a\","
		 "\"type\":\"choice\"}]}",
		 "a choice needs choices"},
		{"{\"kind\":\"driver\",\"name\":\"a\",\"version\":\"1\",\"options\":[{\"name\":\"a\","
		 "\"type\":\"text\"},"
		 "{\"name\":\"a\",\"type\":\"text\"}]}",
		 "field \"a\" is there twice"},
		{"{\"kind\":\"driver\",\"name\":\"a\",\"version\":\"1\",\"actions\":[{\"name\":\"a\"},{"
		 "\"name\":\"a\"}]}",
		 "action \"a\" is there twice"},
		{"{\"kind\":\"strategy\",\"name\":\"a\",\"version\":\"1\",\"systems\":[\"amiga\"]}",
		 "there is no system \"amiga\""},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const hst_value *value;
		struct manifest manifest;
		hst_error why;

		assert_int_equal(value_parse_json(*state, wrong[i][0], strlen(wrong[i][0]), &value, NULL),
				 HST_OK);
		assert_int_equal(manifest_from_value(*state, value, &manifest, &why), HST_INVALID);
		if (!strstr(why.text, wrong[i][1]))
			fail_msg("%s: %s", wrong[i][0], why.text);
	}
}

static void kinds_have_names(void **state)
{
	(void)state;
	for (hst_plugin_kind kind = HST_TRIGGER; kind < HST_KIND_COUNT; kind++)
		assert_int_equal(manifest_kind_named(manifest_kind_name(kind)), kind);
	assert_int_equal(manifest_kind_named("store"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_connector_survives_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ops_that_the_plugin_lacks_are_absent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_strategy_says_its_systems, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_manifest_outlives_its_plugin, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_manifest_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kinds_have_names, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
