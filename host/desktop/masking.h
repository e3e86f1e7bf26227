/*
 * What this process prints, and what its plugin says in errors, without the secrets it knows. From the first secret on, stdout and
 * stderr lead into a pipe of the process's own, and what comes out of that is searched (seal/redact.h) and goes on to where they led
 * before. One per process, as those are. A plugin that crashes leaves unsaid what it printed in that call: nobody could search it.
 */
#ifndef HOST_DESKTOP_MASKING_H
#define HOST_DESKTOP_MASKING_H

#include "seal/secret.h"

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>

struct loop;

/* Bytes printed in one call that are not lost; a plugin that prints more never waits for anybody to read it. */
enum { MASKING_PIPE = 1 << 20 };

/* Looked for from now on: a lasting one for good, others until masking_call_over; the secret stays as long. What could not be kept free
 * of it is not shown at all. HST_DENIED, SecretUnusable: what is printed cannot be searched here, so it must not be used. */
int masking_know(const hst_secret *secret, bool lasting, hst_error *err);

/* What is printed while the loop turns, by what the plugin has started, goes on, too. NULL: no more. */
void masking_listen(struct loop *loop);

void masking_pass(void);      /* on with what was printed so far */
void masking_call_over(void); /* and with the rest of it; the secrets of the call are forgotten */
void masking_end(void);       /* as it was before */

/* A text of the plugin's, which has so many bytes of room and may have been cut to fit it. */
void masking_text(char *text, size_t size);

#endif
