/* What people type, read against the table of commands; and the table itself. */
#include "cli/options.h"

#include "cli/examples.h"
#include "pure/core/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct options options;
static hst_error err;

static int read_words(const char *const *words)
{
	const char *argv[32] = {"hostler"};
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = words[argc - 1];
	options_clear(&options);
	memset(&err, 0, sizeof err);
	return options_read(argc, (char *const *)(void *)argv, &options, &err);
}

#define READ(...) read_words((const char *const[]){__VA_ARGS__, NULL})

static int clear(void **state)
{
	(void)state;
	options_clear(&options);
	return 0;
}

static void refused(int code, const char *reason, const char *part)
{
	assert_int_equal(code, HST_INVALID);
	assert_string_equal(err.reason, reason);
	if (!strstr(err.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, err.text);
}

static void options_may_stand_anywhere(void **state)
{
	(void)state;
	assert_int_equal(READ("-c", "a.ini", "press", "--wait", "order", "--json"), HST_OK);
	assert_string_equal(options.command->name, "press");
	assert_string_equal(options_value(&options, "conf"), "a.ini");
	assert_true(options_has(&options, "wait"));
	assert_true(options_has(&options, "json"));
	assert_int_equal(options.argument_count, 1);
	assert_string_equal(options.arguments[0], "order");
}

static void a_key_may_begin_with_a_dash(void **state)
{
	static const char *const keys[] = {"-vcmVmVVS97F6NGrtL10vaueuSAPgnZz2dPdiRT0LgQ",
					   "--cmVmVVS97F6NGrtL10vaueuSAPgnZz2dPdiRT0LgQ"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(READ("gateway", "add", "ts-01", keys[i]), HST_OK);
		assert_int_equal(options.argument_count, 3);
		assert_string_equal(options.arguments[2], keys[i]);
	}
	refused(READ("gateway", "add", "ts-01", "-vcmVmVVS97F6NGrtL10"), "Usage", "there is no option -vcm");
}

static void values_may_be_attached(void **state)
{
	(void)state;
	assert_int_equal(READ("runs", "--flow=a=b", "-n5", "-cx"), HST_OK);
	assert_string_equal(options_value(&options, "flow"), "a=b");
	assert_string_equal(options_value(&options, "number"), "5");
	assert_string_equal(options_value(&options, "conf"), "x");
	assert_int_equal(READ("runs", "--flow="), HST_OK);
	assert_string_equal(options_value(&options, "flow"), "");
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(READ("press", "--", "--wait"), HST_OK);
	assert_string_equal(options.arguments[0], "--wait");
	assert_false(options_has(&options, "wait"));
}

static void a_value_may_look_like_an_option(void **state)
{
	(void)state;
	assert_int_equal(READ("press", "order", "--input", "--wait"), HST_OK);
	assert_string_equal(options_value(&options, "input"), "--wait");
	assert_false(options_has(&options, "wait"));
}

static void only_what_may_be_repeated_may_be_repeated(void **state)
{
	(void)state;
	assert_int_equal(READ("press", "b", "--input", "x=1", "--input", "y=2"), HST_OK);
	assert_int_equal(options.given_count, 2);
	refused(READ("runs", "--flow", "a", "--flow", "b"), "Usage", "--flow is given twice");
	assert_int_equal(READ("press", "b", "--wait", "--wait", "--json", "--json"), HST_OK);
}

static void unknown_words_get_the_nearest_known_one(void **state)
{
	(void)state;
	refused(READ("prss", "order"), "Usage", "did you mean \"press\"");
	refused(READ("press", "b", "--wiat"), "Usage", "did you mean --wait");
	refused(READ("runs", "--state", "faild"), "Usage", "did you mean \"failed\"");
	refused(READ("try", "d", "--display", "moon"), "Usage", "--display has no value \"moon\"");
	refused(READ("xylophone"), "Usage", "`hostler --help` lists them");
	refused(READ("runs", "-z"), "Usage", "-z");
}

static void arguments_are_counted(void **state)
{
	(void)state;
	refused(READ("press"), "Usage", "press needs BUTTON");
	refused(READ("press", "a", "b"), "Usage", "\"b\" is too many");
	refused(READ("runs", "x"), "Usage", "runs takes no \"x\"");
	refused(READ("get", "last/a"), "Usage", "RUN/STEP FILE");
	refused(READ("--json"), "Usage", "which command");
	assert_int_equal(READ("queue"), HST_OK);
	assert_int_equal(READ("queue", "device:a"), HST_OK);
}

static void an_option_without_its_value_is_refused(void **state)
{
	(void)state;
	refused(READ("press", "b", "--input"), "Usage", "--input K=V");
	refused(READ("runs", "-c"), "Usage", "--conf FILE");
	refused(READ("press", "b", "--wait=yes"), "Usage", "takes no value");
	refused(READ("--wait", "press", "b"), "Usage", "before the command");
}

static void what_is_promised_for_later_is_told_apart_from_what_is_unknown(void **state)
{
	(void)state;
	refused(READ("log", "12", "-f"), "NotInThisVersion", "not in this version");
}

static void help_needs_no_arguments(void **state)
{
	(void)state;
	assert_int_equal(READ("press", "--help"), HST_OK);
	assert_int_equal(READ("-h"), HST_OK);
	assert_null(options.command);
	assert_int_equal(READ("--version"), HST_OK);
	assert_true(options.version);
}

static void json_is_seen_before_the_rest_is_understood(void **state)
{
	char *wrong[] = {"hostler", "nothing", "--jsn", "--json", NULL};
	char *hidden[] = {"hostler", "press", "--", "--json", NULL};

	(void)state;
	assert_true(options_want_json(4, wrong));
	assert_false(options_want_json(4, hidden));
}

/* DESIGN §7: the commands of this version, and only these. */
static void the_table_has_the_commands_of_this_version(void **state)
{
	static const struct {
		const char *name;
		bool here;
	} promised[] = {
		{"up", true},
		{"down", true},
		{"reload", true},
		{"check", true},
		{"doctor", true},
		{"init", true},
		{"press", true},
		{"run", true},
		{"post", true},
		{"try", true},
		{"runs", true},
		{"show", true},
		{"log", true},
		{"files", true},
		{"get", true},
		{"queue", true},
		{"why", true},
		{"watch", true},
		{"alerts", true},
		{"flows", true},
		{"triggers", true},
		{"devices", true},
		{"events", true},
		{"explain", true},
		{"next", true},
		{"report", true},
		{"top", true},
		{"untop", true},
		{"priority", true},
		{"cancel", true},
		{"stop", true},
		{"pause", true},
		{"resume", true},
		{"resubmit", true},
		{"resolve", true},
		{"enable", true},
		{"disable", true},
		{"device", true},
		{"seal", true},
		{"secrets", true},
		{"gateway", true},
		{"operator", true},
		{"connection", true},
		{"plugins", true},
		{"plugin", true},
		{"desktop", true},
		{"backup", true},
		{"restore", true},
	};
	size_t n;

	(void)state;
	commands(&n);
	assert_int_equal(n, sizeof promised / sizeof promised[0]);
	for (size_t i = 0; i < n; i++) {
		const struct command *command = command_named(promised[i].name);

		assert_non_null(command);
		assert_int_equal(command->since != NULL, promised[i].here);
		assert_int_equal(command->run != NULL, promised[i].here);
	}
}

static void rows_are_whole_and_names_are_unique(void **state)
{
	size_t n;
	const struct command *table = commands(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_true(*table[i].summary && *table[i].family);
		assert_ptr_equal(command_named(table[i].name), &table[i]);
		for (const struct command_option *option = table[i].options; option && option->name;
		     option++) {
			assert_true(*option->summary);
			assert_ptr_equal(command_option(&table[i], option->name), option);
			for (const struct command_option *all = command_options_of_all(); all->name; all++)
				assert_string_not_equal(all->name, option->name);
		}
	}
}

/* What --help shows is what the program would take. */
static void every_command_has_examples_that_can_be_read(void **state)
{
	size_t n;
	const struct command *table = commands(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const char *const *line = examples_of(table[i].name);

		if (table[i].since && !line)
			fail_msg("%s has no example in host/cli/examples.c", table[i].name);
		for (; table[i].since && line && *line; line++) {
			char copy[200], *rest = NULL, *at = strstr(strcpy(copy, *line), "hostler ");
			const char *words[16];
			size_t count = 0;

			assert_non_null(at);
			at[strcspn(at, "|&")] = '\0';
			for (char *word = strtok_r(at + strlen("hostler "), " ", &rest); word; word = strtok_r(NULL, " ", &rest))
				words[count++] = word;
			words[count] = NULL;
			if (!strchr(*line, '"') && read_words(words) != HST_OK)
				fail_msg("%s: %s", *line, err.text);
			assert_non_null(strstr(*line, table[i].name));
		}
	}
}

static void the_states_of_runs_are_the_core_s(void **state)
{
	const struct command_option *option = command_option(command_named("runs"), "state");
	size_t n = 0;

	(void)state;
	for (; option->choices[n]; n++)
		assert_int_not_equal(state_named(option->choices[n]), STATE_NONE);
	assert_int_equal(n, STATE_COUNT - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_may_stand_anywhere),
		cmocka_unit_test(a_key_may_begin_with_a_dash),
		cmocka_unit_test(values_may_be_attached),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(a_value_may_look_like_an_option),
		cmocka_unit_test(only_what_may_be_repeated_may_be_repeated),
		cmocka_unit_test(unknown_words_get_the_nearest_known_one),
		cmocka_unit_test(arguments_are_counted),
		cmocka_unit_test(an_option_without_its_value_is_refused),
		cmocka_unit_test(what_is_promised_for_later_is_told_apart_from_what_is_unknown),
		cmocka_unit_test(help_needs_no_arguments),
		cmocka_unit_test(json_is_seen_before_the_rest_is_understood),
		cmocka_unit_test(the_table_has_the_commands_of_this_version),
		cmocka_unit_test(rows_are_whole_and_names_are_unique),
		cmocka_unit_test(every_command_has_examples_that_can_be_read),
		cmocka_unit_test(the_states_of_runs_are_the_core_s),
	};

	return cmocka_run_group_tests(tests, NULL, clear);
}
