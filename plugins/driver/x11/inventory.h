/*
 * The X displays of this machine and whose they are. A display is a socket below /tmp/.X11-unix that somebody
 * listens on; its user is the one whose X server that is, as the kernel says. Sessions opened by any process
 * of hostler are recognised by the cookie's file that stands on the command line of their X server.
 */
#ifndef X11_INVENTORY_H
#define X11_INVENTORY_H

#include "lock.h"

#include <hostler/driver.h>

/* `locks`: what was found of people's screens the last time, and now. */
int inventory_sessions(hst_call *call, struct locks *locks, hst_session **ret_sessions, size_t *ret_n,
		       hst_error *err);
/* The display of a person whose session this is, as one that may be used. */
int inventory_seat(hst_call *call, const char *id, struct seat *ret, hst_error *err);

void inventory_device(hst_call *call, hst_device *ret);

#endif
