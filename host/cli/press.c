/* The commands that start work: press a trigger, post an event, run a flow by hand, begin a run again. */
#include "cli/cli.h"

#include "cli/body.h"
#include "cli/inputs.h"
#include "cli/start.h"
#include "schema/value.h"

#include <string.h>

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
	return start_work(cli, &(struct start){.word = WORD_resubmit, .carried = carried, .what = what, .given = inputs});
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
	return start_work(cli, &(struct start){.word = WORD_press, .member = "trigger", .carried = inputs, .what = named(cli, "trigger"),
					       .given = inputs, .asks = true});
}

/* The body is checked against the fields of the trigger by the host. */
int post_command(struct cli *cli)
{
	const char *path = options_value(&cli->options, "body"), *key = options_value(&cli->options, "key");
	const hst_value *body = value_make_record(cli->arena);
	hst_error err = {0};
	int code = path ? body_read(cli, path, "body of an event", &body, &err) : HST_OK;

	if (code != HST_OK)
		return cli_fail_as(cli, code, &err);
	if (path && strcmp(path, "-") == 0 && options_has(&cli->options, "secret"))
		return cli_fail(cli, CLI_USAGE, "Usage", "standard input has the body, and no room for a secret: say --body FILE");
	if (key && !*key)
		return cli_fail(cli, CLI_USAGE, "Usage", "the key is empty: leave --key out where a repeat is another event");
	return start_work(cli, &(struct start){.word = WORD_press, .member = "trigger", .key = key, .carried = body,
					       .what = named(cli, "trigger"), .given = body});
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
	code = path ? body_read(cli, path, "event", &event, &err) : inputs_read(cli, "input", &event, &err);
	if (code != HST_OK)
		return cli_fail_as(cli, code, &err);
	return start_work(cli, &(struct start){.word = WORD_run, .member = "flow", .carried = event, .what = named(cli, "flow"), .given = event});
}
