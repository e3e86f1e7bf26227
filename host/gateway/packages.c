/*
 * Copies of the host's desktop flows, by digest: the list of files first, which must have that digest, then each file in
 * parts, each checked against the list. Only a copy that is right as a whole gets its place; the copies are read-only.
 */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "desktop/package.h"
#include "os/crash.h"
#include "os/files.h"
#include "schema/value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FETCH_TIMEOUT_MS = 30 * 1000, AGAIN_MS = 1000, TRIES_MAX = 30, DIGEST_LENGTH = 64, SAID_MAX = 1000 };

struct fetch {
	struct gateway *gateway;
	char *digest, *partial;
	struct package_file *files;
	size_t file_count, file;
	int64_t offset;
	hst_arena *arena;
	bool listed;
	int tries; /* without an answer, of what is asked now */
	struct loop_timer *again;
};

char *packages_path(const struct gateway *gateway, const char *digest)
{
	return files_join(gateway->packages_dir, digest);
}

static bool is_digest(const char *name)
{
	return strspn(name, "0123456789abcdef") == DIGEST_LENGTH && !name[DIGEST_LENGTH];
}

void packages_say(struct text *to, const struct gateway *gateway)
{
	DIR *folder = opendir(gateway->packages_dir);
	size_t n = 0;

	text_add(to, ",\"packages\":[");
	for (struct dirent *entry; folder && n < SAID_MAX && (entry = readdir(folder)) != NULL;)
		if (is_digest(entry->d_name))
			text_addf(to, "%s\"%s\"", n++ ? "," : "", entry->d_name);
	text_add(to, "]");
	if (folder)
		closedir(folder);
}

static void fetch_free(struct fetch *fetch)
{
	table_remove(&fetch->gateway->fetches, fetch->digest);
	loop_cancel(fetch->gateway->loop, &fetch->again);
	files_remove_tree(fetch->partial, NULL);
	arena_free(fetch->arena);
	free(fetch->digest);
	free(fetch->partial);
	free(fetch);
}

void packages_clear(struct gateway *gateway)
{
	TABLE_EACH(&gateway->fetches, entry)
		fetch_free(entry->value);
	table_clear(&gateway->fetches);
}

/* Every device of the gateway may have runs that wait for it. */
static void tell_devices(struct gateway *gateway, const char *digest, const char *why_not)
{
	struct admission_event event = {.kind = ADMISSION_PACKAGE, .package = digest, .text = why_not};

	TABLE_EACH(&gateway->devices, entry)
		gateway_event(entry->value, &event);
}

static void fetch_failed(struct fetch *fetch, const char *why)
{
	log_warning("desktop flow %.12s could not be fetched: %s", fetch->digest, why);
	tell_devices(fetch->gateway, fetch->digest, why);
	fetch_free(fetch);
}

/* The copy becomes visible under its digest at once and as a whole. */
static void fetch_done(struct fetch *fetch)
{
	AUTO_FREE char *path = packages_path(fetch->gateway, fetch->digest);

	TABLE_EACH(&fetch->gateway->devices, entry)
		((struct gateway_device *)entry->value)->fetched = true;
	crash_point(CRASH_gateway_fetched);
	if (rename(fetch->partial, path) != 0 && errno != EEXIST && errno != ENOTEMPTY) {
		fetch_failed(fetch, strerror(errno));
		return;
	}
	tell_devices(fetch->gateway, fetch->digest, NULL);
	fetch_free(fetch);
}

static void fetch_ask(struct fetch *fetch);

static void fetch_again(void *arg)
{
	struct fetch *fetch = arg;

	fetch->again = NULL;
	fetch_ask(fetch);
}

/* The host is away, or was started anew while it was asked: that is no reason to fail the runs that wait for the flow. */
static void fetch_later(struct fetch *fetch, const char *why)
{
	if (++fetch->tries >= TRIES_MAX)
		fetch_failed(fetch, why);
	else
		fetch->again = loop_in(fetch->gateway->loop, AGAIN_MS, fetch_again, fetch);
}

static void fetch_refused(struct fetch *fetch, const struct message *reply)
{
	hst_error err = {{0}, {0}};

	if (!reply)
		fetch_later(fetch, "the host did not answer");
	else if (message_read_error(reply, &err) == HST_RETRY)
		fetch_later(fetch, err.text);
	else
		fetch_failed(fetch, err.text);
}

static int write_part(struct fetch *fetch, const void *bytes, size_t length, hst_error *err)
{
	const struct package_file *file = &fetch->files[fetch->file];
	AUTO_FREE char *path = files_join(fetch->partial, file->path);
	AUTO_CLOSE int fd = -1;

	if (fetch->offset == 0) {
		AUTO_FREE char *folder = mem_copy(path, (size_t)(strrchr(path, '/') - path));
		int rc = files_make_directory(folder, 0755, err);

		if (rc < 0)
			return rc;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || pwrite(fd, bytes ? bytes : "", length, fetch->offset) != (ssize_t)length ||
	    fchmod(fd, file->executable ? 0755 : 0644) != 0)
		return hst_fail(err, HST_RETRY, "%s: cannot be written: %s", path, strerror(errno));
	fetch->offset += (int64_t)length;
	return HST_OK;
}

