/* hostler-rdp-keeper as a child: started, spoken to, heard, ended. For keeper.c. */
#ifndef PLUGINS_DRIVER_KEEPER_PROCESS_H
#define PLUGINS_DRIVER_KEEPER_PROCESS_H

#include "keeper_frames.h"

#include <hostler/host.h>

#include <sys/types.h>

struct keeper_process {
	pid_t pid; /* 0: none */
	int fd;    /* the socket to it; -1: none */
	unsigned heard; /* messages: a keeper has little to say, and one without end is not listened to */
};

struct keeper_heard {
	enum keeper_word word;
	unsigned number;
	char text[KEEPER_WORD_MAX]; /* printable ASCII, whatever it was */
};

/* Milliseconds of a clock that nobody sets. */
int64_t keeper_now_ms(void);

/* `program` NULL: beside the folder of the plugins that this code lies in. HST_BROKEN or HST_RETRY; then there is none. */
int keeper_process_start(struct keeper_process *process, const char *program, hst_error *err);

/* A message as a whole; HST_BROKEN when it cannot be had. */
int keeper_process_send(struct keeper_process *process, const void *bytes, size_t n);

/*
 * The next message; HST_OK, HST_TIMEOUT, HST_CANCELLED; HST_BROKEN when it has ended, or says nonsense or too much. `call` NULL: it cannot be
 * cancelled. With `until_ms` 0 it does not wait.
 */
int keeper_process_hear(struct keeper_process *process, hst_call *call, int64_t until_ms, struct keeper_heard *ret);

/* Kills it where it has not ended, and returns its status; the socket stays. Fine when there is none. */
int keeper_process_reap(struct keeper_process *process);

/* Gives it so long to end by itself, then reaps it. Fine when there is none. */
void keeper_process_end(struct keeper_process *process, int within_ms);

#endif
