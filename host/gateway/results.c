/*
 * What a run left behind (log, screenshots, files): a folder that the session process makes if there is anything, sent to the host
 * file by file, part by part, before the run is reported as finished; so whoever sees the end can see the files. The
 * folder is kept until the host has heard the outcome, and what was sent half-way is sent again: while the host is away,
 * and by the next gateway.
 */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "os/files.h"
#include "wire/sum.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UPLOAD_TIMEOUT_MS = 30 * 1000, UPLOAD_FILES_MAX = 1100, UPLOAD_BYTES_MAX = 256 << 20, AGAIN_MS = 1000, TRIES_MAX = 5 };

struct upload {
	struct gateway_device *device;
	int64_t step, token;
	char *folder;
	char **names;
	size_t n, size, at;
	int64_t offset, total;
	struct sum sum; /* of a file that outputs may name */
	char *part;
	size_t part_length;
	int tries; /* of this file */
	struct loop_timer *again;
};

char *results_name(int64_t step, int64_t token)
{
	return mem_printf("%lld-%lld", (long long)step, (long long)token);
}

char *results_path(const struct gateway *gateway, int64_t step, int64_t token)
{
	AUTO_FREE char *name = results_name(step, token);

	return files_join(gateway->results_dir, name);
}

static void upload_free(struct upload *upload)
{
	AUTO_FREE char *name = results_name(upload->step, upload->token);

	table_remove(&upload->device->gateway->uploads, name);
	loop_cancel(upload->device->gateway->loop, &upload->again);
	for (size_t i = 0; i < upload->n; i++)
		free(upload->names[i]);
	free(upload->names);
	free(upload->folder);
	free(upload->part);
	free(upload);
}

static void upload_done(struct upload *upload)
{
	struct admission_event event = {.kind = ADMISSION_UPLOADED, .step = upload->step, .token = upload->token};

	crash_point(CRASH_gateway_uploaded);
	gateway_event(upload->device, &event);
	upload_free(upload);
}

/* Regular files of a folder and of the folders in it, as "name" or "folder/name". */
static void collect(struct upload *upload, const char *path, const char *prefix)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && upload->n < UPLOAD_FILES_MAX && (entry = readdir(folder))) {
		AUTO_FREE char *file = mem_printf("%s/%s", path, entry->d_name);
		AUTO_FREE char *name = mem_printf("%s%s", prefix, entry->d_name);
		struct stat status;

		if (entry->d_name[0] == '.' || lstat(file, &status) != 0)
			continue;
		/* A flow that says nothing has no log, and that is not worth a message. */
		if (S_ISREG(status.st_mode) && status.st_size == 0 && strcmp(name, "log") == 0)
			continue;
		if (S_ISREG(status.st_mode) && status.st_size <= UPLOAD_BYTES_MAX) {
			upload->names = mem_grow(upload->names, &upload->size, upload->n + 1, sizeof *upload->names);
			upload->names[upload->n++] = take(name);
		} else if (S_ISDIR(status.st_mode) && !*prefix) {
			AUTO_FREE char *below = mem_printf("%s/", entry->d_name);

			collect(upload, file, below);
		}
	}
	if (folder)
		closedir(folder);
}

static void upload_next(struct upload *upload);

static void next_file(struct upload *upload)
{
	upload->at++;
	upload->offset = 0;
	upload->tries = 0;
}

static void upload_again(void *arg)
{
	struct upload *upload = arg;

	upload->again = NULL;
	upload_next(upload);
}

/* The host is away, or busy. Whether it has kept the parts of this file is not known. */
static void upload_later(struct upload *upload)
{
	upload->offset = 0;
	upload->again = loop_in(upload->device->gateway->loop, AGAIN_MS, upload_again, upload);
}

/* A file that cannot be kept is no reason to keep the outcome back. */
static void part_refused(struct upload *upload, const struct message *reply)
{
	hst_error err = {{0}, {0}};
	int code = message_read_error(reply, &err);

	if (code == HST_RETRY && ++upload->tries < TRIES_MAX) {
		upload_later(upload);
		return;
	}
	log_warning("file %s of step %lld was not taken by the host: %s", upload->names[upload->at], (long long)upload->step, err.text);
	next_file(upload);
	upload_next(upload);
}

