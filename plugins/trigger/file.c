/*
 * A folder: each file that comes into it is an event, once, and is moved away when that is stored.
 *
 *	[trigger incoming]
 *	plugin    = file
 *	directory = /srv/incoming
 *	match     = *.csv, *.txt
 *
 * What lies in the folder: file_place.c. When a file is whole: file_seen.c. That each makes one run, whatever dies: file_taken.c.
 */
#include "file_place.h"
#include "file_taken.h"

#include <hostler/trigger.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

enum {
	PASSED_MAX = 16,
	NOTED_MAX = 64,
	BATCH_BYTES_MAX = 64 << 20, /* after so many no further file is added to an emit */
	FILE_BYTES_MAX = 256 << 20,
	COPY_AT_ONCE = 1 << 20,
};

static const int64_t note_again_us = INT64_C(3600) * 1000000;

struct file_config {
	const char *directory, *done, *failed;
	hst_texts match;
	hst_duration settle, scan;
};

static const hst_field file_options[] = {
	HST_FIELD(struct file_config, directory, .required = true, .min = 1, .max = 3000, .doc = "the folder; those in it are not looked into"),
	HST_FIELD(struct file_config, match, .def = "*", .doc = "names that are taken, as a shell has them: *.csv, order-??.txt"),
	HST_FIELD(struct file_config, settle, .def = "2s", .max = 86400000,
		  .doc = "a file whose writer was not seen closing it counts when it has stayed the same for so long"),
	HST_FIELD(struct file_config, scan, .def = "1m", .min = 1000, .max = 86400000,
		  .doc = "how often the whole folder is looked through, for changes that the system does not tell of"),
	HST_FIELD(struct file_config, done, .def = "done", .min = 1, .max = 100, .doc = "the folder in it that files go to whose event is stored"),
	HST_FIELD(struct file_config, failed, .def = "failed", .min = 1, .max = 100, .doc = "the one for files that can never make an event"),
};

struct file_event {
	const char *name, *path;
	int64_t size;
	hst_time modified;
	hst_file *file;
};

static const hst_field file_fields[] = {
	HST_FIELD(struct file_event, name, .doc = "the name of the file"),
	HST_FIELD(struct file_event, path, .doc = "where it was found; it is no longer there"),
	HST_FIELD(struct file_event, size, .doc = "its bytes"),
	HST_FIELD(struct file_event, modified, .doc = "when it was last written to"),
	HST_FIELD(struct file_event, file, .doc = "the file, as one of the run"),
};

struct noted {
	uint64_t hash;
	int64_t at_us;
};

struct folder {
	const struct file_config *config;
	hst_host *host;
	struct place place;
	struct seen seen;
	struct taken taken; /* files whose events are stored, and that are not moved yet */
	bool loaded;	    /* what the host has of it */
	bool one_by_one;    /* an event of the last emit was refused for good */
	int64_t scan_us;    /* when the folder is looked through next */
	struct noted noted[NOTED_MAX];
	size_t noted_at;
};

/* Events that are being put together. */
struct batch {
	hst_call *call;
	hst_event events[TAKEN_MAX];
	hst_passed passed[PASSED_MAX];
	size_t n, passed_n;
	int64_t bytes;
};

static bool is_folder_name(const char *name)
{
	return name[0] != '.' && !strchr(name, '/');
}

static int folder_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	const struct file_config *options = config;
	struct folder *folder;

	if (options->directory[0] != '/')
		return hst_fail(err, HST_INVALID, "directory must be an absolute path, got \"%.200s\"", options->directory);
	if (!is_folder_name(options->done))
		return hst_fail(err, HST_INVALID, "done must be the name of a folder in the directory, got \"%s\"", options->done);
	if (!is_folder_name(options->failed) || strcmp(options->failed, options->done) == 0)
		return hst_fail(err, HST_INVALID, "failed must be the name of another folder in the directory, got \"%s\"", options->failed);
	if (!options->match.n)
		return hst_fail(err, HST_INVALID, "match has no pattern, so no file would ever be taken");
	folder = host->alloc(host->instance_arena, sizeof *folder);
	folder->config = options;
	folder->host = host;
	place_init(&folder->place, options->directory, options->done, options->failed);
	*ret_state = folder;
	return HST_OK;
}

static void folder_close(void *state)
{
	struct folder *folder = state;

	place_close(&folder->place);
	seen_clear(&folder->seen);
}

static int folder_check(void *state, hst_call *call, hst_error *err)
{
	const struct folder *folder = state;
	struct place place;
	int code;

	(void)call;
	place_init(&place, folder->config->directory, folder->config->done, folder->config->failed);
	code = place_open(&place, err);
	place_close(&place);
	return code;
}

