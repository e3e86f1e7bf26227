#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "cli/print.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

enum { JSON_MAX = 64 << 20 };

void cli_print_json(const hst_value *value)
{
	AUTO(text) struct text json;

	text_init(&json, JSON_MAX);
	value_write_json(&json, value);
	puts(json.s);
}

static void print_error_json(const struct cli *cli, const char *code, const char *text)
{
	hst_value *error = value_make_record(cli->arena), *answer = value_make_record(cli->arena);

	value_set_text(error, "code", code);
	value_set_text(error, "text", text);
	value_set(answer, "error", error);
	cli_print_json(answer);
}

int cli_fail(const struct cli *cli, enum cli_status status, const char *code, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (cli->kept)
		hst_fail_as(cli->kept, HST_INVALID, code, "%s", text);
	else if (cli->json)
		print_error_json(cli, code, text);
	else
		fprintf(stderr, "hostler: error: %s\n",
			print_times_within(cli->arena, print_clean(cli->arena, text, strlen(text))));
	return (int)status;
}

/* What a code of the house is called where it has no reason of its own. */
static const char *code_name(int code)
{
	static const char *const names[] = {"Done",	"Retry",   "Invalid",	"Denied",
					    "NotFound", "Timeout", "Cancelled", "Broken"};

	return code <= HST_OK && code >= HST_BROKEN ? names[-code] : "Broken";
}

int cli_fail_as(const struct cli *cli, int code, const hst_error *err)
{
	bool bad_input = code == HST_INVALID || code == HST_NOT_FOUND;

	return cli_fail(cli, bad_input ? CLI_USAGE : CLI_FAILED,
			err->reason[0] ? err->reason : code_name(code), "%s", err->text);
}

static void print_problems_json(const struct cli *cli, const struct problems *problems)
{
	hst_value *list = value_make_list(cli->arena);

	for (size_t i = 0; i < problems->n; i++) {
		hst_value *row = value_make_record(cli->arena);

		value_set_text(row, "file", problems->at[i].file);
		value_set_integer(row, "line", problems->at[i].line);
		value_set_text(row, "text", problems->at[i].text);
		value_set_text(row, "severity", "error");
		value_append(list, row);
	}
	cli_print_json(list);
}

int cli_fail_problems(const struct cli *cli, const char *what, const struct problems *problems)
{
	size_t n = problems->n + problems->dropped;

	if (cli->kept) {
		hst_fail_as(cli->kept, HST_INVALID, "ConfigurationInvalid", "%s: %zu errors", what, n);
		return CLI_USAGE;
	}
	if (cli->json) {
		print_problems_json(cli, problems);
		return CLI_USAGE;
	}
	for (size_t i = 0; i < problems->n; i++) {
		AUTO_FREE char *line = problem_line(&problems->at[i]);

		fprintf(stderr, "%s\n", line);
	}
	if (problems->dropped)
		fprintf(stderr, "and %zu more\n", problems->dropped);
	fprintf(stderr, "%s: %zu error%s\n", what, n, n == 1 ? "" : "s");
	return CLI_USAGE;
}
