/* Folders of ours in places where others may write too: under root, the state folder is shared with the other
 * roles. */
#ifndef HOST_SESSION_FOLDER_H
#define HOST_SESSION_FOLDER_H

#include <hostler/error.h>

#include <stdbool.h>
#include <sys/types.h>

/*
 * Makes the folder, or finds it made by this process's user before. HST_DENIED: somebody else was there
 * first, who could put anything in the place of what is made in it.
 */
int folder_own(const char *path, mode_t mode, hst_error *err);

/* Whether the process with this number, as text and perhaps with more behind it, is no more. What is made under another
 * name first has its maker's number in it, so what a dead one left can be told from what is being made. */
bool folder_maker_is_dead(const char *number);

#endif
