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

static void offer_configured(const char *what, const char *file, const char *typed)
{
	AUTO_FREE char *path = conf_find(file);
	struct problems problems;
	struct conf *conf;

	problems_init(&problems);
	conf = path ? conf_load(path, &problems) : NULL;
	if (conf && strcmp(what, "BUTTON") == 0)
		offer_triggers(conf, typed);
	else if (conf && strcmp(what, "FLOW") == 0)
		for (size_t i = 0; i < conf->flow_file_count; i++)
			offer_flow(conf->flow_files[i], typed);
	else if (conf && strcmp(what, "[TARGET]") == 0)
		offer_targets(conf, typed);
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

/* Runs are in the host, which is not asked; names beside them are in the configuration. */
static void offer_run(const struct command *command, const char *file, const char *typed)
{
	offer("", "last", typed);
	if (!strstr(command->arguments, "|FLOW|TRIGGER"))
		return;
	offer_configured("FLOW", file, typed);
	offer_configured("BUTTON", file, typed);
}

static void offer_argument(const struct command *command, const char *file, const char *typed)
{
	if (strcmp(command->arguments, "DIR") == 0)
		puts("FOLDERS");
	else if (strncmp(command->arguments, "RUN", 3) == 0)
		offer_run(command, file, typed);
	else if (strcmp(command->arguments, "[CODE]") == 0)
		offer_reasons(typed);
	else
		offer_configured(command->arguments, file, typed);
}

/* What the words before the cursor mean: the command, an option that still wants its value, the
 * configuration. */
struct before {
	const struct command *command;
	const struct command_option *open;
	const char *file;
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
		offer_argument(before.command, before.file, typed);
	}
	return 0;
}
