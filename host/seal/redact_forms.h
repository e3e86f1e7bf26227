/*
 * In which forms a text may be printed: as it is; in JSON, with and without \u and \/; in base64 of both alphabets, wherever
 * in a longer text it begins; in hexadecimal; percent-encoded, by the rules of several who do that; as UTF-16LE, and that in base64.
 */
#ifndef HOST_SEAL_REDACT_FORMS_H
#define HOST_SEAL_REDACT_FORMS_H

#include <hostler/error.h>

#include <stddef.h>

enum { REDACT_FORMS_MAX = 1024 }; /* bytes of the text */

/* Calls `add` with each, some of them alike, from locked memory. Stops at the first that is not HST_OK, and returns it. */
int redact_forms(const char *bytes, size_t n, int (*add)(void *arg, const char *bytes, size_t n, hst_error *err), void *arg, hst_error *err);

#endif
