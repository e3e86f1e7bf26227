/*
 * Starts a program that is to be kept apart from who starts it. Nothing of this process goes with it: no descriptor but its socket
 * (as its standard input and output) and standard error, no environment, no signal that is blocked or ignored.
 */
#ifndef CONFINED_APART_H
#define CONFINED_APART_H

#include <sys/types.h>

/* 0, or an errno. `theirs` stays the caller's. */
int apart_spawn(const char *program, int theirs, pid_t *ret);

#endif
