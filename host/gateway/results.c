/*
 * What a run left behind (log, screenshots, files): a folder per run that the session process fills, sent to the host
 * file by file, part by part, before the run is reported as finished; so whoever sees the end can see the files.
 */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "os/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UPLOAD_TIMEOUT_MS = 30 * 1000, UPLOAD_FILES_MAX = 1100, UPLOAD_BYTES_MAX = 256 << 20 };

struct upload {
	struct gateway_device *device;
	int64_t step, token;
	char *folder;
	char **names;
	size_t n, size, at;
	int64_t offset, total;
	char *part;
	size_t part_length;
};

char *results_name(int64_t step, int64_t token)
{
	return mem_printf("%lld-%lld", (long long)step, (long long)token);
}

static char *results_path(const struct gateway *gateway, int64_t step, int64_t token)
{
	AUTO_FREE char *name = results_name(step, token);

	return files_join(gateway->results_dir, name);
}

int results_make(const struct gateway *gateway, const struct admission_run *run, hst_error *err)
{
	AUTO_FREE char *path = results_path(gateway, run->step, run->token);

	return files_make_directory(path, 0700, err);
}

static void upload_done(struct upload *upload)
{
	struct admission_event event = {.kind = ADMISSION_UPLOADED, .step = upload->step, .token = upload->token};

	crash_point(CRASH_gateway_uploaded);
	gateway_event(upload->device, &event);
	files_remove_tree(upload->folder, NULL);
	for (size_t i = 0; i < upload->n; i++)
		free(upload->names[i]);
	free(upload->names);
	free(upload->folder);
	free(upload->part);
	free(upload);
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

static void on_put(void *arg, const struct message *reply)
{
	struct upload *upload = arg;
	hst_error err = {{0}, {0}};

	if (reply && reply->word == WORD_done) {
		crash_point(CRASH_gateway_uploading);
		upload->offset += (int64_t)upload->part_length;
		if (upload->offset >= upload->total) {
			upload->at++;
			upload->offset = 0;
		}
	} else {
		/* A file that cannot be kept is no reason to keep the outcome back. */
		if (reply)
			message_read_error(reply, &err);
		log_warning("file %s of step %lld was not taken by the host: %s", upload->names[upload->at], (long long)upload->step,
		            reply ? err.text : "no answer");
		upload->at++;
		upload->offset = 0;
	}
	upload_next(upload);
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

static void upload_next(struct upload *upload)
{
	struct message message;
	hst_error err = {{0}, {0}};

	while (upload->at < upload->n && !read_part(upload))
		upload->at++;
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
	message_set_payload(&message, upload->part, upload->part_length);
	if (link_request(upload->device->gateway->link, &message, UPLOAD_TIMEOUT_MS, on_put, upload, &err) < 0) {
		log_warning("files of step %lld: %s", (long long)upload->step, err.text);
		upload_done(upload);
	}
}

void results_upload(struct gateway_device *device, const struct admission_run *run)
{
	struct upload *upload = mem_alloc(sizeof *upload);

	upload->device = device;
	upload->step = run->step;
	upload->token = run->token;
	upload->folder = results_path(device->gateway, run->step, run->token);
	collect(upload, upload->folder, "");
	if (upload->n > 0)
		upload->part = mem_alloc(PART_BYTES_MAX);
	upload_next(upload);
}
