/*
 * A secret as it is given to a command: typed on the terminal, where nobody sees it, or piped in where standard input is no
 * terminal. Never from an argument or the environment, which others on the machine can read.
 */
#ifndef HOST_CLI_PROMPT_H
#define HOST_CLI_PROMPT_H

#include "cli/cli.h"

#include <stdbool.h>
#include <stddef.h>

enum { PROMPT_BYTES_MAX = 64 << 10 };

/*
 * On a terminal one line of at most 4 KiB, asked for as "QUESTION: " and, with `twice`, once more until both are the same. From
 * elsewhere everything up to its end, without one newline at the end; so one command asks for one secret that way. An exit
 * status, with everything said. prompt_forget frees.
 */
int prompt_secret(const struct cli *cli, const char *question, bool twice, char **ret, size_t *ret_length);

/* The same once, for commands that ask for several: what is piped in has each on a line of its own. */
int prompt_line(const struct cli *cli, const char *question, char **ret, size_t *ret_length);

void prompt_forget(char *secret); /* wipes; NULL is fine */

/* True: standard input is no terminal, so that only one secret can come from there. */
bool prompt_is_piped(void);

#endif
