/* Every rule about descriptors, each broken alone; the message names member and rule. */
#include "plugin/verify.h"

#include <hostler/balancer.h>
#include <hostler/connector.h>
#include <hostler/driver.h>
#include <hostler/strategy.h>
#include <hostler/trigger.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

struct config {
	const char *text;
	int64_t count;
	double share;
	hst_choice size;
	hst_secret *password;
	hst_file *file;
	const hst_value *headers;
	hst_duration every;
};

static const char *const sizes[] = {"small", "large", NULL};

static int open_nothing(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)ret_state, (void)err;
	return HST_OK;
}

static int run_nothing(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
		       const hst_value **ret_values, hst_error *err)
{
	(void)state, (void)call, (void)input, (void)values, (void)output, (void)ret_values, (void)err;
	return HST_OK;
}

static int choose_first(void *state, hst_call *call, const hst_candidate *candidates, size_t n,
			const hst_placement_demand *demand, uint64_t draw, size_t *ret_index, hst_error *err)
{
	(void)state, (void)call, (void)candidates, (void)n, (void)demand, (void)draw, (void)err;
	*ret_index = 0;
	return HST_OK;
}

static int watch_nothing(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	(void)state, (void)call, (void)ret, (void)err;
	return HST_OK;
}

static const hst_trigger_ops trigger_ops = {.size = sizeof trigger_ops};
static const hst_balancer_ops balancer_ops = {.size = sizeof balancer_ops, .choose = choose_first};

static hst_plugin good_trigger(void)
{
	return (hst_plugin){
		.abi = HST_ABI,
		.size = sizeof(hst_plugin),
		.kind = HST_TRIGGER,
		.name = "tick",
		.version = "1.0",
		.summary = "Fires at a fixed pace",
		.config_size = sizeof(struct config),
		.open = open_nothing,
		.ops = &trigger_ops,
	};
}

static hst_plugin good_balancer(void)
{
	hst_plugin plugin = good_trigger();

	plugin.kind = HST_BALANCER;
	plugin.ops = &balancer_ops;
	return plugin;
}

static void good(const hst_plugin *plugin)
{
	hst_error err = {0};

	if (plugin_verify(plugin, "tick", &err) != HST_OK)
		fail_msg("%s", err.text);
}

