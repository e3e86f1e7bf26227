/*
 * A child's end of fd 3 (os/inherited.h) once it works: lines of the supervisor come in, words go out.
 *
 * The supervisor says "load" (read the configuration again and check it, change nothing), then "take" (what was loaded
 * is in force from now on) or "drop" (forget it). The child answers "load" with any number of "note TEXT" (what has
 * changed) and "wrong TEXT", then "loaded" or "refused"; and "take" with "taken". Before "take" the engine is told "peer
 * NAME PUBLIC -" of workers that are new, and "retire NAME" of those that get no more work. A worker is told "drain": it
 * finishes what it is at, and ends.
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
};

/* Listens, where the supervisor listens too: a program that was started with a plain pipe is told nothing. */
void told_open(struct told *told, struct loop *loop, void (*word)(void *arg, const char *word), void *arg);
void told_close(struct told *told);

#endif
