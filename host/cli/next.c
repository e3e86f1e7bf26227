/*
 * next: when a trigger will fire by itself. Its own worker is asked, since that is who will do it; without a host, the
 * plugin is, with what the configuration says now.
 */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/grid.h"
#include "cli/print.h"
#include "definitions/live.h"
#include "plugin/trigger.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_DEFAULT = 10 };

/* CLI_AWAY: there is no host to ask, which is for the caller to say or not. */
static int ask_host(struct cli *cli, const hst_value *filters, const hst_value **ret, hst_error *kept)
{
	struct cli silent = *cli;
	struct connect connect;
	int status;

	silent.kept = kept;
	status = connect_open(&connect, &silent);
	if (status == CLI_DONE)
		status = connect_ask(&connect, "next", filters, ret);
	connect_close(&connect);
	return status;
}

static const hst_value *flows_on(hst_arena *arena, const struct definitions *definitions, const char *trigger)
{
	hst_value *flows = value_make_list(arena);

	TABLE_EACH(&definitions->flows, entry) {
		const struct flow *flow = entry->value;

		for (size_t i = 0; i < flow->on_count; i++)
			if (strcmp(flow->on[i], trigger) == 0)
				value_append(flows, value_make_text(arena, entry->key, strlen(entry->key)));
	}
	return flows;
}

static int ask_plugin(struct cli *cli, const struct definitions *definitions, const struct problems *problems,
		      int64_t n, const hst_value **ret)
{
	const char *name = cli->options.arguments[0], *path = definitions->conf->path;
	const struct definition *trigger = definitions_instance(definitions, HST_TRIGGER, name);
	hst_value *answer = value_make_record(cli->arena);
	const hst_value *times = NULL;
	hst_error err = {0};
	int code;

	if (!trigger)
		return cli_fail(cli, CLI_USAGE, "NotFound", "there is no trigger \"%.100s\" in %s", name, path);
	if (trigger->bad)
		return cli_fail_problems(cli, path, problems);
	code = live_next(definitions, trigger, n, cli->arena, &times, &err);
	if (code != HST_OK)
		return cli_fail_as(cli, code, &err);
	value_set_text(answer, "trigger", name);
	value_set_boolean(answer, "running", false);
	value_set(answer, "flows", flows_on(cli->arena, definitions, name));
	value_set(answer, "hindrance", value_make_null(cli->arena));
	value_set(answer, "next", times);
	*ret = answer;
	return CLI_DONE;
}

static int ask_configuration(struct cli *cli, int64_t n, const hst_value **ret)
{
	AUTO_FREE char *path = conf_find(options_value(&cli->options, "conf"));
	struct definitions *definitions;
	struct problems problems;
	struct conf *conf;
	int status;

	problems_init(&problems);
	conf = conf_load_for_check(path, &problems);
	definitions = conf ? definitions_load(conf, &problems) : NULL;
	status = definitions ? ask_plugin(cli, definitions, &problems, n, ret) : cli_fail_problems(cli, path, &problems);
	definitions_free(definitions);
	problems_clear(&problems);
	return status;
}

/* What else must be known of these times goes to stderr, so that the list can be read by programs. */
static void print_remarks(struct cli *cli, const hst_value *answer)
{
	if (!value_boolean(value_get(answer, "running")))
		fprintf(stderr, "the host is not running: this is what the configuration says\n");
	if (value_kind(value_get(answer, "hindrance")) == HST_VALUE_TEXT)
		fprintf(stderr, "nothing will be started: %s\n", print_member(cli->arena, answer, "hindrance"));
	if (!value_count(value_get(answer, "flows")))
		fprintf(stderr, "nothing will be started: no flow says on = %s\n", print_member(cli->arena, answer, "trigger"));
}

static void print_answer(struct cli *cli, const hst_value *answer)
{
	static const char *const heads[] = {"WHEN", "IN", "WHERE IT COUNTS", "STARTS", NULL};
	const hst_value *times = value_get(answer, "next");
	const char *flows = print_list(cli->arena, value_get(answer, "flows"));
	int64_t now_us = clock_wall_us();
	struct grid grid;

	grid_init(&grid, cli->arena, heads);
	for (size_t i = 0; i < value_count(times); i++) {
		const hst_value *at = value_get(value_at(times, i), "at");
		hst_time time = {now_us};

		type_read_date(value_text(at), &time, NULL);
		grid_add(&grid, print_time(cli->arena, at));
		grid_add(&grid, type_span(cli->arena, time.us > now_us ? (time.us - now_us) / 1000 : 0));
		grid_add(&grid, print_member(cli->arena, value_at(times, i), "local"));
		grid_add(&grid, flows);
	}
	if (value_count(times))
		grid_print(&grid, stdout);
	else
		puts("it will not fire any more");
	grid_clear(&grid);
}

int next_command(struct cli *cli)
{
	const char *number = options_value(&cli->options, "number");
	hst_value *filters = value_make_record(cli->arena);
	const hst_value *answer = NULL;
	int64_t n = NUMBER_DEFAULT;
	hst_error kept = {0};
	int status;

	if (number && (!type_read_integer(number, &n) || n < 1 || n > TRIGGER_NEXT_MAX))
		return cli_fail(cli, CLI_USAGE, "Usage", "-n %.40s: say a number from 1 to %d", number, TRIGGER_NEXT_MAX);
	value_set_text(filters, "trigger", cli->options.arguments[0]);
	value_set_integer(filters, "limit", n);
	status = ask_host(cli, filters, &answer, &kept);
	if (status == CLI_AWAY)
		status = ask_configuration(cli, n, &answer);
	else if (status != CLI_DONE)
		return cli_fail(cli, (enum cli_status)status, kept.reason, "%s", kept.text);
	if (status != CLI_DONE)
		return status;
	if (cli->json)
		cli_print_json(answer);
	else
		print_answer(cli, answer), print_remarks(cli, answer);
	return CLI_DONE;
}
