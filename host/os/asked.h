/*
 * A program that is asked one line at a time and answers each with a line, until it is not wanted any more. Blocks;
 * only for programs without a loop, or before it runs.
 */
#ifndef HOST_OS_ASKED_H
#define HOST_OS_ASKED_H

#include "os/spawn.h"

struct asked;

/* Starts it, which does not wait for anything. Its stdin and stdout lead here; it leads a process group of its own. */
int asked_start(const struct spawn *spawn, struct asked **ret, hst_error *err);

/* Kills what is left of its group. NULL is fine. */
void asked_free(struct asked *asked);

/* Lets it go on alone, with nobody to hear what it says, and frees the rest. Its end is the caller's to wait for. */
pid_t asked_release(struct asked *asked);

/* After HST_BROKEN: its end, as from waitpid. */
int asked_status(const struct asked *asked);

/*
 * Says a line (without its end; "" says nothing and waits for what comes by itself) and waits for the next one: at most
 * `max` bytes, NUL-terminated without its end, caller frees. HST_BROKEN: it ended, or its line is longer; HST_TIMEOUT:
 * the deadline came first. The error says what it did, without a subject: "ended with exit status 1". After a failure it
 * can only be freed.
 */
int asked_line(struct asked *asked, const char *line, size_t max, int64_t timeout_ms, char **ret_line, hst_error *err);

#endif
