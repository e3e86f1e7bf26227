/* plugin: its words, and which file is meant. */
#include "cli/plugin.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "config/conf.h"
#include "os/files.h"
#include "plugin/registry.h"
#include "schema/nearest.h"
#include "schema/section.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word;
	int (*run)(struct cli *cli);
} acts[] = {
	{"doc", plugin_doc},
	{"new", plugin_new},
	{"test", plugin_test},
};

enum { ACTS = sizeof acts / sizeof acts[0] };

int plugin_command(struct cli *cli)
{
	const char *word = cli->options.arguments[0];
	struct nearest nearest;

	nearest_init(&nearest, word);
	for (size_t i = 0; i < ACTS; i++) {
		if (strcmp(acts[i].word, word) == 0)
			return acts[i].run(cli);
		nearest_offer(&nearest, acts[i].word);
	}
	return cli_fail(cli, CLI_USAGE, "Usage", "plugin has no word \"%.40s\"; %s%s%s", word,
			nearest.best ? "did you mean \"" : "`hostler plugin --help` lists them",
			nearest.best ? nearest.best : "", nearest.best ? "\"?" : "");
}

hst_plugin_kind plugin_word(const char *word, const char **ret_name)
{
	const char *slash = strchr(word, '/');
	AUTO_FREE char *kind = slash ? mem_copy(word, (size_t)(slash - word)) : NULL;

	if (!kind || strchr(slash + 1, '/'))
		return (hst_plugin_kind)0;
	*ret_name = slash + 1;
	return manifest_kind_named(kind);
}

/* A configuration that was named has to be good; one that merely lies about is of use when it is. */
static int directory_of(const struct cli *cli, const char **ret)
{
	const char *given = options_value(&cli->options, "conf");
	AUTO_FREE char *path = conf_find(given);
	struct problems problems;
	struct conf *conf = NULL;
	int status = CLI_DONE;

	problems_init(&problems);
	if (path)
		conf = conf_load(path, &problems);
	if (given && !conf) {
		problems_sort(&problems);
		status = cli_fail_problems(cli, path, &problems);
	}
	problems_clear(&problems);
	*ret = arena_text(cli->arena, conf && conf->plugins ? conf->plugins : files_plugin_directory());
	conf_free(conf);
	return status;
}

static const char *fail(const struct cli *cli, const hst_error *err, int code, int *ret_status)
{
	*ret_status = cli_fail_as(cli, code, err);
	return NULL;
}

const char *plugin_file(const struct cli *cli, const char *word, int *ret_status)
{
	const char *directory, *name = NULL;
	hst_plugin_kind kind = plugin_word(word, &name);
	AUTO_FREE char *path = NULL;
	char whole[PATH_MAX];
	hst_error err = {0};
	int code;

	if (!kind || strcmp(word + strlen(word) - (strlen(word) < 3 ? 0 : 3), ".so") == 0) {
		if (realpath(word, whole))
			return arena_text(cli->arena, whole);
		code = strchr(word, '/') || strstr(word, ".so")
			       ? hst_fail(&err, HST_NOT_FOUND, "cannot read %.300s: %s", word, strerror(errno))
			       : hst_fail(&err, HST_INVALID, "\"%.80s\" is neither KIND/NAME, such as connector/file, nor a file", word);
		return fail(cli, &err, code, ret_status);
	}
	*ret_status = directory_of(cli, &directory);
	if (*ret_status)
		return NULL;
	code = registry_path(directory, kind, name, &path, &err);
	return code == HST_OK ? arena_text(cli->arena, path) : fail(cli, &err, code, ret_status);
}
