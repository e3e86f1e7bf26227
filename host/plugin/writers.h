/*
 * Who can put something else in a plugin's place. Whoever can runs code as us, so it must be nobody but root, this
 * process's user and the owner of the program itself, who could change the program just as well.
 */
#ifndef HOST_PLUGIN_WRITERS_H
#define HOST_PLUGIN_WRITERS_H

#include <hostler/error.h>

/*
 * Looks at the file, at its folder, and at every folder above it up to the root, links included. A folder above may be
 * everybody's to write to where its sticky bit keeps one from another's files, as in /tmp. Errors name the path and the
 * remedy: HST_NOT_FOUND, HST_DENIED, HST_INVALID (it is no regular file).
 */
int writers_check(const char *path, hst_error *err);

#endif
