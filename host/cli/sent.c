#include "cli/sent.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "schema/file_name.h"
#include "schema/value.h"
#include "wire/sum.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SET = 1 }; /* one command starts one thing */

struct sending {
	struct connect *connect;
	const hst_value *fields;
	hst_value *names; /* record: each name that was given so far */
	int64_t bytes;
};

static int refuse(const struct sending *sending, const char *input, const char *path, const char *why)
{
	return cli_fail(sending->connect->cli, CLI_USAGE, "InputInvalid", "the input \"%s\" is a file, and %.200s %s", input, path, why);
}

static bool is_file(const struct sending *sending, const char *name)
{
	for (size_t i = 0; i < value_count(sending->fields); i++)
		if (strcmp(value_text(value_at(sending->fields, i)), name) == 0)
			return true;
	return false;
}

/* Two files may be called alike where they come from. */
static const char *name_for(struct sending *sending, const char *path)
{
	char safe[FILE_NAME_MAX + 1], name[FILE_NAME_MAX + 1];

	file_name_safe(safe, path);
	for (size_t n = 1;; n++) {
		file_name_numbered(name, safe, n);
		if (value_get(sending->names, name))
			continue;
		value_set_boolean(sending->names, name, true);
		return arena_text(sending->connect->cli->arena, name);
	}
}

static int send_bytes(struct sending *sending, int fd, const char *name, int64_t total)
{
	AUTO_FREE char *bytes = mem_alloc(PART_BYTES_MAX);
	struct connect_answer answer;
	struct message message;
	int64_t offset = 0;
	char said[SUM_SIZE];
	struct sum sum;
	int status;

	sum_begin(&sum);
	do {
		ssize_t n = pread(fd, bytes, PART_BYTES_MAX, offset);

		if (n < 0 || (!n && offset < total) || n > total - offset)
			return cli_fail(sending->connect->cli, CLI_FAILED, "InputInvalid", "the file %s changed while it was sent", name);
		sum_add(&sum, bytes, (size_t)n);
		message_init(&message, WORD_file_put, 0);
		message_set_integer(&message, "step", 0);
		message_set_integer(&message, "token", SET);
		message_set_text(&message, "name", name);
		message_set_integer(&message, "offset", offset);
		message_set_integer(&message, "total", total);
		offset += n;
		if (offset == total) {
			sum_end(&sum, said);
			message_set_text(&message, "sum", said);
		}
		message_set_payload(&message, bytes, (size_t)n);
		status = connect_request(sending->connect, &message, CONNECT_ANSWER_MS, &answer);
	} while (!status && offset < total);
	return status;
}

static int send_one(struct sending *sending, const char *input, const char *path, hst_value *to)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	hst_arena *arena = sending->connect->cli->arena;
	struct stat status;
	const char *name, *value;
	int code;

	if (fd < 0 || fstat(fd, &status) < 0)
		return refuse(sending, input, path, arena_printf(arena, "cannot be read: %s", strerror(errno)));
	if (!S_ISREG(status.st_mode))
		return refuse(sending, input, path, "is no file");
	if (status.st_size > FILE_BYTES_MAX)
		return refuse(sending, input, path, "is larger than 256 MiB");
	sending->bytes += status.st_size;
	if (sending->bytes > FILES_OF_RUN_BYTES_MAX)
		return refuse(sending, input, path, "is too much: the files of an event have up to 1 GiB together");
	name = name_for(sending, path);
	code = send_bytes(sending, fd, name, status.st_size);
	value = arena_printf(arena, "trigger/%s", name);
	value_append(to, value_make_text(arena, value, strlen(value)));
	return code;
}

static int send_text(struct sending *sending, const char *input, const char *paths, hst_value *to)
{
	int code = CLI_DONE;

	for (size_t length; *paths && !code; paths += length + (paths[length] != '\0')) {
		AUTO_FREE char *path = NULL;

		length = strcspn(paths, "\n");
		path = mem_copy(paths, length);
		if (length)
			code = send_one(sending, input, path, to);
	}
	return code;
}

/* *ret is one name where one was given, else a list. */
static int send_input(struct sending *sending, const char *input, const hst_value *given, const hst_value **ret)
{
	hst_value *names = value_make_list(sending->connect->cli->arena);
	bool list = value_kind(given) == HST_VALUE_LIST;
	int code = CLI_DONE;

	if (!list && value_kind(given) == HST_VALUE_TEXT)
		code = send_text(sending, input, value_text(given), names);
	for (size_t i = 0; list && !code && i < value_count(given); i++)
		code = send_text(sending, input, value_text(value_at(given, i)), names);
	*ret = list || value_count(names) > 1 ? names : value_count(names) ? value_at(names, 0) : given;
	return code;
}

int sent_files(struct connect *connect, const hst_value *fields, const hst_value *given, const hst_value **ret_given, int64_t *ret_set)
{
	hst_arena *arena = connect->cli->arena;
	struct sending sending = {.connect = connect, .fields = fields, .names = value_make_record(arena)};
	hst_value *named = value_make_record(arena);
	int code = CLI_DONE;

	for (size_t i = 0; !code && i < value_count(given); i++) {
		const char *input = value_name_at(given, i);
		const hst_value *value = value_at(given, i);

		if (is_file(&sending, input))
			code = send_input(&sending, input, value, &value);
		value_add(named, input, value);
	}
	*ret_given = named;
	*ret_set = value_count(sending.names) ? SET : 0;
	return code;
}
