/* The configuration of a machine that joins: where it is, what may stand there already, and what is written. */
#include "cli/join.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/ini.h"
#include "definitions/definitions.h"
#include "os/files.h"
#include "plugin/registry.h"

#include <string.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 20 };

/* The one that is meant, else the place where the others would look for it. */
static char *find_path(const struct cli *cli)
{
	AUTO_FREE char *found = conf_find(options_value(&cli->options, "conf"));
	const char *home = getenv("HOME");

	if (found)
		return files_beside("", found);
	if (geteuid() == 0 || !home || *home != '/')
		return mem_text("/etc/hostler/hostler.ini");
	return files_join(home, ".config/hostler/hostler.ini");
}

static const struct section *find_section(const struct document *document, const char *kind)
{
	for (size_t i = 0; i < document->section_count; i++)
		if (strcmp(document->sections[i].kind, kind) == 0 && !document->sections[i].name)
			return &document->sections[i];
	return NULL;
}

static bool says(const struct section *section, const char *key, const char *value)
{
	const struct section_key *found = section_find(section, key);

	return found && strcmp(found->value, value) == 0;
}

/* The same gateway may join again: its key is new because its state_dir is, or it was removed. */
static int check_gateway(const struct join *join, const struct section *gateway)
{
	const struct section_key *name = section_find(gateway, "name"), *host = section_find(gateway, "host");
	char key[KEY_TEXT];

	keys_text(join->invitation.host, key);
	if (!says(gateway, "name", join->invitation.name) || !says(gateway, "host", join->invitation.address))
		return cli_fail(join->cli, CLI_USAGE, "GatewayThere",
				"%s has a [gateway] already, \"%s\" of the host at %s, and this invitation is for \"%s\" of the host at %s: take "
				"that section out, or name another file with -c",
				join->path, name ? name->value : "?", host ? host->value : "this file", join->invitation.name,
				join->invitation.address);
	if (!says(gateway, "host_key", key))
		return cli_fail(join->cli, CLI_USAGE, "HostKeyDiffers",
				"the [gateway] in %s expects another key of the host at %s than this invitation says: if the host was installed "
				"anew, take that section out and join again",
				join->path, join->invitation.address);
	return CLI_DONE;
}

static int check_sections(struct join *join, const struct document *document)
{
	const struct section *gateway = find_section(document, "gateway");

	if (find_section(document, "host"))
		return cli_fail(join->cli, CLI_USAGE, "HostThere",
				"%s is the configuration of a host, and its gateway belongs to that: name another file with -c, whose "
				"[gateway] will need a state_dir and run_dir of its own",
				join->path);
	join->written = !gateway;
	return gateway ? check_gateway(join, gateway) : CLI_DONE;
}

int join_look(struct join *join)
{
	struct document *document;
	struct problems problems;
	hst_error err = {0};
	int code, status;

	join->path = find_path(join->cli);
	join->written = true;
	code = files_read(join->path, FILE_BYTES_MAX, &join->before, NULL, &err);
	if (code == HST_NOT_FOUND)
		return CLI_DONE;
	if (code != HST_OK)
		return cli_fail_as(join->cli, code, &err);
	problems_init(&problems);
	document = ini_read(join->path, &problems);
	status = document ? check_sections(join, document) : cli_fail_problems(join->cli, join->path, &problems);
	document_free(document);
	if (!status && !join->written)
		join->conf = conf_load(join->path, &problems);
	if (!status && !join->written && !join->conf)
		status = cli_fail_problems(join->cli, join->path, &problems);
	problems_clear(&problems);
	return status;
}

/* A real session where one can be had. */
static char *choose_driver(const struct join *join)
{
	static const char *const wanted[] = {"xrdp", "x11", NULL};
	const char *given = options_value(&join->cli->options, "driver");
	char **names = registry_names(files_plugin_directory(), HST_DRIVER);
	char *chosen = mem_text(given);

	for (size_t i = 0; wanted[i] && !chosen; i++)
		for (size_t n = 0; names && names[n] && !chosen; n++)
			if (strcmp(names[n], wanted[i]) == 0)
				chosen = mem_text(wanted[i]);
	registry_names_free(names);
	return chosen ? chosen : mem_text("x11");
}

static void add_key(struct text *to, const char *key, const char *value)
{
	if (value)
		text_addf(to, "%-8s = %s\n", key, value);
}

static int write_file(const struct join *join, const char *text)
{
	AUTO_FREE char *folder = files_beside(join->path, ".");
	hst_error err = {0};
	int code = files_make_directory(folder, 0755, &err);

	if (code == HST_OK)
		code = files_replace(join->path, text, strlen(text), 0644, true, &err);
	return code == HST_OK ? CLI_DONE : cli_fail_as(join->cli, code, &err);
}

/* A file that hostlerd would refuse is not left behind. */
static void put_back(const struct join *join)
{
	if (join->before)
		write_file(join, join->before);
	else
		unlink(join->path);
}

static int check_whole(struct join *join)
{
	struct definitions *definitions = NULL;
	struct problems problems;
	struct conf *conf;
	int status = CLI_DONE;

	problems_init(&problems);
	conf = conf_load(join->path, &problems);
	if (conf)
		definitions = definitions_load(conf, &problems);
	if (problems.n > 0)
		status = cli_fail_problems(join->cli, join->path, &problems);
	definitions_free(definitions);
	if (!status)
		join->conf = conf_load(join->path, &problems);
	problems_clear(&problems);
	return status;
}

int join_write(struct join *join)
{
	const struct options *options = &join->cli->options;
	const char *state_dir = options_value(options, "state-dir");
	AUTO_FREE char *driver = NULL;
	AUTO_FREE char *state = NULL;
	AUTO_FREE char *run = NULL;
	AUTO(text) struct text text;
	char key[KEY_TEXT];
	int status;

	text_init(&text, FILE_BYTES_MAX);
	if (!join->written)
		return CLI_DONE;
	driver = choose_driver(join);
	keys_text(join->invitation.host, key);
	if (join->before && *join->before)
		text_addf(&text, "%s%s\n", join->before, join->before[strlen(join->before) - 1] == '\n' ? "" : "\n");
	text_add(&text, "# Written by `hostler gateway join`.\n[gateway]\n");
	add_key(&text, "name", join->invitation.name);
	add_key(&text, "host", join->invitation.address);
	add_key(&text, "host_key", key);
	if (state_dir) {
		state = files_beside("", state_dir);
		run = files_join(state, "run");
	}
	add_key(&text, "state_dir", state);
	add_key(&text, "run_dir", run);
	add_key(&text, "driver", driver);
	add_key(&text, "strategy", options_value(options, "strategy"));
	add_key(&text, "accounts", options_value(options, "accounts"));
	status = write_file(join, text.s);
	if (status)
		return status;
	status = check_whole(join);
	if (status)
		put_back(join);
	return status;
}

int join_leave_invitation(struct join *join)
{
	AUTO_FREE char *path = files_join(join->conf->state_dir, "invitation");
	char *line = invitation_write(&join->invitation);
	hst_error err = {0};
	int code = files_make_directory(join->conf->state_dir, 0700, &err);

	if (code == HST_OK)
		code = files_replace(path, line, strlen(line), 0600, false, &err);
	invitation_forget(line);
	return code == HST_OK ? CLI_DONE : cli_fail_as(join->cli, code, &err);
}
