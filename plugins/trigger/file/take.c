#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

enum {
	BATCH_BYTES_MAX = 64 << 20, /* after so many no further file is added to an emit */
	FILE_BYTES_MAX = 256 << 20,
	COPY_AT_ONCE = 1 << 20,
};

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
	folder_looked(folder, name, why);
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
		folder_note(folder, seen->name, "it could not be moved: the folder has the sticky bit, and the file belongs to somebody else");
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

static void note_unreadable(struct folder *folder, const char *name)
{
	char text[HST_TEXT_MAX];

	snprintf(text, sizeof text, "it cannot be read: give the user %s the right, as by `setfacl` or `chmod`", place_user());
	folder_note(folder, name, text);
}

static bool take(struct folder *folder, struct batch *batch, struct seen_file *seen, int *ret, hst_error *err)
{
	struct stat found;
	int fd = place_open_file(&folder->place, seen->name, &found);
	bool over;

	if (fd < 0) {
		if (errno == EACCES || errno == EPERM)
			note_unreadable(folder, seen->name);
		else if (errno == ELOOP)
			folder_note(folder, seen->name, NO_FILE);
		else if (errno != ENOENT)
			folder_note(folder, seen->name, strerror(errno));
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

/*
 * Where it is not known whether the last events were stored, these alone come first: under the same keys, in the same order and so in
 * the same batch, and all of them, since what the host has of the last emit is replaced by the next.
 */
int folder_gather(struct folder *folder, struct batch *batch, hst_error *err)
{
	int code = HST_OK;

	for (size_t i = 0; i < folder->seen.n && code == HST_OK && !is_full(folder, batch);)
		if (folder->again && !folder->seen.at[i].tried)
			i++;
		else if (take(folder, batch, &folder->seen.at[i], &code, err))
			seen_remove(&folder->seen, i);
		else
			i++;
	/* What was gathered before is emitted first; what went wrong then comes again. */
	return folder->taken.n && code != HST_CANCELLED && !folder->again ? HST_OK : code;
}

void folder_give_back(struct folder *folder, bool tried)
{
	for (size_t i = 0; i < folder->taken.n; i++)
		seen_put_back(&folder->seen, i, folder->taken.at[i].name, &folder->taken.at[i].mark, tried);
	folder->taken.n = 0;
}

int folder_put_looked(struct folder *folder, hst_error *err)
{
	char bytes[LOOKED_BYTES];
	size_t length = looked_write(&folder->looked, bytes, sizeof bytes);

	return folder->looked_new ? hst_state_put(folder->host, HST_STATE_LOOKED, bytes, length, err) : HST_OK;
}

static int emit(struct folder *folder, const struct batch *batch, hst_error *err)
{
	const hst_emission emission = {.size = sizeof emission, .events = batch->events, .n = batch->n, .passed = batch->passed, .passed_n = batch->passed_n};
	int code = taken_put(&folder->taken, false, folder->host, err);

	if (code == HST_OK)
		code = folder_put_looked(folder, err);
	if (code == HST_OK)
		code = hst_emit_with(folder->host, &emission, err);
	folder->looked_new = folder->looked_new && code != HST_OK;
	return code;
}

/* HST_INVALID will not go away: the one event that the host does not take is looked for, and its file is put aside. */
int folder_emit(struct folder *folder, struct batch *batch, hst_error *err)
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
		folder->one_by_one = folder->again = false;
		folder->taken.number++;
		folder->taken.kept = true;
		return HST_OK;
	}
	folder->again = code != HST_INVALID;
	folder_give_back(folder, folder->again);
	if (code == HST_INVALID && !folder->one_by_one) {
		folder->one_by_one = true;
		return HST_OK;
	}
	return hst_fail(err, (hst_code)code, "%s", why.text);
}
