/* The session a process has: one it opened (signing in, display, buses, window manager), which it takes down again, or
 * a person's, which attach.h says more about. */
#ifndef X11_SESSION_H
#define X11_SESSION_H

#include "bus.h"
#include "display.h"
#include "environment.h"
#include "signin.h"

#include <sys/socket.h>

enum { SESSION_ID_SIZE = 64 };

struct options {
	const char *screen, *window_manager, *xserver, *pam_dir;
	hst_duration ready_within, grace;
};

struct session {
	hst_host *host; /* what lives as long as the session is in its instance's arena */
	const struct options *options;
	bool is_open;
	bool attached; /* it is a person's */
	struct ucred server; /* of a person's session: who its X server is */
	char id[SESSION_ID_SIZE]; /* "x11:DISPLAY:PID of the X server" */
	struct account account;
	struct signin signin;
	const char *pam_dir;
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

void session_init(struct session *session, hst_host *host, const struct options *options);

/* On failure everything is taken down again. */
int session_open(struct session *session, hst_call *call, const hst_open *what, hst_error *err);

int session_start(struct session *session, hst_call *call, const hst_start *what, pid_t *ret_pid,
		  hst_error *err);

/* The mark by which all processes of the session can be found, even those that left every other trace of it. */
int session_mark(struct session *session, hst_call *call, hst_error *err);

/* Done twice it succeeds. On failure what could not be taken down is still listed, and it may be tried again.
 */
int session_close(struct session *session, hst_error *err);

#endif
