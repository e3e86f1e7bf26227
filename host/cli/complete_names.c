/* The names that completion offers. A host that does not answer within half a second is not waited for. */
#include "cli/complete.h"

#include "base/arena.h"
#include "base/auto.h"
#include "cli/connect.h"
#include "cli/pin.h"
#include "cli/print.h"
#include "config/conf.h"
#include "config/ini.h"
#include "config/secret_files.h"
#include "desktop/package.h"
#include "os/files.h"
#include "plugin/registry.h"
#include "pure/core/states.h"
#include "schema/fields.h"
#include "schema/manifest.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

enum { RUNS_OFFERED = 40 };

/* NULL: it has no answer, or not at once. */
static const hst_value *ask(const struct completion *completion, const char *what, const hst_value *filters)
{
	struct connect connect;
	const hst_value *answer = NULL;

	completion->cli->hasty = true;
	if (connect_open(&connect, completion->cli) != CLI_DONE || connect_ask(&connect, what, filters, &answer) != CLI_DONE)
		answer = NULL;
	connect_close(&connect);
	return answer;
}

static const char *text_of(const hst_value *record, const char *name)
{
	return value_text(value_get(record, name));
}

/* Commands that can do nothing for a run that has ended. */
static bool wants_under_way(const struct command *command)
{
	return command && strcmp(command->family, "steering") == 0 && strcmp(command->name, "resubmit") != 0;
}

static void offer_runs(const struct completion *completion)
{
	hst_arena *arena = completion->cli->arena;
	hst_value *filters = value_make_record(arena);
	const hst_value *runs;

	complete_offer(completion, "", "last", "the run that was requested last");
	value_set_integer(filters, "limit", RUNS_OFFERED);
	runs = ask(completion, "runs", filters);
	for (size_t i = 0; i < value_count(runs); i++) {
		const hst_value *run = value_at(runs, i);
		const struct state_row *state = state_row(state_named(text_of(run, "state")));

		if (state && state->ended && wants_under_way(completion->command))
			continue;
		complete_offer(completion, "", print_member(arena, run, "number"),
			       arena_printf(arena, "%s  %s  %s", print_member(arena, run, "flow"), print_member(arena, run, "state"),
					    print_member(arena, run, "label")));
	}
}

/* "12/" is typed: its steps. */
static void offer_steps(const struct completion *completion)
{
	hst_arena *arena = completion->cli->arena;
	const char *slash = strchr(completion->typed, '/');
	const char *run = arena_copy(arena, completion->typed, (size_t)(slash - completion->typed));
	hst_value *filters = value_make_record(arena);
	const hst_value *steps;

	value_set_text(filters, "run", run);
	steps = value_get(ask(completion, "show", filters), "steps");
	for (size_t i = 0; i < value_count(steps); i++)
		complete_offer(completion, arena_printf(arena, "%s/", run), text_of(value_at(steps, i), "name"),
			       text_of(value_at(steps, i), "state"));
}

static void offer_run_or_step(const struct completion *completion)
{
	if (strchr(completion->typed, '/'))
		offer_steps(completion);
	else
		offer_runs(completion);
}

/* The files of the step that stands before, for `get`. */
static void offer_files(const struct completion *completion)
{
	hst_arena *arena = completion->cli->arena;
	hst_value *filters = value_make_record(arena);
	const char *run = completion->argument_count ? completion->arguments[0] : "", *slash = strchr(run, '/');
	const hst_value *steps, *files;

	if (!slash)
		return;
	value_set_text(filters, "run", arena_copy(arena, run, (size_t)(slash - run)));
	value_set_text(filters, "step", slash + 1);
	steps = value_get(ask(completion, "show", filters), "steps");
	files = value_get(value_at(steps, 0), "files");
	for (size_t i = 0; i < value_count(files); i++)
		complete_offer(completion, "", text_of(value_at(files, i), "name"), NULL);
}

