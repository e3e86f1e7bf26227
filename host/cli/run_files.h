/* Files of runs, fetched in parts. */
#ifndef HOST_CLI_RUN_FILES_H
#define HOST_CLI_RUN_FILES_H

#include "cli/connect.h"

/* "RUN/STEP" taken apart, in the arena; *ret_step is NULL where there is none. */
void run_said(hst_arena *arena, const char *said, const char **ret_run, const char **ret_step);

/*
 * Reads a file from `offset` to its end. `accept` gets it part by part and returns an exit status. Returns
 * one too.
 */
int run_file_read(struct connect *connect, int64_t run, const char *step, const char *name, int64_t offset,
		  int (*accept)(void *arg, const char *bytes, size_t length), void *arg);

/* The last lines of the step's log, cleaned, in the arena: at most `lines`. "" where there is no log. */
int run_log_tail(struct connect *connect, int64_t run, const hst_value *step, size_t lines, const char **ret);

/* The start of the last `lines` lines of a text. */
const char *last_lines(const char *text, size_t length, size_t lines);

#endif
