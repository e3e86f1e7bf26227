#include "worker/telling.h"

#include "base/arena.h"
#include "base/text.h"
#include "os/inherited.h"
#include "plugin/guard.h"
#include "schema/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* All of stdin, which is a record of options. */
int telling_options(hst_arena *arena, const hst_value **ret, hst_error *err)
{
	char *bytes = arena_alloc(arena, VALUE_BYTES_MAX + 1);
	size_t length = fread(bytes, 1, VALUE_BYTES_MAX + 1, stdin);

	if (length > VALUE_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "the options are larger than 1 MiB");
	return value_parse_json(arena, bytes, length, ret, err);
}

int telling_question(hst_arena *arena, const hst_value **ret, hst_error *err)
{
	static char *line;
	static size_t size;
	ssize_t length = getline(&line, &size, stdin);

	if (length < 0)
		return hst_fail(err, HST_NOT_FOUND, "there are no more questions");
	if (length > VALUE_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "the options are larger than 1 MiB");
	return value_parse_json(arena, line, (size_t)length, ret, err);
}

/* Where the answer goes; what the plugin takes for its stdout leads to where errors go. */
static int answer_fd = STDOUT_FILENO;

static void hide_stdout(void)
{
	answer_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, INHERITED_LAST + 1);
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

hst_value *telling_refusal(hst_arena *arena, int code, const hst_error *err)
{
	hst_value *refusal = value_make_record(arena);

	value_set_integer(refusal, "code", code);
	value_set_text(refusal, "reason", err->reason);
	value_set_text(refusal, "text", err->text);
	return refusal;
}

void telling_begin(void)
{
	hide_stdout();
	inherited_hide();
	guard_tell(answer_death);
}

int telling_end(hst_arena *arena, int code, const hst_value *answer, const hst_error *err)
{
	hst_value *failed = value_make_record(arena);
	struct text json;

	if (code != HST_OK) {
		value_set(failed, "error", telling_refusal(arena, code, err));
		answer = failed;
	}
	text_init(&json, 2 * VALUE_BYTES_MAX);
	value_write_json(&json, answer);
	text_add(&json, "\n");
	answer_bytes(json.s, json.length);
	text_clear(&json);
	return code == HST_OK ? 0 : 1;
}
