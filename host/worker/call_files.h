/*
 * The files of one call of an op, in a private folder of this process that is there only once a file was needed: those that
 * came with it, IN/number/NAME, and those the plugin makes, NEW/NAME. All are gone when the call is over.
 */
#ifndef HOST_WORKER_CALL_FILES_H
#define HOST_WORKER_CALL_FILES_H

#include "schema/fields.h"

#include <stdbool.h>
#include <stdint.h>

struct call_file {
	struct hst_file file; /* first: what the plugin holds is this. Its name is the value, FRONT/NAME for one that was made here */
	char *path;
	bool made;	/* here, by the plugin */
	bool sent;	/* to the engine, which may not have taken it yet */
	int64_t bytes;	/* with `sent` */
	struct call_file *next;
};

struct call_files {
	const char *parent; /* of the private folder; NULL: where temporary things are */
	const char *front;  /* what the values of new files begin with: "trigger", or the step */
	char *root;	    /* NULL: there is none yet */
	int lock;
	struct call_file *first, **last;
	size_t n, folders;
	int64_t sets; /* of events that files were sent for; the last one's number */
};

void call_files_init(struct call_files *files);
void call_files_clear(struct call_files *files); /* removes the folder */

/* Removes what processes left there that were killed. */
void call_files_sweep(const char *parent);

/* NULL, with the error filled in. */
struct call_file *call_files_new(struct call_files *files, const char *name, hst_error *err);

/* An empty one for what comes from elsewhere under this value. */
struct call_file *call_files_in(struct call_files *files, const char *value, hst_error *err);

/* One that is handed on by its name alone, and read nowhere here: its path is "". */
void call_files_named(struct call_files *files, const char *value);

/* The file of this call that a value names; NULL: none. */
struct call_file *call_files_find(const struct call_files *files, const char *value);

/* It has gone where it belongs: it is removed here. */
void call_files_gone(struct call_files *files, struct call_file *file);

void call_files_over(struct call_files *files); /* the call is */

#endif
