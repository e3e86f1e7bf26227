/*
 * What a person's display says when it is asked. The questions are put by a child that has become the user, over a
 * socket of which the kernel says that the user's own X server listens on it: somebody else's program in its place never
 * sees the cookie.
 *
 * A display that does not answer costs its time-out and nothing more.
 */
#ifndef LINUX_PROBE_H
#define LINUX_PROBE_H

#include "cookie.h"
#include "proc.h"

#include <sys/socket.h>

enum { PROBE_WHY_MAX = 200 };

enum probe_answer { PROBE_SILENT, PROBE_NO, PROBE_YES }; /* silent: it was not asked, or does not know */

struct probe {
	int display;
	struct ucred server; /* the one who must be listening */
	const char *server_file; /* the file of cookies that the X server was started with; "": not known */
	bool lock; /* ask whether it is locked: logind first, then xscreensaver, then for pointer and keyboard */
	bool bus_hangs;	    /* logind is not asked: its bus did not answer a moment ago */
	bool let_pointer_be; /* it was handed out a moment ago: its person is not disturbed again */
	bool was_locked; /* then one refusal is enough, and no time is spent on a second */
	bool screensaver_runs;	/* else what its property says is old */
	const struct process *mark; /* with a pid: a flow of this process runs here; without one: none any more; NULL: as it is */
};

struct probed {
	struct cookie cookie;
	enum probe_answer logind;      /* says it is locked */
	bool bus_hangs;
	enum probe_answer screensaver; /* xscreensaver says it is locked; no: it is dark and not locked */
	enum probe_answer refused;     /* pointer and keyboard are taken, and were a moment ago */
	struct process mark;	       /* of the process whose flow runs here; pid 0: there is none */
};

/* Fails with half a sentence in err->text. */
int probe_display(const struct probe *probe, const struct account *account, const struct deadline *deadline,
		  struct probed *ret, hst_error *err);

#endif
