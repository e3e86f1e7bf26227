/* Opening a session of this driver's: sesman signs the user in, and what it has started is found and made ready. */
#ifndef XRDP_OPENING_H
#define XRDP_OPENING_H

#include "../lock.h"
#include "../session.h"

struct keeper;

struct options {
	const char *screen, *window_manager, *sockets, *rdp, *certificate, *ca;
	bool keep;
	hst_duration ready_within, grace;
	hst_choice containment; /* enum containment_choice */
};

struct xrdp {
	struct session session; /* first, for ops.h; its `driver` is this */
	const struct options *options;
	struct keeper *keeper; /* NULL: nobody holds the session connected */
	int cut;	       /* how often nobody was seen to be connected since the keeper was lost */
	struct locks locks; /* what was last found of people's screens */
	hst_containment containment; /* HST_CONTAINMENT_UNKNOWN: not tried yet */
};

extern const struct session_kind opening_kind;

#endif
