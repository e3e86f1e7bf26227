/* A hold from the inside, shared by hold.c (what it is told), hold_session.c (its session) and hold_run.c
 * (the flow in it). */
#ifndef HOST_SESSION_HOLD_PARTS_H
#define HOST_SESSION_HOLD_PARTS_H

#include "desktop/children.h"
#include "loop/loop.h"
#include "session/device.h"
#include "session/notes.h"
#include "wire/stream.h"

struct hold_run;

struct hold {
	struct loop *loop;
	struct session_device device;
	struct session_notes notes;
	struct stream *stream; /* NULL: the gateway is gone */
	struct hold_run *run;  /* NULL: no flow runs */

	char *session; /* the driver's name of it; NULL: none is open */
	char *run_dir; /* RUN_DIR/sessions/PID */
	int64_t uid, gid;
	bool used; /* one hold opens one session in its life */

	pid_t *kept; /* children of the driver: waiting for them is its business */
	size_t kept_count;

	bool ending, closing; /* closing: the gateway waits for `closed` */
	uint64_t close_id;
	int status;
};

/* hold.c */
void hold_say(struct hold *hold, const struct message *message);
void hold_refuse(struct hold *hold, uint64_t id, int code, const hst_error *err);
void hold_run_is_over(struct hold *hold);

/* hold_session.c. On failure of the first nothing is left open. */
int hold_session_open(struct hold *hold, const char *user, const char *session, hst_error *err);
int hold_session_close(struct hold *hold, hst_error *err);

/* hold_run.c. A run that cannot begin is reported as finished like any other. */
void hold_run_launch(struct hold *hold, const struct message *message);
bool hold_run_is(const struct hold_run *run, int64_t step, int64_t token);
void hold_run_steer(struct hold_run *run, const char *how);
pid_t hold_run_pid(const struct hold_run *run); /* 0: no process */
void hold_run_reaped(struct hold_run *run, pid_t pid, int status);

#endif
