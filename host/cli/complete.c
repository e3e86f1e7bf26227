#include "cli/complete.h"

#include "base/auto.h"
#include "cli/commands.h"
#include "config/conf.h"
#include "config/ini.h"
#include "pure/queue/reasons.h"

#include <stdio.h>
#include <string.h>

static void offer(const char *before, const char *word, const char *typed)
{
	size_t length = strlen(before);

	if (strncmp(before, typed, strlen(typed) < length ? strlen(typed) : length) != 0)
		return;
	if (strlen(typed) <= length || strncmp(word, typed + length, strlen(typed) - length) == 0)
		printf("%s%s\n", before, word);
}

static void offer_commands(const char *typed)
{
	size_t n;
	const struct command *table = commands(&n);

	for (size_t i = 0; i < n; i++)
		if (table[i].since)
			offer("", table[i].name, typed);
}

static void offer_options(const struct command_option *options, const char *typed)
{
	for (; options && options->name; options++)
		if (options->since)
			offer("--", options->name, typed);
}

/* Words people have as values: what a configuration names, else files. */
static void offer_value(const struct command_option *option, const char *typed)
{
	if (option->choices)
		for (size_t i = 0; option->choices[i]; i++)
			offer("", option->choices[i], typed);
	else if (strcmp(option->value, "FILE") == 0 || strcmp(option->value, "OUT") == 0)
		puts("FILES");
}

static void offer_triggers(const struct conf *conf, const char *typed)
{
	for (size_t i = 0; i < conf->instance_count; i++)
		if (conf->instances[i].kind == HST_TRIGGER)
			offer("", conf->instances[i].name, typed);
}

static void offer_flow(const char *path, const char *typed)
{
	struct problems problems;
	struct document *document;

	problems_init(&problems);
	document = ini_read(path, &problems);
	for (size_t i = 0; document && i < document->section_count; i++) {
		const struct section_key *name = section_find(&document->sections[i], "name");

		if (strcmp(document->sections[i].kind, "flow") == 0 && name)
			offer("", name->value, typed);
	}
	if (document)
		document_free(document);
	problems_clear(&problems);
}

static void offer_targets(const struct conf *conf, const char *typed)
{
	for (size_t i = 0; i < conf->device_count; i++)
		offer("device:", conf->devices[i].name, typed);
	for (size_t i = 0; i < conf->cluster_count; i++)
		offer("cluster:", conf->clusters[i].name, typed);
}

static void offer_devices(const struct conf *conf, const char *typed)
{
	for (size_t i = 0; i < conf->device_count; i++)
		offer("", conf->devices[i].name, typed);
}

static void offer_clusters(const struct conf *conf, const char *typed)
{
	for (size_t i = 0; i < conf->cluster_count; i++)
		offer("cluster:", conf->clusters[i].name, typed);
}

static void offer_connections(const struct conf *conf, const char *typed)
{
	for (size_t i = 0; i < conf->connection_count; i++)
		offer("", conf->connections[i].name, typed);
}

static void offer_flows(const struct conf *conf, const char *typed)
{
	for (size_t i = 0; i < conf->flow_file_count; i++)
		offer_flow(conf->flow_files[i], typed);
}

/* What a word in the arguments of a command stands for, of all that is in the configuration. */
static const struct {
	const char *command; /* NULL: any */
	const char *word;
	void (*offer)(const struct conf *conf, const char *typed);
} configured[] = {
	{NULL, "BUTTON", offer_triggers},	   {NULL, "TRIGGER", offer_triggers}, {NULL, "FLOW", offer_flows},
	{NULL, "[TARGET]", offer_targets},	   {"device", "NAME", offer_devices}, {"device", "cluster:NAME", offer_clusters},
	{"connection", "NAME", offer_connections},
};

static void offer_configured(const char *command, const char *word, const char *file, const char *typed)
{
	AUTO_FREE char *path = conf_find(file);
	struct problems problems;
	struct conf *conf;

	problems_init(&problems);
	conf = path ? conf_load(path, &problems) : NULL;
	for (size_t i = 0; conf && i < sizeof configured / sizeof configured[0]; i++)
		if (strcmp(configured[i].word, word) == 0 &&
		    (!configured[i].command || strcmp(configured[i].command, command) == 0))
			configured[i].offer(conf, typed);
	conf_free(conf);
	problems_clear(&problems);
}

static void offer_reasons(const char *typed)
{
	size_t n;
	const struct reason *table = reasons(&n);

	for (size_t i = 0; i < n; i++)
		offer("", table[i].code, typed);
}

/* One of the words that may stand there. Runs are in the host, which is not asked. */
static void offer_word(const struct command *command, const char *word, const char *file, const char *typed)
{
	if (strcmp(word, "DIR") == 0)
		puts("FOLDERS");
	else if (strncmp(word, "RUN", 3) == 0)
		offer("", "last", typed);
	else if (strcmp(word, "[CODE]") == 0)
		offer_reasons(typed);
	else if (word[0] >= 'a' && word[0] <= 'z' && !strchr(word, ':'))
		offer("", word, typed);
	else
		offer_configured(command->name, word, file, typed);
}

enum { ARGUMENTS_MAX = 120 };

/* The words of the `at`th argument: of "drain|resume NAME|host" drain and resume, then NAME and host. */
static void offer_alternatives(const struct command *command, char *form, int at, const char *file, const char *typed)
{
	char *rest = NULL, *argument = strtok_r(form, " ", &rest);

	while (argument && at-- > 0)
		argument = strtok_r(NULL, " ", &rest);
	for (char *more = NULL, *word = argument ? strtok_r(argument, "|", &more) : NULL; word;
	     word = strtok_r(NULL, "|", &more))
		offer_word(command, word, file, typed);
}

/* " | " stands between whole forms: "list | unblock NAME". */
static void offer_argument(const struct command *command, int at, const char *file, const char *typed)
{
	char forms[ARGUMENTS_MAX], *next;

	snprintf(forms, sizeof forms, "%s", command->arguments);
	for (char *form = forms; form; form = next) {
		next = strstr(form, " | ");
		if (next) {
			*next = '\0';
			next += 3;
		}
		offer_alternatives(command, form, at, file, typed);
	}
}

/* What the words before the cursor mean: the command, an option that still wants its value, the
 * configuration. */
struct before {
	const struct command *command;
	const struct command_option *open;
	const char *file;
	int arguments; /* of the command, given already */
};

static void read_before(struct before *before, const char *word)
{
	const struct command_option *option = NULL;

	if (before->open) {
		if (strcmp(before->open->name, "conf") == 0)
			before->file = word;
		before->open = NULL;
		return;
	}
	if (strncmp(word, "--", 2) == 0)
		option = command_option(before->command, word + 2);
	else if (word[0] == '-' && word[1] && !word[2])
		option = command_option_letter(before->command, word[1]);
	else if (word[0] != '-' && !before->command)
		before->command = command_named(word);
	else if (word[0] != '-')
		before->arguments++;
	if (option && option->value)
		before->open = option;
}

int complete_words(int count, char *const *words)
{
	const char *typed = count > 0 ? words[count - 1] : "";
	struct before before = {0};

	for (int i = 0; i + 1 < count; i++)
		read_before(&before, words[i]);
	if (before.open) {
		offer_value(before.open, typed);
	} else if (typed[0] == '-') {
		offer_options(before.command ? before.command->options : NULL, typed);
		offer_options(command_options_of_all(), typed);
	} else if (!before.command) {
		offer_commands(typed);
	} else {
		offer_argument(before.command, before.arguments, before.file, typed);
	}
	return 0;
}
