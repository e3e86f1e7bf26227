/*
 * A program that is run to see what it says of something: `hostler check` of a configuration, a new hostlerd of what it
 * would have to go on with. Nothing depends on it but the answer.
 */
#ifndef HOST_SUPERVISE_TRIAL_H
#define HOST_SUPERVISE_TRIAL_H

#include "loop/loop.h"
#include "supervise/process.h"

struct trial {
	struct loop *loop;
	struct process *process; /* NULL: none is under way */
	struct loop_timer *late;
	int output; /* what it prints */
	/* Called once, with the status as from waitpid and the text, which ends with the call. */
	void (*done)(void *arg, int status, const char *said);
	void *arg;
};

struct trial_spec {
	const char *name, *program; /* as in process.h */
	char *const *argv;
	int input_fd; /* its stdin; 0: nothing */
	int64_t late_ms; /* then it is killed */
};

/* The loop, `done` and `arg` are set by the owner before. */
int trial_start(struct trial *trial, struct processes *processes, const struct trial_spec *spec, hst_error *err);
void trial_end(struct trial *trial); /* kills it, if it is under way; `done` is called all the same */

/* The owner's end: whatever becomes of it is nobody's business any more. Only once the processes are freed. */
void trial_forget(struct trial *trial);

#endif
