/*
 * A private session of this user for one desktop flow, made by the driver x11 in this process, without a
 * host. Only for an ordinary user and only for that user: root's sessions are the business of hostlerd.
 */
#ifndef HOST_CLI_TRY_SESSION_H
#define HOST_CLI_TRY_SESSION_H

#include "desktop/flowrun.h"
#include "plugin/instance.h"

struct try_session {
	hst_arena *arena;
	hst_host host; /* with a place for notes; everything else is plain */
	hst_call call;
	struct plugin_instance *driver;
	const char *id;	   /* NULL: not open */
	const char *notes; /* the file */
};

/*
 * `folder` exists and is empty: the session gets a folder of its own in it, beside its notes. Blocks until
 * the session is ready; a SIGINT, SIGTERM or SIGHUP that is pending ends the attempt. Cleared by
 * try_session_close whatever is returned.
 */
int try_session_open(struct try_session *session, const char *folder, hst_error *err);
int try_session_close(struct try_session *session, hst_error *err);

/* For struct flowrun_role, with the session as its argument. */
int try_session_start(struct try_session *session, const struct flowrun_start *what, pid_t *ret_pid,
		      hst_error *err);
bool try_session_screenshot(struct try_session *session, const char *path);

#endif
