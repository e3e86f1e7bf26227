/*
 * The folder of a person in which the programs that tell them of runs can be found by their windows: theirs alone, in
 * /run/user/UID where there is such a one, else in /tmp. In it is one socket for each program, called as its process id,
 * and what ended lately. Nothing of another user is ever taken for it.
 */
#ifndef HOST_PERSON_PLACE_H
#define HOST_PERSON_PLACE_H

#include <hostler/error.h>

#include <stdbool.h>

enum { PLACE_SIZE = 64 };

/*
 * Makes it where it is not there. It stays for as long as *ret_fd, the caller's, is open: place_sweep lets it be, also that of a
 * container which shares /tmp and sees no process of its user, and so does systemd-tmpfiles. HST_DENIED: the name is somebody
 * else's, or others may look into the folder.
 */
int place_find(char to[PLACE_SIZE], int *ret_fd, hst_error *err);

bool place_is_ours(int socket); /* whoever is at its other end is this user, or root */

/* A line is kept for as long as 20 others have not come. */
int place_remember(const char *place, const char *line, hst_error *err);
char *place_remembered(const char *place); /* lines, oldest first; the caller frees */

/*
 * In `folder`, which is /tmp: removes the folders that nobody holds of users of whom no process is left on the machine, as
 * /run/user/UID goes when they have signed out. Only root removes those of others; what is not its user's own folder is let be.
 */
void place_sweep(const char *folder);

#endif
