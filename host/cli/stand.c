/* Taking out of service and putting back: enable and disable of flows and triggers, drain and resume of devices. */
#include "cli/steer.h"

#include "base/arena.h"
#include "cli/print.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

static int say(struct cli *cli, const char *word, const char *name, const hst_value **ret)
{
	hst_value *what = value_make_record(cli->arena);

	if (strlen(name) > 200)
		return cli_fail(cli, CLI_USAGE, "Usage", "\"%.80s…\" is too long for a name", name);
	value_set_text(what, "name", name);
	return steer_say(cli, word, what, ret);
}

int stand_enable(struct cli *cli)
{
	const hst_value *answer = NULL;
	hst_arena *arena = cli->arena;
	int status = say(cli, cli->options.command->name, cli->options.arguments[0], &answer);
	int64_t active = 0;

	if (status || cli->json)
		return status;
	value_integer(value_get(answer, "active"), &active);
	printf("the %s %s %s %s%s\n", print_member(arena, answer, "kind"), print_member(arena, answer, "name"),
	       value_boolean(value_get(answer, "changed")) ? "is" : "was already", print_member(arena, answer, "state"),
	       active > 0 && value_count(value_get(answer, "disabled"))
		       ? arena_printf(arena, "; %lld of its runs go on", (long long)active)
		       : "");
	return status;
}

static void print_places(hst_arena *arena, const hst_value *answer)
{
	const hst_value *devices = value_get(answer, "devices");

	for (size_t i = 0; i < value_count(devices); i++) {
		const hst_value *device = value_at(devices, i);
		const char *name = print_member(arena, device, "name");
		int64_t running = 0;

		value_integer(value_get(device, "running"), &running);
		if (!value_boolean(value_get(device, "drained")))
			printf("%s: takes new runs\n", name);
		else if (running > 0)
			printf("%s: takes no new runs; %lld still run%s there\n", name, (long long)running,
			       running == 1 ? "s" : "");
		else
			printf("%s: takes no new runs, and nothing runs there\n", name);
	}
	if (!value_count(devices))
		printf("%s has no devices\n", print_member(arena, answer, "name"));
}

int device_command(struct cli *cli)
{
	const char *verb = cli->options.arguments[0];
	bool drain = strcmp(verb, "drain") == 0;
	const hst_value *answer = NULL;
	int status;

	if (!drain && strcmp(verb, "resume") != 0)
		return cli_fail(cli, CLI_USAGE, "Usage",
				"usage: hostler device drain|resume NAME, or cluster:NAME, or host");
	status = say(cli, drain ? "drain" : "undrain", cli->options.arguments[1], &answer);
	if (!status && !cli->json)
		print_places(cli->arena, answer);
	return status;
}
