/* Words that steer the house, as commands say them. */
#ifndef HOST_CLI_STEER_H
#define HOST_CLI_STEER_H

#include "cli/cli.h"

/*
 * Sends one word of wire `steer` and takes the answer, in the arena of the command; where JSON is wanted it is printed
 * as it is. Returns the exit status, having said what was wrong.
 */
int steer_say(struct cli *cli, const char *word, const hst_value *what, const hst_value **ret);

#endif
