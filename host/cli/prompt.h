/*
 * What a person types and nobody sees: from the terminal, without echo; where standard input is no terminal, from there.
 * Never from an argument or the environment, which others on the machine can read.
 */
#ifndef HOST_CLI_PROMPT_H
#define HOST_CLI_PROMPT_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>

enum { PROMPT_BYTES_MAX = 64 << 10 };

/*
 * On a terminal one line, asked for as "QUESTION: " and, with `twice`, a second time until both are the same (three
 * attempts). From elsewhere everything up to its end, without one newline at the end; so one command asks for one secret that
 * way. HST_INVALID: nothing, too much, or NUL within; HST_CANCELLED: Ctrl-C. prompt_forget frees.
 */
int prompt_secret(const char *question, bool twice, char **ret, size_t *ret_length, hst_error *err);
void prompt_forget(char *secret); /* wipes; NULL is fine */

/* True: standard input is no terminal, so that only one secret can come from there. */
bool prompt_is_piped(void);

#endif
