#include "cli/usage.h"

#include "cli/examples.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

enum { NAME_COLUMN = 12, OPTION_COLUMN = 22 };

static const char after_all[] =
	"\n"
	"Every command: -c FILE (else $HOSTLER_CONF, ./hostler.ini, ~/.config/hostler/hostler.ini,\n"
	"/etc/hostler/hostler.ini), --json, --help. A RUN is #12, 12, last, last:FLOW, an id or its unique "
	"ending.\n"
	"Exit status: 0 done, 1 the thing asked about failed, 2 usage or bad input, 3 the host cannot be "
	"reached.\n";

static const char *last_of_not_yet(void)
{
	size_t n;
	const struct command *table = commands(&n);

	while (n > 0 && table[n - 1].since)
		n--;
	return n ? table[n - 1].name : NULL;
}

static void print_not_yet(void)
{
	size_t n, column = 0;
	const struct command *table = commands(&n);
	const char *last = last_of_not_yet();

	if (!last)
		return;
	printf("\nNot in this version:");
	for (size_t i = 0; i < n; i++) {
		if (table[i].since)
			continue;
		column += strlen(table[i].name) + 2;
		printf("%s%s%s", column > 70 ? "\n  " : " ", table[i].name,
		       table[i].name == last ? ".\n" : ",");
		column = column > 70 ? strlen(table[i].name) + 4 : column;
	}
}

static hst_value *option_value(hst_arena *arena, const struct command_option *option)
{
	hst_value *record = value_make_record(arena);
	char letter[2] = {option->letter, '\0'};

	value_set_text(record, "name", option->name);
	value_set_text(record, "letter", option->letter ? letter : NULL);
	value_set_text(record, "value", option->value);
	value_set_boolean(record, "many", option->many);
	value_set_text(record, "summary", option->summary);
	value_set_text(record, "since", option->since);
	return record;
}

static hst_value *command_value(hst_arena *arena, const struct command *command)
{
	hst_value *record = value_make_record(arena), *options = value_make_list(arena), *examples = value_make_list(arena);

	for (const struct command_option *option = command->options; option && option->name; option++)
		value_append(options, option_value(arena, option));
	for (const char *const *line = examples_of(command->name); line && *line; line++)
		value_append(examples, value_make_text(arena, *line, strlen(*line)));
	value_set_text(record, "name", command->name);
	value_set_text(record, "family", command->family);
	value_set_text(record, "arguments", command->arguments);
	value_set_text(record, "summary", command->summary);
	value_set(record, "options", options);
	value_set(record, "examples", examples);
	value_set_text(record, "since", command->since);
	return record;
}

static int print_all_json(const struct cli *cli)
{
	size_t n;
	const struct command *table = commands(&n);
	hst_value *list = value_make_list(cli->arena);

	for (size_t i = 0; i < n; i++)
		value_append(list, command_value(cli->arena, &table[i]));
	cli_print_json(list);
	return CLI_DONE;
}

int usage_all(const struct cli *cli)
{
	const char *family = "";
	size_t n;
	const struct command *table = commands(&n);

	if (cli->json)
		return print_all_json(cli);
	puts("usage: hostler COMMAND [options]     hostler COMMAND --help says more");
	for (size_t i = 0; i < n; i++) {
		if (!table[i].since)
			continue;
		if (strcmp(family, table[i].family) != 0)
			printf("\n%s\n", table[i].family);
		family = table[i].family;
		printf("  %-*s%s\n", NAME_COLUMN, table[i].name, table[i].summary);
	}
	print_not_yet();
	fputs(after_all, stdout);
	return CLI_DONE;
}

static void print_option(const struct command_option *option)
{
	char left[80], letter[8] = "";

	if (!option->since)
		return;
	if (option->letter)
		snprintf(letter, sizeof letter, "-%c, ", option->letter);
	snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name, option->value ? " " : "",
		 option->value ? option->value : "");
	printf("  %-*s  %s\n", OPTION_COLUMN, left, option->summary);
}

static void print_synopsis(const struct command *command)
{
	printf("usage: hostler %s%s%s", command->name, *command->arguments ? " " : "", command->arguments);
	for (const struct command_option *option = command->options; option && option->name; option++) {
		const char *value = option->value ? option->value : "";

		if (option->since && option->letter)
			printf(" [-%c%s%s]", option->letter, *value ? " " : "", value);
		else if (option->since)
			printf(" [--%s%s%s]%s", option->name, *value ? " " : "", value,
			       option->many ? "…" : "");
	}
	puts("");
}

static void print_choices(const struct command_option *option)
{
	if (!option->since || !option->choices)
		return;
	printf("\n%s of --%s:", option->value, option->name);
	for (size_t i = 0; option->choices[i]; i++)
		printf(" %s", option->choices[i]);
	puts("");
}

static void print_examples(const struct command *command)
{
	const char *const *line = examples_of(command->name);

	if (line)
		printf("\nfor example:\n");
	for (; line && *line; line++)
		printf("  %s\n", *line);
}

int usage_command(const struct cli *cli, const struct command *command)
{
	if (cli->json) {
		cli_print_json(command_value(cli->arena, command));
		return CLI_DONE;
	}
	print_synopsis(command);
	printf("\n%s\n\n", command->summary);
	for (const struct command_option *option = command->options; option && option->name; option++)
		print_option(option);
	for (const struct command_option *option = command_options_of_all(); option->name; option++)
		print_option(option);
	for (const struct command_option *option = command->options; option && option->name; option++)
		print_choices(option);
	print_examples(command);
	return CLI_DONE;
}

int usage_version(const struct cli *cli)
{
	hst_value *record = value_make_record(cli->arena);

	value_set_text(record, "version", PACKAGE_VERSION);
	if (cli->json)
		cli_print_json(record);
	else
		puts("hostler " PACKAGE_VERSION);
	return CLI_DONE;
}
