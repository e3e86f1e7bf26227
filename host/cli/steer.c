/* Steering runs: what waits is moved, what runs is ended or held. Each command is one word to the host. */
#include "cli/steer.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "cli/connect.h"
#include "cli/inputs.h"
#include "cli/print.h"
#include "cli/run_files.h"
#include "pure/core/states.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

int steer_say(struct cli *cli, const char *word, const hst_value *what, const hst_value **ret)
{
	return connect_tell(cli, WORD_steer, word, what, ret);
}

/* RUN or RUN/STEP */
static hst_value *what_run(struct cli *cli)
{
	hst_value *what = value_make_record(cli->arena);
	const char *run, *step;

	run_said(cli->arena, cli->options.arguments[0], &run, &step);
	value_set_text(what, "run", run);
	if (step)
		value_set_text(what, "step", step);
	return what;
}

/* "#12/enter" */
static const char *name_of(hst_arena *arena, const hst_value *answer)
{
	const char *number = print_member(arena, answer, "number"), *step = print_member(arena, answer, "step");

	return strcmp(step, "-") == 0 ? arena_printf(arena, "#%s", number)
				      : arena_printf(arena, "#%s/%s", number, step);
}

static int steer_place(struct cli *cli, const hst_value *what)
{
	hst_arena *arena = cli->arena;
	const hst_value *answer = NULL;
	int status = steer_say(cli, cli->options.command->name, what, &answer);

	if (!status && !cli->json)
		printf("%s: place %s of %s, priority %s\n", name_of(arena, answer),
		       print_member(arena, answer, "position"), print_member(arena, answer, "target"),
		       print_member(arena, answer, "priority"));
	return status;
}

int steer_top(struct cli *cli)
{
	return steer_place(cli, what_run(cli));
}

int steer_priority(struct cli *cli)
{
	const char *priority = cli->options.arguments[1];
	hst_value *what = what_run(cli);

	if (strcmp(priority, "high") != 0 && strcmp(priority, "normal") != 0)
		return cli_fail(cli, CLI_USAGE, "Usage", "a priority is high or normal, not \"%.40s\"", priority);
	value_set_text(what, "priority", priority);
	return steer_place(cli, what);
}

/* Its device or worker says when it has come about, which this does not wait for. */
static void print_under_way(struct cli *cli, const hst_value *answer, const char *what)
{
	const char *number = print_member(cli->arena, answer, "number");

	printf("%s: %s; look: hostler show '#%s'\n", name_of(cli->arena, answer), what, number);
}

int steer_end(struct cli *cli)
{
	const hst_value *answer = NULL;
	int status = steer_say(cli, cli->options.command->name, what_run(cli), &answer);
	const char *state = value_text(value_get(answer, "state"));

	if (status || cli->json)
		return status;
	if (state_row(state_named(state))->ended)
		printf("%s: %s\n", name_of(cli->arena, answer), print_member(cli->arena, answer, "state"));
	else
		print_under_way(cli, answer, print_member(cli->arena, answer, "state"));
	return status;
}

int steer_pause(struct cli *cli)
{
	bool pause = strcmp(cli->options.command->name, "pause") == 0;
	const hst_value *answer = NULL;
	int status = steer_say(cli, cli->options.command->name, what_run(cli), &answer);

	if (!status && !cli->json)
		print_under_way(cli, answer,
				pause ? "told to hold at its next checkpoint" : "told to go on");
	return status;
}

static bool is_resolution(const char *word)
{
	static const char *const words[] = {"succeeded", "failed", "requeue"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

int steer_resolve(struct cli *cli)
{
	const char *as = cli->options.arguments[1];
	hst_value *what = what_run(cli);
	const hst_value *outputs = NULL, *answer = NULL;
	hst_error err = {0};
	int status;

	if (!is_resolution(as))
		return cli_fail(cli, CLI_USAGE, "Usage", "a lost step is resolved as succeeded, failed or requeue, not \"%.40s\"",
				as);
	if (inputs_read(cli, "output", &outputs, &err) != HST_OK)
		return cli_fail(cli, CLI_USAGE, err.reason, "%s", err.text);
	value_set_text(what, "as", as);
	value_set(what, "outputs", outputs);
	status = steer_say(cli, "resolve", what, &answer);
	if (!status && !cli->json)
		printf("%s: %s\n", name_of(cli->arena, answer), print_member(cli->arena, answer, "state"));
	return status;
}