static void on_part(void *arg, const struct message *reply)
{
	struct fetch *fetch = arg;
	hst_error err = {{0}, {0}};

	if (!reply || reply->word != WORD_part) {
		fetch_refused(fetch, reply);
	} else if (message_integer(reply, "offset") != fetch->offset ||
	           message_integer(reply, "total") != fetch->files[fetch->file].size ||
	           (reply->payload_length == 0 && fetch->files[fetch->file].size > fetch->offset) ||
	           fetch->offset + (int64_t)reply->payload_length > fetch->files[fetch->file].size) {
		fetch_failed(fetch, "a part does not fit the list of files");
	} else if (write_part(fetch, reply->payload, reply->payload_length, &err) < 0) {
		fetch_failed(fetch, err.text);
	} else {
		if (fetch->offset == fetch->files[fetch->file].size) {
			fetch->file++;
			fetch->offset = 0;
		}
		fetch->tries = 0;
		fetch_ask(fetch);
	}
}

/* What was written is read again: the digest of the copy must be the one that was asked for. */
static void fetch_check(struct fetch *fetch)
{
	AUTO_FREE char *manifest = files_join(fetch->partial, "desktop-flow.ini");
	struct problems problems;
	struct package *package;
	bool right;

	problems_init(&problems);
	package = package_read(manifest, &problems);
	right = package && strcmp(package->digest, fetch->digest) == 0;
	package_free(package);
	problems_clear(&problems);
	if (right)
		fetch_done(fetch);
	else
		fetch_failed(fetch, "the copy's digest is not the one that was asked for");
}

static void ask_part(struct fetch *fetch)
{
	struct message message;
	hst_error err = {{0}, {0}};

	if (fetch->file == fetch->file_count) {
		fetch_check(fetch);
		return;
	}
	message_init(&message, WORD_package_get, 0);
	message_set_text(&message, "digest", fetch->digest);
	message_set_integer(&message, "file", (int64_t)fetch->file);
	message_set_integer(&message, "offset", fetch->offset);
	if (link_request(fetch->gateway->link, &message, FETCH_TIMEOUT_MS, on_part, fetch, &err) < 0)
		fetch_later(fetch, err.text);
}

static void on_contents(void *arg, const struct message *reply)
{
	struct fetch *fetch = arg;
	const hst_value *list;
	hst_error err = {{0}, {0}};
	char digest[65];

	if (!reply || reply->word != WORD_contents) {
		fetch_refused(fetch, reply);
		return;
	}
	if (value_parse_json(fetch->arena, reply->payload, reply->payload_length, &list, &err) < 0 ||
	    package_files_from_value(fetch->arena, list, &fetch->files, &fetch->file_count, &err) < 0) {
		fetch_failed(fetch, err.text);
		return;
	}
	package_digest(fetch->files, fetch->file_count, digest);
	if (strcmp(digest, fetch->digest) != 0) {
		fetch_failed(fetch, "the list of files does not have the digest that was asked for");
		return;
	}
	fetch->listed = true;
	fetch->tries = 0;
	fetch_ask(fetch);
}

static void fetch_ask(struct fetch *fetch)
{
	struct message message;
	hst_error err = {{0}, {0}};

	if (fetch->listed) {
		ask_part(fetch);
		return;
	}
	message_init(&message, WORD_package, 0);
	message_set_text(&message, "digest", fetch->digest);
	if (link_request(fetch->gateway->link, &message, FETCH_TIMEOUT_MS, on_contents, fetch, &err) < 0)
		fetch_later(fetch, err.text);
}

void packages_fetch(struct gateway_device *device, const char *digest)
{
	struct gateway *gateway = device->gateway;
	AUTO_FREE char *path = packages_path(gateway, digest);
	struct admission_event there = {.kind = ADMISSION_PACKAGE, .package = digest};
	struct fetch *fetch;
	hst_error err = {{0}, {0}};

	if (!is_digest(digest)) {
		there.text = "that is no digest";
		gateway_event(device, &there);
		return;
	}
	if (access(path, F_OK) == 0) {
		gateway_event(device, &there);
		return;
	}
	if (table_get(&gateway->fetches, digest))
		return;
	fetch = mem_alloc(sizeof *fetch);
	fetch->gateway = gateway;
	fetch->digest = mem_text(digest);
	fetch->partial = mem_printf("%s.part", path);
	fetch->arena = arena_new();
	table_set(&gateway->fetches, digest, fetch);
	files_remove_tree(fetch->partial, NULL);
	if (files_make_directory(fetch->partial, 0755, &err) < 0)
		fetch_failed(fetch, err.text);
	else
		fetch_ask(fetch);
}
