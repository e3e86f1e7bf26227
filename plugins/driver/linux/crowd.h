/*
 * What the processes of people say about their displays. The machine is looked over once per look, however many displays
 * there are, and only the processes of whoever has a display are read.
 */
#ifndef LINUX_CROWD_H
#define LINUX_CROWD_H

#include "proc.h"

#include <hostler/driver.h>

/* Zeroed before each look. Memory lives in the arena of its call. */
struct crowd {
	struct crowd_member *at; /* ordered by process id; NULL: not looked at yet */
	size_t n;
};

/* What runs of a user's, as far as it concerns a display. */
struct running {
	bool locker;	  /* a program that runs while the screen is locked and not otherwise */
	bool screensaver; /* xscreensaver lives, so that what it says on the display is not old */
	bool dark;	  /* and has made the screen dark, or locked it */
	bool flow;	  /* a flow of hostler's, on whichever display */
};

struct running crowd_running(struct crowd *crowd, hst_call *call, uid_t uid, int display);

#endif
