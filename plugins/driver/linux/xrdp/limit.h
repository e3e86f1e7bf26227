/*
 * How many sessions sesman lets be (MaxSessions in its file). Of a sign-in that it denies for that it says no more than of a
 * wrong password, and a wrong password is not tried again.
 */
#ifndef XRDP_LIMIT_H
#define XRDP_LIMIT_H

#include <hostler/error.h>

/* HST_RETRY with TooManyActiveSessions: sesman has as many as it may have. HST_OK also where that cannot be seen. */
int limit_look(hst_error *err);

#endif
