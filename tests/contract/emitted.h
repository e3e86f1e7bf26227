/*
 * A host that keeps what a trigger emits, as the engine does: events by their keys, state with the events it was
 * put before. It can be away, and then nothing is kept. One at a time.
 */
#ifndef TESTS_CONTRACT_EMITTED_H
#define TESTS_CONTRACT_EMITTED_H

#include "staged.h"

enum { EMITTED_MAX = 2000 };

struct emitted {
	struct staged *staged;
	int64_t at_us;	  /* what `watch` last wished for */
	bool away;	  /* emit answers HST_RETRY */
	bool lost;	  /* it does, and has kept everything all the same */
	const char *refused; /* emit answers HST_INVALID where a value of an event is this text; NULL: nothing is */
	size_t calls;	  /* of emit, kept or not */
	size_t n;	  /* events kept */
	size_t again;	  /* events that came with a key that is known */
	const char *keys[EMITTED_MAX]; /* "" for one without a key */
	const hst_value *values[EMITTED_MAX];
	hst_overlap overlap; /* as the last ones came */
	size_t passed; /* occasions that made no event */
	char *log;	  /* the last line of the trigger's log; NULL: none */
};

/* Gives the staged plugin's host these services, before it is opened. What was kept before stays. */
void emitted_serve(struct emitted *emitted, struct staged *staged);
void emitted_clear(struct emitted *emitted);

/*
 * As the worker does: `ready` and then `watch`, for as long as that wants to be woken now or earlier, or `ready` fails,
 * whose code is returned.
 */
int emitted_wake(struct emitted *emitted, hst_error *err);
int emitted_ready(struct emitted *emitted, hst_error *err); /* once, whatever `watch` wanted */

#endif
