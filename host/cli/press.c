/* Starting work: press a trigger, run a flow by hand; and, with --wait, stay until it is done. */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/connect.h"
#include "cli/follow.h"
#include "cli/inputs.h"
#include "cli/print.h"
#include "cli/show.h"
#include "cli/typed.h"
#include "os/files.h"
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

/* What is to be started, as the host hears it. */
struct start {
	enum word word;
	const char *member;       /* of the head, with the name; NULL: it is empty */
	const hst_value *carried;
	const hst_value *what;    /* names the same for typed_secrets */
	const hst_value *given;   /* readable inputs */
};

static int start_connected(struct cli *cli, struct connect *connect, const struct start *start, const struct text *json)
{
	const char *name = cli->options.arguments[0];
	struct connect_answer answer;
	struct message message;
	AUTO(text) struct text sealed;
	int status;

	text_init(&sealed, SEALED_BYTES_MAX);
	status = typed_secrets(connect, start->what, name, start->given, &sealed);
	if (status)
		return status;
	message_init(&message, start->word, 0);
	if (start->member)
		message_set_text(&message, start->member, name);
	message_set_payload(&message, json->s, json->length);
	message_set_sealed(&message, sealed.s, sealed.length);
	status = connect_request(connect, &message, CONNECT_ANSWER_MS, &answer);
	return status ? status : accepted(cli, connect, &answer);
}

/* Sends the word with what it carries, and goes on from what the host answers. */
static int start(struct cli *cli, const struct start *start)
{
	struct connect connect;
	AUTO(text) struct text json;
	int status;

	text_init(&json, PAYLOAD_BYTES_MAX);
	value_write_json(&json, start->carried);
	if (json.over)
		return cli_fail(cli, CLI_USAGE, "Usage", "the inputs are larger than 1 MiB");
	if (strlen(cli->options.arguments[0]) > 100)
		return cli_fail(cli, CLI_USAGE, "Usage", "\"%.100s…\" is too long for a name", cli->options.arguments[0]);
	status = connect_open(&connect, cli);
	if (!status)
		status = start_connected(cli, &connect, start, &json);
	connect_close(&connect);
	return status;
}

static const hst_value *named(struct cli *cli, const char *member)
{
	hst_value *what = value_make_record(cli->arena);

	value_set_text(what, member, cli->options.arguments[0]);
	return what;
}

/* An earlier run begun again; `flow` NULL: with its own flow. */
static int begin_again(struct cli *cli, const char *run, const char *flow)
{
	hst_value *what = value_make_record(cli->arena), *carried = value_make_record(cli->arena);
	const hst_value *inputs = NULL;
	hst_error err = {0};
	int code = inputs_read(cli, "input", &inputs, &err);

	if (code != HST_OK)
		return cli_fail_as(cli, code, &err);
	value_set_text(what, "run", run);
	if (flow)
		value_set_text(what, "flow", flow);
	value_set_boolean(what, "as_it_was", options_has(&cli->options, "as-it-was"));
	for (size_t i = 0; i < value_count(what); i++)
		value_set(carried, value_name_at(what, i), value_at(what, i));
	value_set(carried, "inputs", inputs);
	if (!flow && options_has(&cli->options, "from"))
		value_set_text(carried, "from", options_value(&cli->options, "from"));
	return start(cli, &(struct start){.word = WORD_resubmit, .carried = carried, .what = what, .given = inputs});
}

int resubmit_command(struct cli *cli)
{
	return begin_again(cli, cli->options.arguments[0], NULL);
}

int press_command(struct cli *cli)
{
	const hst_value *inputs = NULL;
	hst_error err = {0};
	int code = inputs_read(cli, "input", &inputs, &err);

	if (code != HST_OK)
		return cli_fail_as(cli, code, &err);
	return start(cli, &(struct start){.word = WORD_press, .member = "trigger", .carried = inputs, .what = named(cli, "trigger"), .given = inputs});
}

static char *read_stdin(size_t *ret_length)
{
	struct text text;
	char part[4096];
	size_t n;

	text_init(&text, VALUE_BYTES_MAX + 1);
	while ((n = fread(part, 1, sizeof part, stdin)) > 0)
		text_bytes(&text, part, n);
	*ret_length = text.length;
	return text_take(&text);
}

static int read_event(const struct cli *cli, const char *path, const hst_value **ret, hst_error *err)
{
	AUTO_FREE char *bytes = NULL;
	bool piped = strcmp(path, "-") == 0;
	hst_error why = {0};
	size_t length = 0;
	int code = HST_OK;

	if (piped)
		bytes = read_stdin(&length);
	else
		code = files_read(path, VALUE_BYTES_MAX, &bytes, &length, err);
	if (code != HST_OK)
		return code;
	if (length > VALUE_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "the event is larger than 1 MiB");
	code = value_parse_json(cli->arena, bytes, length, ret, &why);
	if (code == HST_OK && value_kind(*ret) != HST_VALUE_RECORD)
		code = hst_fail(&why, HST_INVALID, "it is no JSON object");
	return code == HST_OK ? code
			      : hst_fail(err, code, "%s is no event: %s", piped ? "stdin" : path, why.text);
}

int run_command(struct cli *cli)
{
	const char *path = options_value(&cli->options, "event");
	const hst_value *event = NULL;
	hst_error err = {0};
	int code;

	if (path && options_has(&cli->options, "input"))
		return cli_fail(cli, CLI_USAGE, "Usage", "say --event or --input, not both");
	if (path && options_has(&cli->options, "from"))
		return cli_fail(cli, CLI_USAGE, "Usage", "say --event or --from, not both");
	if (path && strcmp(path, "-") == 0 && options_has(&cli->options, "secret"))
		return cli_fail(cli, CLI_USAGE, "Usage", "standard input has the event, and no room for a secret: say --event FILE");
	if (options_has(&cli->options, "from"))
		return begin_again(cli, options_value(&cli->options, "from"), cli->options.arguments[0]);
	code = path ? read_event(cli, path, &event, &err) : inputs_read(cli, "input", &event, &err);
	if (code != HST_OK)
		return cli_fail_as(cli, code, &err);
	return start(cli, &(struct start){.word = WORD_run, .member = "flow", .carried = event, .what = named(cli, "flow"), .given = event});
}
