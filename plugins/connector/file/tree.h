/*
 * Files below one folder, and never outside of it: a path is relative to the folder, has no ".." in it, and
 * no part of it may be a link. Only regular files are read or written.
 */
#ifndef PLUGINS_CONNECTOR_FILE_TREE_H
#define PLUGINS_CONNECTOR_FILE_TREE_H

#include <hostler/host.h>

#include <stddef.h>

/* HST_OK when `root` is a folder that can be listed. */
int file_check_root(const char *root, hst_error *err);

/* The whole file in the call's arena, with a NUL behind it. HST_INVALID when it has more than `max` bytes. */
int file_read(hst_call *call, const char *root, const char *path, size_t max, char **ret, size_t *ret_n,
	      hst_error *err);

/*
 * Replaces the file as a whole, or makes it: others see the old bytes or the new ones, never a part. On disk
 * when it returns.
 */
int file_replace(hst_call *call, const char *root, const char *path, const void *bytes, size_t n,
		 hst_error *err);

/* Copies the file to `to`, which is outside of the folder. HST_INVALID when it has more than `max` bytes. */
int file_copy_out(hst_call *call, const char *root, const char *path, const char *to, int64_t max, int64_t *ret_n, hst_error *err);

/* As file_replace, with what `from` holds, which is outside of the folder. */
int file_copy_in(hst_call *call, const char *root, const char *path, const char *from, int64_t *ret_n, hst_error *err);

/*
 * Adds to the end in one write under an exclusive flock, so that lines of several writers do not mix; makes
 * the file when it is not there. On disk when it returns. HST_TIMEOUT when somebody else holds the lock until
 * the deadline.
 */
int file_append(hst_call *call, const char *root, const char *path, const void *bytes, size_t n,
		hst_error *err);

#endif