static void offer_triggers(const struct completion *completion, const struct conf *conf)
{
	for (size_t i = 0; i < conf->instance_count; i++)
		if (conf->instances[i].kind == HST_TRIGGER)
			complete_offer(completion, "", conf->instances[i].name, "trigger");
}

static void offer_flow(const struct completion *completion, const char *path)
{
	struct problems problems;
	struct document *document;

	problems_init(&problems);
	document = ini_read(path, &problems);
	for (size_t i = 0; document && i < document->section_count; i++) {
		const struct section_key *name = section_find(&document->sections[i], "name");

		if (strcmp(document->sections[i].kind, "flow") == 0 && name)
			complete_offer(completion, "", name->value, "flow");
	}
	if (document)
		document_free(document);
	problems_clear(&problems);
}

static void offer_flows(const struct completion *completion, const struct conf *conf)
{
	for (size_t i = 0; i < conf->flow_file_count; i++)
		offer_flow(completion, conf->flow_files[i]);
}

static void offer_devices(const struct completion *completion, const struct conf *conf)
{
	for (size_t i = 0; i < conf->device_count; i++)
		complete_offer(completion, "", conf->devices[i].name, "device");
}

static void offer_clusters(const struct completion *completion, const struct conf *conf)
{
	for (size_t i = 0; i < conf->cluster_count; i++)
		complete_offer(completion, "cluster:", conf->clusters[i].name, NULL);
}

static void offer_targets(const struct completion *completion, const struct conf *conf)
{
	for (size_t i = 0; i < conf->device_count; i++)
		complete_offer(completion, "device:", conf->devices[i].name, NULL);
	offer_clusters(completion, conf);
}

static void offer_connections(const struct completion *completion, const struct conf *conf)
{
	for (size_t i = 0; i < conf->connection_count; i++)
		complete_offer(completion, "", conf->connections[i].name, conf->connections[i].user);
}

/* Those of the roster that this person's command line has seen last. */
static void offer_operators(const struct completion *completion)
{
	AUTO_FREE char *path = connect_key_path();
	struct operator_key key = {.name = ""};
	struct roster *roster = NULL;

	if (operator_key_read(path, &key, NULL) == HST_OK && pin_read(completion->cli, path, key.host, &roster) == CLI_DONE && roster) {
		for (size_t i = 0; i < roster->member_count; i++) {
			char rights[RIGHTS_TEXT];

			if (roster->members[i].kind != ROSTER_OPERATOR)
				continue;
			rights_text(roster->members[i].rights, rights, sizeof rights);
			complete_offer(completion, "", roster->members[i].name + strlen("operator/"), rights);
		}
	}
	roster_free(roster);
	operator_key_clear(&key);
}

/* What the host knows by a name, in its own words. */
static bool offer_live(const struct completion *completion, const char *question, const char *member, const char *what)
{
	const hst_value *rows = ask(completion, question, NULL);

	for (size_t i = 0; i < value_count(rows); i++) {
		const char *shown = text_of(value_at(rows, i), what);

		complete_offer(completion, "", text_of(value_at(rows, i), member), *shown ? shown : NULL);
	}
	return rows != NULL;
}

/* Without a host: those that are installed. */
static void offer_installed(const struct completion *completion)
{
	for (hst_plugin_kind kind = HST_TRIGGER; kind < HST_KIND_COUNT; kind++) {
		char **names = registry_names(files_plugin_directory(), kind);

		for (size_t i = 0; names[i]; i++)
			complete_offer(completion, arena_printf(completion->cli->arena, "%s/", manifest_kind_name(kind)), names[i],
				       NULL);
		registry_names_free(names);
	}
}

static void offer_plugins(const struct completion *completion)
{
	const hst_value *rows = ask(completion, "plugins", NULL);

	if (!rows)
		offer_installed(completion);
	for (size_t i = 0; i < value_count(rows); i++)
		complete_offer(completion, arena_printf(completion->cli->arena, "%s/", text_of(value_at(rows, i), "kind")),
			       text_of(value_at(rows, i), "name"), text_of(value_at(rows, i), "summary"));
}

