/*
 * Being in a session of a person, for attended runs: programs are started there as that person, with what the programs of
 * the session have in their environment. Nothing is signed in, opened, unlocked or closed; what hostler started is ended
 * when it lets go.
 */
#ifndef LINUX_ATTACH_H
#define LINUX_ATTACH_H

#include "session.h"

/* On failure nothing has happened. Whether it is locked is not asked here. */
int attach_begin(struct session *session, hst_call *call, const char *id, hst_error *err);

/* SessionEnded when the X server has ended; a session that is no person's stands. */
int attach_standing(const struct session *session, hst_error *err);

/* Once its programs have ended: the mark that they run is taken off the display. */
void attach_end(const struct session *session);

#endif
