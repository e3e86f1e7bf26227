#include "definitions/manifests.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "base/table.h"
#include "base/text.h"
#include "os/asked.h"
#include "os/files.h"
#include "plugin/instance.h"
#include "plugin/load.h"
#include "plugin/registry.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <string.h>
#include <unistd.h>

enum { DESCRIBE_BYTES_MAX = 1 << 20, DESCRIBE_TIMEOUT_MS = 20000, FORESEEN_MAX = 32 };

/* What one plugin answered, or why it could not. */
struct answer {
	struct manifest manifest;
	int code;
	hst_error err;
};

struct manifests {
	hst_arena *arena;
	const char *directory;
	struct table answers; /* "kind/plugin" -> struct answer */
	struct table tellers; /* path -> struct asked, for those that are not loaded here */
};

struct manifests *manifests_new(hst_arena *arena, const char *directory)
{
	struct manifests *manifests = mem_alloc(sizeof *manifests);

	manifests->arena = arena;
	manifests->directory = directory;
	table_init(&manifests->answers);
	table_init(&manifests->tellers);
	return manifests;
}

void manifests_free(struct manifests *manifests)
{
	if (!manifests)
		return;
	TABLE_EACH(&manifests->tellers, entry)
		asked_free(entry->value);
	table_clear(&manifests->tellers);
	table_clear(&manifests->answers);
	free(manifests);
}

/* Only what nothing works without anyway. A balancer that crashes when it is loaded is to take nobody along. */
static bool runs_here(hst_plugin_kind kind)
{
	return kind == HST_STRATEGY;
}

/* What `hostler-worker describe` said about an error, back into one. */
static int read_refusal(const hst_value *refusal, hst_error *err)
{
	int64_t code = HST_INVALID;

	value_integer(value_get(refusal, "code"), &code);
	if (code >= HST_OK || code < HST_BROKEN)
		code = HST_INVALID;
	return hst_fail_as(err, (hst_code)code, value_text(value_get(refusal, "reason")), "%s",
			   value_text(value_get(refusal, "text")));
}

/* The process that describes the plugin; started if there is none. */
static int teller_of(struct manifests *manifests, const char *path, struct asked **ret, hst_error *err)
{
	AUTO_FREE char *program = files_join(files_program_directory(), "hostler-worker");
	char *const argv[] = {"hostler-worker", "describe", (char *)path, "--options", NULL};
	/* What the plugin prints is nobody's to see here; what went wrong is in the answer. */
	const struct spawn_fd fds[] = {{-1, STDERR_FILENO}};
	const struct spawn spawn = {.path = program, .argv = argv, .fds = fds, .fd_count = 1};
	struct asked *teller = table_get(&manifests->tellers, path);
	int code = HST_OK;

	if (!teller) {
		code = asked_start(&spawn, &teller, err);
		if (code == HST_OK)
			table_set(&manifests->tellers, path, teller);
	}
	*ret = teller;
	return code;
}

/* The next thing it says, to a question or, when that is "", by itself. */
static int hear(struct manifests *manifests, const char *path, struct asked *teller, const char *question,
		const hst_value **ret, hst_error *err)
{
	AUTO_FREE char *line = NULL;
	const hst_value *answer = NULL;
	int code = asked_line(teller, question, DESCRIBE_BYTES_MAX, DESCRIBE_TIMEOUT_MS, &line, err);

	if (code == HST_OK && value_parse_json(manifests->arena, line, strlen(line), &answer, NULL) != HST_OK)
		code = hst_fail(err, HST_BROKEN, "says what is no JSON");
	if (code != HST_OK) {
		AUTO_FREE char *why = mem_text(err->text);

		hst_fail(err, (hst_code)code, "%s cannot be described: the process that loads it %s", path, why);
	} else if (value_get(answer, "error")) {
		code = read_refusal(value_get(answer, "error"), err);
	}
	/* The plugin may have died of it. */
	if (code != HST_OK)
		asked_free(table_remove(&manifests->tellers, path));
	else
		*ret = answer;
	return code;
}

static int describe(struct manifests *manifests, const char *path, const hst_value **ret, hst_error *err)
{
	struct asked *teller = NULL;
	int code = teller_of(manifests, path, &teller, err);

	return code == HST_OK ? hear(manifests, path, teller, "", ret, err) : code;
}

static int describe_manifest(struct manifests *manifests, const char *path, struct manifest *ret, hst_error *err)
{
	const hst_value *answer = NULL;
	int code = describe(manifests, path, &answer, err);

	return code == HST_OK ? manifest_from_value(manifests->arena, answer, ret, err) : code;
}

