#include "desktop/flowrun_given.h"

#include "base/arena.h"
#include "base/auto.h"
#include "os/failure.h"
#include "schema/fields.h"
#include "schema/file_name.h"
#include "schema/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct giving {
	struct flow_place *place;
	const struct flowrun_spec *spec;
	hst_arena *arena;
	hst_value *paths; /* record: value -> path */
	int in;
	int64_t bytes;
};

/* The size is counted while copying: what the file says of itself may change meanwhile. */
static int copy(struct giving *giving, int from, int to, const char *value, hst_error *err)
{
	char bytes[64 << 10];
	int64_t total = 0;
	ssize_t n;

	while ((n = read(from, bytes, sizeof bytes)) > 0) {
		total += n;
		giving->bytes += n;
		if (total > FILE_BYTES_MAX || giving->bytes > FILES_OF_RUN_BYTES_MAX)
			return hst_fail(err, HST_INVALID, "the file \"%s\" is larger than 256 MiB, or all together are larger than 1 GiB", value);
		for (ssize_t at = 0, part; at < n; at += part)
			if ((part = write(to, bytes + at, (size_t)(n - at))) < 0)
				return failure_of(errno, err, "write", "a file into in/");
	}
	return n < 0 ? failure_of(errno, err, "read", value) : HST_OK;
}

static int make(const struct giving *giving, const char *value, char ret_name[FILE_NAME_MAX + 1], hst_error *err)
{
	int fd = -1;

	for (size_t n = 1; fd < 0 && n <= FILES_OF_VALUE_MAX + 1; n++) {
		file_name_numbered(ret_name, file_value_name(value), n);
		fd = openat(giving->in, ret_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd < 0)
		failure_of(errno, err, "make in in/", ret_name);
	return fd;
}

static int give(struct giving *giving, const char *value, hst_error *err)
{
	char name[FILE_NAME_MAX + 1];
	AUTO_CLOSE int from = giving->spec->open_file(giving->spec->file_arg, value, err);
	AUTO_CLOSE int to = -1;
	const char *path;
	int code;

	if (from < 0)
		return HST_INVALID;
	to = make(giving, value, name, err);
	if (to < 0)
		return HST_RETRY;
	code = copy(giving, from, to, value, err);
	if (!code && giving->place->uid >= 0 && fchown(to, (uid_t)giving->place->uid, (gid_t)giving->place->gid) < 0)
		code = failure_of(errno, err, "hand over", name);
	if (code)
		return code;
	path = arena_printf(giving->arena, "in/%s", name);
	value_set_text(giving->paths, value, path);
	return HST_OK;
}

static const char *path_of(void *arg, const char *value)
{
	const hst_value *path = value_get(((struct giving *)arg)->paths, value);

	return path ? value_text(path) : NULL;
}

int flow_given(struct flow_place *place, hst_arena *arena, const struct flowrun_spec *spec, const hst_value *inputs, const hst_value **ret,
	       hst_error *err)
{
	struct giving giving = {.place = place, .spec = spec, .arena = arena, .paths = value_make_record(arena)};
	const hst_value *names = spec->open_file ? fields_files(arena, spec->package->inputs, inputs) : NULL;
	AUTO_CLOSE int in = -1;
	int code = HST_OK;

	*ret = inputs;
	if (!value_count(names))
		return HST_OK;
	/* From now on there is something in it, whether the flow is started or not. */
	place->used = true;
	giving.in = in = openat(place->work_fd, "in", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0)
		return failure_of(errno, err, "open", "in/");
	for (size_t i = 0; i < value_count(names) && !code; i++)
		code = give(&giving, value_text(value_at(names, i)), err);
	if (!code)
		*ret = fields_files_renamed(arena, spec->package->inputs, inputs, path_of, &giving);
	return code;
}
