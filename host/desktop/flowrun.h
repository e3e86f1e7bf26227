/*
 * One run of a desktop flow or program by the protocol of docs/desktop-flows.md: inputs as JSON on stdin and
 *in HOSTLER_INPUT_*, events through the FIFO $HOSTLER_EVENTS, control through $HOSTLER_CONTROL, log from
 *stdout and stderr, exit status. Used by hostler-session (in a session, through its driver), by
 *hostler-worker (connector/exec) and by `hostler try`. Asynchronous, on the caller's loop; one flowrun is one
 *process.
 *
 * How a run ends:
 *	- exit status 0, and every output fits: succeeded. An `error` event alone fails nothing.
 *	- exit status 0, but an output is unknown, given twice, of a wrong type, or a required one is missing,
 *or the file that one names is not kept: OutputInvalid.
 *	- a line in the FIFO that is no event never ends the flow early, but fails it in the end: FlowFailed.
 *	- any other exit: FlowFailed, with the text of the last `error` event, else the exit status and the
 *last line of the log.
 *	- time-out: the control word is `stop`, TERM goes to the process group after 5/6 of the grace, KILL at
 *its end. A flow whose end is seen only after its time has timed out too.
 *	- cancel: the control word is `stop`, TERM at once, KILL after 5 s. Both are told as what they are,
 *whatever the exit.
 *	- safe stop: the control word is `stop`. Stopped, unless the flow ended well without having come to a
 *checkpoint.
 *
 * Told to pause, it is paused once it has come to a checkpoint: from then on the clock of the time-out stands
 *still until it is told to go on. A flow that comes to none is not paused, and runs into its time-out.
 *
 * The process becomes the reaper of its orphans (PR_SET_CHILD_SUBREAPER), so that what the flow started and
 *let go of can be found and ended too: by its process group, or by HOSTLER_WORK in its environment.
 *
 * Programs that use this ignore SIGPIPE (os/harden.h).
 */
#ifndef HOST_DESKTOP_FLOWRUN_H
#define HOST_DESKTOP_FLOWRUN_H

#include "desktop/package.h"
#include "loop/loop.h"

#include <hostler/value.h>

#include <sys/types.h>

struct flowrun;
struct flow_place;
struct sealing;

/* How the process is started: in a session by its driver, or by posix_spawn (flowrun_spawn_here). */
struct flowrun_start {
	char *const *argv;
	char *const *environment; /* what the protocol adds: HOSTLER_*, PATH of hostler-event, PYTHONPATH of
				     the runner */
	const char *directory;
	int stdin_fd, stdout_fd,
		stderr_fd; /* the last two may be the same: one log in the order of writing */
};

enum flowrun_end { FLOWRUN_SUCCEEDED = 1, FLOWRUN_FAILED, FLOWRUN_TIMED_OUT, FLOWRUN_STOPPED };

struct flowrun_result {
	enum flowrun_end end;
	const char *reason; /* FlowFailed, OutputInvalid, InputInvalid, DesktopFlowsActionTimeout, Cancelled;
			       NULL: succeeded */
	char text[512];	    /* one sentence, "" when it succeeded */
	const hst_value *outputs;     /* checked; of a failed run those that were given and are right */
	int64_t started_us, ended_us; /* wall clock */
};

enum { FLOW_SCREENSHOT_MS = 3000 };

struct flowrun_role {
	int (*start)(void *arg, const struct flowrun_start *what, pid_t *ret_pid, hst_error *err);
	void (*progress)(void *arg, const char *subflow, const char *action); /* at most 200 bytes each */
	/* It waits at a checkpoint now, or goes on from there. May be NULL. */
	void (*paused)(void *arg, bool paused);
	/* A picture is wanted, to be written to `path`, within FLOW_SCREENSHOT_MS; returns false when none
	 * could be taken. After one that failed by taking so long none is wanted any more. May be NULL. */
	bool (*screenshot)(void *arg, const char *path);
	/* The same where it could show a secret: nothing that can be read comes to `path`. NULL: then none is taken. */
	bool (*sealed_screenshot)(void *arg, const char *path);
	void (*ended)(void *arg, const struct flowrun_result
					 *result); /* once; everything it started is gone; may free the run */
	void *arg;
};

/* All of it must live until the run is freed. */
struct flowrun_spec {
	const struct package *package;
	const hst_value *inputs; /* unchecked: they are checked against the package first */
	const struct sealing *sealing; /* which of them came sealed, opened; which outputs are to be; NULL: that follows from their types alone */
	bool hidden;		 /* some of them came sealed, nobody knows which: none is in the environment, all are looked for in what it says */
	struct flow_place *place; /* where it works (desktop/flowrun_place.h), new or renewed; of one run at a time */
	const char *results;	  /* an existing directory: log, screenshots/ and out/ are left there, if there are any */
	int64_t uid, gid;		/* owner of what is made for the flow; -1: this process's own */
	int64_t timeout_ms;		/* counted from the start; 0: none */
	const char *run_id, *step_name; /* HOSTLER_RUN, HOSTLER_STEP */
	int64_t grace_ms;		/* from the time-out to KILL; 0: 30 s */
	int64_t cancel_ms;		/* from cancelling to KILL; 0: 5 s */
	int64_t drain_ms;		/* how long what the flow left behind may go on writing; 0: 500 ms */
	int64_t work_bytes_max, work_files_max; /* in $HOSTLER_WORK; 0: 4 GiB, 200,000 */
	/* Opens the file of the run that an input names; -1 with the error filled in. NULL: such inputs are left as they are. */
	int (*open_file)(void *arg, const char *value, hst_error *err);
	void *file_arg;
	int64_t picture_ms; /* at least so long between two screenshots, but at the end; 0: 100 ms */
};

/*
 * Inputs that do not fit (InputInvalid) and a process that cannot be started (the reason of `start`, else
 * FlowFailed) are ends like any other: `ended` is called from the loop, never from here. An error here means
 * that nothing was begun.
 */
int flowrun_start(struct loop *loop, const struct flowrun_spec *spec, const struct flowrun_role *role,
		  struct flowrun **ret, hst_error *err);

/* The same in two parts: all that can be done before there is a process, and the rest. What was not begun is freed, and its
 * place is not renewed but made anew. Begun once; a run that could not be is the caller's to free. */
struct flowrun *flowrun_prepare(struct loop *loop, const struct flowrun_spec *spec, const struct flowrun_role *role);
int flowrun_begin(struct flowrun *run, hst_error *err);

enum flowrun_how { FLOWRUN_CANCEL, FLOWRUN_SAFE_STOP, FLOWRUN_PAUSE, FLOWRUN_RESUME };
void flowrun_steer(struct flowrun *run, enum flowrun_how how);

/* Must be told by the role when a child of this process has ended (SIGCHLD, waitpid). False: not its child.
 */
bool flowrun_reaped(struct flowrun *run, pid_t pid, int status);

void flowrun_free(struct flowrun *run); /* kills what is left */

/*
 * A `start` for processes of this user in no session of hostler's: with what this process's own environment
 * says of the person and the display, what the protocol adds winning over it, and PATH being both.
 */
int flowrun_spawn_here(void *arg, const struct flowrun_start *what, pid_t *ret_pid, hst_error *err);

#endif
