/*
 * Following live what happens: of one run a line for each thing until it has ended, or of all runs. A host that goes away
 * is waited for and asked again, since one that was started again knows nothing of who follows.
 */
#ifndef HOST_CLI_FOLLOW_H
#define HOST_CLI_FOLLOW_H

#include "cli/connect.h"

/* `quiet`: prints nothing but, on stderr, that it is lost. CLI_DONE: it has ended, however. */
int follow_run(struct connect *connect, int64_t run, bool quiet);

/* Asks to be told what happens in this run, 0: in all, from now on. Answers come to connect->heard. */
int follow_ask(struct connect *connect, int64_t run);

/* Turns until *ended, or until the host has welcomed anew since `ups`. A host that stays away is said, with `more` behind it. */
int follow_turn(struct connect *connect, const bool *ended, uint64_t ups, const char *more);

#endif
