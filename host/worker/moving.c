#include "worker/moving.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/failure.h"
#include "schema/fields.h"
#include "schema/file_name.h"
#include "schema/value.h"
#include "wire/sum.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One file on its way. */
struct moving {
	struct services *services;
	int64_t step, token;
	struct call_file *file;
	int fd;
	int64_t offset, total;
	struct sum sum;
	hst_error *err;
};

static int look(const struct moving *moving)
{
	const struct service_call *call = moving->services->current;

	if (!call || !(call->cancelled || moving->services->ending))
		return HST_OK;
	return hst_fail_as(moving->err, HST_CANCELLED, "Cancelled", "it was cancelled while its files were moved");
}

static int get_part(struct moving *moving, char said[SUM_SIZE])
{
	const struct message *part = NULL;
	struct message message;
	int code = look(moving);

	if (code != HST_OK)
		return code;
	message_init(&message, WORD_file_fetch, 0);
	message_set_integer(&message, "step", moving->step);
	message_set_integer(&message, "token", moving->token);
	message_set_text(&message, "name", moving->file->file.name);
	message_set_integer(&message, "offset", moving->offset);
	code = services_ask(moving->services, &message, &part, moving->err);
	if (code != HST_OK)
		return code;
	moving->total = message_integer(part, "total");
	if (part->word != WORD_part || message_integer(part, "offset") != moving->offset || moving->total < 0 ||
	    moving->total > FILE_BYTES_MAX || (int64_t)part->payload_length > moving->total - moving->offset ||
	    (!part->payload_length && moving->offset < moving->total))
		return hst_fail(moving->err, HST_RETRY, "the engine does not send all of the file \"%s\"", moving->file->file.name);
	for (size_t at = 0; at < part->payload_length;) {
		ssize_t n = write(moving->fd, (const char *)part->payload + at, part->payload_length - at);

		if (n < 0)
			return failure_of(errno, moving->err, "write", moving->file->path);
		at += (size_t)n;
	}
	sum_add(&moving->sum, part->payload, part->payload_length);
	moving->offset += (int64_t)part->payload_length;
	snprintf(said, SUM_SIZE, "%s", message_text(part, "sum"));
	return HST_OK;
}

static int get(struct moving *moving)
{
	char said[SUM_SIZE] = "", own[SUM_SIZE];
	int code;

	sum_begin(&moving->sum);
	do
		code = get_part(moving, said);
	while (code == HST_OK && moving->offset < moving->total);
	if (code != HST_OK)
		return code;
	sum_end(&moving->sum, own);
	if (*said && strcmp(said, own) != 0)
		return hst_fail(moving->err, HST_INVALID, "the file \"%s\" is not what was sent: its sum is another one", moving->file->file.name);
	return HST_OK;
}

