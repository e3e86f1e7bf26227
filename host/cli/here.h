/*
 * Attended runs in the session of whoever calls, as the programs that tell of them say: those that are there, those that come,
 * and what ended lately. Without a host, a configuration or a key.
 */
#ifndef HOST_CLI_HERE_H
#define HOST_CLI_HERE_H

#include "loop/loop.h"
#include "person/happening.h"
#include "person/place.h"

enum { HERE_RUNS_MAX = 9, HERE_ENDED_MAX = 20 };

struct here;

struct here_run {
	struct here *here;
	int fd; /* -1: none */
	struct happening now; /* state "": nothing has been heard yet */
};

struct here {
	struct loop *loop;
	char place[PLACE_SIZE];
	int held;  /* the place, so that it stays; -1: there is none */
	int watch; /* for new ones */
	struct here_run runs[HERE_RUNS_MAX];
	struct happening ended[HERE_ENDED_MAX]; /* the last one first */
	size_t ended_count;
	void (*heard)(void *arg, const struct happening *happening); /* of a run, whatever it is */
	void *arg;
};

/* `loop`, `heard` and `arg` are the caller's. HST_DENIED: the person has no place of their own. */
int here_open(struct here *here, hst_error *err);
void here_close(struct here *here);

/* What the person wants; the run's device decides whether it makes sense. */
void here_answer(const struct here_run *run, enum answer answer);

#endif
