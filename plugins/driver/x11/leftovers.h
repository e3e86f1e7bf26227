/* The files of a session: what they are called, and removing them. */
#ifndef X11_LEFTOVERS_H
#define X11_LEFTOVERS_H

#include "remains.h"

/*
 * Names in the session's directory. The cookie's name also tells hostler's sessions from people's, because it
 * stands on the command line of the X server, where a process without privilege can read it.
 */
#define LEFTOVERS_COOKIE "hostler-session.xauth"
#define LEFTOVERS_LOG "session.log"
#define LEFTOVERS_RUNTIME "runtime"

#define LEFTOVERS_SOCKETS "/tmp/.X11-unix"

/* Removes the display's socket and lock, if they are still the session's and its X server has ended. */
void leftovers_remove_display(const struct remains *remains);

/* Removes what the driver made in the session's directory; the directory itself is the host's. HST_RETRY:
 * there is very much in it; some of it is gone, and another call goes on. */
int leftovers_remove_files(const struct remains *remains, hst_error *err);

#endif
