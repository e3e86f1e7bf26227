/* A run as people read it, also as the end of `press --wait`. */
#ifndef HOST_CLI_SHOW_H
#define HOST_CLI_SHOW_H

#include "cli/connect.h"

/* The run object of the host, by whatever people say for a run. `step` NULL: all steps. */
int show_ask(struct connect *connect, const char *run, const char *step, const hst_value **ret);

/*
 * The end of a run that was waited for: outcome, outputs of every step that has some, why and where it
 * failed, pictures. With --json the run object. Returns CLI_DONE when it succeeded, else CLI_FAILED.
 */
int show_outcome(struct connect *connect, int64_t number);

#endif
