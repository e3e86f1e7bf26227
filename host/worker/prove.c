#include "worker/prove.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "plugin/guard.h"
#include "plugin/load.h"
#include "plugin/present.h"
#include "schema/manifest.h"
#include "schema/value.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char skipped[] = "Skipped";

int prove_skip(hst_error *err, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	hst_vfail(err, HST_INVALID, skipped, why, args);
	va_end(args);
	return HST_INVALID;
}

static int keeps_every_rule(struct attempt *attempt, hst_error *err)
{
	(void)attempt, (void)err;
	return HST_OK; /* it would not have been loaded otherwise */
}

static int check_documented(const char *what, hst_fields fields, hst_error *err)
{
	for (size_t i = 0; i < fields.n; i++) {
		const char *doc = fields.at[i].doc;

		if (!doc || !doc[0] || doc[strlen(doc) - 1] == '.')
			return hst_fail(err, HST_INVALID, "%s \"%s\" needs a .doc of one line without full stop", what,
					fields.at[i].name ? fields.at[i].name : fields.at[i].member);
	}
	return HST_OK;
}

static int says_what_it_means(struct attempt *attempt, hst_error *err)
{
	const hst_plugin *plugin = attempt->plugin;
	int code = check_documented("option", plugin->options, err);

	if (code == HST_OK)
		code = check_documented("event field", plugin->event, err);
	for (size_t i = 0; i < plugin->action_count && code == HST_OK; i++) {
		code = check_documented("input", plugin->actions[i].inputs, err);
		if (code == HST_OK)
			code = check_documented("output", plugin->actions[i].outputs, err);
	}
	return code;
}

static char *manifest_text(hst_arena *arena, const struct manifest *manifest)
{
	struct text text;

	text_init(&text, VALUE_BYTES_MAX);
	value_write_json(&text, manifest_to_value(arena, manifest));
	return text_take(&text);
}

static int can_be_described(struct attempt *attempt, hst_error *err)
{
	struct manifest manifest, again;
	const hst_value *value = NULL;
	AUTO_FREE char *first = NULL;
	AUTO_FREE char *second = NULL;
	int code;

	manifest_from_plugin(attempt->arena, attempt->plugin, &manifest);
	first = manifest_text(attempt->arena, &manifest);
	code = value_parse_json(attempt->arena, first, strlen(first), &value, err);
	if (code == HST_OK)
		code = manifest_from_value(attempt->arena, value, &again, err);
	if (code != HST_OK)
		return code;
	second = manifest_text(attempt->arena, &again);
	return strcmp(first, second) == 0 ? HST_OK : hst_fail(err, HST_INVALID, "its tables are not what others read of them");
}

static size_t descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t n = 0;

	while (folder && readdir(folder))
		n++;
	if (folder)
		closedir(folder);
	return n;
}

/* The first opening may leave what a library keeps for as long as the process lives; a second one may add nothing. */
static int opens_and_closes(struct attempt *attempt, hst_error *err)
{
	size_t before = 0;

	for (int i = 0; i < 3; i++) {
		int code = attempt_open(attempt, err);

		if (code != HST_OK)
			return code;
		plugin_close(attempt->instance);
		attempt->instance = NULL;
		if (i == 0)
			before = descriptors();
	}
	if (descriptors() > before)
		return hst_fail(err, HST_INVALID, "close leaves descriptors open: %zu before and %zu after two more openings", before,
				descriptors());
	return HST_OK;
}

static int proves_its_settings(struct attempt *attempt, hst_error *err)
{
	struct service_call call;
	int code;

	if (!PRESENT(attempt->plugin, check))
		return prove_skip(err, "it has no check");
	services_begin(&attempt->alone.services, &call, attempt->arena, 15000);
	code = plugin_check(attempt->instance, &call.call, err);
	services_done(&attempt->alone.services);
	return code;
}

static const struct prove_case of_all[] = {
	{0, true, "it is loaded, and its descriptor keeps every rule", keeps_every_rule},
	{0, true, "every field says what it means", says_what_it_means},
	{0, true, "what it says of itself can be told to others", can_be_described},
	{0, true, "it opens and closes, and leaves nothing open", opens_and_closes},
	{0, false, "it proves its settings", proves_its_settings},
	{0, false, NULL, NULL},
};

/* The end of the pipe on which a case says what went wrong. */
static int told_to;

static void tell(const char *sentence)
{
	(void)!write(told_to, sentence, strlen(sentence));
}

/* What a case works with: read anew in each process. */
struct given {
	const char *path;
	char *const *arguments;
	int n;
};

