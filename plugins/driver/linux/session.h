/*
 * The session a process has: one it opened (signing in, display, buses, window manager), which it takes down again, or a
 * person's, which attach.h says more about. How a driver opens one is a table of steps.
 */
#ifndef LINUX_SESSION_H
#define LINUX_SESSION_H

#include "bus.h"
#include "containment.h"
#include "display.h"
#include "environment.h"
#include "inventory.h"

#include <sys/socket.h>

enum { SESSION_ID_SIZE = 64 };

struct session;

struct opening {
	struct session *session;
	hst_call *call;
	const hst_open *what;
	struct deadline deadline;
};

/* HST_OK, or why the session is not opened; everything is then taken down again. */
typedef int (*session_step)(struct opening *opening, hst_error *err);

struct session_kind {
	struct inventory_kind displays;
	const session_step *steps;
	size_t step_count;
	session_step make_files; /* what else is put into the session's directory before it is the user's; NULL: nothing */
	void (*sign_out)(struct session *session); /* once its processes have ended; NULL: there is nothing to do */

	/* Before anything else of it is ended. NULL: there is nothing to do. */
	void (*let_go)(struct session *session);

	/* For hst_driver_ops.standing, of a session that was opened and is there. NULL: nothing more is to be known. */
	int (*standing)(struct session *session, hst_error *err);

	/* Before the session's processes are ended: adds what its notes do not say. After the notes of a dead process, once they
	 * have ended: takes away what only this driver makes. NULL: there is nothing to do. */
	void (*find_rest)(struct remains *remains);
	void (*reap)(const struct remains *remains);
};

struct session_settings {
	int64_t ready_ms; /* how long it may take to be ready */
	int64_t grace_ms; /* how long programs have to end by themselves */
	enum containment_choice containment;
};

struct session {
	hst_host *host; /* what lives as long as the session is in its instance's arena */
	const struct session_kind *kind;
	void *driver; /* what the driver keeps besides */
	struct session_settings settings;
	const char *window_manager_name;
	bool is_open;
	bool attached; /* it is a person's */
	struct ucred server; /* of a person's session: who its X server is */
	struct process serving; /* the same as a process */
	char id[SESSION_ID_SIZE]; /* "x11:DISPLAY:PID of the X server", or what else the driver is called */
	struct account account;
	const char *run_dir, *runtime;
	int log_fd; /* what the X server and the window manager say; -1: none */
	struct display display;
	struct process window_manager;
	char bus_address[BUS_ADDRESS_SIZE];
	struct environment environment; /* what every program of the session gets */
	struct remains remains;

	/* Programs that were started for the caller, who takes their status; in the order of their start. */
	struct process *programs;
	size_t program_count, program_size;
};

void session_init(struct session *session, hst_host *host, const struct session_kind *kind, void *driver,
		  const struct session_settings *settings);

/* On failure everything is taken down again. */
int session_open(struct session *session, hst_call *call, const hst_open *what, hst_error *err);

int session_start(struct session *session, hst_call *call, const hst_start *what, pid_t *ret_pid,
		  hst_error *err);

/* The mark and the cgroup by which all processes of the session can be found, even those that left every other trace of it. */
int session_mark(struct session *session, hst_call *call, hst_error *err);

/* Done twice it succeeds. On failure what could not be taken down is still listed, and it may be tried again.
 */
int session_close(struct session *session, hst_error *err);

#endif
