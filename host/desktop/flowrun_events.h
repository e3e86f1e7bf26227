/*
 * The lines a flow writes into its FIFO, made into events. A line is one JSON object of at most 4 KiB with
 *exactly the members of its event:
 *
 *	{"event":"progress","subflow":TEXT,"action":TEXT}    subflow may be left out
 *	{"event":"output","name":TEXT,"value":ANY}           or "file":PATH, a file with the value as JSON,
 *under $HOSTLER_WORK
 *	{"event":"error","message":TEXT}
 *	{"event":"checkpoint"}
 *
 * A line that is none of these is a fault: the first is kept in words, all are counted, the flow goes on. Of
 *progress only the first 10,000 are passed on; the rest is counted and is no fault.
 */
#ifndef HOST_DESKTOP_FLOWRUN_EVENTS_H
#define HOST_DESKTOP_FLOWRUN_EVENTS_H

#include <hostler/error.h>
#include <hostler/value.h>

#include <stdbool.h>
#include <stddef.h>

enum { FLOW_LINE_MAX = 4096, FLOW_PROGRESS_MAX = 10000, FLOW_PROGRESS_TEXT = 200 };

struct flow_events_role {
	void (*progress)(void *arg, const char *subflow,
			 const char *action); /* as the flow wrote them: who cuts them searches them for secrets first */
	void (*output)(void *arg, const char *name, const hst_value *value,
		       const char *file); /* one of the two; gone after the call */
	void (*error)(void *arg, const char *message);
	void (*checkpoint)(void *arg);
	void (*fault)(void *arg, const char *text); /* each time */
	void *arg;
};

struct flow_events {
	int fd; /* not owned; non-blocking */
	bool unshown; /* no fault quotes its line, which may be half a secret, or one that nobody knows yet */
	struct flow_events_role role;
	hst_arena *arena; /* of one line */
	char *line; /* FLOW_LINE_MAX; not owned */
	size_t length;
	bool skipping;	 /* the rest of a line that was too long */
	size_t progress; /* how many were written */
	size_t faults;
	char first_fault[HST_TEXT_MAX];
};

/* Both the arena, which it takes, and the line, which it wipes at the end, are of memory that may have secrets. */
void flow_events_init(struct flow_events *events, int fd, const struct flow_events_role *role, hst_arena *arena_take, char *line);
void flow_events_clear(struct flow_events *events);

/* Reads what is there, at most as much as the FIFO holds. False: there is nothing more now. */
bool flow_events_read(struct flow_events *events);

#endif