static int fetch_one(struct services *services, int64_t step, int64_t token, const char *value, int64_t *bytes, hst_error *err)
{
	struct moving moving = {.services = services, .step = step, .token = token, .err = err};
	AUTO_CLOSE int fd = -1;
	int code;

	if (call_files_find(&services->files, value))
		return HST_OK;
	moving.file = call_files_in(&services->files, value, err);
	if (!moving.file)
		return HST_RETRY;
	moving.fd = fd = open(moving.file->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return failure_of(errno, err, "open", moving.file->path);
	code = get(&moving);
	*bytes += moving.offset;
	if (code == HST_OK && *bytes > FILES_OF_RUN_BYTES_MAX)
		code = hst_fail_as(err, HST_INVALID, "InputInvalid", "the files that the inputs name are larger than 1 GiB together");
	return code;
}

int moving_fetch(struct services *services, int64_t step, int64_t token, hst_fields fields, const hst_value *values, hst_error *err)
{
	const hst_value *names;
	int64_t bytes = 0;
	int code = HST_OK;

	if (!fields_have_files(fields))
		return HST_OK;
	names = fields_files(services->current->call.arena, fields, values);
	for (size_t i = 0; i < value_count(names) && code == HST_OK; i++)
		code = fetch_one(services, step, token, value_text(value_at(names, i)), &bytes, err);
	return code;
}

static int put_part(struct moving *moving, char *bytes)
{
	const struct message *reply = NULL;
	struct message message;
	char sum[SUM_SIZE];
	ssize_t n = pread(moving->fd, bytes, PART_BYTES_MAX, moving->offset);
	int code = look(moving);

	if (code != HST_OK)
		return code;
	if (n < 0 || (n == 0 && moving->offset < moving->total) || n > moving->total - moving->offset)
		return hst_fail(moving->err, HST_INVALID, "the file \"%s\" changed while it was sent", file_value_name(moving->file->file.name));
	sum_add(&moving->sum, bytes, (size_t)n);
	message_init(&message, WORD_file_put, 0);
	message_set_integer(&message, "step", moving->step);
	message_set_integer(&message, "token", moving->token);
	message_set_text(&message, "name", file_value_name(moving->file->file.name));
	message_set_integer(&message, "offset", moving->offset);
	message_set_integer(&message, "total", moving->total);
	moving->offset += n;
	if (moving->offset == moving->total) {
		sum_end(&moving->sum, sum);
		message_set_text(&message, "sum", sum);
	}
	message_set_payload(&message, bytes, (size_t)n);
	return services_ask(moving->services, &message, &reply, moving->err);
}

static int put_one(struct services *services, int64_t step, int64_t token, struct call_file *file, int64_t *bytes, hst_error *err)
{
	struct moving moving = {.services = services, .step = step, .token = token, .file = file, .err = err};
	AUTO_FREE char *part = mem_alloc(PART_BYTES_MAX);
	AUTO_CLOSE int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	int code;

	if (fd < 0 || fstat(fd, &status) < 0)
		return failure_of(errno, err, "read", file->path);
	if (!S_ISREG(status.st_mode))
		return hst_fail(err, HST_INVALID, "\"%s\" is not a regular file any more", file_value_name(file->file.name));
	if (status.st_size > FILE_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "the file \"%s\" has %lld bytes; a file of the run has at most 256 MiB", file_value_name(file->file.name),
				(long long)status.st_size);
	*bytes += status.st_size;
	if (*bytes > FILES_OF_RUN_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "with the file \"%s\" the files are larger than 1 GiB together", file_value_name(file->file.name));
	moving.fd = fd;
	moving.total = status.st_size;
	sum_begin(&moving.sum);
	do
		code = put_part(&moving, part);
	while (code == HST_OK && moving.offset < moving.total);
	return code;
}

int moving_put(struct services *services, int64_t step, int64_t token, hst_fields fields, const hst_value *values, size_t *ret_n, hst_error *err)
{
	struct call_files *files = &services->files;
	const hst_value *names;
	int64_t bytes = 0;
	int code = HST_OK;

	if (!services->current || !fields_have_files(fields))
		return HST_OK;
	for (const struct call_file *file = files->first; file; file = file->next)
		bytes += file->sent ? file->bytes : 0;
	names = fields_files(services->current->call.arena, fields, values);
	for (size_t i = 0; i < value_count(names) && code == HST_OK; i++) {
		const char *value = value_text(value_at(names, i));
		struct call_file *file = call_files_find(files, value);
		int64_t before = bytes;

		if (!file)
			return hst_fail(err, HST_INVALID, "\"%.100s\" is no file of this call: files are made with hst_file_new", value);
		if (!file->made || file->sent)
			continue;
		code = put_one(services, step, token, file, &bytes, err);
		file->sent = code == HST_OK;
		file->bytes = bytes - before;
		*ret_n += file->sent;
	}
	return code;
}

void moving_done(struct services *services)
{
	struct call_files *files = &services->files;

	for (struct call_file *file = files->first, *next; file; file = next) {
		next = file->next;
		if (file->sent)
			call_files_gone(files, file);
	}
}
