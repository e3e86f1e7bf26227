/*
 * The log of a run: its first 256 KiB and its last 768 KiB. The first go to the file at once, so that they
 * survive this process; the last are kept in memory and written at the end. What comes in was filtered before; where secrets
 * become known while the flow runs, nothing is written before the end, when all of it is filtered once more.
 */
#ifndef HOST_DESKTOP_FLOWRUN_LOG_H
#define HOST_DESKTOP_FLOWRUN_LOG_H

#include "seal/redact.h"

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOW_LOG_FIRST = 256 << 10, FLOW_LOG_LAST = 768 << 10, FLOW_LOG_LINE = 200 };

/* One that fills its room may go on. */
struct flow_log_line {
	char bytes[FLOW_LOG_LINE];
	size_t length;
};

struct flow_log {
	char *path;
	int fd; /* -1: nothing was said yet */
	int64_t total;	/* bytes that came in */
	size_t written; /* of the first part; a line of ours may end a little beyond */
	char *last;	/* a ring; NULL until it is needed */
	size_t last_at, last_length;
	struct flow_log_line line, line_before; /* being written, and the last that was not blank */
	bool held;	 /* the file is one without a name so far, in memory */
	bool broken; /* the disk is full or gone: the run goes on without its log */
};

/* `directory`/log, which must not exist yet. Most flows say nothing: the file is made by the first that is written. */
void flow_log_open(struct flow_log *log, const char *directory);
void flow_log_hold(struct flow_log *log); /* before anything was written: until it is closed */
void flow_log_add(struct flow_log *log, const char *bytes, size_t n);

/* A line of ours between the flow's: "hostler: TEXT". */
__attribute__((format(printf, 2, 3))) void flow_log_note(struct flow_log *log, const char *format, ...);

/* The last line with something in it, as it was printed; an empty one when there is none. */
const struct flow_log_line *flow_log_last_line(const struct flow_log *log);

/* Writes what is kept, with a line that says how much is left out, and closes. Done twice it does nothing. One that was held is
 * filtered first; with NULL it is not kept. */
void flow_log_close(struct flow_log *log, struct redact *redact);

#endif
