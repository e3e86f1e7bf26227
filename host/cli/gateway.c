/* gateway: which machines take part. An administrator tells the host; `join` is for the machine that was invited. */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/mem.h"
#include "cli/connect.h"
#include "cli/print.h"
#include "schema/nearest.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

static const char *argument(const struct cli *cli, size_t index)
{
	return index < cli->options.argument_count ? cli->options.arguments[index] : "";
}

static int gateway_add(struct cli *cli)
{
	hst_value *what = value_make_record(cli->arena);
	const hst_value *answer;
	int status;

	value_set_text(what, "name", argument(cli, 1));
	value_set_text(what, "key", argument(cli, 2));
	status = connect_tell(cli, WORD_manage, "gateway_add", what, &answer);
	if (!status && !cli->json)
		printf("The gateway %s may connect.\n", print_member(cli->arena, answer, "name"));
	return status;
}

static int gateway_remove(struct cli *cli)
{
	hst_value *what = value_make_record(cli->arena);
	const hst_value *answer;
	int status;

	value_set_text(what, "name", argument(cli, 1));
	status = connect_tell(cli, WORD_manage, "gateway_remove", what, &answer);
	if (!status && !cli->json)
		printf(strcmp(value_text(value_get(answer, "was")), "gateway") == 0
			       ? "The gateway %s was removed: it is not let in any more, and its key is worth nothing.\n"
			       : "The invitation of %s was taken back.\n",
		       print_member(cli->arena, answer, "name"));
	return status;
}

/* On stdout is the line alone, so that it can be handed on as it is. */
static void print_invitation(const struct cli *cli, const hst_value *answer)
{
	const char *address = value_text(value_get(answer, "address"));

	fprintf(stderr, "On the machine that becomes %s run `hostler gateway join` with this line, once, until %s:\n",
		print_member(cli->arena, answer, "name"), print_time(cli->arena, value_get(answer, "expires")));
	if (strncmp(address, "tcp://127.", 10) == 0 || strncmp(address, "tcp://[::1]", 11) == 0 ||
	    strncmp(address, "tcp://localhost:", 16) == 0)
		fprintf(stderr, "note: it leads to %s, which only this machine reaches; for others say `listen` in [host]\n", address);
	puts(print_member(cli->arena, answer, "line"));
}

static int gateway_invite(struct cli *cli)
{
	const char *expires = options_value(&cli->options, "expires"), *address = options_value(&cli->options, "address");
	hst_value *what = value_make_record(cli->arena);
	hst_duration lasts;
	const hst_value *answer;
	hst_error err = {0};
	int status;

	if (expires && type_read_duration(expires, &lasts, &err) != HST_OK)
		return cli_fail(cli, CLI_USAGE, "Usage", "--expires %.40s: %s", expires, err.text);
	value_set_text(what, "name", argument(cli, 1));
	if (expires)
		value_set_integer(what, "expires_ms", lasts.ms);
	if (address)
		value_set_text(what, "address", address);
	status = connect_tell(cli, WORD_manage, "gateway_invite", what, &answer);
	if (!status && !cli->json)
		print_invitation(cli, answer);
	return status;
}

static const struct {
	const char *word, *arguments;
	size_t count;
	int (*run)(struct cli *cli);
} acts[] = {
	{"invite", "NAME", 2, gateway_invite},
	{"join", "LINE", 2, gateway_join},
	{"add", "NAME KEY", 3, gateway_add},
	{"remove", "NAME", 2, gateway_remove},
};

enum { ACTS = sizeof acts / sizeof acts[0] };

int gateway_command(struct cli *cli)
{
	const char *word = argument(cli, 0);
	struct nearest nearest;

	for (size_t i = 0; i < ACTS; i++) {
		if (strcmp(acts[i].word, word) != 0)
			continue;
		if (cli->options.argument_count != acts[i].count)
			return cli_fail(cli, CLI_USAGE, "Usage", "gateway %s needs %s", word, acts[i].arguments);
		return acts[i].run(cli);
	}
	nearest_init(&nearest, word);
	for (size_t i = 0; i < ACTS; i++)
		nearest_offer(&nearest, acts[i].word);
	if (nearest.best)
		return cli_fail(cli, CLI_USAGE, "Usage", "there is no \"gateway %.40s\"; did you mean \"gateway %s\"?", word, nearest.best);
	return cli_fail(cli, CLI_USAGE, "Usage", "there is no \"gateway %.40s\"; `hostler gateway --help` lists them", word);
}