/* What is not taken is said once an hour, by a name that a terminal can show. */
static void note(struct folder *folder, const char *name, const char *why)
{
	uint64_t hash = file_name_hash(name) ^ file_name_hash(why);
	int64_t now_us = hst_now_us(folder->host);
	char shown[101] = "";

	for (size_t i = 0; i < NOTED_MAX; i++)
		if (folder->noted[i].hash == hash && now_us - folder->noted[i].at_us < note_again_us)
			return;
	folder->noted[folder->noted_at++ % NOTED_MAX] = (struct noted){hash, now_us};
	for (size_t i = 0; name[i] && i < sizeof shown - 1; i++)
		shown[i] = (unsigned char)name[i] < ' ' || name[i] == 0x7f ? '?' : name[i];
	hst_log(folder->host, HST_WARNING, "%s is not taken: %s", shown, why);
}

static bool is_text(const char *name)
{
	const unsigned char *at = (const unsigned char *)name;

	while (*at) {
		int more = *at < 0x80 ? 0 : *at >= 0xc2 && *at < 0xe0 ? 1 : *at >= 0xe0 && *at < 0xf0 ? 2 : *at >= 0xf0 && *at < 0xf5 ? 3 : -1;
		unsigned char first = *at++;

		if (more < 0 || first < ' ' || first == 0x7f)
			return false;
		/* Overlong forms, surrogates, and what is beyond the last character. */
		if ((first == 0xe0 && *at < 0xa0) || (first == 0xed && *at > 0x9f) || (first == 0xf0 && *at < 0x90) || (first == 0xf4 && *at > 0x8f))
			return false;
		for (; more > 0; more--, at++)
			if ((*at & 0xc0) != 0x80)
				return false;
	}
	return true;
}

static bool is_wanted(void *state, const char *name)
{
	struct folder *folder = state;
	bool fits = false;

	for (size_t i = 0; i < folder->config->match.n && !fits; i++)
		fits = fnmatch(folder->config->match.at[i], name, FNM_PERIOD) == 0;
	if (fits && !is_text(name)) {
		note(folder, name, "its name has control characters, or is no UTF-8");
		return false;
	}
	return fits;
}

static void scan_entry(struct folder *folder, const struct dirent *entry)
{
	if (entry->d_type == DT_DIR || !is_wanted(folder, entry->d_name))
		return;
	if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
		seen_add(&folder->seen, entry->d_name, false);
	else
		note(folder, entry->d_name, entry->d_type == DT_LNK ? "it is a symbolic link" : "it is no file but something like a pipe or a device");
}

