/*
 * The supervisor at work: starts the children in order (the engine, then workers and gateway once it is ready), keeps
 * them running, serves the gateway's wishes for session processes, and takes everything down again in reverse order.
 * Started by hostlerd once folders, lock, seed and accounts are there.
 *
 * state_dir/children is rewritten at every change: one line "NAME STATE PID SINCE RESTARTS" per child, SINCE in seconds
 * since 1970, PID 0 for none. Behind a child that was killed because it hung follows a line that begins with a tab: when,
 * and why. Behind one that has died before follow how its last process ended, or "misconfigured: TEXT", and the last 4 KiB
 * of what it printed, each line behind a tab. Others read it by config/standing.h.
 */
#ifndef HOST_SUPERVISE_SUPERVISOR_H
#define HOST_SUPERVISE_SUPERVISOR_H

#include "wire/keys.h"

#include <stdbool.h>
#include <sys/types.h>

struct carried;
struct conf;

struct supervisor_arguments {
	const struct conf *conf;
	const char *file; /* the configuration's absolute path */
	bool root;
	bool detached;
	int lock; /* of the state_dir; handed on by an upgrade */
	const uint8_t *seed;
	const struct carried *carried; /* what the program before this one handed on; NULL: the house is started */
	pid_t check; /* a process that was started before and goes on by itself; 0: none */
	void (*announce)(void *arg, const char *missing); /* once: all are up; `missing` names those that are not, or is NULL */
	void *arg;
};

/* Exit status: 0 told to end, 1 the engine could not be started. */
int supervisor_run(const struct supervisor_arguments *arguments);

#endif
