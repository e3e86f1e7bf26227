#include "cli/missing.h"

#include "base/arena.h"
#include "base/auto.h"
#include "cli/print.h"
#include "cli/prompt.h"
#include "schema/fields.h"
#include "schema/manifest.h"
#include "schema/types.h"
#include "schema/utf8.h"
#include "schema/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *bound(hst_arena *arena, const hst_field *field, int64_t value)
{
	char words[40];

	if (field_type(field) == HST_TYPE_DURATION)
		type_write_duration((hst_duration){value}, words, sizeof words);
	else
		snprintf(words, sizeof words, "%lld", (long long)value);
	return arena_text(arena, words);
}

static const char *with_bounds(hst_arena *arena, const hst_field *field, const char *words)
{
	hst_type type = field_type(field);
	const char *unit = type == HST_TYPE_TEXT || type == HST_TYPE_SECRET ? " bytes" : "";

	if (!field->min && !field->max)
		return words;
	if (field->max == INT64_MAX)
		return arena_printf(arena, "%s, at least %s%s", words, bound(arena, field, field->min), unit);
	if (field->min == INT64_MIN)
		return arena_printf(arena, "%s, at most %s%s", words, bound(arena, field, field->max), unit);
	return arena_printf(arena, "%s, %s to %s%s", words, bound(arena, field, field->min), bound(arena, field, field->max), unit);
}

const char *missing_words(hst_arena *arena, const hst_field *field)
{
	const char *words = type_name(field_type(field));

	for (size_t i = 0; field->choices && field->choices[i]; i++)
		words = arena_printf(arena, "%s%s%s", words, i ? ", " : ": ", print_clean(arena, field->choices[i], strlen(field->choices[i])));
	return with_bounds(arena, field, words);
}

/* One line from the terminal, without its end; NULL: there are no more. Caller frees. */
static char *read_line(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n = getline(&line, &size, stdin);

	if (n < 0) {
		free(line);
		return NULL;
	}
	while (n && strchr("\r\n", line[n - 1]))
		line[--n] = '\0';
	return line;
}

/* Of a file its path is typed, which the host never hears; whether it can be sent is seen when it is. */
static int check_typed(const struct cli *cli, const hst_field *field, const char *line, const hst_value *typed, hst_error *err)
{
	const hst_value *normal;

	if (utf8_valid(line, strlen(line)) != strlen(line))
		return hst_fail(err, HST_INVALID, "\"%s\" must be UTF-8", field_name(field));
	if (!type_is_file(field_type(field)))
		return type_check(cli->arena, field, typed, &normal, err);
	return access(line, R_OK) == 0 ? HST_OK : hst_fail(err, HST_INVALID, "%.200s cannot be read: %s", line, strerror(errno));
}

static int ask_one(const struct cli *cli, const hst_field *field, hst_value *inputs)
{
	const char *called = field->label ? field->label : field_name(field);

	for (;;) {
		AUTO_FREE char *line = NULL;
		const hst_value *typed;
		hst_error why = {{0}, {0}};

		fprintf(stderr, "%s (%s): ", print_clean(cli->arena, called, strlen(called)), missing_words(cli->arena, field));
		line = read_line();
		if (!line)
			return cli_fail(cli, CLI_USAGE, "InputInvalid", "input \"%s\" is missing", field_name(field));
		typed = value_make_text(cli->arena, line, strlen(line));
		if (!*line)
			continue;
		if (check_typed(cli, field, line, typed, &why) == HST_OK) {
			value_set(inputs, field_name(field), typed);
			return CLI_DONE;
		}
		fprintf(stderr, "%s\n", print_clean(cli->arena, why.text, strlen(why.text)));
	}
}

/* Fields of the event of a trigger; none where they cannot be had, which is not said. */
static hst_fields fields_of(struct connect *connect, const char *trigger)
{
	const struct cli *cli = connect->cli;
	const hst_value *triggers = NULL;
	hst_error err = {{0}, {0}};
	struct cli silent = *cli;
	hst_fields fields = {NULL, 0};
	int status;

	silent.kept = &err;
	connect->cli = &silent;
	status = connect_ask(connect, "triggers", NULL, &triggers);
	connect->cli = cli;
	for (size_t i = 0; !status && i < value_count(triggers); i++) {
		const hst_value *record = value_at(triggers, i);

		if (strcmp(value_text(value_get(record, "name")), trigger) == 0 &&
		    fields_from_value(cli->arena, value_get(record, "inputs"), &fields, &err) != HST_OK)
			fields.n = 0;
	}
	return fields;
}

int missing_ask(struct connect *connect, const char *trigger, const hst_value *given, const hst_value **ret)
{
	const struct cli *cli = connect->cli;
	hst_value *inputs;
	hst_fields fields;
	int status = CLI_DONE;

	if (cli->json || prompt_is_piped())
		return CLI_DONE;
	fields = fields_of(connect, trigger);
	inputs = value_make_record(cli->arena);
	for (size_t i = 0; i < value_count(given); i++)
		value_set(inputs, value_name_at(given, i), value_at(given, i));
	for (size_t i = 0; i < fields.n && !status; i++) {
		const hst_field *field = &fields.at[i];

		if (field->required && field_type(field) != HST_TYPE_SECRET && !value_get(given, field_name(field)))
			status = ask_one(cli, field, inputs);
	}
	if (!status)
		*ret = inputs;
	return status;
}
