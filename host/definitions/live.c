#include "definitions/live.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/accounts.h"
#include "os/files.h"
#include "os/spawn.h"
#include "plugin/registry.h"
#include "schema/value.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 1 << 20, ANSWER_TIMEOUT_MS = 60000 };

/* The driver works as root; triggers and connectors as the workers' user, where it is there already. */
const char *live_account(hst_plugin_kind kind)
{
	return geteuid() == 0 && kind != HST_DRIVER && getpwnam(ACCOUNT_WORKER) ? ACCOUNT_WORKER : NULL;
}

static char **arguments(const char *path, const char *as, char *const *users, size_t n)
{
	char **argv = mem_array(n + 6, sizeof *argv);
	size_t at = 0;

	argv[at++] = (char *)"hostler-worker";
	argv[at++] = (char *)"check";
	if (as) {
		argv[at++] = (char *)"--as";
		argv[at++] = (char *)as;
	}
	argv[at++] = (char *)path;
	for (size_t i = 0; i < n; i++)
		argv[at++] = users[i];
	return argv;
}

static int read_answer(const char *output, int status, hst_arena *arena, const hst_value **ret, hst_error *err)
{
	const hst_value *answer = NULL, *refusal;
	int64_t code = HST_INVALID;
	char status_text[64];

	if (value_parse_json(arena, output, strlen(output), &answer, NULL) != HST_OK) {
		spawn_status_text(status, status_text, sizeof status_text);
		return hst_fail(err, HST_BROKEN, "the process that looked ended with %s", status_text);
	}
	refusal = value_get(answer, "error");
	if (refusal) {
		value_integer(value_get(refusal, "code"), &code);
		return hst_fail_as(err, code < HST_OK && code >= HST_BROKEN ? (hst_code)code : HST_INVALID,
				   value_text(value_get(refusal, "reason")), "%s", value_text(value_get(refusal, "text")));
	}
	*ret = answer;
	return HST_OK;
}

/* Runs hostler-worker with these words, which name the plugin by `path`; the options are on its stdin. */
static int ask(const struct definition *definition, char *const *argv, hst_arena *arena, const hst_value **ret,
	       hst_error *err)
{
	AUTO_FREE char *program = files_join(files_program_directory(), "hostler-worker");
	AUTO_FREE char *output = NULL;
	AUTO(text) struct text input;
	/* What went wrong is in the answer. */
	const struct spawn_fd fds[] = {{-1, 2}};
	const struct spawn spawn = {.path = program, .argv = argv, .fds = fds, .fd_count = 1};
	int status = 0, code;

	text_init(&input, VALUE_BYTES_MAX);
	value_write_json(&input, definition->options);
	code = spawn_capture(&spawn, input.s, ANSWER_BYTES_MAX, ANSWER_TIMEOUT_MS, &output, &status, err);
	return code == HST_OK ? read_answer(output, status, arena, ret, err) : code;
}

static int plugin_path(const struct definitions *definitions, const struct definition *definition, char **ret,
		       hst_error *err)
{
	const struct conf *conf = definitions->conf;

	return registry_path(conf->plugins ? conf->plugins : files_plugin_directory(), definition->instance->kind,
			     definition->instance->plugin, ret, err);
}

int live_check(const struct definitions *definitions, const struct definition *definition, const char *as,
	       char *const *users, size_t n, hst_arena *arena, const hst_value **ret, hst_error *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char **argv = NULL;
	int code = plugin_path(definitions, definition, &path, err);

	if (code != HST_OK)
		return code;
	argv = arguments(path, as, users, n);
	return ask(definition, argv, arena, ret, err);
}

int live_next(const struct definitions *definitions, const struct definition *definition, int64_t n,
	      hst_arena *arena, const hst_value **ret, hst_error *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *number = mem_printf("%lld", (long long)n);
	int code = plugin_path(definitions, definition, &path, err);
	char *const argv[] = {(char *)"hostler-worker", (char *)"next", path, number, NULL};

	return code == HST_OK ? ask(definition, argv, arena, ret, err) : code;
}
