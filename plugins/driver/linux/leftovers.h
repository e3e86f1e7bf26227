/* The files of a session: what they are called, and removing them. */
#ifndef LINUX_LEFTOVERS_H
#define LINUX_LEFTOVERS_H

#include "remains.h"

/*
 * Names in the session's directory. The cookie's name also tells hostler's sessions from people's, because it
 * stands on the command line of the X server, where a process without privilege can read it.
 */
#define LEFTOVERS_COOKIE "hostler-session.xauth"
/* "PID START MARK" of the X server of the session and the session itself, by whoever opened it: its user, whose folder it lies in,
 * cannot make one. */
#define LEFTOVERS_MARK "hostler-session.mark"
#define LEFTOVERS_LOG "session.log"
#define LEFTOVERS_RUNTIME "runtime"

#define LEFTOVERS_SOCKETS "/tmp/.X11-unix"

/* Somebody listens on this display, or it cannot be said that nobody does. */
bool leftovers_is_served(int display);

/* Does the mark of a session say that it was opened for the house which asks? */
bool leftovers_is_own_mark(const hst_call *call, const char *mark);

/* Removes the display's socket and lock, if they are still the session's and its X server has ended. */
void leftovers_remove_display(const struct remains *remains);

/* Removes what the driver made in the session's directory; the directory itself is the host's. HST_RETRY:
 * there is very much in it; some of it is gone, and another call goes on. */
int leftovers_remove_files(const struct remains *remains, hst_error *err);

#endif