static int scan(struct folder *folder, hst_error *err)
{
	int fd = openat(folder->place.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (!directory) {
		hst_fail(err, HST_RETRY, "%.200s cannot be looked through: %s", folder->config->directory, strerror(errno));
		if (fd >= 0)
			close(fd);
		return HST_RETRY;
	}
	folder->seen.more = false;
	while ((entry = readdir(directory)))
		scan_entry(folder, entry);
	closedir(directory);
	folder->scan_us = hst_now_us(folder->host) + folder->config->scan.ms * 1000;
	return HST_OK;
}

/* All whose events are stored; what cannot be moved is said, and stays. */
static int move_taken(struct folder *folder, hst_error *err)
{
	struct taken *taken = &folder->taken;
	size_t left = 0;

	for (size_t i = 0; i < taken->n; i++)
		if (!place_move(&folder->place, taken->at[i].name, &taken->at[i].mark, taken->at[i].failed, err))
			taken->at[left++] = taken->at[i];
	taken->n = left;
	return left ? HST_RETRY : HST_OK;
}

/* To the file of the run. HST_CANCELLED; HST_RETRY: there is no room. */
static int copy(hst_call *call, int from, const char *path, int64_t size, hst_error *err)
{
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t n = 1;
	int code = HST_OK;

	if (to < 0)
		return hst_fail(err, HST_RETRY, "%.200s cannot be written: %s", path, strerror(errno));
	for (int64_t done = 0; done <= size && n > 0 && code == HST_OK; done += n) {
		n = sendfile(to, from, NULL, COPY_AT_ONCE);
		if (n < 0)
			code = hst_fail(err, HST_RETRY, "a file cannot be copied: %s", strerror(errno));
		else if (hst_cancelled(call))
			code = hst_fail(err, HST_CANCELLED, "the trigger was asked to end");
	}
	if (close(to) < 0 && code == HST_OK)
		code = hst_fail(err, HST_RETRY, "%.200s cannot be written: %s", path, strerror(errno));
	return code;
}

static void add_event(struct folder *folder, struct batch *batch, const struct seen_file *seen, hst_file *file)
{
	hst_call *call = batch->call;
	struct file_event *event = hst_alloc(call, sizeof *event);
	char path[4096];
	int length = snprintf(path, sizeof path, "%s/%s", folder->config->directory, seen->name);

	event->name = hst_copy(call, seen->name, strlen(seen->name));
	event->path = hst_copy(call, path, (size_t)length);
	event->size = seen->mark.size;
	event->modified.us = seen->mark.modified_ns / 1000;
	event->file = file;
	batch->events[batch->n++] =
		(hst_event){.key = taken_key(&folder->taken, call, seen->name, &seen->mark), .data = event};
	batch->bytes += seen->mark.size;
}

/* It can never make an event: it goes to `failed`, and the history says why. */
static void refuse(struct folder *folder, struct batch *batch, const char *name, const struct file_mark *mark, const char *why)
{
	char text[400];
	int length = snprintf(text, sizeof text, "%.100s was not taken, and is in %.100s: %.180s", name, folder->config->failed, why);

	batch->passed[batch->passed_n++] =
		(hst_passed){.reason = "InputInvalid", .text = hst_copy(batch->call, text, (size_t)length)};
	hst_log(folder->host, HST_WARNING, "%s", text);
	taken_add(&folder->taken, name, mark, true);
}

/* True: `seen` is done with, and leaves the row. */
static bool take_open(struct folder *folder, struct batch *batch, struct seen_file *seen, int fd, const struct stat *found, int *ret, hst_error *err)
{
	struct file_mark mark = place_mark(found), after;
	struct stat again;
	hst_file *file;

	if (!seen_look(seen, &mark, hst_now_us(folder->host), folder->config->settle.ms * 1000))
		return false;
	if (!place_may_move(&folder->place, found)) {
		note(folder, seen->name, "it could not be moved: the folder has the sticky bit, and the file belongs to somebody else");
		return true;
	}
	if (mark.size > FILE_BYTES_MAX) {
		refuse(folder, batch, seen->name, &mark, "it is larger than 256 MiB");
		return true;
	}
	file = hst_file_new(batch->call, seen->name, err);
	*ret = file ? copy(batch->call, fd, hst_file_path(batch->call, file), mark.size, err) : HST_RETRY;
	if (*ret != HST_OK)
		return false;
	after = fstat(fd, &again) == 0 ? place_mark(&again) : mark;
	if (!file_mark_same(&after, &mark)) {
		seen_look(seen, &after, hst_now_us(folder->host), INT64_MAX);
		return false;
	}
	add_event(folder, batch, seen, file);
	taken_add(&folder->taken, seen->name, &mark, false);
	return true;
}

static bool take(struct folder *folder, struct batch *batch, struct seen_file *seen, int *ret, hst_error *err)
{
	struct stat found;
	int fd = place_open_file(&folder->place, seen->name, &found);
	bool over;

	if (fd < 0) {
		if (errno == EACCES || errno == EPERM)
			note(folder, seen->name, "it cannot be read: give the user that hostler runs as the right, as by `setfacl` or `chmod`");
		else if (errno)
			note(folder, seen->name, strerror(errno));
		return true;
	}
	over = take_open(folder, batch, seen, fd, &found, ret, err);
	close(fd);
	return over;
}

static bool is_full(const struct folder *folder, const struct batch *batch)
{
	return folder->taken.n == TAKEN_MAX || batch->passed_n == PASSED_MAX || batch->bytes >= BATCH_BYTES_MAX ||
	       (folder->one_by_one && folder->taken.n);
}

static int gather(struct folder *folder, struct batch *batch, hst_error *err)
{
	int code = HST_OK;

	for (size_t i = 0; i < folder->seen.n && code == HST_OK && !is_full(folder, batch);)
		if (take(folder, batch, &folder->seen.at[i], &code, err))
			seen_remove(&folder->seen, i);
		else
			i++;
	/* What was gathered before is emitted first; what went wrong then comes again. */
	return folder->taken.n && code != HST_CANCELLED ? HST_OK : code;
}

/* They are looked at again at once. */
static void give_back(struct folder *folder)
{
	for (size_t i = 0; i < folder->taken.n; i++)
		seen_add(&folder->seen, folder->taken.at[i].name, true);
	folder->taken.n = 0;
}

static int emit(struct folder *folder, const struct batch *batch, hst_error *err)
{
	const hst_emission emission = {.size = sizeof emission, .events = batch->events, .n = batch->n, .passed = batch->passed, .passed_n = batch->passed_n};
	int code = taken_put(&folder->taken, false, folder->host, err);

	return code == HST_OK ? hst_emit_with(folder->host, &emission, err) : code;
}

/* HST_INVALID will not go away: the one event that the host does not take is looked for, and its file is put aside. */
static int emit_or_refuse(struct folder *folder, struct batch *batch, hst_error *err)
{
	hst_error why = {{0}, {0}};
	int code = emit(folder, batch, &why);

	if (code == HST_INVALID && batch->n == 1 && folder->taken.n == 1) {
		struct taken_file file = folder->taken.at[0];

		folder->taken.n = batch->n = 0;
		refuse(folder, batch, file.name, &file.mark, why.text);
		code = emit(folder, batch, &why);
	}
	if (code == HST_OK) {
		folder->one_by_one = false;
		folder->taken.number++;
		folder->taken.kept = true;
		return HST_OK;
	}
	give_back(folder);
	if (code == HST_INVALID && !folder->one_by_one) {
		folder->one_by_one = true;
		return HST_OK;
	}
	return hst_fail(err, (hst_code)code, "%s", why.text);
}

/* That everything was moved, so that a file which somebody puts back is one that has come. */
static int forget_taken(struct folder *folder, hst_error *err)
{
	int code = taken_put(&folder->taken, true, folder->host, err);

	if (code == HST_OK)
		code = hst_emit(folder->host, NULL, 0, err);
	if (code == HST_OK) {
		folder->taken.number++;
		folder->taken.kept = false;
	}
	return code;
}

static int begin(struct folder *folder, hst_call *call, hst_error *err)
{
	int code = HST_OK;

	if (folder->place.notify < 0 || !place_stands(&folder->place)) {
		seen_clear(&folder->seen);
		folder->scan_us = 0;
		code = place_begin(&folder->place, err);
	}
	/* Behind the lock: what another process has taken is known then. */
	if (code == HST_OK && !folder->loaded) {
		code = taken_load(&folder->taken, call, err);
		folder->loaded = code == HST_OK;
	}
	return code == HST_OK ? move_taken(folder, err) : code;
}

static int folder_ready(void *state, hst_call *call, hst_error *err)
{
	struct folder *folder = state;
	struct batch *batch = hst_alloc(call, sizeof *batch);
	int code = begin(folder, call, err);
	bool more;

	if (code != HST_OK)
		return code;
	batch->call = call;
	if (!place_heard(&folder->place, &folder->seen, is_wanted, folder))
		folder->scan_us = 0;
	more = folder->seen.more && folder->seen.n < SEEN_MAX / 2;
	if (more || hst_now_us(folder->host) >= folder->scan_us)
		code = scan(folder, err);
	if (code == HST_OK)
		code = gather(folder, batch, err);
	if (code != HST_OK) {
		give_back(folder);
		return code;
	}
	if (folder->taken.n)
		code = emit_or_refuse(folder, batch, err);
	else if (folder->taken.kept)
		return forget_taken(folder, err);
	return code == HST_OK ? move_taken(folder, err) : code;
}

static int folder_watch(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	const struct folder *folder = state;
	int64_t now_us = hst_now_us(call->host), due_us = seen_due_us(&folder->seen, now_us, folder->config->settle.ms * 1000);

	(void)err;
	ret->fd = folder->place.notify;
	ret->at.us = folder->place.notify < 0 || folder->taken.kept ? now_us : folder->scan_us;
	if (due_us && due_us < ret->at.us)
		ret->at.us = due_us;
	return HST_OK;
}

static const hst_trigger_ops folder_ops = {
	.size = sizeof folder_ops,
	.watch = folder_watch,
	.ready = folder_ready,
};

HST_PLUGIN(file) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "file",
	.version = "1.0",
	.summary = "Each file that comes into a folder",
	.options = HST_FIELDS(file_options),
	.config_size = sizeof(struct file_config),
	.event = HST_FIELDS(file_fields),
	.open = folder_open,
	.check = folder_check,
	.close = folder_close,
	.ops = &folder_ops,
	.about = "A file is taken over as soon as its writer closes it or it is moved into the folder; one whose end nobody saw, because it lies\n"
		 "there already, was linked, is empty or comes over a network file system, when its size and time have stayed the same for\n"
		 "`settle`. It becomes a file of the run, `${trigger.file}`, and when its event is stored it is moved to `done`, a folder in the\n"
		 "directory that is made where it is missing. A name that is taken there gets the time behind it.\n\n"
		 "Each file makes one run, whatever is killed or restarted meanwhile. Somebody who moves a file from `done` back into the\n"
		 "directory wants it taken again, and it is.\n\n"
		 "Not taken are names that begin with a dot, folders, links, pipes and devices, names that are no UTF-8 or have control\n"
		 "characters, and what the trigger's user may not read; the log says each of these once an hour. What can never make an event,\n"
		 "such as a file of more than 256 MiB, goes to `failed`, and `hostler events` says why.\n\n"
		 "The user that hostler runs as needs the right to write in the directory, since it moves files there. Only one trigger can\n"
		 "take files out of one directory.",
};
