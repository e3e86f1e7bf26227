/* check: the whole configuration, with its plugins, flows and packages, held against each other. */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "config/conf.h"
#include "definitions/definitions.h"
#include "definitions/warnings.h"
#include "schema/value.h"

#include <stdio.h>

struct count {
	size_t n;
	const char *one, *many;
};

static void print_counts(const char *path, const struct definitions *definitions)
{
	const struct count counts[] = {
		{definitions->flows.n, "flow", "flows"},
		{definitions->instances[HST_TRIGGER].n, "trigger", "triggers"},
		{definitions->instances[HST_CONNECTOR].n, "connector", "connectors"},
		{definitions->packages.n, "desktop flow", "desktop flows"},
		{definitions->conf->device_count, "device", "devices"},
	};

	printf("%s is fine:", path);
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		printf("%s %zu %s", i ? "," : "", counts[i].n,
		       counts[i].n == 1 ? counts[i].one : counts[i].many);
	puts("");
}

/* No errors; what may be wrong all the same goes to stderr, or is what the list has. */
static void print_good(const struct cli *cli, const char *path, const struct definitions *definitions)
{
	hst_value *list = value_make_list(cli->arena);
	struct problems warnings;

	problems_init(&warnings);
	definitions_warn(definitions, &warnings);
	for (size_t i = 0; i < warnings.n; i++) {
		AUTO_FREE char *line = problem_warning(&warnings.at[i]);
		hst_value *row = value_make_record(cli->arena);

		value_set_text(row, "file", warnings.at[i].file);
		value_set_integer(row, "line", warnings.at[i].line);
		value_set_text(row, "text", warnings.at[i].text);
		value_set_text(row, "severity", "warning");
		value_append(list, row);
		if (!cli->json)
			fprintf(stderr, "%s\n", line);
	}
	if (cli->json)
		cli_print_json(list);
	else
		print_counts(path, definitions);
	problems_clear(&warnings);
}

int check_command(struct cli *cli)
{
	AUTO_FREE char *path = conf_find(options_value(&cli->options, "conf"));
	struct definitions *definitions = NULL;
	struct problems problems;
	struct conf *conf;
	int status = CLI_DONE;

	if (!path)
		return cli_fail(cli, CLI_USAGE, "NoConfiguration",
				"there is no configuration: name one with -c FILE, or write ./hostler.ini");
	problems_init(&problems);
	conf = conf_load_for_check(path, &problems);
	if (conf)
		definitions = definitions_load(conf, &problems);
	problems_sort(&problems);
	if (problems.n + problems.dropped > 0)
		status = cli_fail_problems(cli, path, &problems);
	else
		print_good(cli, path, definitions);
	definitions_free(definitions);
	problems_clear(&problems);
	return status;
}