/* The process that told the manifest is there for questions, too, unless it died of one: then another has to begin. */
static int describe_shape(struct manifests *manifests, const char *path, const hst_value *options, const hst_value **ret,
			  hst_error *err)
{
	struct asked *teller = table_get(&manifests->tellers, path);
	AUTO(text) struct text question;
	int code = HST_OK;

	text_init(&question, VALUE_BYTES_MAX);
	value_write_json(&question, options);
	if (!teller)
		code = describe(manifests, path, ret, err);
	return code == HST_OK ? hear(manifests, path, table_get(&manifests->tellers, path), question.s, ret, err) : code;
}

void manifests_foresee(struct manifests *manifests, hst_plugin_kind kind, const char *plugin)
{
	AUTO_FREE char *path = NULL;
	struct asked *teller = NULL;
	hst_error unsaid = {0};

	if (manifests->tellers.n < FORESEEN_MAX && !runs_here(kind) &&
	    registry_path(manifests->directory, kind, plugin, &path, &unsaid) == HST_OK)
		teller_of(manifests, path, &teller, &unsaid);
}

int manifests_of_file(hst_arena *arena, const char *path, struct manifest *ret, hst_error *err)
{
	struct manifests *alone = manifests_new(arena, "");
	int code = describe_manifest(alone, path, ret, err);

	manifests_free(alone);
	return code;
}

static int load_here(struct manifests *manifests, const char *path, struct manifest *ret, hst_error *err)
{
	const hst_plugin *plugin = NULL;
	int code = plugin_load(path, &plugin, err);

	if (code == HST_OK)
		manifest_from_plugin(manifests->arena, plugin, ret);
	return code;
}

static int ask(struct manifests *manifests, hst_plugin_kind kind, const char *plugin, struct manifest *ret,
	       hst_error *err)
{
	AUTO_FREE char *path = NULL;
	int code = registry_path(manifests->directory, kind, plugin, &path, err);

	if (code != HST_OK)
		return code;
	return runs_here(kind) ? load_here(manifests, path, ret, err) : describe_manifest(manifests, path, ret, err);
}

int manifests_get(struct manifests *manifests, hst_plugin_kind kind, const char *plugin, const struct manifest **ret,
		  hst_error *err)
{
	AUTO_FREE char *key = mem_printf("%s/%s", manifest_kind_name(kind), plugin);
	struct answer *answer = table_get(&manifests->answers, key);

	if (!answer) {
		answer = arena_alloc(manifests->arena, sizeof *answer);
		answer->code = ask(manifests, kind, plugin, &answer->manifest, &answer->err);
		table_set(&manifests->answers, key, answer);
	}
	if (answer->code != HST_OK)
		return hst_fail_as(err, (hst_code)answer->code, answer->err.reason, "%s", answer->err.text);
	*ret = &answer->manifest;
	return HST_OK;
}

static int read_shape(hst_arena *arena, const hst_value *shape, hst_shape *ret, hst_error *err)
{
	hst_shape read = {0};
	int code = fields_from_value(arena, value_get(shape, "event"), &read.event, err);

	if (code == HST_OK)
		code = fields_from_value(arena, value_get(shape, "inputs"), &read.inputs, err);
	if (code == HST_OK)
		code = fields_from_value(arena, value_get(shape, "outputs"), &read.outputs, err);
	if (code != HST_OK)
		return code;
	value_integer(value_get(shape, "deadline_ms"), &read.deadline.ms);
	*ret = read;
	return HST_OK;
}

static int shape_here(struct manifests *manifests, const char *path, const hst_value *options, hst_shape *ret,
		      hst_error *err)
{
	const hst_plugin *plugin = NULL;
	hst_host host;
	int code = plugin_load(path, &plugin, err);

	if (code != HST_OK)
		return code;
	plugin_plain_host(&host, plugin->name, manifests->arena);
	return plugin_shape(plugin, options, &host, manifests->arena, ret, err);
}

int manifests_shape(struct manifests *manifests, hst_plugin_kind kind, const char *plugin, const hst_value *options,
		    hst_shape *ret, hst_error *err)
{
	AUTO_FREE char *path = NULL;
	const hst_value *answer = NULL;
	int code = registry_path(manifests->directory, kind, plugin, &path, err);

	if (code != HST_OK)
		return code;
	if (runs_here(kind))
		return shape_here(manifests, path, options, ret, err);
	code = describe_shape(manifests, path, options, &answer, err);
	return code == HST_OK ? read_shape(manifests->arena, value_get(answer, "shape"), ret, err) : code;
}
