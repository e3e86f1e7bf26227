/* check: the whole configuration, with its plugins, flows and packages, held against each other. */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "cli/connect.h"
#include "cli/print.h"
#include "config/conf.h"
#include "definitions/definitions.h"
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

/* What a host that runs says of devices that have never been there; NULL: none runs, or it does not answer this user. */
static const hst_value *ask_devices(const struct cli *cli)
{
	hst_error unsaid = {{0}, {0}};
	struct cli silent = *cli;
	struct connect connect;
	const hst_value *devices = NULL;

	silent.kept = &unsaid;
	if (connect_open(&connect, &silent) != CLI_DONE || connect_ask(&connect, "devices", NULL, &devices) != CLI_DONE)
		devices = NULL;
	connect_close(&connect);
	return devices;
}

static void print_note(const struct conf *conf, const struct conf_device *device, const char *text)
{
	printf("%s:%d: note: the device %s has never connected: %s\n", conf->path, device->line, device->name, text);
}

/* Without the host: whom it let in stands in a file, where this user may read it. */
static void note_from_file(const struct conf *conf, const struct conf_device *device)
{
	AUTO_FREE char *path = files_join(conf->state_dir, "admitted/gateways");
	struct presence presence = {.gateway = device->gateway, .listen = conf->listen, .now_us = clock_wall_us()};
	struct key_ring ring = {0};
	const struct key_peer *invited;
	AUTO(text) struct text text;

	text_init(&text, 4096);
	if (admitted_read(&ring, path, NULL) == HST_OK && !admitted_of(&ring, device->gateway, KEY_IN)) {
		invited = admitted_of(&ring, device->gateway, KEY_INVITED);
		if (invited && invited->at_us > presence.now_us) {
			presence.standing = PRESENCE_INVITED;
			presence.at_us = invited->at_us;
		}
		presence_say(&presence, &text);
		print_note(conf, device, text.s);
	}
	keys_clear(&ring);
}

/* A device of another machine may come later, so that it is not there yet is no error. */
static void print_notes(const struct cli *cli, const struct conf *conf)
{
	const hst_value *devices = NULL;
	bool asked = false;

	for (size_t i = 0; conf->has_host && i < conf->device_count; i++) {
		const struct conf_device *device = &conf->devices[i];

		if (!device->gateway)
			continue;
		if (!asked)
			devices = ask_devices(cli);
		asked = true;
		if (!devices)
			note_from_file(conf, device);
		for (size_t n = 0; n < value_count(devices); n++) {
			const hst_value *shown = value_at(devices, n);

			if (strcmp(value_text(value_get(shown, "name")), device->name) == 0 &&
			    strcmp(value_text(value_get(shown, "state")), "never connected") == 0)
				print_note(conf, device, print_sentence(cli->arena, shown, "text"));
		}
	}
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
		print_counts(path, definitions), print_notes(cli, definitions->conf);
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
	/* The configuration is right and can be put into force; what it names does not all work. */
	if (definitions && definitions->faults && definitions->faults == problems.n + problems.dropped)
		status = CLI_FAILED;
	if (problems.n + problems.dropped == 0)
		print_good(cli, path, definitions);
	definitions_free(definitions);
	problems_clear(&problems);
	return status;
}
