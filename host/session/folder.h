/* Folders of ours in places where others may write too: under root, the state folder is shared with the other
 * roles. */
#ifndef HOST_SESSION_FOLDER_H
#define HOST_SESSION_FOLDER_H

#include <hostler/error.h>

#include <sys/types.h>

/*
 * Makes the folder, or finds it made by this process's user before. HST_DENIED: somebody else was there
 * first, who could put anything in the place of what is made in it.
 */
int folder_own(const char *path, mode_t mode, hst_error *err);

#endif
