/*
 * The trigger's whole state, and what it does with it: look.c looks through the folder, take.c takes files over and emits
 * them, file.c says when.
 */
#ifndef PLUGINS_TRIGGER_FILE_FOLDER_H
#define PLUGINS_TRIGGER_FILE_FOLDER_H

#include "../looked.h"
#include "place.h"
#include "taken.h"

#include <hostler/trigger.h>

enum { PASSED_MAX = 16, NOTED_MAX = 64 };

struct file_config {
	const char *directory, *done, *failed;
	hst_texts match;
	hst_duration settle, scan;
};

struct file_event {
	const char *name, *path;
	int64_t size;
	hst_time modified;
	hst_file *file;
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
	bool again;	    /* the last emit was not answered: it is made again, and nothing else before */
	int64_t scan_us;    /* when the folder is looked through next */
	struct noted noted[NOTED_MAX];
	size_t noted_at;
	struct looked looked; /* what `hostler why` shows: files, as mails */
	bool looked_new;	    /* the host does not have it yet */
};

/* Events that are being put together. */
struct batch {
	hst_call *call;
	hst_event events[TAKEN_MAX];
	hst_passed passed[PASSED_MAX];
	size_t n, passed_n;
	int64_t bytes;
};

/* For people who ask what became of a file. */
void folder_looked(struct folder *folder, const char *name, const char *outcome);
int folder_put_looked(struct folder *folder, hst_error *err); /* for the next emit, if there is anything new */

#define NO_FILE "it is a symbolic link, or something like a pipe or a device"

/* What is not taken: in the log, and as above, once an hour. */
void folder_note(struct folder *folder, const char *name, const char *why);

bool folder_wants(void *folder, const char *name); /* by its name alone */
int folder_scan(struct folder *folder, hst_error *err);

/* Files that are whole are copied, and become events. HST_OK with what there is so far, where something went wrong behind it. */
int folder_gather(struct folder *folder, struct batch *batch, hst_error *err);

/* HST_OK: they are stored, and are to be moved; or one of them is refused for good and will be found. Else they come again. */
int folder_emit(struct folder *folder, struct batch *batch, hst_error *err);
/* What was gathered, in its order, and is not stored; `tried`: as far as is known. */
void folder_give_back(struct folder *folder, bool tried);

#endif