static int read_arguments(struct attempt *attempt, const struct given *given, hst_error *err)
{
	int code = HST_OK;

	for (int i = 0; i + 1 < given->n && code == HST_OK; i += 2) {
		if (strcmp(given->arguments[i], "-o") != 0 && strcmp(given->arguments[i], "-i") != 0)
			return hst_fail(err, HST_INVALID, "\"%s\" is neither -o nor -i", given->arguments[i]);
		code = attempt_read_pair(attempt->arena, given->arguments[i][1] == 'o' ? attempt->options : attempt->inputs,
					 given->arguments[i + 1], err);
	}
	return code;
}

static int run_here(const struct prove_case *one, const struct given *given, hst_error *err)
{
	hst_arena *arena = arena_new();
	struct attempt attempt = {.arena = arena, .options = value_make_record(arena), .inputs = value_make_record(arena)};
	int code = read_arguments(&attempt, given, err);

	if (code == HST_OK)
		code = plugin_load(given->path, &attempt.plugin, err);
	if (code != HST_OK)
		return code;
	if (one->kind && one->kind != attempt.plugin->kind) {
		err->text[0] = '\0';
		return prove_skip(err, "%s", "");
	}
	alone_init(&attempt.alone, attempt.plugin, attempt.plugin->name, arena);
	if (!one->closed)
		code = attempt_open(&attempt, err);
	if (code == HST_OK)
		code = one->run(&attempt, err);
	plugin_close(attempt.instance);
	alone_clear(&attempt.alone);
	arena_free(arena);
	return code;
}

/* In a child. '+' and nothing: passed. '-' and a sentence: skipped. A sentence alone: failed. */
static void run_and_tell(const struct prove_case *one, const struct given *given)
{
	hst_error err = {0};
	int code;

	guard_tell(tell);
	code = run_here(one, given, &err);
	if (code == HST_OK)
		tell("+");
	else if (strcmp(err.reason, skipped) == 0)
		tell("-");
	if (code != HST_OK)
		tell(err.text);
	if (code != HST_OK && !err.text[0] && strcmp(err.reason, skipped) != 0)
		tell("failed without saying why");
	_exit(0);
}

static size_t read_all(int fd, char *to, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size - 1 && ((got = read(fd, to + n, size - 1 - n)) > 0 || (got < 0 && errno == EINTR)))
		n += got > 0 ? (size_t)got : 0;
	to[n] = '\0';
	return n;
}

static void print_case(const char *name, const char *outcome, const char *text)
{
	hst_arena *arena = arena_new();
	hst_value *record = value_make_record(arena);

	value_set_text(record, "case", name);
	value_set_text(record, "outcome", outcome);
	value_set_text(record, "text", text && *text ? text : NULL);
	try_print(record);
	arena_free(arena);
}

/* False: it failed. A plugin that does not come back is ended by plugin/guard.h, so the end of the pipe always comes. */
static bool prove(const struct prove_case *one, const struct given *given)
{
	char said[2 * HST_TEXT_MAX];
	int ends[2], status = 0;
	pid_t child;

	fflush(stdout);
	if (pipe(ends) < 0 || (child = fork()) < 0) {
		print_case(one->name, "failed", strerror(errno));
		return false;
	}
	if (child == 0) {
		close(ends[0]);
		told_to = ends[1];
		/* What a plugin prints is no case. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		run_and_tell(one, given);
	}
	close(ends[1]);
	read_all(ends[0], said, sizeof said);
	close(ends[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (strcmp(said, "-") == 0)
		return true; /* a case of another kind */
	if (said[0] == '+' || said[0] == '-') {
		print_case(one->name, said[0] == '+' ? "passed" : "skipped", said + 1);
		return true;
	}
	print_case(one->name, "failed", said[0] ? said : "its process ended in the middle of it");
	return false;
}

static bool prove_table(const struct prove_case *table, const struct given *given)
{
	bool good = true;

	for (; table->name; table++)
		good = prove(table, given) && good;
	return good;
}

int prove_run(char *const *arguments, int n)
{
	char whole[PATH_MAX];
	const struct given given = {.path = whole, .arguments = arguments + 1, .n = n - 1};
	bool good;

	if (!realpath(arguments[0], whole)) {
		fprintf(stderr, "hostler-worker: error: cannot read %s: %s\n", arguments[0], strerror(errno));
		return 2;
	}
	/* Nothing else is worth looking at before this holds. */
	if (!prove(&of_all[0], &given))
		return 1;
	good = prove_table(of_all + 1, &given);
	good = prove_table(prove_deciders, &given) && good;
	good = prove_table(prove_doers, &given) && good;
	return good ? 0 : 1;
}
