/*
 * Programs of sessions that are only in memory: started as whoever this process is, in a small environment of their own.
 */
#ifndef MEMORY_PROGRAM_H
#define MEMORY_PROGRAM_H

#include <hostler/driver.h>

/* As the op `start` has to: the leader of a new process group, with the three descriptors alone. */
int program_start(hst_call *call, const hst_start *what, pid_t *ret_pid, hst_error *err);

/* Kills its group, as long as nobody has taken its status. 0: there is none. */
void program_kill(pid_t pid);

#endif
