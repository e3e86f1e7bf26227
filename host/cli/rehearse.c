/* check --rehearse: which flows are rehearsed, with which triggers; and what is said in the end. */
#include "cli/rehearse.h"

#include "base/arena.h"
#include "base/auto.h"
#include "cli/body.h"
#include "cli/inputs.h"
#include "os/files.h"
#include "plugin/guard.h"
#include "plugin/load.h"
#include "plugin/registry.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

static int fail(const struct cli *cli, const hst_error *err)
{
	return cli_fail_as(cli, HST_INVALID, err);
}

static int load_sim(struct rehearsing *rehearsing, hst_error *err)
{
	const char *folder = rehearsing->definitions->conf->plugins;
	AUTO_FREE char *path = NULL;
	int code = registry_path(folder, HST_DRIVER, "sim", &path, err);

	/* A folder of the configuration's own need not have it. */
	if (code == HST_NOT_FOUND && folder)
		code = registry_path(files_plugin_directory(), HST_DRIVER, "sim", &path, err);
	return code == HST_OK ? plugin_load(path, &rehearsing->sim, err) : code;
}

static int read_given(struct rehearsing *rehearsing, hst_error *err)
{
	struct cli *cli = rehearsing->cli;
	const char *file = options_value(&cli->options, "event");
	const hst_value *event = NULL, *inputs = NULL;
	hst_value *given = value_make_record(cli->arena);
	int code = inputs_read(cli, "input", &inputs, err);

	if (code == HST_OK && file)
		code = body_read(cli, file, "event", &event, err);
	for (size_t i = 0; code == HST_OK && i < value_count(event); i++)
		value_set(given, value_name_at(event, i), value_at(event, i));
	for (size_t i = 0; code == HST_OK && i < value_count(inputs); i++)
		value_set(given, value_name_at(inputs, i), value_at(inputs, i));
	rehearsing->given = given;
	return code;
}

/* Once for each of its triggers; one that nobody but a person starts, once. */
static int rehearse_flow(const struct rehearsing *rehearsing, const struct flow *flow, hst_value *records, hst_error *err)
{
	const size_t times = flow->on_count ? flow->on_count : 1;

	for (size_t i = 0; i < times; i++) {
		const hst_value *record = NULL;
		hst_error why = {0};
		int code = rehearse_run(rehearsing, flow, flow->on_count ? flow->on[i] : NULL, &record, &why);

		if (code != HST_OK)
			return hst_fail(err, code, "%s: %s", flow->name, why.text);
		value_append(records, record);
	}
	return HST_OK;
}

/* What was typed has to be a field of some event that is rehearsed. */
static int check_given(const struct rehearsing *rehearsing, const hst_value *records, hst_error *err)
{
	for (size_t i = 0; i < value_count(rehearsing->given); i++) {
		const char *name = value_name_at(rehearsing->given, i);
		bool taken = false;

		for (size_t k = 0; k < value_count(records); k++)
			taken = taken || value_get(value_get(value_at(records, k), "event"), name);
		if (!taken)
			return hst_fail(err, HST_INVALID, "no event that is rehearsed has a field \"%s\"", name);
	}
	return HST_OK;
}

static int rehearse_all(const struct rehearsing *rehearsing, hst_value *records, hst_error *err)
{
	const struct options *options = &rehearsing->cli->options;
	int code = HST_OK;

	for (size_t i = 0; code == HST_OK && i < options->argument_count; i++) {
		const struct flow *flow = table_get(&rehearsing->definitions->flows, options->arguments[i]);

		code = flow ? rehearse_flow(rehearsing, flow, records, err)
			    : hst_fail(err, HST_NOT_FOUND, "there is no flow \"%.100s\"", options->arguments[i]);
	}
	if (!options->argument_count)
		TABLE_EACH(&rehearsing->definitions->flows, entry)
			if (code == HST_OK)
				code = rehearse_flow(rehearsing, entry->value, records, err);
	return code == HST_OK ? check_given(rehearsing, records, err) : code;
}

int rehearse_command(struct cli *cli, const struct definitions *definitions)
{
	struct definitions *const all = (struct definitions *)definitions;
	struct balancers *balancers = balancers_open(definitions);
	struct rehearsing rehearsing = {.cli = cli, .definitions = definitions, .house = {&all, &balancers}, .balancers = balancers};
	hst_value *records = value_make_list(cli->arena);
	hst_error err = {0};
	int code, status;

	problems_init(&rehearsing.warnings);
	rehearsing.policy = policy_of(&rehearsing.house);
	guard_often();
	code = load_sim(&rehearsing, &err);
	if (code == HST_OK)
		code = read_given(&rehearsing, &err);
	if (code == HST_OK)
		code = rehearse_people(&rehearsing, &err);
	if (code == HST_OK)
		code = rehearse_all(&rehearsing, records, &err);
	balancers_close(balancers);
	status = code != HST_OK ? fail(cli, &err) : rehearse_say(cli, records, &rehearsing.warnings) ? CLI_FAILED : CLI_DONE;
	problems_clear(&rehearsing.warnings);
	return status;
}
