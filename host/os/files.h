/*
 * Files and directories, with ceilings and without races. Paths are bytes; functions do not follow a final
 * symlink when they create.
 */
#ifndef HOST_OS_FILES_H
#define HOST_OS_FILES_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The whole file, NUL behind it, caller frees; `ret_length` may be NULL. HST_INVALID beyond `max` bytes and
 * when it is no regular file, HST_NOT_FOUND when it is not there. Never blocks on a FIFO put in its place.
 */
int files_read(const char *path, size_t max, char **ret_bytes, size_t *ret_length, hst_error *err);

/* The same of an open folder, through no link: what was opened is what is looked at and read. */
int files_read_at(int folder, const char *name, size_t max, char **ret_bytes, size_t *ret_length, hst_error *err);

/*
 * Replaces the file as a whole: written beside it, synced, renamed. `sync` also syncs the directory. The file
 * has exactly `mode`.
 */
int files_replace(const char *path, const void *bytes, size_t length, mode_t mode, bool sync, hst_error *err);

/* The same for what means nothing any more once the machine has failed: nothing is synced. */
int files_replace_fleeting(const char *path, const void *bytes, size_t length, mode_t mode, hst_error *err);

/*
 * Makes the file with exactly `mode` when it is not there. `sync`: it is on disk when the function returns. A
 * failed append may have added a part.
 */
int files_append(const char *path, const void *bytes, size_t length, mode_t mode, bool sync, hst_error *err);

/* Makes the directory and its missing parents with exactly `mode`; fine when it is one already, no link. */
int files_make_directory(const char *path, mode_t mode, hst_error *err);

/*
 * Removes a tree of any depth without following links or going into another file system; read-only
 * directories of our own too. Fine when it is not there. HST_RETRY when somebody goes on filling it.
 */
int files_remove_tree(const char *path, hst_error *err);

/* Device, inode, size and time of change as text, which differs once the file was replaced or changed; "" when it is not there. */
enum { FILES_STAMP = 100 };
void files_stamp(const char *path, char to[FILES_STAMP]);

/* "directory/name", caller frees. An absolute `name` stays as it is. */
char *files_join(const char *directory, const char *name);

/* Relative to the folder of `file` (not to the working directory), made absolute, caller frees. */
char *files_beside(const char *file, const char *name);

/* The directory this program's file lies in, found through /proc/self/exe; lives as long as the program. */
const char *files_program_directory(void);

/* Relative to that directory, caller frees: a tree that was moved as a whole is found again. */
char *files_beside_programs(const char *name);

/*
 * A program of the house at the place by whose name this one was started, links in it not followed: what is there now may
 * be another version. Where there is none of the name, the one beside this program. The caller frees it.
 */
char *files_program_called(const char *name);

/*
 * Where plugins were installed (os/installed.h), or $HOSTLER_PLUGINS in a build tree; that only when it is absolute, and
 * never in a program that runs with more rights than its caller.
 */
const char *files_plugin_directory(void);

/* Where what does not depend on the machine was installed: the helpers of desktop flows, the template of plugins. */
const char *files_data_directory(void);

#endif