static bool starts(const hst_value *trigger, const char *flow)
{
	const hst_value *flows = value_get(trigger, "flows");

	for (size_t i = 0; i < value_count(flows); i++)
		if (strcmp(value_text(value_at(flows, i)), flow) == 0)
			return true;
	return false;
}

/* The inputs of the button that stands before, or of what starts the flow: the secret ones, or the others. */
static void offer_given(const struct completion *completion, bool secret, const char *behind)
{
	hst_arena *arena = completion->cli->arena;
	const char *name = completion->argument_count ? completion->arguments[0] : "";
	bool press = completion->command && (strcmp(completion->command->name, "press") == 0 || strcmp(completion->command->name, "post") == 0);
	const hst_value *triggers = ask(completion, "triggers", NULL);

	for (size_t i = 0; i < value_count(triggers); i++) {
		const hst_value *trigger = value_at(triggers, i), *inputs = value_get(trigger, "inputs");

		if (press ? strcmp(text_of(trigger, "name"), name) != 0 : !starts(trigger, name))
			continue;
		for (size_t n = 0; n < value_count(inputs); n++) {
			const char *input = text_of(value_at(inputs, n), "name"), *type = text_of(value_at(inputs, n), "type");

			if (secret == (strcmp(type, "secret") == 0))
				complete_offer(completion, "", arena_printf(arena, "%s%s", input, behind), type);
		}
	}
}

static void offer_inputs(const struct completion *completion)
{
	offer_given(completion, false, "=");
}

static void offer_secrets(const struct completion *completion)
{
	offer_given(completion, true, "");
}

/* Of the package that stands before. */
static void offer_tried(const struct completion *completion)
{
	AUTO_FREE char *path = files_join(completion->argument_count ? completion->arguments[0] : ".", "desktop-flow.ini");
	AUTO(problems) struct problems problems;
	struct package *package;

	problems_init(&problems);
	package = package_read_manifest(path, &problems);
	for (size_t i = 0; package && i < package->inputs.n; i++)
		if (field_type(&package->inputs.at[i]) == HST_TYPE_SECRET)
			complete_offer(completion, "", field_name(&package->inputs.at[i]), NULL);
	package_free(package);
}

/* One behind the other, with commas between. */
static void offer_rights(const struct completion *completion)
{
	static const char *const rights[] = {"look", "press", "control", "admin"};
	const char *comma = strrchr(completion->typed, ',');
	const char *before = arena_copy(completion->cli->arena, completion->typed, comma ? (size_t)(comma + 1 - completion->typed) : 0);

	for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++)
		complete_offer(completion, before, rights[i], NULL);
}

/* Whatever says secret:NAME in a file. */
static void offer_named_in(const struct completion *completion, const char *path, hst_value *offered)
{
	AUTO(problems) struct problems problems;
	struct document *document;

	problems_init(&problems);
	document = ini_read(path, &problems);
	for (size_t i = 0; document && i < document->section_count; i++) {
		const struct section *section = &document->sections[i];

		for (size_t k = 0; k < section->key_count; k++) {
			const char *name = secret_named(section->keys[k].value);

			if (!name || value_get(offered, name))
				continue;
			value_set_boolean(offered, name, true);
			complete_offer(completion, "", arena_text(completion->cli->arena, name), "secret");
		}
	}
	if (document)
		document_free(document);
}

static void offer_named_secrets(const struct completion *completion, const struct conf *conf)
{
	hst_value *offered = value_make_record(completion->cli->arena);

	offer_named_in(completion, conf->path, offered);
	for (size_t i = 0; i < conf->flow_file_count; i++)
		offer_named_in(completion, conf->flow_files[i], offered);
}

