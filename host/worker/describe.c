#include "worker/describe.h"

#include "base/arena.h"
#include "base/text.h"
#include "os/inherited.h"
#include "plugin/guard.h"
#include "plugin/instance.h"
#include "plugin/load.h"
#include "schema/fields.h"
#include "schema/manifest.h"
#include "schema/value.h"
#include "worker/services.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All of stdin, which is a record of options. */
static int read_options(hst_arena *arena, const hst_value **ret, hst_error *err)
{
	char *bytes = arena_alloc(arena, VALUE_BYTES_MAX + 1);
	size_t length = fread(bytes, 1, VALUE_BYTES_MAX + 1, stdin);

	if (length > VALUE_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "the options are larger than 1 MiB");
	return value_parse_json(arena, bytes, length, ret, err);
}

static hst_value *shape_value(hst_arena *arena, const hst_shape *shape)
{
	hst_value *value = value_make_record(arena);

	value_set(value, "event", fields_to_value(arena, shape->event));
	value_set(value, "inputs", fields_to_value(arena, shape->inputs));
	value_set(value, "outputs", fields_to_value(arena, shape->outputs));
	value_set_integer(value, "deadline_ms", shape->deadline.ms);
	return value;
}

static int describe_shape(hst_arena *arena, const hst_plugin *plugin, const hst_value *manifest, const hst_value **ret,
			  hst_error *err)
{
	const hst_value *given = NULL, *options = NULL;
	struct services services;
	hst_shape shape = {0};
	hst_value *answer;
	int code = read_options(arena, &given, err);

	if (code == HST_OK)
		code = fields_check(arena, plugin->options, "option", given, false, &options, err);
	if (code != HST_OK)
		return code;
	services_init(&services, plugin, plugin->name, arena);
	code = plugin_shape(plugin, options, &services.host, arena, &shape, err);
	services_clear(&services);
	if (code != HST_OK)
		return code;
	answer = value_make_record(arena);
	value_set(answer, "manifest", manifest);
	value_set(answer, "shape", shape_value(arena, &shape));
	*ret = answer;
	return HST_OK;
}

static int describe(hst_arena *arena, const char *path, bool with_options, const hst_value **ret, hst_error *err)
{
	const hst_plugin *plugin = NULL;
	const hst_value *manifest;
	struct manifest said;
	char whole[PATH_MAX];
	int code;

	if (!realpath(path, whole))
		return hst_fail(err, HST_NOT_FOUND, "cannot read %s: %s", path, strerror(errno));
	code = plugin_load(whole, &plugin, err);
	if (code != HST_OK)
		return code;
	manifest_from_plugin(arena, plugin, &said);
	manifest = manifest_to_value(arena, &said);
	if (with_options)
		return describe_shape(arena, plugin, manifest, ret, err);
	*ret = manifest;
	return HST_OK;
}

/* Where the answer goes; what the plugin takes for its stdout leads to where errors go. */
static int answer_fd = STDOUT_FILENO;

static void hide_stdout(void)
{
	answer_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, INHERITED_PEER + 1);
	if (answer_fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		answer_fd = STDOUT_FILENO;
}

static void answer_bytes(const char *bytes, size_t n)
{
	while (n) {
		ssize_t written = write(answer_fd, bytes, n);

		if (written < 0 && errno != EINTR)
			return;
		bytes += written > 0 ? written : 0;
		n -= written > 0 ? (size_t)written : 0;
	}
}

/* The process dies of the plugin: whoever asked reads why, as of any other failure. Runs in a signal handler. */
static void answer_death(const char *sentence)
{
	static const char before[] = "{\"error\":{\"code\":-7,\"reason\":\"\",\"text\":\"", behind[] = "\"}}\n";
	char json[1024];
	size_t n = 0;

	for (; *sentence && n < sizeof json - 2; sentence++) {
		unsigned char c = (unsigned char)*sentence;

		if (c == '"' || c == '\\')
			json[n++] = '\\';
		json[n++] = c < 0x20 ? ' ' : (char)c;
	}
	answer_bytes(before, sizeof before - 1);
	answer_bytes(json, n);
	answer_bytes(behind, sizeof behind - 1);
}

static const hst_value *refusal_value(hst_arena *arena, int code, const hst_error *err)
{
	hst_value *refusal = value_make_record(arena), *answer = value_make_record(arena);

	value_set_integer(refusal, "code", code);
	value_set_text(refusal, "reason", err->reason);
	value_set_text(refusal, "text", err->text);
	value_set(answer, "error", refusal);
	return answer;
}

int describe_run(const char *path, bool with_options)
{
	hst_arena *arena = arena_new();
	const hst_value *answer = NULL;
	hst_error err = {0};
	struct text json;
	int code;

	hide_stdout();
	inherited_hide();
	guard_tell(answer_death);
	code = describe(arena, path, with_options, &answer, &err);

	if (code != HST_OK)
		answer = refusal_value(arena, code, &err);
	text_init(&json, 2 * VALUE_BYTES_MAX);
	value_write_json(&json, answer);
	text_add(&json, "\n");
	answer_bytes(json.s, json.length);
	text_clear(&json);
	arena_free(arena);
	return code == HST_OK ? 0 : 1;
}
