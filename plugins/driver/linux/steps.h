/*
 * Steps of opening a session that drivers of Linux sessions have in common, each for the table of a session_kind. What a
 * step brings into the world it adds to the session's remains first.
 */
#ifndef LINUX_STEPS_H
#define LINUX_STEPS_H

#include "session.h"

/* Who it is for, and may that be? */
int step_account(struct opening *opening, hst_error *err);

/* Is the session's directory good for the sockets in it? */
int step_directory(struct opening *opening, hst_error *err);

int step_mark(struct opening *opening, hst_error *err);

/* After signing in, since PAM may have made or mounted it just now. */
int step_home(struct opening *opening, hst_error *err);

/* The session's directory with its log and its runtime directory; then it is the user's. */
int step_files(struct opening *opening, hst_error *err);

/*
 * What every program of the session gets. Nothing is taken over from this process. What the sign-in sets (a list that ends
 * with NULL, or NULL) wins over the first lines, which are only there so that they are never missing, and not over what
 * names the user and the session.
 */
void step_environment_with(struct session *session, char *const *from_signin);

/* The buses, once the display is known. */
int step_bus(struct opening *opening, hst_error *err);

/* A program that is started before the window manager is ready is sometimes never shown. */
int step_ready(struct opening *opening, hst_error *err);

/* A path that lives as long as the instance. */
char *step_path(struct session *session, const char *directory, const char *name);

#endif
