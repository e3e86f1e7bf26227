#include "cli/start.h"

#include "base/auto.h"
#include "cli/follow.h"
#include "cli/missing.h"
#include "cli/print.h"
#include "cli/sent.h"
#include "cli/show.h"
#include "cli/typed.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

static void print_started(struct cli *cli, const hst_value *runs)
{
	for (size_t i = 0; i < value_count(runs); i++) {
		const hst_value *run = value_at(runs, i);

		printf("#%s %s %s%s\n", print_member(cli->arena, run, "number"),
		       print_member(cli->arena, run, "id"), print_member(cli->arena, run, "flow"),
		       value_boolean(value_get(run, "again")) ? " (made before: this is the same event)" : "");
	}
}

static int wait_for(struct connect *connect, const hst_value *runs)
{
	int64_t number = 0;
	int status;

	value_integer(value_get(value_at(runs, 0), "number"), &number);
	status = follow_run(connect, number, connect->cli->json);
	return status ? status : show_outcome(connect, number);
}

/* What the host accepted: a list of runs, which may be empty when no flow is started by the trigger. */
static int accepted(struct cli *cli, struct connect *connect, const struct connect_answer *answer)
{
	bool wait = options_has(&cli->options, "wait");
	const hst_value *runs = NULL;
	hst_error err = {0};

	if (value_parse_json(cli->arena, answer->payload, answer->length, &runs, &err) != HST_OK)
		return cli_fail(cli, CLI_FAILED, "Broken", "the host's answer cannot be read: %s", err.text);
	if (!value_count(runs))
		return cli_fail(cli, CLI_FAILED, "NothingStarted",
				"nothing was started: no flow says on = %s", cli->options.arguments[0]);
	if (cli->json && !wait) {
		cli_print_json(runs);
		return CLI_DONE;
	}
	if (!cli->json)
		print_started(cli, runs);
	if (wait)
		return wait_for(connect, runs);
	printf("look: hostler show '#%s'\n", print_member(cli->arena, value_at(runs, 0), "number"));
	return CLI_DONE;
}

/* Of a run that is begun again its inputs are what may have files, else all of it is. */
static int send_files(struct connect *connect, const struct start *start, const hst_value *files, const hst_value **carried, int64_t *ret_set)
{
	bool again = start->word == WORD_resubmit;
	hst_value *with = value_make_record(connect->cli->arena);
	const hst_value *named = NULL;
	int status = sent_files(connect, files, again ? start->given : *carried, &named, ret_set);

	for (size_t i = 0; again && i < value_count(*carried); i++)
		if (strcmp(value_name_at(*carried, i), "inputs") != 0)
			value_add(with, value_name_at(*carried, i), value_at(*carried, i));
	if (again)
		value_add(with, "inputs", named);
	*carried = again ? with : named;
	return status;
}

static int start_connected(struct cli *cli, struct connect *connect, const struct start *start)
{
	const char *name = cli->options.arguments[0];
	struct connect_answer answer;
	struct message message;
	AUTO(text) struct text json, sealed;
	const hst_value *carried = start->carried, *files = NULL;
	int64_t set = 0;
	int status;

	text_init(&json, PAYLOAD_BYTES_MAX);
	text_init(&sealed, SEALED_BYTES_MAX);
	status = start->asks ? missing_ask(connect, name, carried, &carried) : CLI_DONE;
	if (!status)
		status = typed_secrets(connect, start->what, name, start->given, &sealed, &files);
	if (!status && value_count(files))
		status = send_files(connect, start, files, &carried, &set);
	if (status)
		return status;
	value_write_json(&json, carried);
	if (json.over)
		return cli_fail(cli, CLI_USAGE, "Usage", "the inputs are larger than 1 MiB");
	message_init(&message, start->word, 0);
	if (start->member)
		message_set_text(&message, start->member, name);
	if (start->key)
		message_set_text(&message, "key", start->key);
	if (set)
		message_set_integer(&message, "files", set);
	message_set_payload(&message, json.s, json.length);
	message_set_sealed(&message, sealed.s, sealed.length);
	status = connect_request(connect, &message, CONNECT_ANSWER_MS, &answer);
	return status ? status : accepted(cli, connect, &answer);
}

/* Sends the word with what it carries, and goes on from what the host answers. */
int start_work(struct cli *cli, const struct start *start)
{
	struct connect connect;
	int status;

	if (strlen(cli->options.arguments[0]) > 100)
		return cli_fail(cli, CLI_USAGE, "Usage", "\"%.100s…\" is too long for a name", cli->options.arguments[0]);
	status = connect_open(&connect, cli);
	if (!status)
		status = start_connected(cli, &connect, start);
	connect_close(&connect);
	return status;
}
