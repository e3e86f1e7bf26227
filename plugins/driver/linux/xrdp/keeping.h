/*
 * Holding a session connected: a client of xrdp without a screen (keeper.h) is its person for as long as it is held, so that it
 * is active and whoever connects to it as well is noticed.
 */
#ifndef XRDP_KEEPING_H
#define XRDP_KEEPING_H

#include "opening.h"

/* HST_INVALID: the options do not say whom to trust, or where they listen, or nobody can hold a screen of that size connected. */
int keeping_options(const struct options *options, int width, int height, hst_error *err);

/* HST_INVALID: the file of authorities cannot be read here. */
int keeping_check(const struct options *options, hst_error *err);

/* Connects, and makes sure that it is this session which is connected now. */
int keeping_begin(struct opening *opening, hst_error *err);

/*
 * Is the keeper still the one who is connected? SessionTaken: somebody else is. When the server of xrdp is gone the session is
 * not: it goes on disconnected, which is logged once.
 */
int keeping_standing(struct session *session, hst_error *err);

void keeping_end(struct session *session);

#endif
