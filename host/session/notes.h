/*
 * What has to be undone should a hold die: STATE_DIR/notes/PID.notes, one line per note, on disk before the
 *thing noted is done. The hold keeps the file locked as long as it lives, so a lock that can be had means
 *that its owner is dead.
 *
 *	device NAME       first line
 *	host remove PATH  a folder of ours
 *	driver TEXT       the driver's own, for its op `reap`
 */
#ifndef HOST_SESSION_NOTES_H
#define HOST_SESSION_NOTES_H

#include <hostler/error.h>

#include <stddef.h>

enum { NOTES_LINE_MAX = 1024, NOTES_COUNT_MAX = 1000 };

enum notes_kind { NOTES_HOST, NOTES_DRIVER };

struct session_notes {
	char *path;
	int fd;
	size_t n;
};

/* Makes the file, locked. */
int notes_open(struct session_notes *notes, const char *state_dir, const char *device, hst_error *err);

/* HST_INVALID: not one line of at most 1 KiB, or too many of them. On disk when it returns HST_OK. */
int notes_add(struct session_notes *notes, enum notes_kind kind, const char *text, hst_error *err);

/* Everything is undone: removes the file. */
void notes_done(struct session_notes *notes);

/* Leaves the file to the next watch. */
void notes_leave(struct session_notes *notes);

#endif
