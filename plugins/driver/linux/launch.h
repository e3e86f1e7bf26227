/*
 * Starting processes as the session's user. Each is the leader of a kernel session and process group of its
 * own, can gain no privileges, has the default signals, and holds only the descriptors it is given.
 *
 * A program waits before its exec until its process id has been noted, so a crash leaves nothing unknown
 * behind.
 */
#ifndef LINUX_LAUNCH_H
#define LINUX_LAUNCH_H

#include "account.h"
#include "deadline.h"
#include "remains.h"

struct program {
	const char *what; /* for messages: "the X server" */
	char *const *argv;
	char *const *environment; /* its PATH is where argv[0] is looked for */
	const char *directory;
	int fd_in, fd_out, fd_err; /* -1: /dev/null */
	int fd_extra;		   /* becomes descriptor 3; -1: none */
	int death_signal;	   /* sent to it when this process dies */
	const char *package;	   /* what to install when it is not there; NULL: not known */

	/* Keeps the new process's id where it survives a crash: remains_add_process or remains_add_xserver.
	 */
	int (*note)(struct remains *remains, hst_call *call, const struct process *process, hst_error *err);
};

int launch_program(const struct account *account, const struct program *program, struct remains *remains,
		   const struct deadline *deadline, struct process *ret, hst_error *err);

/*
 * Runs `task` in a child as the session's user, where it may hang or crash, and waits for it until the
 * deadline. It has descriptor 3, a copy of `fd` (-1: none); it returns 0, or anything else with a sentence in
 * `why`. When `beside` (NULL: nothing) ends first, the wait is over too, and fails.
 */
enum { LAUNCH_WHY_MAX = 200 };
typedef int (*launch_task)(const void *argument, char why[LAUNCH_WHY_MAX]);
int launch_aside(const struct account *account, launch_task task, const void *argument, int fd,
		 const struct process *beside, const struct deadline *deadline, hst_error *err);

/*
 * Reads the first line that the process writes to `fd`, without its newline. Fails when the line is longer
 * than `size`, the process ends, or the deadline passes.
 */
int launch_read_line(const struct process *process, int fd, char *to, size_t size,
		     const struct deadline *deadline, const char *what, hst_error *err);

/* Waits until the child has ended and takes its status, or until the deadline; the child then lives on. */
int launch_wait(const struct process *process, const struct deadline *deadline, int *ret_status);

#endif
