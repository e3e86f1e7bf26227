#include "cli/options.h"

#include "base/mem.h"
#include "schema/section.h"
#include "wire/keys.h"

#include <string.h>

enum { SHOWN_MAX = 80 };

/* Where reading stands. */
struct reading {
	int argc, at;
	char *const *argv;
	struct options *options;
	hst_error *err;
};

static int usage(const struct reading *reading, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int usage(const struct reading *reading, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	hst_vfail(reading->err, HST_INVALID, "Usage", format, args);
	va_end(args);
	return HST_INVALID;
}

static int not_yet(const struct reading *reading, const char *before, const char *what)
{
	return hst_fail_as(reading->err, HST_INVALID, "NotInThisVersion", "%s%s: not in this version", before,
			   what);
}

static int read_command(const struct reading *reading, const char *word)
{
	const char *nearest;

	reading->options->command = command_named(word);
	if (reading->options->command && !reading->options->command->since)
		return not_yet(reading, "", word);
	if (reading->options->command)
		return HST_OK;
	nearest = command_nearest(word);
	if (nearest)
		return usage(reading, "there is no command \"%.*s\"; did you mean \"%s\"?", SHOWN_MAX, word,
			     nearest);
	return usage(reading, "there is no command \"%.*s\"; `hostler --help` lists them", SHOWN_MAX, word);
}

static int check_choice(const struct reading *reading, const struct command_option *option, const char *value)
{
	const char *nearest;

	for (size_t i = 0; option->choices[i]; i++)
		if (strcmp(option->choices[i], value) == 0)
			return HST_OK;
	nearest = nearest_word(option->choices, value);
	if (nearest)
		return usage(reading, "--%s has no value \"%.*s\"; did you mean \"%s\"?", option->name,
			     SHOWN_MAX, value, nearest);
	return usage(reading, "--%s has no value \"%.*s\"; `hostler %s --help` lists them", option->name,
		     SHOWN_MAX, value, reading->options->command->name);
}

/* `attached`: the value behind '=' or behind the letter, or NULL. */
static int read_option(struct reading *reading, const struct command_option *option, const char *attached)
{
	struct options *options = reading->options;
	const char *value = NULL;
	int code;

	if (!option->since)
		return not_yet(reading, "--", option->name);
	if (!option->value && attached)
		return usage(reading, "--%s takes no value", option->name);
	if (option->value) {
		value = attached		      ? attached
			: reading->at < reading->argc ? reading->argv[reading->at++]
						      : NULL;
		if (!value)
			return usage(reading, "--%s needs a value: --%s %s", option->name, option->name,
				     option->value);
		code = option->choices ? check_choice(reading, option, value) : HST_OK;
		if (code != HST_OK)
			return code;
	}
	if (!option->many && options_has(options, option->name) && option->value)
		return usage(reading, "--%s is given twice", option->name);
	options->given[options->given_count++] = (struct option_given){option, value};
	return HST_OK;
}

static int read_long(struct reading *reading, const char *word)
{
	const struct command *command = reading->options->command;
	const char *equals = strchr(word, '=');
	char name[SHOWN_MAX] = "";
	const struct command_option *option;
	const char *nearest;

	snprintf(name, sizeof name, "%.*s", equals ? (int)(equals - word) : SHOWN_MAX, word);
	if (!command && strcmp(name, "version") == 0 && !equals) {
		reading->options->version = true;
		return HST_OK;
	}
	option = command_option(command, name);
	if (option)
		return read_option(reading, option, equals ? equals + 1 : NULL);
	if (!command)
		return usage(reading,
			     "there is no option --%s before the command; `hostler --help` lists them", name);
	nearest = command_option_nearest(command, name);
	if (nearest)
		return usage(reading, "%s has no option --%s; did you mean --%s?", command->name, name,
			     nearest);
	return usage(reading, "%s has no option --%s; `hostler %s --help` lists them", command->name, name,
		     command->name);
}

static int read_short(struct reading *reading, const char *word)
{
	const struct command *command = reading->options->command;
	const struct command_option *option = command_option_letter(command, word[0]);

	if (!option)
		return usage(reading, "there is no option -%.*s; `hostler %s--help` lists them", SHOWN_MAX,
			     word, command ? "COMMAND " : "");
	return read_option(reading, option, word[1] ? word + 1 : NULL);
}

/* One key in 64 begins with '-', and people paste keys: a word that reads as a key is one. */
static bool is_key(const char *word)
{
	uint8_t key[KEY_BYTES];

	return keys_read_text(word, key, NULL) == HST_OK;
}

static int read_word(struct reading *reading, const char *word, bool plain)
{
	struct options *options = reading->options;

	plain = plain || is_key(word);
	if (!plain && strncmp(word, "--", 2) == 0)
		return read_long(reading, word + 2);
	if (!plain && word[0] == '-' && word[1])
		return read_short(reading, word + 1);
	if (!options->command)
		return read_command(reading, word);
	options->arguments[options->argument_count++] = word;
	return HST_OK;
}

static int check_arguments(const struct reading *reading)
{
	const struct options *options = reading->options;
	const struct command *command = options->command;
	int n = (int)options->argument_count;

	if (!command)
		return usage(reading, "which command? `hostler --help` lists them");
	if (n < command->least)
		return usage(reading, "%s needs %s", command->name, command->arguments);
	if (command->most >= 0 && n > command->most && !command->most)
		return usage(reading, "%s takes no \"%.*s\"", command->name, SHOWN_MAX,
			     options->arguments[0]);
	if (command->most >= 0 && n > command->most)
		return usage(reading, "%s takes only %s; \"%.*s\" is too many", command->name,
			     command->arguments, SHOWN_MAX, options->arguments[command->most]);
	return HST_OK;
}

int options_read(int argc, char *const *argv, struct options *ret, hst_error *err)
{
	struct reading reading = {.argc = argc, .at = 1, .argv = argv, .options = ret, .err = err};
	bool plain = false;
	int code = HST_OK;

	*ret = (struct options){0};
	ret->arguments = mem_array((size_t)argc + 1, sizeof *ret->arguments);
	ret->given = mem_array((size_t)argc + 1, sizeof *ret->given);
	while (code == HST_OK && reading.at < argc) {
		const char *word = argv[reading.at++];

		if (!plain && strcmp(word, "--") == 0)
			plain = true;
		else
			code = read_word(&reading, word, plain);
	}
	if (code == HST_OK && !ret->version && !options_has(ret, "help"))
		code = check_arguments(&reading);
	return code;
}

void options_clear(struct options *options)
{
	free(options->arguments);
	free(options->given);
	*options = (struct options){0};
}

static const struct option_given *given(const struct options *options, const char *name)
{
	for (size_t i = 0; i < options->given_count; i++)
		if (strcmp(options->given[i].option->name, name) == 0)
			return &options->given[i];
	return NULL;
}

bool options_has(const struct options *options, const char *name)
{
	return given(options, name) != NULL;
}

const char *options_value(const struct options *options, const char *name)
{
	const struct option_given *found = given(options, name);

	return found ? found->value : NULL;
}

bool options_want_json(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}
