/*
 * One supervised child as a table state × event: when it is started, what its death means, when to give up. No process,
 * clock or timer is touched here; whoever owns the child does that through `struct child_role`.
 *
 * A death is followed by a pause of 1 s that doubles to 60 s, with jitter; one that was ready for a minute starts at 1 s
 * again. Five deaths within ten minutes, or the word "bad", degrade the child: it is left alone until it is started anew.
 */
#ifndef HOST_SUPERVISE_CHILD_H
#define HOST_SUPERVISE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum child_state {
	CHILD_STOPPED,
	CHILD_STARTING,
	CHILD_READY,
	CHILD_BACKOFF,
	CHILD_DRAINING, /* told to end once what it is at is done */
	CHILD_STOPPING,
	CHILD_DEGRADED,
	CHILD_STATES
};

enum child_event {
	CHILD_START, /* it is wanted */
	CHILD_SAID_READY,
	CHILD_SAID_BAD, /* its configuration is wrong: trying again would change nothing */
	CHILD_EXIT,  /* its process has ended */
	CHILD_TIMER, /* the timer asked for has run out */
	CHILD_DRAIN, /* it is not wanted any more, and may finish what it is at */
	CHILD_STOP,  /* it is not wanted any more */
	CHILD_EVENTS
};

enum { CHILD_DEATHS_MAX = 5, CHILD_DEATHS_WITHIN_MS = 600000, CHILD_PAUSE_FIRST_MS = 1000, CHILD_PAUSE_MAX_MS = 60000,
       CHILD_SETTLED_MS = 60000 };

struct child;

struct child_role {
	bool (*launch)(struct child *child);                /* false: it could not even be started, which counts as a death */
	void (*signal)(struct child *child, int signal);    /* to its process */
	void (*drain)(struct child *child);                 /* tells its process to end when it is done */
	void (*timer)(struct child *child, int64_t ms);     /* its only timer; 0: none */
	void (*changed)(struct child *child, enum child_state before);
};

struct child {
	const char *name;
	const struct child_role *role;
	int64_t stop_ms; /* between SIGTERM and SIGKILL */
	uint64_t draw;   /* of the jitter; changed with every use, never 0 */

	enum child_state state;
	bool alive;          /* it has a process */
	int64_t now_us;      /* steady; of the event that is handled */
	int64_t ready_us;    /* since when it is ready */
	unsigned failures;   /* deaths in a row */
	int64_t deaths_us[CHILD_DEATHS_MAX]; /* the last ones, as a ring */
	uint64_t death_count;
	uint64_t launches;
};

void child_init(struct child *child, const char *name, const struct child_role *role, int64_t stop_ms, uint64_t draw);
void child_event(struct child *child, enum child_event event, int64_t now_us);
const char *child_state_name(enum child_state state);

#endif
