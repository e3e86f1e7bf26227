#include "worker/program_files.h"

#include "base/auto.h"
#include "desktop/program.h"
#include "os/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct running {
	struct services *services;
	hst_call *call;
	bool (*cancelled)(void *arg);
};

static bool is_cancelled(void *arg)
{
	const struct running *running = arg;

	return running->cancelled(running->call);
}

static int open_file(void *arg, const char *value, hst_error *err)
{
	const struct running *running = arg;
	const struct call_file *file = call_files_find(&running->services->files, value);
	int fd = file ? open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

	if (!file)
		hst_fail(err, HST_INVALID, "\"%.100s\" is no file of this call", value);
	else if (fd < 0)
		failure_of(errno, err, "open", file->path);
	return fd;
}

static int copy(int from, int to)
{
	char bytes[64 << 10];
	ssize_t n;

	while ((n = read(from, bytes, sizeof bytes)) > 0)
		for (ssize_t at = 0, part; at < n; at += part)
			if ((part = write(to, bytes + at, (size_t)(n - at))) < 0)
				return -1;
	return (int)n;
}

/* What it left may lie in another file system than the files of the call. */
static const char *keep_file(void *arg, const char *path, const char *name, hst_error *err)
{
	const struct running *running = arg;
	struct call_file *file = call_files_new(&running->services->files, name, err);
	AUTO_CLOSE int from = -1;
	AUTO_CLOSE int to = -1;

	if (!file)
		return NULL;
	if (rename(path, file->path) == 0)
		return file->file.name;
	from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	to = open(file->path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
	if (from >= 0 && to >= 0 && copy(from, to) == 0)
		return file->file.name;
	failure_of(errno, err, "keep", path);
	return NULL;
}

int program_with_files(struct services *services, hst_call *call, const char *manifest_path, const hst_value *inputs,
		       bool (*cancelled)(void *arg), const hst_value **ret_outputs, hst_error *err)
{
	struct running running = {.services = services, .call = call, .cancelled = cancelled};
	const struct program_call program = {.manifest_path = manifest_path,
					     .inputs = inputs,
					     .hidden = ((struct service_call *)call)->sealed,
					     .deadline_us = call->deadline_us,
					     .cancelled = is_cancelled,
					     .open_file = open_file,
					     .keep_file = keep_file,
					     .arg = &running};

	return program_run(call->arena, &program, ret_outputs, err);
}
