/*
 * The floor: a bare program that does what a durable run cannot do without, and nothing else. Every figure of
 * `make bench` is a ratio to it, so it stays as it is once it is written.
 *
 *	client --press--> host --start--> gateway (nothing, or a process) --ended--> host --done--> client
 *
 * Three processes, ZeroMQ over ipc without CURVE, one message of 200 bytes per arrow. floor_host.c keeps the
 * runs, floor_gateway.c carries them out, floor_client.c presses and measures.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SLOTS_MAX = 1024 };

enum word { READY, PRESS, START, ENDED, DONE };

/* What every arrow carries: 200 bytes, as a small control message has. */
struct note {
	int64_t word, number; /* READY: number is the count of slots */
	int64_t pressed_us, started_us;
	char body[168];
};

struct settings {
	double seconds, warm; /* what is counted, and what goes before it */
	int64_t in_flight;    /* the client presses again whenever a run is done */
	int64_t rate;	      /* or, if not 0, so often a second, whatever happens */
	int64_t slots;	      /* runs that the gateway takes at once */
	char *program;	      /* what a run starts; NULL: nothing */
};

/* Each is a process of its own. The first two end only by a signal; the client returns the exit status. */
void be_host(const struct settings *settings);
void be_gateway(const struct settings *settings);
int be_client(const struct settings *settings, pid_t host);

/* Prints and ends the process: there is no figure then. */
void fail(const char *what, const char *why) __attribute__((noreturn));

/* The host's end, when `name` is NULL, or the one of the peer of that name. */
void *floor_socket(int type, const char *name);

/* Takes one note without waiting. False: nothing is there. */
bool floor_take(void *socket, struct note *ret);

#endif