static void on_put(void *arg, const struct message *reply)
{
	struct upload *upload = arg;

	if (!reply) {
		upload_later(upload);
	} else if (reply->word != WORD_done) {
		part_refused(upload, reply);
	} else {
		crash_point(CRASH_gateway_uploading);
		upload->offset += (int64_t)upload->part_length;
		if (upload->offset >= upload->total)
			next_file(upload);
		upload_next(upload);
	}
}

static bool read_part(struct upload *upload)
{
	AUTO_FREE char *path = mem_printf("%s/%s", upload->folder, upload->names[upload->at]);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	ssize_t n;

	if (fd < 0 || fstat(fd, &status) != 0)
		return false;
	n = pread(fd, upload->part, PART_BYTES_MAX, upload->offset);
	if (n < 0 || (n == 0 && upload->offset < status.st_size))
		return false;
	upload->total = status.st_size;
	upload->part_length = (size_t)n;
	return true;
}

/* Log and pictures are for people, who see when something is wrong with them. */
static void add_sum(struct upload *upload, struct message *message)
{
	struct sum so_far;
	char sum[SUM_SIZE];

	if (strncmp(upload->names[upload->at], "out/", 4) != 0)
		return;
	if (upload->offset == 0)
		sum_begin(&upload->sum);
	/* A part that is not taken is sent again, from the beginning of the file. */
	sum_add(&upload->sum, upload->part, upload->part_length);
	if (upload->offset + (int64_t)upload->part_length < upload->total)
		return;
	so_far = upload->sum;
	sum_end(&so_far, sum);
	message_set_text(message, "sum", sum);
}

static void upload_next(struct upload *upload)
{
	struct message message;
	hst_error err = {{0}, {0}};

	while (upload->at < upload->n && !read_part(upload))
		next_file(upload);
	if (upload->at == upload->n) {
		upload_done(upload);
		return;
	}
	message_init(&message, WORD_file_put, 0);
	message_set_integer(&message, "step", upload->step);
	message_set_integer(&message, "token", upload->token);
	message_set_text(&message, "name", upload->names[upload->at]);
	message_set_integer(&message, "offset", upload->offset);
	message_set_integer(&message, "total", upload->total);
	add_sum(upload, &message);
	message_set_payload(&message, upload->part, upload->part_length);
	if (link_request(upload->device->gateway->link, &message, UPLOAD_TIMEOUT_MS, on_put, upload, &err) < 0) {
		log_debug("files of step %lld wait: %s", (long long)upload->step, err.text);
		upload_later(upload);
	}
}

void results_upload(struct gateway_device *device, const struct admission_run *run)
{
	struct upload *upload = mem_alloc(sizeof *upload);
	AUTO_FREE char *name = results_name(run->step, run->token);

	upload->device = device;
	upload->step = run->step;
	upload->token = run->token;
	upload->folder = results_path(device->gateway, run->step, run->token);
	table_set(&device->gateway->uploads, name, upload);
	collect(upload, upload->folder, "");
	if (upload->n > 0)
		upload->part = mem_alloc(PART_BYTES_MAX);
	upload_next(upload);
}

void results_discard(struct gateway *gateway, int64_t step, int64_t token)
{
	AUTO_FREE char *path = results_path(gateway, step, token);
	hst_error err = {{0}, {0}};

	if (files_remove_tree(path, &err) < 0)
		log_warning("%s", err.text);
}

static bool is_known(const struct gateway *gateway, const char *name)
{
	long long step, token;

	if (sscanf(name, "%lld-%lld", &step, &token) != 2)
		return false;
	TABLE_EACH(&gateway->devices, entry)
		if (admission_run_of(((struct gateway_device *)entry->value)->admission, step, token))
			return true;
	return false;
}

void results_sweep(struct gateway *gateway, const char *in)
{
	DIR *folder = opendir(in);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		AUTO_FREE char *path = files_join(in, entry->d_name);

		if (entry->d_name[0] != '.' && !is_known(gateway, entry->d_name))
			files_remove_tree(path, NULL);
	}
	if (folder)
		closedir(folder);
}

void results_clear(struct gateway *gateway)
{
	TABLE_EACH(&gateway->uploads, entry)
		upload_free(entry->value);
	table_clear(&gateway->uploads);
}
