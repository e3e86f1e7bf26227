/* From argv to an exit status: reading, help, the command, and how failures are said. */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/complete.h"
#include "cli/print.h"
#include "cli/triggers.h"
#include "cli/usage.h"
#include "os/harden.h"
#include "schema/value.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Of what starts work by the name of a trigger, also what that one takes. */
static int help(struct cli *cli, const struct command *command)
{
	int status = usage_command(cli, command);

	if (!cli->json && cli->options.argument_count && (command->run == press_command || command->run == post_command))
		triggers_help(cli, cli->options.arguments[0]);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	const struct command *command;
	hst_error err = {0};

	if (options_read(argc, argv, &cli->options, &err) != HST_OK)
		return cli_fail(cli, CLI_USAGE, err.reason, "%s", err.text);
	command = cli->options.command;
	if (cli->options.version)
		return usage_version(cli);
	if (options_has(&cli->options, "help"))
		return command ? help(cli, command) : usage_all(cli);
	return command->run(cli);
}

int cli_main(int argc, char **argv)
{
	struct cli cli = {.json = options_want_json(argc, argv), .arena = arena_new()};
	mode_t own = umask(077);
	int status;

	/* What `get` writes is the person's own file, so it gets the mode the person has chosen. */
	harden_start(STDERR_FILENO);
	umask(own);
	log_open("hostler", LOG_LEVEL_WARNING);
	if (sodium_init() < 0)
		status = cli_fail(&cli, CLI_FAILED, "Broken", "libsodium cannot be initialised");
	else if (argc > 1 && strcmp(argv[1], "--complete") == 0)
		status = complete_words(&cli, argc - 2, argv + 2);
	else
		status = run(&cli, argc, argv);
	/* An answer that did not arrive, as on a full disk, is none. */
	if (fflush(stdout) != 0 || ferror(stdout))
		status = status ? status : CLI_FAILED;
	options_clear(&cli.options);
	arena_free(cli.arena);
	return status;
}
