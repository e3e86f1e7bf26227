#include "session/notes.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/failure.h"
#include "os/files.h"
#include "session/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Process ids come again; the notes of an earlier owner of the number may still be there. */
enum { SAME_PID_MAX = 100 };

static int sync_directory(const char *path, hst_error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? failure_of(errno, err, "sync", path) : HST_OK;
}

static int write_line(int fd, const char *path, const char *line, hst_error *err)
{
	size_t length = strlen(line);

	if (write(fd, line, length) != (ssize_t)length || fdatasync(fd) < 0)
		return failure_of(errno, err, "write", path);
	return HST_OK;
}

/* It gets the name that a watch looks for only when it is locked. */
static int give_name(struct session_notes *notes, const char *folder, const char *unnamed, hst_error *err)
{
	for (int i = 0; i < SAME_PID_MAX; i++) {
		AUTO_FREE char *path = i ? mem_printf("%s/%d-%d.notes", folder, (int)getpid(), i)
					 : mem_printf("%s/%d.notes", folder, (int)getpid());

		if (renameat2(AT_FDCWD, unnamed, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
			notes->path = take(path);
			return sync_directory(folder, err);
		}
		if (errno != EEXIST)
			return failure_of(errno, err, "name", path);
	}
	return hst_fail(err, HST_RETRY,
			"%s is full of notes of dead processes; is there no watch of the device?", folder);
}

int notes_open(struct session_notes *notes, const char *state_dir, const char *device, hst_error *err)
{
	AUTO_FREE char *folder = files_join(state_dir, "notes");
	AUTO_FREE char *unnamed = mem_printf("%s/%d.new", folder, (int)getpid());
	AUTO_FREE char *line = mem_printf("device %s\n", device);
	AUTO_CLOSE int fd = -1;
	int code = folder_own(folder, 0700, err);

	*notes = (struct session_notes){.fd = -1};
	if (code)
		return code;
	unlink(unnamed);
	fd = open(unnamed, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return failure_of(errno, err, "make", unnamed);
	code = write_line(fd, unnamed, line, err);
	if (!code)
		code = give_name(notes, folder, unnamed, err);
	if (code) {
		unlink(unnamed);
		free(take(notes->path));
		return code;
	}
	notes->fd = take_fd(&fd);
	return HST_OK;
}

int notes_add(struct session_notes *notes, enum notes_kind kind, const char *text, hst_error *err)
{
	AUTO_FREE char *line = NULL;
	int code;

	if (!text || strnlen(text, NOTES_LINE_MAX + 1) > NOTES_LINE_MAX || strchr(text, '\n'))
		return hst_fail(err, HST_INVALID, "a note is one line of at most %d bytes", NOTES_LINE_MAX);
	if (notes->n == NOTES_COUNT_MAX)
		return hst_fail(err, HST_INVALID, "more than %d notes for one session", NOTES_COUNT_MAX);
	line = mem_printf("%s %s\n", kind == NOTES_HOST ? "host" : "driver", text);
	code = write_line(notes->fd, notes->path, line, err);
	if (!code)
		notes->n++;
	return code;
}

void notes_leave(struct session_notes *notes)
{
	if (notes->fd >= 0)
		close(notes->fd);
	free(notes->path);
	*notes = (struct session_notes){.fd = -1};
}

void notes_done(struct session_notes *notes)
{
	if (notes->path)
		unlink(notes->path);
	notes_leave(notes);
}