/* As their manifests call them; one that cannot be read has no name. */
static void offer_packages(const struct completion *completion, const struct conf *conf)
{
	for (size_t i = 0; i < conf->package_file_count; i++) {
		AUTO(problems) struct problems problems;
		struct package *package;

		problems_init(&problems);
		package = package_read_manifest(conf->package_files[i], &problems);
		if (package)
			complete_offer(completion, "", package->name, *package->summary ? package->summary : NULL);
		package_free(package);
	}
}

/* A word of the table of commands and what it stands for; asked of the host, else read from the configuration. */
static const struct named {
	const char *command; /* NULL: any */
	const char *word;
	void (*offer)(const struct completion *completion);
	const char *question, *member, *what;
	void (*configured)(const struct completion *completion, const struct conf *conf);
} words[] = {
	{NULL, "RUN", offer_run_or_step, NULL, NULL, NULL, NULL},
	{NULL, "RUN/STEP", offer_run_or_step, NULL, NULL, NULL, NULL},
	{NULL, "RUN[/STEP]", offer_run_or_step, NULL, NULL, NULL, NULL},
	{"get", "FILE", offer_files, NULL, NULL, NULL, NULL},
	{"press", "K=V", offer_inputs, NULL, NULL, NULL, NULL},
	{"run", "K=V", offer_inputs, NULL, NULL, NULL, NULL},
	{"post", "K", offer_secrets, NULL, NULL, NULL, NULL},
	{"press", "K", offer_secrets, NULL, NULL, NULL, NULL},
	{"run", "K", offer_secrets, NULL, NULL, NULL, NULL},
	{"try", "K", offer_tried, NULL, NULL, NULL, NULL},
	{"seal", "NAME", NULL, NULL, NULL, NULL, offer_named_secrets},
	{"secrets", "G", NULL, "devices", "gateway", "state", offer_devices},
	{"operator", "look,press,control|admin", offer_rights, NULL, NULL, NULL, NULL},
	{NULL, "BUTTON", NULL, "triggers", "name", "plugin", offer_triggers},
	{NULL, "EVENT", NULL, "triggers", "name", "plugin", offer_triggers},
	{NULL, "[TRIGGER]", NULL, "triggers", "name", "plugin", offer_triggers},
	{NULL, "TRIGGER", NULL, "triggers", "name", "plugin", offer_triggers},
	{NULL, "FLOW", NULL, "flows", "name", "summary", offer_flows},
	{NULL, "F", NULL, "flows", "name", "summary", offer_flows},
	{NULL, "KIND/NAME", offer_plugins, NULL, NULL, NULL, NULL},
	{NULL, "[TARGET]", NULL, NULL, NULL, NULL, offer_targets},
	{"gateway", "NAME", NULL, "devices", "gateway", "state", offer_devices},
	{"device", "NAME", NULL, "devices", "name", "state", offer_devices},
	{"device", "cluster:NAME", NULL, NULL, NULL, NULL, offer_clusters},
	{"connection", "D", NULL, "devices", "name", "state", offer_devices},
	{"connection", "NAME", NULL, "connections", "name", "user", offer_connections},
	{"operator", "NAME", offer_operators, NULL, NULL, NULL, NULL},
	{"desktop", "NAME", NULL, NULL, NULL, NULL, offer_packages},
	{"desktop", "NAME[@VERSION]", NULL, NULL, NULL, NULL, offer_packages},
};

static void offer_configured(const struct completion *completion,
			     void (*offer)(const struct completion *completion, const struct conf *conf))
{
	struct conf *conf = NULL;

	if (connect_configuration(completion->cli, &conf) == CLI_DONE)
		offer(completion, conf);
	conf_free(conf);
}

void complete_names(const struct completion *completion, const char *word)
{
	const char *command = completion->command ? completion->command->name : "";

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		const struct named *row = &words[i];

		if (strcmp(row->word, word) != 0 || (row->command && strcmp(row->command, command) != 0))
			continue;
		if (row->offer)
			row->offer(completion);
		else if ((!row->question || !offer_live(completion, row->question, row->member, row->what)) && row->configured)
			offer_configured(completion, row->configured);
	}
}
