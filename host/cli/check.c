/* check: the whole configuration, with its plugins, flows and packages, held against each other. */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "cli/check_connections.h"
#include "cli/check_live.h"
#include "cli/check_secrets.h"
#include "cli/connect.h"
#include "cli/print.h"
#include "cli/rehearse.h"
#include "config/conf.h"
#include "definitions/definitions.h"
#include "definitions/fit.h"
#include "definitions/warnings.h"
#include "os/files.h"
#include "pure/queue/presence.h"
#include "schema/value.h"
#include "wire/admitted.h"

#include <stdio.h>
#include <string.h>

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

/* What is known of gateways of other machines: from a host that runs, else from the file of whom it let in. */
struct gateways {
	const struct cli *cli;
	const struct conf *conf;
	bool asked;
	const hst_value *devices; /* NULL: no host runs, or it does not answer this user */
};

static const hst_value *shown(struct gateways *gateways, const struct conf_device *device)
{
	hst_error unsaid = {{0}, {0}};
	struct cli silent = *gateways->cli;
	struct connect connect;

	if (!gateways->asked) {
		silent.kept = &unsaid;
		if (connect_open(&connect, &silent) != CLI_DONE ||
		    connect_ask(&connect, "devices", NULL, &gateways->devices) != CLI_DONE)
			gateways->devices = NULL;
		connect_close(&connect);
	}
	gateways->asked = true;
	for (size_t i = 0; i < value_count(gateways->devices); i++)
		if (strcmp(value_text(value_get(value_at(gateways->devices, i), "name")), device->name) == 0)
			return value_at(gateways->devices, i);
	return NULL;
}

/* *ret_text, where it has not: the sentence about it, in the command's arena; NULL: nothing is known. */
static bool has_joined(struct gateways *gateways, const struct conf_device *device, const char **ret_text)
{
	AUTO_FREE char *path = files_join(gateways->conf->state_dir, "admitted/gateways");
	struct presence presence = {.gateway = device->gateway, .listen = gateways->conf->listen, .now_us = clock_wall_us()};
	const hst_value *live = shown(gateways, device);
	struct key_ring ring = {0};
	const struct key_peer *invited;
	AUTO(text) struct text text;
	bool joined;

	text_init(&text, 4096);
	*ret_text = NULL;
	if (live) {
		*ret_text = print_sentence(gateways->cli->arena, live, "text");
		return strcmp(value_text(value_get(live, "state")), "never connected") != 0;
	}
	if (admitted_read(&ring, path, NULL) != HST_OK) {
		keys_clear(&ring);
		return false;
	}
	joined = admitted_of(&ring, device->gateway, KEY_IN) != NULL;
	invited = admitted_of(&ring, device->gateway, KEY_INVITED);
	if (invited && invited->at_us > presence.now_us) {
		presence.standing = PRESENCE_INVITED;
		presence.at_us = invited->at_us;
	}
	presence_say(&presence, &text);
	*ret_text = print_times_within(gateways->cli->arena, text.s);
	keys_clear(&ring);
	return joined;
}

static bool on_joined(void *arg, const struct conf_device *device)
{
	const char *text;

	return has_joined(arg, device, &text);
}

/* A device of another machine may come later, so that it is not there yet is no error. */
static void print_notes(struct gateways *gateways)
{
	const struct conf *conf = gateways->conf;
	const char *text;

	for (size_t i = 0; conf->has_host && i < conf->device_count; i++)
		if (conf->devices[i].gateway && !has_joined(gateways, &conf->devices[i], &text) && text)
			printf("%s:%d: note: the device %s has never connected: %s\n", conf->path, conf->devices[i].line,
			       conf->devices[i].name, text);
}

/* No errors; what may be wrong all the same goes to stderr, or is what the list has. */
static void print_good(const struct cli *cli, const char *path, const struct definitions *definitions)
{
	hst_value *list = value_make_list(cli->arena);
	struct gateways gateways = {.cli = cli, .conf = definitions->conf};
	const struct warnings_gateways known = {on_joined, &gateways};
	struct problems warnings;

	if (!cli->json) {
		print_counts(path, definitions);
		fflush(stdout); /* hostlerd waits for this, and for nothing below */
	}
	problems_init(&warnings);
	definitions_warn(definitions, &known, &warnings);
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
		print_notes(&gateways);
	problems_clear(&warnings);
}

static void look_live(struct cli *cli, const struct definitions *definitions, struct problems *problems)
{
	check_live(cli, definitions, problems);
	check_secrets(cli, definitions, problems);
	check_connections(cli, definitions, problems);
	problems_sort(problems);
}

static bool is_of_rehearsal(const struct options *options)
{
	return options->argument_count || options_has(options, "event") || options_has(options, "input") || options_has(options, "people");
}

static void note_faults(const struct cli *cli, const struct problems *problems)
{
	for (size_t i = 0; !cli->json && i < problems->n; i++)
		fprintf(stderr, "%s:%d: note: %s\n", problems->at[i].file, problems->at[i].line, problems->at[i].text);
}

int check_command(struct cli *cli)
{
	AUTO_FREE char *path = conf_find(options_value(&cli->options, "conf"));
	struct definitions *definitions = NULL;
	struct problems problems;
	const bool rehearse = options_has(&cli->options, "rehearse");
	struct conf *conf;
	bool wrong;
	int status = CLI_DONE;

	if (!rehearse && is_of_rehearsal(&cli->options))
		return cli_fail(cli, CLI_USAGE, "Usage", "flows, --event, --input and --people belong to --rehearse");
	if (!path)
		return cli_fail(cli, CLI_USAGE, "NoConfiguration",
				"there is no configuration: name one with -c FILE, or write ./hostler.ini");
	problems_init(&problems);
	conf = conf_load_for_check(path, &problems);
	if (conf)
		definitions = definitions_load(conf, &problems);
	problems_sort(&problems);
	if (definitions && problems.n + problems.dropped == 0)
		definitions_check_fit(definitions, &problems);
	/* What does not all work here now can be rehearsed: nothing of it is used. */
	if (definitions && rehearse && problems.n + problems.dropped == definitions->faults) {
		note_faults(cli, &problems);
		problems_clear(&problems);
		problems_init(&problems);
		if (options_has(&cli->options, "live"))
			look_live(cli, definitions, &problems);
		if (!problems.n)
			status = rehearse_command(cli, definitions);
		else if (cli_fail_problems(cli, path, &problems))
			status = CLI_FAILED;
		definitions_free(definitions);
		problems_clear(&problems);
		return status;
	}
	/* What is at fault now, such as a secret that was not sealed, keeps nobody from asking about the rest. */
	wrong = !definitions || problems.n + problems.dropped != definitions->faults;
	if (definitions && !wrong && options_has(&cli->options, "live"))
		look_live(cli, definitions, &problems);
	if (problems.n + problems.dropped > 0)
		status = cli_fail_problems(cli, path, &problems);
	/* The configuration is right and can be put into force; what it names does not all work, or not here and now. */
	if (!wrong && status != CLI_DONE)
		status = CLI_FAILED;
	if (problems.n + problems.dropped == 0)
		print_good(cli, path, definitions);
	definitions_free(definitions);
	problems_clear(&problems);
	return status;
}