static void bad(const hst_plugin *plugin, const char *says)
{
	hst_error err = {0};

	assert_int_equal(plugin_verify(plugin, "tick", &err), HST_INVALID);
	if (strncmp(err.text, "plugin \"tick\": ", strlen("plugin \"tick\": ")) != 0 ||
	    !strstr(err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", err.text, says);
}

#define BAD(plugin_, member, value, says)       \
	do {                                    \
		hst_plugin broken_ = (plugin_); \
		broken_.member = value;         \
		bad(&broken_, says);            \
	} while (0)

static void good_descriptors_pass(void **unused)
{
	hst_plugin trigger = good_trigger(), balancer = good_balancer();

	(void)unused;
	good(&trigger);
	good(&balancer);
	trigger.abi = HST_ABI + 7; /* a later minor */
	trigger.size += 64;	   /* has members of later headers */
	good(&trigger);
}

static void the_head_of_a_descriptor(void **unused)
{
	char long_name[] = "abcdefghijklmnopqrstuvwxyz0123456";

	(void)unused;
	BAD(good_trigger(), abi, 0, ".abi");
	BAD(good_trigger(), abi, 2 << 16, ".abi");
	BAD(good_trigger(), size, 0, ".size");
	BAD(good_trigger(), size, (uint32_t)offsetof(hst_plugin, about) - 1, ".size");
	BAD(good_trigger(), kind, 0, ".kind");
	BAD(good_trigger(), kind, HST_KIND_COUNT, ".kind");
	BAD(good_trigger(), name, NULL, ".name");
	BAD(good_trigger(), name, "Tick", ".name");
	BAD(good_trigger(), name, "1tick", ".name");
	BAD(good_trigger(), name, "ti/ck", ".name");
	BAD(good_trigger(), name, long_name, ".name");
	BAD(good_trigger(), name, "tock", "must equal the file's name");
	BAD(good_trigger(), version, NULL, ".version");
	BAD(good_trigger(), version, "", ".version");
	BAD(good_trigger(), summary, NULL, ".summary");
	BAD(good_trigger(), summary, "two\nlines", ".summary");
	BAD(good_trigger(), summary, "\033[2J", ".summary");
	BAD(good_trigger(), version, "1.\xff", ".version");
	BAD(good_trigger(), open, NULL, ".open");
	BAD(good_trigger(), config_size, 1 << 20, ".config_size");
	BAD(good_trigger(), about, "\xff", ".about");
}

/* Built with headers that did not have it yet, it ends before the member, and what lies there is not looked at. */
static void a_member_that_came_later_may_be_absent(void **unused)
{
	hst_plugin plugin = good_trigger();
	char *text = calloc(1, 16 * 1024 + 2);

	(void)unused;
	plugin.about = "Two\n\nparagraphs.";
	good(&plugin);
	plugin.about = memset(text, 'a', 16 * 1024 + 1);
	bad(&plugin, ".about");
	plugin.size = offsetof(hst_plugin, about);
	good(&plugin);
	free(text);
}

static void ops_by_kind(void **unused)
{
	static const hst_balancer_ops cut = {.size = sizeof(size_t), .choose = choose_first};
	static const hst_balancer_ops empty = {.size = sizeof empty};
	static const hst_trigger_ops deaf = {.size = sizeof deaf, .watch = watch_nothing};
	static const hst_trigger_ops no_size = {.size = 0};
	static const hst_strategy_ops strategy = {.size = sizeof strategy, .systems = HST_LINUX};
	static const hst_driver_ops driver = {.size = sizeof driver};
	hst_plugin plugin = good_trigger();

	(void)unused;
	BAD(good_balancer(), ops, NULL, ".ops must point to a hst_balancer_ops");
	BAD(good_trigger(), ops, NULL, ".ops must point to a hst_trigger_ops");
	BAD(good_balancer(), ops, &cut, ".ops->size");
	BAD(good_balancer(), ops, &empty, ".ops->choose");
	BAD(good_trigger(), ops, &deaf, ".ops->ready");
	BAD(good_trigger(), ops, &no_size, ".ops->size");
	plugin.kind = HST_STRATEGY;
	BAD(plugin, ops, &strategy, ".ops->slots");
	plugin.kind = HST_DRIVER;
	BAD(plugin, ops, &driver, ".ops->list");
}

static int slots_none(void *state, hst_call *call, const hst_device *device, const hst_session *sessions,
		      size_t n, int64_t *ret_max, int64_t *ret_free, hst_error *err)
{
	(void)state, (void)call, (void)device, (void)sessions, (void)n, (void)ret_max, (void)ret_free,
		(void)err;
	return HST_OK;
}

static int plan_none(void *state, hst_call *call, const hst_device *device, const hst_session *sessions,
		     size_t n, const hst_demand *demand, hst_plan *ret, hst_error *err)
{
	(void)state, (void)call, (void)device, (void)sessions, (void)n, (void)demand, (void)ret, (void)err;
	return HST_OK;
}

static int retire_none(void *state, hst_call *call, const hst_session *session, hst_retirement *ret,
		       hst_error *err)
{
	(void)state, (void)call, (void)session, (void)ret, (void)err;
	return HST_OK;
}

static void a_strategy_says_what_it_is_for(void **unused)
{
	hst_strategy_ops ops = {
		.size = sizeof ops, .slots = slots_none, .plan = plan_none, .retire = retire_none};
	hst_plugin plugin = good_trigger();

	(void)unused;
	plugin.kind = HST_STRATEGY;
	plugin.ops = &ops;
	bad(&plugin, ".ops->systems");
	ops.systems = 8;
	bad(&plugin, ".ops->systems");
	ops.systems = HST_CLIENT | HST_SERVER;
	good(&plugin);
}

static void with_option(hst_field field, const char *says)
{
	hst_plugin plugin = good_trigger();

	plugin.options = (hst_fields){&field, 1};
	if (says)
		bad(&plugin, says);
	else
		good(&plugin);
}

#define OPTION(...) ((hst_field)HST_FIELD(struct config, __VA_ARGS__))

/* A map goes in and never comes out. */
static void with_map(enum verify_place place, int code)
{
	assert_int_equal(verify_fields("it", (hst_fields){&OPTION(headers, .name = "header.*"), 1}, place, sizeof(struct config), NULL), code);
}

static void options_that_pass(void **unused)
{
	(void)unused;
	with_option(OPTION(text, .def = "hello"), NULL);
	with_option(OPTION(text, .as = HST_TYPE_NUMBER, .def = "0.10"), NULL);
	with_option(OPTION(count, .def = "3", .min = 1, .max = 9), NULL);
	with_option(OPTION(share, .def = "0.5"), NULL);
	with_option(OPTION(size, .choices = sizes, .def = "large"), NULL);
	with_option(OPTION(password, .required = true), NULL);
	with_option(OPTION(headers, .name = "header.*"), NULL);
	with_option(OPTION(headers, .name = "header.*", .as = HST_TYPE_INTEGER), NULL);
	with_option(OPTION(every, .def = "90s"), NULL);
	with_map(VERIFY_INPUT, HST_OK);
	with_map(VERIFY_OUTPUT, HST_INVALID);
}

static void every_rule_about_fields(void **unused)
{
	hst_field field;

	(void)unused;
	with_option(OPTION(text, .name = "Text"), ".options[0] \"Text\": .name");
	with_option(OPTION(text, .name = "a-b"), ".name");
	with_option(OPTION(text, .name = ""), ".name");
	with_option(OPTION(text, .name = "abcdefghijklmnopqrstuvwxyz01234567890123456789abc"), ".name");
	with_option(OPTION(headers, .name = ".*"), ".name");
	with_option(OPTION(text, .name = "header.*"), "only for options and inputs of type const hst_value *");
	with_option(OPTION(text, .as = HST_TYPE_TABLE), ".as");
	with_option(OPTION(count, .as = HST_TYPE_TEXT), ".as");
	with_option(OPTION(text, .as = HST_TYPE_COUNT), ".as");
	with_option(OPTION(file), "file of the run");
	with_option(OPTION(size), ".choices");
	with_option(OPTION(text, .choices = sizes), ".choices");
	with_option(OPTION(size, .choices = (const char *const[]){NULL}), ".choices");
	with_option(OPTION(size, .choices = (const char *const[]){"a", "b", "a", NULL}), "differ");
	with_option(OPTION(count, .min = 3, .max = 2), ".min");
	with_option(OPTION(count, .derived = true), ".derived");
	with_option(OPTION(text, .required = true, .def = "x"), ".required");
	with_option(OPTION(password, .def = "hunter2"), ".def");
	with_option(OPTION(count, .def = "three"), ".def");
	with_option(OPTION(count, .def = "10", .min = 1, .max = 9), ".def");
	with_option(OPTION(size, .choices = sizes, .def = "medium"), ".def");
	with_option(OPTION(every, .def = "soon"), ".def");
	with_option(OPTION(text, .doc = ""), ".doc");
	with_option(OPTION(text, .doc = "two\nlines"), ".doc");
	with_option(OPTION(text, .doc = "\xff"), ".doc");
	with_option(OPTION(text, .label = "\033[2J"), ".label");
	with_option(OPTION(size, .choices = (const char *const[]){"", NULL}), ".choices");
	with_option(OPTION(size, .choices = (const char *const[]){"a\nb", NULL}), ".choices");
	with_option(OPTION(share, .def = "2.5", .min = 1, .max = 2), ".def");
	with_option(OPTION(headers, .max = 2), ".min");
	with_option(OPTION(text, .min = -1, .max = 2), ".min");
	with_option(OPTION(every, .min = -1, .max = 2), ".min");

	field = OPTION(text);
	field.type = HST_TYPE_NONE;
	with_option(field, ".type");
	field.type = HST_TYPE_TABLE;
	with_option(field, ".type");
	field.type = HST_TYPE_COUNT;
	with_option(field, ".type");
	field = OPTION(text);
	field.member = NULL;
	with_option(field, ".name");
	field = OPTION(count);
	field.offset = sizeof(struct config) - sizeof(int64_t) + 1;
	with_option(field, ".offset");
	field.offset = SIZE_MAX;
	with_option(field, ".offset");
	field.offset = offsetof(struct config, count) + 1;
	with_option(field, ".offset must be where such a member can lie");
}

static void names_are_used_once(void **unused)
{
	static const hst_field twice[] = {
		HST_FIELD(struct config, text, .doc = "one"),
		HST_FIELD(struct config, count, .name = "text", .doc = "two"),
	};
	hst_plugin plugin = good_trigger();

	(void)unused;
	plugin.options = (hst_fields)HST_FIELDS(twice);
	bad(&plugin, ".options[1] \"text\": .name must not be used twice");
}

static void members_are_used_once(void **unused)
{
	static const hst_field twice[] = {
		HST_FIELD(struct config, text, .doc = "one"),
		HST_FIELD(struct config, text, .name = "words", .doc = "two"),
	};
	hst_plugin plugin = good_trigger();

	(void)unused;
	plugin.options = (hst_fields)HST_FIELDS(twice);
	bad(&plugin, ".options[1] \"words\": .offset must not be another field's");
}

static int fields_none(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	(void)config, (void)call, (void)ret, (void)err;
	return HST_OK;
}

static void tables_are_there_and_not_too_long(void **unused)
{
	hst_plugin plugin = good_trigger();

	(void)unused;
	plugin.options = (hst_fields){NULL, 1};
	bad(&plugin, ".options: .at");
	plugin.options = (hst_fields){NULL, 100000};
	bad(&plugin, "at most 256 fields");
}

static void events_belong_to_triggers_and_hold_no_double(void **unused)
{
	static const hst_field text[] = {HST_FIELD(struct config, text, .doc = "a")};
	static const hst_field number[] = {HST_FIELD(struct config, share, .doc = "a")};
	hst_plugin trigger = good_trigger(), balancer = good_balancer();

	(void)unused;
	trigger.event = (hst_fields)HST_FIELDS(text);
	good(&trigger);
	trigger.event = (hst_fields)HST_FIELDS(number);
	bad(&trigger, "double only for options");
	balancer.event = (hst_fields)HST_FIELDS(text);
	bad(&balancer, ".event");
}

static hst_plugin connector_of(const hst_action *actions, size_t n)
{
	hst_plugin plugin = good_trigger();

	plugin.kind = HST_CONNECTOR;
	plugin.ops = NULL;
	plugin.actions = actions;
	plugin.action_count = n;
	return plugin;
}

static void with_action(hst_action action, const char *says)
{
	hst_plugin plugin = connector_of(&action, 1);

	if (says)
		bad(&plugin, says);
	else
		good(&plugin);
}

#define BAD_ACTION(member, value, says)     \
	do {                                \
		hst_action broken_ = fine;  \
		broken_.member = value;     \
		with_action(broken_, says); \
	} while (0)

static void every_rule_about_actions(void **unused)
{
	static const hst_field fields[] = {HST_FIELD(struct config, text, .doc = "a")};
	static const hst_field derived[] = {HST_FIELD(struct config, text, .derived = true, .doc = "a")};
	const hst_action fine = {
		.name = "send",
		.summary = "Sends",
		.inputs = HST_FIELDS(fields),
		.input_size = sizeof(struct config),
		.outputs = HST_FIELDS(derived),
		.output_size = sizeof(struct config),
		.flags = HST_IDEMPOTENT,
		.run = run_nothing,
	};
	const hst_action twice[] = {fine, fine};
	hst_plugin plugin;

	(void)unused;
	with_action(fine, NULL);
	plugin = connector_of(twice, 2);
	bad(&plugin, "\"send\" must not be used twice");
	plugin = connector_of(NULL, 0);
	bad(&plugin, ".actions");
	plugin = connector_of(&fine, 1);
	plugin.ops = &trigger_ops;
	bad(&plugin, ".ops must be NULL");
	plugin = good_trigger();
	plugin.actions = &fine;
	plugin.action_count = 1;
	bad(&plugin, ".actions may be set only by connectors");

	BAD_ACTION(name, "Send", ".actions[0].name");
	BAD_ACTION(name, NULL, ".actions[0].name");
	BAD_ACTION(summary, NULL, "\"send\" .summary");
	BAD_ACTION(run, NULL, "\"send\" .run");
	BAD_ACTION(input_size, 0, "\"send\" .inputs[0] \"text\": .offset");
	BAD_ACTION(output_size, 4, "\"send\" .outputs[0] \"text\": .offset");
	BAD_ACTION(input_size, 1 << 20, "64 KiB");
	BAD_ACTION(flags, 2, ".flags");
	BAD_ACTION(deadline.ms, -1, ".deadline");
	BAD_ACTION(inputs, (hst_fields)HST_FIELDS(derived), ".derived");
}

static void what_fields_decides_is_said_nowhere_else(void **unused)
{
	static const hst_field fields[] = {HST_FIELD(struct config, text, .doc = "a")};
	const hst_action action = {.name = "send", .summary = "Sends", .inputs = HST_FIELDS(fields), .input_size = sizeof(struct config), .run = run_nothing};
	hst_plugin trigger = good_trigger(), connector = connector_of(&action, 1);

	(void)unused;
	BAD(connector, fields, fields_none, ".actions must have no inputs and outputs");
	trigger.event = (hst_fields)HST_FIELDS(fields);
	trigger.fields = fields_none; /* which may look at the options alone */
	good(&trigger);
}

static void fields_made_at_run_time_have_no_struct(void **unused)
{
	static const hst_field fields[] = {
		{.name = "rows", .type = HST_TYPE_TABLE, .offset = 12345},
		{.name = "price", .type = HST_TYPE_NUMBER, .def = "1.5"},
	};
	static const hst_field wrong[] = {{.name = "price", .type = HST_TYPE_INTEGER, .def = "1.5"}};
	hst_error err = {0};

	(void)unused;
	assert_int_equal(
		verify_fields("inputs", (hst_fields)HST_FIELDS(fields), VERIFY_INPUT, SIZE_MAX, &err),
		HST_OK);
	assert_int_equal(verify_fields("inputs", (hst_fields)HST_FIELDS(wrong), VERIFY_INPUT, SIZE_MAX, &err),
			 HST_INVALID);
	assert_non_null(strstr(err.text, "inputs[0] \"price\": .def"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_descriptors_pass),
		cmocka_unit_test(the_head_of_a_descriptor),
		cmocka_unit_test(a_member_that_came_later_may_be_absent),
		cmocka_unit_test(ops_by_kind),
		cmocka_unit_test(a_strategy_says_what_it_is_for),
		cmocka_unit_test(options_that_pass),
		cmocka_unit_test(every_rule_about_fields),
		cmocka_unit_test(names_are_used_once),
		cmocka_unit_test(members_are_used_once),
		cmocka_unit_test(what_fields_decides_is_said_nowhere_else),
		cmocka_unit_test(tables_are_there_and_not_too_long),
		cmocka_unit_test(events_belong_to_triggers_and_hold_no_double),
		cmocka_unit_test(every_rule_about_actions),
		cmocka_unit_test(fields_made_at_run_time_have_no_struct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
