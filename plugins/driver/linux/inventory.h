/*
 * The X displays of this machine and whose they are. A display is a socket below /tmp/.X11-unix that somebody
 * listens on; its user is the one whose X server that is, as the kernel says. Sessions opened by any process
 * of hostler are recognised by the cookie's file that stands on the command line of their X server, and the mark beside it.
 */
#ifndef LINUX_INVENTORY_H
#define LINUX_INVENTORY_H

#include "lock.h"

#include <hostler/driver.h>

struct inventory_facts {
	bool ours;     /* this hostler opened it */
	bool anothers; /* another hostler of this machine did: as little is done in it as in a session of a person */
	hst_fact connected;
	const char *doubt; /* why it is not certain that a session of hostler's is as it was; NULL: it is */
};

/* What a driver knows of displays besides. */
struct inventory_kind {
	const char *name; /* what the ids of its sessions begin with */

	/* Looks round once for a whole list; what it returns is given to `look`. NULL: there is nothing to look for. */
	void *(*begin)(hst_call *call, void *driver);

	/* Changes what is said of a display; its X server is `server`. NULL: nothing is to be changed. */
	void (*look)(const void *seen, int display, const struct ucred *server, struct inventory_facts *facts);
};

/* `locks`: what was found of people's screens the last time, and now. */
int inventory_sessions(hst_call *call, const struct inventory_kind *kind, void *driver, struct locks *locks, hst_session **ret_sessions, size_t *ret_n,
		       hst_error *err);
/* The display of a person whose session this is, as one that may be used. */
int inventory_seat(hst_call *call, const struct inventory_kind *kind, void *driver, const char *id, struct seat *ret, hst_error *err);

void inventory_device(hst_call *call, hst_device *ret);

#endif
