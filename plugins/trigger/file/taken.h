/*
 * What was taken over last, from the moment its events are stored until its files are moved: kept with the host in the very
 * transaction of the events, so that after a crash each of these files is moved, and none makes a second run. Each emit has a
 * number, which is part of the keys of its events: one that was not answered is made again before any other, with the same keys, and a file that somebody puts
 * back into the folder later has others.
 */
#ifndef PLUGINS_TRIGGER_FILE_TAKEN_H
#define PLUGINS_TRIGGER_FILE_TAKEN_H

#include "seen.h"

#include <hostler/host.h>

enum { TAKEN_MAX = 64 };

struct taken_file {
	char name[SEEN_NAME_MAX + 1];
	struct file_mark mark;
	bool failed; /* there is no run of it, and never will be */
};

struct taken {
	int64_t number; /* of the last emit that was stored */
	struct taken_file at[TAKEN_MAX];
	size_t n;
	bool kept; /* the host has a list that is not empty */
};

/* HST_RETRY: the host is away. */
int taken_load(struct taken *taken, hst_call *call, hst_error *err);

/* For the next emit, which has the next number: this list, or with `none` an empty one. */
int taken_put(const struct taken *taken, bool none, hst_host *host, hst_error *err);

void taken_add(struct taken *taken, const char *name, const struct file_mark *mark, bool failed);

/* The key of the event of a file in the next emit. */
char *taken_key(const struct taken *taken, hst_call *call, const char *name, const struct file_mark *mark);

#endif
