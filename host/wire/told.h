/*
 * A child's end of fd 3 (os/inherited.h) once it works: lines of the supervisor come in, words go out.
 *
 * The supervisor says "load" (read the configuration again and check it, change nothing), then "take" (what was loaded
 * is in force from now on) or "drop" (forget it). The child answers "load" with any number of "note TEXT" (what has
 * changed) and "wrong TEXT", then "loaded" or "refused"; and "take" with "taken". Before "take" the engine is told "peer
 * NAME PUBLIC -" of workers that are new, and "retire NAME" of those that get no more work. A worker is told "drain": it
 * finishes what it is at, and ends. A worker that was started beside the engine is told "engine" when that is ready.
 *
 * Before the programs are replaced the engine is told "rest": it begins no call and takes no press, and says "rested" once
 * nothing is with a worker. "wake" takes that back.
 *
 * Engine and gateway say "roster" when they were told a newer one and have left it for the supervisor: admitted/roster, gateway/roster.
 *
 * By itself the child says "alive" every five seconds, or "busy MS" while something is known to take so long.
 */
#ifndef HOST_WIRE_TOLD_H
#define HOST_WIRE_TOLD_H

#include "loop/loop.h"

enum { TOLD_LINE_MAX = 256 };

struct told {
	struct loop *loop;
	void (*word)(void *arg, const char *word);
	void *arg;
	char line[TOLD_LINE_MAX];
	size_t length;
	struct loop_timer *beat;
	int64_t busy_until_us, covered_until_us; /* steady; what is under way, and how long nothing is expected of us */
};

/* Listens, where the supervisor listens too: a program that was started with a plain pipe is told nothing. */
void told_open(struct told *told, struct loop *loop, void (*word)(void *arg, const char *word), void *arg);
void told_close(struct told *told);

/* Around what keeps the loop from turning, or may: it is over in `ms` at the latest. Fine when nobody listens. */
void told_busy(struct told *told, int64_t ms);
void told_idle(struct told *told);

/* The same where there is no loop yet. */
void told_beginning(int64_t ms);

#endif
