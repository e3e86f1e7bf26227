/*
 * The processes of this house: started with what they inherit (os/inherited.h), listened to, signalled and reaped. Each
 * is the leader of a process group of its own, so that a Ctrl-C at the terminal reaches hostlerd alone.
 */
#ifndef HOST_SUPERVISE_PROCESS_H
#define HOST_SUPERVISE_PROCESS_H

#include "loop/loop.h"

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct carried;
struct process;
struct processes;

struct process_spec {
	const char *name;    /* for messages; copied */
	const char *program; /* beside this program: "hostler-engine" */
	char *const *argv;   /* ends with NULL */
	const char *keys;    /* what it reads on fd 4; NULL: nothing */
	int peer_fd;         /* its fd 6; -1: none; stays the caller's */
	int handover_fd;     /* its fd 7; 0 or less: none; the same */
	bool keeps_orphans;  /* what it leaves behind is somebody else's to end; else it is ended with it */
	int input_fd;        /* its stdin; 0: nothing. Stays the caller's */
	int output_fd;       /* its stdout and stderr; 0: they go on to this program's stderr. Stays the caller's */
};

/* Both are called from the loop. The process is freed after `ended`. */
struct process_role {
	void (*said)(void *arg, struct process *process, const char *line); /* on fd 3. May be NULL */
	void (*ended)(void *arg, struct process *process, int status);      /* as from waitpid */
	void *arg;
};

/* Reaps through the loop: the owner hands on SIGCHLD with processes_reap. */
/* `guest`: a child that was started before, or 0; it is reaped, and killed at the end. NULL: no descriptors left. */
struct processes *processes_new(struct loop *loop, pid_t guest, hst_error *err);
void processes_free(struct processes *processes); /* every child sees end-of-file on its life descriptor */
void processes_reap(struct processes *processes);

/* The same with what the program before this one has handed on; its descriptors become this one's. */
struct processes *processes_resume(struct loop *loop, const struct carried *carried);
struct process *process_resume(struct processes *processes, const struct carried *carried, int64_t pid,
                               const struct process_role *role);
void processes_carry(const struct processes *processes, struct carried *to);

int process_start(struct processes *processes, const struct process_spec *spec, const struct process_role *role,
                  struct process **ret, hst_error *err);
void process_signal(struct process *process, int signal);

/* Lines to its fd 3; the last one's end is added. False: it has closed it, or reads nothing. */
bool process_tell(struct process *process, const char *lines);
pid_t process_pid(const struct process *process);

/* The last of what it printed, NUL-terminated, valid while the process is. */
const char *process_tail(struct process *process);

#endif
