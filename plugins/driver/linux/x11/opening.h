/* Opening a session of this driver's: signing in, a private display, a window manager and the buses. */
#ifndef X11_OPENING_H
#define X11_OPENING_H

#include "../events.h"
#include "../lock.h"
#include "../session.h"
#include "signin.h"

struct options {
	const char *screen, *window_manager, *xserver, *pam_dir;
	bool opengl;
	hst_duration ready_within, grace;
	hst_choice containment; /* enum containment_choice */
};

struct x11 {
	struct session session; /* first, for ops.h; its `driver` is this */
	const struct options *options;
	struct signin signin;
	struct events events; /* in the process that lists */
	struct locks locks; /* what was last found of people's screens */
	hst_containment containment; /* HST_CONTAINMENT_UNKNOWN: not tried yet */
};

extern const struct session_kind opening_kind;

#endif
