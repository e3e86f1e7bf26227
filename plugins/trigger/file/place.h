/*
 * The folder that is watched, and the two folders in it that files go to when they were taken over. Everything is done by
 * descriptors of these folders, so that no link and no change of a name leads anywhere else.
 */
#ifndef PLUGINS_TRIGGER_FILE_PLACE_H
#define PLUGINS_TRIGGER_FILE_PLACE_H

#include "seen.h"

#include <hostler/error.h>

#include <sys/stat.h>

struct place {
	const char *path, *done_name, *failed_name;
	int folder, done, failed; /* -1: not open */
	int notify;		  /* of inotify; -1: not watched */
};

void place_init(struct place *place, const char *path, const char *done, const char *failed);

/* Opens the folder. The error says what has to be given to whom. */
int place_open(struct place *place, hst_error *err);

/*
 * Also makes the two in it where they are missing, begins to watch, and keeps other processes from taking files there. HST_RETRY:
 * another process has the folder.
 */
int place_begin(struct place *place, hst_error *err);
void place_close(struct place *place);

/* Whether the path still leads to the folder that is open. */
bool place_stands(const struct place *place);

/* The regular file of this name, open for reading; -1: errno says why not, ELOOP that it is something else. */
int place_open_file(const struct place *place, const char *name, struct stat *ret);

/* Whose rights count, by name. */
const char *place_user(void);

/* Whether this process could move the file: in a folder with the sticky bit only its owner can. */
bool place_may_move(const struct place *place, const struct stat *file);

/*
 * To `done` or `failed`, under another name where that is taken. True as well where the file has gone, or another has its name:
 * then there is nothing to do.
 */
bool place_move(const struct place *place, const char *name, const struct file_mark *mark, bool failed, hst_error *err);

struct file_mark place_mark(const struct stat *file);

/* What happened since: names are added to `seen`. False: the folder is gone, or more happened than was kept. */
bool place_heard(const struct place *place, struct seen *seen, bool (*wanted)(void *arg, const char *name), void *arg);

#endif
