/*
 * What the kernel says about processes, read from /proc. A process is named by its id together with the time
 * it was started at, in ticks since the machine was started: ids are used again, such pairs are not.
 */
#ifndef LINUX_PROC_H
#define LINUX_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid; /* 0: there is none */
	uint64_t start;
};

enum { PROC_BOOT_SIZE = 40, PROC_NAME_SIZE = 16 };

struct proc_entry {
	struct process id;
	pid_t parent, kernel_session;
	uid_t uid;
	char state; /* as in /proc/PID/stat: 'Z' has ended and waits for its parent */
	char name[PROC_NAME_SIZE]; /* what it is called; the kernel keeps 15 bytes */
};

bool proc_read(pid_t pid, struct proc_entry *ret); /* false: there is no such process */

/* Every process of the machine, ordered by id; the caller frees. */
size_t proc_scan(struct proc_entry **ret);

/* Is exactly this process there and not ended? */
bool proc_lives(const struct process *process);

/* Does it run the program in a file of this name? Its own name a process can choose; that decides only where the file may not be seen. */
bool proc_runs(pid_t pid, const char *program);

/* Was the process started with `assignment` ("NAME=VALUE") in its environment? False also where that may not
 * be read. */
bool proc_has_environment(pid_t pid, const char *assignment);

/* What it was started with, as NAME=VALUE one after another, each with its NUL; the caller frees. 0: not to be seen. */
size_t proc_environment(pid_t pid, char **ret);

/* An argument of the process's command line, 0 being its name, cut to `size`; false: it has not so many. */
bool proc_argument(pid_t pid, int index, char *to, size_t size);

/* The argument behind `flag` on the process's command line, cut to `size`; false: there is none. */
bool proc_argument_after(pid_t pid, const char *flag, char *to, size_t size);

/* Names this start of the machine, "" when it is unknown. */
void proc_boot(char to[PROC_BOOT_SIZE]);

#endif
